package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// deny closes the request.
func (w *world) deny(t *testing.T) {
	t.Helper()
	w.vote(t, ledger.Vote{Actor: ledger.Actor{User: "USAM", Team: "T"}, Choice: "deny", Reason: "not today"})
}

// expire lets the request's time pass.
func (w *world) expire(t *testing.T) {
	t.Helper()
	w.now = w.now.Add(2 * time.Hour)
	w.redis.SetTime(w.now)
	if _, err := w.ledger.Claim(t.Context(), "test", time.Second); err != nil {
		t.Fatal(err)
	}
}

// broken is an operation that broke the glass, past @sre and @owners.
func broken() ledger.Proposal {
	p := proposal()
	p.BreakGlass, p.Rule.Needs = "the site is down", nil
	p.Skipped = []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Groups: []string{"owners"}, Min: 1}}
	return p
}

func to(letters []letter) string {
	var all []string
	for _, l := range letters {
		all = append(all, l.to)
	}
	return strings.Join(all, ",")
}

func TestTheRequesterHearsOfTheEndOnce(t *testing.T) {
	for name, end := range map[string]func(*world, *testing.T){"Denied": (*world).deny, "Expired": (*world).expire} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.settle(t)
			if len(w.dms) != 0 {
				t.Fatalf("got %d direct messages before the end", len(w.dms))
			}
			end(w, t)
			w.settle(t)
			for range 2 { // drawn again, here and by a replica that has seen nothing
				if err := w.ledger.Redraw(t.Context(), "op-1"); err != nil {
					t.Fatal(err)
				}
				w.Notifier = w.restarted()
				w.settle(t)
			}
			if len(w.dms) != 1 || w.dms[0].to != "UDANA" || w.dms[0].Title != name+" · Roll web" || labels(w.dms[0].Card) != "Ask again,Details" {
				t.Errorf("got %+v, want the requester told once that it ended, and able to ask again", w.dms)
			}
		})
	}
}

// TestTheEndIsToldThoughTheChannelIsClosed: who cannot see the card needs the message most.
func TestTheEndIsToldThoughTheChannelIsClosed(t *testing.T) {
	w := newWorld(t)
	w.fail = func(call string) error {
		if call == "post" {
			return &Refused{Code: "is_archived"}
		}
		return nil
	}
	w.deny(t)
	for range 3 {
		w.now = w.now.Add(time.Minute)
		w.redis.SetTime(w.now)
		d, err := w.ledger.ClaimDrawing(t.Context(), "test", w.Lease)
		if err != nil || d == nil {
			t.Fatalf("got %v, %v, want the thread due", d, err)
		}
		w.draw(t.Context(), d)
	}
	var ends int
	for _, l := range w.dms {
		if strings.HasPrefix(l.Title, "Denied") {
			ends++
		}
	}
	if ends != 1 {
		t.Errorf("got the end told %d times, want once: %+v", ends, w.dms)
	}
}

func TestWhatIsOverBearsAMark(t *testing.T) {
	for name, end := range map[string]func(*world, *testing.T){"x": (*world).deny, "hourglass": (*world).expire} {
		w := newWorld(t)
		w.settle(t)
		if len(w.marks) != 0 {
			t.Fatalf("got %v while it is open", w.marks)
		}
		end(w, t)
		w.settle(t)
		if err := w.ledger.Redraw(t.Context(), "op-1"); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		if len(w.marks) != 1 || !strings.HasSuffix(w.marks[0], " "+name) {
			t.Errorf("got %v, want one %s", w.marks, name)
		}
	}
}

func TestAMarkThatIsRefusedHoldsUpNothing(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	tries := 0
	w.fail = func(call string) error {
		if call == "react" {
			tries++
			return &Refused{Code: "missing_scope"}
		}
		return nil
	}
	w.deny(t)
	w.settle(t)
	if tries != 1 || len(w.dms) != 1 || !strings.HasPrefix(w.root(t).Title, "Denied") {
		t.Errorf("got %d tries, %d messages and %q, want one try and everything else done", tries, len(w.dms), w.root(t).Title)
	}
}

func TestHomeTabsHearOfStatesAndNotOfProgress(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	asked := w.heard
	for range 3 {
		if err := w.ledger.Note(t.Context(), "op-1", "halfway", ""); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
	}
	if w.heard != asked || asked != 1 {
		t.Errorf("got %d tellings and %d after mere lines, want 1", asked, w.heard)
	}
	failing := true
	w.fail = func(call string) error {
		if call == "homes" && failing {
			failing = false
			return errors.New("broken pipe")
		}
		return nil
	}
	w.approve(t)
	w.settle(t)
	if err := w.ledger.Redraw(t.Context(), "op-1"); err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	if w.heard != 2 {
		t.Errorf("got %d tellings after the approval, want another, though the first one failed", w.heard)
	}
}

func TestABrokenGlassIsToldToEverybodyWhoWasSkipped(t *testing.T) {
	w := worldOf(t, broken())
	w.crew = map[string][]string{"sre": {"USAM", "UOLA", "UDANA"}, "owners": {"UOLA", "ULEA"}}
	w.settle(t)
	if got := to(w.dms); got != "ULEA,UOLA,USAM" {
		t.Errorf("got messages to %s, want each member once and not who broke it", got)
	}
	call := "Broken glass: <!subteam^Ssre> and <!subteam^Sowners> were not asked. <@UDANA> started it without approval: the site is down"
	if n := strings.Count(strings.Join(w.lines, "\n"), call); n != 1 || w.loud != 1 {
		t.Errorf("got the groups called %d times (%d loud) in %q, want once and loud", n, w.loud, w.lines)
	}
	if c := w.root(t); !strings.HasPrefix(c.Title, "🚨 Broken glass · Running") {
		t.Errorf("got %q, want the badge", c.Title)
	}
	if text := words(*w.dms[0].Sections[0].Text); !strings.Contains(text, "<#C1>") && !strings.Contains(text, "Open its thread") {
		t.Errorf("got %q, want the way to the thread", text)
	}
}

func TestABrokenGlassWritesToFiftyAtTheMost(t *testing.T) {
	w := worldOf(t, broken())
	var said strings.Builder
	w.Log = slog.New(slog.NewTextHandler(&said, nil))
	for i := range 60 {
		w.channel.crew = map[string][]string{"sre": append(w.crew["sre"], fmt.Sprintf("U%02d", i))}
	}
	w.settle(t)
	if len(w.dms) != 50 || !strings.Contains(said.String(), "left=10") {
		t.Errorf("got %d messages, log %s; want 50 and that 10 were left out", len(w.dms), said.String())
	}
}

// TestDirectMessagesGoOutOnceWhateverFails: whichever call fails, everybody is told, nobody twice, and the thread
// is in step.
func TestDirectMessagesGoOutOnceWhateverFails(t *testing.T) {
	for crash := range 16 {
		for _, err := range []error{errors.New("broken pipe"), &Later{After: time.Second}} {
			w := worldOf(t, broken())
			w.crew = map[string][]string{"sre": {"USAM", "UOLA"}, "owners": {"ULEA"}}
			calls := 0
			w.fail = func(string) error {
				if calls++; calls == crash {
					return err
				}
				return nil
			}
			w.settle(t)
			w.finish(t, ledger.Succeeded)
			w.settle(t)
			who := strings.Split(to(w.dms), ",")
			slices.Sort(who)
			if got := strings.Join(who, ","); got != "UDANA,ULEA,UOLA,USAM" {
				t.Errorf("call %d fails with %v: got messages to %s, want everybody once", crash, err, got)
			}
			if c := w.root(t); !strings.Contains(c.Title, "Done") {
				t.Errorf("call %d fails with %v: got %q, want it done", crash, err, c.Title)
			}
		}
	}
}

// forgetful is a ledger that does not take down, once each, what was told.
type forgetful struct {
	*ledger.Ledger
	refused map[string]bool
}

func (f forgetful) Told(ctx context.Context, d *ledger.Drawing, what string) error {
	if !f.refused[what] {
		f.refused[what] = true
		return errors.New("connection reset")
	}
	return f.Ledger.Told(ctx, d, what)
}

// TestAMessageThatCouldNotBeWrittenDownIsNotSentTwice: this process still knows that it went out.
func TestAMessageThatCouldNotBeWrittenDownIsNotSentTwice(t *testing.T) {
	w := newWorld(t)
	w.Notifier.Ledger = forgetful{w.ledger, map[string]bool{}}
	w.deny(t)
	w.settle(t)
	if len(w.dms) != 1 {
		t.Errorf("got %d messages, want one", len(w.dms))
	}
}

// TestDirectMessagesDoNotHoldUpTheThread: while Slack wants a long rest from messages, the card goes on.
func TestDirectMessagesDoNotHoldUpTheThread(t *testing.T) {
	w := worldOf(t, broken())
	w.crew = map[string][]string{"sre": {"USAM"}}
	w.fail = func(call string) error {
		if call == "dm" {
			return &Later{After: time.Hour}
		}
		return nil
	}
	w.now = w.now.Add(time.Second)
	w.redis.SetTime(w.now)
	d, err := w.ledger.ClaimDrawing(t.Context(), "test", w.Lease)
	if err != nil || d == nil {
		t.Fatalf("got %v, %v, want the thread due", d, err)
	}
	w.draw(t.Context(), d)
	w.finish(t, ledger.Succeeded)
	w.now = w.now.Add(6 * time.Second)
	w.redis.SetTime(w.now)
	if d, err = w.ledger.ClaimDrawing(t.Context(), "test", w.Lease); err != nil || d == nil {
		t.Fatalf("got %v, %v, want the thread due within seconds", d, err)
	}
	w.draw(t.Context(), d)
	if c := w.root(t); !strings.Contains(c.Title, "Done") {
		t.Errorf("got %q, want it done", c.Title)
	}
}

// finish ends the running operation.
func (w *world) finish(t *testing.T, s ledger.State) {
	t.Helper()
	turn, err := w.ledger.Claim(context.WithoutCancel(t.Context()), "test", time.Minute)
	if err != nil || turn == nil {
		t.Fatalf("got %v, %v, want the operation's turn", turn, err)
	}
	if err := w.ledger.Finish(t.Context(), turn, ledger.End{State: s, Outcome: "All is well."}); err != nil {
		t.Fatal(err)
	}
}

// TestMembersThatCannotBeReadAreGivenUp: a group that is gone does not have the thread drawn for ever.
func TestMembersThatCannotBeReadAreGivenUp(t *testing.T) {
	w := worldOf(t, broken())
	w.crew = map[string][]string{"owners": {"ULEA"}}
	w.fail = func(call string) error {
		if call == "members" {
			return errors.New("no such group")
		}
		return nil
	}
	w.settle(t)
	r, err := w.ledger.Get(t.Context(), "op-1")
	if err != nil || !slices.Contains(r.Told, "skipped") {
		t.Errorf("got %v, %v, want it given up", r.Told, err)
	}
}
