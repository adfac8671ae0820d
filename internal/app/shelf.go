package app

import (
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// shelf is all the commands there are, by what they are about.
type shelf struct {
	asg *commands.ASG
	ops *commands.Ops
	ice *commands.Freezes
}

// materials are what commands are made from.
type materials struct {
	site   commands.Site
	trail  *audit.Log
	client redis.UniversalClient
	prefix string
}

// newShelf makes the commands. Without materials they can be listed and explained, and not run.
func newShelf(m materials) shelf {
	if m.client != nil {
		m.site.Families = family.NewStore(m.client, m.prefix)
	}
	return shelf{
		asg: &commands.ASG{Site: m.site},
		ops: &commands.Ops{Settings: m.site.Settings, Records: m.site.Records, Trail: m.trail, Draw: m.site.Draw},
		ice: &commands.Freezes{Settings: m.site.Settings, Records: m.site.Records, Fleets: m.site.Fleets, InForce: freeze.NewStore(m.client, m.prefix)},
	}
}

// book is the book of the commands.
func (s shelf) book() (*commands.Book, error) {
	book, err := commands.NewBook(slices.Concat(s.asg.Commands(), s.ops.Commands(), s.ice.Commands())...)
	if err != nil {
		return nil, fmt.Errorf("make the book of commands: %w", err)
	}
	return book, nil
}

// kinds are what the desk must know of each kind of operation.
func (s shelf) kinds() map[string]commands.Kind {
	kinds := map[string]commands.Kind{rollout.Kind: s.asg.Rollouts(), freeze.Kind: s.ice.Kind()}
	for _, kind := range group.Kinds() {
		kinds[kind] = s.asg.Changes()
	}
	return kinds
}

// reading gives commands the fleet of an environment, of which they change nothing.
func reading(aws *cloud.Cloud) func(string) (commands.Fleet, error) {
	return func(env string) (commands.Fleet, error) { return aws.In(env) }
}

// searching gives forms the things of an environment, to look for.
func searching(aws *cloud.Cloud) func(string) (commands.Things, error) {
	return func(env string) (commands.Things, error) { return aws.In(env) }
}
