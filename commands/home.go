package commands

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// The bounds of a Home tab, of which Slack takes 100 blocks: each request takes two.
const (
	homePart    = 10  // requests in one part
	homeDecided = 8   // those that were decided lately
	homeAsked   = 100 // requests that are looked at for whether they wait for somebody
)

// Home is a person's Home tab: what waits for them, what is theirs, what else runs, what was decided lately.
func (d *Desk) Home(ctx context.Context, who ledger.Actor) card.Card {
	a := d.attempt("home", who, "", "home")
	r := d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		if _, err := d.People.Person(ctx, who); err != nil {
			return Result{}, err
		}
		c, err := d.home(ctx, who)
		return reply(c), err
	})
	return *r.Reply
}

func (d *Desk) home(ctx context.Context, who ledger.Actor) (card.Card, error) {
	open, err := d.Records.Open(ctx)
	if err != nil {
		return card.Card{}, unread("list open operations", err)
	}
	recent, err := d.Records.Recent(ctx, 40)
	if err != nil {
		return card.Card{}, unread("list operations", err)
	}
	waiting := d.waiting(ctx, open, who)
	yours := only(open, func(r ledger.Record) bool { return r.Requester == who })
	running := only(open, func(r ledger.Record) bool { return r.State != ledger.Pending })
	others := only(running, func(r ledger.Record) bool {
		return r.Requester != who && !slices.ContainsFunc(waiting, func(w ledger.Record) bool { return w.ID == r.ID })
	})
	idle := "Nothing runs."
	if len(running) > 0 {
		idle = "Nothing else runs."
	}
	decided := only(recent, func(r ledger.Record) bool { return r.State.Final() })
	slices.SortStableFunc(decided, func(a, b ledger.Record) int { return b.Ended.Compare(a.Ended) })
	c := card.Card{Title: "amiral", Summary: "What waits for you, and what goes on"}
	c.Sections = append(c.Sections, d.part(who, "Waiting for you", "Nothing waits for you.", waiting)...)
	c.Sections = append(c.Sections, d.part(who, "Yours", "You have asked for nothing that is still open.", yours)...)
	c.Sections = append(c.Sections, d.part(who, "Running", idle, others)...)
	c.Sections = append(c.Sections, d.part(who, "Recently decided", "Nothing yet.", decided[:min(homeDecided, len(decided))])...)
	c.Foot = []card.Text{card.Join(card.Code("/amiral help"), card.T(" shows what you can ask."))}
	return c, nil
}

// part draws requests under a headline, each with the buttons of its own card that are for this person.
func (d *Desk) part(who ledger.Actor, title, none string, records []ledger.Record) []card.Section {
	all := []card.Section{card.Para(card.Text{{Bold: title}})}
	if len(records) == 0 {
		return append(all, card.Para(card.T("%s", none)))
	}
	for _, r := range records[:min(homePart, len(records))] {
		all = append(all, card.Para(card.Join(card.T("%s ", mark(r.State)), line(r))))
		if d.Draw == nil {
			continue
		}
		drawn := d.Draw(r)
		row, more := theirs(r, who, drawn.Buttons), theirs(r, who, drawn.More)
		if len(row)+len(more) > 0 {
			all = append(all, card.Section{Buttons: row, More: more})
		}
	}
	if hidden := len(records) - homePart; hidden > 0 {
		all = append(all, card.Para(marked("… and "+count(hidden, "more operation")+": `/amiral ops list` shows them.")))
	}
	return all
}

// theirs are the buttons without those that only somebody else could press: a card is the same for everybody, and a
// Home tab is one person's.
func theirs(r ledger.Record, who ledger.Actor, buttons []card.Button) []card.Button {
	others := []string{"again"}
	if r.State != ledger.Held && r.State != ledger.Waiting {
		others = append(others, "withdraw") // what waits approved, others may stop too
	}
	if r.Requester == who {
		others = []string{"approve", "approve_narrow", "deny", "review", "widen"}
	}
	return slices.DeleteFunc(slices.Clone(buttons), func(b card.Button) bool { return slices.Contains(others, b.Action) })
}

// waiting are the requests that wait for this person's word, the first ones; what runs in part and waits to be
// approved in full is one of them. When nobody can say whether somebody may, it is shown: the gate asks again
// when they press.
func (d *Desk) waiting(ctx context.Context, open []ledger.Record, who ledger.Actor) []ledger.Record {
	var all []ledger.Record
	asked := 0
	for _, r := range open {
		deed := wanted(r)
		if deed == "" || r.Requester == who || approvedBy(r, who) || asked == homeAsked {
			continue
		}
		asked++
		err := d.rights().May(ctx, r, who, deed)
		if f, refused := fault.As(err); err == nil || !refused || f.Kind == fault.Unavailable {
			all = append(all, r)
		}
	}
	return all
}

// rights say who may do what, for what is shown.
func (d *Desk) rights() Rights {
	if d.Rights != nil {
		return d.Rights
	}
	return d.Gate
}

// wanted is what an operation waits for people to do; empty when it waits for nobody.
func wanted(r ledger.Record) string {
	switch {
	case r.State == ledger.Pending:
		return "approve"
	case r.State == ledger.Running && r.Narrowed:
		return "widen"
	}
	return ""
}

// approvedBy reports whether somebody has approved all of it, and counts still.
func approvedBy(r ledger.Record, who ledger.Actor) bool {
	return slices.ContainsFunc(r.Votes, func(v ledger.Vote) bool {
		return v.Actor == who && !uncounted(r, v) && (!v.Narrow || r.State == ledger.Pending)
	})
}

// uncounted reports whether somebody approved and may take no place any more, or not yet again.
func uncounted(r ledger.Record, v ledger.Vote) bool {
	return r.State == ledger.Pending && v.Choice == "approve" && len(v.Fills) == 0
}
