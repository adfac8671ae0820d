package template

import (
	"fmt"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Reversible reports whether there is something to take back of an operation.
func Reversible(r ledger.Record) bool {
	_, ok := Previous(r)
	return ok
}

// Previous is the wish that takes back what an operation did: the default goes back to what it was, a template that
// was made is deleted. There is none for what changed nothing, or cannot be taken back.
func Previous(r ledger.Record) (Want, bool) {
	p, d, err := decode(r)
	if err != nil || !r.State.Final() {
		return Want{}, false
	}
	switch w := p.Want; {
	case d.Moved && p.Former > 0:
		return Want{Action: Default, Name: w.Name, Version: p.Former, Back: fmt.Sprintf("as it was before %s", r.ID)}, true
	case (w.Action == Create || w.Action == Adopt) && d.Made:
		return Want{Action: Delete, Name: w.Name, ID: d.Template}, true
	}
	return Want{}, false
}

// MovedTo is the version that an operation made the default, if it did.
func MovedTo(r ledger.Record) (int64, bool) {
	_, d, err := decode(r)
	return d.Version, err == nil && d.Moved
}
