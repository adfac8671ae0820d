package patch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestADyingWorkerDoublesNothing kills the worker before and after every write, and after a sample of the reads, of a
// patch of two groups with a test. Whatever it is: one image, one machine for the test that is gone afterwards, one
// version and one refresh of each group.
func TestADyingWorkerDoublesNothing(t *testing.T) {
	begin := func(t *testing.T) *world {
		w := newWorld(t)
		w.poll = time.Minute
		w.propose(w.full())
		w.wire.calls = nil
		return w
	}
	check := func(w *world) {
		w.t.Helper()
		w.finish(ledger.Succeeded)
		if made := w.made(); len(made) != 1 || w.golden.now.Image != made[0].ID {
			w.t.Errorf("got %d images, want 1: %+v", len(made), made)
		}
		w.wantRuns("web", "[v2:3]")
		w.wantRuns("api", "[v2:2]")
		w.wantRefreshes("web", "Successful")
		w.wantRefreshes("api", "Successful")
		if _, all := w.machines(); all != 1 || w.sent != 1 {
			w.t.Errorf("got %d machines for the test and %d tests, want one of each", all, w.sent)
		}
	}
	w := begin(t)
	check(w)
	for i, call := range w.wire.calls {
		write := !reads(call)
		if !write && (i%9 != 0 || testing.Short()) {
			continue
		}
		for _, before := range []bool{false, true} {
			if before && !write {
				continue // a read has no effect that could be lost
			}
			t.Run(fmt.Sprintf("call %d %s before=%v", i+1, call, before), func(t *testing.T) {
				w := begin(t)
				w.wire.at, w.wire.before = i+1, before
				check(w)
			})
		}
	}
}

func reads(call string) bool {
	for _, verb := range []string{"Describe", "Get", "List"} {
		if strings.HasPrefix(call, verb) {
			return true
		}
	}
	return false
}

// TestALostTurnDoublesNothing: the worker does all of a turn and dies before that is written down, at every turn.
func TestALostTurnDoublesNothing(t *testing.T) {
	w := newWorld(t)
	w.poll = time.Minute
	w.propose(w.full())
	w.onTurn = func(n int) bool { return n%2 == 1 }
	w.finish(ledger.Succeeded)
	if made := w.made(); len(made) != 1 {
		t.Errorf("got %d images", len(made))
	}
	w.wantRefreshes("web", "Successful")
	w.wantRefreshes("api", "Successful")
	if _, all := w.machines(); all != 1 || w.sent != 1 {
		t.Errorf("got %d machines for the test and %d tests, want one of each", all, w.sent)
	}
}
