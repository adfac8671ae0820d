package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestIDOf(t *testing.T) {
	a, b := ledger.IDOf("T1/C1/1.1/U1"), ledger.IDOf("T1/C1/1.1/U2")
	if a == b || a != ledger.IDOf("T1/C1/1.1/U1") || len(a) != 13 || !strings.HasPrefix(string(a), "op-") {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestSubmittingTwiceIsHarmless(t *testing.T) {
	each(t, func(d *desk) {
		first, fresh, err := d.Submit(d.ctx, proposal("web", 1))
		d.ok(err)
		d.want("fresh", fresh, true)
		changed := proposal("web", 0)
		changed.Title = "Something else"
		second, fresh, err := d.Submit(d.ctx, changed)
		d.ok(err)
		d.want("fresh", fresh, false)
		d.want("title", second.Title, "Roll web")
		d.want("state", second.State, ledger.Pending)
		d.want("payload", string(second.Payload), `{"plan":12345678901234567890}`)
		d.want("expires", second.Expires.Sub(first.Created), time.Hour)
	})
}

func TestNonsenseIsNotStored(t *testing.T) {
	each(t, func(d *desk) {
		for name, spoil := range map[string]func(*ledger.Proposal){
			"no id":       func(p *ledger.Proposal) { p.ID = "" },
			"no kind":     func(p *ledger.Proposal) { p.Kind = "" },
			"no step":     func(p *ledger.Proposal) { p.Step = "" },
			"no time":     func(p *ledger.Proposal) { p.Rule.ValidFor = 0 },
			"minus votes": func(p *ledger.Proposal) { p.Rule.Needs = ledger.From(-1) },
			"no payload":  func(p *ledger.Proposal) { p.Payload = []byte("{") },
		} {
			p := proposal(name, 1)
			spoil(&p)
			if _, _, err := d.Submit(d.ctx, p); err == nil {
				d.t.Errorf("%s: got no error", name)
			}
		}
		open, err := d.Open(d.ctx)
		d.ok(err)
		d.want("open", len(open), 0)
	})
}

func TestNoQuorumStartsAtOnce(t *testing.T) {
	each(t, func(d *desk) {
		rec := d.submit("web", 0)
		d.want("state", rec.State, ledger.Running)
		holder, held, err := d.Holder(d.ctx, rec.Resource)
		d.ok(err)
		d.want("holder", fmt.Sprint(holder, held), fmt.Sprint(rec.ID, true))
		d.want("turn", d.must().ID, rec.ID)
	})
}

func TestTheVoteThatReachesTheQuorumStarts(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 2).ID
		rec, err := d.vote(id, "U1", "approve")
		d.ok(err)
		d.want("state", rec.State, ledger.Pending)
		d.want("version", rec.Version, 1)
		if d.claim() != nil {
			d.t.Error("a pending request got a turn")
		}
		rec, err = d.Vote(d.ctx, id, rec.Version, ledger.Vote{Actor: person("U2"), Choice: "approve", Fills: []int{0}, Reason: "looks\n \"good\" {user:U9}"}, digest("web"), ledger.VoteOptions{})
		d.ok(err)
		d.want("state", rec.State, ledger.Running)
		d.want("approvals", rec.Approvals(), 2)
		d.want("voters", rec.Votes[0].Actor.User+rec.Votes[1].Actor.User, "U1U2")
		d.want("reason", rec.Votes[1].Reason, "looks\n \"good\" {user:U9}")
		d.want("decided", rec.Decided.IsZero(), false)
		d.want("turn", d.must().ID, id)
		d.want("lines", strings.Join(d.lines(id), "|"),
			`{user:U1} approved (1 of 2).|{user:U2} approved (2 of 2): looks "good" { user:U9}|Started.`)
	})
}

func TestThoseWhoMayApproveAreCalledOnceInTheThread(t *testing.T) {
	each(t, func(d *desk) {
		p := ledger.Proposal{ID: "op-called", Kind: "test", Step: "one", Resource: "web", Requester: person("U0"), Digest: "d1",
			Rule: ledger.Rule{Needs: ledger.From(1, "sre"), ValidFor: time.Hour}}
		for range 2 {
			_, _, err := d.Submit(d.ctx, p)
			d.ok(err)
		}
		d.want("lines", strings.Join(d.lines("op-called"), "|"), "{group:sre}: {user:U0} asks for your approval.")
	})
}

func TestVotesRefused(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 2).ID
		cast := func(id ledger.ID, version int64, user, digest string) error {
			_, err := d.Vote(d.ctx, id, version, ledger.Vote{Actor: person(user), Choice: "approve", Fills: []int{0}}, digest, ledger.VoteOptions{})
			return err
		}
		d.ok(cast(id, 1, "U1", digest("web")))
		for _, c := range []struct {
			name string
			got  error
			want error
		}{
			{"unknown", cast("op-nothing", 1, "U2", digest("web")), ledger.ErrNotFound},
			{"requester", cast(id, 1, "UREQ", digest("web")), ledger.ErrSelf},
			{"old button", cast(id, 7, "U2", digest("web")), ledger.ErrStale},
			{"other plan", cast(id, 1, "U2", "d2"), ledger.ErrDigest},
			{"twice", cast(id, 1, "U1", digest("web")), ledger.ErrVoted},
		} {
			if !errors.Is(c.got, c.want) {
				d.t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
			}
		}
		other := ledger.Actor{User: "U1", Team: "T2"}
		_, err := d.Vote(d.ctx, id, -1, ledger.Vote{Actor: other, Choice: "approve", Fills: []int{0}}, digest("web"), ledger.VoteOptions{})
		if !errors.Is(err, ledger.ErrVoted) {
			d.t.Errorf("the same person through another team: got %v", err)
		}
		d.want("approvals", d.get(id).Approvals(), 1)
	})
}

func TestOneDenialCloses(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 2).ID
		_, err := d.vote(id, "U1", "approve")
		d.ok(err)
		rec, err := d.Vote(d.ctx, id, 1, ledger.Vote{Actor: person("U2"), Choice: "deny", Reason: "not on Friday"}, digest("web"), ledger.VoteOptions{})
		d.ok(err)
		d.want("state", rec.State, ledger.Denied)
		d.want("by", rec.EndedBy.User, "U2")
		d.want("outcome", rec.Outcome, "Denied: not on Friday")
		_, err = d.vote(id, "U3", "approve")
		decided, ok := errors.AsType[*ledger.DecidedError](err)
		if !ok || decided.State != ledger.Denied || decided.By.User != "U2" {
			d.t.Errorf("a vote after it: got %v", err)
		}
		if d.claim() != nil {
			d.t.Error("a denied request got a turn")
		}
	})
}

func TestLateVotesHearWhoDecided(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 1).ID
		_, err := d.vote(id, "U1", "approve")
		d.ok(err)
		_, err = d.vote(id, "U2", "deny")
		decided, ok := errors.AsType[*ledger.DecidedError](err)
		if !ok || decided.State != ledger.Running || decided.By != person("U1") {
			d.t.Errorf("got %v by %v", err, decided)
		}
	})
}

func TestRequestsExpire(t *testing.T) {
	each(t, func(d *desk) {
		swept, voted := d.submit("swept", 2).ID, d.submit("voted", 2).ID
		_, err := d.vote(swept, "U1", "approve")
		d.ok(err)
		d.s.Pass(d.t, time.Hour-time.Minute)
		if d.claim() != nil {
			d.t.Error("a request got a turn")
		}
		d.want("just before", d.get(swept).State, ledger.Pending)
		d.s.Pass(d.t, time.Minute+time.Second)
		if _, err := d.vote(voted, "U1", "approve"); !errors.Is(err, ledger.ErrExpired) {
			d.t.Errorf("a late vote: got %v", err)
		}
		if _, err := d.vote(voted, "U2", "approve"); !errors.Is(err, ledger.ErrExpired) {
			d.t.Errorf("a later vote: got %v", err)
		}
		if d.claim() != nil {
			d.t.Error("an expired request got a turn")
		}
		d.want("swept", d.get(swept).State, ledger.Expired)
		d.want("voted", d.get(voted).State, ledger.Expired)
		d.want("outcome", d.get(swept).Outcome, "Nobody else agreed in time: 1 of 2.")
	})
}

func TestWithdraw(t *testing.T) {
	each(t, func(d *desk) {
		running, waiting, pending := d.submit("a", 0).ID, d.submit("b", 0).ID, d.submit("c", 1).ID
		for _, id := range []ledger.ID{waiting, pending} {
			rec, err := d.Withdraw(d.ctx, id, person("UREQ"), "changed my mind")
			d.ok(err)
			d.want("state", rec.State, ledger.Withdrawn)
			d.want("by", rec.EndedBy.User, "UREQ")
		}
		_, err := d.Withdraw(d.ctx, running, person("UREQ"), "")
		if decided, ok := errors.AsType[*ledger.DecidedError](err); !ok || decided.State != ledger.Running {
			d.t.Errorf("a running one: got %v", err)
		}
		if _, err := d.Withdraw(d.ctx, "op-nothing", person("UREQ"), ""); !errors.Is(err, ledger.ErrNotFound) {
			d.t.Errorf("an unknown one: got %v", err)
		}
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded, Outcome: "Done."}))
		if d.claim() != nil {
			d.t.Error("a withdrawn operation inherited the resource")
		}
	})
}

func TestTwentyVotersAtOnceStartOneOperation(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 3).ID
		var wg sync.WaitGroup
		var mu sync.Mutex
		counted, late := 0, 0
		for i := range 20 {
			wg.Go(func() {
				_, err := d.vote(id, fmt.Sprintf("U%d", i), "approve")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					counted++
				} else if _, ok := errors.AsType[*ledger.DecidedError](err); ok {
					late++
				}
			})
		}
		wg.Wait()
		d.want("votes counted and late", fmt.Sprint(counted, late), "3 17")
		d.want("first turn", d.must().ID, id)
		if d.claim() != nil {
			d.t.Error("it got two turns")
		}
	})
}

func TestADecisionWithoutAReplicaSaysSo(t *testing.T) {
	t.Parallel()
	s := ledgertest.Real(t)
	d := newDesk(t, s, ledger.Options{Replicas: 1, ReplicaTimeout: 10 * time.Millisecond})
	id := d.submit("web", 2).ID
	_, err := d.vote(id, "U1", "approve")
	d.ok(err)
	rec, err := d.vote(id, "U2", "approve")
	if !errors.Is(err, ledger.ErrNotReplicated) || rec.State != ledger.Running {
		t.Errorf("got %s and %v", rec.State, err)
	}
	err = d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded})
	if !errors.Is(err, ledger.ErrNotReplicated) || d.get(id).State != ledger.Succeeded {
		t.Errorf("got %v", err)
	}
}
