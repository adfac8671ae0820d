package image

import (
	"context"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Baselines hands the manifest of an image on to its copy.
type Baselines interface {
	Inherit(ctx context.Context, environment string, from fleet.ImageID, to string, copy fleet.ImageID) error
}
