package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

func (d *desk) drawing() *ledger.Drawing {
	d.t.Helper()
	dr, err := d.ClaimDrawing(d.ctx, "drawer", lease)
	d.ok(err)
	return dr
}

// mustDraw claims the thread that has to be due.
func (d *desk) mustDraw() *ledger.Drawing {
	d.t.Helper()
	dr := d.drawing()
	if dr == nil {
		d.t.Fatal("no thread is due")
	}
	return dr
}

// say says all lines of a drawing.
func (d *desk) say(dr *ledger.Drawing) {
	d.t.Helper()
	for _, e := range dr.Lines {
		d.ok(d.Said(d.ctx, dr, e.ID))
	}
}

func TestAThreadIsDrawnOnceForEachChange(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		dr := d.mustDraw()
		if d.drawing() != nil {
			d.t.Error("two draw one thread")
		}
		d.want("posting", dr.Posting, false)
		d.ok(d.Posting(d.ctx, dr))
		d.ok(d.Posted(d.ctx, dr, ledger.Message{Channel: "C1", TS: "1.2", Link: "https://x"}))
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, time.Second))
		if err := d.Posted(d.ctx, dr, ledger.Message{TS: "9.9"}); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("after its end the drawing went on: got %v", err)
		}
		d.want("message", fmt.Sprint(d.get(id).Message), "{C1 1.2 https://x}")
		d.s.Pass(d.t, time.Minute)
		if d.drawing() != nil {
			d.t.Error("it was drawn again, and nothing changed")
		}
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "start", Line: "Checked."}))
		dr = d.mustDraw()
		d.want("lines", fmt.Sprint(len(dr.Lines), dr.Lines[0].Line, dr.Message.TS, dr.Posting), "1Checked.1.2false")
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, 0))
	})
}

func TestAChangeWhileDrawingIsDrawnNoSoonerThanAllowed(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		dr := d.mustDraw()
		d.say(dr)
		d.ok(d.Note(d.ctx, id, "By the way.", "plain"))
		if d.drawing() != nil {
			d.t.Error("a change let a second drawer in")
		}
		d.ok(d.Drawn(d.ctx, dr, 10*time.Second))
		if d.drawing() != nil {
			d.t.Error("it was drawn again too early")
		}
		d.s.Pass(d.t, 11*time.Second)
		dr = d.mustDraw()
		d.want("line", dr.Lines[0].Line, "By the way.")
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, 10*time.Second))
		d.ok(d.Redraw(d.ctx, id))
		if d.drawing() != nil {
			d.t.Error("a change right after a drawing was drawn too early")
		}
		d.s.Pass(d.t, 11*time.Second)
		d.mustDraw()
	})
}

func TestAnotherStateIsDrawnAtOnce(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 2).ID
		d.ok(d.Drawn(d.ctx, d.mustDraw(), time.Minute))
		_, err := d.vote(id, "U1", "approve")
		d.ok(err)
		if d.drawing() != nil {
			d.t.Error("a vote did not wait for the pause")
		}
		_, err = d.vote(id, "U2", "approve")
		d.ok(err)
		dr := d.mustDraw()
		d.want("state", dr.State, ledger.Running)
		d.say(dr)
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded, Outcome: "Done."}))
		if d.drawing() != nil {
			d.t.Error("two draw one thread")
		}
		d.ok(d.Drawn(d.ctx, dr, time.Minute))
		dr = d.mustDraw()
		d.want("state", fmt.Sprint(dr.State, len(dr.Lines)), "succeeded1")
		d.ok(d.DrawLater(d.ctx, dr, time.Minute))
		d.ok(d.Redraw(d.ctx, id))
		if d.drawing() != nil {
			d.t.Error("a drawing that was put off came too early")
		}
	})
}

func TestADeadDrawerLeavesMarks(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("web", 0)
		dead := d.mustDraw()
		d.ok(d.Posting(d.ctx, dead))
		d.s.Pass(d.t, lease+time.Second)
		heir := d.mustDraw()
		d.want("posting", heir.Posting, true)
		if err := d.Posted(d.ctx, dead, ledger.Message{TS: "9.9"}); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("the dead drawer posts: got %v", err)
		}
		if err := d.Drawn(d.ctx, dead, 0); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("the dead drawer ends: got %v", err)
		}
		d.ok(d.Posted(d.ctx, heir, ledger.Message{TS: "1.2"}))
		d.want("posting", heir.Posting, false)
		d.ok(d.Said(d.ctx, heir, heir.Lines[0].ID))
		d.s.Pass(d.t, lease+time.Second)
		third := d.mustDraw()
		d.want("left to say", fmt.Sprint(third.Posting, len(third.Lines)), fmt.Sprint(false, len(heir.Lines)-1))
	})
}

func TestLinesLeftUnsaidComeAgain(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 2).ID
		_, err := d.vote(id, "U1", "approve")
		d.ok(err)
		_, err = d.vote(id, "U2", "approve")
		d.ok(err)
		dr := d.mustDraw()
		d.want("lines", len(dr.Lines), 3)
		d.ok(d.Said(d.ctx, dr, dr.Lines[0].ID))
		d.ok(d.Drawn(d.ctx, dr, 0))
		dr = d.mustDraw()
		d.want("lines", len(dr.Lines), 2)
		d.ok(d.DrawLater(d.ctx, dr, time.Minute))
		d.ok(d.Note(d.ctx, id, "Hurry.", ""))
		if d.drawing() != nil {
			d.t.Error("a change broke the pause that was asked for")
		}
		d.s.Pass(d.t, time.Minute+time.Second)
		d.want("lines", len(d.mustDraw().Lines), 3)
	})
}

func TestUnknownThreads(t *testing.T) {
	each(t, func(d *desk) {
		if err := d.Redraw(d.ctx, "op-nothing"); !errors.Is(err, ledger.ErrNotFound) {
			d.t.Errorf("redraw: got %v", err)
		}
		if err := d.Note(d.ctx, "op-nothing", "x", ""); !errors.Is(err, ledger.ErrNotFound) {
			d.t.Errorf("note: got %v", err)
		}
		if d.drawing() != nil {
			d.t.Error("an unknown thread is due")
		}
	})
}
