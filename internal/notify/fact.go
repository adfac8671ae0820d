package notify

import (
	"fmt"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// facts are what stands first on every card.
func facts(r ledger.Record) []card.Fact {
	all := []card.Fact{
		{Label: asker(r), Value: card.User(r.Requester.User)},
	}
	if where := where(r); where != "" {
		all = append(all, card.Fact{Label: "Where", Value: card.T("%s", where)})
	}
	if r.About != "" {
		all = append(all, card.Fact{Label: subject(r), Value: card.Code(string(r.About))})
	}
	if r.Impact != "" && !r.State.Final() {
		all = append(all, card.Fact{Label: "Impact", Value: card.T("%s", r.Impact)})
	}
	all = append(all, moments(r)...)
	if by := seated(r); len(by) > 0 && r.State != ledger.Pending {
		all = append(all, card.Fact{Label: agreed(r), Value: by})
	}
	return all
}

func asker(r ledger.Record) string {
	if r.Kind == review {
		return "Broken by"
	}
	return "Asked by"
}

func agreed(r ledger.Record) string {
	if r.Kind == review {
		return "Closed by"
	}
	return "Approved by"
}

func subject(r ledger.Record) string {
	if r.Kind == review {
		return "Reviews"
	}
	return "Takes back"
}

func where(r ledger.Record) string {
	switch {
	case r.Environment == "":
		return r.Target
	case r.Target == "":
		return r.Environment
	}
	return r.Environment + " · " + r.Target
}

// moments are the facts of time, by state.
func moments(r ledger.Record) []card.Fact {
	switch {
	case r.State == ledger.Pending && r.Kind == review:
		return nil // it is called for until somebody has looked
	case r.State == ledger.Pending:
		at := card.When(r.Expires)
		if r.Extended > 0 {
			at = card.Join(at, card.T(" (extended %s)", count(r.Extended, "time")))
		}
		return []card.Fact{{Label: "Expires", Value: at}}
	case r.State == ledger.Held && !r.Opens.IsZero():
		return []card.Fact{{Label: "Opens", Value: card.When(r.Opens)}}
	case r.State == ledger.Waiting:
		return []card.Fact{{Label: "Waits for", Value: card.Code(string(r.Ahead))}}
	case timed(r):
		return []card.Fact{{Label: "Took", Value: card.T("%s", card.Span(r.Ended.Sub(r.Started)))}}
	}
	return nil
}

// timed reports whether there is something to say of how long it took: of what never changed anything, and of a
// look at what was done, there is not.
func timed(r ledger.Record) bool {
	return r.State.Final() && !r.Started.IsZero() && !r.Ended.IsZero() && r.State != ledger.Void && r.Kind != review
}

// seated are the people who agreed, each with what they agreed for.
func seated(r ledger.Record) card.Text {
	var t card.Text
	approvers := r.Approvers()
	for need, people := range r.Seats() {
		for _, p := range people {
			if len(t) > 0 {
				t = append(t, card.Part{Plain: ", "})
			}
			t = append(t, card.Part{User: approvers[p].Actor.User}, card.Part{Plain: aside(r.Rule.Needs[need], approvers[p])})
		}
	}
	return t
}

// aside is what stands in brackets behind an approver.
func aside(n ledger.Need, v ledger.Vote) string {
	s := from(n)
	if v.Narrow {
		s += ", in part"
	}
	if v.Via != "" {
		s += ", by " + v.Via
	}
	return fmt.Sprintf(" (%s)", s)
}
