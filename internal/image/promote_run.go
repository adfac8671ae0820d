package image

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// planned is a plan of any kind.
type planned interface{ Brief() plan.Brief }

// promoted is what a promotion keeps between its steps.
type promoted struct {
	Golden *family.Golden `json:"golden,omitempty"` // once it is
	Since  time.Time      `json:"since,omitzero"`   // when that was noted
}

func (w Workflow) promote(ctx context.Context, t engine.Turn, p Promotion, d *promoted) (engine.Outcome, error) {
	f, err := w.reach(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	switch t.At {
	case stepCheck:
		return w.checkPromotion(ctx, t, f, p)
	case stepTag:
		if s, ok := stopped(t); ok {
			return cancelled(s), nil
		}
		tags := map[string]string{family.Tag: p.Family}
		if err := f.Tag(ctx, tags, string(p.Image.ID)); err != nil {
			return engine.Outcome{}, say.Refusal(err, "tag "+string(p.Image.ID))
		}
		return next(stepPoint), nil
	case stepPoint:
		return w.point(ctx, t, f, p, d)
	case stepSettle:
		return settle(ctx, t, f, p, d)
	case stepPublish:
		return publish(ctx, t, f, p)
	}
	return engine.Outcome{}, strange(t)
}

// checkPromotion plans it once more: what was approved must be what would be asked for now.
func (w Workflow) checkPromotion(ctx context.Context, t engine.Turn, f Fleet, p Promotion) (engine.Outcome, error) {
	if s, ok := stopped(t); ok {
		return cancelled(s), nil
	}
	parameter := ""
	if p.Parameter != nil {
		parameter = p.Parameter.Name
	}
	facts, err := GatherPromotion(ctx, f, w.Families, p.Environment, parameter, p.Want)
	if err != nil {
		return engine.Outcome{}, err
	}
	facts.Now = t.Now
	now, err := NewPromotion(facts, p.Want)
	if f, ok := fault.As(err); ok {
		return void(f.Text), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if now.revision() != p.revision() {
		return void(fmt.Sprintf("Meanwhile %s became the golden image of %s.", Words(now.Now.Image, now.Now.Name), p.Family)), nil
	}
	p.Tags = now.Tags // somebody who tagged it meanwhile changed nothing that was decided on
	if why := holds(p, now); why != "" {
		return void(why), nil
	}
	if p.Tags {
		return next(stepTag), nil
	}
	return next(stepPoint), nil
}

// point moves the golden pointer. A second time it is told what it wrote the first time. The image is looked at once
// more: what nothing launches from any more makes nothing golden.
func (w Workflow) point(ctx context.Context, t engine.Turn, f Fleet, p Promotion, d *promoted) (engine.Outcome, error) {
	now, err := look(ctx, f, p.Image.ID)
	if err != nil {
		return engine.Outcome{}, err
	}
	if why := lately(now, p); why != "" {
		return w.unpointed(ctx, t, p, d, why)
	}
	g := family.Golden{
		Environment: p.Environment, Family: p.Family, Image: p.Image.ID, Name: p.Image.Name,
		At: t.Started, By: t.Requester, Op: t.ID, Restores: p.Restores,
	}
	written, err := w.Families.Point(ctx, g, p.revision())
	if err != nil {
		return engine.Outcome{}, err
	}
	d.Golden, d.Since = &written, t.Now
	return next(stepSettle), nil
}

// unpointed ends it before the image becomes golden, unless an attempt that died made it so.
func (w Workflow) unpointed(ctx context.Context, t engine.Turn, p Promotion, d *promoted, why string) (engine.Outcome, error) {
	history, err := w.Families.History(ctx, p.Environment, p.Family, 1)
	if err != nil {
		return engine.Outcome{}, err
	}
	if len(history) > 0 && history[0].Op == t.ID {
		d.Golden, d.Since = &history[0], t.Now
		return next(stepSettle), nil
	}
	return engine.Outcome{End: ledger.Void, Tone: string(card.Warning), Outcome: string(say.Phrase("%s The golden image of %s was not changed.", say.Closed(why), p.Family))}, nil
}

// revival is how long a retirement may take to enable an image again that became golden while it was disabled.
const revival = 3 * time.Minute

// settle looks whether the image can still be launched, now that it is golden. A retirement that disabled it in the same
// moment looks for that, too, and enables it again; whoever else disabled it does not.
func settle(ctx context.Context, t engine.Turn, f Fleet, p Promotion, d *promoted) (engine.Outcome, error) {
	now, err := look(ctx, f, p.Image.ID)
	if err != nil {
		return engine.Outcome{}, err
	}
	why := lately(now, p)
	golden := say.Phrase("%s is the golden image of %s", p.Image.words(), p.Family)
	s, halted := stopped(t)
	switch {
	case why == "" && p.Parameter == nil:
		return done("%s.%s", golden, before(p)), nil
	case why == "":
		return next(stepPublish), nil
	case !halted && t.Now.Sub(d.Since) < revival:
		return engine.Outcome{In: 15 * time.Second}, nil
	}
	text := say.Sentences(golden, say.Phrase("%s", why), p.unpublished(),
		say.Phrase("`/ami retire %s --undo` brings it back while it is there, `/ami revert %s` goes back to the golden image before", p.Image.ID, p.Family))
	if halted {
		return engine.Outcome{End: ledger.Cancelled, Outcome: string(say.Sentences(say.Phrase("It was stopped%s", say.By(s.By)), text)), Tone: string(card.Warning)}, nil
	}
	return engine.Outcome{End: ledger.Failed, Outcome: string(text), Tone: string(card.Bad)}, nil
}

// unpublished says that the parameter is as it was.
func (p Promotion) unpublished() say.Safe {
	if p.Parameter == nil {
		return ""
	}
	return say.Phrase("The parameter %s was not changed", p.Parameter.Name)
}

// lately says why an image that could be golden a moment ago cannot be any more.
func lately(now *fleet.Image, p Promotion) string {
	if now == nil {
		return p.Image.words() + " does not exist any more."
	}
	return Unusable(*now)
}

// before says what was golden.
func before(p Promotion) string {
	if p.Now == nil {
		return ""
	}
	return fmt.Sprintf(" Before it was %s.", Words(p.Now.Image, p.Now.Name))
}

// publish writes the parameter, unless it holds the image already.
func publish(ctx context.Context, t engine.Turn, f Fleet, p Promotion) (engine.Outcome, error) {
	golden := say.Phrase("%s is the golden image of %s", p.Image.words(), p.Family)
	if s, ok := stopped(t); ok {
		return engine.Outcome{End: ledger.Cancelled, Outcome: string(say.Sentences(say.Phrase("It was stopped%s", say.By(s.By)), golden,
			say.Phrase("AWS may have changed the parameter %s already", p.Parameter.Name)))}, nil
	}
	err := family.Publish(ctx, f, p.Parameter.Name, p.Image.ID)
	if no, ok := fault.As(err); ok {
		return engine.Outcome{End: ledger.Failed, Tone: string(card.Bad), Outcome: string(say.Sentences(golden, say.Phrase("%s", no.Text),
			say.Phrase("Set it by hand, or take the promotion back with `/ami revert %s`.", p.Family)))}, nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	return done("%s, and the parameter %s holds it.%s", golden, p.Parameter.Name, before(p)), nil
}

// Revert is what takes an ended promotion back; false when it made nothing golden.
func Revert(r ledger.Record) (PromoteWant, family.Golden, bool) {
	p, d, err := plan.Decode[Promotion, promoted](r)
	if err != nil || r.Kind != KindPromote || d.Golden == nil {
		return PromoteWant{}, family.Golden{}, false
	}
	return PromoteWant{Family: p.Family, Back: true}, *d.Golden, true
}
