package rollout

import (
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestCanaryGoesOn(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.until("asked", w.at(stepAsk))
	w.wantRuns("[v1 ami-0001:4 v2 ami-0002:2]")
	w.wantLine("The canary is in service: 2 of 6 on version 2")
	for range 20 { // nothing goes on by itself
		w.turn()
	}
	w.wantRuns("[v1 ami-0001:4 v2 ami-0002:2]")
	w.ask("continue", sre)
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:6]")
	w.wantStatuses("Cancelled", "Successful")
}

func TestCanaryIsRolledBack(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.until("asked", w.at(stepAsk))
	w.ask("rollback", sre)
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantStatuses("RollbackSuccessful")
	w.wantOutcome("Rolled back to version 1 by {user:USRE}.")
}

func TestCanaryWithoutAnAnswerIsRolledBack(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20, CanaryWait: 30 * time.Minute})
	w.until("asked", w.at(stepAsk))
	asked := w.now
	w.until("rolling back", w.at(stepRollback))
	if waited := w.now.Sub(asked); waited < 29*time.Minute || waited > 31*time.Minute {
		t.Errorf("waited %s, want 30 min", waited)
	}
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantLine("Nobody answered within 30 min")
	w.wantOutcome("nobody answered about the canary")
}

func TestRollBackAfterTheCanaryTakesTheCanaryToo(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.until("asked", w.at(stepAsk))
	w.ask("continue", sre)
	w.until("replacing the rest", func() bool { return w.data().Phase == Rest && w.data().Progress.Replaced >= 4 })
	w.ask("rollback", dev)
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantStatuses("Cancelled", "RollbackSuccessful", "Successful")
	w.wantOutcome("Rolled back to version 1 by {user:UDEV}.")
}

func TestChangeOfMindWhileTheCanaryEnds(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.until("asked", w.at(stepAsk))
	w.ask("continue", sre)
	w.until("going on", w.at(stepPromote))
	w.ask("rollback", dev)
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
}

func TestCanaryOfOne(t *testing.T) {
	w := newWorld(t, 1)
	w.propose(Want{Image: "ami-0002", Canary: 10})
	w.until("asked or over", func() bool { return w.rec.At == stepAsk || w.rec.At == stepVerify })
	if w.rec.At == stepAsk {
		w.ask("continue", sre)
	}
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:1]")
}

func TestIrreversibleCanaryIsCancelledInstead(t *testing.T) {
	w := newWorld(t, 6, func(g *awssim.Group) { g.Version = "$Default" })
	w.propose(Want{Image: "ami-0002", Canary: 20})
	w.finish(ledger.Cancelled)
	w.wantRuns("[v1 ami-0001:4 v2 ami-0002:2]")
	w.wantOutcome("nobody answered about the canary", "The fleet is mixed")
}

// TestCanaryInAMixedFleet: instances that match already are no canaries.
func TestCanaryInAMixedFleet(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(3))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	before := w.runs()
	p := w.propose(Want{Version: 2, Canary: 20})
	w.until("asked", w.at(stepAsk))
	if after := w.runs(); after == before {
		t.Errorf("asked with %s, as before: %d match, stop at %d %%", after, p.Matching, w.data().Share)
	}
	w.ask("continue", sre)
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:6]")
}
