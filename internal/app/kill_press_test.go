package app_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// TestTwoPressAtOnce: two people press Approve at the same moment, on two replicas, twenty times. Each request
// becomes one operation, and whoever came second is told who was first.
func TestTwoPressAtOnce(t *testing.T) {
	t.Parallel()
	channels := named("team", 5) // a channel takes one message in a second
	w := newWorld(t, 2, bare, rooms(channels))
	groups := named("pair", 20)
	w.fill(groups...)
	crowd := &people{slack: w.Slack}
	var wg sync.WaitGroup
	for i, g := range groups {
		wg.Go(func() {
			channel := "#" + channels[i%len(channels)]
			title := "Roll " + g + " to ami-0002"
			if err := crowd.ask(t.Context(), "dev", channel, "/asg rollout "+g+" --image ami-0002", title); err != nil {
				t.Error(err)
				return
			}
			card, _ := crowd.card(channel, title)
			var both sync.WaitGroup
			for _, user := range []string{"sre", "sre2"} {
				both.Go(func() {
					if err := w.Slack.As(user).Click(channel, card.TS, "Approve"); err != nil {
						t.Errorf("%s: %s presses: %v", g, user, err)
					}
				})
			}
			both.Wait()
			late := func() bool { return told(crowd, "sre", channel, title)+told(crowd, "sre2", channel, title) == 1 }
			if !until(t.Context(), patience, func() bool { return len(w.refreshes(g)) == 1 && late() }) {
				t.Errorf("%s: %d refreshes, %d and %d told that it was approved already", g, len(w.refreshes(g)),
					told(crowd, "sre", channel, title), told(crowd, "sre2", channel, title))
			}
		})
	}
	wg.Wait()
	records := ledger.New(dial(t, w.Info()), ledger.Options{})
	all, err := records.Recent(t.Context(), 100)
	if err != nil || len(all) != len(groups) {
		t.Fatalf("got %d operations, %v; want %d", len(all), err, len(groups))
	}
	for _, r := range all {
		w.once(r, records)
	}
}

// rooms adds channels, each with an environment of its own.
func rooms(names []string) func(*workspace.Options, *config.Config) {
	return func(o *workspace.Options, c *config.Config) {
		o.Slack = func(so *slacksim.Options) {
			for _, n := range names {
				so.Channels = append(so.Channels, slacksim.Channel{Name: n, Members: []string{"dev", "sre", "sre2", "amiral"}})
			}
		}
		for _, n := range names {
			c.Environments = append(c.Environments, config.Environment{Name: n, Region: "eu-west-1", Channels: []string{"#" + n}})
		}
		one := 1
		c.Policy.Rules = []policy.Rule{{Name: "one of sre", Approvals: &one, From: "sre"}}
	}
}

// told counts what tells a person that somebody else approved it already.
func told(p *people, user, channel, title string) (n int) {
	for _, m := range p.slack.As(user).Whispers(channel) {
		if text := m.Visible(); strings.Contains(text, title) && strings.Contains(text, "was approved by") {
			n++
		}
	}
	return n
}

// once checks that an operation was approved by one person, and started once.
func (w *world) once(r ledger.Record, records *ledger.Ledger) {
	w.t.Helper()
	entries, err := records.Journal(w.t.Context(), r.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range entries {
		count[e.Kind]++
	}
	if len(r.Votes) != 1 || count["vote"] != 1 || count["approved"] != 1 || count["started"] != 1 {
		w.t.Errorf("%s: got votes %v and journal %v, want one of each", r.Target, r.Votes, count)
	}
	if starts, versions := w.effects(r.Target); starts != 1 || versions != 1 {
		w.t.Errorf("%s: got %d refreshes and %d versions, want 1 and 1", r.Target, starts, versions)
	}
}
