package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// canary is a request that one of sre and one of owners must agree to, or to its canary.
func canary(name string) ledger.Proposal {
	p := two(name, 1)
	p.Narrow = "the canary, 2 of 12 instances"
	return p
}

// narrowly approves no more than the narrow part.
func (d *desk) narrowly(id ledger.ID, user string, fills ...int) (ledger.Record, error) {
	d.t.Helper()
	return d.cast(id, ledger.Vote{Actor: person(user), Fills: fills, Narrow: true}, ledger.VoteOptions{})
}

func (d *desk) widen(id ledger.ID, user string, fills ...int) (ledger.Record, error) {
	d.t.Helper()
	return d.Widen(d.ctx, id, -1, ledger.Vote{Actor: person(user), Fills: fills}, ledger.VoteOptions{})
}

func TestANarrowApprovalIsNeverMore(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(canary("web")).ID
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		rec, err := d.approve(id, "U2", 1)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Narrowed, rec.Approvals()), "runningtrue 2")
		d.want("lines", d.said(id),
			"{user:U1} approved no more than the canary, 2 of 12 instances (1 of 2); still missing: @owners."+
				"|{user:U2} approved (2 of 2).|Only the canary, 2 of 12 instances is approved.|Started.")
	})
}

func TestNarrowApprovalsThatNobodyNeedsLimitNothing(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(canary("web")).ID
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		rec, err := d.approve(id, "U2", 0)
		d.ok(err)
		d.want("approvals", fmt.Sprint(rec.State, rec.Approvals()), "pending1")
		rec, err = d.approve(id, "U3", 1)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Narrowed), "runningfalse")
	})
}

func TestNothingNarrowerCanBeApprovedThanWasOffered(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		if _, err := d.narrowly(id, "U1", 0); !errors.Is(err, ledger.ErrNotNarrow) {
			d.t.Errorf("got %v", err)
		}
		d.want("votes", len(d.get(id).Votes), 0)
	})
}

func TestWiden(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(canary("web")).ID
		if _, err := d.widen(id, "U1", 0); !errors.Is(err, ledger.ErrNotNarrow) {
			d.t.Errorf("before it is approved: got %v", err)
		}
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 1)
		d.ok(err)
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "wait", In: 100 * time.Hour}))
		d.s.Pass(d.t, 3*time.Hour) // the rest may be approved when no votes on the request are taken any more
		version := d.get(id).Version
		for name, refused := range map[string]struct {
			user    string
			fills   int
			version int64
			want    error
		}{
			"the requester":           {"UREQ", 0, -1, ledger.ErrSelf},
			"an old button":           {"U3", 0, version - 1, ledger.ErrStale},
			"who approved all of it":  {"U2", 1, version, ledger.ErrVoted},
			"an operation of no name": {"U3", 0, -1, ledger.ErrNotFound},
		} {
			on := id
			if errors.Is(refused.want, ledger.ErrNotFound) {
				on = "op-nothing"
			}
			_, err := d.Widen(d.ctx, on, refused.version, ledger.Vote{Actor: person(refused.user), Fills: []int{refused.fills}}, ledger.VoteOptions{})
			if !errors.Is(err, refused.want) {
				d.t.Errorf("%s: got %v, want %v", name, err, refused.want)
			}
		}
		rec, err := d.widen(id, "U3", 1)
		d.ok(err)
		d.want("not enough", fmt.Sprint(rec.Narrowed, rec.Version, rec.Approvals()), fmt.Sprint(true, version, 2))
		if d.claim() != nil {
			d.t.Error("it went on")
		}
		rec, err = d.Widen(d.ctx, id, version, ledger.Vote{Actor: person("U1"), Fills: []int{0}, Reason: "canary is fine"}, ledger.VoteOptions{})
		d.ok(err)
		d.want("enough", fmt.Sprint(rec.Narrowed, rec.Version, rec.Approvals(), len(rec.Votes)), fmt.Sprint(false, version+1, 2, 3))
		turn := d.must()
		d.want("signal", fmt.Sprint(turn.Signals[0].Name, turn.Signals[0].By.User, turn.Narrowed), "continueU1false")
		if _, err := d.widen(id, "U4", 0); !errors.Is(err, ledger.ErrNotNarrow) {
			d.t.Errorf("after that: got %v", err)
		}
		lines := d.lines(id)
		d.want("lines", strings.Join(lines[len(lines)-3:], "|"),
			"{user:U3} approved the rest, and every place they could take is taken (1 of 2); still missing: @sre."+
				"|{user:U1} approved the rest (2 of 2): canary is fine|All of it is approved now.")
	})
}

func TestWhoLeftTheGroupDoesNotWiden(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(canary("web")).ID
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 1)
		d.ok(err)
		left := ledger.VoteOptions{Fills: map[string][]int{"U2": nil}}
		rec, err := d.Widen(d.ctx, id, -1, ledger.Vote{Actor: person("U3"), Fills: []int{0}}, left)
		d.ok(err)
		d.want("not enough", rec.Narrowed, true)
		rec, err = d.widen(id, "U4", 1)
		d.ok(err)
		d.want("enough", rec.Narrowed, false)
	})
}

// TestWhoIsBackWidens: there may be nobody else who could.
func TestWhoIsBackWidens(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(canary("web")).ID
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 1)
		d.ok(err)
		left := ledger.VoteOptions{Fills: map[string][]int{"U2": nil}}
		rec, err := d.Widen(d.ctx, id, -1, ledger.Vote{Actor: person("U1"), Fills: []int{0}}, left)
		d.ok(err)
		d.want("not enough", rec.Narrowed, true)
		rec, err = d.widen(id, "U2", 1)
		d.ok(err)
		d.want("enough", fmt.Sprint(rec.Narrowed, len(rec.Votes)), "false 2")
	})
}

// TestWhatWaitsIsWidenedWithoutASignal: nothing runs that could continue, and its first turn sees all of it.
func TestWhatWaitsIsWidenedWithoutASignal(t *testing.T) {
	each(t, func(d *desk) {
		first := d.submit("first", 0).ID
		id := d.propose(canary("web")).ID
		_, err := d.narrowly(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 1)
		d.ok(err)
		d.want("in line", d.get(id).Ahead, first)
		rec, err := d.widen(id, "U1", 0)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Narrowed), "waitingfalse")
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded}))
		turn := d.must()
		d.want("turn", fmt.Sprint(turn.ID, len(turn.Signals)), fmt.Sprint(id, 0))
	})
}
