package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/template"
)

// sight is a version with what a card of it needs.
type sight struct {
	of    fleet.Template
	at    fleet.TemplateVersion
	text  string // user data
	users []template.Use
	image fleet.Image // zero: it does not exist, or none is named
}

// show shows a version in full.
func (t *Templates) show(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	s, err := t.look(ctx, f, env, c.Words.Arg("name"), c.Words.Arg("version"))
	if err != nil {
		return Result{}, err
	}
	m := template.NewMasker()
	k := card.Card{Title: fmt.Sprintf("%s v%d", s.of.Name, s.at.Number), Summary: fmt.Sprintf("Version %d of launch template %s in %s.", s.at.Number, s.of.Name, env.Name)}
	k.Sections = append(k.Sections, card.Section{Facts: s.facts(env)}, fieldTable(m, s.at.Fields))
	if s.text != "" {
		page := 1
		if n := c.Words.Int(pageFlag); n != nil {
			page = *n
		}
		k.Sections = append(k.Sections, textPage(c, "User data", m.Readable(s.text), page)...)
	}
	if found := s.warnings(); len(found) > 0 {
		k.Sections = append(k.Sections, card.Section{Findings: found})
	}
	k.Buttons = s.buttons(env)
	k.Foot = []card.Text{card.T("%s · %s · %s", s.of.ID, env.Name, env.Region)}
	return reply(k), nil
}

// look reads a version and what there is to say about it, in five calls.
func (t *Templates) look(ctx context.Context, f Fleet, env Environment, name, version string) (s sight, err error) {
	if s.of, err = t.templateNamed(ctx, f, env, name); err != nil {
		return s, err
	}
	if s.at, err = t.version(ctx, f, s.of, version); err != nil {
		return s, err
	}
	if s.text, err = userData(ctx, f, s.at); err != nil {
		return s, err
	}
	if s.users, err = usersOf(ctx, f, s.of); err != nil {
		return s, err
	}
	if s.at.Image == "" || s.at.Image.IsParameter() {
		return s, nil
	}
	found, err := f.Images(ctx, s.at.Image)
	if err != nil {
		return s, fmt.Errorf("read image %s: %w", s.at.Image, err)
	}
	if len(found) > 0 {
		s.image = found[0]
	}
	return s, nil
}

func (s sight) facts(env Environment) []card.Fact {
	facts := []card.Fact{
		{Label: "Environment", Value: card.T("%s (%s)", env.Name, env.Region)},
		{Label: "Version", Value: card.T("%s", versionMark(s.at.Number, s.of))},
		{Label: "Image", Value: imageCell(s.at.Image, map[fleet.ImageID]string{s.image.ID: s.image.Name})},
		{Label: "Created", Value: card.When(s.at.Created)},
		{Label: "Used by", Value: card.T("%s", versionUsers(s.at.Number, s.of, s.users))},
	}
	if s.at.Description != "" {
		facts = append(facts, card.Fact{Label: "Description", Value: card.T("%s", s.at.Description)})
	}
	if s.at.Number != s.of.Default || s.at.Number != s.of.Latest {
		facts = append(facts, card.Fact{Label: "Others", Value: card.T("the default is v%d, the latest v%d", s.of.Default, s.of.Latest)})
	}
	if len(s.of.Tags) > 0 {
		facts = append(facts, card.Fact{Label: "Tags", Value: card.T("%s", tagWords(s.of.Tags))})
	}
	return facts
}

// tagWords are tags in one line; what looks like a secret is hidden.
func tagWords(tags map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		words = append(words, key+"="+tags[key])
	}
	return short(template.NewMasker().Readable(strings.Join(words, ", ")), 300)
}

// fieldTable lists the fields of a version in the order in which people look for them. User data is sight by itself.
func fieldTable(m *template.Masker, fields map[string]string) card.Section {
	rest := maps.Clone(fields)
	delete(rest, "UserData")
	return template.Differences(template.Compare(m, nil, rest))
}

// textPage shows one part of a text, and leads to the parts beside.
func textPage(c *Call, label, text string, page int) []card.Section {
	last := len(template.Shown(text))
	page = min(max(page, 1), last)
	sections := template.Page(label, text, page)
	if last > 1 {
		sections = append(sections, card.Section{Buttons: c.pages(page, last)})
	}
	return sections
}

// warnings are what is doubtful about the version as it stands.
func (s sight) warnings() []card.Finding {
	var found []card.Finding
	warn := func(hint, format string, args ...any) {
		found = append(found, card.Finding{Text: fmt.Sprintf(format, args...), Hint: hint})
	}
	if f, ok := template.ImageFinding(s.at.Image, s.image, time.Now()); ok {
		f.Stop = false
		found = append(found, f)
	}
	switch {
	case s.at.Image.IsParameter():
		warn("A version that names the image itself can be checked and rolled back.", "The image is looked up at each launch, in %s.", s.at.Image)
	case s.at.Image == "":
		warn("", "It names no image, so nothing can be launched from it alone.")
	}
	if tokens := s.at.Fields["MetadataOptions.HttpTokens"]; tokens != "required" {
		warn("`MetadataOptions.HttpTokens` = required allows version 2 alone.", "It allows version 1 of the instance metadata service, which leaks credentials to whoever makes the machine fetch a URL.")
	}
	return append(found, template.CheckUserData(s.text)...)
}

func (s sight) buttons(env Environment) []card.Button {
	buttons := []card.Button{card.Run("Versions", runIn(env, "/template versions %s", s.of.Name))}
	if s.at.Number != s.of.Default {
		buttons = append(buttons,
			card.Run("Diff with the default", runIn(env, "/template diff %s %d %d", s.of.Name, s.of.Default, s.at.Number)),
			card.Run("Make it the default", runIn(env, "/template default %s %d", s.of.Name, s.at.Number)))
	} else if s.of.Latest != s.of.Default {
		buttons = append(buttons, card.Run("Diff with the latest", runIn(env, "/template diff %s %d %d", s.of.Name, s.at.Number, s.of.Latest)))
	}
	return buttons
}

// diff shows in what two versions differ.
func (t *Templates) diff(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	of, err := t.templateNamed(ctx, f, env, c.Words.Arg("name"))
	if err != nil {
		return Result{}, err
	}
	var sides [2]fleet.TemplateVersion
	var texts [2]string
	for i, side := range []string{"a", "b"} {
		if sides[i], err = t.version(ctx, f, of, c.Words.Arg(side)); err != nil {
			return Result{}, err
		}
	}
	if sides[0].Fields["UserData"] != sides[1].Fields["UserData"] {
		for i := range sides {
			if texts[i], err = userData(ctx, f, sides[i]); err != nil {
				return Result{}, err
			}
		}
	}
	return reply(diffCard(c, env, of, sides, texts)), nil
}

// diffCard draws the differences: fields first, user data line by line. Secrets are hidden in both by one masker, so
// that two that differ are seen to.
func diffCard(c *Call, env Environment, of fleet.Template, sides [2]fleet.TemplateVersion, texts [2]string) card.Card {
	a, b := sides[0], sides[1]
	k := card.Card{Title: fmt.Sprintf("%s: v%d → v%d", of.Name, a.Number, b.Number)}
	m := template.NewMasker()
	changes := template.Compare(m, a.Fields, b.Fields)
	k.Summary = fmt.Sprintf("Versions %d and %d of %s differ in %s.", a.Number, b.Number, of.Name, count(len(changes), "field"))
	if len(changes) == 0 {
		k.Summary = fmt.Sprintf("Versions %d and %d of %s are the same in every field.", a.Number, b.Number, of.Name)
		k.Sections = []card.Section{card.Para(card.T("%s", k.Summary))}
	} else {
		k.Sections = []card.Section{template.Differences(changes)}
	}
	if text := template.TextDiff(m, texts[0], texts[1]); text != "" {
		page := 1
		if n := c.Words.Int(pageFlag); n != nil {
			page = *n
		}
		k.Sections = append(k.Sections, textPage(c, "User data", text, page)...)
	}
	k.Buttons = []card.Button{card.Run(fmt.Sprintf("Show v%d", b.Number), runIn(env, "/template show %s %d", of.Name, b.Number))}
	if b.Number != of.Default {
		k.Buttons = append(k.Buttons, card.Run(fmt.Sprintf("Make v%d the default", b.Number), runIn(env, "/template default %s %d", of.Name, b.Number)))
	}
	k.Foot = []card.Text{card.T("%s · %s", env.Name, env.Region)}
	return k
}
