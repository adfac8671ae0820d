package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// freezing lets sre freeze things with one approval.
func freezing() policy.Rule {
	return policy.Rule{Name: "freezes", Kind: "freeze", Require: []ledger.Need{{Groups: []string{"sre"}, Min: 1}}}
}

// frozen is a world in which production is frozen for four hours, by Sam and Priya.
func frozen(t *testing.T) (*world, ledger.Record) {
	t.Helper()
	w := worldOf(t, freezing(), two())
	w.groups.set("owners", "UOLGA", "UPRIYA")
	f := w.ask(t, "freeze", freezeSpec(t, w, freeze.Wish{Environment: "production", For: 4 * time.Hour, Reason: "database move"}))
	w.approve(t, f.ID, priya)
	w.work(t)
	return w, w.get(t, f.ID)
}

func freezeSpec(t *testing.T, w *world, wish freeze.Wish) Spec {
	t.Helper()
	p, err := freeze.New(wish, w.now)
	if err != nil {
		t.Fatal(err)
	}
	body, err := p.Payload()
	if err != nil {
		t.Fatal(err)
	}
	return Spec{Kind: freeze.Kind, Environment: p.Environment, Target: p.Target, Title: p.Title(), Reason: p.Reason,
		Requester: sam, Channel: "C1", Payload: body, Digest: p.Digest(), Step: freeze.First, Impact: p.Impact()}
}

// TestWhatIsApprovedInAFreezeWaitsForItsEnd, starts by itself then, and not before.
func TestWhatIsApprovedInAFreezeWaitsForItsEnd(t *testing.T) {
	w, f := frozen(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	r = w.approve(t, r.ID, olga)
	if r.State != ledger.Held || !strings.Contains(r.Stayed, "by {user:USAM}: database move.") || !r.Opens.Equal(monday.Add(4*time.Hour)) {
		t.Fatalf("got %s (%s) until %s, want it held with who froze it and why", r.State, r.Stayed, r.Opens)
	}
	w.pass(4*time.Hour - time.Second)
	w.work(t)
	if len(w.ran) != 0 || w.get(t, r.ID).State != ledger.Held {
		t.Fatalf("got %s a second before the end, want it held", w.get(t, r.ID).State)
	}
	w.pass(time.Second)
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded || w.get(t, f.ID).State != ledger.Succeeded {
		t.Errorf("got %s, want it to have run when the freeze was over", r.State)
	}
	if n := strings.Count(w.lines(t, r.ID), "is frozen until"); n != 1 {
		t.Errorf("told %d times that it is held, want once", n)
	}
}

func TestALiftLetsItStartAtOnce(t *testing.T) {
	w, f := frozen(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	_, err := w.Vote(t.Context(), r.ID, -1, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "was approved already and is held. production is frozen until {when:")
	_, err = w.Signal(t.Context(), f.ID, -1, eve, "cancel", "")
	wantFault(t, err, fault.Denied, "You cannot cancel this: you are not in @sre.")
	if _, err = w.Signal(t.Context(), f.ID, -1, priya, "cancel", ""); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded {
		t.Errorf("got %s, want it to have run after the lift", r.State)
	}
}

func TestWhatIsHeldCanBeWithdrawn(t *testing.T) {
	w, _ := frozen(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	_, err := w.Withdraw(t.Context(), r.ID, eve, "")
	wantFault(t, err, fault.Denied, "You cannot withdraw this: you are in none of @sre and @owners.")
	gone, err := w.Withdraw(t.Context(), r.ID, dana, "")
	if err != nil || gone.State != ledger.Withdrawn {
		t.Errorf("got %s, %v, want it withdrawn", gone.State, err)
	}
	w.pass(5 * time.Hour)
	w.work(t)
	if len(w.ran) != 0 {
		t.Error("it ran though it was withdrawn")
	}
}

// TestWhatNeedsNoApprovalWaitsTooInAFreeze: it is approved from the start, and the engine asks before the first step.
func TestWhatNeedsNoApprovalWaitsTooInAFreeze(t *testing.T) {
	w, _ := frozen(t)
	none := 0
	w.Policy.Rules = append(w.Policy.Rules, policy.Rule{Name: "free", Kind: "tag", Approvals: &none})
	w.engine.Workflows["tag"] = w
	s := spec()
	s.Kind = "tag"
	r := w.ask(t, "key", s)
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Held || len(w.ran) != 0 {
		t.Fatalf("got %s, want it held", r.State)
	}
	w.pass(4 * time.Hour)
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded {
		t.Errorf("got %s, want it to have run", r.State)
	}
}

func TestAFreezeInForceFreezesNoFreeze(t *testing.T) {
	w, _ := frozen(t)
	f := w.ask(t, "longer", freezeSpec(t, w, freeze.Wish{Environment: "production", For: 8 * time.Hour, Reason: "it takes longer"}))
	if f = w.approve(t, f.ID, priya); f.State != ledger.Running {
		t.Errorf("got %s, want the second freeze to begin", f.State)
	}
}

// unread is a store of freezes that does not answer.
type unread struct{ err error }

func (u unread) All(context.Context) ([]freeze.Freeze, error) { return nil, u.err }

func TestNothingStartsWhileNobodyKnowsWhatIsFrozen(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.Freezes = unread{errors.New("redis: nobody answers")}
	_, err := w.Vote(t.Context(), r.ID, -1, olga, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Unavailable, "It cannot be read whether this is frozen, so nothing was done.")
	if got := w.get(t, r.ID); got.State != ledger.Pending || len(got.Votes) != 1 {
		t.Fatalf("got %s with %d votes, want nothing counted", got.State, len(got.Votes))
	}
	if _, err := w.Vote(t.Context(), r.ID, -1, olga, Ballot{Choice: "deny", Reason: "not now"}); err != nil {
		t.Errorf("got %v, want a denial to be taken all the same", err)
	}
	s := spec()
	s.Digest = "d2"
	w.Freezes = w.store
	other := w.ask(t, "other", s)
	w.approve(t, other.ID, sam)
	w.approve(t, other.ID, olga)
	w.Freezes = unread{errors.New("redis: nobody answers")}
	w.work(t)
	if got := w.get(t, other.ID); got.State != ledger.Running || len(w.ran) != 0 || got.Attempt == 0 {
		t.Errorf("got %s, ran %v, want it to be tried again without having begun", got.State, w.ran)
	}
}

// TestAPolicyThatChangedSinceIsAskedAgain: what it refuses by now ends before anything was touched.
func TestAPolicyThatChangedSinceIsAskedAgain(t *testing.T) {
	refusing := two()
	refusing.Refuse = "Production is closed for the sale."
	for want, rules := range map[string][]policy.Rule{
		"The policy no longer allows this. Production is closed for the sale.":                               {refusing},
		"The policy no longer allows this. No rule of the policy allows rollout on web in production, so it": nil,
	} {
		w := worldOfTwo(t)
		r := w.ask(t, "key", spec())
		w.approve(t, r.ID, sam)
		w.approve(t, r.ID, olga)
		w.Policy.Rules = rules
		w.work(t)
		if r = w.get(t, r.ID); r.State != ledger.Void || !strings.HasPrefix(r.Outcome, want) || len(w.ran) != 0 {
			t.Errorf("got %s (%s), ran %v, want it void: %s", r.State, r.Outcome, w.ran, want)
		}
		_, err := w.Vote(t.Context(), r.ID, -1, priya, Ballot{Choice: "approve"})
		wantFault(t, err, fault.Conflict, "the approval lost its ground")
	}
}

// TestARuleThatAsksForOthersByNowChangesNothing: those who agreed did so under the rule of their day.
func TestARuleThatAsksForOthersByNowChangesNothing(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	w.Policy.Rules[0].Require = []ledger.Need{{Groups: []string{"leads"}, Min: 3}}
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded {
		t.Errorf("got %s (%s), want it to run", r.State, r.Outcome)
	}
}

func TestAWindowHoldsWhatWasApprovedOutsideOfIt(t *testing.T) {
	rule := two()
	rule.Windows = []policy.Window{{From: "18:00", To: "20:00"}}
	w := worldOf(t, rule)
	w.groups.set("owners", "UOLGA")
	v, err := w.Explain(t.Context(), dana, spec())
	if err != nil || !strings.Contains(v.Rule.Why, "once approved it would be held: It may start only in its window") {
		t.Errorf("got %q, %v, want the window to be told", v.Rule.Why, err)
	}
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	if r = w.approve(t, r.ID, olga); r.State != ledger.Held {
		t.Fatalf("got %s, want it held until its window", r.State)
	}
	if r = w.get(t, r.ID); !r.Opens.Equal(monday.Add(time.Minute)) {
		t.Errorf("looks again at %s, want within a minute: calendars change", r.Opens)
	}
	for _, d := range []time.Duration{5 * time.Hour, 59*time.Minute + 30*time.Second} {
		w.pass(d)
		w.work(t)
	}
	if len(w.ran) != 0 {
		t.Fatalf("ran before its window")
	}
	w.pass(30 * time.Second)
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded {
		t.Errorf("got %s at %s, want it to have run in its window", r.State, w.now)
	}
	if n := strings.Count(w.lines(t, r.ID), "only in its window"); n != 1 {
		t.Errorf("told %d times that it is held, want once", n)
	}
}

// TestWhatIsOlderThanFactsIsJudgedByItsRecord: an operation of a version that kept none.
func TestWhatIsOlderThanFactsIsJudgedByItsRecord(t *testing.T) {
	w := worldOfTwo(t)
	r := ledger.Record{Proposal: ledger.Proposal{ID: "op-old", Kind: "rollout", Environment: "production", Target: "web", Requester: dana}}
	if stay, err := w.Clear(t.Context(), r); err != nil || !stay.Until.IsZero() {
		t.Errorf("got %+v, %v, want it to start", stay, err)
	}
	r.Environment = "nowhere"
	_, err := w.Clear(t.Context(), r)
	wantFault(t, err, fault.Denied, "The policy no longer allows this.")
	r.Facts = json.RawMessage(`"`)
	if _, err = w.Clear(t.Context(), r); err == nil {
		t.Error("got no error for facts that cannot be read")
	}
}
