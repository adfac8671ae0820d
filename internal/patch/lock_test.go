package patch

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestAServerIsBakedByOneAtATime: whoever bakes it has it, and the patch waits and says so; it gives it back once its
// image is there.
func TestAServerIsBakedByOneAtATime(t *testing.T) {
	w := newWorld(t)
	p := w.propose(w.both())
	bakes := p.Bake.Resource()
	w.locks.held[bakes] = "op-other00001"
	w.until("waits", func() bool { return w.data().Ahead != "" })
	for range 3 {
		w.turn()
	}
	if got := strings.Count(strings.Join(w.lines, "\n"), "waits for op-other00001, which is at work on it"); got != 1 {
		t.Errorf("got %d lines about it, want one:\n%s", got, strings.Join(w.lines, "\n"))
	}
	w.wantCard("waits for op-other00001", "<Pause op-test000001>", "<Cancel op-test000001>")
	if made := w.made(); len(made) > 0 {
		t.Errorf("got images %v while it waits", made)
	}
	delete(w.locks.held, bakes)
	w.until("bakes", func() bool { return w.locks.held[bakes] == w.rec.ID })
	w.until("rolls", w.at(1, "follow"))
	if who := w.locks.held[bakes]; who != "" {
		t.Errorf("%s still has the server", who)
	}
	w.finish(ledger.Succeeded)
}
