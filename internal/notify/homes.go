package notify

import (
	"context"
	"sync"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// noticed remembers how far Home tabs were told of operations by this process. What another process draws is told
// twice, which is harmless.
type noticed struct {
	mu  sync.Mutex
	all map[ledger.ID]seen
}

type seen struct {
	state   ledger.State
	version int64
	votes   int
}

const mostNoticed = 10_000

// fresh reports whether the record shows something that Home tabs do not have.
func (n *noticed) fresh(r ledger.Record) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := seen{r.State, r.Version, len(r.Votes)}
	if n.all[r.ID] == now {
		return false
	}
	if n.all == nil || len(n.all) >= mostNoticed {
		n.all = map[ledger.ID]seen{}
	}
	n.all[r.ID] = now
	return true
}

func (n *noticed) forget(id ledger.ID) {
	n.mu.Lock()
	delete(n.all, id)
	n.mu.Unlock()
}

// homes tells the Home tabs that an operation stands elsewhere now; how far it has come within a step is none of
// their business.
func (n *Notifier) homes(ctx context.Context, r ledger.Record) {
	if n.Homes == nil || !n.noticed.fresh(r) {
		return
	}
	if err := n.Homes.Changed(ctx); err != nil {
		n.noticed.forget(r.ID) // the next drawing tells it
		n.Log.Warn("home tabs are not told", "op", r.ID, "err", err)
	}
}
