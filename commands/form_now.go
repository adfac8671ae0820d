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
	Channel string
	Thread  string
}

// Prompts are what an open form says besides what it was opened with. They stand beside its inputs and never in
// them: what somebody is writing meanwhile is theirs, and nobody tells us what it is.
type Prompts struct {
	Hints map[string]string // by input, in the place of those that are there
	Typed string            // the command as it would be typed now
}

// Defaults says in a sentence what is there now, or what holds when it is left empty, by input.
type Defaults map[string]string

// patience is how long an open form waits for what it says about what is there now.
const patience = 6 * time.Second

// Prompts finds out what an open form can say; false when there is nothing to say, or nobody can find out: the form
// stays as it is then.
func (d *Desk) Prompts(ctx context.Context, f Filling) (Prompts, bool) {
	command, before, words, err := d.Book.begun(f)
	if err != nil || command.Defaults == nil {
		return Prompts{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Patience, patience))
	defer cancel()
	if _, err := d.People.Person(ctx, f.Actor); err != nil {
		return Prompts{}, false
	}
	c := &Call{Request: Request{Actor: f.Actor, Channel: f.Channel, Thread: f.Thread}, Words: words, spec: command.Spec()}
	now, err := d.defaults(ctx, command, c)
	if err != nil && d.Log != nil {
		d.Log.InfoContext(ctx, "form goes without what is there now", "command", command.Name(), "err", err)
	}
	if len(now) == 0 && f.Values == nil {
		return Prompts{}, false
	}
	p := Prompts{Hints: map[string]string{}, Typed: command.Spec().Sketch(words)}
	form := d.form(command, before)
	for _, in := range slices.Concat(form.Inputs, form.More) {
		p.Hints[in.ID] = strings.TrimSpace(in.Hint + " " + card.Inert(folded(now[in.ID])))
	}
	return p, true
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

// begun are the words that a form began with, and those that stand in it as far as they can be understood.
func (b *Book) begun(f Filling) (c Command, before, words grammar.Values, err error) {
	m, err := b.find(f.Command)
	if err != nil {
		return c, before, words, err
	}
	if before, err = partly(m); err != nil {
		return c, before, words, err
	}
	spec := m.command.Spec()
	if f.Values == nil {
		return m.command, before, before, nil
	}
	filled, _ := answers(spec, Submission{Values: f.Values})
	words, _ = spec.Fill(before, filled)
	return m.command, before, words, nil
}
