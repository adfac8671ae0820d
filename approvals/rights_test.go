package approvals

import (
	"errors"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestOnlyTheRequesterExtendsThriceAtMost(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	_, err := w.Extend(t.Context(), r.ID, -1, sam)
	wantFault(t, err, fault.Denied, "Only {user:UDANA}, who asked for it, can extend this.")
	for i := range 3 {
		w.pass(50 * time.Minute)
		longer, err := w.Extend(t.Context(), r.ID, -1, dana)
		if err != nil || !longer.Expires.Equal(w.now.Add(time.Hour)) {
			t.Fatalf("%d: got %s, %v, want an hour from now", i, longer.Expires, err)
		}
	}
	w.pass(20 * time.Minute)
	_, err = w.Extend(t.Context(), r.ID, -1, dana)
	wantFault(t, err, fault.Conflict, "was extended 3 times, and that is as often as it can be.")
	w.pass(time.Hour)
	_, err = w.Extend(t.Context(), r.ID, -1, dana)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a refusal: it has expired", err)
	}
}

func TestTheRuleMayLetOthersExtend(t *testing.T) {
	rule := two()
	rule.WhoMayExtend = []string{"leads"}
	w := worldOf(t, rule)
	w.groups.set("owners", "UOLGA")
	w.groups.set("leads", "UEVE")
	r := w.ask(t, "key", spec())
	_, err := w.Extend(t.Context(), r.ID, -1, sam)
	wantFault(t, err, fault.Denied, "Only {user:UDANA}, who asked for it, and members of @leads can extend this. The members of @leads can: {user:UEVE}.")
	if _, err := w.Extend(t.Context(), r.ID, -1, eve); err != nil {
		t.Errorf("got %v, want a lead to extend it", err)
	}
	w.groups.silent = map[string]error{"leads": errors.New("internal_error")}
	_, err = w.Extend(t.Context(), r.ID, -1, eve)
	wantFault(t, err, fault.Unavailable, "Slack did not say who is in @leads")
}

func TestTheRuleMayLetOthersStopIt(t *testing.T) {
	rule := two()
	rule.WhoMayCancel = []string{"oncall"}
	w := worldOf(t, rule)
	w.groups.set("owners", "UOLGA")
	w.groups.set("oncall", "UEVE")
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	nobody := ledger.Actor{User: "UNOBODY", Team: "T1"}
	_, err := w.Signal(t.Context(), r.ID, -1, nobody, "cancel", "")
	wantFault(t, err, fault.Denied, "You cannot cancel this: you are in none of @sre, @owners and @oncall.")
	if _, err := w.Signal(t.Context(), r.ID, -1, eve, "cancel", ""); err != nil {
		t.Errorf("got %v, want who is on call to stop it", err)
	}
}

// TestWhatIsApprovedAndHasNotStartedCanBeStopped by whoever could stop it when it runs: nobody can deny it any more.
func TestWhatIsApprovedAndHasNotStartedCanBeStopped(t *testing.T) {
	for _, state := range []ledger.State{ledger.Held, ledger.Waiting} {
		for _, who := range []ledger.Actor{dana, sam, priya, eve} {
			rule := two()
			rule.WhoMayCancel = []string{"oncall"}
			w := worldOf(t, rule)
			w.groups.set("owners", "UOLGA")
			w.groups.set("oncall", "UEVE")
			r := approvedAnd(t, w, state)
			nobody := ledger.Actor{User: "UNOBODY", Team: "T1"}
			_, err := w.Withdraw(t.Context(), r.ID, nobody, "")
			wantFault(t, err, fault.Denied, "You cannot withdraw this: you are in none of @sre, @owners and @oncall.")
			wantFault(t, w.May(t.Context(), r, nobody, "withdraw"), fault.Denied, "You cannot withdraw this")
			if err := w.May(t.Context(), r, who, "withdraw"); err != nil {
				t.Errorf("%s: got %v, want %s to be told that they may", state, err, who.User)
			}
			gone, err := w.Withdraw(t.Context(), r.ID, who, "sale today")
			if err != nil || gone.State != ledger.Withdrawn || gone.EndedBy != who {
				t.Errorf("%s: got %s, %v, want it withdrawn by %s", state, gone.State, err, who.User)
			}
		}
	}
}

// approvedAnd is an operation that is approved and has not started.
func approvedAnd(t *testing.T, w *world, state ledger.State) ledger.Record {
	t.Helper()
	if state == ledger.Held {
		f := freeze.Freeze{ID: "op-freeze", Until: w.now.Add(time.Hour), By: sam, Reason: "sale"}
		if err := w.store.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	} else {
		s := spec()
		s.Digest = "d0"
		first := w.ask(t, "first", s)
		w.approve(t, first.ID, sam)
		w.approve(t, first.ID, olga)
	}
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	if r = w.approve(t, r.ID, olga); r.State != state {
		t.Fatalf("got %s, want it %s", r.State, state)
	}
	return r
}

// TestMaySaysWhatWouldBeAnswered, and does nothing.
func TestMaySaysWhatWouldBeAnswered(t *testing.T) {
	w := worldOfTwo(t)
	pending := w.ask(t, "pending", spec())
	w.approve(t, pending.ID, sam)
	pending = w.get(t, pending.ID)
	s := spec()
	s.Digest, s.Resource = "d2", "1/eu/asg/other"
	running := w.ask(t, "running", s)
	w.approve(t, running.ID, sam)
	running = w.approve(t, running.ID, olga)
	for _, c := range []struct {
		r    ledger.Record
		who  ledger.Actor
		deed string
		want string // empty: they may
	}{
		{pending, olga, "approve", ""},
		{pending, olga, "deny", ""},
		{pending, olga, "approve_narrow", "There is no smaller part"},
		{pending, sam, "approve", "counted already"},
		{pending, sam, "deny", ""},
		{pending, dana, "approve", "cannot approve your own request"},
		{pending, dana, "deny", "This is your own request."},
		{pending, ledger.Actor{User: dana.User, Team: "T2"}, "approve", "cannot approve your own request"},
		{pending, ledger.Actor{User: dana.User, Team: "T2"}, "withdraw", "Only {user:UDANA}"},
		{pending, dana, "withdraw", ""},
		{pending, dana, "extend", ""},
		{pending, sam, "withdraw", "Only {user:UDANA}"},
		{pending, sam, "extend", "Only {user:UDANA}"},
		{pending, dana, "cancel", "has not been approved yet"},
		{pending, eve, "approve", "in none of @sre and @owners"},
		{pending, eve, "deny", "You cannot deny this"},
		{pending, olga, "widen", "has not been approved yet"},
		{running, olga, "approve", "is running"},
		{running, dana, "withdraw", "is running"},
		{running, dana, "extend", "is running"},
		{running, dana, "cancel", ""},
		{running, olga, "rollback", ""},
		{running, eve, "pause", "You cannot pause this"},
		{running, dana, "abandon", "is not stuck"},
		{running, olga, "widen", "as a whole"},
	} {
		err := w.May(t.Context(), c.r, c.who, c.deed)
		if c.want == "" && err != nil {
			t.Errorf("%s %s: got %v, want it allowed", c.who.User, c.deed, err)
		}
		if c.want != "" {
			if _, ok := fault.As(err); !ok {
				t.Errorf("%s %s: got %v, want a refusal", c.who.User, c.deed, err)
				continue
			}
			f, _ := fault.As(err)
			wantFault(t, err, f.Kind, c.want)
		}
	}
	if n := len(w.events(t, "refused")); n != 0 {
		t.Errorf("got %d refusals in the audit, want none: nobody tried", n)
	}
}

// TestARepeatedPressIsAnswered: doubled, on an old card, of a plan that is another.
func TestARepeatedPressIsAnswered(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	_, err := w.Vote(t.Context(), r.ID, r.Version+7, olga, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "This card has changed since you opened it")
	w.approve(t, r.ID, olga)
	_, err = w.Vote(t.Context(), r.ID, r.Version, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "was approved already and is running")
	w.work(t)
	_, err = w.Vote(t.Context(), r.ID, r.Version, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "is over: Rolled.")
}
