package patch

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestAPauseHoldsWhatComesNext: what is under way is finished, and nothing more is begun before somebody resumes.
func TestAPauseHoldsWhatComesNext(t *testing.T) {
	for at, stands := range map[string]string{stepCheck: stepCheck, "bake/follow": stepTrial, stepTest: stepTake, stepTake: stepTake} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.full())
			w.until("there", func() bool { return w.rec.At == at })
			w.ask("pause", sre)
			for limit := w.now.Add(2 * time.Hour); w.now.Before(limit) && !w.rec.State.Final(); {
				w.turn()
			}
			if w.rec.At != stands {
				t.Errorf("got it at %s, want it to wait at %s", w.rec.At, stands)
			}
			w.wantLine("Paused by {user:USRE}: what is under way is finished, and nothing more is begun until somebody resumes.")
			w.wantCard("nothing more is begun until somebody resumes", "<Resume op-test000001>")
			w.wantRefreshes("web")
			w.ask("resume", dev)
			w.finish(ledger.Succeeded)
			w.wantLine("Resumed by {user:UDEV}.")
			w.wantRuns("web", "[v2:3]")
		})
	}
}

// TestCancelledWhilePaused: a pause does not keep it from ending.
func TestCancelledWhilePaused(t *testing.T) {
	w := newWorld(t)
	w.propose(w.full())
	w.until("there", func() bool { return w.rec.At == "bake/follow" })
	w.ask("pause", sre)
	w.until("waits", func() bool { return w.rec.At == stepTrial })
	w.ask("cancel", sre)
	w.finish(ledger.Cancelled)
	w.wantRefreshes("web")
}

// TestACancelThatIsTooLateForTheGroupsPromotesNothing, whether it comes while the last group ends, or while it is held
// before the promotion; and whoever cancelled is told what stands, and how to go on.
func TestACancelThatIsTooLateForTheGroupsPromotesNothing(t *testing.T) {
	for _, at := range []string{"roll/verify", stepNext, stepPromote} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.full())
			w.until("there", func() bool { return w.rec.At == at && len(w.data().Parts) == 2 })
			if at == stepPromote {
				w.ask("pause", sre)
				w.turn()
				w.wantCard("<Resume", "<Cancel")
			}
			w.ask("cancel", sre)
			w.finish(ledger.Cancelled)
			image := string(w.made()[0].ID)
			command := "/ami promote " + image + " --family web"
			w.wantOutcome("Cancelled by {user:USRE}. "+image+" is not promoted: `"+command+"` does it.",
				"web and api are patched and stay so: `/asg rollback web` and `/asg rollback api` take them back.")
			w.wantCard("<Promote… "+command+" --in prod>", "web | ami-0001, version 1 | patched")
			if w.golden.now.Image != "" {
				t.Errorf("%s was promoted", w.golden.now.Image)
			}
			if p, err := w.client.Parameter(t.Context(), "/golden/web"); err == nil {
				t.Errorf("got the parameter %+v", p)
			}
		})
	}
}

// TestAPromotionThatWasBegunIsFinished: the image is golden, nobody wrote that down, and somebody cancels.
func TestAPromotionThatWasBegunIsFinished(t *testing.T) {
	w := newWorld(t)
	w.propose(w.full())
	w.until("there", func() bool { return w.rec.At == stepPromote })
	_, _, _ = w.attempt() // its outcome is lost
	w.ask("cancel", sre)
	w.finish(ledger.Succeeded)
	w.wantOutcome("It is the golden image of web now, and the parameter /golden/web holds it.")
}

// ailing calls an instance of web unhealthy for as long as it is told to.
type ailing struct {
	parts
	w     *world
	until time.Time
}

func (a ailing) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := a.parts.Group(ctx, name)
	if err == nil && name == "web" && a.w.now.Before(a.until) {
		g.Instances = slices.Clone(g.Instances)
		g.Instances[0].Health = "Unhealthy"
	}
	return g, err
}

// TestAGroupThatIsIllForLong voids the approval, as it does that of a rollout.
func TestAGroupThatIsIllForLong(t *testing.T) {
	w := newWorld(t)
	w.propose(w.both())
	w.fleet = ailing{w.fleet, w, w.now.Add(time.Hour)}
	w.finish(ledger.Void)
	w.wantOutcome("1 instance of 3 unhealthy now", "Nothing was changed.")
	if len(w.made()) > 0 {
		t.Errorf("got images %v", w.made())
	}
}

// TestAGroupThatIsIllForAMoment gets well before the bake begins, and the approval still counts.
func TestAGroupThatIsIllForAMoment(t *testing.T) {
	w := newWorld(t)
	w.propose(w.both())
	w.fleet = ailing{w.fleet, w, w.now.Add(10 * time.Minute)}
	w.turn()
	w.wantLine("It waits up to 15 min for what is ill to be replaced.")
	if len(w.made()) > 0 || w.rec.At != stepCheck {
		t.Errorf("got it at %s with images %v, want it to wait", w.rec.At, w.made())
	}
	w.finish(ledger.Succeeded)
	if n := len(slices.DeleteFunc(slices.Clone(w.lines), func(l string) bool { return !strings.Contains(l, "what is ill") })); n != 1 {
		t.Errorf("got %d lines about it, want one", n)
	}
}
