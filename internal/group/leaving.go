package group

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// mostGoing is how many of the instances that can go a plan names.
const mostGoing = 60

// candidates are the instances that can go, the likeliest first. EC2 Auto Scaling chooses among them when it scales
// in: always one of the zone with the most instances, and there by the group's termination policies.
func (p *Plan) candidates(f Facts) {
	if p.down() == 0 {
		return
	}
	p.Policies = f.Group.Policies
	zones, crowd := map[string][]Seat{}, map[string]int{}
	for _, m := range f.Group.Instances {
		if m.Lifecycle == "Standby" || m.Lifecycle == "EnteringStandby" || strings.HasPrefix(m.Lifecycle, "Terminat") {
			continue
		}
		crowd[m.Zone]++
		if !m.Protected {
			zones[m.Zone] = append(zones[m.Zone], seat(m, f))
			p.CanGo++
		}
	}
	first := chooses(f.Group)
	for _, seats := range zones {
		slices.SortFunc(seats, first)
	}
	for len(p.Going) < min(p.CanGo, mostGoing) {
		zone := fullest(zones, crowd, first)
		p.Going = append(p.Going, zones[zone][0])
		zones[zone] = zones[zone][1:]
		crowd[zone]--
	}
	if p.CanGo < p.down() {
		p.stop("`/asg unprotect` lets others go.", "Only %s can go: the others are protected from scale in.", say.Plural(p.CanGo, "instance"))
	}
}

// fullest is the zone that loses an instance next: of those that can lose one, the one with the most.
func fullest(zones map[string][]Seat, crowd map[string]int, first func(a, b Seat) int) string {
	best := ""
	for zone, seats := range zones {
		switch {
		case len(seats) == 0:
		case best == "" || crowd[zone] > crowd[best]:
			best = zone
		case crowd[zone] == crowd[best] && first(seats[0], zones[best][0]) < 0:
			best = zone
		}
	}
	return best
}

// chooses orders instances of one zone by the group's termination policies, as far as they can be foretold.
func chooses(g fleet.Group) func(a, b Seat) int {
	var by []func(a, b Seat) int
	for _, policy := range policiesOf(g.Policies) {
		switch policy {
		case "OldestInstance":
			by = append(by, oldest)
		case "NewestInstance":
			by = append(by, func(a, b Seat) int { return oldest(b, a) })
		case "Default", "OldestLaunchTemplate", "OldestLaunchConfiguration":
			by = append(by, oldestVersion(g.Ref().Version))
		}
	}
	by = append(by, oldest, func(a, b Seat) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return func(a, b Seat) int {
		for _, compare := range by {
			if c := compare(a, b); c != 0 {
				return c
			}
		}
		return 0
	}
}

func policiesOf(named []string) []string {
	if len(named) == 0 {
		return []string{"Default"}
	}
	return named
}

func oldest(a, b Seat) int { return a.Launched.Compare(b.Launched) }

// oldestVersion puts what is of another version than the group launches first, and of these the oldest.
func oldestVersion(current string) func(a, b Seat) int {
	return func(a, b Seat) int {
		return cmp.Or(count01(a.Version == current)-count01(b.Version == current), older(a.Version, b.Version))
	}
}

func count01(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// older compares versions by their numbers.
func older(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// foretold says by what AWS chooses, and whether that can be told beforehand.
func (p Plan) foretold() string {
	named := policiesOf(p.Policies)
	words := "AWS chooses zone by zone, by the group's policy " + strings.Join(named, ", ")
	for _, policy := range named {
		switch policy {
		case "Default", "OldestInstance", "NewestInstance", "OldestLaunchTemplate", "OldestLaunchConfiguration":
		default:
			return words + ", which cannot be foretold; these can go."
		}
	}
	return words + "; these are likely to be first."
}
