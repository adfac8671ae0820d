package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// membersFirst are instances, before all others those of a group. What cannot be read of the group hides nothing.
func (l *Library) membersFirst(ctx context.Context, env Environment, q Query) ([]card.Option, int, error) {
	own := q
	own.Pick = grammar.Member
	members, hidden, _ := l.search(ctx, env, own)
	if hidden != 0 {
		return members, -1, nil
	}
	others, more, err := l.search(ctx, env, q)
	if err != nil && len(members) > 0 {
		return members, -1, nil
	}
	others = slices.DeleteFunc(others, func(o card.Option) bool {
		return slices.ContainsFunc(members, func(m card.Option) bool { return m.Value == o.Value })
	})
	all := slices.Concat(members, others)
	if more == 0 && len(all) <= q.Most {
		return all, 0, err
	}
	return all[:min(q.Most, len(all))], -1, err // how many of those that are hidden are members, too, is not known
}

// members are the instances of a group, with what its group says of those that are put aside or protected. Where that
// cannot be read they are there without it.
func members(ctx context.Context, t Things, group fleet.GroupName) ([]card.Option, error) {
	said := map[fleet.InstanceID]string{}
	groups, err := t.Groups(ctx)
	for _, g := range groups {
		if err != nil || g.Name != group {
			continue
		}
		for _, m := range g.Instances {
			if m.Lifecycle != "InService" {
				said[m.ID] += ", " + m.Lifecycle
			}
			if m.Protected {
				said[m.ID] += ", protected"
			}
		}
	}
	read := func(ctx context.Context) ([]fleet.Instance, error) { return t.InstancesOf(ctx, group) }
	return options(ctx, read, func(i fleet.Instance) card.Option {
		o := instanceOption(i)
		o.About = strings.TrimPrefix(o.About+said[i.ID], ", ")
		return o
	})
}
