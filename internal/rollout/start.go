package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// start starts the phase's refresh, or takes over the one that an earlier attempt started. AWS knows no
// token for it, so it looks first.
func (r *run) start(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stoppedBetween(); stopped {
		return out, nil
	}
	if r.turn.Narrowed && (r.data.Phase == Whole || r.data.Phase == Rest) {
		return engine.Outcome{}, fault.New(fault.Denied, "No more than the canary is approved.")
	}
	refreshes, err := r.refreshes(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if own, there := r.own(refreshes); there {
		return r.started(own.ID), nil
	}
	if i := slices.IndexFunc(refreshes, func(f fleet.Refresh) bool { return !f.Over() }); i >= 0 {
		return engine.Outcome{}, r.taken(refreshes[i])
	}
	if r.data.Held {
		return r.hold(), nil
	}
	id, err := r.fleet.StartRefresh(ctx, r.order())
	if err != nil {
		return r.notStarted(err)
	}
	return r.started(id), nil
}

// stoppedBetween answers a stop that was asked for before the phase's refresh began.
func (r *run) stoppedBetween() (engine.Outcome, bool) {
	if r.data.Phase == Whole || r.data.Phase == Canary {
		return r.early()
	}
	signal, _ := r.signal("pause", "resume", "cancel", "rollback")
	switch {
	case r.data.Phase == Sweep:
	case signal.Name == "pause" || signal.Name == "resume":
		r.data.Held = signal.Name == "pause"
	case signal.Name == "cancel":
		r.data.By = signal.By
		return r.end(ledger.Cancelled, "Cancelled after the canary%s.", say.By(signal.By)), true
	case signal.Name == "rollback":
		r.data.Cause = say.Phrase("Rolled back to version %d%s.", r.plan.From.Version, say.By(signal.By))
		return r.sweep(), true
	}
	return engine.Outcome{}, false
}

// hold waits for somebody to resume what was paused before it began.
func (r *run) hold() engine.Outcome {
	out := engine.Outcome{In: r.poll}
	if !r.data.HeldTold {
		out = say.Told("", card.Warning, "Held: no instance is replaced until somebody resumes.")
		r.data.HeldTold, out.In = true, r.poll
	}
	return out
}

// own finds the refresh that an earlier attempt at this step started: newer than the newest there was
// before, and to the same version.
func (r *run) own(refreshes []fleet.Refresh) (fleet.Refresh, bool) {
	for _, f := range refreshes {
		if f.ID == r.data.Before || slices.Contains(r.data.Past, f.ID) {
			break // everything from here on is older
		}
		if sameTemplate(f.Desired, r.order().Template) {
			return f, true
		}
	}
	return fleet.Refresh{}, false
}

// sameTemplate compares two references that may name their template by id, by name, or both.
func sameTemplate(a, b fleet.TemplateRef) bool {
	if a.Version != b.Version {
		return false
	}
	if a.ID != "" && b.ID != "" {
		return a.ID == b.ID
	}
	return a.Name == b.Name
}

// order is what the present phase asks for.
func (r *run) order() fleet.RefreshOrder {
	o := r.plan.Order
	o.Template = r.ref(r.data.Version)
	switch r.data.Phase {
	case Canary:
		// The longest delay there is: nothing goes on by itself, even should nobody be there to watch.
		o.Checkpoints, o.CheckpointDelay = []int{r.data.Share, 100}, longest
	case Sweep:
		o.Template = r.ref(r.plan.From.Version)
		if o.Image != "" {
			o.Image = r.plan.From.Image
		}
		o.Checkpoints, o.CheckpointDelay, o.Bake, o.Alarms, o.AutoRollback = nil, 0, 0, nil, false
	}
	return o
}

func (r *run) started(id fleet.RefreshID) engine.Outcome {
	r.data.Refresh, r.data.Began, r.data.Looks = id, r.now, 0
	r.data.Stopping, r.data.Asked, r.data.Until = "", time.Time{}, time.Time{}
	switch r.data.Phase {
	case Canary:
		return say.Told(stepFollow, card.Working, "The canary starts: %s of %d to version %d.", say.Plural(r.data.Canaries, "instance"), r.data.Progress.Total, r.data.Version)
	case Rest:
		return say.Told(stepFollow, card.Working, "The rest follows to version %d.", r.data.Version)
	case Sweep:
		return say.Told(stepFollow, card.Working, "What is left on version %d goes back to version %d.", r.data.Version, r.plan.From.Version)
	}
	return say.Told(stepFollow, card.Working, "Started: %s to version %d (%s).", say.Plural(r.plan.Pace.Replaced, "instance"), r.data.Version, r.plan.To.Image)
}

// taken: somebody else was faster.
func (r *run) taken(other fleet.Refresh) error {
	return fault.New(fault.Conflict, "Another instance refresh began on %s meanwhile: %s (%s).", r.plan.Group, other.ID, other.Status).
		WithHint("It is not ours and is left alone.")
}

// notStarted judges why AWS did not start it. A version made a moment ago may not be visible yet, and neither may a
// refresh that is under way, so that it is looked again whose it is.
func (r *run) notStarted(err error) (engine.Outcome, error) {
	switch kind := fleet.KindOf(err); {
	case kind == fleet.InProgress && r.data.Looks < looks:
		return r.unseen("the refresh that it says is under way"), nil
	case kind == fleet.Irreversible:
		return engine.Outcome{}, fault.New(fault.Conflict, "AWS could not roll this back and refused to start it: %s", say.AWS(err))
	case (kind == fleet.Rejected || kind == fleet.Absent) && r.data.Made && r.data.Looks < patience:
		return r.unseen(r.made()), nil
	case kind == fleet.Refused, kind == fleet.Quota, kind == fleet.Rejected && r.data.Made, kind == fleet.Absent && (r.data.Made || r.turn.Attempt >= patience):
		return engine.Outcome{}, fault.New(fault.Denied, "AWS refused to start the refresh: %s", say.AWS(err))
	case kind == fleet.Rejected:
		return engine.Outcome{}, say.Refusal(err, "start the refresh")
	}
	return engine.Outcome{}, fmt.Errorf("start a refresh of %s: %w", r.plan.Group, err)
}
