package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// stuck asks people whether it goes on with the step, or is taken back.
func (r *run) stuck(why say.Safe, step string) engine.Outcome {
	r.data.Asking, r.data.Retry, r.data.Until = why, step, r.now.Add(r.Ask)
	question := say.Phrase("Go on, or take back what was made? Without an answer within %s everything stays as it is.", card.Span(r.Ask))
	return engine.Outcome{Step: stepAsk, In: r.Poll, Line: string(say.Sentences(why, question)), Tone: string(card.Asking)}
}

// ask waits for the answer. Where AWS gets on by itself meanwhile, nobody has to answer any more.
func (r *run) ask(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	if s, asked := r.turn.Signal("continue"); asked {
		return r.goOn(say.Phrase("It goes on%s.", say.By(s.By))), nil
	}
	if r.data.Retry == stepFollow {
		if out, moved, err := r.movedOn(ctx); moved || err != nil {
			return out, err
		}
	}
	if !r.now.Before(r.data.Until) {
		return r.leave(), nil
	}
	return also(r.unheard(), engine.Outcome{In: r.idle(), Tone: string(card.Warning)}), nil
}

// idle is how often it looks while people think: an answer is heard at once anyway.
func (r *run) idle() time.Duration { return min(4*r.Poll, max(r.data.Until.Sub(r.now), 0)) }

// goOn goes on with the step that went wrong.
func (r *run) goOn(line say.Safe) engine.Outcome {
	step := r.data.Retry
	r.data.Asking, r.data.Retry, r.data.Looks, r.data.Moved = "", "", 0, r.now
	return say.Told(step, card.Working, "%s", line)
}

// movedOn looks whether the group gets on after all.
func (r *run) movedOn(ctx context.Context) (engine.Outcome, bool, error) {
	before := r.data.Progress.Best
	s, err := r.look(ctx)
	if _, no := fault.As(err); no {
		return engine.Outcome{}, false, nil
	}
	switch {
	case err != nil:
		return engine.Outcome{}, false, err
	case s.gone:
		return r.vanished(), true, nil
	case r.data.Progress.Best > before || r.whole():
		return s.with(r.goOn("It gets on by itself again.")), true, nil
	case len(s.lines) > 0:
		return s.with(engine.Outcome{In: r.idle()}), r.now.Before(r.data.Until), nil
	}
	return engine.Outcome{}, false, nil
}

// leave ends it without an answer: what there is stays.
func (r *run) leave() engine.Outcome {
	text := say.Sentences(say.Phrase("Nobody answered within %s, so everything stays as it is", card.Span(r.Ask)), r.data.Asking, r.left())
	return engine.Outcome{End: ledger.Failed, Outcome: string(text), Tone: string(card.Bad)}
}

// left says what of the operation there is, so that nothing half-done is hidden.
func (r *run) left() say.Safe {
	var words []string
	if r.data.Group {
		words = append(words, fmt.Sprintf("the group %s with %d of %d in service", r.plan.Want.Group, r.data.Progress.InService, r.data.Progress.Size))
	}
	switch {
	case r.data.Making == MakesTemplate:
		words = append(words, "the launch template "+r.plan.Template.Name)
	case r.data.Making == MakesVersion && r.data.Template.Version != "":
		words = append(words, fmt.Sprintf("version %s of %s", r.data.Template.Version, r.data.Template.Name))
	}
	if r.data.Baked {
		words = append(words, "the image "+string(r.data.Image))
	}
	if len(words) == 0 {
		return ""
	}
	return say.Phrase("There is: %s", strings.Join(words, ", "))
}

// verify looks at every instance itself, rather than believing the count.
func (r *run) verify(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	group, err := r.fleet.Group(ctx, r.plan.Want.Group)
	if missing(err) {
		return r.vanished(), nil
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read group %s: %w", r.plan.Want.Group, err)
	}
	if inService(group) < max(group.Desired, 1) {
		r.data.Moved = r.now
		return engine.To(stepFollow), nil
	}
	machines, err := r.fleet.Instances(ctx, members(group)...)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read the instances of %s: %w", r.plan.Want.Group, err)
	}
	wrong := r.wrong(group, machines)
	if len(wrong) == 0 {
		return engine.Outcome{End: ledger.Succeeded, Outcome: string(r.done(group)), Tone: string(card.Good)}, nil
	}
	if r.data.Looks++; r.data.Looks < patience { // the group's members and EC2 may take a while to agree
		return engine.Outcome{In: r.Poll}, nil
	}
	return r.stuck(say.Phrase("%s not on version %s of %s with %s: %s.", are(len(wrong), "instance"), r.data.Template.Version, r.data.Template.Name,
		r.data.Image, say.Some(wrong, 5)), stepVerify), nil
}

// members are the instances that are in service.
func members(g fleet.Group) []fleet.InstanceID {
	var ids []fleet.InstanceID
	for _, m := range g.Instances {
		if m.Lifecycle == "InService" {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// wrong are the instances in service that are not what was approved.
func (r *run) wrong(g fleet.Group, machines []fleet.Instance) []fleet.InstanceID {
	images := map[fleet.InstanceID]fleet.ImageID{}
	for _, m := range machines {
		images[m.ID] = m.Image
	}
	return slices.DeleteFunc(members(g), func(id fleet.InstanceID) bool {
		i := slices.IndexFunc(g.Instances, func(m fleet.Member) bool { return m.ID == id })
		from := g.Instances[i].Template
		return images[id] == r.data.Image && from.Version == r.data.Template.Version && (from.ID == "" || from.ID == r.data.Template.ID)
	})
}

func (r *run) done(g fleet.Group) say.Safe {
	text := say.Phrase("%s has %s in service on %s (version %s of %s) in %s, after %s.", g.Name, say.Plural(inService(g), "instance"), r.data.Image,
		r.data.Template.Version, r.data.Template.Name, say.Plural(len(r.data.Progress.Zones), "zone"), card.Span(r.now.Sub(r.turn.Started)))
	if g.Desired != r.plan.Order.Desired {
		text += say.Phrase(" %d were approved; somebody changed the group's size meanwhile.", r.plan.Order.Desired)
	}
	return text
}
