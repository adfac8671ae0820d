package patch

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// Facts is what a plan is made from, as read at one moment.
type Facts struct {
	Now    time.Time
	Bake   bake.Facts
	Groups []rollout.Facts // as many as are wanted, in their order
	Golden family.Golden   // of the family that the image is to be promoted in; zero when there is none
}

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	bake.Reader
	rollout.Reader
}

// Families knows the golden images.
type Families interface {
	Golden(ctx context.Context, environment, name string) (family.Golden, error)
}

// Gather reads the facts about the server and about every group, which takes as many calls as a bake and a rollout of
// each. It returns a fault when one of them does not exist.
func Gather(ctx context.Context, from Reader, families Families, environment string, want Want) (Facts, error) {
	f := Facts{Now: time.Now()}
	if err := want.validate(); err != nil {
		return f, err
	}
	var err error
	if f.Bake, err = bake.Gather(ctx, from, environment, want.Bake); err != nil {
		return f, err
	}
	if f.Groups, err = groups(ctx, from, environment, want); err != nil {
		return f, err
	}
	f.Golden, err = promoted(ctx, families, environment, want)
	return f, err
}

// groups reads the facts about every group.
func groups(ctx context.Context, from rollout.Reader, environment string, want Want) ([]rollout.Facts, error) {
	all := make([]rollout.Facts, 0, len(want.Groups))
	for _, name := range want.Groups {
		f, err := rollout.Gather(ctx, from, environment, name, want.Roll)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// promoted is what is golden now, where the image is to be promoted.
func promoted(ctx context.Context, families Families, environment string, want Want) (family.Golden, error) {
	if !want.Promote {
		return family.Golden{}, nil
	}
	if families == nil {
		return family.Golden{}, fault.New(fault.Conflict, "No golden images are kept here, so nothing can be promoted.").WithHint("Leave `--promote` out.")
	}
	golden, err := families.Golden(ctx, environment, want.Bake.Family)
	if fault.Is(err, fault.NotFound) {
		return family.Golden{}, nil
	}
	if err != nil {
		return golden, fmt.Errorf("read the golden image of %s: %w", want.Bake.Family, err)
	}
	return golden, nil
}

// standIn is the image as far as it is known before it is made.
func standIn(f bake.Facts, p bake.Plan) fleet.Image {
	i := fleet.Image{
		Name: p.Name, State: "available", Architecture: f.Instance.Architecture, Volumes: len(p.Disks), Platform: f.Instance.Platform,
		Root: f.Instance.Root, Disks: p.Disks, SourceInstance: p.Instance,
	}
	if f.Source != nil {
		i.BootMode, i.Products = f.Source.BootMode, f.Source.Products
	}
	return i
}
