package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/retire"
)

// AMI is the commands about images that exist.
type AMI struct {
	Site
	Golden    GoldenImages
	Manifests Manifests                                       // nil: none are kept
	Regions   func(environment, region string) (Fleet, error) // an environment's account in another region
	Cooldown  time.Duration                                   // between disabling and deregistering; a day when zero
	Rollback  time.Duration                                   // how long the way back is kept; three days when zero
	Now       func() time.Time                                // time.Now when nil
}

// GoldenImages knows what is and was golden. *family.Store is one.
type GoldenImages interface {
	Families
	Goldens
	History(ctx context.Context, environment, family string, n int) ([]family.Golden, error)
}

// Manifests knows what was on a machine when an image was made of it. *baseline.Store is one.
type Manifests interface {
	Get(ctx context.Context, environment string, image fleet.ImageID) (baseline.Manifest, error)
}

// Images is what commands about images read of the cloud.
type Images interface {
	image.Reader
	retire.Referrers
	FamilyImages(ctx context.Context, family string) ([]fleet.Image, error)
	Snapshots(ctx context.Context, ids ...string) ([]fleet.Snapshot, error)
}

// Commands are the commands about images, without the one that makes them.
func (a *AMI) Commands() []Command {
	return slices.Concat(a.looking(), a.pointing(), a.moving(), a.retiring())
}

// Kinds is what the desk must know of the operations on images, by kind.
func (a *AMI) Kinds() map[string]Kind {
	return map[string]Kind{
		image.KindPromote: a.promotions(), image.KindCopy: a.copies(), image.KindShare: a.shares(), image.KindTag: a.taggings(),
		retire.Kind: a.retirements(),
	}
}

// imageArg is an argument that names an image.
func imageArg(name string) grammar.Arg {
	return grammar.Arg{Name: name, About: "an image by its id or its name, or a family for its golden image", Pick: grammar.Image}
}

func familyArg() grammar.Arg {
	return grammar.Arg{Name: "family", About: "the family's name", Pick: grammar.Family, Max: 63}
}

// foundImage is an image that was foundImage, and how it was named.
type foundImage struct {
	fleet.Image
	golden string // the family whose golden image it is, when that is how it was named
}

// named finds the image that somebody means: by its id, as a family's golden one, or by its name.
func (a *AMI) named(ctx context.Context, f Fleet, env Environment, word string) (foundImage, error) {
	if strings.HasPrefix(word, "ami-") {
		i, err := f.Image(ctx, fleet.ImageID(word))
		if err == nil && i.State != "deregistered" {
			return foundImage{Image: i}, nil
		}
		if err != nil && fleet.KindOf(err) != fleet.Absent && fleet.KindOf(err) != fleet.Rejected {
			return foundImage{}, fmt.Errorf("read image %s: %w", word, err)
		}
		return foundImage{}, a.noImage(ctx, f, env, word)
	}
	if family.Check(word) == nil {
		g, err := a.Golden.Golden(ctx, env.Name, word)
		if err == nil {
			return a.goldenOne(ctx, f, env, g)
		}
		if !fault.Is(err, fault.NotFound) {
			return foundImage{}, err
		}
	}
	i, err := f.ImageNamed(ctx, word)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return foundImage{}, a.noImage(ctx, f, env, word)
	}
	if err != nil {
		return foundImage{}, fmt.Errorf("find an image %s: %w", word, err)
	}
	return foundImage{Image: i}, nil
}

// goldenOne reads a family's golden image.
func (a *AMI) goldenOne(ctx context.Context, f Fleet, env Environment, g family.Golden) (foundImage, error) {
	i, err := f.Image(ctx, g.Image)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return foundImage{}, fault.New(fault.NotFound, "%s, the golden image of %s in %s, does not exist any more.", image.Words(g.Image, g.Name), g.Family, env.Name).
			WithHint("`/ami promote <image> --family %s` makes another one golden.", g.Family)
	}
	if err != nil {
		return foundImage{}, fmt.Errorf("read image %s: %w", g.Image, err)
	}
	return foundImage{Image: i, golden: g.Family}, nil
}

// noImage says that there is no such image, and which one was probably meant.
func (a *AMI) noImage(ctx context.Context, f Fleet, env Environment, word string) error {
	own, err := f.OwnImages(ctx)
	if err != nil {
		return fault.New(fault.NotFound, "There is no image %s in %s.", card.Inert(short(word, 80)), env.Name).
			WithHint("`/ami list --in %s` shows those there are.", env.Name)
	}
	return noImage(own, env, word)
}

// taken says which image a family's name stood for.
func (i foundImage) taken() []card.Text {
	if i.golden == "" {
		return nil
	}
	return []card.Text{card.T("%s is the golden image of %s.", image.Words(i.ID, i.Name), i.golden)}
}

// also adds what must be said to whatever was decided.
func withNotes(r Result, notes []card.Text) Result {
	if r.Reply != nil {
		r.Reply.Foot = append(r.Reply.Foot, notes...)
	}
	return r
}

// now is the time.
func (a *AMI) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// inside ends a command with the environment, so that it means the same wherever it is pressed.
func insideOf(command string, env Environment) string {
	return command + " --in " + grammar.Quote(env.Name)
}

// size is how much an image's disks hold.
func imageSize(i fleet.Image) int {
	n := 0
	for _, d := range i.Disks {
		n += d.Size
	}
	return n
}

// imageState is an image's state as people should read it.
func imageState(i fleet.Image, now time.Time) string {
	if i.State == "available" && !i.Deprecated.IsZero() && !i.Deprecated.After(now) {
		return "deprecated"
	}
	return i.State
}

// refused reports whether AWS did not allow a look; the rest is worth showing without.
func unreadable(err error) bool {
	e, ok := errors.AsType[*fleet.Error](err)
	return ok && (e.Kind == fleet.Refused || e.Kind == fleet.Throttled)
}
