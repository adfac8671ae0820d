package template

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// mostFields is how many fields a plan shows.
const mostFields = 24

// Sections draw the plan by itself, before it is asked for.
func (p Plan) Sections() []card.Section {
	sections := []card.Section{{Facts: p.facts()}}
	if len(p.Changes) > 0 {
		sections = append(sections, card.Para(card.Text{{Bold: p.heading()}}), Differences(p.Changes[:min(mostFields, len(p.Changes))]))
		if more := len(p.Changes) - mostFields; more > 0 {
			sections = append(sections, card.Para(card.T("… and %s more.", say.Plural(more, "field"))))
		}
	}
	if p.Text != "" {
		sections = append(sections, Page("User data", p.Text, 1)...)
	}
	if len(p.Left) > 0 {
		sections = append(sections, card.Para(card.T("Left out: %s.", strings.Join(p.Left, ", "))))
	}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

// heading stands above the fields.
func (p Plan) heading() string {
	switch p.Want.Action {
	case Update:
		return fmt.Sprintf("Changes from version %d", p.Want.Source)
	case Default:
		return fmt.Sprintf("Version %d → version %d", p.Former, p.Want.Version)
	case Adopt:
		return "What will be in it"
	}
	return "Fields"
}

// facts are the plan in short.
func (p Plan) facts() []card.Fact {
	facts := []card.Fact{{Label: "Template", Value: card.T("%s in %s", p.Want.Name, p.Environment)}}
	add := func(label, format string, args ...any) {
		facts = append(facts, card.Fact{Label: label, Value: card.T(format, args...)})
	}
	switch w := p.Want; w.Action {
	case Update:
		add("Made from", "version %d", w.Source)
		add("Default", "%s", p.after())
	case Default:
		add("Default", "%s", p.after())
		if w.Back != "" {
			add("Why this one", "%s", w.Back)
		}
	case Adopt:
		add("Made from", "%s", w.From)
	case Clean:
		add("Deletes", "%s", versions(p.Deletes))
		add("Keeps", "%s", kept(w.Keep, p.Kept))
	}
	if len(p.Users) > 0 {
		add("Used by", "%s", say.Some(p.Users, 6))
	}
	return facts
}

// after is the default before and after.
func (p Plan) after() string {
	switch {
	case p.Want.Action == Default:
		return fmt.Sprintf("version %d → version %d", p.Former, p.Want.Version)
	case p.Want.SetDefault:
		return fmt.Sprintf("version %d → the new one", p.Former)
	}
	return fmt.Sprintf("stays version %d", p.Former)
}

// versions lists numbers, runs of them in short: "1–9, 12".
func versions(all []int64) string {
	var words []string
	for i := len(all) - 1; i >= 0; {
		j := i
		for j > 0 && all[j-1] == all[j]+1 {
			j--
		}
		word := fmt.Sprint(all[i])
		if j < i {
			word = fmt.Sprintf("%d–%d", all[i], all[j])
		}
		words = append(words, word)
		i = j - 1
	}
	return say.Some(words, 12)
}

func kept(n int, also []Kept) string {
	words := fmt.Sprintf("the newest %d", n)
	if n == 1 {
		words = "the newest"
	}
	for i, k := range also {
		if i == 5 {
			return words + fmt.Sprintf("; and %d more in use", len(also)-i)
		}
		words += fmt.Sprintf("; version %d: %s", k.Version, k.Why)
	}
	return words
}

// Differences is a table of fields that differ; of those that are only set, without what was there before.
func Differences(all []fleet.Difference) card.Section {
	t := card.Table{Columns: []card.Column{{Label: "Field"}, {Label: "Value"}}}
	for _, d := range all {
		t.Rows = append(t.Rows, []card.Text{card.T("%s", label(d.Field)), change(d)})
	}
	return card.Section{Table: &t}
}

// label is a field as people call it, and as the flags do; what has no name of its own keeps AWS's.
func label(field string) string {
	for prefix, words := range map[string]string{"SecurityGroupIds.": "Security group", "SecurityGroups.": "Security group"} {
		if strings.HasPrefix(field, prefix) {
			return words
		}
	}
	switch field {
	case "ImageId":
		return "Image"
	case "InstanceType":
		return "Type"
	case "KeyName":
		return "Key"
	case "IamInstanceProfile.Name", "IamInstanceProfile.Arn":
		return "Role"
	case userDataField:
		return "User data"
	case "MetadataOptions.HttpTokens":
		return "Metadata tokens"
	}
	return field
}

func change(d fleet.Difference) card.Text {
	from, to := narrow(d.From), narrow(d.To)
	switch {
	case d.From == "":
		return card.T("%s", to)
	case d.To == "":
		return card.T("%s → (not set)", from)
	}
	return card.T("%s → %s", from, to)
}

// Page shows one page of a text, and tells how many there are. It is never longer than a card can show.
func Page(label, text string, page int) []card.Section {
	pages := Shown(text)
	page = min(max(page, 1), len(pages))
	title := label
	if len(pages) > 1 {
		title = fmt.Sprintf("%s, part %d of %d", label, page, len(pages))
	}
	return []card.Section{card.Para(card.Text{{Bold: title}}), {Code: strings.TrimRight(pages[page-1], "\n")}}
}
