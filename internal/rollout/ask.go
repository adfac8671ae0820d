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

// promoteLook is how soon to look whether the canary's refresh has ended, which takes seconds.
const promoteLook = 5 * time.Second

// canary asks once the canary is in service, and answers for people when they do not: back is the safe way.
// A canary that is there only because no more was approved goes on by itself once the rest is approved, too.
func (r *run) canary(s *sight) engine.Outcome {
	there := s.refresh.Status == "InProgress" && s.refresh.Percent >= r.data.Share
	switch {
	case (there || r.data.asking()) && r.plan.Want.Canary == 0 && !r.turn.Narrowed:
		return say.Told(stepPromote, card.Working, "The canary is in service, and the rest is approved by now: it goes on.")
	case r.data.asking() && r.now.Before(r.data.Until):
	case r.data.asking():
		r.data.By = ledger.Actor{}
		return say.Told(stepRollback, card.Warning, "Nobody answered within %s: it is rolled back.", card.Span(r.plan.canaryWait()))
	case there:
		r.data.Asked, r.data.Until = r.now, r.now.Add(r.plan.canaryWait())
		s.tell(card.Asking, "The canary is in service: %d of %d on version %d. %s Without an answer within %s it is rolled back.",
			r.data.Progress.Replaced, r.data.Progress.Total, r.data.Version, r.asks(), card.Span(r.plan.canaryWait()))
	}
	return engine.Outcome{In: r.poll}
}

// asks is what people are asked about the canary.
func (r *run) asks() say.Safe {
	if r.turn.Narrowed {
		return "No more than the canary is approved. Approve the rest, or roll back?"
	}
	return "Continue, or roll back?"
}

// refreshes reads the group's refreshes, newest first. It is a fault when the group is no more.
func (r *run) refreshes(ctx context.Context) ([]fleet.Refresh, error) {
	list, err := r.fleet.Refreshes(ctx, r.plan.Group)
	if err != nil && r.gone(ctx, err) {
		return nil, r.deleted()
	}
	if err != nil {
		return nil, fmt.Errorf("read the refreshes of %s: %w", r.plan.Group, err)
	}
	return list, nil
}

// refresh reads the operation's own refresh.
func (r *run) refresh(ctx context.Context) (fleet.Refresh, error) {
	list, err := r.refreshes(ctx)
	if err != nil {
		return fleet.Refresh{}, err
	}
	i := slices.IndexFunc(list, func(f fleet.Refresh) bool { return f.ID == r.data.Refresh })
	if i < 0 {
		return fleet.Refresh{}, fmt.Errorf("refresh %s of %s is not to be seen", r.data.Refresh, r.plan.Group)
	}
	return list[i], nil
}

// group reads the group. It is a fault when it is no more.
func (r *run) group(ctx context.Context) (fleet.Group, error) {
	g, err := r.fleet.Group(ctx, r.plan.Group)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return g, r.deleted()
	}
	if err != nil {
		return g, fmt.Errorf("read group %s: %w", r.plan.Group, err)
	}
	return g, nil
}

func (r *run) deleted() error {
	r.data.Gone = true
	return fault.New(fault.NotFound, "The group %s was deleted meanwhile.", r.plan.Group)
}

// gone reports whether a call failed because the group does not exist any more, which AWS calls a
// validation error for most calls.
func (r *run) gone(ctx context.Context, err error) bool {
	if kind := fleet.KindOf(err); kind != fleet.Absent && kind != fleet.Rejected {
		return false
	}
	_, err = r.fleet.Group(ctx, r.plan.Group)
	return fleet.KindOf(err) == fleet.Absent
}

// pause suspends the process that replaces instances. The refresh stays as it is.
func (r *run) pause(ctx context.Context) (engine.Outcome, error) {
	if err := r.fleet.Suspend(ctx, r.plan.Group, process); err != nil {
		if fleet.KindOf(err) == fleet.Refused {
			r.data.Suspended = false
			return say.Told(r.data.standing(), card.Warning, "AWS refused to pause it: %s", say.AWS(err)), nil
		}
		return engine.Outcome{}, fmt.Errorf("suspend %s on %s: %w", process, r.plan.Group, err)
	}
	out := say.Told(stepPaused, card.Warning, "Paused: no more instances are replaced until somebody resumes.")
	out.In = r.poll
	return out, nil
}

// unpause lets it go on.
func (r *run) unpause(ctx context.Context) (engine.Outcome, error) {
	if err := r.fleet.Resume(ctx, r.plan.Group, process); err != nil {
		return engine.Outcome{}, fmt.Errorf("resume %s on %s: %w", process, r.plan.Group, err)
	}
	r.data.Suspended, r.data.Outside = false, false
	out := say.Told(r.data.standing(), card.Working, "Resumed.")
	out.In = r.poll
	return out, nil
}

// release takes our own suspension away, which would hold up what comes next.
func (r *run) release(ctx context.Context) error {
	if !r.data.Suspended {
		return nil
	}
	err := r.fleet.Resume(ctx, r.plan.Group, process)
	if err != nil && !r.gone(ctx, err) {
		return fmt.Errorf("resume %s on %s: %w", process, r.plan.Group, err)
	}
	r.data.Suspended = false
	return nil
}

// cancel has AWS stop. Instances that are being replaced are finished.
func (r *run) cancel(ctx context.Context) (engine.Outcome, error) {
	now, err := r.refresh(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	stopped := now.Status == "Cancelling" || now.Status == "Cancelled"
	if !stopped && !now.Over() {
		switch err := r.fleet.CancelRefresh(ctx, r.plan.Group); {
		case err == nil:
			stopped = true
		case fleet.KindOf(err) == fleet.NoRefresh: // it came to its end this moment
		case fleet.KindOf(err) == fleet.Refused:
			return say.Told(r.data.standing(), card.Warning, "AWS refused to cancel it: %s", say.AWS(err)), nil
		default:
			return engine.Outcome{}, fmt.Errorf("cancel the refresh of %s: %w", r.plan.Group, err)
		}
	}
	if !stopped {
		return say.Told(stepFollow, card.Warning, "The refresh was over before it could be cancelled."), nil
	}
	r.data.Stopping = stepCancel
	if err := r.release(ctx); err != nil {
		return engine.Outcome{}, err
	}
	return say.Told(stepFollow, card.Warning, "Cancelling: AWS finishes what it has begun."), nil
}

// rollback has AWS take the refresh back.
func (r *run) rollback(ctx context.Context) (engine.Outcome, error) {
	now, err := r.refresh(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	switch {
	case now.RollbackStarted.IsZero() && now.Over(), now.Status == "Cancelling":
		return say.Told(stepFollow, card.Warning, "Too late to roll back: AWS says %s.", now.Status), nil
	case now.RollbackStarted.IsZero() && now.Status != "RollbackInProgress":
		_, err = r.fleet.RollbackRefresh(ctx, r.plan.Group)
	}
	switch kind := fleet.KindOf(err); {
	case err == nil:
	case kind == fleet.Irreversible, kind == fleet.Refused:
		return r.stubborn(err), nil
	case kind == fleet.NoRefresh:
		return engine.To(stepFollow), nil
	default:
		return engine.Outcome{}, fmt.Errorf("roll back the refresh of %s: %w", r.plan.Group, err)
	}
	r.data.Stopping = stepRollback
	if err := r.release(ctx); err != nil {
		return engine.Outcome{}, err
	}
	return say.Told(stepFollow, card.Warning, "Rolling back to version %d.", r.plan.From.Version), nil
}

// stubborn: AWS will not roll back. When nobody answered about the canary, stopping is the next safest.
func (r *run) stubborn(err error) engine.Outcome {
	r.data.Stubborn = say.AWS(err)
	if r.data.asking() && !r.now.Before(r.data.Until) {
		return say.Told(stepCancel, card.Bad, "AWS cannot roll it back, so it is cancelled instead: %s", r.data.Stubborn)
	}
	return say.Told(r.data.standing(), card.Bad, "AWS cannot roll it back: %s Cancel it, and roll back to version %d afterwards.", r.data.Stubborn, r.plan.From.Version)
}

// promote ends the canary's refresh, in which nothing is under way at a checkpoint, and goes on with one
// for the rest.
func (r *run) promote(ctx context.Context) (engine.Outcome, error) {
	now, err := r.refresh(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if signal, asked := r.signal("rollback", "cancel"); asked {
		r.data.Change, r.data.By = signal.Name, signal.By
	}
	switch {
	case now.Status == "Cancelled":
		return r.promoted(), nil
	case now.Over(), now.Status == "RollbackInProgress":
		return engine.To(stepFollow), nil
	case now.Status != "Cancelling":
		if err := r.fleet.CancelRefresh(ctx, r.plan.Group); err != nil && fleet.KindOf(err) != fleet.NoRefresh {
			return engine.Outcome{}, fmt.Errorf("end the canary's refresh of %s: %w", r.plan.Group, err)
		}
	}
	r.data.Stopping = stepPromote
	if err := r.release(ctx); err != nil {
		return engine.Outcome{}, err
	}
	return engine.Outcome{In: min(r.poll, promoteLook)}, nil
}

// promoted goes on with the rest, or with what people asked for while the canary's refresh was ending.
func (r *run) promoted() engine.Outcome {
	change := r.data.Change
	r.data.Change = ""
	switch change {
	case "cancel":
		return r.end(ledger.Cancelled, "Cancelled after the canary%s.", say.By(r.data.By))
	case "rollback":
		r.data.Cause = say.Phrase("Rolled back to version %d%s.", r.plan.From.Version, say.By(r.data.By))
		return r.sweep()
	}
	r.data.Past = append(r.data.Past, r.data.Refresh)
	r.data.Before, r.data.Refresh, r.data.Phase = r.data.Refresh, "", Rest
	return engine.To(stepStart)
}
