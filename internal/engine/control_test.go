package engine_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// The controls leave out one thing that the design rests on. The harness has to notice: a harness that finds
// nothing wrong with them would find nothing wrong with us either.

// caught runs trials until one goes wrong as expected.
func caught(t *testing.T, want string, dies, freezes float64, spoil func(*trial)) {
	t.Helper()
	s := ledgertest.Mini(t)
	for seed := range uint64(80) {
		tr := newTrial(t, s, 2)
		spoil(tr)
		tr.chaos(seed, dies, freezes)
		for _, w := range tr.wrong() {
			if strings.Contains(w, want) {
				t.Logf("caught at seed %d: %s", seed, w)
				return
			}
		}
	}
	t.Errorf("80 runs, and nothing like %q was noticed", want)
}

func TestControlRandomTokens(t *testing.T) {
	t.Parallel()
	caught(t, "happened 2 times", 0.02, 0.02, func(tr *trial) {
		tr.token = func(engine.Turn) string { return rand.Text() }
	})
}

func TestControlWithoutFence(t *testing.T) {
	t.Parallel()
	caught(t, "2 times that it did", 0, 0.04, func(tr *trial) {
		tr.hook = func(s *ledgertest.Server) redis.Hook { return unfenced{s.Redis(), "{" + s.Prefix + "}:op:"} }
	})
}

// unfenced makes every checkpoint and end pass as that of the present turn.
type unfenced struct {
	redis *redis.Client
	op    string
}

// Where a script's call has the id of the operation, its epoch and its sequence.
const argID, argEpoch, argSeq = 10, 11, 12

func (u unfenced) DialHook(next redis.DialHook) redis.DialHook { return next }

func (u unfenced) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (u unfenced) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); len(args) > argSeq+4 && isNumber(args[argEpoch]) && isNumber(args[argSeq]) {
			now, err := u.redis.HMGet(ctx, u.op+fmt.Sprint(args[argID]), "epoch", "seq").Result()
			if err == nil {
				args[argEpoch], args[argSeq] = now[0], now[1]
			}
		}
		return next(ctx, cmd)
	}
}

func isNumber(v any) bool { _, ok := v.(int64); return ok }

func TestControlDecideThenEnqueue(t *testing.T) {
	t.Parallel()
	caught(t, "lost", 0.05, 0, func(tr *trial) {
		tr.decide = func(r *replica, id ledger.ID) error {
			ctx, tag := context.Background(), "{"+tr.s.Prefix+"}:"
			state, err := r.client.HGet(ctx, tag+"op:"+string(id), "state").Result()
			if err != nil || state != string(ledger.Pending) {
				return err
			}
			// Decided …
			err = r.client.HSet(ctx, tag+"op:"+string(id), "state", string(ledger.Running), "approvals", 2).Err()
			if err != nil {
				return err
			}
			// … and then handed to the queue, which is told when it is to run.
			score := redis.Z{Member: string(id)}
			return r.client.ZAdd(ctx, tag+"due", score).Err()
		}
	})
}

func TestControlNothingLeftOut(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, ledgertest.Mini(t), 2)
	if lives := tr.finish(crashtest.Never); lives != 1 {
		t.Errorf("got %d lives", lives)
	}
	if wrong := tr.wrong(); len(wrong) > 0 {
		t.Error(wrong)
	}
}
