package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// TestTheMainJobInABrowser does what a newcomer does: types the command on the page, approves as another
// person, answers for the canary, and sees the thread and the fleet come to the end. PICTURES names a folder
// for screenshots.
func TestTheMainJobInABrowser(t *testing.T) {
	w := newWorld(t, 1)
	b := browsertest.Open(t, w.Info().Page)
	b.Shows("#link-state", "amiral is connected")

	b.Write("[data-testid=composer]", "/asg rollout web --image ami-0b2 --canary 25 --reason 'kernel patches'"+kb.Escape+kb.Enter)
	b.Shows("[data-testid=message]", "Approval needed · Roll web to ami-0b2")
	b.Picture("asked")
	b.Click("[data-testid=action][data-action-id=approve]")
	b.Shows("[data-testid=confirm]", "Roll web to ami-0b2 in production")
	b.Click("[data-testid=confirm-ok]")
	b.Shows("[data-testid=message]", "You cannot approve your own request.")

	b.ActAs("U0SRE", "SO")
	b.Click("[data-testid=action][data-action-id=approve]")
	b.Click("[data-testid=confirm-ok]")
	b.Shows("[data-testid=message]", "Running · Roll web to ami-0b2")
	b.Click("[data-testid=open-thread]")
	b.Shows("[data-testid=thread]", "The canary starts")

	play := story.Player{Page: w.Info().Page, Patience: 30e9}
	follow := func(lines string) {
		t.Helper()
		if err := play.Play(t.Context(), script(t, lines)); err != nil {
			t.Fatal(err)
		}
	}
	follow("refresh web begun\nclock +8m\n")
	b.Shows("[data-testid=thread]", "The canary is in service")
	b.Picture("canary")
	b.Click("[data-testid=thread] [data-testid=action][data-action-id=continue]")
	b.Shows("[data-testid=confirm]", "The remaining instances of web are replaced.")
	b.Click("[data-testid=confirm-ok]")
	b.Shows("[data-testid=thread]", "The rest follows")
	follow("refresh web begun\nclock +5m\nrefresh web InProgress\nclock +15m\nclock +30m\n")
	b.Shows("[data-testid=thread]", "web runs ami-0b2")
	b.Shows("[data-testid=message]", "Done · Roll web to ami-0b2")
	b.Eventually("twelve squares of the new image", `document.querySelectorAll("[data-testid=group][data-name=web] [data-testid=instance][data-image='ami-0b2']").length >= 12`)
	b.Picture("done")
	b.Clean()
}

// TestMetricsTellWhatHappened reads the metrics after a story.
func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.play(script(t, "slash @dev #deploys /asg list\nwhisper @dev 'web'\n"))
	resp, err := http.Get("http://" + w.bots[0].app.Health.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body strings.Builder
	if err := resp.Write(&body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`amiral_accept_seconds_count{kind="slash_commands"} 1`, "amiral_sockets_ready", "amiral_aws_call_seconds", "amiral_overdue_seconds"} {
		if !strings.Contains(body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
