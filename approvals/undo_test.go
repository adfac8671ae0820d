package approvals

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// rolled is a rollout that two people approved and that is over.
func rolled(t *testing.T) (*world, ledger.Record) {
	t.Helper()
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	w.work(t)
	return w, w.get(t, r.ID)
}

func back(id ledger.ID) Spec {
	s := spec()
	s.About, s.Digest, s.Title = id, "back", "Roll web back to ami-1"
	return s
}

func TestOneOfAnyGroupTakesItBack(t *testing.T) {
	w, old := rolled(t)
	w.pass(24 * time.Hour)
	r := w.ask(t, "back", back(old.ID))
	if r.Rule.Quorum() != 1 || strings.Join(r.Rule.Groups(), " ") != "sre owners" || r.About != old.ID || !strings.Contains(r.Rule.Why, "it takes back "+string(old.ID)+" within 24 h") {
		t.Fatalf("got %+v, want one of either group and why", r.Rule)
	}
	_, err := w.Vote(t.Context(), r.ID, -1, dana, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Denied, "You cannot approve your own request. It needs 1 approval from @sre or @owners.")
	if r = w.approve(t, r.ID, olga); r.State != ledger.Running {
		t.Errorf("got %s, want it to run", r.State)
	}
}

func TestAfterItsWindowEverybodyMustAgree(t *testing.T) {
	w, old := rolled(t)
	w.pass(24*time.Hour + time.Second)
	if r := w.ask(t, "back", back(old.ID)); r.Rule.Quorum() != 2 {
		t.Errorf("got %d, want the whole chain", r.Rule.Quorum())
	}
}

func TestTheRuleSaysForHowLong(t *testing.T) {
	for window, want := range map[time.Duration]int{0: 2, time.Hour: 2, 3 * time.Hour: 1} {
		rule := two()
		rule.UndoWithin = &window
		w := worldOf(t, rule)
		w.groups.set("owners", "UOLGA")
		r := w.ask(t, "key", spec())
		w.approve(t, r.ID, sam)
		w.approve(t, r.ID, olga)
		w.work(t)
		w.pass(2 * time.Hour)
		if back := w.ask(t, "back", back(r.ID)); back.Rule.Quorum() != want {
			t.Errorf("after 2h of %s: got %d, want %d", window, back.Rule.Quorum(), want)
		}
	}
}

// TestTakingBackIsNoBackDoor: another target, another environment, and what took something back want everybody.
func TestTakingBackIsNoBackDoor(t *testing.T) {
	w, old := rolled(t)
	s := back(old.ID)
	s.Resource = "1/eu/asg/api"
	if r := w.ask(t, "elsewhere", s); r.Rule.Quorum() != 2 {
		t.Errorf("another target: got %d, want the whole chain", r.Rule.Quorum())
	}
	s = back(old.ID)
	s.Environment, s.Digest = "staging", "staging"
	w.Policy.Rules[0].Environment = ""
	if r := w.ask(t, "staging", s); r.Rule.Quorum() != 2 {
		t.Errorf("another environment: got %d, want the whole chain", r.Rule.Quorum())
	}
	once := w.ask(t, "back", back(old.ID))
	w.approve(t, once.ID, sam)
	w.work(t)
	twice := back(once.ID)
	twice.Digest = "forth"
	if r := w.ask(t, "forth", twice); r.Rule.Quorum() != 2 {
		t.Errorf("taking back what took back: got %d, want the whole chain", r.Rule.Quorum())
	}
}

func TestOnlyWhatRanAndEndedCanBeTakenBack(t *testing.T) {
	w := worldOfTwo(t)
	_, err := w.Propose(t.Context(), "none", back("op-none"))
	wantFault(t, err, fault.NotFound, "There is no operation op-none to take back.")
	r := w.ask(t, "key", spec())
	_, err = w.Propose(t.Context(), "early", back(r.ID))
	wantFault(t, err, fault.Conflict, "has not ended, so it cannot be taken back yet.")
	if _, err := w.Withdraw(t.Context(), r.ID, dana, ""); err != nil {
		t.Fatal(err)
	}
	_, err = w.Propose(t.Context(), "never", back(r.ID))
	wantFault(t, err, fault.Conflict, "never ran, so there is nothing to take back.")
}
