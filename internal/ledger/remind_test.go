package ledger_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

var when = regexp.MustCompile(`\{when:\d+\}`)

// calls counts how often the thread called again.
func (d *desk) calls(id ledger.ID) int {
	d.t.Helper()
	return strings.Count(strings.Join(d.lines(id), "|"), "waits for")
}

// sweep lets time pass and somebody look for a turn, for which there must be no reason.
func (d *desk) sweep(after time.Duration) {
	d.t.Helper()
	d.s.Pass(d.t, after)
	if turn := d.claim(); turn != nil {
		d.t.Fatalf("%s got a turn", turn.ID)
	}
}

func TestThoseWhoAreMissingAreCalledAgain(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 2)
		p.Rule.Remind = []time.Duration{54 * time.Minute, 30 * time.Minute, 2 * time.Hour} // in any order; none after the end
		rec := d.propose(p)
		_, err := d.approve(rec.ID, "U1", 0)
		d.ok(err)
		d.sweep(29 * time.Minute)
		d.want("too early", d.calls(rec.ID), 0)
		d.sweep(2 * time.Minute)
		d.sweep(time.Minute)
		_, err = d.approve(rec.ID, "U2", 0)
		d.ok(err)
		d.sweep(23 * time.Minute)
		d.sweep(time.Minute)
		lines := d.lines(rec.ID)
		d.want("the times are dates", len(when.FindAllString(strings.Join(lines, ""), -1)), 2)
		d.want("lines", when.ReplaceAllString(strings.Join(lines, "|"), "TIME"),
			"{group:sre}, {group:owners}: {user:UREQ} asks for your approval."+
				"|{user:U1} approved (1 of 3); still missing: @sre, @owners."+
				"|{group:sre}, {group:owners}: still waits for you, expires TIME."+
				"|{user:U2} approved (2 of 3); still missing: @owners."+
				"|{group:owners}: still waits for you, expires TIME.")
		d.want("version", d.get(rec.ID).Version, rec.Version)
		d.sweep(6 * time.Minute)
		d.want("at its end", d.get(rec.ID).State, ledger.Expired)
		entries, err := d.Journal(d.ctx, rec.ID)
		d.ok(err)
		d.want("reminder", fmt.Sprint(entries[2].Kind, entries[2].Tone), "reminderasking")
	})
}

func TestRemindersThatWereSleptThroughAreOne(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 1)
		for i := range 5 {
			p.Rule.Remind = append(p.Rule.Remind, time.Duration(i+1)*time.Minute)
		}
		id := d.propose(p).ID
		d.sweep(4*time.Minute + time.Second)
		d.sweep(0)
		d.want("calls", d.calls(id), 1)
		d.sweep(time.Minute)
		d.want("calls", d.calls(id), 2)
	})
}

func TestNaggingSlowsDownToOnceADay(t *testing.T) {
	each(t, func(d *desk) {
		p := proposal("review", 1)
		p.Rule.ValidFor, p.Rule.Nag, p.Rule.Remind = 365*24*time.Hour, time.Hour, []time.Duration{30 * time.Minute}
		id := d.propose(p).ID
		d.sweep(31 * time.Minute)
		d.want("the first one", d.calls(id), 1)
		calls := 1
		for _, hours := range []int{1, 2, 4, 8, 16, 24, 24, 24} {
			d.sweep(time.Duration(hours)*time.Hour - time.Second)
			d.want(fmt.Sprintf("before %d hours", hours), d.calls(id), calls)
			d.sweep(2 * time.Second)
			calls++
			d.want(fmt.Sprintf("after %d hours", hours), d.calls(id), calls)
		}
		d.want("state", d.get(id).State, ledger.Pending)
		d.want("nobody in particular, and no end to it", d.lines(id)[0], "Still waits for an approval.")
	})
}

func TestNobodyIsCalledOnceItIsDecided(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 1)
		p.Rule.Remind, p.Rule.Nag = []time.Duration{time.Minute}, time.Minute
		id := d.propose(p).ID
		_, err := d.approve(id, "U1", 0)
		d.ok(err)
		_, err = d.approve(id, "U2", 1)
		d.ok(err)
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{In: 100 * time.Hour}))
		d.sweep(20 * time.Minute)
		d.want("calls", d.calls(id), 0)
	})
}

func TestProlong(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 1)
		p.Rule.Remind = []time.Duration{30 * time.Minute}
		rec := d.propose(p)
		prolong := func(version int64) (ledger.Record, error) {
			return d.Prolong(d.ctx, rec.ID, version, person("UREQ"), time.Hour, 2)
		}
		d.sweep(40 * time.Minute)
		d.want("calls", d.calls(rec.ID), 1)
		if _, err := prolong(rec.Version + 1); !errors.Is(err, ledger.ErrStale) {
			d.t.Errorf("an old button: got %v", err)
		}
		longer, err := prolong(rec.Version)
		d.ok(err)
		d.want("once", fmt.Sprint(longer.Extended, longer.Version), fmt.Sprint(1, rec.Version))
		twice, err := prolong(-1)
		d.ok(err)
		d.want("a press that came twice", fmt.Sprint(twice.Extended, twice.Expires.Equal(longer.Expires)), "1 true")
		d.sweep(29 * time.Minute)
		d.want("calls", d.calls(rec.ID), 1)
		d.sweep(2 * time.Minute)
		d.want("its reminders begin anew", d.calls(rec.ID), 2)
		_, err = prolong(-1)
		d.ok(err)
		d.s.Pass(d.t, time.Minute)
		if _, err := prolong(-1); !errors.Is(err, ledger.ErrLimit) {
			d.t.Errorf("more often than allowed: got %v", err)
		}
		d.sweep(58 * time.Minute)
		d.want("state", d.get(rec.ID).State, ledger.Pending)
		d.s.Pass(d.t, 2*time.Minute)
		if _, err := prolong(-1); !errors.Is(err, ledger.ErrExpired) {
			d.t.Errorf("too late: got %v", err)
		}
		d.want("line", when.ReplaceAllString(d.lines(rec.ID)[2], "TIME"), "{user:UREQ} extended it: votes count until TIME.")

		done := d.submit("done", 0).ID
		_, err = d.Prolong(d.ctx, done, -1, person("UREQ"), time.Hour, 2)
		if decided, ok := errors.AsType[*ledger.DecidedError](err); !ok || decided.State != ledger.Running {
			d.t.Errorf("a running one: got %v", err)
		}
		if _, err := d.Prolong(d.ctx, "op-nothing", -1, person("UREQ"), time.Hour, 2); !errors.Is(err, ledger.ErrNotFound) {
			d.t.Errorf("an unknown one: got %v", err)
		}
	})
}

func TestADirectMessageGoesOutOnce(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 0).ID
		dr := d.mustDraw()
		d.ok(d.Told(d.ctx, dr, "skipped"))
		d.ok(d.Told(d.ctx, dr, "end"))
		d.ok(d.Told(d.ctx, dr, "end"))
		d.want("told", fmt.Sprint(dr.Record.Told, d.get(id).Told), "[skipped end] [skipped end]")
		if err := d.Told(d.ctx, dr, "two words"); err == nil {
			d.t.Error("two words were taken for one")
		}
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, 0))
		if err := d.Told(d.ctx, dr, "late"); !errors.Is(err, ledger.ErrFenced) {
			d.t.Errorf("after its end the drawing went on: got %v", err)
		}
		if d.drawing() != nil {
			d.t.Error("what was told in private is drawn")
		}
	})
}
