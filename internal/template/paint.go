package template

import (
	"fmt"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws changes of templates.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(r ledger.Record) card.Picture {
	p, d, err := decode(r)
	if err != nil {
		return card.Picture{Headline: r.Title, Sections: []card.Section{card.Para(card.T("%s", err.Error()))}}
	}
	pic := card.Picture{Headline: p.Title(), Buttons: buttons(r, p, d)}
	switch {
	case r.State == ledger.Running || r.State == ledger.Stuck:
		pic.Sections = []card.Section{{Steps: steps(r, p, d)}, {Facts: p.facts()}}
	case len(d.Changes) > 0:
		pic.Sections = []card.Section{{Facts: p.facts()}, {Findings: findings(d.Changes)}}
	case r.State.Final():
		pic.Sections = ended(r, p, d)
	default:
		pic.Sections = p.Sections()
	}
	return pic
}

func findings(words []string) []card.Finding {
	var all []card.Finding
	for _, w := range words {
		all = append(all, card.Finding{Text: w})
	}
	return all
}

// station is a step of the road as people read it.
type station struct{ at, words string }

func road(p Plan, d Data) []station {
	all := []station{{stepCheck, "Check that nothing changed since it was planned"}}
	w := p.Want
	switch w.Action {
	case Clean:
		return append(all, station{stepClean, fmt.Sprintf("Delete %s, %d so far", say.Plural(len(p.Deletes), "version"), len(d.Deleted))})
	case Delete:
		return append(all, station{stepRemove, "Delete the template"})
	case Create, Adopt:
		all = append(all, station{stepMake, "Make the template"})
	case Update:
		all = append(all, station{stepMake, fmt.Sprintf("Make a version from version %d", w.Source)})
	}
	all = append(all, station{stepProve, proof(d)})
	if w.Action == Default || w.SetDefault {
		all = append(all, station{stepDefault, "Make it the default"})
	}
	if d.Ending != nil {
		all = append(all, station{stepUndo, "Take it away again"})
	}
	return all
}

// proof is asking EC2, or waiting until that knows what it is asked about.
func proof(d Data) string {
	if d.Looks > 0 && !d.Proved && d.Ending == nil {
		return fmt.Sprintf("Ask EC2 whether it would launch: waiting until AWS shows version %d", d.Version)
	}
	return "Ask EC2 whether it would launch"
}

func steps(r ledger.Record, p Plan, d Data) []card.Step {
	var all []card.Step
	state := card.Done
	for _, s := range road(p, d) {
		now := state
		if s.at == r.At {
			now, state = card.Doing, card.Todo
			if r.State == ledger.Stuck {
				now = card.Failed
			}
		}
		if d.Ending != nil && s.at == stepProve && !d.Proved {
			now = card.Failed
		}
		all = append(all, card.Step{State: now, Text: card.T("%s", s.words)})
	}
	return all
}

// ended sums up what is there now.
func ended(r ledger.Record, p Plan, d Data) []card.Section {
	facts := p.facts()
	if d.Made && d.Version > 0 {
		facts = append(facts, card.Fact{Label: "Made", Value: card.T("version %d", d.Version)})
	}
	if p.Want.Action == Clean && len(d.Deleted) > 0 {
		facts = append(facts, card.Fact{Label: "Deleted", Value: card.T("%s", versions(d.Deleted))})
	}
	sections := []card.Section{{Facts: facts}}
	var warnings []card.Finding
	for _, k := range d.Kept {
		warnings = append(warnings, card.Finding{Text: fmt.Sprintf("Version %d stays: %s", k.Version, say.Closed(k.Why))})
	}
	for _, w := range d.Warnings {
		warnings = append(warnings, card.Finding{Text: "AWS warns: " + w})
	}
	if len(warnings) > 0 {
		sections = append(sections, card.Section{Findings: warnings[:min(10, len(warnings))]})
	}
	return sections
}

// buttons are what people can do with it as it stands.
func buttons(r ledger.Record, p Plan, d Data) []card.Button {
	cancel := plan.Button(r, "cancel", "Cancel", card.Danger, nil)
	switch {
	case r.State == ledger.Stuck:
		return []card.Button{plan.Button(r, "retry", "Try again", card.Primary, nil), cancel}
	case r.State == ledger.Running && r.At != stepUndo:
		return []card.Button{cancel}
	case !r.State.Final() || d.Version == 0:
		return nil
	}
	return next(r, p, d)
}

// next are the steps that people take afterwards.
func next(r ledger.Record, p Plan, d Data) []card.Button {
	in := " --in " + p.Environment
	all := []card.Button{card.Run("Show", fmt.Sprintf("/template show %s %d%s", p.Want.Name, d.Version, in))}
	switch {
	case r.State == ledger.Succeeded && p.Want.Action == Update && !p.Want.SetDefault:
		all = append(all, card.Run("Make it the default", fmt.Sprintf("/template default %s %d%s", p.Want.Name, d.Version, in)),
			card.Run("Diff", fmt.Sprintf("/template diff %s %d %d%s", p.Want.Name, p.Want.Source, d.Version, in)))
	case Reversible(r):
		label := "Roll back…"
		if p.Want.Action == Create || p.Want.Action == Adopt {
			label = "Delete…"
		}
		all = append(all, plan.Button(r, "rollback_new", label, card.Default, nil))
	}
	return all
}
