package patch

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// check reads every group again, and voids the approval when one is not as it was approved. It writes nothing. The
// bake looks at the server in the same way before it begins.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if r.data.Stopped != nil {
		return r.unbegun(), nil
	}
	if r.plan.Digest() != r.turn.Digest {
		return engine.Outcome{}, fault.New(fault.Conflict, "The plan is not the one that was approved.").WithHint("Nothing was changed.")
	}
	if r.data.Held {
		return r.again(), nil
	}
	changed, mending, err := r.changed(ctx)
	if f, ok := fault.As(err); ok {
		changed, err = []Change{{What: "Groups", Approved: listed(r.plan.names()), Now: f.Text}}, nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	switch {
	case mending && (r.data.Ill.IsZero() || r.now.Before(r.data.Ill.Add(rollout.Recovery))):
		return r.mend(changed), nil
	case len(changed) > 0:
		return r.void(changed), nil
	}
	r.data.BakeAt = bake.First
	return engine.To(stepBake + "/" + bake.First), nil
}

// mend lets the groups get well, and tells so once.
func (r *run) mend(ill []Change) engine.Outcome {
	out := r.again()
	if r.data.Ill.IsZero() {
		r.data.Ill = r.now
		out = say.Told("", card.Warning, "%s It waits up to %s for what is ill to be replaced.", changeWords(ill), card.Span(rollout.Recovery))
		out.In = r.Poll
	}
	return out
}

// changed compares every group with what was approved. mending tells that nothing is in the way but instances that
// their groups are about to replace.
func (r *run) changed(ctx context.Context) (all []Change, mending bool, err error) {
	facts, err := groups(ctx, r.fleet, r.plan.Environment, r.plan.Want)
	if err != nil {
		return nil, false, err
	}
	others := 0
	for i, approved := range r.plan.Groups {
		facts[i].Now, facts[i].Coming = r.now, r.plan.Coming
		now, err := approved.Again(facts[i])
		if err != nil {
			return nil, false, err
		}
		list := approved.Changed(now)
		if len(list) > 0 && !rollout.Mending(facts[i], now, list) {
			others++
		}
		all = append(all, changesOf(string(approved.Group), list)...)
	}
	if !r.plan.Want.Promote {
		return all, len(all) > 0 && others == 0, nil
	}
	golden, err := promoted(ctx, r.Families, r.plan.Environment, r.plan.Want)
	if err != nil {
		return nil, false, err
	}
	if golden.Revision != r.plan.Golden.Revision {
		all = append(all, Change{What: "Golden image", Approved: orNone(string(r.plan.Golden.Image)), Now: orNone(string(golden.Image))})
		others++
	}
	return all, len(all) > 0 && others == 0, nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func changesOf(group string, list []rollout.Change) []Change {
	all := make([]Change, len(list))
	for i, c := range list {
		all[i] = Change{Group: group, What: c.What, Approved: c.Approved, Now: c.Now}
	}
	return all
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changed []Change) engine.Outcome {
	r.data.Changes = changed
	text := say.Phrase("It is not what was approved any more: %s", changeWords(changed))
	hint := say.Safe("")
	if r.turn.Command != "" {
		hint = say.Phrase("Ask again with `%s`", r.turn.Command)
	}
	return engine.Outcome{End: ledger.Void, Outcome: string(say.Sentences(text, hint, "Nothing was changed")), Tone: string(card.Warning)}
}

// changeWords are the changes as a few sentences.
func changeWords(changed []Change) string {
	words := make([]string, 0, len(changed))
	for _, c := range changed {
		words = append(words, c.words())
	}
	return say.Sentences(words[:min(len(words), 5)]...)
}

// words are a change as a sentence.
func (c Change) words() string {
	where := ""
	if c.Group != "" {
		where = c.Group + ": "
	}
	if c.What == "In the way" {
		return where + c.Now
	}
	return fmt.Sprintf("%s%s was %s and is %s", where, c.What, c.Approved, c.Now)
}

// bake takes one step of the bake. A server is baked by one operation at a time.
func (r *run) bake(ctx context.Context, at string) (engine.Outcome, error) {
	if at == bake.First {
		if out, waits, err := r.alone(ctx); waits || err != nil {
			return out, err
		}
	}
	payload, err := json.Marshal(r.plan.Bake)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("write the plan of the bake: %w", err)
	}
	inner := r.turn.Within("bake", payload, r.data.Bake, at)
	inner.Digest = r.plan.Bake.Digest()
	out, err := r.Bake.Turn(ctx, inner)
	if f, ok := fault.As(err); ok { // as when it is an operation of its own
		out, err = engine.Outcome{End: ledger.Failed, Outcome: card.Inert(f.Error())}, nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if out.Data != nil {
		r.data.Bake = out.Data
	}
	if r.data.BakeAt = at; out.Step != "" {
		r.data.BakeAt = out.Step
	}
	if out.End != "" {
		if err := r.Locks.Drop(ctx, &r.turn.Turn, r.plan.Bake.Resource()); err != nil {
			return engine.Outcome{}, fmt.Errorf("give %s back: %w", r.plan.Bake.Instance, err)
		}
		return r.baked(ctx, out)
	}
	if out.Step != "" {
		out.Step = stepBake + "/" + out.Step
	}
	return out, nil
}

// alone takes the server for the bake, or waits for whoever has it.
func (r *run) alone(ctx context.Context) (engine.Outcome, bool, error) {
	if r.data.Stopped != nil {
		return r.unbegun(), true, nil
	}
	if r.data.Held {
		return r.again(), true, nil
	}
	ahead, err := r.Locks.Take(ctx, &r.turn.Turn, r.plan.Bake.Resource())
	if err != nil {
		return engine.Outcome{}, false, fmt.Errorf("lock %s: %w", r.plan.Bake.Instance, err)
	}
	was := r.data.Ahead
	if r.data.Ahead = ahead; ahead == "" {
		return engine.Outcome{}, false, nil
	}
	out := r.again()
	if ahead != was {
		out = say.Told("", card.Warning, "The bake of %s waits for %s, which is at work on it.", r.plan.Bake.Instance, string(ahead))
		out.In = r.Poll
	}
	return out, true, nil
}

// unbegun ends it before its first write, as somebody asked.
func (r *run) unbegun() engine.Outcome {
	return engine.Outcome{End: ledger.Cancelled, Tone: string(card.Warning), Outcome: string(say.Phrase("Cancelled before anything was made%s.", r.by()))}
}

// baked goes on with the image, or ends as the bake ended.
func (r *run) baked(ctx context.Context, out engine.Outcome) (engine.Outcome, error) {
	id, made := bake.Made(r.data.Bake)
	text := say.Safe(out.Outcome)
	if out.End != ledger.Succeeded || !made {
		return r.unbaked(out, text), nil
	}
	image, err := r.fleet.Image(ctx, id)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read the image %s: %w", id, err)
	}
	r.data.Image = image
	line := engine.Outcome{Step: stepTake}
	if out.Tone == string(card.Warning) { // something about it should be read
		line.Line, line.Tone = string(text), out.Tone
	}
	if r.plan.Want.Test != "" {
		line.Step = stepTrial
	}
	return line, nil
}

func (r *run) unbaked(out engine.Outcome, text say.Safe) engine.Outcome {
	switch {
	case out.End == ledger.Void:
		var d bake.Data
		if json.Unmarshal(r.data.Bake, &d) == nil {
			for _, c := range d.Changes {
				r.data.Changes = append(r.data.Changes, Change{What: c.What, Approved: c.Approved, Now: c.Now})
			}
		}
		return out
	case out.End == ledger.Succeeded:
		return engine.Outcome{End: ledger.Failed, Outcome: string(say.Sentences(text, "There is no image to roll to, and no group was touched")), Tone: string(card.Bad)}
	}
	return engine.Outcome{End: out.End, Outcome: string(say.Sentences(text, "No group was touched")), Tone: out.Tone}
}
