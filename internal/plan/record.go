package plan

import (
	"encoding/json"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Decode reads the plan and the workflow's state out of an operation. The state of one that has not begun is zero.
func Decode[P, D any](r ledger.Record) (p P, d D, err error) {
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		return p, d, Unreadable(r)
	}
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, &d); err != nil {
			return p, d, fault.New(fault.Invalid, "The state of %s cannot be read.", r.ID)
		}
	}
	return p, d, nil
}

// Unreadable is the fault for an operation whose plan says nothing.
func Unreadable(r ledger.Record) error {
	return fault.New(fault.Invalid, "The plan of %s cannot be read.", r.ID)
}

// Blank is the picture of an operation of which no more can be read than its title.
func Blank(r ledger.Record, err error) card.Picture {
	return card.Picture{Headline: r.Title, Sections: []card.Section{card.Para(card.T("%s", err.Error()))}}
}
