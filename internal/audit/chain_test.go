package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// sound checks that everything in a log verifies, and returns what was found.
func sound(t *testing.T, log *audit.Log) audit.Report {
	t.Helper()
	all, head := export(t, log)
	r := verify(t, all, head)
	if r.Break != nil || r.Entries != len(all) {
		t.Fatalf("got %+v (%v), want %d sound entries", r, r.Break, len(all))
	}
	return r
}

// TestManyWritersNeverForkTheChain: logs, ledgers and seals write at once, from several clients.
func TestManyWritersNeverForkTheChain(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		var wg sync.WaitGroup
		for w := range 4 {
			c := s.Client()
			t.Cleanup(func() { _ = c.Close() })
			log, records := audit.New(c, audit.Key(s.Prefix)), ledger.New(c, ledger.Options{Prefix: s.Prefix})
			wg.Go(func() {
				for i := range 15 {
					if err := writeSome(t.Context(), log, records, fmt.Sprintf("op-%d-%d", w, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		log := audit.New(s.Redis(), audit.Key(s.Prefix))
		seal(t, log)
		r := sound(t, log)
		if !r.Whole || r.Seals < 1 || r.Entries < 4*15*5 || r.Sealed != r.Last.N-1 {
			t.Errorf("got %+v, want a whole chain of all that was written", r)
		}
	})
}

// writeSome takes a request from its proposal to its start, and adds an event and maybe a seal.
func writeSome(ctx context.Context, log *audit.Log, records *ledger.Ledger, id string) error {
	_, _, err := records.Submit(ctx, ledger.Proposal{
		ID: ledger.ID(id), Kind: "rollout", Step: "check", Title: "Roll " + id, Channel: "C1", Requester: ledger.Actor{User: "U1", Team: "T1"},
		Digest: id, Rule: ledger.Rule{Name: "prod", Needs: ledger.From(1), ValidFor: time.Hour},
	})
	if err != nil {
		return err
	}
	v := ledger.Vote{Actor: ledger.Actor{User: "U2", Team: "T1"}, Choice: "approve", Fills: []int{0}}
	if _, err := records.Vote(ctx, ledger.ID(id), -1, v, id, ledger.VoteOptions{}); err != nil {
		return err
	}
	if err := log.Append(ctx, audit.Event{Kind: "command", Op: id}); err != nil {
		return err
	}
	if strings.HasSuffix(id, "7") {
		_, err = log.Seal(ctx)
	}
	return err
}

func TestASealIsWrittenOnceAndOnlyForWhatIsNew(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log := audit.New(s.Redis(), audit.Key(s.Prefix))
		if head := seal(t, log); head != (audit.Head{}) {
			t.Errorf("got %s from an empty audit, want nothing", head)
		}
		fill(t, log, 0, 600) // more than is read at once
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { seal(t, log) })
		}
		wg.Wait()
		if head := seal(t, log); head.N != 601 {
			t.Errorf("got %s, want one seal, number 601", head)
		}
		fill(t, log, 0, 1)
		if head := seal(t, log); head.N != 603 {
			t.Errorf("got %s, want a second seal, number 603", head)
		}
		if r := sound(t, log); r.Seals != 2 || r.Sealed != 602 {
			t.Errorf("got %+v, want two seals up to 602", r)
		}
	})
}

// TestALostHeadIsFoundAgain: the stream alone is enough to go on, with its seals.
func TestALostHeadIsFoundAgain(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log := audit.New(s.Redis(), audit.Key(s.Prefix))
		fill(t, log, 0, 5)
		seal(t, log)
		fill(t, log, 0, 3)
		if err := s.Redis().Del(t.Context(), audit.Key(s.Prefix)+":head").Err(); err != nil {
			t.Fatal(err)
		}
		fill(t, log, 0, 2)
		seal(t, log)
		if r := sound(t, log); r.Entries != 12 || !r.Whole || r.Seals != 2 || r.Sealed != 11 {
			t.Errorf("got %+v, want 12 entries under two seals", r)
		}
	})
}

// TestWhatIsWrittenByHandStopsNobody: it is found, and the bot works on.
func TestWhatIsWrittenByHandStopsNobody(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log := audit.New(s.Redis(), audit.Key(s.Prefix))
		fill(t, log, 0, 2)
		add := redis.XAddArgs{Stream: audit.Key(s.Prefix), ID: "99999999999999-5", Values: []string{"at", "1", "kind", "approved", "op", "op-1"}}
		if err := s.Redis().XAdd(t.Context(), &add).Err(); err != nil {
			t.Fatal(err)
		}
		fill(t, log, 0, 2)
		all, head := export(t, log)
		if head.N != 4 {
			t.Errorf("got %s, want the chain to go on with number 4", head)
		}
		wantBreak(t, verify(t, all, head), 3, "inserted behind entry 2")
	})
}

// TestWhatCameBeforeTheChainIsToldApart: an audit that was begun without one goes on with one.
func TestWhatCameBeforeTheChainIsToldApart(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	log := audit.New(s.Redis(), audit.Key(s.Prefix))
	for range 2 {
		add := redis.XAddArgs{Stream: audit.Key(s.Prefix), Values: []string{"at", "1", "kind", "command"}}
		if err := s.Redis().XAdd(t.Context(), &add).Err(); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, log, 0, 2)
	seal(t, log)
	all, head := export(t, log)
	if r := verify(t, all, head); r.Break != nil || r.Unchained != 2 || r.Entries != 3 || !r.Whole || r.Seals != 1 {
		t.Errorf("got %+v, want 2 entries before 3 sound ones", r)
	}
}

// TestOneOperationsStory: Of tells one operation's events, whoever wrote them, and forgets what was trimmed.
func TestOneOperationsStory(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log, records := audit.New(s.Redis(), audit.Key(s.Prefix)), ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix})
		fill(t, log, 0, 30)
		for _, id := range []string{"op-a", "op-b"} {
			if err := writeSome(t.Context(), log, records, id); err != nil {
				t.Fatal(err)
			}
		}
		want := "[proposed vote approved started command]"
		if got := kinds(t, log, "op-a"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := kinds(t, log, "op-nowhere"); got != "[]" {
			t.Errorf("got %s of an unknown operation", got)
		}
		if _, err := log.Trim(t.Context(), audit.Who{User: "U1"}, cut(t, log)); err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, log, "op-a"); got != "[]" {
			t.Errorf("got %s of a trimmed operation", got)
		}
		if n := s.Redis().Exists(t.Context(), audit.Key(s.Prefix)+":of:op-a").Val(); n != 0 {
			t.Error("its list stays behind")
		}
	})
}

func kinds(t *testing.T, log *audit.Log, op string) string {
	t.Helper()
	events, err := log.Of(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return fmt.Sprint(all)
}

// cut is a moment behind everything written so far.
func cut(t *testing.T, log *audit.Log) time.Time {
	t.Helper()
	seal(t, log)
	return behind(t, log)
}

// behind is the same without a seal.
func behind(t *testing.T, log *audit.Log) time.Time {
	t.Helper()
	all, _ := export(t, log)
	var last audit.Event
	if err := audit.ReadExport(strings.NewReader(strings.Join(all, "")), func(e audit.Event) error { last = e; return nil }); err != nil {
		t.Fatal(err)
	}
	at := last.At.Add(2 * time.Millisecond)
	<-time.After(time.Until(at.Add(time.Millisecond))) // the server's clock is ours
	return at
}

// TestWhatIsLeftAfterTrimmingVerifies, trimmed once and twice, and an export of the last days too.
func TestWhatIsLeftAfterTrimmingVerifies(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log, by := audit.New(s.Redis(), audit.Key(s.Prefix)), audit.Who{User: "U1", Team: "T1"}
		fill(t, log, 0, 8)
		for round := range 2 {
			at := cut(t, log)
			fill(t, log, 0, 6)
			seal(t, log)
			fill(t, log, 0, 2)
			n, err := log.Trim(t.Context(), by, at)
			if err != nil || n == 0 {
				t.Fatalf("got %d, %v, want the number of the last entry trimmed", n, err)
			}
			r := sound(t, log)
			if !r.Whole || r.First != n+1 || r.Seals != 1 || r.Partial != 1 {
				t.Errorf("round %d: got %+v, want it whole from %d on, one seal checked and one that covers more", round, r, n+1)
			}
		}
		all, head := export(t, log)
		if e := decoded(t, all[len(all)-1]); e["kind"] != "trimmed" || !strings.Contains(e["who"], "U1") {
			t.Errorf("got %v, want to read who trimmed it", e)
		}
		if r := verify(t, all[3:], head); r.Break != nil || r.Whole {
			t.Errorf("got %+v, want it sound and not whole: more is missing than was trimmed", r)
		}
		if n, err := log.Trim(t.Context(), by, time.Now().Add(-time.Hour)); n != 0 || err != nil {
			t.Errorf("got %d, %v, want nothing to trim", n, err)
		}
		if _, err := log.Trim(t.Context(), by, time.Now().Add(time.Hour)); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want it refused", err)
		}
	})
}

// TestTrimmingBetweenTwoSealsVerifies: what the first seal that is left follows may have been dropped long before.
func TestTrimmingBetweenTwoSealsVerifies(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	log := audit.New(s.Redis(), audit.Key(s.Prefix))
	fill(t, log, 0, 4)
	moments := []time.Time{cut(t, log)}
	for range 2 {
		fill(t, log, 0, 2)
		moments = append(moments, behind(t, log))
	}
	fill(t, log, 0, 2)
	for i, at := range moments {
		if n, err := log.Trim(t.Context(), audit.Who{}, at); n == 0 || err != nil {
			t.Fatalf("got %d, %v, want something trimmed", n, err)
		}
		if r := sound(t, log); !r.Whole {
			t.Errorf("after trimming %d times: got %+v, want it whole", i+1, r)
		}
	}
}

func TestAnExportOfTheLastDaysVerifies(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	log := audit.New(s.Redis(), audit.Key(s.Prefix))
	fill(t, log, 0, 5)
	s.Pass(t, 24*time.Hour)
	fill(t, log, 5, 1)
	seal(t, log)
	s.Pass(t, 24*time.Hour)
	fill(t, log, 6, 4)
	seal(t, log)
	var out bytes.Buffer
	n, head, err := log.Export(t.Context(), &out, time.Now().Add(36*time.Hour))
	if err != nil || n != 5 {
		t.Fatalf("got %d entries, %v; want 5", n, err)
	}
	r, err := audit.Verify(&out, head)
	if err != nil || r.Break != nil || r.Whole || r.First != 8 || r.Partial != 1 {
		t.Errorf("got %+v, %v; want it sound from 8 on, with a seal that covers more", r, err)
	}
}
