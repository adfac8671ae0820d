package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ClaimDrawing takes the thread that has waited for longest, for as long as the lease; what is written down
// of the drawing renews it. One thread is drawn by one drawer at a time. It returns nil when no thread is due.
func (l *Ledger) ClaimDrawing(ctx context.Context, owner string, lease time.Duration) (*Drawing, error) {
	reply, err := l.run(ctx, call{script: "draw_claim", args: []any{owner, lease.Milliseconds()}})
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	parts, _ := reply.([]any)
	if len(parts) != 3 {
		return nil, fmt.Errorf("a drawing of %d parts", len(parts))
	}
	rec, err := recordOf(parts[0])
	if err != nil {
		return nil, fmt.Errorf("read drawing: %w", err)
	}
	f := fieldsOf(parts[0].([]any)[0])
	return &Drawing{
		Record: rec, Epoch: f.int("draw_epoch"), Posting: f["posting"] != "", Lines: entriesOf(parts[1]),
		lease: lease, last: text(parts[2]), said: f["said"],
	}, nil
}

// Posting says that a root card is about to be posted. If nothing follows, the next drawing knows that one
// may exist.
func (l *Ledger) Posting(ctx context.Context, d *Drawing) error {
	return l.mark(ctx, d, "posting", "1")
}

// Posted says where the root card stands.
func (l *Ledger) Posted(ctx context.Context, d *Drawing, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write message of %s: %w", d.ID, err)
	}
	if err := l.mark(ctx, d, "message", string(body), m.Link); err != nil {
		return err
	}
	d.Message, d.Posting = m, false
	return nil
}

// Said says that a line stands in the thread. Lines are said in their order.
func (l *Ledger) Said(ctx context.Context, d *Drawing, entryID string) error {
	if err := l.mark(ctx, d, "said", entryID); err != nil {
		return err
	}
	d.said = entryID
	return nil
}

// Told says that a direct message about it went out, by a word of the caller's, so that it goes out once. It
// stands in Record.Told from then on.
func (l *Ledger) Told(ctx context.Context, d *Drawing, what string) error {
	if len(strings.Fields(what)) != 1 {
		return fmt.Errorf("told of %s: %q is not one word", d.ID, what)
	}
	if err := l.mark(ctx, d, "told", what); err != nil {
		return err
	}
	if !slices.Contains(d.Record.Told, what) {
		d.Record.Told = append(d.Record.Told, what)
	}
	return nil
}

func (l *Ledger) mark(ctx context.Context, d *Drawing, field, value string, link ...string) error {
	_, err := l.run(ctx, call{script: "draw_mark", harmless: true, args: []any{
		string(d.ID), d.Epoch, d.lease.Milliseconds(), field, value, strings.Join(link, ""),
	}})
	return err
}

// Drawn ends a drawing. What changed since its record was read, or changes from now on, is drawn no sooner than
// again from now, unless the operation's state is another one by then: that is drawn at once.
func (l *Ledger) Drawn(ctx context.Context, d *Drawing, again time.Duration) error {
	said, more := d.last, 0
	if n := len(d.Lines); n > 0 && d.said != d.Lines[n-1].ID {
		said, more = "", 1 // some lines were not said
	}
	_, err := l.run(ctx, call{script: "draw_done", args: []any{
		string(d.ID), d.Epoch, d.Rev, string(d.State), again.Milliseconds(), said, more,
	}})
	return err
}

// DrawLater gives a drawing back: it is due again after in, and not sooner.
func (l *Ledger) DrawLater(ctx context.Context, d *Drawing, in time.Duration) error {
	_, err := l.run(ctx, call{script: "draw_later", args: []any{string(d.ID), d.Epoch, in.Milliseconds()}})
	return err
}

// Redraw asks for an operation's thread to be drawn again.
func (l *Ledger) Redraw(ctx context.Context, id ID) error {
	_, err := l.run(ctx, call{script: "redraw", harmless: true, args: []any{string(id)}})
	return err
}

// Note adds a line to an operation's thread outside of a turn.
func (l *Ledger) Note(ctx context.Context, id ID, line, tone string) error {
	_, err := l.run(ctx, call{script: "note", args: []any{string(id), line, tone}})
	return err
}
