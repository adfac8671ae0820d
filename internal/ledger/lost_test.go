package ledger_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// lossy loses the reply to the next script.
type lossy struct{ armed bool }

func (l *lossy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lossy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lossy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "evalsha" && err == nil && l.armed {
			l.armed = false
			err = io.ErrUnexpectedEOF
			cmd.SetErr(err)
		}
		return err
	}
}

// TestLostReplies: what may be repeated is repeated, and what may not is told to the caller, who finds out by
// asking.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	d := newDesk(t, s, ledger.Options{})
	d.submit("known", 1) // so that Redis knows the scripts
	_, err := d.vote(ledger.IDOf("known"), "U1", "approve")
	d.ok(err)
	d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded}))

	client, loss := s.Client(), &lossy{}
	defer client.Close()
	client.AddHook(loss)
	d.Ledger = ledger.New(client, ledger.Options{Prefix: s.Prefix})

	loss.armed = true
	rec, _, err := d.Submit(d.ctx, proposal("web", 1))
	if err != nil || rec.State != ledger.Pending {
		t.Errorf("submit: got %s, %v", rec.State, err)
	}
	loss.armed = true
	vote := ledger.Vote{Actor: person("U1"), Choice: "approve", Fills: []int{0}}
	if _, err := d.Vote(d.ctx, rec.ID, -1, vote, rec.Digest, ledger.VoteOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("vote: got %v", err)
	}
	_, err = d.vote(rec.ID, "U1", "approve")
	if _, ok := errors.AsType[*ledger.DecidedError](err); !ok {
		t.Errorf("the vote was lost with its reply: got %v", err)
	}
	loss.armed = true
	if turn, err := d.Claim(d.ctx, "w", lease); turn != nil || err == nil {
		t.Errorf("claim: got %v, %v", turn, err)
	}
	if d.claim() != nil {
		t.Error("a turn that somebody may hold was given away")
	}
	s.Pass(t, lease+time.Second)
	d.want("after the lease", d.must().ID, rec.ID)
	loss.armed = true
	d.want("get", d.get(rec.ID).State, ledger.Running)
}
