package bake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// image asks for the image, or finds the one that an earlier attempt asked for. AWS knows no token for it, so it looks
// first. When somebody cancelled it looks twice before it believes that there is none.
func (r *run) image(ctx context.Context) (engine.Outcome, error) {
	found, err := r.named(ctx, r.fleet)
	if err != nil {
		return engine.Outcome{}, err
	}
	switch {
	case found.ID != "" && !r.ours(found):
		return engine.Outcome{}, r.taken(found.ID)
	case found.ID != "":
		return r.asked(found.ID, true), nil
	case r.data.Cancelled && r.data.Looks > 0:
		return engine.To(stepUndo), nil
	case r.data.Cancelled:
		r.data.Looks++
		return r.again(), nil
	}
	order, err := r.order(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	id, err := r.fleet.CreateImage(ctx, order)
	if err != nil {
		return r.notMade(err)
	}
	return r.asked(id, false), nil
}

// named finds the image with the plan's name; the zero Image when there is none.
func (r *run) named(ctx context.Context, in Region) (fleet.Image, error) {
	found, err := in.ImageNamed(ctx, r.plan.Name)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return fleet.Image{}, nil
	}
	if err != nil {
		return found, fmt.Errorf("look for an image named %s: %w", r.plan.Name, err)
	}
	return found, nil
}

func (r *run) taken(id fleet.ImageID) error {
	return fault.New(fault.Conflict, "The name %s was taken meanwhile by %s, which is not ours.", r.plan.Name, id).
		WithHint("It is left alone. Bake again under another name.")
}

// order is what AWS is asked for.
func (r *run) order(ctx context.Context) (fleet.ImageOrder, error) {
	text := r.plan.Want.Note
	if text == "" {
		text = fmt.Sprintf("Baked from %s by amiral, operation %s", r.plan.Instance, r.turn.ID)
	}
	o := fleet.ImageOrder{Instance: r.machine(), Name: r.plan.Name, Description: text, NoReboot: r.plan.Way == NoReboot, Tags: r.own()}
	left := r.plan.Left
	if r.plan.Way == Twin && r.plan.Want.ExcludeData {
		i, err := r.fleet.Instance(ctx, r.data.Twin)
		if err != nil {
			return o, fmt.Errorf("read the twin %s: %w", r.data.Twin, err)
		}
		left = nil
		for _, d := range i.Disks {
			if !d.Root && d.Device != i.Root {
				left = append(left, d)
			}
		}
	}
	for _, d := range left {
		o.Exclude = append(o.Exclude, d.Device)
	}
	return o, nil
}

// asked notes the image and goes on to watch it.
func (r *run) asked(id fleet.ImageID, adopted bool) engine.Outcome {
	r.data.Image, r.data.Adopted, r.data.Began = id, adopted, r.now
	if adopted {
		return say.Told(stepFollow, card.Working, "%s (%s) was asked for already, and is gone on with.", id, r.plan.Name)
	}
	return say.Told(stepFollow, card.Working, "AWS makes %s (%s).", id, r.plan.Name)
}

// notMade judges why AWS did not make it. A name that is taken is looked at once more: it may be ours, and not have
// been visible before.
func (r *run) notMade(err error) (engine.Outcome, error) {
	e, _ := errors.AsType[*fleet.Error](err)
	attempt := fmt.Sprintf("make an image of %s", r.machine())
	switch kind := fleet.KindOf(err); {
	case kind == fleet.Exists && r.data.Looks < attempts:
		r.data.Looks++
		return r.again(), nil
	case kind == fleet.Quota && strings.HasSuffix(e.Code, "RateExceeded"):
		return engine.Outcome{}, fmt.Errorf("%s: %w", attempt, err) // so many snapshots of one volume in so short a time
	case kind == fleet.Quota:
		return engine.Outcome{}, fault.New(fault.Denied, "AWS refused to %s: %s", attempt, say.AWS(err)).
			WithHint("A quota of the account is reached: wait until other snapshots are done, or have it raised.")
	}
	return engine.Outcome{}, r.refusal(err, attempt)
}

// follow watches the image. Slow is not failed: AWS may take a day.
func (r *run) follow(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	i, err := r.fleet.Image(ctx, r.data.Image)
	switch {
	case err != nil && fleet.KindOf(err) == fleet.Absent && r.waited() < showFor:
		return r.again(), nil
	case err != nil && fleet.KindOf(err) == fleet.Absent, err == nil && i.State == "deregistered":
		r.data.Removed = true
		return r.fail(say.Phrase("%s was deregistered by somebody else.", r.data.Image)), nil
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("read image %s: %w", r.data.Image, err)
	}
	if err := r.measure(ctx, i); err != nil {
		return engine.Outcome{}, err
	}
	switch i.State {
	case "available":
		return r.available(), nil
	case "failed", "error", "invalid":
		return r.failed(i), nil
	}
	return r.pending(), nil
}

// measure notes how far the image is, by its snapshots, each weighed by its size.
func (r *run) measure(ctx context.Context, i fleet.Image) error {
	r.data.Snapshots = snapshotsOf(i)
	r.data.Progress.State, r.data.Progress.At = i.State, r.now
	percent, gib, err := progress(ctx, r.fleet, r.data.Snapshots)
	if err != nil {
		return err
	}
	r.data.Progress.Percent, r.data.Progress.GiB = max(percent, r.data.Progress.Percent), gib
	return nil
}

func snapshotsOf(i fleet.Image) []string {
	var list []string
	for _, d := range i.Disks {
		if d.Snapshot != "" {
			list = append(list, d.Snapshot)
		}
	}
	return list
}

// progress is how much of the snapshots is saved, in percent. What may not be read is no progress, and no error.
func progress(ctx context.Context, in Region, ids []string) (percent, gib int, err error) {
	if len(ids) == 0 {
		return 0, 0, nil
	}
	list, err := in.Snapshots(ctx, ids...)
	if err != nil && (definite(err) || fleet.KindOf(err) == fleet.Absent) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read snapshots: %w", err)
	}
	sum := 0
	for _, s := range list {
		weight := max(s.Size, 1)
		sum += weight * s.Percent
		gib += weight
	}
	return sum / max(gib, 1), gib, nil
}

func (r *run) available() engine.Outcome {
	r.data.Available, r.data.Progress.Percent = true, 100
	next := stepTag
	if r.data.Entering || r.data.Launching {
		next = stepLeave
	}
	return say.Told(next, card.Good, "Baked %s (%s) in %s.", r.data.Image, r.plan.Name, card.Span(r.now.Sub(r.data.Began)))
}

func (r *run) failed(i fleet.Image) engine.Outcome {
	r.data.Failed = true
	text := say.Sentences(say.Phrase("AWS could not make %s", i.ID), say.Quote(i.StateReason))
	if r.plan.encrypted() {
		text = say.Sentences(text, say.Phrase("Its volumes are encrypted: my role must be allowed to use %s (%s)", r.plan.key(), plan.KeyWrites))
	}
	return r.fail(say.Sentences(text, say.Phrase("Once that is cured, `%s` tries again", r.plan.Command(r.plan.Way))))
}

// pending tells once that it takes long, and gives up after a day.
func (r *run) pending() engine.Outcome {
	took := r.now.Sub(r.data.Began)
	switch {
	case took > patience:
		return r.fail(say.Phrase("%s is still %s after %s. It is left as it is: `/ami show %s` tells whether it becomes available", r.data.Image, r.data.Progress.State, card.Span(patience), r.data.Image))
	case took > slowAfter && !r.data.Slow:
		r.data.Slow = true
		out := say.Told("", card.Warning, "%s takes long: %d %% after %s. Slow is not failed; I go on looking for up to a day.", r.data.Image, r.data.Progress.Percent, card.Span(took))
		out.In = r.poll
		return out
	}
	return r.again()
}

// tag marks the image and its snapshots, and keeps the manifest. Where copies follow, it notes them before any is asked
// for, so that one whose answer is lost is looked for.
func (r *run) tag(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	if err := r.keep(ctx, r.plan.Environment, r.data.Image); err != nil {
		return engine.Outcome{}, err
	}
	if err := r.mark(ctx, r.fleet, r.data.Image, r.data.Snapshots); err != nil {
		return engine.Outcome{}, err
	}
	if len(r.plan.Want.CopyTo) == 0 {
		return engine.To(stepShare), nil
	}
	r.data.Copies = nil
	for _, p := range r.plan.Want.CopyTo {
		r.data.Copies = append(r.data.Copies, Copy{Place: p})
	}
	return engine.To(stepCopy), nil
}

// mark puts our tags on an image and its snapshots. A refusal is noted: the image is good without.
func (r *run) mark(ctx context.Context, in Region, id fleet.ImageID, snapshots []string) error {
	err := in.Tag(ctx, r.own(), append([]string{string(id)}, snapshots...)...)
	if err != nil && definite(err) {
		r.note("%s could not be tagged: %s", id, say.AWS(err))
		return nil
	}
	if err != nil {
		return fmt.Errorf("tag %s: %w", id, err)
	}
	return nil
}
