package bake

import (
	"context"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// copy asks for the copies, one in each turn, so that each is noted before the next.
func (r *run) copy(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	next := slices.IndexFunc(r.data.Copies, func(c Copy) bool { return c.Image == "" && c.Why == "" })
	if next < 0 {
		return engine.To(stepCopies), nil
	}
	c := &r.data.Copies[next]
	if err := r.copyTo(ctx, c); err != nil {
		return engine.Outcome{}, err
	}
	if c.Why != "" {
		return say.Told(stepCopy, card.Bad, "No copy to %s: %s", c.Place.String(), say.Closed(c.Why)), nil
	}
	return say.Told(stepCopy, card.Working, "AWS copies %s to %s as %s.", r.data.Image, c.Place.String(), c.Image), nil
}

// elsewhere reports whether the copy is for another account, which must be allowed to read the image first.
func (r *run) elsewhere(p Place) bool { return p.Account != "" && p.Account != r.plan.Account }

func (r *run) copyTo(ctx context.Context, c *Copy) error {
	there, err := r.work.Regions(c.Place.Environment, c.Place.Region)
	if err != nil {
		return fmt.Errorf("reach %s: %w", c.Place, err)
	}
	found, err := r.named(ctx, there)
	if err != nil {
		return r.uncopied(c, err)
	}
	if found.ID != "" && r.ours(found) {
		c.Image = found.ID
		return nil
	}
	if found.ID != "" {
		c.Why = fmt.Sprintf("the name %s is taken there by %s", r.plan.Name, found.ID)
		return nil
	}
	if r.elsewhere(c.Place) {
		if err := r.readable(ctx, []string{c.Place.Account}, nil); err != nil {
			return r.uncopied(c, err)
		}
	}
	c.Image, err = there.CopyImage(ctx, fleet.ImageCopy{Image: r.data.Image, Region: r.plan.Region, Name: r.plan.Name,
		Text: "Copy of " + string(r.data.Image) + " from " + r.plan.Region, Tags: r.own(), Token: r.turn.Token("copy/" + c.Place.Environment + "/" + c.Place.Region)})
	if err != nil {
		return r.uncopied(c, err)
	}
	return nil
}

// readable lets accounts copy the image, for which they must be able to read its snapshots, too, and stops others.
func (r *run) readable(ctx context.Context, add, remove []string) error {
	if err := r.fleet.ShareImage(ctx, r.data.Image, add, remove); err != nil {
		return err
	}
	return r.fleet.ShareSnapshots(ctx, add, remove, r.data.Snapshots...)
}

// uncopied notes why there is no copy, if trying again would not change that.
func (r *run) uncopied(c *Copy, err error) error {
	if definite(err) || r.turn.Attempt >= attempts {
		c.Why = say.AWS(err)
		return nil
	}
	return fmt.Errorf("copy %s to %s: %w", r.data.Image, c.Place, err)
}

// copies watches the copies until each is there or has failed.
func (r *run) copies(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	var lines []say.Safe
	waiting := false
	for n := range r.data.Copies {
		c := &r.data.Copies[n]
		if c.over() {
			continue
		}
		if err := r.watch(ctx, c); err != nil {
			return engine.Outcome{}, err
		}
		switch {
		case c.Available:
			lines = append(lines, say.Phrase("%s is available in %s.", c.Image, c.Place.String()))
		case c.Why != "":
			lines = append(lines, say.Phrase("The copy to %s failed: %s", c.Place.String(), say.Closed(c.Why)))
		}
		waiting = waiting || !c.over()
	}
	out := engine.To(stepShare)
	if waiting {
		out = r.again()
	}
	if len(lines) > 0 {
		out.Line, out.Tone = string(say.Sentences(lines...)), string(card.Working)
	}
	return out, nil
}

// watch takes one look at a copy. One that is there is marked, and keeps the manifest of its source.
func (r *run) watch(ctx context.Context, c *Copy) error {
	there, err := r.work.Regions(c.Place.Environment, c.Place.Region)
	if err != nil {
		return fmt.Errorf("reach %s: %w", c.Place, err)
	}
	i, err := there.Image(ctx, c.Image)
	switch {
	case err != nil && fleet.KindOf(err) == fleet.Absent && r.waited() < showFor:
		return nil
	case err != nil && fleet.KindOf(err) == fleet.Absent, err == nil && i.State == "deregistered":
		c.Why, c.Removed = "it was deregistered by somebody else", true
		return nil
	case err != nil:
		return fmt.Errorf("read image %s: %w", c.Image, err)
	}
	switch i.State {
	case "available":
		return r.arrived(ctx, there, c, i)
	case "failed", "error", "invalid":
		c.Why = string(say.Sentences("AWS could not make it", say.Quote(i.StateReason), r.cure(c.Place)))
		return nil
	}
	if c.Percent, _, err = progress(ctx, there, snapshotsOf(i)); err != nil {
		return err
	}
	if r.waited() > patience {
		c.Why = fmt.Sprintf("it is still %s after %s", i.State, card.Span(patience))
	}
	return nil
}

// cure is what to look at when a copy failed that is encrypted: AWS tries the keys only after it took the order.
func (r *run) cure(to Place) say.Safe {
	if !r.plan.encrypted() {
		return ""
	}
	text := say.Phrase("It is encrypted: my role there must be allowed to use the default key for EBS (%s)", plan.KeyWrites)
	if r.elsewhere(to) {
		text = say.Sentences(text, say.Phrase("The account %s must be allowed to use %s (%s)", to.Account, r.plan.key(), plan.KeyReads))
	}
	where := to.Environment
	if where == r.plan.Environment {
		where = to.Region
	}
	return say.Sentences(text, say.Phrase("Once that is cured, `/ami copy %s --to %s` makes it", r.data.Image, where))
}

func (r *run) arrived(ctx context.Context, there Region, c *Copy, i fleet.Image) error {
	if err := r.keep(ctx, c.Place.Environment, i.ID); err != nil {
		return err
	}
	if err := r.mark(ctx, there, i.ID, snapshotsOf(i)); err != nil {
		return err
	}
	c.Available, c.Percent = true, 100
	return nil
}

// share takes back what other accounts were allowed for a copy only, and lets those launch the image that were asked
// for.
func (r *run) share(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	if guests := r.guests(); len(guests) > 0 {
		err := r.readable(ctx, nil, guests)
		if err != nil && !definite(err) {
			return engine.Outcome{}, fmt.Errorf("share %s no longer: %w", r.data.Image, err)
		}
		if err != nil {
			r.note("%s may still use %s, because AWS refused to take that back: %s", say.Some(guests, 5), r.data.Image, say.AWS(err))
		}
	}
	if len(r.plan.Want.Share) == 0 {
		return r.succeeded(), nil
	}
	err := r.fleet.ShareImage(ctx, r.data.Image, r.plan.Want.Share, nil)
	switch {
	case err != nil && definite(err):
		r.note("%s could not be shared: %s", r.data.Image, say.AWS(err))
		r.data.Unshared = true
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("share %s: %w", r.data.Image, err)
	default:
		r.data.Shared = r.plan.Want.Share
	}
	return r.succeeded(), nil
}

// guests are the accounts that were let in for a copy.
func (r *run) guests() []string {
	var all []string
	for _, c := range r.data.Copies {
		if r.elsewhere(c.Place) && !slices.Contains(all, c.Place.Account) {
			all = append(all, c.Place.Account)
		}
	}
	return all
}
