package ledger

import (
	"context"
	"fmt"
	"time"
)

// Hold gives back the turn of an operation that may not start yet: it has not taken a step, or is held already.
// Its resource is handed on. It is looked at again when the stay ends; the thread is told if the reason is
// another one than before. An operation that breaks the glass is never held.
func (l *Ledger) Hold(ctx context.Context, t *Turn, s Stay) error {
	if s.Until.IsZero() || t.BreakGlass != "" {
		return fmt.Errorf("hold %s, which nothing keeps from starting", t.ID)
	}
	_, err := l.run(ctx, call{script: "hold", args: []any{string(t.ID), t.Epoch, t.Seq, stamp(s.Until), s.Why}})
	return err
}

// Admit ends the stay of a held operation, whose turn is given back: it takes its resource and runs, or waits for
// it in line.
func (l *Ledger) Admit(ctx context.Context, t *Turn) error {
	_, err := l.run(ctx, call{script: "admit", confirm: true, args: []any{string(t.ID), t.Epoch, t.Seq}})
	return err
}

// Clear says that the first step of a running operation begins now: from here on it may have touched something,
// so nothing holds it any more. The turn goes on, for another lease.
func (l *Ledger) Clear(ctx context.Context, t *Turn, lease time.Duration) error {
	_, err := l.run(ctx, call{script: "clear", harmless: true, args: []any{string(t.ID), t.Epoch, lease.Milliseconds()}})
	if err == nil {
		t.Cleared = true
	}
	return err
}

// Wake lets every held operation be looked at again now: what held some of them is over.
func (l *Ledger) Wake(ctx context.Context) error {
	_, err := l.run(ctx, call{script: "wake", harmless: true})
	return err
}
