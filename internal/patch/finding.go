package patch

import (
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// preflight is what the bake and every group's rollout found, with the group's name in front, and what shows only when
// they are seen together. Stops come first.
func preflight(f Facts, p Plan) []card.Finding {
	found := baking(p)
	for i, g := range p.Groups {
		for _, one := range slices.Concat(g.Findings, carried(f.Bake, f.Groups[i], p.Bake), astray(p, i)) {
			one.Text = string(g.Group) + ": " + one.Text
			found = append(found, one)
		}
	}
	found = append(found, slices.Concat(fromWithin(p), tried(f, p))...)
	return plan.StopsFirst(found)
}

// baking is what the bake found. Its choices are this command's, too, apart from the twin.
func baking(p Plan) []card.Finding {
	found := slices.Clone(p.Bake.Findings)
	for i := range found {
		if found[i].Stop && p.Bake.Group != "" && p.Bake.Way == bake.Reboot && strings.Contains(found[i].Hint, "/ami bake") {
			found[i].Hint = "Choose `--no-reboot`, which leaves it running, or `--standby`, which takes it out of service, reboots it and brings it back."
		}
	}
	return found
}

// carried tells in what the server differs from what a group launches: what would come along with the image, and what
// would not.
func carried(from bake.Facts, group rollout.Facts, p bake.Plan) (found []card.Finding) {
	i, to := from.Instance, group.From
	if i.Image != "" && to.Image != "" && i.Image != to.Image && !to.Image.IsParameter() {
		found = append(found, plan.Warn("Make sure that nothing is missed.",
			"it launches %s now, and the server was made from %s: whatever only the first has will be gone.", to.Image, i.Image))
	}
	if i.Type != "" && to.InstanceType != "" && i.Type != to.InstanceType {
		found = append(found, plan.Warn("", "its instances stay %s; the server is %s.", to.InstanceType, i.Type))
	}
	now := group.Images[to.Image]
	if more := beside(dataDisks(p.Disks, i.Root), dataDisks(now.Disks, now.Root)); len(more) > 0 {
		found = append(found, plan.Warn("Choose an instance without them, or detach them first, if they are not meant.",
			"the server's other disks come along to every instance, with what is on them: %s.", say.Some(more, 5)))
	}
	if less := beside(dataDisks(now.Disks, now.Root), dataDisks(p.Disks, i.Root)); len(less) > 0 {
		found = append(found, plan.Warn("Make sure that they are not needed.", "the present image has disks that the server has not: %s.", say.Some(less, 5)))
	}
	return found
}

// dataDisks are the devices besides the root.
func dataDisks(disks []fleet.Disk, root string) (devices []string) {
	for _, d := range disks {
		if !d.Root && (root == "" || d.Device != root) {
			devices = append(devices, d.Device)
		}
	}
	return devices
}

// beside are those of the one that are not among the other.
func beside(one, other []string) []string {
	return slices.DeleteFunc(slices.Clone(one), func(d string) bool { return slices.Contains(other, d) })
}

// astray: a group that follows a template whose new version is made for a group before it would move on its own.
func astray(p Plan, i int) []card.Finding {
	g := p.Groups[i]
	for _, before := range p.Groups[:i] {
		if before.From.Template == g.From.Template && g.From.Template != "" && !g.Ref.Numeric() {
			return plan.One(plan.Stop("Patch it first, or in an operation of its own.",
				"it follows %s of template %s, which gets a new version for %s: it would launch that before its turn.",
				followed(g.Ref.Version), g.From.Name, before.Group))
		}
	}
	return nil
}

func followed(version string) string {
	if version == "" {
		return "$Default"
	}
	return version
}

// fromWithin: the server is one of those that are replaced.
func fromWithin(p Plan) []card.Finding {
	for _, g := range p.Groups {
		if g.Group == p.Bake.Group {
			return plan.One(plan.Warn("", "The server %s serves in %s itself: it is replaced, too.", p.Bake.Instance, g.Group))
		}
	}
	return nil
}

// tried: what the test needs.
func tried(f Facts, p Plan) []card.Finding {
	if p.Want.Test == "" {
		return nil
	}
	switch {
	case len(p.Subnets) == 0:
		return plan.One(plan.Stop("Leave the test out.", "%s names no subnet, so no machine can be launched for the test.", p.Groups[0].Group))
	case p.Groups[0].From.Version == 0:
		return nil // told already
	case strings.Contains(strings.ToLower(f.Bake.Instance.Platform), "windows"):
		return plan.One(plan.Stop("Leave the test out.", "The test is a shell command, and the server runs Windows."))
	case !p.Bake.Managed:
		why := p.Bake.NoManifest
		if why == "" {
			why = "Systems Manager does not reach " + string(p.Bake.Instance)
		}
		return plan.One(plan.Warn("Make sure that the agent runs on it, and that the group's role allows it.", "The test may not be answered: %s.", why))
	}
	return nil
}
