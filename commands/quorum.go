package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// needs is what a rule asks for, in words.
func needs(r ledger.Rule) string {
	switch {
	case r.Quorum() == 0:
		return "no approval"
	case len(r.Needs) == 1:
		return count(r.Quorum(), "approval") + " from " + anyOf(r.Needs[0])
	}
	return count(r.Quorum(), "approval") + ", by different people: " + each(r.Needs)
}

// places is how many a rule asks for, before they are drawn one by one.
func places(r ledger.Rule) string {
	if r.Quorum() == 1 {
		return "1 approval"
	}
	return count(r.Quorum(), "approval") + ", by different people"
}

// each names needs one by one: "1 from @sre and 2 from @owners".
func each(all []ledger.Need) string {
	var parts []string
	for _, n := range all {
		parts = append(parts, fmt.Sprintf("%d from %s", n.Min, anyOf(n)))
	}
	return sentenceList(parts)
}

// anyOf names the groups of a need.
func anyOf(n ledger.Need) string {
	if len(n.Groups) == 0 {
		return "other members of the workspace"
	}
	return "@" + strings.Join(n.Groups, " or @")
}

func sentenceList(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// lacking is what a request still waits for, in words.
func lacking(r ledger.Record) string {
	if missing := r.Missing(); len(missing) > 0 {
		return each(missing)
	}
	return "nothing"
}

// seated reports whether somebody's approval takes a place.
func seated(r ledger.Record, who ledger.Actor) bool {
	i := slices.IndexFunc(r.Approvers(), func(v ledger.Vote) bool { return v.Actor == who })
	return i >= 0 && slices.ContainsFunc(r.Seats(), func(seat []int) bool { return slices.Contains(seat, i) })
}

// quorum draws every place as the card does: who took it, in part with scissors, or that it is open.
func quorum(r ledger.Record) card.Text {
	var t card.Text
	who, seats := r.Approvers(), r.Seats()
	for i, need := range r.Rule.Needs {
		for n := range need.Min {
			if len(t) > 0 {
				t = append(t, card.Part{Plain: " · "})
			}
			if n < len(seats[i]) {
				v := who[seats[i][n]]
				t = card.Join(t, card.T("%s %s ", taken(v), seat(need)), card.User(v.Actor.User))
				continue
			}
			t = append(t, card.Part{Plain: "⬜ " + seat(need)})
		}
	}
	return t
}

func taken(v ledger.Vote) string {
	if v.Narrow {
		return "✂️"
	}
	return "✅"
}

// seat names the groups of a place.
func seat(n ledger.Need) string {
	if len(n.Groups) == 0 {
		return "anybody"
	}
	return strings.Join(n.Groups, " or ")
}
