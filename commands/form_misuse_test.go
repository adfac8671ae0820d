package commands

import (
	"context"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestWhatRunsIsWhatWasFilledIn(t *testing.T) {
	for _, said := range []string{
		"--image ami-evil", "-5", "--", "--dry-run", "help", "`rm -rf /`", `say "yes" \ "no"`, `\`, "it's", "“curly”", "a,b", "$(id) && x", "@file", "<@U0DEV>", "<!channel>",
		"= --break-glass x", "é 日本 🚀", strings.Repeat("x", 120),
	} {
		w := formed(t)
		m := w.asks("asg rollout web").Modal
		if r := w.sends(m, map[string]string{"--image": "ami-0b2", "--reason": said}); len(w.gate.asked) != 1 {
			t.Errorf("%q: got %v %s", said, r.Errors, text(r.Reply))
			continue
		}
		want := "/asg rollout web --image ami-0b2 --reason " + grammar.Quote(said)
		if got := w.gate.spec; got.Reason != said || got.Command != want || got.BreakGlass != "" {
			t.Errorf("got the reason %q and %s, want %q and %s", got.Reason, got.Command, said, want)
		}
		if got := w.gate.spec.Args["reason"]; got != said {
			t.Errorf("got %q for the policy, want %q", got, said)
		}
	}
}

func TestLinesInAReasonAreOneLine(t *testing.T) {
	w := formed(t)
	w.sends(w.asks("asg rollout web").Modal, map[string]string{"--image": "ami-0b2", "--reason": "first\n--dry-run\r\n/asg scale web 0"})
	if got := w.gate.spec.Reason; got != "first --dry-run /asg scale web 0" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsTooLongIsSaidInTheForm(t *testing.T) {
	w := formed(t)
	m := w.asks("asg rollout web").Modal
	for _, input := range []string{"group", "--image", "--reason", "--in", "--canary", "--warmup", "--checkpoints", "--alarms", "--strategy"} {
		for _, long := range []string{strings.Repeat("x", 3000), strings.Repeat("9", 3000), strings.Repeat("-", 3000), strings.Repeat(`"`, 3000)} {
			if r := w.sends(m, map[string]string{"--image": "ami-0b2", input: long}); len(r.Errors) == 0 {
				t.Errorf("%s: got %s", input, text(r.Reply))
			}
		}
	}
	if len(w.gate.asked) != 0 {
		t.Errorf("got %v asked", w.gate.asked)
	}
}

func TestAFormRunsForWhoeverSentIt(t *testing.T) {
	w := formed(t)
	m := w.asks("asg rollout web").Modal
	s := Submission{Key: "f", Actor: sre, Modal: m.ID, Subject: ledger.ID(m.Subject), Channel: "CDEPLOYS", Values: map[string]string{"group": "web", "--image": "ami-0b2"}}
	if w.desk.Submit(t.Context(), s); w.gate.spec.Requester != sre {
		t.Errorf("got it asked by %v, want whoever sent it", w.gate.spec.Requester)
	}
	s.Actor = guest
	if w.desk.Submit(t.Context(), s); len(w.gate.asked) != 1 {
		t.Errorf("got %v asked, want nothing of a guest", w.gate.asked)
	}
}

func TestAFormThatIsOlderThanTheBotRunsNothingElse(t *testing.T) {
	w := formed(t)
	m := w.asks("asg rollout web").Modal
	wrong := w.sends(m, map[string]string{"--image": "ami-0b2", "--gentle": "true"}).Errors
	if !strings.HasPrefix(wrong["--gentle"], "This form is older than I am") || len(wrong) != 1 {
		t.Errorf("got %v, want what is not taken any more said", wrong)
	}
	if r := w.sends(m, map[string]string{"--image": "ami-0b2", "--gentle": ""}); len(w.gate.asked) != 1 {
		t.Errorf("got %v, want an empty input left out", r.Errors)
	}
	for _, subject := range []string{"/asg shrink web", "/asg rollout web --gentle", "", "x"} {
		r := w.desk.Submit(context.Background(), Submission{Key: "g", Actor: dev, Modal: commandForm, Subject: ledger.ID(subject), Values: map[string]string{"group": "web", "--image": "ami-0b2"}})
		if r.Reply == nil || len(w.gate.asked) != 1 {
			t.Errorf("%q: got %v asked", subject, w.gate.asked)
		}
	}
}
