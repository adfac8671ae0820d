package group

import (
	"context"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// ask makes the one change, unless an earlier attempt has.
func (r *run) ask(ctx context.Context, g fleet.Group) error {
	w := r.plan.Want
	switch w.Kind {
	case Scale:
		return r.resize(ctx, g, r.plan.From, r.plan.To)
	case Attach:
		return r.attach(ctx, g)
	case Processes:
		if w.On {
			return r.fleet.Suspend(ctx, w.Group, w.Names...)
		}
		return r.fleet.Resume(ctx, w.Group, w.Names...)
	case Protect:
		return r.fleet.Protect(ctx, w.Group, w.On, w.Instances...)
	case Standby:
		return r.aside(ctx, g)
	}
	return r.replace(ctx, g)
}

// resize sends absolute numbers, and only where the group has those that they were agreed on for: a number from a
// stale look has taken fleets down before.
func (r *run) resize(ctx context.Context, g fleet.Group, from, to Size) error {
	switch sizeOf(g) {
	case to:
		return nil
	case from:
		return r.fleet.UpdateGroup(ctx, fleet.GroupChange{Group: g.Name, Min: &to.Min, Max: &to.Max, Desired: &to.Desired})
	}
	return fault.New(fault.Conflict, "Somebody else gave %s another size meanwhile: %s.", g.Name, sizeOf(g)).
		WithHint("It was left as it is.")
}

// attach proves that the version launches before the group is given it.
func (r *run) attach(ctx context.Context, g fleet.Group) error {
	ref := r.plan.New.ref()
	if len(g.Subnets) > 0 {
		if err := r.fleet.ProveLaunch(ctx, *ref, g.Subnets[0]); err != nil {
			return err
		}
	}
	return r.fleet.UpdateGroup(ctx, fleet.GroupChange{Group: g.Name, Template: ref})
}

// aside moves those that have not moved yet.
func (r *run) aside(ctx context.Context, g fleet.Group) error {
	from := standbyState(!r.plan.Want.On)
	var ids []fleet.InstanceID
	for _, m := range g.Instances {
		if slices.Contains(r.plan.Want.Instances, m.ID) && m.Lifecycle == from {
			ids = append(ids, m.ID)
		}
	}
	switch {
	case len(ids) == 0:
		return nil
	case r.plan.Want.On:
		return r.fleet.EnterStandby(ctx, g.Name, !r.plan.Want.Refill, ids...)
	}
	return r.fleet.ExitStandby(ctx, g.Name, ids...)
}

// attempt is what AWS is asked for, behind "AWS refused to …".
func (p Plan) attempt() string {
	g := string(p.Want.Group)
	switch p.Want.Kind {
	case Scale:
		return "give " + g + " another size"
	case Attach:
		return "let " + g + " launch from " + p.New.String()
	case Processes:
		return map[bool]string{true: "suspend processes of ", false: "resume processes of "}[p.Want.On] + g
	case Protect:
		return map[bool]string{true: "protect ", false: "stop protecting "}[p.Want.On] + p.names()
	case Standby:
		return map[bool]string{true: "put " + p.names() + " into standby", false: "take " + p.names() + " back into service"}[p.Want.On]
	}
	return "replace " + p.names()
}

// replace terminates those that are there still.
func (r *run) replace(ctx context.Context, g fleet.Group) error {
	for _, m := range g.Instances {
		if !slices.Contains(r.plan.Want.Instances, m.ID) || strings.HasPrefix(m.Lifecycle, "Terminat") {
			continue
		}
		if _, err := r.fleet.Replace(ctx, m.ID); err != nil && fleet.KindOf(err) != fleet.Absent {
			return err
		}
	}
	return nil
}
