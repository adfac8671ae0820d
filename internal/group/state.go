package group

import (
	"slices"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func sizeOf(g fleet.Group) Size { return Size{g.Min, g.Desired, g.Max} }

func suspended(g fleet.Group, names []string, on bool) bool {
	for _, n := range names {
		if slices.Contains(g.Suspended, n) != on {
			return false
		}
	}
	return true
}

func everyMember(g fleet.Group, ids []fleet.InstanceID, is func(fleet.Member) bool) bool {
	n := 0
	for _, m := range g.Instances {
		if slices.Contains(ids, m.ID) {
			if !is(m) {
				return false
			}
			n++
		}
	}
	return n == len(ids)
}

func protectedIs(on bool) func(fleet.Member) bool {
	return func(m fleet.Member) bool { return m.Protected == on }
}

func lifecycleIs(state string) func(fleet.Member) bool {
	return func(m fleet.Member) bool { return m.Lifecycle == state }
}

func standbyState(on bool) string {
	if on {
		return "Standby"
	}
	return "InService"
}

// without are the members that are none of these.
func without(g fleet.Group, ids []fleet.InstanceID) []fleet.Member {
	return slices.DeleteFunc(slices.Clone(g.Instances), func(m fleet.Member) bool { return slices.Contains(ids, m.ID) })
}
