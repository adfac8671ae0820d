package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// actions are what can be pressed on the card as it is now.
func (w *world) actions() []string {
	var all []string
	for _, b := range (Painter{}).Paint(w.rec).Buttons {
		all = append(all, b.Action)
	}
	return all
}

// TestNoMoreThanTheCanaryIsApproved: a rollout that asked for no canary replaces a tenth, asks, and goes on
// when the rest is approved, too.
func TestNoMoreThanTheCanaryIsApproved(t *testing.T) {
	w := newWorld(t, 12)
	p := w.propose(Want{Image: "ami-0002"})
	if got := p.Narrow(); got != "the canary, 2 of 12 instances" {
		t.Errorf("got %q", got)
	}
	w.narrow()
	w.until("under way", w.at(stepFollow))
	if got := w.card(); !strings.Contains(got, "(doing) Replace the canary, 2 of 12 instances: no more is approved") {
		t.Errorf("got %s", got)
	}
	w.until("asked", w.at(stepAsk))
	w.wantLine("The canary starts: 2 instances of 12 to version 2.")
	w.wantLine("No more than the canary is approved. Approve the rest, or roll back?")
	w.wantRuns("[v1 ami-0001:10 v2 ami-0002:2]")
	got := w.card()
	for _, part := range []string{
		"# Roll web to ami-0002: approve the rest?",
		"No more than that is approved: approve the rest, or roll back? Without an answer it is rolled back at ",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s, want it with %q", got, part)
		}
	}
	if all := w.actions(); !slices.Equal(all, []string{"cancel", "rollback"}) {
		t.Errorf("got buttons %q", all)
	}
	w.widen()
	if all := w.actions(); !slices.Equal(all, []string{"continue", "cancel", "rollback"}) {
		t.Errorf("got buttons %q once the rest is approved", all)
	}
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:12]")
	w.wantStatuses("Cancelled", "Successful")
}

// TestContinueIsIgnoredWhileNoMoreThanTheCanaryIsApproved: whatever let the signal through.
func TestContinueIsIgnoredWhileNoMoreThanTheCanaryIsApproved(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.narrow()
	w.until("asked", w.at(stepAsk))
	w.ask("continue", dev)
	for range 5 {
		w.turn()
	}
	w.wantLine("No more than the canary is approved: the rest goes on when that is approved, too.")
	w.wantRuns("[v1 ami-0001:4 v2 ami-0002:2]")
	w.ask("rollback", sre)
	w.ask("continue", dev) // does not drown what was asked before it
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
}

func TestACanaryApprovedAloneIsRolledBackWithoutAnAnswer(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.narrow()
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantLine("Nobody answered within 1 h: it is rolled back.")
	w.wantOutcome("nobody answered about the canary")
}

// TestAnAskedForCanaryIsStillAskedAbout: the rest was approved before the canary was in service, but whoever
// asked for the canary wants to see it first.
func TestAnAskedForCanaryIsStillAskedAbout(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.narrow()
	w.until("under way", w.at(stepFollow))
	w.widen()
	w.until("asked", w.at(stepAsk))
	w.wantLine("Continue, or roll back?")
	w.wantRuns("[v1 ami-0001:4 v2 ami-0002:2]")
	w.ask("continue", sre)
	w.finish(ledger.Succeeded)
}

// TestWidenedBeforeItBegan: nothing is left of the narrowing.
func TestWidenedBeforeItBegan(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.narrow()
	w.widen()
	w.finish(ledger.Succeeded)
	w.wantStatuses("Successful")
}

// TestWideningDoesNotResumeWhatIsPaused: the one approves, the other holds it, for reasons of their own.
func TestWideningDoesNotResumeWhatIsPaused(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.narrow()
	w.until("about to begin", w.at(stepVersion))
	w.ask("pause", dev)
	w.until("held", func() bool { return w.data().HeldTold })
	w.widen()
	for range 5 {
		w.turn()
	}
	w.wantStatuses()
	w.ask("resume", dev)
	w.finish(ledger.Succeeded)
}

// TestANarrowedRolloutNeverReplacesMoreThanItsCanary lets groups of many sizes and shapes go through crashes and
// lost replies, with people who try to go on; world.pass counts the new instances all the time.
func TestANarrowedRolloutNeverReplacesMoreThanItsCanary(t *testing.T) {
	runs := 10
	if testing.Short() {
		runs = 3
	}
	for seed := range uint64(runs) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { narrowed(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func narrowed(t *testing.T, rng *rand.Rand) {
	n := 2 + rng.IntN(14)
	w := newWorld(t, n, func(g *awssim.Group) { g.Max = 4 * n })
	want := Want{Image: "ami-0002", Canary: []int{0, 0, 10, 25, 60}[rng.IntN(5)]}
	if rng.IntN(2) == 0 {
		want.MinHealthy, want.MaxHealthy = ptr([]int{0, 50, 90, 100}[rng.IntN(4)]), ptr(100+rng.IntN(2)*100)
		want.MinHealthy = ptr(max(*want.MinHealthy, *want.MaxHealthy-100))
	}
	if p := w.propose(want); p.Narrow() == "" {
		return // its canary is all there is
	}
	w.narrow()
	if rng.IntN(3) == 0 { // the group is another size by the time it begins
		w.raw(fmt.Sprintf("Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web&DesiredCapacity=%d", max(n+1-rng.IntN(3), 1)))
		w.pass(10 * time.Minute)
	}
	b := &brittle{Fleet: w.fleet}
	w.fleet, w.poll = b, time.Minute
	w.onTurn = func(int) bool {
		b.at, b.before, b.after = b.calls+1+rng.IntN(6), nil, []func() error{die, lose, nil, nil}[rng.IntN(4)]
		return rng.IntN(8) == 0
	}
	w.people = func() {
		if rng.IntN(4) == 0 {
			w.ask([]string{"continue", "pause", "resume", "continue"}[rng.IntN(4)], sre)
		}
	}
	for w.turns < 400 && !w.rec.State.Final() {
		w.turn()
	}
	if !w.rec.State.Final() {
		t.Fatalf("no end at %s: %s", w.rec.At, strings.Join(w.lines, "\n"))
	}
	if g, _ := w.aws.Group("web"); w.rec.State == ledger.Succeeded && len(g.Instances) > w.most {
		t.Errorf("got %s %q, and the rest was never approved", w.rec.State, w.rec.Outcome)
	}
}

// TestACanaryIsNoMoreThanWasApproved of a group that has grown since: a tenth of twelve would be two.
func TestACanaryIsNoMoreThanWasApproved(t *testing.T) {
	w := newWorld(t, 10)
	w.propose(Want{Image: "ami-0002"})
	w.narrow()
	w.raw("Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web&DesiredCapacity=12")
	w.pass(10 * time.Minute)
	w.until("asked", w.at(stepAsk))
	w.wantRuns("[v1 ami-0001:11 v2 ami-0002:1]")
	w.wantLine("The canary starts: 1 instance of 12 to version 2.")
}
