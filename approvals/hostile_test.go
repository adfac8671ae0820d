package approvals

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// deeds are everything that somebody can try with an operation.
func deeds() []string {
	return []string{"approve", "approve_narrow", "deny", "withdraw", "extend", "widen", "pause", "resume", "continue", "cancel", "rollback", "retry", "abandon", "explode"}
}

// try tries a deed, by the method that is for it.
func (w *world) try(t *testing.T, id ledger.ID, who ledger.Actor, deed string) error {
	t.Helper()
	var err error
	switch deed {
	case "approve", "approve_narrow":
		_, err = w.Vote(t.Context(), id, -1, who, Ballot{Choice: "approve", Narrow: deed == "approve_narrow", Reason: "seen"})
	case "deny":
		_, err = w.Vote(t.Context(), id, -1, who, Ballot{Choice: "deny", Reason: "no"})
	case "withdraw":
		_, err = w.Withdraw(t.Context(), id, who, "")
	case "extend":
		_, err = w.Extend(t.Context(), id, -1, who)
	case "widen":
		_, err = w.Widen(t.Context(), id, -1, who)
	default:
		_, err = w.Signal(t.Context(), id, -1, who, deed, "")
	}
	return err
}

// TestTheRequesterGainsNothingByAnotherTeam: the same user id under another team is neither somebody else, who might
// approve, nor the requester, who might withdraw.
func TestTheRequesterGainsNothingByAnotherTeam(t *testing.T) {
	w := worldOfTwo(t)
	s := spec()
	s.Narrow = "the canary"
	r := w.ask(t, "key", s)
	for _, deed := range deeds() {
		if err := w.try(t, r.ID, ledger.Actor{User: dana.User, Team: "T2"}, deed); err == nil {
			t.Errorf("%s: it was taken", deed)
		}
	}
	if got := w.get(t, r.ID); got.State != ledger.Pending || len(got.Votes) != 0 {
		t.Errorf("got %s by %+v, want nothing done", got.State, got.Votes)
	}
}

// TestWhatNobodyKnowsIsNotPassedOn: the thread would say that it was asked for, and nothing would come of it.
func TestWhatNobodyKnowsIsNotPassedOn(t *testing.T) {
	w := worldOfTwo(t)
	r := w.ask(t, "key", spec())
	w.approve(t, r.ID, sam)
	w.approve(t, r.ID, olga)
	for _, signal := range []string{"explode", "", "Cancel", "cancel ", "{user:USAM} cancel"} {
		_, err := w.Signal(t.Context(), r.ID, -1, dana, signal, "")
		wantFault(t, err, fault.Invalid, "It can be asked to pause, resume, continue, cancel, rollback, retry or abandon.")
		if strings.Contains(err.Error(), "{user:") {
			t.Errorf("got %v, want nobody mentioned", err)
		}
		wantFault(t, w.May(t.Context(), w.get(t, r.ID), dana, signal), fault.Invalid, "No operation knows how to")
	}
	if lines := w.lines(t, r.ID); strings.Contains(lines, "asked to") {
		t.Errorf("got %q, want nothing asked", lines)
	}
}

// TestWhoMayNotStartItMayNotStopIt: a freeze that needs no approval is lifted by those who may ask for one, and by
// nobody else who would like to go on.
func TestWhoMayNotStartItMayNotStopIt(t *testing.T) {
	for _, rule := range []policy.Rule{{WhoMayRequest: []string{"sre"}}, {By: []string{"sre"}}} {
		none := 0
		rule.Kind, rule.Approvals = freeze.Kind, &none
		w := worldOf(t, rule)
		wish := freeze.Wish{Environment: "production", For: time.Hour, Reason: "move"}
		s := freezeSpec(t, w, wish)
		s.Requester = sam
		r := w.ask(t, "freeze", s)
		w.work(t)
		wantFault(t, w.try(t, r.ID, eve, "cancel"), fault.Denied, "You cannot cancel this: you are not in @sre")
		if err := w.try(t, r.ID, priya, "cancel"); err != nil {
			t.Errorf("got %v, want another of the group to lift it", err)
		}
	}
}

// TestWhoBrokeTheGlassCanDoNothingWithItsReview, whatever button they send.
func TestWhoBrokeTheGlassCanDoNothingWithItsReview(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	for _, deed := range deeds() {
		if err := w.try(t, ReviewOf(r.ID), dana, deed); err == nil {
			t.Errorf("%s: it was taken", deed)
		}
	}
	if got := w.get(t, ReviewOf(r.ID)); got.State != ledger.Pending || len(got.Votes) != 0 {
		t.Errorf("got %s by %+v, want the review open", got.State, got.Votes)
	}
}

// TestNoWayAroundTheNarrowApproval: until others approve the rest, nothing that its requester presses lifts the limit.
func TestNoWayAroundTheNarrowApproval(t *testing.T) {
	w, r := narrowed(t)
	for _, deed := range deeds() {
		if deed == "cancel" || deed == "rollback" {
			continue // they end it
		}
		_ = w.try(t, r.ID, dana, deed)
		if got := w.get(t, r.ID); !got.Narrowed {
			t.Fatalf("%s: the limit is gone", deed)
		}
	}
	err := w.try(t, r.ID, dana, "continue")
	wantFault(t, err, fault.Conflict, "was approved")
}

// TestAFreezeAtTheLastMomentHolds: the vote that decided saw no freeze; the first step does.
func TestAFreezeAtTheLastMomentHolds(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	w.approve(t, r.ID, sam)
	f := freeze.Freeze{ID: "op-f", Environment: "production", Until: w.now.Add(time.Hour), By: eve, Reason: "now"}
	if err := w.store.Put(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if got := w.get(t, r.ID); got.State != ledger.Held || len(w.ran) != 0 {
		t.Errorf("got %s and %v run, want it held", got.State, w.ran)
	}
}

// TestNobodyIsNamedByWhatPeopleWrite: words with placeholders reach the thread as words, from wherever they come.
func TestNobodyIsNamedByWhatPeopleWrite(t *testing.T) {
	const evil = "{user:UEVIL} {group:evil} {channel:CEVIL} {when:1}"
	w := worldWithGlass(t)
	s := spec()
	s.Title, s.Reason, s.Target, s.Narrow, s.Impact, s.Command = evil, evil, "web"+evil, evil, evil, evil
	r := w.ask(t, "key", s)
	for _, b := range []Ballot{{Choice: "approve", Narrow: true, Reason: evil}, {Choice: "deny", Reason: evil}} {
		if _, err := w.Vote(t.Context(), r.ID, -1, sam, b); err != nil {
			t.Fatal(err)
		}
	}
	said := w.lines(t, r.ID) + w.get(t, r.ID).Outcome
	s.Digest, s.BreakGlass = "d2", evil
	glass := w.ask(t, "glass", s)
	for _, name := range []string{"pause", "cancel"} {
		if _, err := w.Signal(t.Context(), glass.ID, -1, dana, name, evil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Vote(t.Context(), ReviewOf(glass.ID), -1, eve, Ballot{Choice: "approve", Reason: evil}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	said += w.lines(t, glass.ID) + w.lines(t, ReviewOf(glass.ID)) + w.get(t, ReviewOf(glass.ID)).Outcome + w.get(t, glass.ID).Rule.Why
	f := freeze.Freeze{ID: "op-f", Environment: "production", Target: "web*", Until: w.now.Add(time.Hour), By: eve, Reason: evil}
	if err := w.store.Put(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	s.Digest, s.BreakGlass = "d3", ""
	held := w.ask(t, "held", s)
	w.approve(t, held.ID, sam)
	w.approve(t, held.ID, olga)
	_, err := w.Signal(t.Context(), held.ID, -1, dana, "pause", evil)
	if err == nil {
		t.Error("what is held was paused")
	} else {
		said += err.Error()
	}
	if _, err := w.Withdraw(t.Context(), held.ID, dana, evil); err != nil {
		t.Fatal(err)
	}
	said += w.lines(t, held.ID) + w.get(t, held.ID).Outcome
	for _, bad := range []string{"{user:UEVIL}", "{group:evil}", "{channel:CEVIL}", "{when:1}"} {
		if i := strings.Index(said, bad); i >= 0 {
			t.Errorf("%s is named: …%s…", bad, said[max(0, i-80):min(len(said), i+80)])
		}
	}
}

// TestABallotHasSoManyWords: from the command line they may be a whole file.
func TestABallotHasSoManyWords(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	for _, choice := range []string{"approve", "deny"} {
		_, err := w.Vote(t.Context(), r.ID, -1, sam, Ballot{Choice: choice, Reason: strings.Repeat("no ", 4000)})
		wantFault(t, err, fault.Invalid, "longer than 500 characters")
	}
	if got := w.get(t, r.ID); got.State != ledger.Pending || len(got.Votes) != 0 {
		t.Errorf("got %s, want nothing counted", got.State)
	}
}
