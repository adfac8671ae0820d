package app

import (
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestAnEarlierVoteFillsNoMoreWhileSlackIsAway: whoever was found in one of two groups is not taken for a member of
// the other because one need names both.
func TestAnEarlierVoteFillsNoMoreWhileSlackIsAway(t *testing.T) {
	sam, olga := ledger.Actor{User: "USAM", Team: "T1"}, ledger.Actor{User: "UOLGA", Team: "T1"}
	r := ledger.Record{Votes: []ledger.Vote{{Actor: sam, Choice: "approve", Fills: []int{0}}, {Actor: olga, Choice: "approve", Fills: []int{0, 1}}}}
	r.Rule.Needs = []ledger.Need{{Groups: []string{"sre", "owners"}, Min: 1}, {Groups: []string{"owners"}, Min: 1}}
	a := absent{record: r}
	for _, want := range []struct {
		who    ledger.Actor
		handle string
		in     bool
	}{{sam, "sre", true}, {sam, "owners", false}, {sam, "leads", false}, {olga, "owners", true}} {
		if in, err := a.InGroup(t.Context(), want.who, want.handle); err != nil || in != want.in {
			t.Errorf("%s in %s: got %v, %v, want %v", want.who.User, want.handle, in, err, want.in)
		}
	}
}
