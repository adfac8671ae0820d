package approvals

import (
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// forward has everybody agree to another rollout of the same, which comes to its end.
func (w *world) forward(t *testing.T, key string) ledger.Record {
	t.Helper()
	s := spec()
	s.Digest = key
	r := w.ask(t, key, s)
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	w.work(t)
	return w.get(t, r.ID)
}

// takeBack asks for an operation to be taken back, and says how many must agree.
func (w *world) takeBack(t *testing.T, key string, id ledger.ID) (ledger.Record, int) {
	t.Helper()
	s := back(id)
	s.Digest = key
	r := w.ask(t, key, s)
	return r, r.Rule.Quorum()
}

// TestTakingBackTakesBackTheLastOnly: one approver may take back what came last. To go back to before it when
// everybody has agreed to something else since would take that back too.
func TestTakingBackTakesBackTheLastOnly(t *testing.T) {
	w, first := rolled(t)
	second := w.forward(t, "second")
	if r, n := w.takeBack(t, "over the second", first.ID); n != 2 {
		t.Errorf("got %d for %s over what came after it, want everybody", n, r.About)
	}
	r, n := w.takeBack(t, "the second", second.ID)
	if n != 1 {
		t.Fatalf("got %d for the last one, want one", n)
	}
	w.approve(t, r.ID, sam)
	w.work(t)
	if _, n := w.takeBack(t, "the first, then", first.ID); n != 1 {
		t.Errorf("got %d with the second taken back, want one", n)
	}
	if _, n := w.takeBack(t, "the second again", second.ID); n != 2 {
		t.Errorf("got %d for what was taken back already, want everybody", n)
	}
}

// TestATakeBackThatFailedIsTriedAgainByOne, for nothing is agreed on anew; what took back a take-back is not.
func TestATakeBackThatFailedIsTriedAgainByOne(t *testing.T) {
	w, first := rolled(t)
	r, _ := w.takeBack(t, "back", first.ID)
	w.approve(t, r.ID, sam)
	if _, err := w.Signal(t.Context(), r.ID, -1, sam, "cancel", ""); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if got := w.get(t, r.ID); got.State != ledger.Cancelled {
		t.Fatalf("got %s, want the take-back cancelled", got.State)
	}
	again, n := w.takeBack(t, "again", r.ID)
	if n != 1 {
		t.Fatalf("got %d to try it again, want one", n)
	}
	w.approve(t, again.ID, sam)
	w.work(t)
	if _, n := w.takeBack(t, "forth", again.ID); n != 2 {
		t.Errorf("got %d to go forward again, want everybody", n)
	}
}
