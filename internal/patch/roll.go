package patch

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// take locks the next group, and waits for whoever has it.
func (r *run) take(ctx context.Context) (engine.Outcome, error) {
	if part := r.data.part(); part == nil || part.At != "" {
		r.data.Parts = append(r.data.Parts, Part{Group: r.plan.Groups[len(r.data.Parts)].Group})
	}
	part, plan := r.data.part(), r.plan.Groups[len(r.data.Parts)-1]
	if r.data.Stopped != nil {
		r.data.Parts = r.data.Parts[:len(r.data.Parts)-1]
		return r.stopped(), nil
	}
	if r.data.Held {
		if part.Ahead == "" {
			r.data.Parts = r.data.Parts[:len(r.data.Parts)-1]
		}
		return r.again(), nil
	}
	ahead, err := r.Locks.Take(ctx, &r.turn.Turn, plan.Resource())
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("lock %s: %w", plan.Group, err)
	}
	if ahead == "" {
		part.Ahead, part.At, part.Began = "", rollout.First, r.now
		if len(r.plan.Groups) == 1 {
			return say.Told(stepRoll+"/"+rollout.First, card.Working, "%s is next.", plan.Group), nil
		}
		return say.Told(stepRoll+"/"+rollout.First, card.Working, "%s is next: %d of %d.", plan.Group, len(r.data.Parts), len(r.plan.Groups)), nil
	}
	out := r.again()
	if part.Ahead != ahead {
		out = say.Told("", card.Warning, "%s waits for %s, which is at work on it.", plan.Group, string(ahead))
		part.Ahead, out.In = ahead, r.Poll
	}
	return out, nil
}

// roll takes one step of the group's rollout.
func (r *run) roll(ctx context.Context, at string) (engine.Outcome, error) {
	i := len(r.data.Parts) - 1
	rec, err := r.plan.record(r.turn.Record, r.data, i)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("write the plan of %s: %w", r.plan.Groups[i].Group, err)
	}
	part := r.data.part()
	inner := r.turn.Within(string(part.Group), rec.Payload, part.Data, at)
	inner.Digest = rec.Digest
	out, err := r.Roll.Turn(ctx, inner)
	if f, ok := fault.As(err); ok { // as when it is an operation of its own
		out, err = engine.Outcome{End: ledger.Failed, Outcome: card.Inert(f.Error())}, nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if out.Data != nil {
		part.Data = out.Data
	}
	if out.Line != "" && len(r.plan.Groups) > 1 {
		out.Line = string(say.Phrase("%s: %s", part.Group, say.Safe(out.Line)))
	}
	if out.End != "" {
		part.State, part.Outcome = out.End, say.Safe(out.Outcome)
		return engine.To(stepNext), nil
	}
	if out.Step != "" {
		part.At, out.Step = out.Step, stepRoll+"/"+out.Step
	}
	return out, nil
}

// next gives the group back, and goes on with the one after it, unless this one did not come to a good end.
func (r *run) next(ctx context.Context) (engine.Outcome, error) {
	part, i := r.data.part(), len(r.data.Parts)-1
	if err := r.Locks.Drop(ctx, &r.turn.Turn, r.plan.Groups[i].Resource()); err != nil {
		return engine.Outcome{}, fmt.Errorf("give %s back: %w", part.Group, err)
	}
	if part.State != ledger.Succeeded {
		text := part.Outcome
		if len(r.plan.Groups) > 1 {
			text = say.Phrase("%s: %s", part.Group, text)
		}
		return r.end(r.state(part), text), nil
	}
	out := engine.Outcome{Step: stepTake, Tone: string(card.Good), Line: string(part.Outcome)}
	switch {
	case i+1 < len(r.plan.Groups):
		return out, nil
	case r.plan.Want.Promote:
		out.Step = stepPromote
		return out, nil
	}
	r.finished()
	out.Step = stepSettle
	if len(r.plan.Groups) == 1 {
		out.Line = "" // it is how the whole ends
	}
	return out, nil
}

// state is how the whole ends when a group did not come to a good end. It is rolled back only where nothing of it is
// left, and void only before its first write.
func (r *run) state(part *Part) ledger.State {
	byPerson := r.data.Stopped != nil
	switch {
	case part.State == ledger.Void:
		return ledger.Failed
	case part.State == ledger.Undone && len(r.data.Parts) > 1 && byPerson:
		return ledger.Cancelled
	case part.State == ledger.Undone && len(r.data.Parts) > 1:
		return ledger.Failed
	}
	return part.State
}

func (r *run) finished() {
	if len(r.plan.Groups) == 1 {
		r.data.Ending = &Ending{State: ledger.Succeeded, Text: r.data.Parts[0].Outcome}
		return
	}
	r.data.Ending = &Ending{State: ledger.Succeeded, Text: say.Phrase("%s run %s.", listed(r.data.done()), r.data.Image.ID)}
}

// promote makes the image its family's golden one. That it cannot be is told, and takes nothing back: every group
// is patched.
func (r *run) promote(ctx context.Context) (engine.Outcome, error) {
	if r.data.Stopped != nil {
		if out, ends, err := r.unpromoted(ctx); ends || err != nil {
			return out, err
		}
	} else if r.data.Held {
		return r.again(), nil
	}
	r.finished()
	f := r.plan.Want.Bake.Family
	_, err := r.Families.Point(ctx, family.Golden{
		Environment: r.plan.Environment, Family: f, Image: r.data.Image.ID, Name: r.data.Image.Name, At: r.now.Truncate(time.Second),
		By: r.turn.Requester, Op: r.turn.ID,
	}, r.plan.Golden.Revision)
	if no, ok := fault.As(err); ok {
		r.data.Ending.Text = say.Sentences(r.data.Ending.Text, say.Phrase("It was not promoted: %s `%s` does it", no.Text, r.plan.promotes(r.data)))
		return engine.To(stepSettle), nil
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("make %s golden in %s: %w", r.data.Image.ID, f, err)
	}
	r.data.Golden = true
	return engine.To(stepSettle), r.publish(ctx, f)
}

// unpromoted ends it before the image becomes golden, for whoever asked for that when it was too late for the groups. What
// an attempt whose end nobody knows has begun is finished instead.
func (r *run) unpromoted(ctx context.Context) (engine.Outcome, bool, error) {
	golden, err := promoted(ctx, r.Families, r.plan.Environment, r.plan.Want)
	if err != nil || golden.Op == r.turn.ID {
		return engine.Outcome{}, false, err
	}
	text := say.Phrase("Cancelled%s. %s is not promoted: `%s` does it.", r.by(), r.data.Image.ID, r.plan.promotes(r.data))
	return r.end(ledger.Cancelled, text), true, nil
}

// promotes is the command that makes the image golden.
func (p Plan) promotes(d Data) string {
	return fmt.Sprintf("/ami promote %s --family %s", d.Image.ID, grammar.Quote(p.Bake.Family))
}

// publish brings the parameter that follows the family after it, and tells what is golden.
func (r *run) publish(ctx context.Context, f string) error {
	name := r.plan.Want.Parameter
	golden := say.Phrase("It is the golden image of %s now", f)
	if name == "" {
		r.data.Ending.Text = say.Sentences(r.data.Ending.Text, golden)
		return nil
	}
	err := family.Publish(ctx, r.fleet, name, r.data.Image.ID)
	if no, ok := fault.As(err); ok {
		r.data.Ending.Text = say.Sentences(r.data.Ending.Text, golden, say.Phrase("%s", no.Text), "Set it by hand")
		return nil
	}
	if err != nil {
		return err
	}
	r.data.Ending.Text = say.Sentences(r.data.Ending.Text, golden+say.Phrase(", and the parameter %s holds it", name))
	return nil
}

// settle tells how it ended, what stands and what was not touched, and how to go on.
func (r *run) settle(context.Context) (engine.Outcome, error) {
	e := r.data.Ending
	text := e.Text
	if e.State != ledger.Succeeded {
		text = say.Sentences(text, r.standing())
	}
	tone := card.Good
	switch e.State {
	case ledger.Succeeded:
	case ledger.Failed:
		tone = card.Bad
	default:
		tone = card.Warning
	}
	return engine.Outcome{End: e.State, Outcome: string(text), Tone: string(tone)}, nil
}

// standing is what is left of a patch that did not come to a good end.
func (r *run) standing() say.Safe {
	var words []say.Safe
	done := r.data.done()
	if len(done) > 0 {
		words = append(words, say.Phrase("%s %s patched and %s so: %s", listed(done), pick(len(done), "is", "are"), pick(len(done), "stays", "stay"), commands(done, "/asg rollback %s", pick(len(done), "takes it back", "take them back"))))
	}
	left := r.plan.untouched(r.data)
	switch {
	case len(left) > 0 && r.data.Trial.Failure != "": // nobody is told to roll to what failed its test
		words = append(words, say.Phrase("%s %s not touched. Once that is mended, ask again: it makes another image", listed(left), pick(len(left), "was", "were")))
	case len(left) > 0:
		words = append(words, say.Phrase("%s %s not touched: %s", listed(left), pick(len(left), "was", "were"), commands(left, "/asg rollout %s --image "+string(r.data.Image.ID), pick(len(left), "goes on", "go on"))))
	}
	if len(r.data.Parts) == 0 || len(done) == 0 {
		words = append(words, say.Phrase("The image %s stays: `/ami retire %s` removes it", r.data.Image.ID, r.data.Image.ID))
	}
	return say.Sentences(words...)
}

// untouched are the groups that were not begun, or whose rollout was not begun.
func (p Plan) untouched(d Data) (names []string) {
	for i, g := range p.Groups {
		if i >= len(d.Parts) || d.Parts[i].State == ledger.Void {
			names = append(names, string(g.Group))
		}
	}
	return names
}

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// commands are up to three commands, and what they do.
func commands(names []string, format, does string) string {
	words := make([]string, 0, len(names))
	for _, n := range names[:min(len(names), 3)] {
		words = append(words, "`"+fmt.Sprintf(format, grammar.Quote(n))+"`")
	}
	return listed(words) + " " + does
}
