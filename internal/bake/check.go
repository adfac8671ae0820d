package bake

import (
	"cmp"
	"context"
	"fmt"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// check reads everything again, and voids the approval when it is not as it was approved. It writes nothing, and says
// so. What it notes at its end is what the next step is about to do, so that this is put in order whatever happens.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return r.end(ledger.Cancelled, say.Phrase("Cancelled before anything was made%s.", say.By(r.data.By))), nil
	}
	if r.plan.Digest() != r.turn.Digest {
		return engine.Outcome{}, r.addressed(fault.New(fault.Conflict, "The plan is not the one that was approved."))
	}
	now, err := r.look(ctx)
	if f, ok := fault.As(err); ok {
		return r.void([]Change{{What: "Instance", Approved: string(r.plan.Instance), Now: f.Text}}, f), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if changed := r.plan.Changed(now); len(changed) > 0 {
		why := fault.New(fault.Conflict, "%s changed since it was approved. %s", r.plan.instance(), changeWords(changed))
		if stops := now.Brief().Stops(); len(stops) > 0 { // asking for the same again would only be refused
			why = why.WithHint("%s", say.Closed(cmp.Or(stops[0].Hint, "Ask for another one")))
		}
		return r.void(changed, why), nil
	}
	switch {
	case r.plan.Way == Standby:
		r.data.Entering = true
		return engine.To(stepStandby), nil
	case r.plan.Way == Twin:
		r.data.Launching = true
		return engine.To(stepTwin), nil
	}
	return engine.To(stepManifest), nil
}

// look plans the same once more from what is there now. An image that this operation made is not in its own way.
func (r *run) look(ctx context.Context) (Plan, error) {
	facts, err := Gather(ctx, r.fleet, r.plan.Environment, r.plan.again())
	if err != nil {
		return Plan{}, err
	}
	facts.Now = r.now
	if facts.Taken != nil && r.ours(*facts.Taken) {
		facts.Taken = nil
	}
	return New(facts, r.plan.again())
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changed []Change, why *fault.Fault) engine.Outcome {
	r.data.Changes = changed
	return engine.Outcome{End: ledger.Void, Outcome: card.Inert(r.addressed(why).Error()), Tone: string(card.Warning)}
}

// addressed adds to a fault how to go on, and that nothing was changed.
func (r *run) addressed(f *fault.Fault) *fault.Fault {
	hint := f.Hint
	if hint == "" && r.turn.Command != "" {
		hint = fmt.Sprintf("Ask again with `%s`.", r.turn.Command)
	}
	return f.WithHint("%s", say.Sentences(hint, "Nothing was changed"))
}

// definite reports whether trying again would change nothing.
func definite(err error) bool {
	switch fleet.KindOf(err) {
	case fleet.Refused, fleet.Rejected, fleet.TokenMismatch, fleet.Quota, fleet.Exists:
		return true
	}
	return false
}

// attempts is how many attempts an answer gets that may only mean that something is not visible everywhere yet, or
// not in the right state yet.
const attempts = 6

// refusal makes a fault of what trying again would not change, and of what was tried often enough.
func (r *run) refusal(err error, attempt string) error {
	kind := fleet.KindOf(err)
	if (kind == fleet.Busy || kind == fleet.Full || kind == fleet.Absent) && r.turn.Attempt >= attempts {
		return fault.New(fault.Conflict, "AWS would not %s: %s", attempt, say.AWS(err))
	}
	return say.Refusal(err, attempt)
}
