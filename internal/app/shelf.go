package app

import (
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/patch"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/template"
)

// shelf is all the commands there are, by what they are about.
type shelf struct {
	asg       *commands.ASG
	images    *commands.AMI
	bakes     *commands.Bakes
	templates *commands.Templates
	ops       *commands.Ops
	ice       *commands.Freezes
}

// materials are what commands are made from.
type materials struct {
	site   commands.Site
	aws    *cloud.Cloud
	trail  *audit.Log
	client redis.UniversalClient
	prefix string
	images config.Images
}

// newShelf makes the commands. Without materials they can be listed and explained, and not run.
func newShelf(m materials) shelf {
	families := family.NewStore(m.client, m.prefix)
	m.site.Parameter = m.images.Parameter
	if m.client != nil {
		m.site.Families = families
	}
	return shelf{
		asg: &commands.ASG{Site: m.site},
		images: &commands.AMI{
			Site: m.site, Golden: families, Manifests: baseline.NewStore(m.client, m.prefix), Regions: abroad(m.aws),
			Cooldown: m.images.Cooldown, Rollback: m.images.Rollback,
		},
		bakes:     &commands.Bakes{Site: m.site},
		templates: &commands.Templates{Site: m.site, Rollback: m.images.Rollback},
		ops:       &commands.Ops{Settings: m.site.Settings, Records: m.site.Records, Trail: m.trail, Draw: m.site.Draw},
		ice:       &commands.Freezes{Settings: m.site.Settings, Records: m.site.Records, Fleets: m.site.Fleets, InForce: freeze.NewStore(m.client, m.prefix)},
	}
}

// book is the book of the commands.
func (s shelf) book() (*commands.Book, error) {
	book, err := commands.NewBook(slices.Concat(s.asg.Commands(), s.bakes.Commands(), s.images.Commands(), s.templates.Commands(),
		s.ops.Commands(), s.ice.Commands())...)
	if err != nil {
		return nil, fmt.Errorf("make the book of commands: %w", err)
	}
	return book, nil
}

// kinds are what the desk must know of each kind of operation.
func (s shelf) kinds() map[string]commands.Kind {
	kinds := map[string]commands.Kind{
		rollout.Kind: s.asg.Rollouts(), launch.Kind: s.asg.Launches(), patch.Kind: s.asg.Patches(), bake.Kind: s.bakes.Kind(), template.Kind: s.templates.Kind(),
		freeze.Kind: s.ice.Kind(),
	}
	maps.Copy(kinds, s.images.Kinds())
	for _, kind := range group.Kinds() {
		kinds[kind] = s.asg.Changes()
	}
	return kinds
}

// abroad gives commands an environment's account in another region.
func abroad(aws *cloud.Cloud) func(string, string) (commands.Fleet, error) {
	return func(env, region string) (commands.Fleet, error) { return aws.At(env, region) }
}

// reading gives commands the fleet of an environment, of which they change nothing.
func reading(aws *cloud.Cloud) func(string) (commands.Fleet, error) {
	return func(env string) (commands.Fleet, error) { return aws.In(env) }
}

// searching gives forms the things of an environment, to look for.
func searching(aws *cloud.Cloud) func(string) (commands.Things, error) {
	return func(env string) (commands.Things, error) { return aws.In(env) }
}
