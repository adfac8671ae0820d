package image

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Pointer keeps the golden images. *family.Store is one.
type Pointer interface {
	Families
	Point(ctx context.Context, g family.Golden, was int64) (family.Golden, error)
}

// Workflow carries out promotions, copies, shares and tags: each is registered under its kind. Every step may be
// repeated.
type Workflow struct {
	Fleet     func(environment string) (Fleet, error)
	Regions   func(environment, region string) (Fleet, error) // an environment's account in another region
	Families  Pointer
	Baselines Baselines     // nil: copies inherit no manifest
	Poll      time.Duration // how often copies are looked at; 15 s when zero
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	switch t.Kind {
	case KindPromote:
		return run(ctx, t, w.promote)
	case KindCopy:
		return run(ctx, t, w.copy)
	case KindShare:
		return run(ctx, t, w.share)
	case KindTag:
		return run(ctx, t, w.tag)
	}
	return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the kind %q.", card.Inert(t.Kind))
}

// run decodes what an operation carries, takes a step and writes down what the step keeps.
func run[P, D any](ctx context.Context, t engine.Turn, step func(context.Context, engine.Turn, P, *D) (engine.Outcome, error)) (engine.Outcome, error) {
	p, d, err := plan.Decode[P, D](t.Record)
	if err != nil {
		return engine.Outcome{}, err
	}
	out, err := step(ctx, t, p, &d)
	if f, ok := fault.As(err); ok {
		return engine.Outcome{}, say.Inert(f)
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	out.Data, err = json.Marshal(d)
	return out, err
}

// reach finds the environment of an operation.
func (w Workflow) reach(t engine.Turn) (Fleet, error) {
	f, err := w.Fleet(t.Environment)
	if err != nil {
		return nil, fmt.Errorf("find the environment %s: %w", t.Environment, err)
	}
	return f, nil
}

// strange is the fault for a step of another version.
func strange(t engine.Turn) error {
	return fault.New(fault.Invalid, "This version of amiral does not know the step %q of %s.", card.Inert(t.At), card.Inert(t.Kind))
}

// stopped reports whether somebody wants it to end.
func stopped(t engine.Turn) (ledger.Signal, bool) { return t.Signal("cancel", "rollback") }

// cancelled ends it before anything was done.
func cancelled(s ledger.Signal) engine.Outcome {
	return engine.Outcome{End: ledger.Cancelled, Outcome: string(say.Phrase("It was stopped%s before anything was changed.", say.By(s.By)))}
}

// void ends it before anything was done, because what was approved holds no more.
func void(why string) engine.Outcome {
	return engine.Outcome{End: ledger.Void, Outcome: string(say.Phrase("%s Nothing was changed.", say.Closed(why))), Tone: string(card.Warning)}
}

// done ends it well.
func done(format string, args ...any) engine.Outcome {
	return engine.Outcome{End: ledger.Succeeded, Outcome: string(say.Phrase(format, args...))}
}

// next goes on with another step at once.
func next(step string) engine.Outcome { return engine.Outcome{Step: step} }

// holds reports why a plan that is made anew is not the one that was approved; empty when it is.
func holds(approved, now planned) string {
	stops := now.Brief().Stops()
	switch {
	case len(stops) > 0:
		return stops[0].Text
	case approved.Brief().Digest != now.Brief().Digest:
		return "What was approved holds no more, because things have changed since."
	}
	return ""
}
