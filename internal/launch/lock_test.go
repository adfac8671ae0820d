package launch

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestAServerIsBakedByOneAtATime: whoever bakes it has it, and the launch waits and says so; it gives it back once its
// image is there.
func TestAServerIsBakedByOneAtATime(t *testing.T) {
	w := newWorld(t)
	p := w.propose(w.fifty())
	w.locks[p.Bake.Resource()] = "op-other00001"
	w.until("waits", func() bool { return w.data().Ahead != "" })
	for range 3 {
		w.turn()
	}
	if got := strings.Count(strings.Join(w.lines, "\n"), "waits for op-other00001, which is at work on it"); got != 1 {
		t.Errorf("got %d lines about it, want one:\n%s", got, strings.Join(w.lines, "\n"))
	}
	if got := w.drawn(); !strings.Contains(got, "waits for op-other00001") {
		t.Errorf("got card:\n%s\nwant whom it waits for", got)
	}
	w.wantStands("shared-lt v2, 0 images")
	delete(w.locks, p.Bake.Resource())
	w.until("bakes", func() bool { return w.locks[p.Bake.Resource()] == w.rec.ID })
	w.until("goes on", w.at(stepGroup))
	if who := w.locks[p.Bake.Resource()]; who != "" {
		t.Errorf("%s still has the server", who)
	}
	w.finish(ledger.Succeeded)
}

// TestCancelledWhileItWaitsForTheServer: nothing is made.
func TestCancelledWhileItWaitsForTheServer(t *testing.T) {
	w := newWorld(t)
	p := w.propose(w.fifty())
	w.locks[p.Bake.Resource()] = "op-other00001"
	w.until("waits", func() bool { return w.data().Ahead != "" })
	w.ask("cancel", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome("before anything was made")
	w.wantStands("shared-lt v2, 0 images")
}
