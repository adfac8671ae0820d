package engine

import (
	"context"
	"runtime/debug"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// guarded reports whether the guard has a say in a turn: the operation is held, or its first step has not begun.
// What this replica cannot run, it does not judge.
func (e *Engine) guarded(t *ledger.Turn) bool {
	_, known := e.Workflows[t.Kind]
	return known && (t.State == ledger.Held || (e.Guard != nil && t.Seq == 0 && !t.Cleared))
}

// admit asks the guard. Its result is empty if the first step is to run now: that is written down before, because
// from then on nobody can say any more that nothing was touched.
func (e *Engine) admit(ctx context.Context, t *ledger.Turn) (result Result, end ledger.State, cause, err error) {
	stay, cause := e.ask(ctx, t)
	write, cancel := writing(ctx, t)
	defer cancel()
	f, isFault := fault.As(cause)
	_, called := Turn{Turn: *t}.Signal("cancel", "rollback")
	stays := !stay.Until.IsZero() && t.BreakGlass == ""
	switch {
	case isFault:
		result, end, err = e.finish(write, t, ledger.End{State: ledger.Void, Outcome: f.Error(), Tone: string(card.Warning)})
	case called && (cause != nil || stays):
		result, end, err = e.finish(write, t, ledger.End{
			State: ledger.Cancelled, Outcome: "Cancelled before it began. Nothing was touched.", Tone: string(card.Warning),
		})
	case cause != nil && stopping(ctx):
		result, end, err = written(Released, e.Ledger.Release(write, t))
	case cause != nil:
		result, end, err = e.retry(write, t, cause)
	case stays:
		result, end, err = written(Held, e.Ledger.Hold(write, t, stay))
	case t.State == ledger.Held:
		result, end, err = written(Admitted, e.Ledger.Admit(write, t))
	default:
		if err = e.Ledger.Clear(write, t, t.Lease); err != nil {
			result = Lost
		}
	}
	return result, end, cause, err
}

// ask is the guard's word. A panic is an error like any other.
func (e *Engine) ask(ctx context.Context, t *ledger.Turn) (stay ledger.Stay, err error) {
	if e.Guard == nil {
		return ledger.Stay{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.Lease*3/4)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			stay, err = ledger.Stay{}, &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return e.Guard(ctx, t.Record)
}
