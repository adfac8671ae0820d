package approvals

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestOnePersonInTwoGroupsTakesOneSeat(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	if r = w.approve(t, r.ID, priya); r.State != ledger.Pending || r.Approvals() != 1 {
		t.Fatalf("got %s with %d, want one seat and still pending", r.State, r.Approvals())
	}
	_, err := w.Vote(t.Context(), r.ID, -1, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "Your vote on this is counted already.")
	if r = w.approve(t, r.ID, sam); r.State != ledger.Running {
		t.Errorf("got %s, want Priya to move to owners and Sam to complete it", r.State)
	}
}

func TestASeatNobodyNeedsIsTakenAndCountsNothing(t *testing.T) {
	w := worldOfTwo(t)
	w.groups.set("sre", "USAM", "UEVE")
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	r = w.approve(t, r.ID, eve)
	missing := r.Missing()
	if r.State != ledger.Pending || len(missing) != 1 || missing[0].Groups[0] != "owners" {
		t.Errorf("got %s, missing %v, want owners to be missing still", r.State, missing)
	}
}

func TestWhoLeftAGroupCountsNoMore(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.groups.set("sre", "UPRIYA")
	r = w.approve(t, r.ID, olga)
	if r.State != ledger.Pending || r.Missing()[0].Groups[0] != "sre" {
		t.Fatalf("got %s, missing %v, want sre to be missing again", r.State, r.Missing())
	}
	if lines := w.lines(t, r.ID); !strings.Contains(lines, "{user:USAM} is in none of the groups any more") {
		t.Errorf("got %q, want it told that Sam counts no more", lines)
	}
	if r = w.approve(t, r.ID, priya); r.State != ledger.Running {
		t.Errorf("got %s, want it to run with Priya for sre", r.State)
	}
}

// TestWhoIsBackApprovesAgain: with nobody else who could vote, their vote would never count again.
func TestWhoIsBackApprovesAgain(t *testing.T) {
	w := worldOfTwo(t)
	w.groups.set("sre", "USAM")
	w.groups.set("owners", "UOLGA")
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.groups.set("sre")
	w.approve(t, r.ID, olga)
	_, err := w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Denied, "You cannot approve this: you are in none of @sre and @owners.")
	w.groups.set("sre", "USAM")
	r = w.get(t, r.ID)
	if err := w.May(t.Context(), r, sam, "approve"); err != nil {
		t.Errorf("got %v, want Sam to be told that he may", err)
	}
	wantFault(t, w.May(t.Context(), r, olga, "approve"), fault.Conflict, "Your vote on this is counted already.")
	_, err = w.Vote(t.Context(), r.ID, -1, olga, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "Your vote on this is counted already.")
	if r = w.approve(t, r.ID, sam); r.State != ledger.Running || len(r.Votes) != 2 {
		t.Errorf("got %s with %d votes, want it to run", r.State, len(r.Votes))
	}
}

// TestALookupThatFailsCountsNothing: neither of the voter's groups, nor of those who voted before.
func TestALookupThatFailsCountsNothing(t *testing.T) {
	for _, group := range []string{"sre", "owners"} {
		w := worldOfTwo(t)
		r := w.ask(t, "key", spec())
		w.approve(t, r.ID, sam)
		w.groups.silent = map[string]error{group: errors.New("internal_error")}
		_, err := w.Vote(t.Context(), r.ID, -1, olga, Ballot{Choice: "approve"})
		wantFault(t, err, fault.Unavailable, "Slack did not say who is in @"+group)
		if r = w.get(t, r.ID); r.State != ledger.Pending || len(r.Votes) != 1 {
			t.Errorf("%s: got %s with %d votes, want nothing counted", group, r.State, len(r.Votes))
		}
	}
}

func TestAWrongPersonIsToldWhoMay(t *testing.T) {
	w := worldOfTwo(t)
	w.groups.set("owners", "UOLGA", "UDANA", "U1", "U2", "U3", "U4")
	r := w.ask(t, "key", spec())
	_, err := w.Vote(t.Context(), r.ID, -1, eve, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Denied, "You cannot approve this: you are in none of @sre and @owners.")
	wantFault(t, err, fault.Denied, "The members of @sre or @owners can: {user:USAM}, {user:UPRIYA}, {user:UOLGA}, {user:U1}, {user:U2} and 2 more.")
	w.groups.set("sre")
	w.groups.set("owners")
	_, err = w.Vote(t.Context(), r.ID, -1, eve, Ballot{Choice: "deny", Reason: "no"})
	wantFault(t, err, fault.Denied, "You cannot deny this: you are in none of @sre and @owners. The members of @sre or @owners can.")
}

// TestTheRequesterNeverCountsAnywhere: whatever groups they are in, whatever they press.
func TestTheRequesterNeverCountsAnywhere(t *testing.T) {
	r := two()
	r.WhoMayDeny = []string{"sre"}
	w := worldOf(t, r)
	w.groups.set("sre", "UDANA", "USAM")
	w.groups.set("owners", "UDANA", "UOLGA")
	s := spec()
	s.Narrow = "the canary, 2 of 12 instances"
	rec := w.ask(t, "key", s)
	elsewhere := ledger.Actor{User: dana.User, Team: "T2"}
	for _, b := range []Ballot{{Choice: "approve"}, {Choice: "approve", Narrow: true}} {
		for _, who := range []ledger.Actor{dana, elsewhere} {
			_, err := w.Vote(t.Context(), rec.ID, -1, who, b)
			wantFault(t, err, fault.Denied, "You cannot approve your own request. It needs 1 approval from @sre and 1 from @owners.")
		}
	}
	_, err := w.Vote(t.Context(), rec.ID, -1, dana, Ballot{Choice: "deny", Reason: "no"})
	wantFault(t, err, fault.Denied, "To take it back, press Withdraw.")
}

func TestADenialHasAReasonAndItsOwnRight(t *testing.T) {
	rule := two()
	rule.WhoMayDeny = []string{"leads"}
	w := worldOf(t, rule)
	w.groups.set("owners", "UOLGA")
	w.groups.set("leads", "UEVE")
	r := w.ask(t, "key", spec())
	_, err := w.Vote(t.Context(), r.ID, -1, eve, Ballot{Choice: "deny", Reason: " \n"})
	wantFault(t, err, fault.Invalid, "A denial needs a reason, so that {user:UDANA} knows what to change.")
	_, err = w.Vote(t.Context(), r.ID, -1, eve, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Denied, "You cannot approve this")
	denied, err := w.Vote(t.Context(), r.ID, -1, eve, Ballot{Choice: "deny", Reason: "sale today"})
	if err != nil || denied.State != ledger.Denied || denied.EndedBy != eve || !strings.Contains(denied.Outcome, "sale today") {
		t.Errorf("got %s (%s), %v, want it denied by Eve", denied.State, denied.Outcome, err)
	}
	_, err = w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "was denied by {user:UEVE}")
}

func TestANarrowVoteWantsASmallerPart(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	_, err := w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: "approve", Narrow: true})
	wantFault(t, err, fault.Invalid, "There is no smaller part of Roll web to ami-2")
}

// narrowed is a rollout of which only the canary was approved, running.
func narrowed(t *testing.T) (*world, ledger.Record) {
	w := worldOfTwo(t)
	s := spec()
	s.Narrow = "the canary, 2 of 12 instances"
	r := w.ask(t, "key", s)
	w.approve(t, r.ID, olga)
	r, err := w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: "approve", Narrow: true})
	if err != nil || r.State != ledger.Running || !r.Narrowed {
		t.Fatalf("got %s, narrowed %v, %v, want only the canary to run", r.State, r.Narrowed, err)
	}
	return w, r
}

func TestOnlyTheCanaryWasApproved(t *testing.T) {
	w, r := narrowed(t)
	for _, who := range []ledger.Actor{dana, sam} {
		_, err := w.Signal(t.Context(), r.ID, r.Version, who, "continue", "")
		wantFault(t, err, fault.Conflict, "Only the canary was approved. Approve the rest first.")
	}
	_, err := w.Widen(t.Context(), r.ID, r.Version, dana)
	wantFault(t, err, fault.Denied, "You cannot approve your own request.")
	_, err = w.Widen(t.Context(), r.ID, r.Version, eve)
	wantFault(t, err, fault.Denied, "You cannot approve the rest of this: you are in none of @sre and @owners.")
	wide, err := w.Widen(t.Context(), r.ID, r.Version, sam)
	if err != nil || wide.Narrowed {
		t.Fatalf("got narrowed %v, %v, want all of it approved", wide.Narrowed, err)
	}
	_, err = w.Widen(t.Context(), r.ID, -1, priya)
	wantFault(t, err, fault.Conflict, "was approved as a whole")
	if _, err := w.Signal(t.Context(), r.ID, wide.Version, dana, "continue", ""); err != nil {
		t.Errorf("got %v, want it to continue", err)
	}
}

// TestTheRestCountsWhoIsStillThere: who approved all of it and has left a group since does not carry the rest.
func TestTheRestCountsWhoIsStillThere(t *testing.T) {
	w, r := narrowed(t)
	w.groups.set("owners", "UPRIYA")
	r, err := w.Widen(t.Context(), r.ID, -1, sam)
	if err != nil || !r.Narrowed {
		t.Fatalf("got narrowed %v, %v, want owners to be missing", r.Narrowed, err)
	}
	if r, err = w.Widen(t.Context(), r.ID, -1, priya); err != nil || r.Narrowed {
		t.Errorf("got narrowed %v, %v, want all of it approved", r.Narrowed, err)
	}
}

func TestWidenWantsSomethingNarrow(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	_, err := w.Widen(t.Context(), r.ID, -1, sam)
	wantFault(t, err, fault.Conflict, "has not been approved yet")
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	_, err = w.Widen(t.Context(), r.ID, -1, priya)
	wantFault(t, err, fault.Conflict, "there is no rest to approve")
}

// TestManyPressAtOnce: every vote is counted once, nobody twice, and it starts once, when both are there.
func TestManyPressAtOnce(t *testing.T) {
	for range 3 {
		w := worldOfTwo(t)
		r := w.ask(t, "key", spec())
		var wg sync.WaitGroup
		for i := range 24 {
			who := []ledger.Actor{sam, priya, olga, eve, dana, sam}[i%6]
			wg.Go(func() { _, _ = w.Vote(t.Context(), r.ID, -1, who, Ballot{Choice: "approve"}) })
		}
		wg.Wait()
		got := w.get(t, r.ID)
		seen := map[string]int{}
		for _, v := range got.Votes {
			seen[v.Actor.User]++
		}
		if got.State != ledger.Running || seen["UEVE"]+seen["UDANA"] > 0 || len(seen) != len(got.Votes) {
			t.Fatalf("got %s with the votes %v, want it to run by those who may, each once", got.State, seen)
		}
		if n := strings.Count(w.lines(t, r.ID), "Started."); n != 1 {
			t.Errorf("started %d times, want once", n)
		}
	}
}

func TestANeedForAnybody(t *testing.T) {
	w := worldOf(t, policy.Rule{Require: []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Min: 1}}})
	w.groups.set("sre", "USAM")
	r := w.ask(t, "key", spec())
	if r = w.approve(t, r.ID, eve); r.State != ledger.Pending {
		t.Fatalf("got %s, want sre to be missing", r.State)
	}
	if r = w.approve(t, r.ID, sam); r.State != ledger.Running {
		t.Errorf("got %s, want it to run", r.State)
	}
}
