package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestCheckpointGoesOn(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "start", Data: []byte(`{"n":1}`), Line: "Checked.", Tone: "good"}))
		turn := d.must()
		d.want("step, seq, data", fmt.Sprint(turn.At, turn.Seq, string(turn.Data)), `start1{"n":1}`)
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{In: time.Minute}))
		if d.claim() != nil {
			d.t.Error("it was due too early")
		}
		d.s.Pass(d.t, time.Minute+time.Second)
		turn = d.must()
		d.want("step, seq, data", fmt.Sprint(turn.At, turn.Seq, string(turn.Data)), `start2{"n":1}`)
		d.want("lines", strings.Join(d.lines(id), "|"), "Started.|Checked.")
	})
}

// TestADeadlineStandsHoweverLongATurnTakes: what is to go on at a time is due when that has passed meanwhile.
func TestADeadlineStandsHoweverLongATurnTakes(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("web", 0)
		turn := d.must()
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{In: time.Second, Until: turn.Now.Add(time.Minute)}))
		d.s.Pass(d.t, 30*time.Second)
		if d.claim() != nil {
			d.t.Error("it was due too early")
		}
		d.s.Pass(d.t, 31*time.Second)
		turn = d.must()
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{In: time.Hour, Until: turn.Now.Add(-time.Second)}))
		d.must()
	})
}

func TestVersionRisesWithChoicesAndRevWithLooks(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		before := d.get(id)
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{}))
		same := d.get(id)
		d.want("nothing new", fmt.Sprint(same.Version, same.Rev), fmt.Sprint(before.Version, before.Rev))
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Data: []byte(`{"percent":50}`)}))
		looks := d.get(id)
		d.want("progress", fmt.Sprint(looks.Version, looks.Rev), fmt.Sprint(before.Version, before.Rev+1))
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "verify"}))
		d.want("another step", d.get(id).Version, before.Version+1)
	})
}

func TestADeadWorkersOperationGoesOnWithinOneLease(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		dead := d.must()
		d.s.Pass(d.t, lease-time.Second)
		if d.claim() != nil {
			d.t.Error("somebody took a turn that was still held")
		}
		d.s.Pass(d.t, 2*time.Second)
		heir := d.must()
		d.want("operation", heir.ID, id)
		d.ok(d.Checkpoint(d.ctx, heir, ledger.Mark{Step: "start"}))

		for name, err := range map[string]error{
			"checkpoint": d.Checkpoint(d.ctx, dead, ledger.Mark{Step: "verify"}),
			"finish":     d.Finish(d.ctx, dead, ledger.End{State: ledger.Failed}),
			"release":    d.Release(d.ctx, dead),
			"extend":     d.Extend(d.ctx, dead, lease),
			"retry":      second(d.Retry(d.ctx, dead, 0, "no", 0)),
		} {
			if !errors.Is(err, ledger.ErrFenced) {
				d.t.Errorf("%s by the stale worker: got %v, want %v", name, err, ledger.ErrFenced)
			}
		}
		d.want("step", d.get(id).At, "start")
	})
}

func second(_ bool, err error) error { return err }

func TestATurnWritesOnce(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("web", 0)
		turn := d.must()
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{Step: "start", In: time.Hour}))
		if err := d.Checkpoint(d.ctx, turn, ledger.Mark{Step: "verify"}); !errors.Is(err, ledger.ErrSeq) {
			d.t.Errorf("got %v, want %v", err, ledger.ErrSeq)
		}
		if err := d.Extend(d.ctx, turn, lease); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("a heartbeat after it: got %v, want %v", err, ledger.ErrFenced)
		}
		d.s.Pass(d.t, 2*time.Hour)
		turn = d.must()
		d.ok(second(d.Retry(d.ctx, turn, 0, "no", 0)))
		if err := d.Release(d.ctx, turn); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("release after retry: got %v, want %v", err, ledger.ErrFenced)
		}
	})
}

func TestExtendAndRelease(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("web", 0)
		turn := d.must()
		d.s.Pass(d.t, lease-time.Second)
		d.ok(d.Extend(d.ctx, turn, lease))
		d.s.Pass(d.t, lease-time.Second)
		if d.claim() != nil {
			d.t.Error("an extended turn was taken")
		}
		d.ok(d.Release(d.ctx, turn))
		d.want("attempt", d.must().Attempt, 0)
	})
}

func TestFailedAttemptsEndStuckAndAPersonWakesIt(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		stuck, err := d.Retry(d.ctx, d.must(), time.Minute, "AWS says no", 2)
		d.ok(err)
		d.want("stuck", stuck, false)
		d.want("trouble", d.get(id).Trouble, "AWS says no")
		if d.claim() != nil {
			d.t.Error("no pause before the next attempt")
		}
		d.s.Pass(d.t, time.Minute+time.Second)
		turn := d.must()
		d.want("attempt", turn.Attempt, 1)
		stuck, err = d.Retry(d.ctx, turn, time.Minute, "AWS says no", 2)
		d.ok(err)
		d.want("stuck", stuck, true)
		d.s.Pass(d.t, 24*time.Hour)
		if d.claim() != nil {
			d.t.Error("a stuck operation got a turn")
		}
		holder, _, err := d.Holder(d.ctx, "1/eu/asg/web")
		d.ok(err)
		d.want("holder", holder, id)

		rec, err := d.Signal(d.ctx, id, d.get(id).Version, ledger.Signal{Name: "retry", By: person("U1")})
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.Attempt, rec.Trouble), fmt.Sprint(ledger.Running, 0, ""))
		turn = d.must()
		d.want("signal", turn.Signals[0].Name+turn.Signals[0].By.User, "retryU1")
		d.want("lines", strings.Join(d.lines(id), "|"), "Started.|Stuck: AWS says no|{user:U1} asked to retry.")
	})
}

func TestACheckpointForgetsTrouble(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		_, err := d.Retry(d.ctx, d.must(), 0, "slow", 5)
		d.ok(err)
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{}))
		rec := d.get(id)
		d.want("attempt and trouble", fmt.Sprint(rec.Attempt, rec.Trouble), "0")
	})
}

func TestWorkersThatVanishMakeItStuck(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		d := newDesk(t, s, ledger.Options{MaxClaims: 3})
		id := d.submit("web", 0).ID
		for range 3 {
			d.must()
			d.s.Pass(t, lease+time.Second)
		}
		if d.claim() != nil {
			t.Error("it got another turn")
		}
		d.want("state", d.get(id).State, ledger.Stuck)
		if !strings.Contains(d.get(id).Trouble, "3 workers") {
			t.Errorf("got trouble %q", d.get(id).Trouble)
		}
	})
}

// TestWorkersThatReportBackAreNotCounted: only those that vanish are.
func TestWorkersThatReportBackAreNotCounted(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		d := newDesk(t, s, ledger.Options{MaxClaims: 2})
		id := d.submit("web", 0).ID
		for range 3 {
			d.ok(second(d.Retry(d.ctx, d.must(), 0, "no", 0)))
			d.ok(d.Release(d.ctx, d.must()))
		}
		for range 2 {
			d.must() // vanishes
			s.Pass(t, lease+time.Second)
			d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{}))
		}
		d.want("state", d.get(id).State, ledger.Running)
	})
}

func TestSignalsReachTheNextTurnAndAreConsumedOnce(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		ask := func(name string) {
			d.t.Helper()
			_, err := d.Signal(d.ctx, id, -1, ledger.Signal{Name: name, By: person("U1"), Reason: "why not"})
			d.ok(err)
		}
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "follow", In: time.Hour}))
		ask("pause")
		turn := d.must() // at once, not in an hour
		d.want("signals", len(turn.Signals), 1)
		ask("resume") // while the turn is under way
		if d.claim() != nil {
			d.t.Error("a signal broke into a running turn")
		}
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{In: time.Hour}))
		turn = d.must()
		d.want("signal", fmt.Sprint(len(turn.Signals), turn.Signals[0].Name), "1resume")
		_, err := d.Retry(d.ctx, turn, time.Hour, "no", 9)
		d.ok(err)
		ask("cancel")
		turn = d.must()
		d.want("signals kept", fmt.Sprint(turn.Signals[0].Name, turn.Signals[1].Name), "resumecancel")
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{}))
		turn = d.must()
		d.want("signals left", len(turn.Signals), 0)
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Cancelled, Outcome: "Stopped."}))
		d.want("ended by", d.get(id).EndedBy.User, "U1")
	})
}

func TestASignalDuringAFailedAttemptIsSeenAtOnce(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		turn := d.must()
		_, err := d.Signal(d.ctx, id, -1, ledger.Signal{Name: "cancel", By: person("U1")})
		d.ok(err)
		d.ok(second(d.Retry(d.ctx, turn, time.Hour, "no", 0)))
		d.want("signals", len(d.must().Signals), 1)
	})
}

func TestSignalsRefused(t *testing.T) {
	each(t, func(d *desk) {
		pending := d.submit("p", 1).ID
		running := d.submit("r", 0)
		s := ledger.Signal{Name: "pause", By: person("U1")}
		if _, err := d.Signal(d.ctx, pending, -1, s); !errors.Is(err, ledger.ErrNotRunning) {
			d.t.Errorf("pending: got %v", err)
		}
		if _, err := d.Signal(d.ctx, running.ID, running.Version+1, s); !errors.Is(err, ledger.ErrStale) {
			d.t.Errorf("stale: got %v", err)
		}
		if _, err := d.Signal(d.ctx, "op-nothing", -1, s); !errors.Is(err, ledger.ErrNotFound) {
			d.t.Errorf("unknown: got %v", err)
		}
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded}))
		_, err := d.Signal(d.ctx, running.ID, -1, s)
		if e, ok := errors.AsType[*ledger.StateError](err); !ok || e.State != ledger.Succeeded {
			d.t.Errorf("ended: got %v", err)
		}
	})
}

func TestTheResourcePassesDownTheLine(t *testing.T) {
	each(t, func(d *desk) {
		a, b, c := d.submit("a", 0), d.submit("b", 0), d.submit("c", 0)
		d.want("states", fmt.Sprint(a.State, b.State, c.State), fmt.Sprint(ledger.Running, ledger.Waiting, ledger.Waiting))
		d.want("ahead", fmt.Sprint(b.Ahead, c.Ahead), fmt.Sprint(a.ID, a.ID))
		turn := d.must()
		if d.claim() != nil {
			d.t.Error("two operations run on one resource")
		}
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Failed, Outcome: "It broke.", Tone: "bad"}))
		turn = d.must()
		d.want("heir", turn.ID, b.ID)
		d.want("behind", d.get(c.ID).Ahead, b.ID)
		d.want("started", d.get(b.ID).Started.IsZero(), false)
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Succeeded, Outcome: "Done."}))
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Undone, Outcome: "Back."}))
		_, held, err := d.Holder(d.ctx, a.Resource)
		d.ok(err)
		d.want("held", held, false)
		past, err := d.History(d.ctx, a.Resource, 2)
		d.ok(err)
		d.want("history", fmt.Sprint(len(past), past[0].ID, past[1].ID), fmt.Sprint(2, c.ID, b.ID))
		d.want("lines", strings.Join(d.lines(b.ID), "|"),
			"Waits behind "+string(a.ID)+", which is at work on the same resource.|Started.|Done.")
	})
}

func TestOtherResourcesDoNotWait(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("a", 0)
		for _, resource := range []string{"1/eu/asg/api", ""} {
			p := proposal("on "+resource, 0)
			p.Resource = resource
			rec, _, err := d.Submit(d.ctx, p)
			d.ok(err)
			d.want("state on "+resource, rec.State, ledger.Running)
		}
		for range 3 {
			d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded}))
		}
	})
}

func TestAnEndIsAnEnd(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		turn := d.must()
		_, err := d.Signal(d.ctx, id, -1, ledger.Signal{Name: "pause", By: person("U1")})
		d.ok(err)
		if err := d.Finish(d.ctx, turn, ledger.End{State: ledger.Stuck}); err == nil {
			d.t.Error("stuck is not an end")
		}
		d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Succeeded, Data: []byte(`{"ok":true}`), Outcome: "Done."}))
		if err := d.Finish(d.ctx, turn, ledger.End{State: ledger.Failed}); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("a second end: got %v", err)
		}
		rec := d.get(id)
		d.want("record", fmt.Sprint(rec.State, string(rec.Data), rec.Outcome), `succeeded{"ok":true}Done.`)
		ttl, err := d.s.Redis().PTTL(d.ctx, "{"+d.s.Prefix+"}:op:"+string(id)).Result()
		d.ok(err)
		d.want("kept for about 90 days", ttl > 89*24*time.Hour, true)
		d.want("signals kept", d.s.Redis().Exists(d.ctx, "{"+d.s.Prefix+"}:signals:"+string(id)).Val(), 0)
	})
}

func TestAbandonGivesUpWhatIsStuck(t *testing.T) {
	each(t, func(d *desk) {
		a, b := d.submit("a", 0).ID, d.submit("b", 0).ID
		if _, err := d.Abandon(d.ctx, a, person("U1"), ""); !errors.Is(err, ledger.ErrNotRunning) {
			d.t.Errorf("running: got %v", err)
		}
		turn := d.must()
		_, err := d.Retry(d.ctx, turn, 0, "no", 1)
		d.ok(err)
		rec, err := d.Abandon(d.ctx, a, person("U1"), "fixed by hand")
		d.ok(err)
		d.want("state", fmt.Sprint(rec.State, rec.EndedBy.User, rec.Outcome), "failedU1Given up: fixed by hand")
		d.want("heir", d.must().ID, b)
	})
}
