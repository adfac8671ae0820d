package image

import (
	"context"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Baselines keeps the manifests of images. *baseline.Store is one.
type Baselines interface {
	Get(ctx context.Context, environment string, image fleet.ImageID) (baseline.Manifest, error)
	Put(ctx context.Context, environment string, m baseline.Manifest) error
}

// inherit gives a copy the manifest of its source. Where that has none, its copy has none either. Doing it twice is
// harmless.
func (w Workflow) inherit(ctx context.Context, p Copying, to Target, id fleet.ImageID) error {
	if w.Baselines == nil {
		return nil
	}
	m, err := w.Baselines.Get(ctx, p.Environment, p.Image.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Image = id
	return w.Baselines.Put(ctx, to.Environment, m)
}
