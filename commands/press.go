package commands

import (
	"context"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// maxReason bounds what people write as a reason, in characters.
const maxReason = 500

// Press answers a button. What a person will see on the card itself is not said again; everything else is.
func (d *Desk) Press(ctx context.Context, p Press) Result {
	a := d.attempt("press", p.Actor, p.Channel, short(p.Action+" "+string(p.ID), 100))
	return d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		if _, err := d.People.Person(ctx, p.Actor); err != nil {
			return Result{}, err
		}
		return d.press(ctx, a, p)
	})
}

func (d *Desk) press(ctx context.Context, a *attempt, p Press) (Result, error) {
	switch p.Action {
	case "approve":
		_, err := a.gate.Vote(ctx, p.ID, p.Version, p.Actor, approvals.Ballot{Choice: "approve"})
		return Result{}, d.late(ctx, p.ID, err)
	case "deny", "open_form":
		return d.denyForm(ctx, p)
	case "withdraw":
		_, err := a.gate.Withdraw(ctx, p.ID, p.Actor, "")
		return Result{}, err
	case "pause", "resume", "continue", "cancel", "rollback", "retry":
		_, err := a.gate.Signal(ctx, p.ID, p.Version, p.Actor, p.Action, "")
		return Result{}, err
	case "rollback_new":
		return d.back(ctx, a, p)
	case "details":
		return d.details(ctx, p.ID)
	}
	return Result{}, stale(p.Action)
}

// record reads an operation that a button is about.
func (d *Desk) record(ctx context.Context, id ledger.ID) (ledger.Record, error) {
	rec, err := d.Records.Get(ctx, id)
	return rec, unfound(err, string(id), nil)
}

// denyForm opens the form that asks for the reason, unless it is too late for one.
func (d *Desk) denyForm(ctx context.Context, p Press) (Result, error) {
	rec, err := d.record(ctx, p.ID)
	if err != nil {
		return Result{}, err
	}
	if rec.State != ledger.Pending {
		return Result{}, fault.New(fault.Conflict, "%s. Your denial was not counted.", strings.TrimSuffix(standing(rec), "."))
	}
	if rec.Requester == p.Actor {
		return Result{}, fault.New(fault.Denied, "This is your own request.").WithHint("To take it back, press Withdraw.")
	}
	return Result{Modal: &card.Modal{
		ID: "deny", Subject: string(rec.ID), Version: rec.Version, Title: "Deny", Submit: "Deny",
		Body: card.Card{Sections: []card.Section{card.Para(card.Join(
			card.Text{{Bold: rec.Title}}, card.T("\nAsked by "), card.User(rec.Requester.User), card.T(" in %s.", rec.Environment)))}},
		Inputs: []card.Input{{ID: "reason", Label: "Why?", Hint: "It stands in the thread, for everybody there.", Multi: true, Max: maxReason}},
	}}, nil
}

// Submit answers a form.
func (d *Desk) Submit(ctx context.Context, s Submission) Result {
	a := d.attempt("submission", s.Actor, s.Channel, short(s.Modal+" "+string(s.Subject), 100))
	return d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		if _, err := d.People.Person(ctx, s.Actor); err != nil {
			return Result{}, err
		}
		if s.Modal != "deny" {
			return Result{}, stale(s.Modal)
		}
		return d.deny(ctx, a, s)
	})
}

func (d *Desk) deny(ctx context.Context, a *attempt, s Submission) (Result, error) {
	reason := card.Inert(folded(s.Values["reason"]))
	if reason == "" {
		return wrong("reason", "Say why, in a few words."), nil
	}
	if len([]rune(reason)) > maxReason {
		return wrong("reason", "This is too long: 500 characters are the most."), nil
	}
	_, err := a.gate.Vote(ctx, s.Subject, s.Version, s.Actor, approvals.Ballot{Choice: "deny", Reason: reason})
	return Result{}, d.late(ctx, s.Subject, err)
}

// wrong says what is wrong in a form; nothing was done then.
func wrong(input, text string) Result {
	return Result{Errors: map[string]string{input: text}}
}

// late makes a vote's refusal say what happened instead, and who did it.
func (d *Desk) late(ctx context.Context, id ledger.ID, err error) error {
	f, ok := faultOnly(err)
	if !ok || f.Kind != fault.Conflict {
		return err
	}
	rec, unread := d.Records.Get(ctx, id)
	if unread != nil || rec.State == ledger.Pending {
		return err
	}
	return &fault.Fault{Kind: f.Kind, Text: standing(rec), Hint: f.Hint}
}

// back proposes to take back what an operation did.
func (d *Desk) back(ctx context.Context, a *attempt, p Press) (Result, error) {
	rec, err := d.record(ctx, p.ID)
	if err != nil {
		return Result{}, err
	}
	kind, ok := d.Kinds[rec.Kind]
	if !ok {
		return Result{}, stale(rec.Kind)
	}
	spec, err := kind.Back(ctx, rec)
	if err != nil {
		return Result{}, err
	}
	spec.Requester, spec.Channel, spec.Thread = p.Actor, rec.Channel, ""
	return d.propose(ctx, a, p.Key, Result{Propose: &spec})
}

// details shows one person the whole plan and the journal.
func (d *Desk) details(ctx context.Context, id ledger.ID) (Result, error) {
	rec, err := d.record(ctx, id)
	if err != nil {
		return Result{}, err
	}
	c := card.Card{Title: rec.Title, Tone: tone(rec.State), Summary: rec.Title}
	if d.Draw != nil {
		drawn := d.Draw(rec)
		c.Title, c.Tone, c.Summary, c.Foot = drawn.Title, drawn.Tone, drawn.Summary, drawn.Foot
	}
	c.Sections = append(c.Sections, card.Section{Facts: facts(rec)})
	if kind, ok := d.Kinds[rec.Kind]; ok {
		plan, err := kind.Plan(rec)
		if err != nil {
			return Result{}, err
		}
		c.Sections = append(c.Sections, plan...)
	}
	journal, err := journal(ctx, d.Records, id)
	if err != nil {
		return Result{}, err
	}
	c.Sections = append(c.Sections, journal...)
	return reply(c), nil
}
