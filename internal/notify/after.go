package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// longestAfter is how long a thread waits at the most for what comes behind it, whatever Slack asks for: a drawing
// that comes too early is turned away by the one who keeps Slack's pace, and costs nothing.
const longestAfter = 5 * time.Second

// after does what comes behind the thread. What fails is tried again with a later drawing.
func (n *Notifier) after(ctx context.Context, d *ledger.Drawing) error {
	for _, do := range []func(context.Context, *ledger.Drawing) error{n.mark, n.alarm, n.farewell} {
		err := do(ctx, d)
		if l, ok := errors.AsType[*Later](err); ok {
			return &Later{After: min(l.After, longestAfter)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// marks are the emoji that tell at a glance how something ended.
var marks = map[ledger.State]string{
	ledger.Succeeded: "white_check_mark",
	ledger.Failed:    "x",
	ledger.Denied:    "x",
	ledger.Void:      "x",
	ledger.Expired:   "hourglass",
}

// mark puts the emoji under the card of what is over. It is an ornament: only for a while that Slack asks for is it
// tried again.
func (n *Notifier) mark(ctx context.Context, d *ledger.Drawing) error {
	emoji := marks[d.State]
	what := "mark:" + d.Message.TS
	if n.Marks == nil || emoji == "" || slices.Contains(d.Record.Told, what) {
		return nil
	}
	err := n.Marks.React(ctx, d.Message, emoji)
	if _, ok := errors.AsType[*Later](err); ok || ctx.Err() != nil {
		return err
	}
	if err != nil {
		n.Log.Info("card bears no mark", "op", d.ID, "err", err)
	}
	return n.Ledger.Told(ctx, d, what)
}

// once sends something that is not to be sent twice, and writes down that it was. What Slack refuses for good counts
// as sent.
func (n *Notifier) once(ctx context.Context, d *ledger.Drawing, what string, send func(context.Context) error) error {
	if slices.Contains(d.Record.Told, what) {
		return nil
	}
	this := line{d.ID, "told:" + what}
	if !n.hands.stands(this) {
		err := send(ctx)
		if r, ok := errors.AsType[*Refused](err); ok {
			n.Log.Warn("not told", "op", d.ID, "what", what, "err", r)
			err = nil
		}
		if err != nil {
			return fmt.Errorf("tell %s: %w", what, err)
		}
		n.hands.said(this)
	}
	if err := n.Ledger.Told(ctx, d, what); err != nil {
		return err
	}
	n.hands.wrote(this)
	return nil
}

// letters is how long one drawing sends direct messages to many; the rest goes with the next one, so that the
// thread is not kept waiting.
const letters = 4 * time.Second

// moreLetters is when the next drawing goes on with them.
const moreLetters = time.Second
