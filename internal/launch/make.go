package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// patience is how many looks a refusal gets that may only mean that something just made is not yet visible everywhere.
const patience = 6

// unseen waits until AWS shows something; that is no attempt at anything that went wrong. Each wait is longer.
func (r *run) unseen(format string, args ...any) engine.Outcome {
	r.data.Looks++
	r.data.Unseen = fmt.Sprintf(format, args...)
	return engine.Outcome{In: time.Duration(r.data.Looks) * 2 * time.Second}
}

// mould names the version that is launched.
func (r *run) mould() string {
	return fmt.Sprintf("version %s of %s", r.data.Template.Version, r.data.Template.Name)
}

// check reads everything again, and voids the approval when it is not as it was approved. It writes nothing.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	if r.plan.Digest() != r.turn.Digest {
		return engine.Outcome{}, fault.New(fault.Conflict, "The plan is not the one that was approved.").WithHint("Nothing was made.")
	}
	w := r.plan.again()
	facts, err := Gather(ctx, r.fleet, r.plan.Environment, w)
	if err == nil {
		facts.Now, facts.Bake.Now = r.now, r.now
		var now Plan
		if now, err = New(facts, w); err == nil {
			return r.compared(r.plan.Changed(now)), nil
		}
	}
	f, ok := fault.As(err)
	if !ok {
		return engine.Outcome{}, err
	}
	return r.void([]Change{{What: "Source", Approved: r.plan.from(), Now: "gone"}}, f.Error()), nil
}

func (r *run) compared(changed []Change) engine.Outcome {
	if len(changed) > 0 {
		return r.void(changed, sentencesOf(changed))
	}
	if r.plan.Bake == nil {
		r.data.Image = r.plan.Image
		return engine.To(stepTemplate)
	}
	r.data.Stage = bake.First
	return engine.To(stepBake)
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changed []Change, why string) engine.Outcome {
	r.data.Changes = changed
	text := say.Sentences(say.Phrase("The launch of %s is not what was approved any more", r.plan.Want.Group), say.Phrase("%s", why), "Nothing was made")
	return engine.Outcome{End: ledger.Void, Outcome: string(text), Tone: string(card.Warning)}
}

// bake takes one step of the bake, which is a part of the launch. A server is baked by one operation at a time.
func (r *run) bake(ctx context.Context) (engine.Outcome, error) {
	if r.data.Stage == bake.First {
		if out, waits, err := r.alone(ctx); waits || err != nil {
			return out, err
		}
	}
	payload, err := payloadOf(*r.plan.Bake)
	if err != nil {
		return engine.Outcome{}, err
	}
	inner := r.turn.Within("bake", payload, r.data.Bake, r.data.Stage)
	inner.Digest = r.plan.Bake.Digest()
	out, err := r.Bake.Turn(ctx, stopOnly(inner))
	if f, ok := fault.As(err); ok { // as when it is an operation of its own
		out, err = engine.Outcome{End: ledger.Failed, Outcome: string(say.Phrase("%s", f.Error()))}, nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if out.Data != nil {
		r.data.Bake = out.Data
	}
	if out.Step != "" {
		r.data.Stage = out.Step
	}
	if out.End == "" {
		out.Step = ""
		return also(r.unheard(), out), nil
	}
	if err := r.Locks.Drop(ctx, &r.turn.Turn, r.plan.Bake.Resource()); err != nil {
		return engine.Outcome{}, fmt.Errorf("give %s back: %w", r.plan.Bake.Instance, err)
	}
	return r.baked(out), nil
}

// alone takes the server for the bake, or waits for whoever has it.
func (r *run) alone(ctx context.Context) (engine.Outcome, bool, error) {
	if out, stopped := r.stopped(); stopped {
		return out, true, nil
	}
	ahead, err := r.Locks.Take(ctx, &r.turn.Turn, r.plan.Bake.Resource())
	if err != nil {
		return engine.Outcome{}, false, fmt.Errorf("lock %s: %w", r.plan.Bake.Instance, err)
	}
	was := r.data.Ahead
	if r.data.Ahead = ahead; ahead == "" {
		return engine.Outcome{}, false, nil
	}
	out := engine.Outcome{}
	if ahead != was {
		out = say.Told("", card.Warning, "The bake of %s waits for %s, which is at work on it.", r.plan.Bake.Instance, string(ahead))
	}
	out.In = r.Poll
	return out, true, nil
}

// stopOnly has the bake hear of nothing that it does not know: taking back is cancelling there.
func stopOnly(t engine.Turn) engine.Turn {
	t.Signals = slices.Clone(t.Signals)
	for i, s := range t.Signals {
		if s.Name == "rollback" {
			t.Signals[i].Name = "cancel"
		}
	}
	return t
}

// baked goes on with the image, or ends as the bake ended.
func (r *run) baked(out engine.Outcome) engine.Outcome {
	image, made := bake.Made(r.data.Bake)
	if out.End == ledger.Succeeded && made {
		r.data.Image, r.data.Baked = image, true
		if out.Tone == string(card.Warning) { // something about it should be read
			return engine.Outcome{Step: stepTemplate, Line: out.Outcome, Tone: out.Tone}
		}
		return engine.Outcome{Step: stepTemplate}
	}
	text := say.Safe(out.Outcome)
	if text == "" {
		text = say.Safe(out.Line)
	}
	if out.End == ledger.Succeeded {
		return engine.Outcome{End: ledger.Failed, Outcome: string(say.Sentences(text, "There is no image to launch")), Tone: string(card.Bad)}
	}
	return engine.Outcome{End: out.End, Outcome: string(say.Sentences(text, "No template and no group was made")), Tone: out.Tone}
}

// template makes the template or its version, once: what an earlier attempt made is found by its tag or its
// description, and AWS itself recognises the token.
func (r *run) template(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	m := r.plan.Template
	switch {
	case r.plan.makesTemplate() && r.data.Making == "":
		return r.noted(MakesTemplate), nil
	case r.plan.makesVersion() && r.data.Making == "":
		return r.noted(MakesVersion), nil
	case r.plan.makesTemplate():
		return r.makeTemplate(ctx)
	case r.plan.makesVersion():
		return r.makeVersion(ctx)
	}
	r.data.Template = fleet.TemplateRef{ID: m.ID, Name: m.Name, Version: number(m.Version)}
	return engine.To(stepProve), nil
}

// noted writes down what is about to be made before it is, so that it is never forgotten.
func (r *run) noted(what Making) engine.Outcome {
	r.data.Making = what
	return engine.To(stepTemplate)
}

func (r *run) makeTemplate(ctx context.Context) (engine.Outcome, error) {
	name := r.plan.Template.Name
	found, err := r.fleet.Template(ctx, fleet.TemplateRef{Name: name})
	switch {
	case err == nil && !r.ours(found.Tags):
		r.data.Making = MakesNothing
		return engine.Outcome{}, fault.New(fault.Conflict, "There is a launch template %s by now, made by somebody else.", name).
			WithHint("It is left alone.")
	case err == nil:
		return r.molded(fleet.TemplateRef{ID: found.ID, Name: name, Version: "1"}, nil), nil
	case !missing(err):
		return engine.Outcome{}, fmt.Errorf("read template %s: %w", name, err)
	}
	spec := r.plan.Want.spec()
	spec.Image = r.data.Image
	made, warnings, err := r.fleet.CreateTemplate(ctx, fleet.TemplateOrder{
		Name: name, From: r.plan.Want.Instance, Spec: spec, Description: r.description(), Tags: r.tags(), Token: r.turn.Token("template"),
	})
	if err != nil {
		if fleet.KindOf(err) == fleet.Exists && r.data.Looks < patience {
			return r.unseen("the launch template %s", name), nil
		}
		return engine.Outcome{}, r.unmade(say.Refusal(err, "make the launch template "+name))
	}
	return r.molded(fleet.TemplateRef{ID: made.ID, Name: name, Version: "1"}, warnings), nil
}

// unmade notes that nothing was made after all, where AWS said no.
func (r *run) unmade(err error) error {
	if _, ok := fault.As(err); ok {
		r.data.Making = MakesNothing
	}
	return err
}

func (r *run) makeVersion(ctx context.Context) (engine.Outcome, error) {
	m := r.plan.Template
	own, there, err := r.ownVersion(ctx)
	if err != nil {
		return engine.Outcome{}, r.unmade(lost(err, "The launch template %s is gone.", m.Name))
	}
	if there {
		return r.molded(fleet.TemplateRef{ID: m.ID, Name: m.Name, Version: number(own.Number)}, nil), nil
	}
	change := r.plan.Want.spec()
	change.Image = ""
	made, warnings, err := r.fleet.CreateTemplateVersion(ctx, fleet.NewVersion{
		Template: m.ID, Source: m.Source, Image: r.data.Image, Change: change, Description: r.description(), Token: r.turn.Token("version"),
	})
	if err != nil {
		return engine.Outcome{}, r.unmade(lost(say.Refusal(err, "make a version of template "+m.Name), "Version %d of %s is gone, which the new one is made from.", m.Source, m.Name))
	}
	return r.molded(fleet.TemplateRef{ID: m.ID, Name: m.Name, Version: number(made.Number)}, warnings), nil
}

// ownVersion finds the version that this operation made, by its description. Others may have made more since.
func (r *run) ownVersion(ctx context.Context) (fleet.TemplateVersion, bool, error) {
	m := r.plan.Template
	later, err := r.fleet.TemplateVersionsAfter(ctx, m.ID, m.Source)
	if err != nil {
		return fleet.TemplateVersion{}, false, fmt.Errorf("read the versions of %s after %d: %w", m.Name, m.Source, err)
	}
	own, made := fleet.Described(later, r.description())
	return own, made, nil
}

// lost makes a fault of an error that says that something is gone; other errors stay what they are.
func lost(err error, format string, args ...any) error {
	if missing(err) {
		return fault.New(fault.NotFound, format, args...)
	}
	return err
}

// molded goes on with the template, which there is now.
func (r *run) molded(ref fleet.TemplateRef, warnings []string) engine.Outcome {
	r.data.Template, r.data.Looks = ref, 0
	line := fmt.Sprintf("Made the launch template %s with %s.", ref.Name, r.data.Image)
	if r.data.Making == MakesVersion {
		line = fmt.Sprintf("Made version %s of %s with %s.", ref.Version, ref.Name, r.data.Image)
	}
	if len(warnings) > 0 {
		return say.Told(stepProve, card.Warning, "%s AWS warns: %s", line, strings.Join(warnings, " "))
	}
	return say.Told(stepProve, card.Plain, "%s", line)
}

// description marks a version as this operation's. It must be the same at each attempt.
func (r *run) description() string {
	text := []rune(fmt.Sprintf("amiral %s for %s with %s", r.turn.ID, r.plan.Want.Group, r.data.Image))
	return string(text[:min(len(text), 255)])
}

// tags are on everything that is made.
func (r *run) tags() map[string]string {
	tags := map[string]string{tagOperation: string(r.turn.ID), tagRequester: r.turn.Requester.User}
	for key, value := range map[string]string{tagFamily: r.plan.Want.Family, tagInstance: string(r.plan.Want.Instance), tagImage: string(r.data.Image)} {
		if value != "" {
			tags[key] = value
		}
	}
	return tags
}

// ours reports whether something carries this operation's tag.
func (r *run) ours(tags map[string]string) bool { return tags[tagOperation] == string(r.turn.ID) }

// prove asks EC2 whether the version would launch in the first of the subnets.
func (r *run) prove(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	err := r.fleet.ProveLaunch(ctx, r.data.Template, r.plan.Order.Subnets[0])
	switch kind := fleet.KindOf(err); {
	case err == nil:
		r.data.Looks = 0
		return engine.To(stepGroup), nil
	case kind == fleet.Refused, kind == fleet.Rejected, kind == fleet.Quota, kind == fleet.Absent && r.data.Looks >= patience:
		return engine.Outcome{}, fault.New(fault.Denied, "Version %s of %s would not launch: %s", r.data.Template.Version, r.data.Template.Name, say.AWS(err)).
			WithHint("No instance was started.")
	case kind == fleet.Absent: // it was made a moment ago
		return r.unseen("%s", r.mould()), nil
	}
	return engine.Outcome{}, fmt.Errorf("prove that version %s of %s launches: %w", r.data.Template.Version, r.data.Template.Name, err)
}

// group makes the group, or takes over the one that an earlier attempt made. AWS knows no token for it, so it looks
// first.
func (r *run) group(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	found, err := r.fleet.Group(ctx, r.plan.Want.Group)
	switch {
	case err == nil && !r.ours(found.Tags):
		r.data.Group = false
		return engine.Outcome{}, fault.New(fault.Conflict, "There is a group %s by now, made by somebody else: %s.", found.Name, standing(found)).
			WithHint("It is left alone.")
	case err == nil:
		return r.started(), nil
	case !missing(err):
		return engine.Outcome{}, fmt.Errorf("read group %s: %w", r.plan.Want.Group, err)
	case !r.data.Group:
		r.data.Group, r.data.Since = true, r.now // noted before it is done, so that it is never forgotten
		return engine.To(stepGroup), nil
	}
	if err := r.fleet.CreateGroup(ctx, r.order()); err != nil {
		return r.notStarted(err)
	}
	return r.started(), nil
}

// order is what the group is made from. Its tags go to the instances.
func (r *run) order() fleet.GroupOrder {
	o := r.plan.Order
	o.Template, o.Tags = r.data.Template, r.tags()
	o.Tags["Name"] = string(o.Name)
	return o
}

func (r *run) started() engine.Outcome {
	r.data.Made, r.data.Moved, r.data.Looks = true, r.now, 0
	r.data.Progress = Progress{Size: r.plan.Order.Desired}
	return say.Told(stepFollow, card.Working, "Made the group %s: AWS starts %s in %s.", r.plan.Want.Group,
		say.Plural(r.plan.Order.Desired, "instance"), say.Plural(len(zones(r.plan.Subnets)), "zone"))
}

// notStarted judges why AWS did not make the group. A template made a moment ago may not be visible yet, and neither may
// the group that an earlier attempt made.
func (r *run) notStarted(err error) (engine.Outcome, error) {
	kind := fleet.KindOf(err)
	switch {
	case kind == fleet.Exists && r.data.Looks < patience:
		return r.unseen("the group %s", r.plan.Want.Group), nil
	case (kind == fleet.Rejected || kind == fleet.Absent) && r.data.Looks < patience:
		return r.unseen("%s", r.mould()), nil
	case kind == fleet.Busy && r.turn.Attempt < patience:
		return engine.Outcome{}, fmt.Errorf("make group %s: %w", r.plan.Want.Group, err)
	}
	err = say.Refusal(err, "make the group "+string(r.plan.Want.Group))
	if _, no := fault.As(err); no {
		r.data.Group = false
	}
	return engine.Outcome{}, err
}
