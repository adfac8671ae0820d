package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// terminationPolicies are the ways for a group to choose what a scale-in takes.
var terminationPolicies = []string{"Default", "OldestInstance", "NewestInstance", "OldestLaunchTemplate",
	"OldestLaunchConfiguration", "ClosestToNextInstanceHour", "AllocationStrategy"}

// victim is the seat a scale-in would take. A refresh takes what it has to replace. Otherwise it is one of the zone
// with the most, chosen by the group's policies, and then the oldest. Protected seats are never taken.
func (g *group) victim() *seat {
	candidates := slices.DeleteFunc(g.live(), func(s *seat) bool { return s.protected })
	if len(candidates) == 0 {
		return nil
	}
	count := g.census()
	crowded := func(a, b *seat) int { return cmp.Compare(count[b.instance.zone], count[a.instance.zone]) }
	byPolicy := g.byPolicy()
	return slices.MinFunc(candidates, func(a, b *seat) int {
		return cmp.Or(cmp.Compare(g.replaced(a), g.replaced(b)), crowded(a, b), byPolicy(a, b),
			a.joined.Compare(b.joined), cmp.Compare(a.instance.id, b.instance.id))
	})
}

// census counts the live seats by zone.
func (g *group) census() map[string]int {
	count := map[string]int{}
	for _, s := range g.live() {
		count[s.instance.zone]++
	}
	return count
}

// replaced puts what a running refresh replaces first.
func (g *group) replaced(s *seat) int {
	switch {
	case g.active() == nil:
		return 0
	case s.generation < g.generation:
		return 0
	case s.template != g.spec():
		return 1
	}
	return 2
}

// byPolicy compares seats by the group's termination policies, one after the other.
func (g *group) byPolicy() func(a, b *seat) int {
	spec, now := g.spec(), g.fleet.cloud.now
	return func(a, b *seat) int {
		for _, policy := range g.policies {
			if c := comparePolicy(policy, spec, now, a, b); c != 0 {
				return c
			}
		}
		return 0
	}
}

func comparePolicy(policy string, spec templateSpec, now time.Time, a, b *seat) int {
	switch policy {
	case "OldestInstance":
		return a.instance.launched.Compare(b.instance.launched)
	case "NewestInstance":
		return b.instance.launched.Compare(a.instance.launched)
	case "ClosestToNextInstanceHour":
		return cmp.Compare(a.toNextHour(now), b.toNextHour(now))
	case "OldestLaunchTemplate", "Default":
		return cmp.Or(cmp.Compare(a.outdated(spec), b.outdated(spec)), cmp.Compare(a.version(), b.version()))
	}
	return 0
}

// outdated is 0 for a seat of another template or version than the group launches, and 1 for the others.
func (s *seat) outdated(spec templateSpec) int {
	if s.template != spec {
		return 0
	}
	return 1
}

func (s *seat) version() int {
	n, _ := strconv.Atoi(s.template.version)
	return n
}

// toNextHour is how long it takes until the instance has run another full hour.
func (s *seat) toNextHour(now time.Time) time.Duration {
	return time.Hour - now.Sub(s.instance.launched)%time.Hour
}
