package image

import (
	"cmp"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
)

// Painter draws operations of every kind of this package.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(r ledger.Record) card.Picture {
	switch r.Kind {
	case KindPromote:
		return paint(r, promotionCard)
	case KindCopy:
		return paint(r, copyCard)
	case KindShare:
		return paint(r, shareCard)
	}
	return paint(r, tagCard)
}

// paint decodes what an operation carries and draws it. A card has the buttons that every kind has, and its own.
func paint[P interface{ Title() string }, D any](r ledger.Record, draw func(ledger.Record, P, D) card.Picture) card.Picture {
	p, d, err := plan.Decode[P, D](r)
	if err != nil {
		return plan.Blank(r, err)
	}
	pic := draw(r, p, d)
	pic.Headline = cmp.Or(pic.Headline, r.Title, p.Title())
	switch r.State {
	case ledger.Stuck:
		pic.Buttons = []card.Button{plan.Button(r, "retry", "Try again", card.Primary, nil), plan.Button(r, "cancel", "Cancel", card.Default, nil)}
	case ledger.Running:
		if r.Kind == KindCopy && r.At == stepFollow {
			pic.Buttons = []card.Button{plan.Button(r, "cancel", "Stop watching", card.Default, &card.Confirm{
				Title: "Stop watching?", Text: "AWS goes on with the copies it has begun; nobody tells when they are there.", Yes: "Stop watching", No: "No"})}
		}
	}
	return pic
}

func promotionCard(r ledger.Record, p Promotion, d promoted) card.Picture {
	pic := card.Picture{Sections: p.Sections()}
	if r.State.Final() && d.Golden != nil {
		pic.Buttons = []card.Button{plan.Button(r, "rollback_new", "Revert…", card.Default, nil), card.Run("History", "/ami history "+p.Family+" --in "+p.Environment)}
	}
	return pic
}

func shareCard(r ledger.Record, p Share, d shared) card.Picture {
	pic := card.Picture{Sections: p.Sections()}
	if r.State.Final() && len(d.Parties) > 0 {
		pic.Buttons = []card.Button{plan.Button(r, "rollback_new", "Take back…", card.Default, nil)}
	}
	return pic
}

func tagCard(r ledger.Record, p Tags, d tagged) card.Picture {
	pic := card.Picture{Sections: p.Sections()}
	if r.State.Final() && d.Done {
		pic.Buttons = []card.Button{plan.Button(r, "rollback_new", "Take back…", card.Default, nil)}
	}
	return pic
}

func copyCard(r ledger.Record, p Copying, d copies) card.Picture {
	if len(d.Copies) == 0 {
		return card.Picture{Sections: p.Sections()}
	}
	pic := card.Picture{Sections: []card.Section{{Facts: []card.Fact{{Label: "Image", Value: p.Image.text()}}}, {Steps: d.steps(p)}}}
	if r.State != ledger.Succeeded {
		return pic
	}
	for i, c := range d.Copies[:min(len(d.Copies), 3)] {
		if p.To[i].Destination.Region == "" {
			pic.Buttons = append(pic.Buttons, card.Run("Show in "+p.To[i].Environment, "/ami show "+string(c.Image)+" --in "+p.To[i].Environment))
		}
	}
	return pic
}

// steps draw each copy with where it stands.
func (d copies) steps(p Copying) []card.Step {
	list := make([]card.Step, len(d.Copies))
	for i, c := range d.Copies {
		state, words := card.Doing, card.T(": %d %% of its snapshots", c.Percent)
		switch {
		case c.good():
			state, words = card.Done, card.T(": available")
		case c.over():
			state, words = card.Failed, card.T(": %s", cmp.Or(c.Why, c.State))
		}
		name := card.T("%s", p.To[i].Destination.words())
		if c.Image != "" {
			name = card.Join(name, card.T(" "), card.Code(string(c.Image)))
		}
		list[i] = card.Step{State: state, Text: card.Join(name, words)}
	}
	return list
}
