package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// guard answers what it is set to, and counts.
type guard struct {
	stay  ledger.Stay
	err   error
	asked int
}

func (g *guard) word(context.Context, ledger.Record) (ledger.Stay, error) {
	g.asked++
	return g.stay, g.err
}

// guardedBench is a bench whose workflow counts its turns and ends at the second.
func guardedBench(t *testing.T) (b *bench, g *guard, turns *int) {
	t.Helper()
	turns = new(int)
	b = newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) {
		if *turns++; *turns == 1 {
			return engine.Outcome{Step: "second"}, nil
		}
		return engine.Outcome{End: ledger.Succeeded, Outcome: "Done."}, nil
	})
	g = &guard{}
	b.Guard = g.word
	return b, g, turns
}

func frozen() ledger.Stay {
	return ledger.Stay{Until: time.Now().Add(time.Hour), Why: "Production is frozen."}
}

func TestTheGuardIsAskedBeforeTheFirstStepOnly(t *testing.T) {
	b, g, turns := guardedBench(t)
	b.want("first", b.step().Result, engine.Checkpointed)
	b.want("second", b.step().Result, engine.Finished)
	b.want("asked, turns", fmt.Sprint(g.asked, *turns), "1 2")
}

func TestTheGuardHoldsAndLetsGo(t *testing.T) {
	b, g, turns := guardedBench(t)
	g.stay = frozen()
	b.want("first look", b.step().Result, engine.Held)
	b.want("state", b.get("op-1").State, ledger.Held)
	if ran, _ := b.Step(t.Context()); ran {
		t.Error("it was looked at again at once")
	}
	if err := b.Ledger.Wake(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want("second look", b.step().Result, engine.Held)
	b.s.Pass(t, 6*time.Minute)
	g.stay = ledger.Stay{}
	b.want("third look", b.step().Result, engine.Admitted)
	b.want("no step so far", *turns, 0)
	b.want("first step", b.step().Result, engine.Checkpointed)
	b.want("second step", b.step().Result, engine.Finished)
	b.want("asked", g.asked, 4) // once more right before the first step
	entries, err := b.Ledger.Journal(t.Context(), "op-1")
	if err != nil {
		t.Fatal(err)
	}
	b.want("told", said(entries, "Production is frozen."), 1)
}

func TestAFaultOfTheGuardVoids(t *testing.T) {
	for _, held := range []bool{false, true} {
		t.Run(fmt.Sprint("held=", held), func(t *testing.T) {
			b, g, turns := guardedBench(t)
			if held {
				g.stay = frozen()
				b.step()
				if err := b.Ledger.Wake(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			g.stay, g.err = ledger.Stay{}, fault.New(fault.Conflict, "The group was changed since.")
			o := b.step()
			rec := b.get("op-1")
			b.want("end", fmt.Sprint(o.Result, o.End, rec.State, *turns), "finishedvoidvoid0")
			b.want("outcome", rec.Outcome, "The group was changed since.")
		})
	}
}

func TestAGuardWithoutAnAnswerIsAskedAgain(t *testing.T) {
	b, g, turns := guardedBench(t)
	b.Limit = 2
	b.Tell = func(error) string { return "Slack does not answer." }
	g.err = errors.New("secret")
	b.want("first", b.step().Result, engine.Retried)
	b.want("trouble", b.get("op-1").Trouble, "Slack does not answer.")
	b.s.Pass(t, time.Minute)
	g.err = nil
	b.want("second", b.step().Result, engine.Checkpointed)
	b.want("asked, turns", fmt.Sprint(g.asked, *turns), "2 1")
}

func TestAGuardThatPanicsIsAskedAgain(t *testing.T) {
	b, _, turns := guardedBench(t)
	b.Guard = func(context.Context, ledger.Record) (ledger.Stay, error) { panic("no") }
	b.want("result", b.step().Result, engine.Retried)
	b.want("turns", *turns, 0)
	if !strings.Contains(b.logged.String(), "panic: no") {
		t.Errorf("the log does not say so: %s", b.logged)
	}
}

func TestCancellingBeforeTheStartNeedsNoGuard(t *testing.T) {
	for name, spoil := range map[string]func(*guard){
		"it holds":          func(g *guard) { g.stay = frozen() },
		"it has no answer":  func(g *guard) { g.err = errors.New("no answer") },
		"it has no say now": func(*guard) {},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			b, g, turns := guardedBench(t)
			spoil(g)
			_, err := b.Ledger.Signal(t.Context(), "op-1", -1, ledger.Signal{Name: "cancel", By: ledger.Actor{User: "U1"}})
			if err != nil {
				t.Fatal(err)
			}
			o := b.step()
			if g.err == nil && g.stay.Until.IsZero() {
				b.want("the workflow decides", fmt.Sprint(o.Result, *turns), "checkpointed1")
				return
			}
			rec := b.get("op-1")
			b.want("end", fmt.Sprint(o.End, rec.EndedBy.User, *turns), "cancelledU10")
			b.want("outcome", rec.Outcome, "Cancelled before it began. Nothing was touched.")
		})
	}
}

func TestBrokenGlassIsGuardedButNotHeld(t *testing.T) {
	b, g, turns := guardedBench(t)
	b.step()
	b.step()
	_, _, err := b.Ledger.Submit(t.Context(), ledger.Proposal{ID: "op-2", Kind: "test", Step: "first", BreakGlass: "the site is down"})
	if err != nil {
		t.Fatal(err)
	}
	g.stay, g.asked, *turns = frozen(), 0, 0
	b.want("result", b.step().Result, engine.Checkpointed)
	b.want("asked, turns", fmt.Sprint(g.asked, *turns), "1 1")
}

func TestWhatIsHeldAndUnknownHereIsLeftToOthers(t *testing.T) {
	b, g, _ := guardedBench(t)
	g.stay = frozen()
	b.step()
	if err := b.Ledger.Wake(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Workflows = nil
	b.want("result", b.step().Result, engine.Retried)
	b.want("state, asked", fmt.Sprint(b.get("op-1").State, g.asked), "held1")
}

func TestAWorkflowMayFindItsApprovalVoid(t *testing.T) {
	b := newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) {
		return engine.Outcome{End: ledger.Void, Outcome: "The group was changed since."}, nil
	})
	o := b.step()
	rec := b.get("op-1")
	b.want("end", fmt.Sprint(o.Result, rec.State, rec.Outcome), "finishedvoidThe group was changed since.")
}

// TestOnceTheFirstStepBeganNothingIsVoid: its worker dies after the step had its effect and before it was written
// down. Nobody can say then that nothing was touched.
func TestOnceTheFirstStepBeganNothingIsVoid(t *testing.T) {
	b, g, turns := guardedBench(t)
	b.Workflows["test"] = turnFunc(func(context.Context, engine.Turn) (engine.Outcome, error) {
		*turns++
		if *turns == 1 {
			return engine.Outcome{}, errors.New("no answer")
		}
		return engine.Outcome{End: ledger.Succeeded}, nil
	})
	b.want("first", b.step().Result, engine.Retried)
	g.err = fault.New(fault.Conflict, "The group was changed since.")
	b.s.Pass(t, time.Minute)
	b.want("second", b.step().End, ledger.Succeeded)
	b.want("asked", g.asked, 1)
}
