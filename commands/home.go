package commands

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Home is a person's Home tab: what waits for them, what is theirs, what runs, what was decided lately.
func (d *Desk) Home(ctx context.Context, who ledger.Actor) card.Card {
	a := d.attempt("home", who, "", "home")
	r := d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		person, err := d.People.Person(ctx, who)
		if err != nil {
			return Result{}, err
		}
		c, err := d.home(ctx, who, person)
		return reply(c), err
	})
	return *r.Reply
}

func (d *Desk) home(ctx context.Context, who ledger.Actor, person Person) (card.Card, error) {
	open, err := d.Records.Open(ctx)
	if err != nil {
		return card.Card{}, err
	}
	recent, err := d.Records.Recent(ctx, 40)
	if err != nil {
		return card.Card{}, err
	}
	var waiting, yours, running, decided []ledger.Record
	for _, r := range open {
		switch {
		case r.Requester == who:
			yours = append(yours, r)
		case r.State == ledger.Pending && d.mayVote(ctx, r, who):
			waiting = append(waiting, r)
		}
		if r.State == ledger.Running || r.State == ledger.Stuck || r.State == ledger.Waiting {
			running = append(running, r)
		}
	}
	for _, r := range recent {
		if r.State.Final() && len(decided) < 8 {
			decided = append(decided, r)
		}
	}
	c := card.Card{Title: "amiral", Summary: "What waits for you, and what goes on"}
	c.Sections = append(c.Sections, part("Waiting for you", "Nothing waits for you, "+person.Name+".", waiting)...)
	c.Sections = append(c.Sections, part("Yours", "You have asked for nothing that is still open.", yours)...)
	c.Sections = append(c.Sections, part("Running", "Nothing runs.", running)...)
	c.Sections = append(c.Sections, part("Recently decided", "Nothing yet.", decided)...)
	c.Foot = []card.Text{card.Join(card.Code("/amiral help"), card.T(" shows what you can ask."))}
	return c, nil
}

func part(title, none string, records []ledger.Record) []card.Section {
	all := []card.Section{card.Para(card.Text{{Bold: title}})}
	if len(records) == 0 {
		return append(all, card.Para(card.T("%s", none)))
	}
	return append(all, list(records, 10)...)
}

// mayVote reports whether a request waits for this person's word. When Slack does not say who is in its
// group, it is shown: the gate asks again when they vote.
func (d *Desk) mayVote(ctx context.Context, r ledger.Record, who ledger.Actor) bool {
	voted := slices.ContainsFunc(r.Votes, func(v ledger.Vote) bool { return v.Actor == who })
	if voted || r.Requester == who {
		return false
	}
	if d.Groups == nil || len(r.Rule.Groups()) == 0 {
		return true
	}
	in, err := d.Groups.InGroup(ctx, who, r.Rule.Groups()[0])
	return in || err != nil
}
