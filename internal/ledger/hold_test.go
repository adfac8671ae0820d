package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// freeze is a stay of four hours from now.
func freeze(why string) ledger.Stay {
	return ledger.Stay{Until: time.Now().Add(4 * time.Hour), Why: why}
}

func TestWhatIsApprovedInAFreezeIsHeld(t *testing.T) {
	each(t, func(d *desk) {
		p := proposal("web", 1)
		id := d.propose(p).ID
		vote := ledger.Vote{Actor: person("U1"), Fills: []int{0}}
		rec, err := d.cast(id, vote, ledger.VoteOptions{Stay: freeze("Production is frozen.")})
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Stayed, rec.Opens.IsZero(), rec.Decided.IsZero(), rec.Started.IsZero()),
			"heldProduction is frozen.false false true")
		if _, held, err := d.Holder(d.ctx, rec.Resource); held || err != nil {
			d.t.Errorf("it holds its resource: %v", err)
		}
		if d.claim() != nil {
			d.t.Error("it got a turn at once")
		}
		d.want("the same asked again", d.again("key", "web", 1).ID, id)
		_, err = d.vote(id, "U2", "approve")
		if decided, ok := errors.AsType[*ledger.DecidedError](err); !ok || decided.State != ledger.Held || decided.By != person("U1") {
			d.t.Errorf("a late vote: got %v", err)
		}

		d.s.Pass(d.t, 6*time.Minute)
		turn := d.must()
		d.want("turn", fmt.Sprint(turn.ID, turn.State), fmt.Sprint(id, "held"))
		d.ok(d.Hold(d.ctx, turn, freeze("Production is frozen.")))
		d.s.Pass(d.t, 6*time.Minute)
		d.ok(d.Hold(d.ctx, d.must(), freeze("It is the weekend.")))
		if d.claim() != nil {
			d.t.Error("it got a turn at once")
		}
		d.s.Pass(d.t, 6*time.Minute)
		turn = d.must()
		d.ok(d.Admit(d.ctx, turn))
		if err := d.Admit(d.ctx, turn); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("twice: got %v", err)
		}
		rec = d.get(id)
		d.want("state", fmt.Sprint(rec.State, rec.Stayed, rec.Opens.IsZero(), rec.Started.IsZero()), "runningtrue false")
		d.want("turn", d.must().State, ledger.Running)
		d.want("lines", strings.Join(d.lines(id), "|"),
			"{user:U1} approved (1 of 1).|Production is frozen.|It is the weekend.|Started.")
	})
}

func TestAHeldOperationLetsOthersPass(t *testing.T) {
	each(t, func(d *desk) {
		first, second := d.submit("first", 0).ID, d.submit("second", 0).ID
		d.want("in line", d.get(second).Ahead, first)
		d.ok(d.Hold(d.ctx, d.must(), freeze("Production is frozen.")))
		d.want("states", fmt.Sprint(d.get(first).State, d.get(second).State), "heldrunning")
		d.want("not started any more", d.get(first).Started.IsZero(), true)
		turn := d.must()
		d.want("the second's turn", turn.ID, second)
		d.ok(d.Wake(d.ctx))
		d.ok(d.Admit(d.ctx, d.must()))
		rec := d.get(first)
		d.want("it waits in line", fmt.Sprint(rec.State, rec.Ahead), fmt.Sprint("waiting", second))
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Succeeded, Outcome: "Done."}))
		d.want("and has its turn", d.must().ID, first)
	})
}

func TestWakeLetsAllThatIsHeldBeLookedAt(t *testing.T) {
	each(t, func(d *desk) {
		ids := map[ledger.ID]bool{}
		for _, name := range []string{"a", "b", "c"} {
			p := proposal(name, 0)
			p.Resource = name
			ids[d.propose(p).ID] = true
			d.ok(d.Hold(d.ctx, d.must(), freeze("Production is frozen.")))
		}
		if d.claim() != nil {
			d.t.Error("it got a turn before it was woken")
		}
		d.ok(d.Wake(d.ctx))
		for range 3 {
			turn := d.must()
			d.want("held", ids[turn.ID] && turn.State == ledger.Held, true)
			delete(ids, turn.ID)
		}
	})
}

// TestAWakeDuringALookIsNotLost: the guard saw the freeze, then it was lifted, then the operation is held.
func TestAWakeDuringALookIsNotLost(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		turn := d.must()
		d.ok(d.Wake(d.ctx))
		d.ok(d.Hold(d.ctx, turn, freeze("Production is frozen.")))
		turn = d.must()
		d.want("looked at again", fmt.Sprint(turn.ID, turn.State), fmt.Sprint(id, "held"))
		d.ok(d.Wake(d.ctx))
		if d.claim() != nil {
			d.t.Error("two hold one turn")
		}
		d.ok(d.Hold(d.ctx, turn, freeze("Production is frozen.")))
		d.ok(d.Hold(d.ctx, d.must(), freeze("Production is frozen.")))
		if d.claim() != nil {
			d.t.Error("it was looked at once too often")
		}
	})
}

func TestWhatHasBegunIsNotHeld(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("web", 0)
		turn := d.must()
		d.s.Pass(d.t, lease-time.Second)
		d.ok(d.Clear(d.ctx, turn, lease))
		d.s.Pass(d.t, 2*time.Second)
		if d.claim() != nil {
			d.t.Error("the turn was not kept for another lease")
		}
		if err := d.Hold(d.ctx, turn, freeze("Frozen.")); !errors.Is(err, ledger.ErrSeq) {
			d.t.Errorf("after its first step began: got %v", err)
		}
		d.s.Pass(d.t, lease)
		turn = d.must()
		d.want("the next turn knows", turn.Cleared, true)
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{Step: "start"}))
		if err := d.Hold(d.ctx, d.must(), freeze("Frozen.")); !errors.Is(err, ledger.ErrSeq) {
			d.t.Errorf("after a step: got %v", err)
		}
	})
}

func TestBrokenGlassIsNotHeld(t *testing.T) {
	each(t, func(d *desk) {
		p := proposal("web", 1) // with a need, which the gate would not give it: the script is what is tried
		p.BreakGlass = "the site is down"
		id := d.propose(p).ID
		rec, err := d.cast(id, ledger.Vote{Actor: person("U1"), Fills: []int{0}}, ledger.VoteOptions{Stay: freeze("Frozen.")})
		d.ok(err)
		d.want("state", rec.State, ledger.Running)
		if err := d.Hold(d.ctx, d.must(), freeze("Frozen.")); err == nil {
			d.t.Error("it was held")
		}
		d.want("state", d.get(id).State, ledger.Running)
	})
}

func TestAHeldOperationCanBeWithdrawn(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		d.ok(d.Hold(d.ctx, d.must(), freeze("Frozen.")))
		rec, err := d.Withdraw(d.ctx, id, person("UREQ"), "")
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Stayed, rec.Opens.IsZero()), "withdrawntrue")
		d.ok(d.Wake(d.ctx))
		d.s.Pass(d.t, 24*time.Hour)
		if d.claim() != nil {
			d.t.Error("a withdrawn operation got a turn")
		}
		d.want("asked afresh", d.again("key", "web", 0).ID != id, true)
	})
}

func TestAVoidOperationTouchedNothing(t *testing.T) {
	each(t, func(d *desk) {
		held, running := d.submit("held", 0).ID, d.submit("running", 0).ID
		d.ok(d.Hold(d.ctx, d.must(), freeze("Frozen.")))
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Void, Outcome: "The group was changed."}))
		d.ok(d.Wake(d.ctx))
		turn := d.must()
		if err := d.Checkpoint(d.ctx, turn, ledger.Mark{Step: "start"}); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("a step of what is held: got %v", err)
		}
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Void, Outcome: "The group was changed."}))
		for _, id := range []ledger.ID{held, running} {
			d.want("state", fmt.Sprint(d.get(id).State, d.get(id).Outcome), "voidThe group was changed.")
		}
		past, err := d.History(d.ctx, "1/eu/asg/web", 10)
		d.ok(err)
		d.want("history", len(past), 0)
		_, err = d.vote(held, "U1", "approve")
		if decided, ok := errors.AsType[*ledger.DecidedError](err); !ok || decided.State != ledger.Void {
			d.t.Errorf("a vote after it: got %v", err)
		}
	})
}

func TestAGuardThatFailsHoldsOn(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		d.ok(d.Hold(d.ctx, d.must(), freeze("Frozen.")))
		d.ok(d.Wake(d.ctx))
		for range 3 {
			stuck, err := d.Retry(d.ctx, d.must(), 0, "Slack does not answer.", 1)
			d.ok(err)
			d.want("stuck", stuck, false)
		}
		rec := d.get(id)
		d.want("state", fmt.Sprint(rec.State, rec.Trouble, rec.Attempt), "heldSlack does not answer.3")
		d.ok(d.Hold(d.ctx, d.must(), freeze("Frozen.")))
		d.want("trouble is over", d.get(id).Trouble, "")
		d.want("lines", strings.Join(d.lines(id), "|"), "Started.|Frozen.")
	})
}

func TestAHeldOperationWhoseWorkersVanishIsVoid(t *testing.T) {
	t.Parallel()
	for name, s := range servers(t) {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, s(t), ledger.Options{MaxClaims: 2})
			id := d.submit("web", 0).ID
			d.ok(d.Hold(d.ctx, d.must(), freeze("Frozen.")))
			d.ok(d.Wake(d.ctx))
			for range 2 {
				d.must()
				d.s.Pass(t, lease+time.Second)
			}
			if d.claim() != nil {
				t.Error("a third worker was sent after two")
			}
			d.want("state", d.get(id).State, ledger.Void)
		})
	}
}
