package group

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestWhatCannotBeLaunchedHasANextStep: the card tells AWS's own words and what helps against it, and so does the end.
func TestWhatCannotBeLaunchedHasANextStep(t *testing.T) {
	for words, step := range map[string]string{
		"You have requested more vCPU capacity than your current vCPU limit of 32 allows.":                           "ask AWS for a higher one, or end instances that nobody needs.",
		"Max spot instance count exceeded.":                                                                          "ask AWS for a higher one, or end instances that nobody needs.",
		"We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a).": "tries the other zones of the group, too.",
	} {
		for name, want := range map[string]func(*world) Want{
			"scale":   func(*world) Want { return Want{Kind: Scale, Desired: number(6)} },
			"replace": func(w *world) Want { return Want{Kind: Replace, Instances: ids(w.group(), "InService")[:1]} },
		} {
			w := newWorld(t)
			w.propose(want(w))
			w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Message: words})
			w.run()
			w.wants(ledger.Failed, step)
			if told := strings.Join(w.lines, "\n"); !strings.Contains(told, words) || !strings.Contains(told, step) {
				t.Errorf("%s: got lines %s, want %q and %q", name, told, words, step)
			}
			if card := fmt.Sprint(Painter{}.Paint(w.rec).Sections); !strings.Contains(card, step) {
				t.Errorf("%s: got the card %s, want it with %q", name, card, step)
			}
		}
	}
}
