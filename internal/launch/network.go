package launch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// place decides on the subnets: those that were asked for, or one in each zone of the VPC that the source is in.
func place(f Facts, p *Plan) {
	if len(p.Want.Subnets) > 0 {
		p.Subnets = asked(f, p.Want.Subnets)
		return
	}
	vpc := home(f, p.Shape)
	if vpc == "" {
		return
	}
	p.Chosen = true
	p.Subnets = onePerZone(f, vpc, p.Want.Size)
}

// asked are the subnets with these ids, in their order; those that do not exist are left out.
func asked(f Facts, ids []string) []fleet.Subnet {
	var found []fleet.Subnet
	for _, id := range ids {
		if i := slices.IndexFunc(f.Subnets, func(s fleet.Subnet) bool { return s.ID == id }); i >= 0 {
			found = append(found, f.Subnets[i])
		}
	}
	return found
}

// home is the VPC in which the instances belong: that of the source, of its security groups, the default one, or the
// only one there is. It is empty when that cannot be told.
func home(f Facts, s Shape) string {
	if f.Instance.VPC != "" {
		return f.Instance.VPC
	}
	for _, g := range f.SecurityGroups {
		if slices.Contains(s.SecurityGroups, g.ID) && g.VPC != "" {
			return g.VPC
		}
	}
	for _, s := range f.Subnets {
		if s.Default {
			return s.VPC
		}
	}
	if all := networks(f.Subnets); len(all) == 1 {
		return all[0]
	}
	return ""
}

// networks are the VPCs of subnets, each once.
func networks(subnets []fleet.Subnet) []string {
	var all []string
	for _, s := range subnets {
		all = append(all, s.VPC)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// onePerZone takes a subnet of each zone that offers the instance type: where the source is, its own; elsewhere one that is called alike, and of
// those one with enough addresses.
func onePerZone(f Facts, vpc string, size int) []fleet.Subnet {
	own := slices.IndexFunc(f.Subnets, func(s fleet.Subnet) bool { return s.ID == f.Instance.Subnet })
	like := ""
	if own >= 0 {
		like = stem(f.Subnets[own])
	}
	best := map[string]fleet.Subnet{}
	for _, s := range f.Subnets {
		offered := len(f.Offered) == 0 || slices.Contains(f.Offered, s.Zone)
		if now, there := best[s.Zone]; s.VPC == vpc && offered && (!there || better(s, now, f.Instance.Subnet, like, size)) {
			best[s.Zone] = s
		}
	}
	var chosen []fleet.Subnet
	for _, s := range best {
		chosen = append(chosen, s)
	}
	slices.SortFunc(chosen, func(a, b fleet.Subnet) int { return cmp.Compare(a.Zone, b.Zone) })
	return chosen
}

// better reports whether a subnet goes before another of its zone.
func better(a, b fleet.Subnet, own, like string, size int) bool {
	if a.ID == own || b.ID == own {
		return a.ID == own
	}
	if x, y := like != "" && stem(a) == like, like != "" && stem(b) == like; x != y {
		return x
	}
	if a.Default != b.Default {
		return a.Default
	}
	if x, y := min(a.Free, size), min(b.Free, size); x != y { // beyond that it would only make the choice fickle
		return x > y
	}
	return a.ID < b.ID
}

// stem is what a subnet is called, without what tells its zone: "private-a" and "private-eu-west-1b" are both "private".
func stem(s fleet.Subnet) string {
	name := s.Tags["Name"]
	if name == "" || s.Zone == "" {
		return ""
	}
	name = strings.ReplaceAll(name, s.Zone, "")
	letter := s.Zone[len(s.Zone)-1:]
	return strings.Trim(strings.TrimSuffix(strings.TrimRight(name, "-_ "), letter), "-_ ")
}

// zones are the zones of subnets, each once.
func zones(subnets []fleet.Subnet) []string {
	var all []string
	for _, s := range subnets {
		all = append(all, s.Zone)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rooms: is there a network, and has it addresses for so many?
func rooms(f Facts, p Plan) (found []card.Finding) {
	for _, id := range p.Want.Subnets {
		if !slices.ContainsFunc(p.Subnets, func(s fleet.Subnet) bool { return s.ID == id }) {
			found = append(found, plan.Stop("Name subnets of this account and region with `--subnets`.", "There is no subnet %s here.", id))
		}
	}
	if len(found) > 0 {
		return found
	}
	switch vpcs := networks(p.Subnets); {
	case len(p.Subnets) == 0 && len(f.Subnets) == 0:
		return plan.One(plan.Stop("Make a VPC with subnets first.", "There are no subnets in %s.", f.Region))
	case len(p.Subnets) == 0:
		return plan.One(plan.Stop("Say where with `--subnets subnet-…`.", "It cannot be told in which network the instances belong: there are %s, and none is the default one.",
			say.Plural(len(networks(f.Subnets)), "VPC")))
	case len(vpcs) > 1:
		return plan.One(plan.Stop("Name subnets of one VPC.", "The subnets belong to different VPCs: %s.", strings.Join(vpcs, ", ")))
	}
	free := 0
	for _, s := range p.Subnets {
		free += s.Free
	}
	switch {
	case free < p.Order.Desired:
		return plan.One(plan.Stop("Add subnets with `--subnets`, or launch fewer.", "The subnets have %d free addresses for %s.", free, say.Plural(p.Order.Desired, "instance")))
	case free < p.Order.Max:
		found = append(found, plan.Warn("", "The subnets have %d free addresses, so the group cannot grow to its maximum of %d.", free, p.Order.Max))
	}
	if len(zones(p.Subnets)) == 1 && p.Order.Desired > 1 {
		found = append(found, plan.Warn("Name subnets of several zones with `--subnets`.", "All instances would be in one zone, %s: when it fails, so does the group.", p.Subnets[0].Zone))
	}
	return found
}
