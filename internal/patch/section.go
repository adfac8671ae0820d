package patch

import (
	"fmt"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

// Sections is the whole plan: what is made of what, what is rolled to it, and the way back.
func (p Plan) Sections() []card.Section {
	sections := []card.Section{{Facts: p.facts()}, {Table: p.table()}}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

func (p Plan) facts() []card.Fact {
	from := card.Code(string(p.Bake.Instance))
	if p.Bake.Called != "" {
		from = card.Join(from, card.T(" %s", p.Bake.Called))
	}
	from = card.Join(from, card.T(" in %s, %s (%s)", p.Environment, p.Bake.Region, p.Bake.Account))
	image := card.Code(p.Bake.Name)
	if p.Bake.Family != "" {
		image = card.Join(image, card.T(" of the family %s", p.Bake.Family))
	}
	facts := []card.Fact{
		{Label: "From", Value: from},
		{Label: "Image", Value: card.Join(image, card.T(", made before anything else"))},
		{Label: "Server meanwhile", Value: card.T("%s", p.Bake.Brief().Impact)},
	}
	if p.Want.Test != "" {
		facts = append(facts, card.Fact{Label: "Test", Value: card.Join(card.Code(p.Want.Test),
			card.T(" on one throw-away machine with the new image, within %s; if it fails, no group is touched", card.Span(p.Want.Timeout)))})
	}
	if len(p.Groups) > 1 {
		facts = append(facts, card.Fact{Label: "Order", Value: card.T("one group after another, as listed; the first that fails ends it")})
	}
	if n := p.Want.Roll.Canary; n > 0 {
		facts = append(facts, card.Fact{Label: "Canary", Value: card.T("%d %% of each group first; then somebody decides within %s, otherwise the group is rolled back",
			n, card.Span(p.Groups[0].Want.CanaryWait))})
	}
	if p.Want.Roll.SetDefault {
		facts = append(facts, card.Fact{Label: "Default", Value: card.T("each new version becomes its template's default")})
	}
	if p.Want.Promote {
		facts = append(facts, card.Fact{Label: "Promoted", Value: card.T("%s", p.promotion())})
	}
	return append(facts,
		card.Fact{Label: "Takes", Value: card.T("about %s, without the time that people take to answer", card.Span(p.expected()))},
		card.Fact{Label: "Way back", Value: card.T("%s", p.undo())})
}

func (p Plan) promotion() string {
	now := "it has none now"
	if p.Golden.Image != "" {
		now = "now " + string(p.Golden.Image)
	}
	text := fmt.Sprintf("becomes the golden image of %s at the end (%s)", p.Bake.Family, now)
	if p.Want.Parameter != "" {
		text += ", and the parameter " + p.Want.Parameter + " follows"
	}
	return text
}

func (p Plan) undo() string {
	if len(p.Groups) == 1 {
		return fmt.Sprintf("rolling back takes %s back while it is rolled; afterwards `/asg rollback %s` does", p.Groups[0].Group, grammar.Quote(string(p.Groups[0].Group)))
	}
	return "rolling back takes back the group that is being rolled, and ends it; `/asg rollback <group>` takes back those before it, one by one"
}

// table is a row for each group.
func (p Plan) table() *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Group"}, {Label: "Now"}, {Label: "Replaced", Right: true}, {Label: "Pace"}, {Label: "While it runs"}}}
	for _, g := range p.Groups {
		pace := "no instance"
		if g.Pace.Replaced > 0 {
			pace = fmt.Sprintf("%d at a time, %s", g.Pace.Wave, card.Span(g.Pace.Expected))
		}
		back := "can be rolled back"
		if !g.Reversible {
			back = "can be cancelled only"
		}
		t.Rows = append(t.Rows, []card.Text{card.Code(string(g.Group)),
			card.T("%s, version %d of %s", g.From.Image, g.From.Version, g.From.Name),
			card.T("%d of %d", g.Pace.Replaced, g.Pace.Replaced+g.Matching+len(g.Left)), card.T("%s", pace), card.T("%s", back)})
	}
	return t
}
