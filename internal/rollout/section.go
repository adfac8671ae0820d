package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Sections is the whole plan: what is, what will be, what it takes, and the way back.
func (p Plan) Sections() []card.Section { return p.under(p.facts()) }

// brief is as much of the plan as somebody needs who decides on it; the impact stands beside it already, and the
// rest is in the details.
func (p Plan) brief() []card.Section {
	return p.under(slices.Concat(p.sides(), []card.Fact{p.waves()}, p.promises()))
}

// sides are what is and what will be.
func (p Plan) sides() []card.Fact {
	return []card.Fact{{Label: "Now", Value: p.From.text()}, {Label: "Then", Value: p.then()}}
}

// under puts facts above what stands out in the plan.
func (p Plan) under(facts []card.Fact) []card.Section {
	sections := []card.Section{{Facts: facts}}
	if diff := p.otherDifferences(); diff != "" {
		sections = append(sections, card.Para(card.T("The two versions differ in more than the image:")), card.Section{Code: diff})
	}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

func (p Plan) facts() []card.Fact {
	facts := []card.Fact{{Label: "Group", Value: card.Join(card.Code(string(p.Group)), card.T(" in %s, %s (%s)", p.Environment, p.Region, p.Account))}}
	facts = append(facts, p.sides()...)
	facts = append(facts, card.Fact{Label: "Instances", Value: card.T("%s", p.instances())}, p.waves(),
		card.Fact{Label: "In service", Value: card.T("%s", p.inService())})
	if len(p.Order.Checkpoints) > 1 {
		facts = append(facts, card.Fact{Label: "Checkpoints", Value: card.T("%s, %s at each", percents(p.Order.Checkpoints[:len(p.Order.Checkpoints)-1]), card.Span(p.Order.CheckpointDelay))})
	}
	if p.Order.Bake > 0 {
		facts = append(facts, card.Fact{Label: "Bake", Value: card.T("%s under watch at the end", card.Span(p.Order.Bake))})
	}
	return append(facts, p.promises()...)
}

func (p Plan) waves() card.Fact {
	return card.Fact{Label: "Waves", Value: card.T("%s", p.Pace.inWaves())}
}

// promises are what people agree to beside the change itself: who is asked again, what stops it, what it leaves
// changed, and the way back.
func (p Plan) promises() []card.Fact {
	var facts []card.Fact
	if p.inPlace() {
		facts = append(facts, card.Fact{Label: "In place", Value: card.T("%s", kept)})
	}
	if p.Want.Canary > 0 {
		facts = append(facts, card.Fact{Label: "Canary", Value: card.T("%s first; then somebody decides within %s, otherwise it is rolled back",
			say.Plural(p.canaries(), "instance"), card.Span(p.Want.CanaryWait))})
	}
	if len(p.Order.Alarms) > 0 {
		facts = append(facts, card.Fact{Label: "Alarms", Value: card.T("%s", p.alarmWords())})
	}
	if p.Want.SetDefault {
		facts = append(facts, card.Fact{Label: "Default", Value: card.T("becomes the template's default version (now %d) at the end", p.Default)})
	}
	return append(facts, card.Fact{Label: "Way back", Value: card.T("%s", p.undo())})
}

// text is a side with what people know it by.
func (s Side) text() card.Text {
	if s.image() == "" && s.Version == 0 {
		return card.T("unknown")
	}
	text := card.Code(s.image())
	if s.ImageName != "" && s.Image != "" {
		text = card.Join(text, card.T(" %s", s.ImageName))
	}
	if s.Version > 0 {
		text = card.Join(text, card.T(", version %d of %s", s.Version, s.Name))
	}
	return text
}

func (p Plan) then() card.Text {
	to := p.To.text()
	if p.Want.Family != "" {
		to = card.Join(to, card.T(", the golden image of %s", p.Want.Family))
	}
	if p.Makes() {
		return card.Join(to, card.T(", a new version of %s made from %d", p.From.Name, p.From.Version))
	}
	return to
}

func (p Plan) instances() string {
	words := fmt.Sprintf("%d of %d replaced", p.Pace.Replaced, p.Pace.Replaced+p.Matching+len(p.Left))
	if p.Matching > 0 {
		words += fmt.Sprintf(", %d match already", p.Matching)
	}
	if len(p.Left) > 0 {
		words += fmt.Sprintf(", %d left alone", len(p.Left))
	}
	return words
}

func (p Plan) inService() string {
	words := fmt.Sprintf("never below %d of %d, up to %d meanwhile (%d %% to %d %%)",
		p.Pace.Floor, p.Pace.Desired, p.Pace.Ceiling, p.Order.MinHealthy, p.Order.MaxHealthy)
	if p.Pace.Why != "" {
		words += "; " + p.Pace.Why
	}
	return words
}

func (p Plan) alarmWords() string {
	words := strings.Join(p.Order.Alarms, ", ")
	if p.Order.AutoRollback {
		return words + ": an alarm rolls it back"
	}
	return words + ": an alarm fails it"
}

// undo says how the change is taken back, while it runs and afterwards.
func (p Plan) undo() string {
	after := fmt.Sprintf("afterwards, `/asg rollback %s` rolls to version %d again", p.typed(), p.From.Version)
	switch {
	case p.From.Version == p.To.Version:
		after = "afterwards, another roll"
	case p.NoReturn != "":
		after = "afterwards, there is no way back: " + p.NoReturn
	case !p.From.Image.IsParameter() && p.From.Image != "":
		after += " (checked: its image is there)"
	}
	if p.Order.AutoRollback {
		return fmt.Sprintf("while it runs, AWS rolls back to version %d, by itself when it fails; %s", p.From.Version, after)
	}
	return "while it runs, it can be cancelled but not rolled back; " + after
}

// otherDifferences lists the fields in which the versions differ, apart from the image.
func (p Plan) otherDifferences() string {
	var lines []string
	for _, d := range p.Differences {
		if d.Field != "ImageId" {
			lines = append(lines, change(d))
		}
	}
	return strings.Join(lines, "\n")
}

func change(d fleet.Difference) string {
	switch {
	case d.From == "":
		return fmt.Sprintf("+ %s: %s", d.Field, d.To)
	case d.To == "":
		return fmt.Sprintf("- %s: %s", d.Field, d.From)
	}
	return fmt.Sprintf("~ %s: %s -> %s", d.Field, d.From, d.To)
}

func percents(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprintf("%d %%", n)
	}
	return strings.Join(words, ", ")
}
