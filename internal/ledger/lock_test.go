package ledger_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestTwoReplicasAndOneLock: replicas that share nothing but Redis start work on the same resource at the same
// moment, again and again. One of them has it, the others stand in line, and everybody comes to their turn once.
func TestTwoReplicasAndOneLock(t *testing.T) {
	each(t, func(d *desk) {
		const replicas = 4
		for round := range 25 {
			var wg sync.WaitGroup
			gun := make(chan struct{})
			for i := range replicas {
				own := d.s.Client()
				l := ledger.New(own, ledger.Options{Prefix: d.s.Prefix})
				wg.Go(func() {
					defer func() { _ = own.Close() }()
					<-gun
					if _, _, err := l.Submit(d.ctx, proposal(fmt.Sprint(round, " by ", i), 0)); err != nil {
						d.t.Error(err)
					}
				})
			}
			close(gun)
			wg.Wait()
			for left := replicas; left > 0; left-- {
				count := map[ledger.State]int{}
				for i := range replicas {
					count[d.get(ledger.IDOf(fmt.Sprint(round, " by ", i))).State]++
				}
				if count[ledger.Running] != 1 || count[ledger.Waiting] != left-1 {
					d.t.Fatalf("round %d: got %v, want one that runs and %d that wait", round, count, left-1)
				}
				turn := d.must()
				if other := d.claim(); other != nil {
					d.t.Fatalf("round %d: %s and %s have a turn at once", round, turn.ID, other.ID)
				}
				d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Succeeded}))
			}
		}
	})
}
