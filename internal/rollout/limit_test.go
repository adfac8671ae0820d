package rollout

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestWhatCannotBeLaunchedHasANextStep: the card of a canary tells AWS's own words once, and what helps against it.
func TestWhatCannotBeLaunchedHasANextStep(t *testing.T) {
	for words, step := range map[string]string{
		"You have requested more vCPU capacity than your current vCPU limit of 32 allows.":                           "ask AWS for a higher one, or end instances that nobody needs.",
		"We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a).": "tries the other zones of the group, too.",
	} {
		w := newWorld(t, 3)
		w.propose(Want{Image: "ami-0002", Canary: 34})
		w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Message: words})
		w.until("told", func() bool { return len(w.data().Failures) > 0 && w.data().Progress.Failed > 1 })
		w.wantLine(step)
		if card := w.card(); strings.Count(card, words) != 1 || !strings.Contains(card, step) {
			t.Errorf("got %s, want %q once, and %q", card, words, step)
		}
		w.finish(ledger.Undone)
		if card := w.card(); !strings.Contains(card, step) {
			t.Errorf("at the end: got %s, want it with %q", card, step)
		}
	}
}
