package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Claim takes the operation that has been due for longest, for as long as the lease: one that runs, or one that is
// held and may be let go. It returns nil when nothing is due. On its way it calls those again who are still
// missing, expires requests that had no votes in time, and gives operations to people whose workers vanished too
// often.
func (l *Ledger) Claim(ctx context.Context, owner string, lease time.Duration) (*Turn, error) {
	for {
		reply, err := l.run(ctx, call{script: "claim", args: []any{owner, lease.Milliseconds(), l.options.MaxClaims}})
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if parts, _ := reply.([]any); len(parts) == 3 {
			return turnOf(parts, lease)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func turnOf(parts []any, lease time.Duration) (*Turn, error) {
	rec, err := recordOf(parts[0])
	if err != nil {
		return nil, fmt.Errorf("read turn: %w", err)
	}
	signals, err := signalsOf(parts[1])
	if err != nil {
		return nil, fmt.Errorf("read turn of %s: %w", rec.ID, err)
	}
	f := fieldsOf(parts[0].([]any)[0])
	return &Turn{
		Record: rec, Epoch: f.int("epoch"), Cleared: f["cleared"] == "1", Signals: signals,
		Now: timeOf(text(parts[2])), Lease: lease,
	}, nil
}

// Checkpoint writes down what a turn decided and gives the claim back. The signals that the turn saw are
// gone then; one that came meanwhile makes the operation due at once. ErrFenced or ErrSeq: the turn was
// somebody else's already, and nothing is written.
func (l *Ledger) Checkpoint(ctx context.Context, t *Turn, m Mark) error {
	_, err := l.run(ctx, call{script: "checkpoint", args: []any{
		string(t.ID), t.Epoch, t.Seq, m.Step, given(m.Data), []byte(m.Data), m.In.Milliseconds(), m.Line, m.Tone, len(t.Signals), milliseconds(m.Until),
	}})
	return err
}

// milliseconds is a time as Redis counts it; 0: none.
func milliseconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// Retry gives a turn back whose attempt failed: its signals stay, and it is due again after in. When the
// limit of attempts is reached (0: none), the operation is stuck instead: it keeps its resource, and gets no
// turn before a person asks something of it. One that is held stays so.
func (l *Ledger) Retry(ctx context.Context, t *Turn, in time.Duration, trouble string, limit int) (stuck bool, err error) {
	reply, err := l.run(ctx, call{script: "retry", args: []any{
		string(t.ID), t.Epoch, t.Seq, in.Milliseconds(), plain(trouble), limit, len(t.Signals),
	}})
	n, _ := reply.(int64)
	return n == 1, err
}

// Extend keeps a turn for another lease from now.
func (l *Ledger) Extend(ctx context.Context, t *Turn, lease time.Duration) error {
	_, err := l.run(ctx, call{script: "extend", harmless: true, args: []any{string(t.ID), t.Epoch, lease.Milliseconds()}})
	return err
}

// Release gives a turn back that was not run, at shutdown: it is due at once and counts for nothing.
func (l *Ledger) Release(ctx context.Context, t *Turn) error {
	_, err := l.run(ctx, call{script: "release", args: []any{string(t.ID), t.Epoch, t.Seq}})
	return err
}

// Finish ends an operation and hands its resource to the next in line, which runs from then on. With
// ErrNotReplicated the end is written, and a replica has not confirmed it.
func (l *Ledger) Finish(ctx context.Context, t *Turn, e End) error {
	if !e.State.Final() {
		return fmt.Errorf("finish %s as %q, which is not an end", t.ID, e.State)
	}
	byPerson := 0
	if e.State == Cancelled || e.State == Undone {
		byPerson = 1
	}
	_, err := l.run(ctx, call{script: "finish", confirm: true, args: []any{
		string(t.ID), t.Epoch, t.Seq, string(e.State), given(e.Data), []byte(e.Data), e.Outcome, e.Tone, byPerson,
	}})
	return err
}

// given is 1 if there is data to replace what was kept.
func given(data []byte) int {
	if data == nil {
		return 0
	}
	return 1
}
