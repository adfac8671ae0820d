package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// BenchmarkDecide measures the vote that reaches the quorum: it checks who votes, makes the operation runnable, takes
// the lock, and writes journal and audit, in one step. Beside it, in turns, bare SETs by as many callers.
func BenchmarkDecide(b *testing.B) {
	if redisHere(b) {
		b.Run("redis", func(b *testing.B) { decide(b, ledgertest.Real(b)) })
	}
	b.Run("embedded", func(b *testing.B) { decide(b, ledgertest.Mini(b)) })
}

func decide(b *testing.B, s *ledgertest.Server) {
	client := s.Client()
	b.Cleanup(func() { _ = client.Close() })
	l := ledger.New(client, ledger.Options{Prefix: s.Prefix})
	for _, callers := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d-callers", callers), func(b *testing.B) {
			var votes, sets []time.Duration
			var voting, setting time.Duration
			for b.Loop() {
				for range rounds {
					ids := ask(b, l, 1000)
					took, each := timed(b, callers, len(ids), func(ctx context.Context, i int) error {
						_, err := l.Vote(ctx, ids[i], -1, ledger.Vote{Actor: ledger.Actor{User: "U0SRE", Team: "T0HARBOUR"}, Choice: "approve"}, "digest")
						return err
					})
					voting, votes = voting+took, append(votes, each...)
					took, each = timed(b, callers, len(ids), func(ctx context.Context, i int) error { return set(ctx, client, s.Prefix, i) })
					setting, sets = setting+took, append(sets, each...)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(len(votes))/voting.Seconds(), "decide/s")
			b.ReportMetric(float64(len(sets))/setting.Seconds(), "set/s")
			b.ReportMetric(voting.Seconds()/setting.Seconds(), "decide-ratio")
			b.ReportMetric(quantile(votes, .5), "decide-p50-ms")
			b.ReportMetric(quantile(votes, .99), "decide-p99-ms")
		})
	}
}

// ask submits n requests, each for a resource of its own, which one vote decides.
func ask(b *testing.B, l *ledger.Ledger, n int) []ledger.ID {
	b.Helper()
	ids := make([]ledger.ID, n)
	_, _ = timed(b, 16, n, func(ctx context.Context, i int) error {
		ids[i] = ledger.IDOf(fmt.Sprint(time.Now().UnixNano(), i))
		_, _, err := l.Submit(ctx, ledger.Proposal{
			ID: ids[i], Kind: "rollout", Step: "check", Title: "Roll web to ami-0b2", Resource: string(ids[i]), Channel: "C0DEPLOYS",
			Requester: ledger.Actor{User: "U0DEV", Team: "T0HARBOUR"}, Payload: []byte(`{"group":"web","image":"ami-0b2"}`), Digest: "digest",
			Rule: ledger.Rule{Name: "production", Needs: ledger.From(1), ValidFor: time.Hour},
		})
		return err
	})
	return ids
}

func set(ctx context.Context, client *redis.Client, prefix string, i int) error {
	return client.Set(ctx, fmt.Sprintf("{%s}:bare:%d", prefix, i), "1", 0).Err()
}

// timed does something n times by a number of callers, and tells how long all and each took.
func timed(b *testing.B, callers, n int, do func(context.Context, int) error) (all time.Duration, each []time.Duration) {
	b.Helper()
	each = make([]time.Duration, n)
	group, ctx := errgroup.WithContext(b.Context())
	began := time.Now()
	for first := range callers {
		group.Go(func() error {
			for i := first; i < n; i += callers {
				start := time.Now()
				if err := do(ctx, i); err != nil {
					return err
				}
				each[i] = time.Since(start)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began), each
}
