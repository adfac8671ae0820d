package app_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// BenchmarkDecide measures the vote that reaches the quorum: it checks who votes, seats everybody, makes the
// operation runnable, takes the lock, and writes journal and chained audit, in one step. Beside it, in turns and
// by as many callers, bare SETs and a script that does nothing; and, where it is installed, redis-benchmark's own
// figures for both.
func BenchmarkDecide(b *testing.B) {
	if redisHere(b) {
		b.Run("redis", func(b *testing.B) { decide(b, ledgertest.Real(b)) })
	}
	b.Run("embedded", func(b *testing.B) { decide(b, ledgertest.Mini(b)) })
}

// meter is the time that one kind of call took, all together and each.
type meter struct {
	all  time.Duration
	each []time.Duration
}

func (m *meter) add(all time.Duration, each []time.Duration) {
	m.all, m.each = m.all+all, append(m.each, each...)
}

func (m *meter) perSecond() float64 { return float64(len(m.each)) / m.all.Seconds() }

func decide(b *testing.B, s *ledgertest.Server) {
	client := s.Client()
	b.Cleanup(func() { _ = client.Close() })
	l := ledger.New(client, ledger.Options{Prefix: s.Prefix})
	nothing := redis.NewScript("return 1")
	for _, callers := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d-callers", callers), func(b *testing.B) {
			var votes, sets, scripts meter
			for b.Loop() {
				for range rounds {
					votes.add(decided(b, l, callers, 1000))
					sets.add(timed(b, callers, 1000, func(ctx context.Context, i int) error { return set(ctx, client, s.Prefix, i) }))
					scripts.add(timed(b, callers, 1000, func(ctx context.Context, _ int) error {
						return nothing.Run(ctx, client, []string{"{" + s.Prefix + "}:none"}).Err()
					}))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(votes.perSecond(), "decide/s")
			b.ReportMetric(sets.perSecond(), "set/s")
			b.ReportMetric(scripts.perSecond(), "empty-script/s")
			b.ReportMetric(sets.perSecond()/votes.perSecond(), "decide/set-ratio")
			b.ReportMetric(scripts.perSecond()/votes.perSecond(), "decide/empty-script-ratio")
			b.ReportMetric(quantile(votes.each, .5), "decide-p50-ms")
			b.ReportMetric(quantile(votes.each, .99), "decide-p99-ms")
			if s.Real() {
				peer(b, s.Addr, callers)
			}
		})
	}
}

// peer reports what redis-benchmark measures on the same server right afterwards.
func peer(b *testing.B, addr string, callers int) {
	path, err := exec.LookPath("redis-benchmark")
	if err != nil {
		return
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		b.Fatal(err)
	}
	for name, command := range map[string][]string{
		"redis-benchmark-set/s":          {"-t", "set"},
		"redis-benchmark-empty-script/s": {"eval", "return 1", "0"},
	} {
		args := append([]string{"-h", host, "-p", port, "-n", "20000", "-c", strconv.Itoa(callers), "--csv"}, command...)
		out, err := exec.CommandContext(b.Context(), path, args...).Output()
		if err != nil {
			b.Fatalf("redis-benchmark: %v", err)
		}
		b.ReportMetric(firstFigure(b, string(out)), name)
	}
}

// firstFigure is the requests a second in the last line of redis-benchmark's CSV.
func firstFigure(b *testing.B, csv string) float64 {
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	fields := strings.Split(lines[len(lines)-1], `","`)
	if len(fields) < 2 {
		b.Fatalf("redis-benchmark said %q", csv)
	}
	n, err := strconv.ParseFloat(strings.Trim(fields[1], `"`), 64)
	if err != nil {
		b.Fatalf("redis-benchmark said %q: %v", csv, err)
	}
	return n
}

// BenchmarkDecideAmongMany measures the same decision while few and while many other requests are open, in turns.
func BenchmarkDecideAmongMany(b *testing.B) {
	if !redisHere(b) {
		b.Skip("there is no redis-server")
	}
	few, many := crowd(b, 10), crowd(b, 10_000)
	var among10, among10k meter
	for b.Loop() {
		for range rounds {
			among10.add(decided(b, few, 50, 1000))
			among10k.add(decided(b, many, 50, 1000))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(among10.perSecond(), "decide/s-of-10")
	b.ReportMetric(among10k.perSecond(), "decide/s-of-10000")
	b.ReportMetric(among10.perSecond()/among10k.perSecond(), "cost-ratio-10000/10")
	b.ReportMetric(quantile(among10.each, .99), "p99-ms-of-10")
	b.ReportMetric(quantile(among10k.each, .99), "p99-ms-of-10000")
}

// crowd is a ledger on a Redis of its own with n requests that stay open.
func crowd(b *testing.B, n int) *ledger.Ledger {
	b.Helper()
	s := ledgertest.Real(b)
	client := s.Client()
	b.Cleanup(func() { _ = client.Close() })
	l := ledger.New(client, ledger.Options{Prefix: s.Prefix})
	ask(b, l, n)
	return l
}

// decided submits n requests and measures the votes that decide them.
func decided(b *testing.B, l *ledger.Ledger, callers, n int) (all time.Duration, each []time.Duration) {
	b.Helper()
	ids := ask(b, l, n)
	vote := ledger.Vote{Actor: ledger.Actor{User: "U0SRE", Team: "T0HARBOUR"}, Choice: "approve", Fills: []int{0}}
	return timed(b, callers, n, func(ctx context.Context, i int) error {
		_, err := l.Vote(ctx, ids[i], -1, vote, "digest", ledger.VoteOptions{})
		return err
	})
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
			Rule: ledger.Rule{Name: "production", Needs: ledger.From(1, "sre"), ValidFor: time.Hour},
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
