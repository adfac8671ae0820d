package ledger_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// again asks for the same as name did, by another request.
func (d *desk) again(key, name string, n int) ledger.Record {
	d.t.Helper()
	p := proposal(key, n)
	p.Digest = digest(name)
	rec, _, err := d.Submit(d.ctx, p)
	d.ok(err)
	return rec
}

func TestTheSameAskedByManyAtOnceIsOneOperation(t *testing.T) {
	each(t, func(d *desk) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		got, fresh := map[ledger.ID]bool{}, 0
		for i := range 20 {
			wg.Go(func() {
				p := proposal(fmt.Sprint("key ", i), 1)
				p.Digest = digest("web")
				rec, first, err := d.Submit(d.ctx, p)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					d.t.Error(err)
				}
				if got[rec.ID] = true; first {
					fresh++
				}
			})
		}
		wg.Wait()
		open, err := d.Open(d.ctx)
		d.ok(err)
		d.want("operations answered, new ones, open ones", fmt.Sprint(len(got), fresh, len(open)), "1 1 1")
	})
}

func TestOnlyTheVerySameIsAskedOnce(t *testing.T) {
	each(t, func(d *desk) {
		first := d.submit("web", 1)
		for name, change := range map[string]func(*ledger.Proposal){
			"kind":      func(p *ledger.Proposal) { p.Kind = "rollback" },
			"resource":  func(p *ledger.Proposal) { p.Resource = "1/eu/asg/worker" },
			"plan":      func(p *ledger.Proposal) { p.Digest = "another" },
			"no digest": func(p *ledger.Proposal) { p.Digest = "" },
			"neither":   func(p *ledger.Proposal) { p.Digest = "" },
		} {
			p := proposal(name, 1)
			p.Digest = first.Digest
			change(&p)
			rec, fresh, err := d.Submit(d.ctx, p)
			d.ok(err)
			d.want(name, fmt.Sprint(rec.ID, fresh), fmt.Sprint(p.ID, true))
		}
	})
}

func TestTheSameWaitsAndRunsOnce(t *testing.T) {
	each(t, func(d *desk) {
		runs := d.submit("runs", 0)
		waits := d.submit("waits", 0)
		d.want("running", d.again("k1", "runs", 0).ID, runs.ID)
		d.want("waiting", d.again("k2", "waits", 0).ID, waits.ID)
		d.want("state", d.get(waits.ID).State, ledger.Waiting)
	})
}

func TestWhatIsOverIsAskedAfresh(t *testing.T) {
	for name, end := range map[string]func(d *desk, id ledger.ID){
		"denied": func(d *desk, id ledger.ID) {
			_, err := d.vote(id, "U1", "deny")
			d.ok(err)
		},
		"withdrawn": func(d *desk, id ledger.ID) {
			_, err := d.Withdraw(d.ctx, id, person("UREQ"), "")
			d.ok(err)
		},
		"expired and not swept": func(d *desk, _ ledger.ID) { d.s.Pass(d.t, 2*time.Hour) },
		"expired and swept": func(d *desk, _ ledger.ID) {
			d.s.Pass(d.t, 2*time.Hour)
			d.claim()
		},
		"finished": func(d *desk, id ledger.ID) {
			_, err := d.vote(id, "U1", "approve")
			d.ok(err)
			d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Failed}))
		},
		"stuck": func(d *desk, id ledger.ID) { d.stick(id) },
		"given up": func(d *desk, id ledger.ID) {
			d.stick(id)
			_, err := d.Abandon(d.ctx, id, person("U1"), "")
			d.ok(err)
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			each(t, func(d *desk) {
				first := d.submit("web", 1).ID
				end(d, first)
				second := d.again("key", "web", 1)
				d.want("asked afresh", second.ID, ledger.IDOf("key"))
				d.want("and once again", d.again("key 2", "web", 1).ID, second.ID)
			})
		})
	}
}

// stick lets an operation fail until it is stuck.
func (d *desk) stick(id ledger.ID) {
	d.t.Helper()
	_, err := d.vote(id, "U1", "approve")
	d.ok(err)
	stuck, err := d.Retry(d.ctx, d.must(), 0, "It fails.", 1)
	d.ok(err)
	d.want("stuck", stuck, true)
}

func TestWhatIsBeingTakenBackIsAskedAfresh(t *testing.T) {
	for _, c := range []struct {
		signal string
		afresh bool
	}{{"cancel", true}, {"rollback", true}, {"pause", false}, {"continue", false}} {
		t.Run(c.signal, func(t *testing.T) {
			each(t, func(d *desk) {
				first := d.submit("web", 0).ID
				_, err := d.Signal(d.ctx, first, -1, ledger.Signal{Name: c.signal, By: person("U1")})
				d.ok(err)
				second := d.again("key", "web", 0)
				d.want("asked afresh", second.ID != first, c.afresh)
				d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Cancelled}))
				if c.afresh {
					d.want("it is next", d.get(second.ID).State, ledger.Running)
					d.want("and the one to meet", d.again("key 2", "web", 0).ID, second.ID)
				}
			})
		})
	}
}

func TestWhatIsTriedAgainStandsForOthersAgain(t *testing.T) {
	each(t, func(d *desk) {
		first := d.submit("web", 1).ID
		d.stick(first)
		_, err := d.Signal(d.ctx, first, -1, ledger.Signal{Name: "retry", By: person("U1")})
		d.ok(err)
		d.want("the one to meet", d.again("key", "web", 1).ID, first)
	})
}
