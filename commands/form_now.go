package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Filling is a form for a command that somebody has open.
type Filling struct {
	Actor   ledger.Actor
	Command string            // that it fills in, as far as it was typed
	Values  map[string]string // of its inputs; nil: as it was opened
	Filled  map[string]string // what was filled in when the inputs were drawn
	Channel string
	Thread  string
}

// Prompts are what an open form says besides what it was opened with. They stand beside its inputs and never in
// them: what somebody is writing meanwhile is theirs, and nobody tells us what it is.
type Prompts struct {
	Hints map[string]string // by input, in the place of those that are there
	Typed string            // the command as it would be typed now
}

// patience is how long an open form waits for what it says about what is there now.
const patience = 6 * time.Second

// Prompts finds out what an open form can say; false when there is nothing to say, or nobody can find out: the form
// stays as it is then.
func (d *Desk) Prompts(ctx context.Context, f Filling) (Prompts, bool) {
	b, err := d.Book.begun(f)
	if err != nil || b.command.Defaults == nil {
		return Prompts{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Patience, patience))
	defer cancel()
	if _, err := d.People.Person(ctx, f.Actor); err != nil {
		return Prompts{}, false
	}
	now, err := d.known(ctx, f, b)
	if err != nil && d.Log != nil {
		d.Log.InfoContext(ctx, "form goes without what is there now", "command", b.command.Name(), "err", err)
	}
	if len(now) == 0 && f.Values == nil {
		return Prompts{}, false
	}
	p := Prompts{Hints: map[string]string{}, Typed: b.command.Spec().Sketch(b.words)}
	form := d.form(b.command, b.before)
	for _, in := range slices.Concat(form.Inputs, form.More) {
		value := now[in.ID].Value
		p.Hints[in.ID] = hinted(in, now[in.ID], value != "" && f.Filled[in.ID] == value)
	}
	return p, true
}

// hinted is what is said beside an input.
func hinted(in card.Input, d Default, stands bool) string {
	return strings.TrimSpace(in.Hint + " " + card.Inert(folded(d.beside(stands))))
}

// known asks a command what holds where its form's inputs are left empty.
func (d *Desk) known(ctx context.Context, f Filling, b begun) (Defaults, error) {
	c := &Call{Request: Request{Actor: f.Actor, Channel: f.Channel, Thread: f.Thread}, Words: b.words, spec: b.command.Spec()}
	return d.defaults(ctx, b.command, c)
}

// defaults asks the command, and waits for no longer than its context lasts, whether it heeds that or not.
func (d *Desk) defaults(ctx context.Context, command Command, c *Call) (Defaults, error) {
	type answer struct {
		now Defaults
		err error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a = answer{err: fmt.Errorf("panic: %v", p)}
			}
			done <- a
		}()
		a.now, a.err = command.Defaults(ctx, c)
	}()
	select {
	case a := <-done:
		return a.now, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begun is a command of which a form is open.
type begun struct {
	command Command
	before  grammar.Values // the words that the form began with
	words   grammar.Values // those that stand in it as far as they can be understood, without what was filled in for its person
}

func (b *Book) begun(f Filling) (begun, error) {
	m, err := b.find(f.Command)
	if err != nil {
		return begun{}, err
	}
	before, err := partly(m)
	if err != nil {
		return begun{}, err
	}
	all := begun{command: m.command, before: before, words: before}
	if f.Values == nil {
		return all, nil
	}
	spec := m.command.Spec()
	filled, _ := answers(spec, Submission{Values: f.Values})
	all.words, _ = spec.Fill(before, filled)
	all.words = m.command.without(all.words, left(f.Filled, filled))
	return all, nil
}
