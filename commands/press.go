package commands

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// maxReason bounds what people write as a reason, in characters.
const maxReason = 500

// Press answers a button, on a card, in a thread or in the Home tab. What a person will see on the card itself
// is not said again; everything else is.
func (d *Desk) Press(ctx context.Context, p Press) Result {
	a := d.attempt("press", p.Actor, p.Channel, short(p.Action+" "+string(p.ID), 500))
	return d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		person, err := d.People.Person(ctx, p.Actor)
		if err != nil {
			return Result{}, err
		}
		if p.Action == card.RunAction {
			return d.typed(ctx, a, p, person)
		}
		return d.press(ctx, a, p)
	})
}

// typed runs the command that a button stands for, as if whoever pressed it had typed it. Another page of a list
// stands in the place of the last one.
func (d *Desk) typed(ctx context.Context, a *attempt, p Press, who Person) (Result, error) {
	c := &Call{
		Request: Request{Key: p.Key, Actor: p.Actor, Channel: p.Channel, Thread: p.Thread, Text: card.Inert(folded(string(p.ID))), Received: p.Received, Forms: true},
		Person:  who, Gate: a.gate,
	}
	result, err := d.command(ctx, a, c)
	if err == nil && result.Reply != nil && c.Words.Given(pageFlag) && d.ReadOnly(c.Text) {
		result.Instead = true
	}
	return result, err
}

func (d *Desk) press(ctx context.Context, a *attempt, p Press) (Result, error) {
	switch p.Action {
	case "approve", "approve_narrow":
		return d.approve(ctx, a, p)
	case "deny", "review", "open_form":
		return d.open(ctx, p)
	case "withdraw", "extend", "widen":
		return Result{}, d.bear(ctx, a, p)
	case "pause", "resume", "continue", "cancel", "rollback", "retry", "abandon":
		_, err := a.gate.Signal(ctx, p.ID, p.Version, p.Actor, p.Action, "")
		return Result{}, err
	case "rollback_new", "again":
		return d.anew(ctx, a, p)
	}
	return d.look(ctx, a, p)
}

// look answers the buttons that change nothing.
func (d *Desk) look(ctx context.Context, a *attempt, p Press) (Result, error) {
	show := map[string]func(context.Context, *attempt, ledger.Record, ledger.Actor) (Result, error){
		"details": d.details, "copy": d.copied, "why": d.why,
	}[p.Action]
	if show == nil {
		return Result{}, stale(p.Action)
	}
	rec, err := d.record(ctx, p.ID)
	if err != nil {
		return Result{}, err
	}
	return show(ctx, a, rec, p.Actor)
}

// record reads an operation that a button is about.
func (d *Desk) record(ctx context.Context, id ledger.ID) (ledger.Record, error) {
	rec, err := d.Records.Get(ctx, id)
	return rec, unfound(err, string(id), nil)
}

// approve votes for all of it, or for the smaller thing only. Whoever takes no place that was still open is
// told: the card shows that as little as it shows them.
func (d *Desk) approve(ctx context.Context, a *attempt, p Press) (Result, error) {
	rec, err := a.gate.Vote(ctx, p.ID, p.Version, p.Actor, approvals.Ballot{Choice: "approve", Narrow: p.Action == "approve_narrow"})
	if err != nil {
		return Result{}, d.late(ctx, p.ID, err)
	}
	if rec.State != ledger.Pending || seated(rec, p.Actor) {
		return Result{}, nil
	}
	return reply(notice(rec, card.T("Your approval is counted, and the places that you may take are taken. Still missing: %s.", lacking(rec)))), nil
}

// bear does what bears on a request and needs no words.
func (d *Desk) bear(ctx context.Context, a *attempt, p Press) error {
	var err error
	switch p.Action {
	case "withdraw":
		_, err = a.gate.Withdraw(ctx, p.ID, p.Actor, "")
	case "extend":
		_, err = a.gate.Extend(ctx, p.ID, p.Version, p.Actor)
	case "widen":
		_, err = a.gate.Widen(ctx, p.ID, p.Version, p.Actor)
	}
	return err
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

// anew proposes to take back what an operation did, or to do it after all. Whoever presses asks; it is asked
// where the operation's own thread lives.
func (d *Desk) anew(ctx context.Context, a *attempt, p Press) (Result, error) {
	rec, err := d.record(ctx, p.ID)
	if err != nil {
		return Result{}, err
	}
	kind, ok := d.Kinds[rec.Kind]
	switch {
	case rec.Kind == approvals.Review:
		return Result{}, fault.New(fault.Conflict, "A review is asked for once.").WithHint("What it is about stands on its card.")
	case !ok:
		return Result{}, stale(rec.Kind)
	}
	plan := kind.Back
	if p.Action == "again" {
		plan = kind.Again
		if !rec.State.Final() {
			return Result{}, fault.New(fault.Conflict, "%s", standing(rec)).WithHint("There is no need to ask again.")
		}
	}
	spec, err := plan(ctx, rec)
	if err != nil {
		return Result{}, err
	}
	spec.Requester, spec.Channel, spec.Thread = p.Actor, rec.Channel, ""
	spec.Command = d.Book.unbroken(spec.Command)
	return d.propose(ctx, a, p.Key, Result{Propose: &spec})
}

// details shows one person the whole plan and the journal.
func (d *Desk) details(ctx context.Context, _ *attempt, rec ledger.Record, _ ledger.Actor) (Result, error) {
	c := card.Card{Title: rec.Title, Tone: tone(rec.State), Summary: rec.Title}
	if d.Draw != nil {
		drawn := d.Draw(rec)
		c.Title, c.Tone, c.Summary = drawn.Title, drawn.Tone, drawn.Summary
	}
	c.Sections = append(c.Sections, card.Section{Facts: facts(rec)})
	if kind, ok := d.Kinds[rec.Kind]; ok {
		plan, err := kind.Plan(rec)
		if err != nil {
			return Result{}, err
		}
		c.Sections = append(c.Sections, plan...)
	}
	journal, err := journal(ctx, d.Records, rec.ID)
	if err != nil {
		return Result{}, err
	}
	c.Sections = append(c.Sections, journal...)
	return reply(c), nil
}

// copied shows the command as it can be typed again.
func (d *Desk) copied(_ context.Context, _ *attempt, rec ledger.Record, _ ledger.Actor) (Result, error) {
	if rec.Command == "" {
		return reply(notice(rec, card.T("Nobody typed a command for this."))), nil
	}
	c := notice(rec, card.T("The command, as it can be typed again:"))
	c.Sections = append(c.Sections, card.Section{Code: d.Book.inside(rec.Command, rec.Environment)})
	return reply(c), nil
}

// notice tells one person something about an operation.
func notice(rec ledger.Record, t card.Text) card.Card {
	c := card.Card{
		Sections: []card.Section{card.Para(card.Join(card.Text{{Bold: rec.Title}}, card.T("\n"), t))},
		Foot:     []card.Text{card.Join(card.T("Operation "), card.Code(string(rec.ID)))},
	}
	if !slices.ContainsFunc(t, mentions) {
		c.Summary = rec.Title
	}
	return c
}
