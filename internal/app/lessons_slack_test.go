package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// TestAHostileReasonStaysWords: whatever stands in a reason, the card is taken, calls nobody, and is decided like
// any other: nothing is ever read back from it.
func TestAHostileReasonStaysWords(t *testing.T) {
	t.Parallel()
	family := strings.Repeat("👩‍👩‍👧‍👦", 13)
	for name, c := range map[string]struct{ typed, kept string }{
		"separators":       {"Requester: eve: State: approved", ""},
		"code":             {"```` `x` ``` ```", ""},
		"everybody":        {"<!channel> <!here> <!everyone> <@U0LEAD>", "@channel @here @everyone @U0LEAD"},
		"escaped":          {"&lt;!channel&gt; &lt;@U0LEAD&gt;", ""},
		"emoji at the cut": {strings.Repeat("x", 390) + family, ""},
		"brackets":         {"a | b * _~ {user:U0LEAD} {when:1}", "a | b * _~ { user:U0LEAD} { when:1}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			crowd := &people{slack: w.Slack}
			if err := crowd.ask(t.Context(), "dev", "#deploys", "/asg rollout web --image ami-0b2 --reason '"+c.typed+"'", rolling); err != nil {
				t.Fatalf("%v: %v", err, heard(w, "dev"))
			}
			if err := crowd.press(t.Context(), "sre", "#deploys", rolling, "Approve"); err != nil {
				t.Fatal(err)
			}
			runs := func() bool {
				m, _ := crowd.card("#deploys", rolling)
				return has(m, "Pause") && len(w.refreshes("web")) == 1
			}
			if !until(t.Context(), patience, runs) {
				t.Error("approved, and never under way")
			}
			if r := w.request(); r.Reason != cmp.Or(c.kept, c.typed) || r.Requester.User != "U0DEV" {
				t.Errorf("got the reason %q of %s, want it as it was typed", r.Reason, r.Requester.User)
			}
			w.callsNobody(crowd)
		})
	}
}

// callsNobody checks that neither the card nor its thread calls somebody whom only a reason names.
func (w *world) callsNobody(crowd *people) {
	w.t.Helper()
	m, _ := crowd.card("#deploys", rolling)
	for _, said := range append(w.Slack.Thread("#deploys", m.TS), m) {
		raw, err := json.Marshal(said.Blocks)
		if err != nil {
			w.t.Fatal(err)
		}
		all := said.Text + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
		for _, call := range []string{"<!channel", "<!here", "<!everyone", "<@U0LEAD"} {
			if strings.Contains(all, call) {
				w.t.Errorf("%s is live in %s", call, all)
			}
		}
		if !utf8.ValidString(all) || strings.ContainsRune(all, utf8.RuneError) {
			w.t.Errorf("cut in the middle of a letter: %q", all)
		}
	}
}

// heard is what a person alone was told.
func heard(w *world, user string) (all []string) {
	for _, m := range w.Slack.As(user).Whispers("#deploys") {
		all = append(all, m.Visible())
	}
	return all
}

// TestARestartBetweenPostAndPressUpdatesEverything: the bot is started anew after it posted, so that it holds nothing
// in memory. A press then changes the card, every Home tab that shows the request, and the end is told.
func TestARestartBetweenPostAndPressUpdatesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	crowd := w.asked()
	tab := func(user string) string {
		v := w.Slack.As(user).Home()
		if v == nil {
			return ""
		}
		return slacksim.Message{Blocks: v.Blocks}.Visible()
	}
	for user, part := range map[string]string{"sre": "Waiting for you", "dev": "Yours"} {
		if err := w.Slack.As(user).OpenHome(); err != nil {
			t.Fatal(err)
		}
		if !until(t.Context(), patience, func() bool { return strings.Contains(tab(user), rolling) }) {
			t.Fatalf("Home of %s does not show the request under %s: %s", user, part, tab(user))
		}
	}
	if err := w.restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(w.Slack.Messages("#deploys"))
	m, _ := crowd.card("#deploys", rolling)
	if err := w.Slack.As("sre").Click("#deploys", m.TS, "deny"); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return w.Slack.As("sre").View() != nil }) {
		t.Fatal("the form of the denial does not open")
	}
	if err := w.Slack.As("sre").Submit(map[string]any{"reason": "not today"}); err != nil {
		t.Fatal(err)
	}
	everywhere := func() bool {
		var card slacksim.Message
		for _, c := range w.Slack.Messages("#deploys") {
			if c.TS == m.TS {
				card = c
			}
		}
		told := slices.ContainsFunc(w.Slack.Direct("dev"), func(d slacksim.Message) bool { return contains(d, "not today") })
		return contains(card, "Denied") && !has(card, "Approve") && told && !strings.Contains(tab("sre"), "Approve") && strings.Contains(tab("dev"), "denied")
	}
	if !until(t.Context(), patience, everywhere) {
		t.Errorf("not updated everywhere:\n%s\n--- sre\n%s\n--- dev\n%s", m.Visible(), tab("sre"), tab("dev"))
	}
	if after := len(w.Slack.Messages("#deploys")); after != before {
		t.Errorf("got %d messages in the channel, want the same %d", after, before)
	}
}

// TestAFatalAnswerEndsTheBot: a bot whose tokens Slack refuses for good does not stay up and look alive.
func TestAFatalAnswerEndsTheBot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.Slack.Faults().Add(slacksim.Fault{Method: "apps.connections.open", Error: "invalid_auth", Times: -1})
	if err := w.Slack.DropSockets(slacksim.Drop); err != nil {
		t.Fatal(err)
	}
	r := w.bots[0]
	select {
	case err := <-r.done:
		if err == nil || !strings.Contains(err.Error(), "invalid_auth") {
			t.Errorf("the bot ended with %v, want to hear that its token is refused", err)
		}
	case <-time.After(patience):
		t.Errorf("the bot is up, and says that it is ready: %v", r.app.Ready() == nil)
		r.cancel()
		<-r.done
	}
	w.bots = nil
}

// TestSwitchedOffIsNotStormed: while Socket Mode is switched off the bot is not ready, and asks seldom.
func TestSwitchedOffIsNotStormed(t *testing.T) {
	w := newWorld(t, 1)
	before := len(w.Slack.Calls("apps.connections.open"))
	if err := w.Slack.DropSockets(slacksim.LinkDisabled); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return w.bots[0].app.Ready() != nil }) {
		t.Fatal("it is ready though Socket Mode is off")
	}
	until(t.Context(), 3*time.Second, func() bool { return false })
	if n := len(w.Slack.Calls("apps.connections.open")) - before; n > 2 {
		t.Errorf("it asked %d times in three seconds, want twice at most", n)
	}
	if w.bots[0].app.Ready() == nil {
		t.Error("it says that it is ready")
	}
}

// TestMoreThanAHundredGroupsAreAllThere: what does not fit into an answer is counted, and each can still be named.
func TestMoreThanAHundredGroupsAreAllThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, bare)
	groups := named("many", 130)
	w.fill(groups...)
	dev := w.Slack.As("dev")
	read := func() string {
		var b strings.Builder
		for _, m := range append(dev.Whispers("#deploys"), w.Slack.Messages("#deploys")...) {
			b.WriteString(m.Visible() + "\n")
		}
		return b.String()
	}
	if err := dev.Slash("#deploys", "/asg list"); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return strings.Contains(read(), groups[0]) }) {
		t.Fatalf("no list: %s", read())
	}
	if !strings.Contains(read(), fmt.Sprintf("of %d", len(groups))) {
		t.Errorf("nothing tells how many there are:\n%s", read())
	}
	for page := 2; page <= 7; page++ {
		if err := dev.Slash("#deploys", fmt.Sprintf("/asg list --page %d", page)); err != nil {
			t.Fatal(err)
		}
		if !until(t.Context(), patience, func() bool { return strings.Contains(read(), fmt.Sprintf("%d–", 20*page-19)) }) {
			t.Fatalf("no page %d:\n%s", page, read())
		}
	}
	for _, g := range groups {
		if !strings.Contains(read(), g+"\t") {
			t.Errorf("%s stands on no page", g)
		}
	}
	last := groups[len(groups)-1]
	if err := dev.Slash("#deploys", "/asg show "+last); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return strings.Contains(read(), last) && strings.Contains(read(), "ami-0001") }) {
		t.Errorf("%s cannot be shown", last)
	}
}

// TestLookingDoesNothing: everything that only looks may be pressed again and again, by anybody.
func TestLookingDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	crowd := w.asked()
	before := w.request()
	m, _ := crowd.card("#deploys", rolling)
	for _, user := range []string{"dev", "sre", "sre", "lead"} {
		p := w.Slack.As(user)
		for _, look := range []string{"Details", "Copy command", "Why me?"} {
			told := len(p.Whispers("#deploys"))
			if err := p.Select("#deploys", m.TS, "more", look); err != nil {
				t.Fatalf("%s looks at %s: %v", user, look, err)
			}
			if !until(t.Context(), patience, func() bool { return len(p.Whispers("#deploys")) > told || p.View() != nil }) {
				t.Errorf("%s is not answered to %s", user, look)
			}
			if p.View() != nil {
				if err := p.CloseAll(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := p.OpenHome(); err != nil {
			t.Fatal(err)
		}
	}
	until(t.Context(), time.Second, func() bool { return false })
	after := w.request() // it fails if there are two
	if after.State != ledger.Pending || after.Version != before.Version || len(after.Votes) > 0 {
		t.Errorf("got %s version %d with %d votes, want it as it was: version %d", after.State, after.Version, len(after.Votes), before.Version)
	}
	for _, c := range w.Cloud.Calls() {
		if !strings.HasPrefix(c.Action, "Describe") && !strings.HasPrefix(c.Action, "Get") && c.Action != "AssumeRole" {
			t.Errorf("AWS was asked for %s", c.Action)
		}
	}
}

// TestWhateverIsTypedIsAnswered: no line of a command is acknowledged and then forgotten.
func TestWhateverIsTypedIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	dev := w.Slack.As("dev")
	for _, line := range []string{
		"/asg", "/asg nonsense", "/asg rolout web", "/asg rollout", "/asg rollout nowhere --image ami-0b2", "/asg rollout web --image", "/asg --help",
		"/asg rollout web --image ami-0b2 --banana 3", "/asg list 'unclosed", "/amiral", "/amiral ???", "/amiral ops show op-none", "/asg " + strings.Repeat("x ", 900),
		"/asg rollout web --image ami-nothere", "/amiral freeze", "/amiral policy explain", "/amiral audit op-none", "/asg <@U0SRE> <!channel>",
	} {
		before := len(dev.Whispers("#deploys"))
		if err := dev.Slash("#deploys", line); err != nil {
			t.Errorf("%.60s: %v", line, err)
			continue
		}
		answered := func() bool { return len(dev.Whispers("#deploys")) > before || dev.View() != nil } // a form asks for what is missing
		if !until(t.Context(), 10*time.Second, answered) {
			t.Errorf("%.60s: acknowledged, and no answer", line)
		}
		if dev.View() == nil {
			continue
		}
		if err := dev.CloseAll(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.Slack.Messages("#deploys")); n > 0 {
		t.Errorf("got %d messages for everybody, want none", n)
	}
}

// TestALookupThatFailsIsToldToWhoeverPressed: while Slack does not say who is in a group nobody's word counts, and
// whoever presses is told so. When it answers again the same button works. Who has left Slack has no say.
func TestALookupThatFailsIsToldToWhoeverPressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, asTheDemo)
	crowd := w.asked()
	w.Slack.Faults().Add(slacksim.Fault{Method: "usergroups.users.list", Error: "internal_error", Times: -1})
	if err := w.restart(t.Context()); err != nil { // so that it knows nothing from before
		t.Fatal(err)
	}
	m, _ := crowd.card("#deploys", rolling)
	if err := w.Slack.As("sre").Click("#deploys", m.TS, "Approve"); err != nil {
		t.Fatal(err)
	}
	told := func() bool {
		return slices.ContainsFunc(w.Slack.As("sre").Whispers("#deploys"), func(m slacksim.Message) bool { return contains(m, "Slack does not tell me who is in @sre") })
	}
	if !until(t.Context(), patience, told) {
		t.Errorf("sre is not told: %v", heard(w, "sre"))
	}
	if r := w.request(); r.State != ledger.Pending || len(r.Votes) > 0 {
		t.Errorf("got %s with %d votes, want nothing counted", r.State, len(r.Votes))
	}
	w.Slack.Faults().Clear()
	if err := w.Slack.As("sre").Click("#deploys", m.TS, "Approve"); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return len(w.request().Votes) == 1 }) {
		t.Error("the press is not counted once Slack answers again")
	}
}
