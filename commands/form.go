package commands

import (
	"context"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// wording is a form that asks for words about an operation.
type wording struct {
	id, title, submit string
	choice, noun      string // the vote that the words go with, and what it is called
	input             card.Input
	own               *fault.Fault // for the requester, who is not asked
}

func denial() wording {
	return wording{
		id: "deny", title: "Deny", submit: "Deny", choice: "deny", noun: "denial",
		input: card.Input{ID: "reason", Label: "Why?", Hint: "Everybody who sees the thread can read it.", Multi: true, Max: maxReason},
		own:   fault.New(fault.Denied, "This is your own request.").WithHint("To take it back, press Withdraw."),
	}
}

func closing() wording {
	return wording{
		id: "review", title: "Close review", submit: "Close review", choice: "approve", noun: "review",
		input: card.Input{ID: "note", Label: "What did you find?", Hint: "Everybody who sees the thread can read it.", Multi: true, Max: maxReason},
		own:   fault.New(fault.Denied, "You broke this glass, so somebody else must look at it."),
	}
}

// open opens the form that a button stands for.
func (d *Desk) open(ctx context.Context, p Press) (Result, error) {
	switch {
	case p.Action == "review":
		return d.ask(ctx, p, closing())
	case p.Action == "open_form" && strings.HasPrefix(string(p.ID), "/"):
		return d.reopened(string(p.ID), p.Channel)
	}
	return d.ask(ctx, p, denial())
}

// ask opens a form, unless it is too late for one.
func (d *Desk) ask(ctx context.Context, p Press, w wording) (Result, error) {
	rec, err := d.record(ctx, p.ID)
	if err != nil {
		return Result{}, err
	}
	if rec.State != ledger.Pending {
		return Result{}, fault.New(fault.Conflict, "%s. Your %s was not counted.", strings.TrimSuffix(standing(rec), "."), w.noun)
	}
	if err := w.fits(rec); err != nil {
		return Result{}, err
	}
	if rec.Kind == approvals.Review && w.choice == "deny" {
		w.title, w.submit, w.own = "Object", "Object", closing().own
	}
	if rec.Requester == p.Actor {
		return Result{}, w.own
	}
	return Result{Modal: &card.Modal{
		ID: w.id, Subject: string(rec.ID), Version: rec.Version, Title: w.title, Submit: w.submit,
		Body: card.Card{Sections: []card.Section{card.Para(card.Join(
			card.Text{{Bold: rec.Title}}, card.T("\nAsked by "), card.User(rec.Requester.User), card.T(" in %s.", rec.Environment)))}},
		Inputs: []card.Input{w.input},
	}}, nil
}

// Submit answers a form.
func (d *Desk) Submit(ctx context.Context, s Submission) Result {
	a := d.attempt("submission", s.Actor, s.Channel, short(s.Modal+" "+string(s.Subject), 500))
	return d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		person, err := d.People.Person(ctx, s.Actor)
		if err != nil {
			return Result{}, err
		}
		if wrong := d.Mistakes(s); len(wrong) > 0 {
			return Result{Errors: wrong}, nil
		}
		switch s.Modal {
		case "deny":
			return d.word(ctx, a, s, denial())
		case "review":
			return d.word(ctx, a, s, closing())
		case glassForm:
			return d.breakGlass(ctx, a, s, person)
		case commandForm:
			return d.fill(ctx, a, s, person)
		}
		return Result{}, stale(s.Modal)
	})
}

// Mistakes says what is wrong in a form, by input, as far as that can be told at once and without asking anybody:
// a form with mistakes stays open, and nothing is done.
func (d *Desk) Mistakes(s Submission) map[string]string {
	switch s.Modal {
	case "deny":
		return mistake(s, "reason", "Say why, in a few words.")
	case "review":
		return mistake(s, "note", "Say what you found, in a few words.")
	case glassForm:
		return d.Book.mistyped(s)
	case commandForm:
		return d.Book.misfilled(s)
	}
	return nil
}

// mistake looks at words that must be there.
func mistake(s Submission, input, missing string) map[string]string {
	switch given := folded(s.Values[input]); {
	case given == "":
		return map[string]string{input: missing}
	case len([]rune(given)) > maxReason:
		return map[string]string{input: "This is too long: 500 characters are the most."}
	}
	return nil
}

// fits says no to the form of a review about anything else: it would approve what nobody was shown.
func (w wording) fits(rec ledger.Record) error {
	if w.id != closing().id || rec.Kind == approvals.Review {
		return nil
	}
	return fault.New(fault.Invalid, "%s is no review, so there is nothing to close.", card.Inert(rec.Title)).
		WithHint("To approve it, press Approve on its card.")
}

// word votes with the words of a form.
func (d *Desk) word(ctx context.Context, a *attempt, s Submission, w wording) (Result, error) {
	rec, err := d.record(ctx, s.Subject)
	if err == nil {
		err = w.fits(rec)
	}
	if err != nil {
		return Result{}, err
	}
	reason := card.Inert(folded(s.Values[w.input.ID]))
	_, err = a.gate.Vote(ctx, s.Subject, s.Version, s.Actor, approvals.Ballot{Choice: w.choice, Reason: reason})
	return Result{}, d.late(ctx, s.Subject, err)
}
