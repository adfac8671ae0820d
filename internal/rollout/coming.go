package rollout

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// image names a side's image: by its id, or by the name that it will have while it is still to be made.
func (s Side) image() string {
	if s.Image == "" {
		return s.ImageName
	}
	return string(s.Image)
}

// image is what is known of the image that a plan leads to.
func (f Facts) image(p Plan) fleet.Image {
	if p.Want.Coming != "" {
		return f.Coming
	}
	return f.Images[p.To.Image]
}

// With is the plan with the image that was still to be made when it was approved: what is carried out once there is one.
// Nothing else of it changes, so that Changed tells whether anything else did.
func (p Plan) With(image fleet.Image) Plan {
	p.Want.Coming, p.Want.Image = "", image.ID
	p.To.Image, p.To.ImageName = image.ID, image.Name
	p.Differences = slices.Clone(p.Differences)
	for i := range p.Differences {
		if p.Differences[i].Field == "ImageId" {
			p.Differences[i].To = string(image.ID)
		}
	}
	p.Order.Image = p.overrides()
	return p
}

// Again plans the same once more, with every number that people saw.
func (p Plan) Again(f Facts) (Plan, error) { return New(f, p.again()) }

// Families knows the golden images.
type Families interface {
	Golden(ctx context.Context, environment, name string) (family.Golden, error)
}

// golden goes on to the first write. Where another image became golden since, that is told: what was approved is what
// is rolled out all the same. Not to know it holds nothing up.
func (r *run) golden(ctx context.Context) engine.Outcome {
	name := r.plan.Want.Family
	if name == "" || r.families == nil {
		return engine.To(stepVersion)
	}
	switch now, err := r.families.Golden(ctx, r.plan.Environment, name); {
	case fault.Is(err, fault.NotFound):
		return say.Told(stepVersion, card.Warning, "The family %s has no golden image any more; %s, which was approved, is rolled out.", name, r.plan.To.Image)
	case err == nil && now.Image != r.plan.To.Image:
		return say.Told(stepVersion, card.Warning, "The golden image of %s is %s by now; %s, which was approved, is rolled out.", name, now.Image, r.plan.To.Image)
	}
	return engine.To(stepVersion)
}
