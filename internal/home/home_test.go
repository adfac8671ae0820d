package home

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test on every kind of Redis.
func each(t *testing.T, test func(t *testing.T, s *ledgertest.Server)) {
	t.Parallel()
	ledgertest.Each(t, test)
}

// open returns homes that wait for little.
func open(s *ledgertest.Server, o Options) *Homes {
	o.Prefix, o.Log = s.Prefix, slog.New(slog.DiscardHandler)
	for _, d := range []*time.Duration{&o.Settle, &o.Pause, &o.Idle, &o.Again} {
		if *d == 0 {
			*d = time.Millisecond
		}
	}
	return New(s.Redis(), o)
}

func (h *Homes) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wall is where tabs are drawn.
type wall struct {
	mu   sync.Mutex
	tabs map[string]int // how often each was drawn
	fail func(user string, times int) (time.Duration, error)
}

func (w *wall) draw(_ context.Context, user, team string) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tabs == nil {
		w.tabs = map[string]int{}
	}
	w.tabs[user+"@"+team]++
	if w.fail != nil {
		return w.fail(user, w.tabs[user+"@"+team])
	}
	return 0, nil
}

func (w *wall) drawn() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, who := range slices.Sorted(maps.Keys(w.tabs)) {
		all = append(all, fmt.Sprintf("%s:%d", who, w.tabs[who]))
	}
	return fmt.Sprint(all)
}

// run draws on so many replicas until nothing is due any more.
func run(t *testing.T, h *Homes, replicas int, draw Draw) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range replicas {
		wg.Go(func() { h.Run(ctx, draw) })
	}
	defer func() { cancel(); wg.Wait() }()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if n, err := h.redis.ZCard(ctx, h.keys[1]).Result(); err == nil && n == 0 {
			return
		}
	}
	t.Fatal("tabs are due after ten seconds")
}

func TestWhoHasLookedIsKeptInStep(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h, w := open(s, Options{Remember: 250 * time.Millisecond, Most: 3}), &wall{}
		h.must(t, h.Opened(t.Context(), "UOLD", "T1"))
		h.must(t, h.Changed(t.Context()))
		time.Sleep(300 * time.Millisecond)
		for _, user := range []string{"U1", "U2", "U3", "U4", "U2"} {
			h.must(t, h.Opened(t.Context(), user, "T1"))
			time.Sleep(2 * time.Millisecond)
		}
		h.must(t, h.Changed(t.Context()))
		run(t, h, 1, w.draw)
		if got, want := w.drawn(), "[U2@T1:1 U3@T1:1 U4@T1:1]"; got != want {
			t.Errorf("got %s, want %s: neither who looked long ago nor more than the last three", got, want)
		}
	})
}

func TestABurstOfChangesIsDrawnOnceByAllReplicas(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h, w := open(s, Options{Settle: 50 * time.Millisecond}), &wall{}
		want := []string{}
		for i := range 5 {
			h.must(t, h.Opened(t.Context(), fmt.Sprintf("U%d", i), "T1"))
			want = append(want, fmt.Sprintf("U%d@T1:1", i))
		}
		for range 10 {
			h.must(t, h.Changed(t.Context()))
		}
		run(t, h, 3, w.draw)
		if got := w.drawn(); got != fmt.Sprint(want) {
			t.Errorf("got %s, want each once", got)
		}
	})
}

func TestAChangeDuringADrawingIsDrawnToo(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h, w := open(s, Options{}), &wall{}
		w.fail = func(_ string, times int) (time.Duration, error) {
			if times == 1 {
				return 0, h.Changed(context.WithoutCancel(t.Context()))
			}
			return 0, nil
		}
		h.must(t, h.Opened(t.Context(), "U1", "T1"))
		h.must(t, h.Changed(t.Context()))
		run(t, h, 1, w.draw)
		if got := w.drawn(); got != "[U1@T1:2]" {
			t.Errorf("got %s, want it drawn once more", got)
		}
	})
}

func TestADrawingThatFailsIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h, w := open(s, Options{}), &wall{}
		w.fail = func(user string, times int) (time.Duration, error) {
			if user == "U1" && times < 3 {
				return time.Duration(times) * time.Millisecond, errors.New("not now")
			}
			return 0, nil
		}
		h.must(t, h.Opened(t.Context(), "U1", "T1"))
		h.must(t, h.Opened(t.Context(), "U2", "T1"))
		h.must(t, h.Changed(t.Context()))
		run(t, h, 1, w.draw)
		if got := w.drawn(); got != "[U1@T1:3 U2@T1:1]" {
			t.Errorf("got %s, want U1 tried until it worked", got)
		}
	})
}

// TestARestIsKeptByAll: when Slack wants a rest, no replica draws before it is over.
func TestARestIsKeptByAll(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h := open(s, Options{})
		h.must(t, h.Opened(t.Context(), "U1", "T1"))
		h.must(t, h.Opened(t.Context(), "U2", "T1"))
		h.must(t, h.Later(t.Context(), "U2", "T1", 0))
		h.must(t, h.later(t.Context(), member("U1", "T1"), time.Hour, true))
		if viewer, _, err := h.claim(t.Context()); err != nil || viewer != "" {
			t.Errorf("got %q, %v, want nobody drawn during the rest", viewer, err)
		}
	})
}

func TestADeadReplicasTabIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h, w := open(s, Options{Lease: 80 * time.Millisecond}), &wall{}
		h.must(t, h.Opened(t.Context(), "U1", "T1"))
		h.must(t, h.Later(t.Context(), "U1", "T1", 0))
		viewer, till, err := h.claim(t.Context())
		if err != nil || viewer == "" {
			t.Fatalf("got %q, %v, want a tab", viewer, err)
		}
		time.Sleep(2 * time.Millisecond)
		if again, _, err := h.claim(t.Context()); err != nil || again != "" {
			t.Errorf("got %q, %v, want it left to who draws it", again, err)
		}
		run(t, h, 1, w.draw)
		if got := w.drawn(); got != "[U1@T1:1]" {
			t.Errorf("got %s, want it drawn by another", got)
		}
		if _, err := h.run(t.Context(), "drawn", viewer, till); err != nil {
			t.Errorf("got %v for the dead one's late word, want it ignored", err)
		}
	})
}

func TestPace(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		h := open(s, Options{Pause: time.Hour})
		for _, user := range []string{"U1", "U2"} {
			h.must(t, h.Opened(t.Context(), user, "T1"))
			h.must(t, h.Later(t.Context(), user, "T1", 0))
		}
		first, _, err := h.claim(t.Context())
		second, _, err2 := h.claim(t.Context())
		if err != nil || err2 != nil || first == "" || second != "" {
			t.Errorf("got %q then %q (%v, %v), want one tab in each pause", first, second, err, err2)
		}
	})
}
