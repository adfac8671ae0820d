package freeze

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// First is the step at which a freeze begins.
const First = stepFreeze

// The steps.
const (
	stepFreeze = "freeze" // let it hold
	stepWait   = "wait"   // until its time, or until somebody lifts it
	stepThaw   = "thaw"   // let it hold no more, and wake what waited
)

// Keeper keeps the freezes in force. *Store is one.
type Keeper interface {
	Put(ctx context.Context, f Freeze) error
	Remove(ctx context.Context, id ledger.ID) error
}

// Waker lets every operation that is held look again whether it may start. *ledger.Ledger is one.
type Waker interface {
	Wake(ctx context.Context) error
}

// Workflow carries out freezes. Every step may be repeated.
type Workflow struct {
	Store  Keeper
	Ledger Waker
}

// Data is what a freeze keeps between its steps.
type Data struct {
	Until  time.Time     `json:"until,omitzero"`
	Lifted ledger.Signal `json:"lifted,omitzero"` // who ended it before its time
}

// lifted reports whether somebody ended it before its time.
func (d Data) lifted() bool { return d.Lifted.Name != "" }

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	p, d, err := decode(t.Record)
	if err != nil {
		return engine.Outcome{}, err
	}
	var out engine.Outcome
	switch t.At {
	case stepFreeze:
		out, err = w.freeze(ctx, t, p, &d)
	case stepWait:
		out = wait(t, &d)
	case stepThaw:
		out, err = w.thaw(ctx, t, p, d)
	default:
		err = fault.New(fault.Invalid, "This version of amiral does not know the step %q of a freeze.", card.Inert(t.At))
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	out.Data, err = json.Marshal(d)
	return out, err
}

// freeze lets it hold. It ends a fixed time after the operation's start, so that a step that is repeated
// changes nothing.
func (w Workflow) freeze(ctx context.Context, t engine.Turn, p Plan, d *Data) (engine.Outcome, error) {
	d.Until = t.Started.Add(p.For)
	f := Freeze{ID: t.ID, Environment: p.Environment, Target: p.Target, Until: d.Until, By: t.Requester, Reason: p.Reason}
	if err := w.Store.Put(ctx, f); err != nil {
		return engine.Outcome{}, err
	}
	out := wait(t, d)
	if out.Step == stepThaw {
		return out, nil
	}
	out.Step, out.Tone = stepWait, string(card.Warning)
	out.Line = fmt.Sprintf("%s is frozen until %s: nothing starts there before.", card.Inert(p.What()), when(d.Until))
	return out, nil
}

// wait goes on to thaw at its time, or when somebody asked for it.
func wait(t engine.Turn, d *Data) engine.Outcome {
	if s, ok := t.Signal("cancel", "rollback"); ok {
		d.Lifted = s
		return engine.Outcome{Step: stepThaw}
	}
	if !d.Until.After(t.Now) {
		return engine.Outcome{Step: stepThaw}
	}
	if _, ok := t.Signal("pause", "resume", "continue"); ok {
		return engine.Outcome{Until: d.Until, Line: "A freeze only holds or is lifted, so nothing has changed.", Tone: string(card.Warning)}
	}
	return engine.Outcome{Until: d.Until}
}

// thaw lets it hold no more. What waited looks again at once, rather than at its next turn.
func (w Workflow) thaw(ctx context.Context, t engine.Turn, p Plan, d Data) (engine.Outcome, error) {
	if err := w.Store.Remove(ctx, t.ID); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.Ledger.Wake(ctx); err != nil {
		return engine.Outcome{}, fmt.Errorf("wake what waited for freeze %s: %w", t.ID, err)
	}
	name := card.Inert(p.What())
	if d.lifted() {
		return engine.Outcome{End: ledger.Cancelled, Outcome: fmt.Sprintf("The freeze of %s was lifted by %s%s", name, by(d.Lifted.By), because(d.Lifted.Reason))}, nil
	}
	return engine.Outcome{End: ledger.Succeeded, Outcome: fmt.Sprintf("The freeze of %s is over.", name)}, nil
}

// because is the end of a sentence: with the reason, or without.
func because(reason string) string {
	if reason = closed(card.Inert(reason)); reason != "" {
		return ": " + reason
	}
	return "."
}

// decode reads the plan and the state out of a record.
func decode(r ledger.Record) (p Plan, d Data, err error) {
	if p, err = PlanOf(r); err != nil {
		return p, d, err
	}
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, &d); err != nil {
			return p, d, fault.New(fault.Invalid, "The state of %s cannot be read.", r.ID)
		}
	}
	return p, d, nil
}
