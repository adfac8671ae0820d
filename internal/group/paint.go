package group

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws changes of groups.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(r ledger.Record) card.Picture {
	p, d, err := decode(r)
	if err != nil {
		return plan.Blank(r, err)
	}
	pic := card.Picture{Headline: p.Title()}
	switch {
	case len(d.Changes) > 0:
		pic.Sections = voided(d.Changes)
	case r.State == ledger.Running || r.State == ledger.Stuck:
		pic.Sections, pic.Buttons = p.running(d), buttons(r, p)
	case r.State.Final():
		pic.Sections, pic.Buttons = append([]card.Section{{Facts: p.past()}}, d.said()...), onward(r, p)
	default:
		pic.Sections = p.brief()
	}
	return pic
}

// past are the facts of a change that has begun: what was there when it was planned is no longer there now.
func (p Plan) past() []card.Fact {
	facts := deeds(p.Want.Kind).facts(p)
	for i, f := range facts {
		switch {
		case f.Label == "Size now" || f.Label == "Launches now":
			facts[i].Label = map[string]string{"Size now": "Size before", "Launches now": "Launched before"}[f.Label]
		case slices.ContainsFunc(p.Seats, func(s Seat) bool { return string(s.ID) == f.Label }):
			facts[i].Label += " before"
		}
	}
	return facts
}

// mostShown is how many of the instances that can go are listed.
const mostShown = 12

// Sections draw the plan by itself.
func (p Plan) Sections() []card.Section {
	return p.with(card.Fact{Label: "Impact", Value: card.T("%s", deeds(p.Want.Kind).impact(p))})
}

// brief draws as much of it as a card needs that tells the impact itself.
func (p Plan) brief() []card.Section { return p.with() }

func (p Plan) with(more ...card.Fact) []card.Section {
	facts := []card.Fact{{Label: "Group", Value: card.Join(card.Code(string(p.Want.Group)), card.T(" in %s, %s (%s)", p.Environment, p.Region, p.Account))}}
	facts = append(facts, deeds(p.Want.Kind).facts(p)...)
	sections := []card.Section{{Facts: append(facts, more...)}}
	if len(p.Going) > 0 {
		sections = append(sections, p.leaving()...)
	}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

// leaving lists the instances that can go.
func (p Plan) leaving() []card.Section {
	table := card.Table{Columns: []card.Column{{Label: "Can go"}, {Label: "Zone"}, {Label: "Version", Right: true}, {Label: "Runs since"}}}
	for _, s := range p.Going[:min(len(p.Going), mostShown)] {
		table.Rows = append(table.Rows, []card.Text{card.Code(string(s.ID)), card.T("%s", s.Zone), card.T("%s", s.Version), when(s)})
	}
	words := fmt.Sprintf("%d of the %d that can go will. %s", p.down(), p.CanGo, p.foretold())
	if n := p.CanGo - len(table.Rows); n > 0 {
		words += fmt.Sprintf(" %d more can go.", n)
	}
	return []card.Section{card.Para(card.T("%s", words)), {Table: &table}}
}

func when(s Seat) card.Text {
	if s.Launched.IsZero() {
		return card.T("–")
	}
	return card.When(s.Launched)
}

func (p Plan) running(d Data) []card.Section {
	var sections []card.Section
	if d.Total > 0 && (p.Want.Kind == Scale || p.Want.Kind == Replace || p.Want.Refill) {
		sections = append(sections, card.Section{Bar: &card.Bar{Done: d.Serving, Total: d.Total, Text: "in service"}})
	}
	sections = append(sections, card.Section{Facts: p.past()})
	return append(sections, d.said()...)
}

// said is what AWS said about launches that failed.
func (d Data) said() []card.Section {
	if len(d.Failures) == 0 {
		return nil
	}
	failures := make([]card.Finding, len(d.Failures))
	for i, words := range d.Failures {
		failures[i] = card.Finding{Text: words, Hint: string(say.Sentences(say.Remedy(words)))}
	}
	return []card.Section{{Findings: failures}}
}

func buttons(r ledger.Record, p Plan) []card.Button {
	var all []card.Button
	if r.State == ledger.Stuck {
		all = append(all, plan.Button(r, "retry", "Try again", card.Primary, nil), plan.Button(r, "abandon", "Give up", card.Danger, nil))
	}
	if p.Want.Kind == Scale && r.State == ledger.Running {
		all = append(all, plan.Button(r, "rollback", "Put it back", card.Default, &card.Confirm{
			Title: "Put the size back?", Text: fmt.Sprintf("%s wants %d again, between %d and %d.", p.Want.Group, p.From.Desired, p.From.Min, p.From.Max), Yes: "Put it back", No: "Go on",
		}))
	}
	return all
}

// onward are the next steps when a change is made: to look at the group, and to take the change back.
func onward(r ledger.Record, p Plan) []card.Button {
	if r.State != ledger.Succeeded {
		return nil
	}
	all := []card.Button{card.Run("Show", fmt.Sprintf("/asg show \"%s\" --in %s", p.Want.Group, p.Environment))}
	if p.Want.Kind == Attach {
		all = append(all, card.Run("Roll out…", fmt.Sprintf("/asg rollout \"%s\" --version %d --in %s", p.Want.Group, p.New.Number, p.Environment)))
	}
	if _, can := Back(r); can {
		all = append(all, plan.Button(r, "rollback_new", "Take back…", card.Default, nil))
	}
	return all
}

// voided shows what was approved beside what is there now.
func voided(changes []Change) []card.Section {
	facts := make([]card.Fact, len(changes))
	for i, c := range changes {
		facts[i] = card.Fact{Label: c.What, Value: card.T("%s → %s", strings.TrimSpace(c.Approved), strings.TrimSpace(c.Now))}
	}
	return []card.Section{card.Para(card.Text{{Bold: "Approved → now"}}), {Facts: facts}}
}

// Back is the wish that takes a change back; false when nothing does.
func Back(r ledger.Record) (Want, bool) {
	p, _, err := decode(r)
	if err != nil || r.State != ledger.Succeeded {
		return Want{}, false
	}
	w := p.Want
	switch w.Kind {
	case Scale:
		return Want{Kind: Scale, Group: w.Group, Desired: &p.From.Desired, Min: &p.From.Min, Max: &p.From.Max}, true
	case Attach:
		return Want{Kind: Attach, Group: w.Group, Template: p.Old.Name, Version: p.Old.Number}, p.Old.Number > 0
	case Processes:
		w.Names, w.On = p.Change, !w.On
		return w, true
	case Protect, Standby:
		w.On, w.Refill = !w.On, false
		return w, true
	}
	return Want{}, false
}
