package notify

import (
	"context"
	"sync"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// hands makes sure that this process draws one thread with one hand at a time, and remembers what stands in
// Slack before it is written down. A long pause, a clock that jumps or a Redis that does not answer for a
// moment can take a drawing from its worker between the two; whoever draws next would say it again.
type hands struct {
	mu    sync.Mutex
	busy  map[ledger.ID]chan struct{}
	roots map[ledger.ID]ledger.Message
	lines map[line]bool
	last  map[ledger.ID]int64 // the newest drawing that had the hand
}

type line struct {
	op    ledger.ID
	entry string
}

// take waits until nobody here draws the thread, and keeps others from it until it is released. A drawing that a
// newer one has overtaken meanwhile is turned away: what it knows of the thread is old.
func (h *hands) take(ctx context.Context, id ledger.ID, epoch int64) (release func(), err error) {
	for {
		before, mine := h.queue(id)
		if before == nil && h.overtaken(id, epoch) {
			h.free(id, mine)
			return nil, ledger.ErrFenced
		}
		if before == nil {
			return func() { h.free(id, mine) }, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-before:
		}
	}
}

// queue returns what to wait for, or nil and what others now wait for.
func (h *hands) queue(id ledger.ID) (before, mine chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before, ok := h.busy[id]; ok {
		return before, nil
	}
	if h.busy == nil {
		h.busy, h.roots, h.lines = map[ledger.ID]chan struct{}{}, map[ledger.ID]ledger.Message{}, map[line]bool{}
	}
	mine = make(chan struct{})
	h.busy[id] = mine
	return nil, mine
}

// overtaken reports whether a newer drawing had the hand already, and remembers this one if not.
func (h *hands) overtaken(id ledger.ID, epoch int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last[id] > epoch {
		return true
	}
	if h.last == nil || len(h.last) >= mostNoticed {
		h.last = map[ledger.ID]int64{}
	}
	h.last[id] = epoch
	return false
}

func (h *hands) free(id ledger.ID, mine chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, id)
	close(mine)
}

// posted remembers a root card until wrote is called.
func (h *hands) posted(id ledger.ID, m ledger.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.roots[id] = m
}

func (h *hands) root(id ledger.ID) (ledger.Message, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, ok := h.roots[id]
	return m, ok
}

// said remembers a line until wrote is called.
func (h *hands) said(l line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines[l] = true
}

func (h *hands) stands(l line) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines[l]
}

// wrote forgets what the ledger remembers now; a root card has no entry.
func (h *hands) wrote(l line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.entry == "" {
		delete(h.roots, l.op)
		return
	}
	delete(h.lines, l)
}
