package bake

import (
	"context"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// succeeded ends it well, unless something that was asked for beside the image is missing.
func (r *run) succeeded() engine.Outcome {
	missing := slices.ContainsFunc(r.data.Copies, func(c Copy) bool { return c.Why != "" })
	text := say.Phrase("%s (%s) is made from %s", r.data.Image, r.plan.Name, r.plan.instance())
	if len(r.data.Shared) > 0 {
		text += say.Phrase(" and shared with %s", say.Some(r.data.Shared, 5))
	}
	if missing || r.data.Unshared {
		return r.fail(say.Sentences(text, "Not all that was asked for came of it"))
	}
	return r.end(ledger.Succeeded, say.Sentences(text, r.next()))
}

// next is how to go on with an image.
func (r *run) next() say.Safe {
	if r.plan.Family != "" {
		return say.Phrase("Next: `/ami promote %s --family %s` makes it the golden image, `/template update` brings it to a template", r.data.Image, r.plan.Family)
	}
	return say.Phrase("Next: `/ami show %s`; `/template update` brings it to a template", r.data.Image)
}

// undo removes what this operation made: copies first, then the image, with their snapshots. What an attempt made that
// was lost before it could be noted is found by its name.
func (r *run) undo(ctx context.Context) (engine.Outcome, error) {
	for n := range r.data.Copies {
		c := &r.data.Copies[n]
		there, err := r.work.Regions(c.Place.Environment, c.Place.Region)
		if err != nil {
			return engine.Outcome{}, fmt.Errorf("reach %s: %w", c.Place, err)
		}
		if err := r.remove(ctx, there, &c.Image, &c.Removed); err != nil {
			return engine.Outcome{}, err
		}
	}
	r.glance(ctx)
	if err := r.remove(ctx, r.fleet, &r.data.Image, &r.data.Removed); err != nil {
		return engine.Outcome{}, err
	}
	var gone []fleet.ImageID
	if r.data.Removed && r.data.Image != "" {
		gone = append(gone, r.data.Image)
	}
	for _, c := range r.data.Copies {
		if c.Removed && c.Image != "" {
			gone = append(gone, c.Image)
		}
	}
	text := say.Phrase("Cancelled%s", say.By(r.data.By))
	switch {
	case len(gone) > 0:
		text += say.Phrase(": %s deregistered again, with the snapshots", are(gone))
	case r.data.Image == "":
		text += " before there was an image"
	}
	r.data.Available = r.data.Available && !r.data.Removed
	return r.end(ledger.Cancelled, text), nil
}

// glance notes the snapshots of the image and its state, for the case that it stays.
func (r *run) glance(ctx context.Context) {
	if r.data.Image == "" {
		return
	}
	if i, err := r.fleet.Image(ctx, r.data.Image); err == nil {
		r.data.Snapshots, r.data.Progress.State = snapshotsOf(i), i.State
	}
}

// are names images with their verb.
func are(ids []fleet.ImageID) string {
	if len(ids) == 1 {
		return string(ids[0]) + " was"
	}
	return say.Some(ids, 5) + " were"
}

// remove deregisters an image of ours and deletes its snapshots. What AWS refuses, and what stays, is noted.
func (r *run) remove(ctx context.Context, in Region, id *fleet.ImageID, removed *bool) error {
	if *removed {
		return nil
	}
	if *id == "" {
		found, err := r.named(ctx, in)
		if err != nil || found.ID == "" || !r.ours(found) {
			return err
		}
		*id = found.ID
	}
	fates, err := in.DeregisterImage(ctx, *id, true)
	kind := fleet.KindOf(err)
	switch {
	case err != nil && (definite(err) || kind == fleet.Busy && r.turn.Attempt >= attempts):
		r.note("%s could not be deregistered: %s", *id, say.AWS(err))
		return nil
	case err != nil && kind != fleet.Absent:
		return fmt.Errorf("deregister %s: %w", *id, err)
	}
	*removed = true
	for _, f := range fates {
		if f.Code != "success" {
			r.note("Its snapshot %s stays: %s", f.Snapshot, f.Code)
		}
	}
	return nil
}

// settle leaves no instance in standby and no twin running, says what exists, and ends the operation.
func (r *run) settle(ctx context.Context) (engine.Outcome, error) {
	done, err := r.release(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if !done {
		return r.again(), nil
	}
	text := r.data.Ending.Text
	if r.data.Ending.State != ledger.Succeeded {
		text = say.Sentences(text, r.remains())
	}
	text = say.Sentences(append([]say.Safe{text}, r.data.Notes...)...)
	tone := map[ledger.State]card.Tone{ledger.Succeeded: card.Good, ledger.Failed: card.Bad}[r.data.Ending.State]
	if tone == card.Plain || tone == card.Good && len(r.data.Notes) > 0 {
		tone = card.Warning
	}
	return engine.Outcome{End: r.data.Ending.State, Outcome: string(text), Tone: string(tone)}, nil
}

// remains names everything that exists of what this operation made.
func (r *run) remains() say.Safe {
	var words []say.Safe
	if r.data.Image != "" && !r.data.Removed {
		state := r.data.Progress.State
		if state == "" {
			state = "pending"
		}
		words = append(words, say.Phrase("%s exists (%s)", r.data.Image, state)+r.with())
	}
	for _, c := range r.data.Copies {
		switch {
		case c.Image != "" && !c.Removed:
			words = append(words, say.Phrase("its copy %s exists in %s", c.Image, c.Place.String()))
		case c.Why != "":
			words = append(words, say.Phrase("there is no copy in %s: %s", c.Place.String(), c.Why))
		}
	}
	if len(words) == 0 {
		return "No image exists of it"
	}
	if r.data.Ending.State == ledger.Failed && r.data.Image != "" && !r.data.Removed && !r.data.Available {
		words = append(words, say.Phrase("`/ami retire %s` removes it", r.data.Image))
	}
	return say.Sentences(words...)
}

func (r *run) with() say.Safe {
	if len(r.data.Snapshots) == 0 {
		return ""
	}
	return say.Phrase(", with %s: %s", say.Plural(len(r.data.Snapshots), "snapshot"), say.Some(r.data.Snapshots, 5))
}
