package approvals

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestWhatWasHeldIsStillAgreedOn, or it does not start: groups change while it waits, for days maybe.
func TestWhatWasHeldIsStillAgreedOn(t *testing.T) {
	for _, c := range []struct {
		name        string
		sre, owners string // who is in them when the freeze is over
		want        ledger.State
		outcome     string
	}{
		{"nobody left", "USAM UPRIYA", "UOLGA", ledger.Succeeded, "Rolled."},
		{"one left", "UPRIYA", "UOLGA", ledger.Void, "{user:USAM} is in none of the groups any more, so the approval is void. Ask again."},
		{"both left", "UPRIYA", "UPRIYA", ledger.Void, "{user:USAM} and {user:UOLGA} are in none of the groups any more, so the approval is void. Ask again."},
		{"they changed places", "UOLGA", "USAM", ledger.Succeeded, "Rolled."},
		{"one is where another one is", "UPRIYA", "USAM UOLGA", ledger.Void, "{user:USAM} has left a group that must agree, so the approval is void. Ask again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worldOfTwo(t)
			r := approvedAnd(t, w, ledger.Held)
			w.groups.set("sre", strings.Fields(c.sre)...)
			w.groups.set("owners", strings.Fields(c.owners)...)
			w.pass(2 * time.Hour)
			w.work(t)
			if r = w.get(t, r.ID); r.State != c.want || r.Outcome != c.outcome || (len(w.ran) == 1) != (c.want == ledger.Succeeded) {
				t.Errorf("got %s (%s), ran %v, want %s (%s)", r.State, r.Outcome, w.ran, c.want, c.outcome)
			}
		})
	}
}

// TestALookupThatFailsVoidsNothing, and starts nothing.
func TestALookupThatFailsVoidsNothing(t *testing.T) {
	for _, broken := range []error{errors.New("internal_error"), fault.New(fault.Unavailable, "Slack does not tell me.")} {
		w := worldOfTwo(t)
		r := approvedAnd(t, w, ledger.Held)
		w.groups.silent = map[string]error{"owners": broken}
		w.pass(2 * time.Hour)
		w.work(t)
		if r = w.get(t, r.ID); r.State != ledger.Held || len(w.ran) != 0 {
			t.Fatalf("%v: got %s (%s), want it held", broken, r.State, r.Outcome)
		}
		w.groups.silent = nil
		w.pass(10 * time.Minute)
		w.work(t)
		if r = w.get(t, r.ID); r.State != ledger.Succeeded {
			t.Errorf("%v: got %s (%s), want it to run when Slack answers", broken, r.State, r.Outcome)
		}
	}
}

// TestWhatStartsAtOnceIsNotLookedAtAgain: it was looked at with the deciding vote.
func TestWhatStartsAtOnceIsNotLookedAtAgain(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	w.groups.set("sre")
	w.work(t)
	if r = w.get(t, r.ID); r.State != ledger.Succeeded {
		t.Errorf("got %s (%s), want it to run", r.State, r.Outcome)
	}
}

// TestWhoApprovedLessDoesNotStandForWhoLeft: all of it would start, and they agreed to the canary.
func TestWhoApprovedLessDoesNotStandForWhoLeft(t *testing.T) {
	for _, narrowed := range []bool{false, true} {
		t.Run(fmt.Sprint("narrowed=", narrowed), func(t *testing.T) {
			w, _ := frozen(t)
			s := spec()
			s.Narrow = "the canary, 2 of 12 instances"
			r := w.ask(t, "key", s)
			if _, err := w.Vote(t.Context(), r.ID, -1, priya, Ballot{Choice: "approve", Narrow: true}); err != nil {
				t.Fatal(err)
			}
			w.groups.set("sre", "USAM", "UPRIYA")
			w.groups.set("owners", "UOLGA")
			if !narrowed {
				w.approve(t, r.ID, sam)
			}
			r = w.approve(t, r.ID, olga)
			if r.State != ledger.Held || r.Narrowed != narrowed {
				t.Fatalf("got %s, narrowed %v", r.State, r.Narrowed)
			}
			w.groups.set("sre", "UPRIYA")
			w.pass(5 * time.Hour)
			w.work(t)
			want := ledger.Void
			if narrowed {
				want = ledger.Succeeded // the canary, which she agreed to
			}
			if r = w.get(t, r.ID); r.State != want {
				t.Errorf("got %s (%s), want %s", r.State, r.Outcome, want)
			}
		})
	}
}

// anybody is a world in which one of sre and anybody else must agree, and some are no full members any more.
func anybody(t *testing.T) (w *world, outside map[string]error) {
	t.Helper()
	w = worldOf(t, policy.Rule{Require: []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Min: 1}}})
	w.groups.set("sre", "USAM")
	outside = map[string]error{}
	w.Admits = func(_ context.Context, who ledger.Actor) error { return outside[who.User] }
	return w, outside
}

// TestWhoIsNoFullMemberAnyMoreCountsNoMore: deactivated, or made a guest, since they voted.
func TestWhoIsNoFullMemberAnyMoreCountsNoMore(t *testing.T) {
	w, outside := anybody(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, eve)
	outside["UEVE"] = fault.New(fault.Denied, "This account is deactivated.")
	if r = w.approve(t, r.ID, sam); r.State != ledger.Pending || len(r.Missing()) != 1 {
		t.Fatalf("got %s, missing %v, want somebody else to be missing", r.State, r.Missing())
	}
	if lines := w.lines(t, r.ID); !strings.Contains(lines, "{user:UEVE} is no full member of the workspace any more: their approval no longer counts.") {
		t.Errorf("got %q, want it told that Eve counts no more", lines)
	}
	if r = w.approve(t, r.ID, olga); r.State != ledger.Running {
		t.Errorf("got %s, want it to run with Olga", r.State)
	}
}

// TestWhoMayNotBeAMemberCountsNothing: nobody's vote, as long as that is not known.
func TestWhoMayNotBeAMemberCountsNothing(t *testing.T) {
	for _, unknown := range []error{errors.New("internal_error"), fault.New(fault.Unavailable, "Slack did not say who that is.")} {
		w, outside := anybody(t)
		r := w.ask(t, "key", spec())
		w.approve(t, r.ID, eve)
		outside["UEVE"] = unknown
		_, err := w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: "approve"})
		wantFault(t, err, fault.Unavailable, "Slack did not say")
		if r = w.get(t, r.ID); r.State != ledger.Pending || len(r.Votes) != 1 {
			t.Errorf("got %s with %d votes, want nothing counted", r.State, len(r.Votes))
		}
	}
}

// TestWhatWasHeldWantsMembersStill.
func TestWhatWasHeldWantsMembersStill(t *testing.T) {
	w, outside := anybody(t)
	r := approvedAnd(t, w, ledger.Held)
	outside["UOLGA"] = fault.New(fault.Denied, "Guests cannot use me.")
	w.pass(2 * time.Hour)
	w.work(t)
	want := "{user:UOLGA} is no full member of the workspace any more, so the approval is void. Ask again."
	if r = w.get(t, r.ID); r.State != ledger.Void || r.Outcome != want {
		t.Errorf("got %s (%s), want it void: %s", r.State, r.Outcome, want)
	}
}
