package awssim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// barren is a zone in which a group could not launch for lack of capacity.
type barren struct {
	times int
	until time.Time
}

// openZones are the group's zones in which a launch may be tried.
func (g *group) openZones() []string {
	return slices.DeleteFunc(slices.Clone(g.zones), func(zone string) bool {
		return g.fleet.cloud.now.Before(g.barren[zone].until)
	})
}

// emptiest returns the zone with the fewest live seats.
func (g *group) emptiest(allowed []string) string {
	count := g.census()
	return slices.MinFunc(allowed, func(a, b string) int { return cmp.Compare(count[a], count[b]) })
}

// shortage is what EC2 says when a zone has no machines of a kind, or nil when it has.
func (f *Fleet) shortage(kind, zone string) *apiError {
	fault := f.cloud.spend(func(o *Fault) bool { return o.lacks(kind, zone) })
	if fault == nil {
		return nil
	}
	var others []string
	for _, other := range []string{"a", "b", "c"} {
		if other = f.region + other; other != zone && !f.barrenOf(kind, other) {
			others = append(others, other)
		}
	}
	words := "We currently do not have sufficient " + kind + " capacity in the Availability Zone you requested (" + zone + "). " +
		"Our system will be working on provisioning additional capacity."
	if len(others) > 0 {
		words += " You can currently get " + kind + " capacity by not specifying an Availability Zone in your request or choosing " +
			strings.Join(others, ", ") + "."
	}
	return &apiError{http.StatusInternalServerError, cmp.Or(fault.Code, "InsufficientInstanceCapacity"), cmp.Or(fault.Message, words)}
}

// barrenOf tells whether a zone has no machines of a kind, without using up what says so.
func (f *Fleet) barrenOf(kind, zone string) bool {
	return slices.ContainsFunc(f.cloud.faults, func(o *Fault) bool { return o.lacks(kind, zone) })
}

// lacks tells whether a fault takes the machines of a kind out of a zone.
func (o *Fault) lacks(kind, zone string) bool {
	return o.Kind == FaultCapacity && (o.Zone == "" || o.Zone == zone) && (o.Type == "" || o.Type == kind)
}

// exhausted writes down that a zone had no capacity, and leaves it alone for a while, longer each time.
func (g *group) exhausted(failure *apiError, cause, zone string) *apiError {
	c := g.fleet.cloud
	message := g.regret(failure, cause, zone)
	was := g.barren[zone]
	backoff := min(time.Minute<<min(was.times, 4), 10*time.Minute)
	g.barren[zone] = barren{was.times + 1, c.now.Add(backoff)}
	g.uneven = true
	g.wake(backoff)
	if r := g.active(); r != nil {
		r.troubled(message)
	}
	return failure
}

// surplus is 1 while an instance starts that is to level the zones.
func (g *group) surplus() int {
	if g.extra != nil && (g.extra.instance.seat != g.extra || g.extra.lifecycle == seatInService || !g.extra.live()) {
		g.extra = nil
	}
	if g.extra == nil {
		return 0
	}
	return 1
}

// level is AZRebalance after a zone had no capacity: while a zone has two instances more than another, one is
// launched where there are few, and once it serves, the scale-in takes one where there are many. The group may hold
// one too many in between.
func (g *group) level() {
	if !g.uneven || !g.steady() {
		return
	}
	open, count := g.openZones(), g.census()
	if len(open) == 0 {
		return
	}
	low := g.emptiest(open)
	if !g.movable(count, low) {
		g.uneven = len(open) < len(g.zones)
		return
	}
	s, err := g.launch(g.fleet.cloud.clockPhrase()+" instances were launched to balance instances in zones "+low+
		" with other zones resulting in more than desired number of instances in the group.", low)
	if err == nil {
		g.extra = s
	}
}

// movable tells whether the fullest zone has two more than another, and one that is not protected.
func (g *group) movable(count map[string]int, low string) bool {
	most := g.fullest(count)
	return most >= count[low]+2 && slices.ContainsFunc(g.live(), func(s *seat) bool {
		return !s.protected && count[s.instance.zone] == most
	})
}

func (g *group) fullest(count map[string]int) int {
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	return most
}

// steady tells whether the group has what it wants, and may and can move instances between zones.
func (g *group) steady() bool {
	if g.off("AZRebalance") || g.off("Launch") || g.off("Terminate") || g.deleting || g.extra != nil ||
		g.active() != nil || g.fleet.cloud.now.Before(g.retry) {
		return false
	}
	live := g.live()
	return len(live) == g.desired && !slices.ContainsFunc(live, func(s *seat) bool {
		return s.lifecycle != seatInService || !s.healthy
	})
}
