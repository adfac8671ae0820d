package freeze

import (
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Painter draws freezes.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(r ledger.Record) card.Picture {
	p, d, err := decode(r)
	if err != nil {
		return card.Picture{Headline: r.Title, Sections: []card.Section{card.Para(card.T("%s", err.Error()))}}
	}
	return card.Picture{Headline: headline(r, p), Sections: sections(r, p, d), Buttons: buttons(r, p)}
}

func headline(r ledger.Record, p Plan) string {
	if r.State == ledger.Running && r.At == stepWait {
		return "Frozen: " + p.What()
	}
	return p.Title()
}

// Sections draw the plan by itself, before it is asked for.
func (p Plan) Sections() []card.Section {
	return []card.Section{{Facts: []card.Fact{
		{Label: "Freezes", Value: card.T("%s", p.What())},
		{Label: "For", Value: card.T("%s from its approval", span(p.For))},
	}}}
}

func sections(r ledger.Record, p Plan, d Data) []card.Section {
	if d.Until.IsZero() || !r.State.Final() && r.State != ledger.Running && r.State != ledger.Stuck {
		return p.Sections()
	}
	facts := []card.Fact{{Label: "Freezes", Value: card.T("%s", p.What())}, {Label: "Until", Value: card.When(d.Until)}}
	if d.lifted() {
		facts = append(facts, card.Fact{Label: "Lifted by", Value: card.User(d.Lifted.By.User)})
	}
	return []card.Section{{Facts: facts}}
}

func buttons(r ledger.Record, p Plan) []card.Button {
	lift := button(r, "cancel", "Lift", &card.Confirm{
		Title: "Lift the freeze?", Text: p.What() + " thaws now, and what was approved and waits for it starts.", Yes: "Lift", No: "Keep it",
	})
	switch {
	case r.State == ledger.Stuck:
		return []card.Button{button(r, "retry", "Try again", nil), lift}
	case r.State == ledger.Running && r.At != stepThaw:
		return []card.Button{lift}
	}
	return nil
}

func button(r ledger.Record, action, label string, ask *card.Confirm) card.Button {
	return card.Button{Action: action, ID: string(r.ID), Version: r.Version, Label: label, Confirm: ask}
}
