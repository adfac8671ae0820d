package rollout

import (
	"context"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

const process = "InstanceRefresh"

// sight is one look at AWS.
type sight struct {
	refresh fleet.Refresh
	group   fleet.Group
	seen    map[fleet.InstanceID]fleet.Instance // where the group's own word is not enough
	lines   []string                            // what is new, for the thread
	tone    card.Tone
}

func (s *sight) tell(tone card.Tone, format string, args ...any) {
	s.lines = append(s.lines, string(say.Phrase(format, args...)))
	if s.tone != card.Bad {
		s.tone = tone
	}
}

// follow looks at the refresh, tells what changed, and does what people ask for.
func (r *run) follow(ctx context.Context) (engine.Outcome, error) {
	s, err := r.look(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	var out engine.Outcome
	switch {
	case s.refresh.Over():
		out = r.over(&s)
	default:
		out = r.under(&s)
	}
	if len(s.lines) > 0 {
		lines := s.lines
		if out.Line != "" {
			lines = append(lines, out.Line)
		}
		out.Line, out.Tone = strings.Join(lines, "\n"), string(s.tone)
	}
	return out, nil
}

// look reads the refresh and the group, and the group's failures when the refresh does not get on.
func (r *run) look(ctx context.Context) (sight, error) {
	s := sight{}
	var err error
	if s.refresh, err = r.refresh(ctx); err != nil {
		return s, err
	}
	if s.group, err = r.group(ctx); err != nil {
		return s, err
	}
	if s.seen, err = r.seen(ctx, s.group); err != nil {
		return s, err
	}
	before := r.data.Progress
	r.measure(s)
	if r.data.Progress.Replaced <= before.Replaced || s.refresh.Over() {
		return s, r.failures(ctx, &s)
	}
	return s, nil
}

// measure counts how far the refresh is. An instance counts as replaced when AWS does not list it to be
// updated any more, which is when it has warmed up.
func (r *run) measure(s sight) {
	inService, coming := 0, 0
	for _, m := range s.group.Instances {
		if !r.renewed(m, s.seen) || going(m) {
			continue
		}
		if m.Lifecycle == "InService" {
			inService++
		} else {
			coming++
		}
	}
	inService = max(inService-r.data.Matching, 0)
	p := &r.data.Progress
	p.Total = max(p.Total, s.refresh.ToUpdate)
	p.Replaced = max(min(inService, p.Total-s.refresh.ToUpdate), 0)
	p.Warming = max(min(inService+coming-p.Replaced, p.Total-p.Replaced), 0)
	p.Percent, p.Status, p.Reason, p.At = s.refresh.Percent, s.refresh.Status, s.refresh.Reason, r.now
}

// under handles a refresh under way.
func (r *run) under(s *sight) engine.Outcome {
	r.suspension(s)
	if out, ok := r.answer(s); ok {
		return out
	}
	out := engine.Outcome{In: r.poll}
	switch {
	case r.data.Phase == Canary && r.data.Stopping == "":
		out = r.canary(s)
	default:
		r.checkpoints(s)
	}
	r.notice(s)
	if out.Step == "" {
		out.Step = r.data.standing()
	}
	return out
}

// suspension notices when somebody else pauses or resumes.
func (r *run) suspension(s *sight) {
	suspended := slices.Contains(s.group.Suspended, process)
	switch {
	case suspended && !r.data.Suspended && !r.data.Outside:
		r.data.Outside = true
		s.tell(card.Warning, "Somebody paused it outside of amiral: %s is suspended on %s.", process, r.plan.Group)
	case !suspended && (r.data.Suspended || r.data.Outside):
		r.data.Suspended, r.data.Outside = false, false
		s.tell(card.Working, "Somebody resumed it outside of amiral.")
	}
}

// answer does what people asked for since the last look.
func (r *run) answer(s *sight) (engine.Outcome, bool) {
	r.refuseMore(s)
	signal, asked := r.signal(r.choices()...)
	if !asked {
		return engine.Outcome{}, false
	}
	switch {
	case r.data.Stopping != "" || strings.HasPrefix(s.refresh.Status, "Rollback") || s.refresh.Status == "Cancelling":
		if signal.Name == "resume" && (r.data.Suspended || r.data.Outside) {
			return engine.To(stepResume), true
		}
		s.tell(card.Warning, "Too late for that: AWS says %s.", s.refresh.Status)
	case signal.Name == "cancel":
		r.data.By = signal.By
		return engine.To(stepCancel), true
	case signal.Name == "rollback":
		r.data.By = signal.By
		return engine.To(stepRollback), true
	case signal.Name == "continue" && r.data.asking():
		return engine.To(stepPromote), true
	case signal.Name == "pause" && r.data.asking():
		s.tell(card.Plain, "It waits for an answer already; nothing is replaced meanwhile.")
	case signal.Name == "pause" && !r.data.Suspended && !r.data.Outside:
		r.data.Suspended = true // noted before it is done, so that it is never forgotten
		return engine.To(stepPause), true
	case signal.Name == "resume" && (r.data.Suspended || r.data.Outside):
		return engine.To(stepResume), true
	}
	return engine.Outcome{}, false
}

// choices are the signals that are listened to. As long as no more than the canary is approved, nobody can have
// the rest go on, whatever let the signal through.
func (r *run) choices() []string {
	all := []string{"pause", "resume", "cancel", "rollback"}
	if r.turn.Narrowed {
		return all
	}
	return append(all, "continue")
}

// refuseMore tells whoever wants the rest to go on why it does not.
func (r *run) refuseMore(s *sight) {
	if _, asked := r.signal("continue"); asked && r.turn.Narrowed {
		s.tell(card.Warning, "No more than the canary is approved: the rest goes on when that is approved, too.")
	}
}

// checkpoints tells each checkpoint that people asked for, once.
func (r *run) checkpoints(s *sight) {
	for _, c := range r.plan.Order.Checkpoints {
		if c == 100 || s.refresh.Percent < c || slices.Contains(r.data.Reached, c) || s.refresh.Status != "InProgress" {
			continue
		}
		r.data.Reached = append(r.data.Reached, c)
		s.tell(card.Working, "Checkpoint %d %%: %d of %d replaced. It goes on by itself after %s.",
			c, r.data.Progress.Replaced, r.data.Progress.Total, card.Span(r.plan.Order.CheckpointDelay))
	}
}

// notice tells baking, cancelling and rolling back, once each.
func (r *run) notice(s *sight) {
	seen := r.data.Noticed
	r.data.Noticed = s.refresh.Status
	if seen == s.refresh.Status {
		return
	}
	switch s.refresh.Status {
	case "Baking":
		s.tell(card.Working, "Every instance is replaced; AWS watches for another %s.", card.Span(r.plan.Order.Bake))
	case "Cancelling":
		if r.data.Stopping == "" {
			s.tell(card.Warning, "Somebody cancelled the refresh outside of amiral; AWS finishes what has begun.")
		}
	case "RollbackInProgress":
		if r.data.Stopping == "" {
			s.tell(card.Warning, "AWS rolls back to version %d. %s", r.plan.From.Version, say.Closed(s.because()))
		}
	}
}

// because is AWS's own reason.
func (s sight) because() string {
	if s.refresh.RollbackReason != "" {
		return s.refresh.RollbackReason
	}
	return s.refresh.Reason
}

// over handles a refresh that came to its end.
func (r *run) over(s *sight) engine.Outcome {
	if signal, asked := r.signal("pause", "continue", "cancel", "rollback"); asked {
		s.tell(card.Warning, "The refresh was over before the %s could take effect.", signal.Name)
	}
	switch s.refresh.Status {
	case "Successful":
		return r.successful(s)
	case "Cancelled":
		return r.cancelled()
	case "RollbackSuccessful":
		return r.rolledBack(s)
	case "RollbackFailed":
		return r.fail(say.Sentences(say.Safe("The roll back failed too"), say.Quote(s.because())))
	}
	if r.data.Phase == Sweep {
		return r.fail(say.Sentences(r.halfway(), say.Quote(s.refresh.Reason)))
	}
	return r.fail(say.Sentences(say.Safe("The refresh failed"), say.Quote(s.refresh.Reason)))
}

func (r *run) successful(s *sight) engine.Outcome {
	switch {
	case r.data.Phase == Sweep:
		return r.undone()
	case r.data.Phase == Canary && r.data.Asked.IsZero():
		s.tell(card.Warning, "The refresh was over before anybody could be asked about the canary.")
	}
	return engine.To(stepVerify)
}

func (r *run) cancelled() engine.Outcome {
	switch {
	case r.data.Stopping == stepPromote:
		return engine.To(stepPromote)
	case r.data.Stopping == stepCancel && r.data.By.User == "":
		return r.end(ledger.Cancelled, "Cancelled: nobody answered about the canary, and AWS could not roll it back.")
	case r.data.Stopping == stepCancel:
		return r.end(ledger.Cancelled, "Cancelled%s.", say.By(r.data.By))
	}
	return r.end(ledger.Cancelled, "The refresh was cancelled outside of amiral.")
}

// rolledBack: AWS took back what the present refresh had done, by its own account. A canary before it may
// still be there, and so may other instances on the new version: whoever wanted the way back, it is gone to
// its end.
func (r *run) rolledBack(s *sight) engine.Outcome {
	r.data.Cause = r.cause(s)
	if r.unfinished(s) {
		return r.sweep()
	}
	return r.undone()
}

// unfinished reports whether instances are left on the new version that a refresh can bring back.
func (r *run) unfinished(s *sight) bool {
	left, free := 0, 0
	for _, m := range s.group.Instances {
		if going(m) || !r.renewed(m, s.seen) {
			continue
		}
		left++
		if leftAlone(m, r.plan.Want) == "" {
			free++
		}
	}
	return left > r.data.Matching && free > 0
}

// halfway says that a way back has not come to its end; empty while there is none.
func (r *run) halfway() say.Safe {
	if r.data.Cause == "" {
		return ""
	}
	return say.Sentences(r.data.Cause, "That could not be finished")
}

// cause says who or what had it rolled back.
func (r *run) cause(s *sight) say.Safe {
	back := say.Phrase("Rolled back to version %d", r.plan.From.Version)
	switch {
	case r.data.Stopping != stepRollback:
		return say.Sentences(say.Phrase("AWS rolled back to version %d", r.plan.From.Version), say.Quote(s.because()))
	case r.data.By.User == "":
		return back + ": nobody answered about the canary."
	}
	return back + say.By(r.data.By) + "."
}

// sweep goes on with a refresh back to where the group came from.
func (r *run) sweep() engine.Outcome {
	if r.data.Refresh != "" {
		r.data.Past = append(r.data.Past, r.data.Refresh)
		r.data.Before, r.data.Refresh = r.data.Refresh, ""
	}
	r.data.Phase = Sweep
	return engine.To(stepStart)
}

func (r *run) undone() engine.Outcome {
	return r.end(ledger.Undone, "%s", r.data.Cause)
}
