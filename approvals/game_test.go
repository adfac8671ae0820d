package approvals

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

var everybody = []string{"UDANA", "USAM", "UPRIYA", "UOLGA", "UEVE"}

// TestWhateverHappensItIsAsOnPaper plays people who ask, vote, deny, withdraw, extend, cancel and approve the rest,
// while groups and the policy change, freezes come and go and time goes by, against the plain model. RAPID_CHECKS
// says how many such games there are on each kind of Redis.
func TestWhateverHappensItIsAsOnPaper(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		w := worldOn(t, s)
		rapid.Check(t, func(rt *rapid.T) {
			s.Clear(t)
			g := &game{T: rt, t: t, w: w, s: s, m: &model{groups: map[string][]string{"sre": everybody, "owners": everybody}}}
			g.begin()
			rt.Repeat(map[string]func(*rapid.T){
				"request": g.request, "approve": g.approve, "approve again": g.approve, "narrow": g.narrow, "widen": g.widen,
				"deny": g.deny, "withdraw": g.withdraw, "cancel": g.cancel, "extend": g.extend,
				"group": g.group, "policy": g.policy, "freeze": g.freeze, "time": g.time, "work": g.work, "": g.compare,
			})
			g.over()
		})
	})
}

// game is one run of it.
type game struct {
	*rapid.T
	t *testing.T
	w *world
	s *ledgertest.Server
	m *model
}

// begin fills the groups and asks for something.
func (g *game) begin() {
	for name, all := range g.m.groups {
		g.w.groups.set(name, all...)
	}
	g.m.now = g.w.now
	g.w.Policy.Rules = []policy.Rule{{Name: "prod"}}
	g.request(g.T)
}

// seldom is true now and then: what ends a request at once must not end most of them.
func seldom(rt *rapid.T) bool { return rapid.IntRange(0, 9).Draw(rt, "seldom") == 7 }

// did compares what somebody was answered with what they should have been.
func (g *game) did(what string, err error, want bool) {
	if _, refused := fault.As(err); err != nil && !refused || (err == nil) != want {
		g.Fatalf("%s: got %v, want it taken: %v", what, err, want)
	}
}

func actor(user string) ledger.Actor { return ledger.Actor{User: user, Team: "T1"} }

// pick draws a request and a person, who is one of those who had a say in it more often than not.
func (g *game) pick(rt *rapid.T) (*request, string) {
	if len(g.m.asked) == 0 {
		rt.Skip("nothing is asked for")
	}
	r := rapid.SampledFrom(g.m.asked).Draw(rt, "request")
	return r, rapid.SampledFrom(everybody).Draw(rt, "user")
}

func (g *game) request(rt *rapid.T) {
	if len(g.m.asked) == 3 {
		g.again(rt)
		return
	}
	need := rapid.Custom(func(rt *rapid.T) ledger.Need {
		return ledger.Need{Groups: rapid.SampledFrom([][]string{{"sre"}, {"owners"}, {"sre", "owners"}}).Draw(rt, "groups"), Min: rapid.IntRange(1, 2).Draw(rt, "min")}
	})
	r := &request{
		by: rapid.SampledFrom([]string{"UDANA", "USAM"}).Draw(rt, "by"), state: ledger.Pending, expires: g.m.now.Add(time.Hour),
		needs: rapid.SliceOfN(need, 1, 2).Draw(rt, "needs"), key: fmt.Sprint("key", len(g.m.asked)),
	}
	r.id = ledger.IDOf(r.key)
	g.w.Policy.Rules[0].Require, g.w.Policy.Rules[0].ValidFor = r.needs, time.Hour
	_, err := g.w.Propose(g.t.Context(), r.key, g.spec(r))
	g.did(r.key+" by "+r.by, err, g.m.ask(r))
}

func (g *game) spec(r *request) Spec {
	s := spec()
	s.Requester, s.Digest, s.Narrow = actor(r.by), "digest of "+r.key, "half of it"
	return s
}

// again asks for something once more, as a delivery that comes twice does.
func (g *game) again(rt *rapid.T) {
	r, _ := g.pick(rt)
	rec, err := g.w.Propose(g.t.Context(), r.key, g.spec(r))
	if err != nil || rec.ID != r.id {
		g.Fatalf("asked for again: got %s %v, want %s as it stands", rec.ID, err, r.id)
	}
}

func (g *game) approve(rt *rapid.T) {
	r, user := g.pick(rt)
	_, err := g.w.Vote(g.t.Context(), r.id, -1, actor(user), Ballot{Choice: "approve"})
	g.did(r.key+" approved by "+user, err, g.m.approve(r, user, false))
}

func (g *game) narrow(rt *rapid.T) {
	r, user := g.pick(rt)
	_, err := g.w.Vote(g.t.Context(), r.id, -1, actor(user), Ballot{Choice: "approve", Narrow: true})
	g.did(r.key+" approved narrowly by "+user, err, g.m.approve(r, user, true))
}

func (g *game) widen(rt *rapid.T) {
	r, user := g.pick(rt)
	_, err := g.w.Widen(g.t.Context(), r.id, -1, actor(user))
	g.did("rest of "+r.key+" approved by "+user, err, g.m.widen(r, user))
}

func (g *game) deny(rt *rapid.T) {
	if !seldom(rt) {
		return
	}
	r, user := g.pick(rt)
	_, err := g.w.Vote(g.t.Context(), r.id, -1, actor(user), Ballot{Choice: "deny", Reason: "no"})
	g.did(r.key+" denied by "+user, err, g.m.deny(r, user))
}

func (g *game) withdraw(rt *rapid.T) {
	r, user := g.pick(rt)
	if (user == r.by || r.state != ledger.Pending) && !seldom(rt) {
		return
	}
	_, err := g.w.Withdraw(g.t.Context(), r.id, actor(user), "")
	g.did(r.key+" withdrawn by "+user, err, g.m.withdraw(r, user))
}

func (g *game) cancel(rt *rapid.T) {
	r, user := g.pick(rt)
	_, err := g.w.Signal(g.t.Context(), r.id, -1, actor(user), "cancel", "")
	g.did(r.key+" cancelled by "+user, err, g.m.cancel(r, user))
}

func (g *game) extend(rt *rapid.T) {
	r, user := g.pick(rt)
	_, err := g.w.Extend(g.t.Context(), r.id, -1, actor(user))
	g.did(r.key+" extended by "+user, err, g.m.extend(r, user))
}

// group lets somebody enter a group or leave it: rather one who has voted.
func (g *game) group(rt *rapid.T) {
	likely := slices.Clone(everybody)
	for _, r := range g.m.asked {
		for _, a := range r.votes {
			likely = append(likely, a.user, a.user)
		}
	}
	user, name := rapid.SampledFrom(likely).Draw(rt, "user"), rapid.SampledFrom([]string{"sre", "owners"}).Draw(rt, "group")
	before := g.m.groups[name]
	after := slices.DeleteFunc(slices.Clone(before), func(u string) bool { return u == user })
	if len(after) == len(before) {
		after = append(after, user)
	}
	g.m.groups[name] = after
	g.w.groups.set(name, after...)
}

func (g *game) policy(*rapid.T) {
	g.m.refuses = !g.m.refuses
	g.w.Policy.Rules = []policy.Rule{{Name: "prod", Require: g.w.Policy.Rules[0].Require, ValidFor: time.Hour}}
	if g.m.refuses {
		g.w.Policy.Rules[0].Refuse = "Closed."
	}
}

// freeze begins a freeze, or lifts it.
func (g *game) freeze(*rapid.T) {
	if !g.m.frozen {
		g.m.frozen = true
		g.ok(g.w.store.Put(g.t.Context(), freeze.Freeze{ID: "op-freeze", Until: g.s.Now().Add(10000 * time.Hour), By: sam, Reason: "sale"}))
		return
	}
	g.m.thaw()
	g.ok(g.w.store.Remove(g.t.Context(), "op-freeze"))
	g.ok(g.w.ledger.Wake(g.t.Context()))
}

func (g *game) ok(err error) {
	if err != nil {
		g.Fatal(err)
	}
}

func (g *game) time(rt *rapid.T) {
	g.w.pass(time.Duration(rapid.IntRange(1, 20).Draw(rt, "minutes")) * time.Minute)
	g.m.now = g.w.now
}

func (g *game) work(*rapid.T) { g.w.work(g.t); g.m.work() }

// compare holds the records against the paper.
func (g *game) compare(*rapid.T) {
	for _, r := range g.m.asked {
		got := g.w.get(g.t, r.id)
		if got.State == ledger.Expired && r.state == ledger.Pending && !g.m.open(r) {
			continue // it is found out by whoever comes first
		}
		if got.State != r.state || got.Narrowed != r.narrowed || len(got.Approvers()) != len(r.votes) {
			g.Fatalf("%s: got %s, narrowed %v, %d approvals; want %s, %v, %d", r.key, got.State, got.Narrowed, len(got.Approvers()), r.state, r.narrowed, len(r.votes))
		}
	}
}

// over checks what must hold whatever was played: the ledger's invariants, and that the audit verifies.
func (g *game) over() {
	ledgertest.Check(g.t, g.s.Redis(), g.s.Prefix)
	var export bytes.Buffer
	_, head, err := g.w.log.Export(g.t.Context(), &export, time.Time{})
	g.ok(err)
	report, err := audit.Verify(&export, head)
	if err != nil || report.Break != nil {
		g.Fatalf("the audit does not verify: %v %v", err, report.Break)
	}
	if g.t.Failed() {
		g.FailNow()
	}
}
