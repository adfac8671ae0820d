package notify

import (
	"errors"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestAnOvertakenDrawingIsTurnedAway: it may have waited while a newer one said what it still holds for unsaid.
func TestAnOvertakenDrawingIsTurnedAway(t *testing.T) {
	var h hands
	for _, c := range []struct {
		epoch int64
		want  error
	}{{1, nil}, {3, nil}, {2, ledger.ErrFenced}, {3, nil}} {
		release, err := h.take(t.Context(), "op-1", c.epoch)
		if !errors.Is(err, c.want) {
			t.Errorf("epoch %d: got %v, want %v", c.epoch, err, c.want)
		}
		if err == nil {
			release()
		}
	}
}
