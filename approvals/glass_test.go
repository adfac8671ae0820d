package approvals

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// worldWithGlass lets who is on call (Dana) break the glass; security (Eve, Dana) reviews.
func worldWithGlass(t *testing.T) *world {
	t.Helper()
	rule := two()
	rule.BreakGlass = &policy.Glass{From: []string{"oncall"}, Review: []ledger.Need{{Groups: []string{"security"}, Min: 1}}}
	w := worldOf(t, freezing(), rule)
	w.groups.set("owners", "UOLGA")
	w.groups.set("oncall", "UDANA")
	w.groups.set("security", "UEVE", "UDANA")
	return w
}

func broken() Spec {
	s := spec()
	s.BreakGlass = "the shop is down"
	return s
}

func TestABrokenGlassStartsAtOnceAndIsReviewed(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	if r.State != ledger.Running || len(r.Rule.Needs) != 0 || len(r.Skipped) != 2 || r.BreakGlass != "the shop is down" ||
		!strings.Contains(r.Rule.Why, "the glass was broken, so it starts without 1 approval from @sre and 1 from @owners") {
		t.Fatalf("got %s %+v, want it to run with what it skipped", r.State, r.Proposal)
	}
	review := w.get(t, ReviewOf(r.ID))
	if review.State != ledger.Pending || review.Channel != "CSECURITY" || review.About != r.ID || review.Requester != dana ||
		review.Reason != "the shop is down" || review.Rule.Nag != time.Hour || review.Rule.Groups()[0] != "security" {
		t.Errorf("got %+v, want a review by security in its channel that nags", review)
	}
	w.work(t)
	if got := w.get(t, r.ID); got.State != ledger.Succeeded {
		t.Errorf("got %s, want it to have run", got.State)
	}
	if got := w.get(t, review.ID); got.State != ledger.Pending {
		t.Errorf("got %s, want the review to be open still", got.State)
	}
	all := w.events(t, "glass")
	if len(all) != 1 || all[0].What != "break" || all[0].Outcome != "armed" || all[0].Who.User != "UDANA" || all[0].Fields["reason"] != "the shop is down" || all[0].Fields["skipped"] == "" || all[0].Fields["facts"] == "" {
		t.Errorf("got %+v, want who broke it, why, and past whom", all)
	}
}

// TestAReviewNagsUntilItIsClosed: after an hour, after two more, and so on.
func TestAReviewNagsUntilItIsClosed(t *testing.T) {
	w := worldWithGlass(t)
	review := ReviewOf(w.ask(t, "key", broken()).ID)
	for i, d := range []time.Duration{time.Hour - time.Second, time.Second, 2*time.Hour - time.Second, time.Second} {
		w.pass(d)
		w.work(t)
		if n := strings.Count(w.lines(t, review), "{group:security}: still waits"); n != (i+1)/2 {
			t.Errorf("after %s: called %d times, want %d:\n%s", w.now.Sub(monday), n, (i+1)/2, w.lines(t, review))
		}
	}
	if _, err := w.Vote(t.Context(), review, -1, eve, Ballot{Choice: "approve", Reason: "Fine."}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	w.pass(240 * time.Hour)
	w.work(t)
	if n := strings.Count(w.lines(t, review), "still waits"); n != 2 {
		t.Errorf("called %d times, want no more after it was closed", n)
	}
}

func TestWhoBrokeItNeverReviewsIt(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	review := ReviewOf(r.ID)
	for _, b := range []Ballot{{Choice: "approve", Reason: "fine"}, {Choice: "deny", Reason: "not fine"}} {
		_, err := w.Vote(t.Context(), review, -1, dana, b)
		wantFault(t, err, fault.Denied, "You broke this glass, so somebody else must review it. It needs 1 approval from @security.")
	}
	_, err := w.Withdraw(t.Context(), review, dana, "")
	wantFault(t, err, fault.Denied, "A review cannot be withdrawn.")
	_, err = w.Extend(t.Context(), review, -1, dana)
	wantFault(t, err, fault.Denied, "A review has all the time it needs.")
	_, err = w.Vote(t.Context(), review, -1, sam, Ballot{Choice: "approve", Reason: "fine"})
	wantFault(t, err, fault.Denied, "You cannot approve this: you are not in @security. The members of @security can: {user:UEVE}.")
	if got := w.get(t, review); got.State != ledger.Pending || len(got.Votes) != 0 {
		t.Errorf("got %s, want it open", got.State)
	}
}

func TestAReviewIsClosedWithANote(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	review := ReviewOf(r.ID)
	_, err := w.Vote(t.Context(), review, -1, eve, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Invalid, "A review needs a note")
	if _, err = w.Vote(t.Context(), review, -1, eve, Ballot{Choice: "approve", Reason: "looked at the logs {user:U9}, all good"}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	got := w.get(t, review)
	if got.State != ledger.Succeeded || got.Outcome != "Reviewed by {user:UEVE}: looked at the logs { user:U9}, all good." {
		t.Errorf("got %s (%s), want it closed with the note", got.State, got.Outcome)
	}
	all := w.events(t, "glass")
	last := all[len(all)-1]
	if last.What != "review" || last.Outcome != "reviewed" || last.Op != string(r.ID) || last.Who.User != "UEVE" || !strings.Contains(last.Fields["reason"], "all good") {
		t.Errorf("got %+v, want the review in the audit of the operation", last)
	}
}

// TestAReviewOfTwoIsClosedByTwo, in a freeze too: it touches nothing.
func TestAReviewOfTwoIsClosedByTwo(t *testing.T) {
	w := worldWithGlass(t)
	w.groups.set("security", "UEVE", "USAM")
	w.Policy.Rules[1].BreakGlass.Review[0].Min = 2
	if err := w.store.Put(t.Context(), frozenAll(w)); err != nil {
		t.Fatal(err)
	}
	review := ReviewOf(w.ask(t, "key", broken()).ID)
	for i, who := range []ledger.Actor{eve, sam} {
		if n := len(w.events(t, "glass")); n != 1 {
			t.Errorf("got %d rows after %d of 2 notes, want only that it was broken", n, i)
		}
		if _, err := w.Vote(t.Context(), review, -1, who, Ballot{Choice: "approve", Reason: "Fine."}); err != nil {
			t.Fatal(err)
		}
		w.work(t)
	}
	if got := w.get(t, review); got.State != ledger.Succeeded || got.Outcome != "Reviewed by {user:UEVE}: Fine. Reviewed by {user:USAM}: Fine." {
		t.Errorf("got %s (%s), want it closed by both", got.State, got.Outcome)
	}
	if n := len(w.events(t, "glass")); n != 2 {
		t.Errorf("got %d rows, want one more now that it is closed", n)
	}
}

// deaf is a ledger whose answers to votes get lost.
type deaf struct{ Ledger }

func (l deaf) Vote(ctx context.Context, id ledger.ID, version int64, v ledger.Vote, digest string, o ledger.VoteOptions) (ledger.Record, error) {
	_, err := l.Ledger.Vote(ctx, id, version, v, digest, o)
	return ledger.Record{}, errors.Join(err, io.ErrUnexpectedEOF)
}

// TestAReviewIsInTheAuditThoughItsAnswerIsLost, once, however often it is sent.
func TestAReviewIsInTheAuditThoughItsAnswerIsLost(t *testing.T) {
	for _, b := range []Ballot{{Choice: "approve", Reason: "fine"}, {Choice: "deny", Reason: "bad"}} {
		w := worldWithGlass(t)
		r := w.ask(t, "key", broken())
		for _, l := range []Ledger{deaf{w.ledger}, w.ledger} {
			w.Gate.Ledger = l
			if _, err := w.Vote(t.Context(), ReviewOf(r.ID), -1, eve, b); err == nil {
				t.Error("it was taken twice")
			}
		}
		w.work(t)
		all := w.events(t, "glass")
		if len(all) != 2 || all[1].What != "review" || all[1].Op != string(r.ID) || all[1].Who.User != "UEVE" {
			t.Errorf("%s: got %+v, want it armed and looked at", b.Choice, all)
		}
	}
}

func TestAnObjectionEndsTheReview(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	got, err := w.Vote(t.Context(), ReviewOf(r.ID), -1, eve, Ballot{Choice: "deny", Reason: "a restart would have done"})
	if err != nil || got.State != ledger.Denied || !strings.Contains(got.Outcome, "a restart would have done") || got.EndedBy != eve {
		t.Errorf("got %s (%s), %v, want it denied with the reason", got.State, got.Outcome, err)
	}
	if all := w.events(t, "glass"); all[len(all)-1].Outcome != "objected" {
		t.Errorf("got %+v, want the objection", all)
	}
}

func TestAGlassThatMustNotBeBroken(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *Spec)
		kind   fault.Kind
		want   string
	}{
		"by others":      {func(_ *world, s *Spec) { s.Requester = sam }, fault.Denied, "You cannot break the glass here: you are not in @oncall. The members of @oncall can: {user:UDANA}."},
		"without a rule": {func(w *world, _ *Spec) { w.Policy.Rules[1].BreakGlass = nil }, fault.Denied, "The policy lets nobody break the glass here (prod). Ask without --break-glass: it needs 1 approval from @sre and 1 from @owners."},
		"untold":         {func(w *world, _ *Spec) { w.SecurityChannel = "" }, fault.Conflict, "No glass can be broken: there is no channel that would be told. Whoever keeps amiral.yaml can name one"},
		"without words":  {func(_ *world, s *Spec) { s.BreakGlass = "  " }, fault.Invalid, "Breaking the glass needs a reason."},
		"of a refusal":   {func(w *world, _ *Spec) { w.Policy.Rules[1].Refuse = "Never." }, fault.Denied, "Never."},
	} {
		w := worldWithGlass(t)
		s := broken()
		c.change(w, &s)
		_, err := w.Propose(t.Context(), "key", s)
		wantFault(t, err, c.kind, c.want)
		if open, err := w.ledger.Open(t.Context()); err != nil || len(open) != 0 {
			t.Errorf("%s: got %d operations, %v, want none", name, len(open), err)
		}
		refused := w.events(t, "refused")
		if len(w.events(t, "glass")) != 0 || len(refused) != 1 || refused[0].Fields["break_glass"] != s.BreakGlass {
			t.Errorf("%s: got %+v in the audit, want the refusal and no broken glass", name, refused)
		}
	}
}

func TestABrokenGlassIsHeldByNoFreeze(t *testing.T) {
	w := worldWithGlass(t)
	w.Policy.Rules[1].Blackouts = []policy.Window{{From: "00:00", To: "24:00"}}
	if err := w.store.Put(t.Context(), frozenAll(w)); err != nil {
		t.Fatal(err)
	}
	r := w.ask(t, "key", broken())
	w.work(t)
	if got := w.get(t, r.ID); got.State != ledger.Succeeded {
		t.Errorf("got %s (%s), want it to have run", got.State, got.Stayed)
	}
}

// TestNothingRunsBeforeItsReviewIsRecorded: the replica died between the two, and another one takes over.
func TestNothingRunsBeforeItsReviewIsRecorded(t *testing.T) {
	w := worldWithGlass(t)
	failing := &halting{Ledger: w.ledger}
	w.Gate.Ledger = failing
	if _, err := w.Propose(t.Context(), "key", broken()); err == nil {
		t.Error("got no error though the review was not recorded")
	}
	id := ledger.IDOf("key")
	w.work(t)
	if got := w.get(t, id); got.State != ledger.Running || len(w.ran) != 0 {
		t.Fatalf("got %s, ran %v, want it to wait for its review", got.State, w.ran)
	}
	w.Gate.Ledger = w.ledger
	w.pass(time.Minute)
	w.work(t)
	if got, review := w.get(t, id), w.get(t, ReviewOf(id)); got.State != ledger.Succeeded || review.State != ledger.Pending {
		t.Errorf("got %s and %s, want it to have run with its review open", got.State, review.State)
	}
	again, err := w.Propose(t.Context(), "key", broken())
	if err != nil || again.ID != id || len(w.events(t, "glass")) != 1 {
		t.Errorf("got %v, %v, want asking twice to be harmless", again.ID, err)
	}
}

// TestAReviewOutlivesItsRule: when the policy knows of no glass any more, one of those who were skipped reviews.
func TestAReviewOutlivesItsRule(t *testing.T) {
	w := worldWithGlass(t)
	w.Gate.Ledger = &halting{Ledger: w.ledger}
	_, _ = w.Propose(t.Context(), "key", broken())
	w.Gate.Ledger = w.ledger
	w.Policy.Rules[1].BreakGlass = nil
	w.work(t)
	review := w.get(t, ReviewOf(ledger.IDOf("key")))
	if strings.Join(review.Rule.Groups(), " ") != "sre owners" || review.Rule.Quorum() != 1 {
		t.Errorf("got %+v, want one of those who were skipped", review.Rule.Needs)
	}
}

// TestTheGlassIsBrokenForWhatWaits: the same, asked for in the normal way before, does not run a second time.
func TestTheGlassIsBrokenForWhatWaits(t *testing.T) {
	w := worldWithGlass(t)
	waits := w.ask(t, "normal", spec())
	r := w.ask(t, "key", broken())
	if r.ID != ledger.IDOf("key") || r.State != ledger.Running || w.get(t, waits.ID).State != ledger.Withdrawn {
		t.Errorf("got %s %s, and what waited %s, want it to run in place of what waited", r.ID, r.State, w.get(t, waits.ID).State)
	}
}

// TestTheGlassIsBrokenForWhatAnotherAskedFor: at night, whoever asked and waits for approvals is asleep.
func TestTheGlassIsBrokenForWhatAnotherAskedFor(t *testing.T) {
	w := worldWithGlass(t)
	s := spec()
	s.Requester = sam
	w.groups.set("sre", "UPRIYA", "USAM")
	waits := w.ask(t, "normal", s)
	r := w.ask(t, "key", broken())
	got := w.get(t, waits.ID)
	if r.ID != ledger.IDOf("key") || r.State != ledger.Running || got.State != ledger.Withdrawn || got.EndedBy != dana ||
		got.Outcome != "The glass was broken for the same: it runs as "+string(r.ID)+"." {
		t.Errorf("got %s %s, and what waited %s: %q, want it to run in place of what waited", r.ID, r.State, got.State, got.Outcome)
	}
	s.BreakGlass = "once more"
	s.Requester = dana
	_, err := w.Propose(t.Context(), "again", s)
	wantFault(t, err, fault.Conflict, "Roll web to ami-2 runs already ("+string(r.ID)+"), so there is nothing to break.")
}

func TestThoseWhoWereSkippedMayStopIt(t *testing.T) {
	w := worldWithGlass(t)
	r := w.ask(t, "key", broken())
	_, err := w.Signal(t.Context(), r.ID, -1, eve, "cancel", "")
	wantFault(t, err, fault.Denied, "You cannot cancel this: you are in none of @sre and @owners.")
	if _, err := w.Signal(t.Context(), r.ID, -1, olga, "cancel", ""); err != nil {
		t.Errorf("got %v, want who was skipped to stop it", err)
	}
}

// halting is a ledger that goes away before a review is recorded.
type halting struct{ Ledger }

func (h *halting) Submit(ctx context.Context, p ledger.Proposal) (ledger.Record, bool, error) {
	if p.Kind == Review {
		return ledger.Record{}, false, errors.New("redis: nobody answers")
	}
	return h.Ledger.Submit(ctx, p)
}

// frozenAll freezes everything for a day.
func frozenAll(w *world) freeze.Freeze {
	return freeze.Freeze{ID: "op-freeze", Until: w.now.Add(24 * time.Hour), By: sam, Reason: "sale"}
}
