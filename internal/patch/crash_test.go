package patch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestADyingWorkerDoublesNothing kills the worker before and after every write, and after the reads, of a
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
		w.wire.at = 0 // what follows only looks
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
	calls := w.wire.calls
	all := demises(calls)
	for _, n := range crashtest.Sample(t, len(all), 6) {
		d := all[n-1]
		t.Run(fmt.Sprintf("call %d %s before=%v", d.at, calls[d.at-1], d.before), func(t *testing.T) {
			w := begin(t)
			w.wire.at, w.wire.before = d.at, d.before
			check(w)
		})
	}
}

// demise is where a worker dies: at which call, and on which side of its effect.
type demise struct {
	at     int
	before bool
}

// demises are all that are worth dying: around every write, and after the reads that are not the same look once more.
func demises(calls []string) (all []demise) {
	for i, call := range calls {
		switch {
		case !reads(call):
			all = append(all, demise{i + 1, true}, demise{i + 1, false})
		case i < 6 || call != calls[i-3] || calls[i-3] != calls[i-6]:
			all = append(all, demise{at: i + 1}) // a read has no effect that could be lost
		}
	}
	return all
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
