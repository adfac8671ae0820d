package app_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestTwoPressAtOnce: two people press Approve at the same moment, on two replicas, twenty times. Each request
// becomes one operation, and whoever came second is told who was first.
func TestTwoPressAtOnce(t *testing.T) {
	w := newWorld(t, 2, bare)
	groups := named("pair", 20)
	w.fill(groups...)
	crowd := &people{slack: w.Slack}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, g := range groups {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			title := "Roll " + g + " to ami-0002"
			if err := crowd.ask(t.Context(), "dev", "#deploys", "/asg rollout "+g+" --image ami-0002", title); err != nil {
				t.Error(err)
				return
			}
			card, _ := crowd.card("#deploys", title)
			var both sync.WaitGroup
			for _, user := range []string{"sre", "sre2"} {
				both.Go(func() {
					if err := w.Slack.As(user).Click("#deploys", card.TS, "Approve"); err != nil {
						t.Errorf("%s: %s presses: %v", g, user, err)
					}
				})
			}
			both.Wait()
			late := func() bool { return told(crowd, "sre", title)+told(crowd, "sre2", title) == 1 }
			if !until(t.Context(), patience, func() bool { return len(w.refreshes(g)) == 1 && late() }) {
				t.Errorf("%s: %d refreshes, %d and %d told that it was approved already", g, len(w.refreshes(g)),
					told(crowd, "sre", title), told(crowd, "sre2", title))
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

// told counts what tells a person that somebody else approved it already.
func told(p *people, user, title string) (n int) {
	for _, m := range p.slack.As(user).Whispers("#deploys") {
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
