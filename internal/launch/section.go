package launch

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/template"
)

// Sections is the whole plan: what is there, what will be made, what it takes, and the way back.
func (p Plan) Sections() []card.Section {
	facts := append(p.source(), p.makes()...)
	facts = append(facts, p.network()...)
	facts = append(facts, p.terms()...)
	return p.under(facts)
}

// brief is as much of the plan as somebody needs who decides on it.
func (p Plan) brief() []card.Section {
	facts := append(p.source(), p.makes()...)
	facts = append(facts, p.network()[0])
	return p.under(append(facts, p.after()...))
}

func (p Plan) under(facts []card.Fact) []card.Section {
	sections := []card.Section{{Facts: facts}}
	if p.Script != "" {
		sections = append(sections, template.Page("User data", p.Script, 1)...)
	}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

// source is what is launched from.
func (p Plan) source() []card.Fact {
	from := card.Fact{Label: "From", Value: card.T("an image")}
	switch {
	case p.Want.Instance != "":
		from.Value = card.Join(card.Code(string(p.Want.Instance)), card.T(" %s", p.Source))
	case p.Want.Family != "":
		from.Value = card.T("the golden image of %s", p.Want.Family)
	}
	image := card.Fact{Label: "Image", Value: card.Join(card.Code(string(p.Image)), card.T(" %s", p.ImageName))}
	if p.Bake != nil {
		image.Value = card.T("%s, baked first: %s", p.ImageName, p.Bake.Brief().Impact)
	}
	return []card.Fact{{Label: "Group", Value: card.T("%s in %s, %s (%s)", p.Want.Group, p.Environment, p.Region, p.Account)}, from, image}
}

// makes is what will be there.
func (p Plan) makes() []card.Fact {
	return []card.Fact{
		{Label: "Then", Value: card.Join(card.Code(string(p.Want.Group)), card.T(" with %d %s; never below %d, up to %d", p.Order.Desired, p.Shape.Type, p.Order.Min, p.Order.Max))},
		{Label: "Template", Value: card.T("%s", p.Template.words())},
	}
}

// network is where the instances will be and what they belong to.
func (p Plan) network() []card.Fact {
	facts := []card.Fact{{Label: "Zones", Value: card.T("%s", p.where())}}
	if len(p.Targets) > 0 {
		facts = append(facts, card.Fact{Label: "Target groups", Value: card.T("%s", strings.Join(p.Targets, ", "))})
	}
	for _, f := range []struct{ label, value string }{
		{"Security groups", strings.Join(p.Shape.SecurityGroups, ", ")}, {"Role", p.Shape.Role}, {"Key", p.Shape.Key},
	} {
		if f.value != "" {
			facts = append(facts, card.Fact{Label: f.label, Value: card.T("%s", f.value)})
		}
	}
	return facts
}

// where lists the subnets by their zones, with what is free in them.
func (p Plan) where() string {
	if len(p.Subnets) == 0 {
		return "unknown"
	}
	words := make([]string, len(p.Subnets))
	for i, s := range p.Subnets {
		words[i] = fmt.Sprintf("%s in %s (%d addresses free)", s.ID, s.Zone, s.Free)
	}
	list := strings.Join(words, ", ")
	if p.Chosen {
		list += "; `--subnets` names others"
	}
	return list
}

// terms are the rest of what people agree to.
func (p Plan) terms() []card.Fact {
	return append([]card.Fact{
		{Label: "Health", Value: card.T("checked by %s from %s after the start", p.Order.HealthCheck, card.Span(p.Order.Grace))},
		{Label: "Warmup", Value: card.T("%s until a new instance counts in later changes", card.Span(p.Order.Warmup))},
	}, p.after()...)
}

func (p Plan) after() []card.Fact {
	return []card.Fact{
		{Label: "Takes", Value: card.T("about %s", card.Span(p.Expected))},
		{Label: "Way back", Value: card.T("%s", p.undoing())},
	}
}

// undoing says how it is taken back.
func (p Plan) undoing() string {
	things := "the group"
	switch {
	case p.makesTemplate():
		things = "the group and the template"
	case p.makesVersion():
		things = "the group and the template's version"
	}
	words := fmt.Sprintf("until all are in service, Take back deletes %s", things)
	if p.Bake != nil {
		words += ", and the image if that is asked for"
	}
	return words + fmt.Sprintf("; afterwards `/asg scale %s 0 --min 0` stops its instances", p.Want.Group)
}
