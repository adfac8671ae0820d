package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// two is a request that two of sre and one of owners must agree to.
func two(name string, min int) ledger.Proposal {
	p := proposal(name, 0)
	p.Rule.Needs = []ledger.Need{{Groups: []string{"sre"}, Min: min}, {Groups: []string{"owners"}, Min: 1}}
	return p
}

func (d *desk) propose(p ledger.Proposal) ledger.Record {
	d.t.Helper()
	rec, _, err := d.Submit(d.ctx, p)
	d.ok(err)
	return rec
}

// approve is an approval by somebody who may fill these needs.
func (d *desk) approve(id ledger.ID, user string, fills ...int) (ledger.Record, error) {
	d.t.Helper()
	return d.cast(id, ledger.Vote{Actor: person(user), Fills: fills}, ledger.VoteOptions{})
}

// cast is any approval.
func (d *desk) cast(id ledger.ID, v ledger.Vote, o ledger.VoteOptions) (ledger.Record, error) {
	d.t.Helper()
	v.Choice = "approve"
	return d.Vote(d.ctx, id, -1, v, d.get(id).Digest, o)
}

// said is what the thread is told after the call for approval.
func (d *desk) said(id ledger.ID) string {
	d.t.Helper()
	return strings.Join(d.lines(id)[1:], "|")
}

func TestEveryNeedTakesPeopleOfItsOwn(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 2)).ID
		rec, err := d.approve(id, "U1", 0, 1)
		d.ok(err)
		d.want("one in both groups takes one seat", fmt.Sprint(rec.Approvals(), rec.Missing()), "1 [{[sre] 1} {[owners] 1}]")
		rec, err = d.approve(id, "U2", 0)
		d.ok(err)
		d.want("missing", rec.Missing(), "[{[owners] 1}]")
		rec, err = d.approve(id, "U3", 0)
		d.ok(err)
		d.want("who came first moves over", fmt.Sprint(rec.State, rec.Seats()), "running[[2 1] [0]]")
		d.want("lines", d.said(id), "{user:U1} approved (1 of 3); still missing: @sre, @owners."+
			"|{user:U2} approved (2 of 3); still missing: @owners.|{user:U3} approved (3 of 3).|Started.")
	})
}

func TestOnePersonInEveryGroupIsNotEnough(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		rec, err := d.approve(id, "U1", 0, 1)
		d.ok(err)
		d.want("state", rec.State, ledger.Pending)
		if _, err := d.approve(id, "U1", 0, 1); !errors.Is(err, ledger.ErrVoted) {
			d.t.Errorf("twice: got %v", err)
		}
		if _, err := d.approve(id, "UREQ", 0, 1); !errors.Is(err, ledger.ErrSelf) {
			d.t.Errorf("the requester: got %v", err)
		}
		if d.claim() != nil {
			d.t.Error("it started")
		}
	})
}

func TestAnApprovalWithoutASeatIsKeptAndSaidSo(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		rec, err := d.cast(id, ledger.Vote{Actor: person("U2"), Fills: []int{0}, Reason: "me too"}, ledger.VoteOptions{})
		d.ok(err)
		d.want("approvals and votes", fmt.Sprint(rec.State, rec.Approvals(), len(rec.Votes)), "pending1 2")
		rec, err = d.cast(id, ledger.Vote{Actor: person("U3"), Fills: []int{1}, Via: "command line"}, ledger.VoteOptions{})
		d.ok(err)
		d.want("via", fmt.Sprint(rec.State, rec.Votes[2].Via), "runningcommand line")
		d.want("lines", d.said(id), "{user:U1} approved (1 of 2); still missing: @owners."+
			"|{user:U2} approved, and every place they could take is taken (1 of 2; still missing: @owners): me too"+
			"|{user:U3} approved, via command line (2 of 2).|Started.")
	})
}

func TestWhoLeftTheGroupCountsNoMore(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		left := ledger.VoteOptions{Fills: map[string][]int{"U1": nil, "U9": {0}}}
		rec, err := d.cast(id, ledger.Vote{Actor: person("U2"), Fills: []int{1}}, left)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Approvals(), len(rec.Votes)), "pending1 2")
		back := ledger.VoteOptions{Fills: map[string][]int{"U1": {1}, "U2": {0}}}
		rec, err = d.cast(id, ledger.Vote{Actor: person("U3"), Fills: []int{1}}, back)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Seats()), "running[[1] [0]]")
		d.want("lines", d.said(id), "{user:U1} approved (1 of 2); still missing: @owners."+
			"|{user:U1} is in none of the groups any more: their approval no longer counts.|{user:U2} approved (1 of 2); still missing: @sre."+
			"|{user:U1} is back in one of the groups: their approval counts again."+
			"|{user:U3} approved, and every place they could take is taken (2 of 2).|Started.")
	})
}

// TestWhoIsBackApprovesAgain: their vote would count again only when somebody else votes, and there may be nobody else.
func TestWhoIsBackApprovesAgain(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		_, err = d.cast(id, ledger.Vote{Actor: person("U2"), Fills: []int{1}}, ledger.VoteOptions{Fills: map[string][]int{"U1": nil}})
		d.ok(err)
		if _, err := d.approve(id, "U2", 1); !errors.Is(err, ledger.ErrVoted) {
			d.t.Errorf("nothing has changed for U2: got %v", err)
		}
		rec, err := d.approve(id, "U1", 0)
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Seats(), len(rec.Votes)), "running[[0] [1]] 2")
		d.want("lines", d.said(id), "{user:U1} approved (1 of 2); still missing: @owners."+
			"|{user:U1} is in none of the groups any more: their approval no longer counts.|{user:U2} approved (1 of 2); still missing: @sre."+
			"|{user:U1} approved again (2 of 2).|Started.")
	})
}

// TestWhoApprovedMayStillDeny: the first denial closes, whatever its author thought before.
func TestWhoApprovedMayStillDeny(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		deny := func() (ledger.Record, error) {
			return d.Vote(d.ctx, id, -1, ledger.Vote{Actor: person("U1"), Choice: "deny", Reason: "the disk is full"}, digest("web"), ledger.VoteOptions{})
		}
		rec, err := deny()
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.EndedBy.User, rec.Approvals(), len(rec.Votes)), "deniedU10 1")
		if _, err := deny(); err == nil {
			d.t.Error("it was denied twice")
		}
		if _, err := d.approve(id, "U2", 1); err == nil {
			d.t.Error("it was approved after that")
		}
	})
}

func TestARefusedVoteCorrectsNothing(t *testing.T) {
	each(t, func(d *desk) {
		id := d.propose(two("web", 1)).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 0)
		d.ok(err)
		_, err = d.cast(id, ledger.Vote{Actor: person("U2"), Fills: []int{0}}, ledger.VoteOptions{Fills: map[string][]int{"U1": nil}})
		if !errors.Is(err, ledger.ErrVoted) {
			d.t.Errorf("got %v", err)
		}
		d.want("fills", d.get(id).Votes[0].Fills, "[0]")
	})
}

func TestExpirySaysWhoWasMissing(t *testing.T) {
	each(t, func(d *desk) {
		for name, votes := range map[string]struct {
			fills [][]int
			want  string
		}{
			"nobody came":        {nil, "Nobody agreed in time: 0 of 3, 2 of @sre, @owners are missing."},
			"the owners did not": {[][]int{{0}, {0}}, "Nobody else agreed in time: 2 of 3, @owners is missing."},
			"the owners did":     {[][]int{{1}}, "Nobody else agreed in time: 1 of 3, 2 of @sre are missing."},
		} {
			id := d.propose(two(name, 2)).ID
			for i, fills := range votes.fills {
				_, err := d.approve(id, fmt.Sprint("U", i), fills...)
				d.ok(err)
			}
			d.s.Pass(d.t, 2*time.Hour)
			d.claim()
			d.want(name, d.get(id).Outcome, votes.want)
		}
		p := proposal("either", 0)
		p.Rule.Needs = []ledger.Need{{Groups: []string{"sre", "owners"}, Min: 1}, {Min: 1}}
		id := d.propose(p).ID
		d.s.Pass(d.t, 2*time.Hour)
		d.claim()
		d.want("either", d.get(id).Outcome, "Nobody agreed in time: 0 of 2, @sre or @owners is missing.")
	})
}

func TestOthersAreCalledIfTheRuleSaysSo(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 1)
		p.Rule.Notify, p.Rule.Remind = []string{"oncall"}, []time.Duration{10 * time.Minute}
		id := d.propose(p).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		d.s.Pass(d.t, 11*time.Minute)
		d.claim()
		lines := d.lines(id)
		d.want("called", lines[0], "{group:oncall}: {user:UREQ} asks for your approval.")
		d.want("called again", strings.HasPrefix(lines[2], "{group:oncall}: still waits for you, expires {when:"), true)
	})
}
