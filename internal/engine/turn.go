package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// run gives a claimed turn to its workflow and writes down what came of it. The workflow has three quarters
// of the lease, so that the writing falls within it.
func (e *Engine) run(ctx context.Context, t *ledger.Turn) {
	began := time.Now()
	log := e.log().With("op", t.ID, "kind", t.Kind, "target", t.Target, "step", t.At)
	o := Observation{Op: t.ID, Kind: t.Kind, Step: t.At}
	var cause, err error
	if e.guarded(t) {
		o.Result, o.End, cause, err = e.admit(ctx, t)
	}
	if o.Result == "" {
		var out Outcome
		out, cause = e.attempt(ctx, t)
		write, cancel := writing(ctx, t)
		defer cancel()
		o.Result, o.End, err = e.settle(write, t, out, cause, stopping(ctx))
	}
	o.Took = time.Since(began)
	if o.Result == Finished && !t.Started.IsZero() {
		o.Since = t.Now.Add(o.Took).Sub(t.Started)
	}
	tell(log, o, cmp.Or(err, cause))
	if e.Observe != nil {
		e.Observe(o)
	}
}

// writing is the context for writing down what a turn came to: the last quarter of its lease.
func writing(ctx context.Context, t *ledger.Turn) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), t.Lease/4)
}

// stopping reports whether the engine is to end.
func stopping(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errShutdown) }

// attempt runs the workflow's step. A panic is an error like any other.
func (e *Engine) attempt(ctx context.Context, t *ledger.Turn) (out Outcome, err error) {
	w, ok := e.Workflows[t.Kind]
	if !ok {
		return Outcome{}, &unknownKind{t.Kind} // a newer replica may know it: it is tried again
	}
	ctx, cancel := context.WithTimeout(ctx, t.Lease*3/4)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return w.Turn(ctx, Turn{Turn: *t})
}

// unknownKind is an operation that this version has no workflow for, as happens while replicas are updated.
type unknownKind struct{ kind string }

func (e *unknownKind) Error() string {
	return "This replica does not know how to run a " + e.kind + "; its version may be too old."
}

// panicError is a workflow's panic.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// settle writes down what a turn came to.
func (e *Engine) settle(ctx context.Context, t *ledger.Turn, out Outcome, err error, shutdown bool) (Result, ledger.State, error) {
	f, isFault := fault.As(err)
	switch {
	case isFault:
		return e.finish(ctx, t, ledger.End{State: ledger.Failed, Outcome: f.Error(), Tone: string(card.Bad)})
	case err != nil && shutdown:
		return written(Released, e.Ledger.Release(ctx, t))
	case err != nil:
		return e.retry(ctx, t, err)
	case out.End != "":
		return e.finish(ctx, t, ledger.End{State: out.End, Data: out.Data, Outcome: cmp.Or(out.Outcome, out.Line), Tone: toneOf(out)})
	}
	mark := ledger.Mark{Step: out.Step, Data: out.Data, In: max(out.In, 0), Until: out.Until, Line: out.Line, Tone: out.Tone}
	return written(Checkpointed, e.Ledger.Checkpoint(ctx, t, mark))
}

// finish ends the operation.
func (e *Engine) finish(ctx context.Context, t *ledger.Turn, end ledger.End) (Result, ledger.State, error) {
	err := e.Ledger.Finish(ctx, t, end)
	if errors.Is(err, ledger.ErrNotReplicated) {
		return Finished, end.State, err
	}
	result, _, err := written(Finished, err)
	if result != Finished {
		return result, "", err
	}
	return result, end.State, nil
}

func (e *Engine) retry(ctx context.Context, t *ledger.Turn, cause error) (Result, ledger.State, error) {
	stuck, err := e.Ledger.Retry(ctx, t, e.backoff(t.Attempt), e.trouble(cause), e.limit())
	switch {
	case err != nil:
		return Lost, "", errors.Join(cause, err)
	case stuck:
		return Stuck, "", nil
	}
	return Retried, "", nil
}

// written is what became of a turn whose writing gave err.
func written(r Result, err error) (Result, ledger.State, error) {
	if err != nil {
		return Lost, "", err
	}
	return r, "", nil
}

// toneOf is the tone of an end: the workflow's, or what its state suggests.
func toneOf(out Outcome) string {
	if out.Tone != "" {
		return out.Tone
	}
	switch out.End {
	case ledger.Succeeded:
		return string(card.Good)
	case ledger.Failed:
		return string(card.Bad)
	}
	return string(card.Warning)
}

// longest is how much of an error people are shown, in runes.
const longest = 300

// trouble is what people may read of an error: never its text, which may hold addresses and secrets, unless
// Tell vouches for it.
func (e *Engine) trouble(err error) string {
	var told string
	if e.Tell != nil {
		told = strings.Join(strings.Fields(e.Tell(err)), " ")
	}
	if _, ok := errors.AsType[*panicError](err); ok || told == "" {
		told = "Something went wrong on my side; the log says what."
		if errors.Is(err, context.DeadlineExceeded) {
			told = "What I asked did not answer in time."
		}
	}
	if u, ok := errors.AsType[*unknownKind](err); ok {
		told = u.Error()
	}
	if r := []rune(told); len(r) > longest {
		told = string(r[:longest-1]) + "…"
	}
	return told
}

// tell logs a turn once.
func tell(log *slog.Logger, o Observation, err error) {
	log = log.With("took", o.Took)
	if p, ok := errors.AsType[*panicError](err); ok {
		log = log.With("stack", string(p.stack))
	}
	switch o.Result {
	case Finished:
		if err != nil {
			log = log.With("err", err)
		}
		log.Info("operation finished", "state", o.End)
	case Checkpointed, Released:
		log.Debug("turn ended", "result", o.Result)
	case Lost:
		if errors.Is(err, ledger.ErrFenced) || errors.Is(err, ledger.ErrSeq) {
			log.Warn("turn dropped, another worker holds it", "err", err)
			return
		}
		log.Error("turn lost, it comes again", "err", err)
	case Held, Admitted:
		log.Info("operation "+string(o.Result), "err", err)
	case Stuck:
		log.Error("operation stuck", "err", err)
	case Retried:
		log.Warn("attempt failed", "err", err)
	}
}
