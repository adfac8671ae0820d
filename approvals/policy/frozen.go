package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Moment is a point in the time for which votes are taken: a share of it, or so long after the request.
type Moment struct {
	Percent int           // of the time; 0: After counts
	After   time.Duration // since the request
}

// String is the moment as it is written: "50%" or "30m0s".
func (m Moment) String() string {
	if m.Percent != 0 {
		return fmt.Sprintf("%d%%", m.Percent)
	}
	return m.After.String()
}

// of is the moment in a time of so long.
func (m Moment) of(whole time.Duration) time.Duration {
	if m.Percent != 0 {
		return whole / 100 * time.Duration(m.Percent)
	}
	return m.After
}

// frozen is the rule as it goes with a request.
func (r Rule) frozen(index int, hash, why string) ledger.Rule {
	f := ledger.Rule{
		Name: card.Inert(r.title(index)), Policy: hash, Why: card.Inert(why),
		Needs: r.needs(), ValidFor: r.validity(),
		Notify: r.Notify, Deny: r.WhoMayDeny, Cancel: r.cancellers(), Extend: r.WhoMayExtend, Undo: r.undo(),
	}
	if len(f.Needs) > 0 {
		f.Remind = r.reminders()
	}
	return f
}

// needs are who must agree, whichever way the rule says it.
func (r Rule) needs() []ledger.Need {
	switch {
	case r.Refuse != "":
		return nil
	case r.Require != nil:
		return slices.Clone(r.Require)
	}
	n := 1
	if r.Approvals != nil {
		n = *r.Approvals
	}
	if r.From == "" {
		return ledger.From(n)
	}
	return ledger.From(n, r.From)
}

// cancellers are the groups that may stop it besides the requester and those who may approve. Of what nobody need
// approve, whoever may start it may stop it, and others no more than that.
func (r Rule) cancellers() []string {
	if len(r.WhoMayCancel) > 0 || len(r.needs()) > 0 {
		return r.WhoMayCancel
	}
	if len(r.WhoMayRequest) > 0 {
		return r.WhoMayRequest
	}
	return r.By
}

func (r Rule) validity() time.Duration { return cmp.Or(r.ValidFor, DefaultValidity) }

func (r Rule) undo() time.Duration {
	if r.UndoWithin == nil {
		return DefaultUndo
	}
	return *r.UndoWithin
}

// reminders are the moments as durations since the request, ascending, each once.
func (r Rule) reminders() []time.Duration {
	moments := r.RemindAt
	if moments == nil {
		moments = []Moment{{Percent: 50}, {Percent: 90}}
	}
	var all []time.Duration
	for _, m := range moments {
		all = append(all, m.of(r.validity()))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// glass is who may break it, with the review that follows.
func (r Rule) glass() *Glass {
	if r.BreakGlass == nil {
		return nil
	}
	g := Glass{From: slices.Clone(r.BreakGlass.From), Review: slices.Clone(r.BreakGlass.Review)}
	if len(g.Review) == 0 {
		g.Review = ledger.From(1)
	}
	return &g
}
