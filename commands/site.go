package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/template"
)

// Fleet is what the commands read of the cloud. It has no method that changes anything.
type Fleet interface {
	rollout.Reader
	bake.Reader
	launch.Reader
	template.Reader
	Images
	Groups(ctx context.Context) ([]fleet.Group, error)
	InstancesOf(ctx context.Context, groups ...fleet.GroupName) ([]fleet.Instance, error)
	Activities(ctx context.Context, group fleet.GroupName, since time.Time) ([]fleet.Activity, error)
	OwnImages(ctx context.Context) ([]fleet.Image, error)
	CurrentVersions(ctx context.Context) ([]fleet.TemplateVersion, error)
}

// Site is where commands look: the environments, their clouds, and what was asked for there.
type Site struct {
	Settings Settings
	Fleets   func(environment string) (Fleet, error)
	Records  Records
	Draw     func(ledger.Record) card.Card // an operation's card as its thread shows it
	Patience time.Duration                 // with AWS, for what is only read; 8 s when zero
	Families Families                      // the golden images; nil: none are known

	Parameter string // pattern of the parameter that follows a golden image, with {family} in it; empty: none
}

// Families knows the golden images.
type Families interface {
	Golden(ctx context.Context, environment, name string) (family.Golden, error)
}

// golden is the golden image of a family.
func (s *Site) golden(ctx context.Context, env Environment, name string) (fleet.ImageID, error) {
	if s.Families == nil {
		return "", fault.New(fault.NotFound, "No golden images are kept here.").WithHint("Name the image itself, as `--image ami-…`.")
	}
	g, err := s.Families.Golden(ctx, env.Name, name)
	return g.Image, err
}

// within finds the environment that a call means, and its fleet.
func (s *Site) within(c *Call) (Environment, Fleet, error) {
	env, err := s.Settings.environment(c.Words.Text("in"), c.Channel)
	if err != nil {
		return env, nil, err
	}
	f, err := s.Fleets(env.Name)
	if err != nil {
		return env, nil, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	return env, f, nil
}

// reach finds an environment by its name, and its fleet.
func (s *Site) reach(name string) (Environment, Fleet, error) {
	env, err := s.Settings.named(name)
	if err != nil {
		return env, nil, err
	}
	f, err := s.Fleets(env.Name)
	if err != nil {
		return env, nil, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	return env, f, nil
}

// group reads a group, or says which one was probably meant.
func (s *Site) group(ctx context.Context, f Fleet, env Environment, name string) (fleet.Group, error) {
	g, err := f.Group(ctx, fleet.GroupName(name))
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return g, s.noGroup(ctx, f, env, name)
	}
	if err != nil {
		return g, fmt.Errorf("read group %s: %w", name, err)
	}
	return g, nil
}

// noGroup says that there is no such group, and which one was probably meant.
func (s *Site) noGroup(ctx context.Context, f Fleet, env Environment, name string) error {
	none := fault.New(fault.NotFound, "There is no group %s in %s.", card.Inert(short(name, 80)), env.Name)
	groups, err := f.Groups(ctx)
	if err != nil {
		return none.WithHint("`/asg list --in %s` shows the groups there are.", env.Name)
	}
	var names []string
	for _, g := range groups {
		names = append(names, string(g.Name))
	}
	if near := grammar.Near(name, names); near != "" {
		return none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	return none.WithHint("`/asg list --in %s` shows the groups there are.", env.Name)
}

// dryFlag is the flag by which only the plan is wanted.
const dryFlag = "dry-run"

func dryRun() grammar.Flag {
	return grammar.Flag{Name: dryFlag, Kind: grammar.Bool, About: "only show the plan"}
}

func reason() grammar.Flag {
	return grammar.Flag{Name: "reason", Value: `"<words>"`, About: "why; those who approve read it", Most: maxReason}
}

// image finds the image that was named by its id or its name. What is no image is answered with the one
// that was probably meant.
func (s *Site) image(ctx context.Context, f Fleet, env Environment, named fleet.ImageID) (fleet.ImageID, error) {
	if named == "" || named.IsParameter() {
		return named, nil
	}
	if strings.HasPrefix(string(named), "ami-") {
		found, err := f.Images(ctx, named)
		if err != nil {
			return "", fmt.Errorf("read image %s: %w", named, err)
		}
		if len(found) > 0 {
			return named, nil
		}
	}
	own, err := f.OwnImages(ctx)
	if err != nil {
		return "", fmt.Errorf("list images: %w", err)
	}
	for _, i := range own {
		if strings.EqualFold(i.Name, string(named)) {
			return i.ID, nil
		}
	}
	return "", noImage(own, env, string(named))
}

// noImage says that there is no such image, and which one was probably meant.
func noImage(own []fleet.Image, env Environment, named string) error {
	for _, i := range own {
		if i.Name == named && i.State != "available" && i.State != "deregistered" {
			return fault.New(fault.NotFound, "The image %s (%s) in %s is %s.", card.Inert(i.Name), i.ID, env.Name, i.State).
				WithHint("`/ami show %s` tells why, `/ami retire %s` removes it.", i.ID, i.ID)
		}
	}
	own = slices.DeleteFunc(slices.Clone(own), func(i fleet.Image) bool { return i.State != "available" })
	var names []string
	for _, i := range own {
		if of := i.Tags[family.Tag]; strings.EqualFold(of, named) {
			return fault.New(fault.NotFound, "The family %s has no golden image in %s.", card.Inert(of), env.Name).
				WithHint("`/ami promote <image> --family %s` makes one golden; `/ami list %s` shows its images.", card.Inert(of), card.Inert(of))
		}
		names = append(names, string(i.ID), i.Name)
	}
	none := fault.New(fault.NotFound, "There is no image %s in %s.", card.Inert(short(named, 80)), env.Name)
	if near := grammar.Near(named, names); near != "" {
		return none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	if len(own) > 0 {
		return none.WithHint("The newest one is `%s` (%s).", own[0].ID, card.Inert(own[0].Name))
	}
	return none
}
