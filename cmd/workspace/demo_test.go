package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// demo starts what `make demo` starts, and returns its page and somebody who plays in it.
func demo(t *testing.T) (page string, play func(lines string)) {
	t.Helper()
	commands, err := slash()
	if err != nil {
		t.Fatal(err)
	}
	w, err := workspace.Start(workspace.Options{Commands: commands, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_PROFILE",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, "") // put back what the bot sets
	}
	b := &bot{info: w.Info(), log: slog.New(slog.NewTextHandler(t.Output(), nil)), failed: make(chan error, 1)}
	if err := b.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	p := story.Player{Page: w.Info().Page, Patience: patience}
	return w.Info().Page, func(lines string) {
		t.Helper()
		s, err := story.Parse(t.Name(), []byte("-- script --\n"+lines))
		if err == nil {
			err = p.Play(t.Context(), s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheDemoInABrowser does what a newcomer does with the demo: asks for a rollout, has two groups agree, one of
// them from the Home tab, and breaks the glass. PICTURES names a folder for screenshots.
func TestTheDemoInABrowser(t *testing.T) {
	page, play := demo(t)
	b := browsertest.Open(t, page)
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg rollout web --image ami-0b2 --reason 'kernel patches'"+kb.Escape+kb.Enter)
	b.Shows("[data-testid=message]", "Approval needed · Roll web to ami-0b2")
	b.Picture("asked")
	b.Click("[data-testid=action][data-action-id=more]")
	b.Shows(".popover", "Withdraw")
	b.Picture("menu")
	play("click @sre 'Approve canary only'\ncard #deploys '✂️ sre'\n")
	b.ActAs("U0LEAD", "LH")
	b.Click("[data-testid=home-entry]")
	b.Shows("[data-testid=home]", "Roll web to ami-0b2")
	b.Picture("home")
	b.Scheme("dark")
	b.Picture("home-dark")
	b.Click("[data-testid=home] [data-action-id=approve]")
	b.Shows("[data-testid=confirm]", "Roll web to ami-0b2 in production")
	b.Picture("confirm-dark")
	b.Click("[data-testid=confirm-ok]")
	b.Click("[data-testid=channel][data-name=deploys]")
	b.Shows("[data-testid=message]", "Approved for the canary, 2 of 12 instances only.")
	b.Picture("narrow-dark")
	b.Scheme("light")
	play(strings.Join([]string{
		"click @sre 'Approve the rest'", "slash @sre2 #deploys /asg rollout api --image ami-0b2 --break-glass 'checkout is down'",
		"modal @sre2 'Type api to confirm'", "submit @sre2 target=api", "card #deploys 'Broken glass'",
		"card #security 'Review needed'", "slash @sre #deploys /amiral freeze worker --for 2h --reason 'queue is full'", "",
	}, "\n"))
	b.Shows("[data-testid=message]", "Broken glass")
	b.Size(1280, 1400)
	b.Picture("glass")
	b.Size(1280, 800)
	b.ActAs("U0SEC", "SB")
	b.Click("[data-testid=channel][data-name=security]")
	b.Shows("[data-testid=message]", "Broken glass")
	b.Picture("review")
	b.Scheme("dark")
	b.Size(420, 780)
	b.Picture("review-narrow-dark")
	b.Clean()
}
