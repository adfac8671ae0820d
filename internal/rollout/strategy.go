package rollout

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// The strategies of a refresh. InPlace gives every instance a new root volume and keeps the rest of it.
//
// What AWS documents of it is checked before: a mixed instances policy whose every override names the image, images of
// one volume, instances that run what the group launches, and what replacing a root volume asks of an image (the
// architecture, at least the size, the boot mode, the product codes). Three things are not documented, so that the plan
// takes the careful side: whether AWS takes such a refresh back when the group's present overrides name no image (the
// automatic roll back stays off then), which version the group shows of an instance whose root volume was replaced
// (the image that EC2 shows counts instead), and whether the group may grow meanwhile (it is not counted on).
const (
	Rolling = "Rolling"
	InPlace = "ReplaceRootVolume"
)

// kept is what becomes of an instance whose root volume is replaced.
const kept = "instances keep their ids, addresses and data volumes; what is in memory and on the root volumes is lost, and each reboots"

func (p Plan) inPlace() bool { return p.Want.Strategy == InPlace }

func (w Want) validStrategy() *fault.Fault {
	switch {
	case w.Strategy != "" && w.Strategy != Rolling && w.Strategy != InPlace:
		return invalid("%q is no strategy of a rollout.", w.Strategy).WithHint("Choose rolling or replace-root-volume.")
	case w.Strategy == InPlace && w.MaxHealthy != nil && *w.MaxHealthy > 100:
		return invalid("`--max-healthy %d` does nothing where root volumes are replaced: no instance is added.", *w.MaxHealthy).
			WithHint("Leave it out, or choose `--strategy rolling`.")
	}
	return nil
}

// sharesInPlace: nothing is launched ahead, so at least one instance at a time is out of service.
func sharesInPlace(g fleet.Group, w Want) (low, high int, why string) {
	switch {
	case w.MinHealthy != nil:
		return *w.MinHealthy, 100, ""
	case g.MinHealthy != nil && *g.MinHealthy >= 0 && floor(g.Desired, *g.MinHealthy, 100) > 0:
		return *g.MinHealthy, 100, "as the group's own maintenance policy says; no instance is added"
	}
	return 90, 100, "no instance is added where root volumes are replaced"
}

// overrides is the image that every override of the group's policy is to name: where root volumes are replaced, and
// where all of them name the group's present image, as they do after that.
func (p Plan) overrides() fleet.ImageID {
	other := func(id fleet.ImageID) bool { return id != p.From.Image }
	switch {
	case p.Mixed == nil:
		return ""
	case p.inPlace(), p.namesImages() && !slices.ContainsFunc(p.Mixed.Images, other):
		return p.To.Image
	}
	return ""
}

// namesImages reports whether every override of the group's policy names an image.
func (p Plan) namesImages() bool {
	return p.Mixed != nil && len(p.Mixed.Images) > 0 && len(p.Mixed.Images) >= len(p.Mixed.Types)
}

// rootVolumes: can root volumes be replaced, and what is lost with them?
func rootVolumes(f Facts, p Plan) (found []card.Finding) {
	if !p.inPlace() {
		return nil
	}
	const instead = "Use `--strategy rolling`."
	if p.Mixed == nil || len(p.Mixed.Types) == 0 {
		return plan.One(plan.Stop(instead, "AWS replaces root volumes only in groups with a mixed instances policy that names its instance types, and %s has none.", p.Group))
	}
	if rest := p.otherDifferences(); rest != "" {
		found = append(found, plan.Stop(instead, "The versions differ in more than the image, which replacing root volumes would not bring: %s.", strings.ReplaceAll(rest, "\n", "; ")))
	}
	if other := strangers(f, p); len(other) > 0 {
		found = append(found, plan.Stop(instead, "%s another image than the group launches, and AWS replaces root volumes only where all run it: %s.",
			runWord(len(other)), say.Some(other, 5)))
	}
	found = append(found, rootImage(f, p)...)
	if p.Pace.Replaced > 0 {
		found = append(found, plan.Warn("Save what is needed of them first.", "What is on the root volumes is lost, and AWS keeps none of them."),
			plan.Warn("", "An instance whose root volume cannot be replaced is terminated, and another is launched in its place with new volumes."))
	}
	return found
}

// strangers are the instances that run neither what the group launches nor what is rolled out.
func strangers(f Facts, p Plan) (ids []fleet.InstanceID) {
	for _, m := range f.Group.Instances {
		image := f.Instances[m.ID].Image
		if !going(m) && leftAlone(m, p.Want) == "" && image != "" && image != p.From.Image && image != p.To.Image {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// rootImage is what EC2 asks of an image that a root volume is replaced with.
func rootImage(f Facts, p Plan) (found []card.Finding) {
	to, from := f.image(p), f.Images[p.From.Image]
	if to.ID == "" && to.Name == "" {
		return nil
	}
	const instead, called = "Choose another image, or `--strategy rolling`.", "Root volumes cannot be replaced with %s: "
	refuse := func(format string, args ...any) {
		found = append(found, plan.Stop(instead, called+format, append([]any{p.To.image()}, args...)...))
	}
	size := rootOf(to)
	switch {
	case to.Volumes > 1:
		refuse("it has %d volumes, and AWS takes images of one.", to.Volumes)
	case from.Volumes > 1:
		refuse("the present image has %d volumes, and AWS takes images of one.", from.Volumes)
	}
	switch {
	case size > 0 && size < p.Root:
		refuse("its root volume has %d GiB, the instances' have %d.", size, p.Root)
	case size == 0 || p.Root == 0:
		found = append(found, plan.Warn("Make sure that the new one is not smaller.", "It is not known how large the root volumes are."))
	}
	if to.BootMode != from.BootMode && to.BootMode != "" && from.BootMode != "" {
		refuse("it boots by %s, the instances by %s.", to.BootMode, from.BootMode)
	}
	if to.Platform != from.Platform && to.Platform != "" && from.Platform != "" {
		refuse("it is billed as %s, the instances as %s.", to.Platform, from.Platform)
	}
	if a, b := slices.Sorted(slices.Values(to.Products)), slices.Sorted(slices.Values(from.Products)); !slices.Equal(a, b) {
		refuse("its product codes are not those of the present image.")
	}
	return found
}

// rootOf is the size of an image's root volume in GiB; 0 when it is not known.
func rootOf(i fleet.Image) int {
	for _, d := range i.Disks {
		if d.Root || d.Device == i.Root && i.Root != "" {
			return d.Size
		}
	}
	return 0
}

// rootSize is the largest root volume that the instances may have: by their image, by the template, by what is known
// of the instances themselves.
func rootSize(f Facts) int {
	image := f.Images[f.From.Image]
	size := rootOf(image)
	for i := range 40 { // block devices of a template
		field := fmt.Sprintf("BlockDeviceMappings.%d.", i)
		if n, err := strconv.Atoi(f.From.Fields[field+"Ebs.VolumeSize"]); err == nil && f.From.Fields[field+"DeviceName"] == image.Root {
			size = max(size, n)
		}
	}
	for _, m := range f.Instances {
		for _, d := range m.Disks {
			if d.Root {
				size = max(size, d.Size)
			}
		}
	}
	return size
}

func runWord(n int) string {
	if n == 1 {
		return "1 instance runs"
	}
	return fmt.Sprintf("%d instances run", n)
}

// seen reads the group's instances from EC2, where the group's own word is not enough: it may name the version that an
// instance was launched from before its root volume was replaced.
func (r *run) seen(ctx context.Context, g fleet.Group) (map[fleet.InstanceID]fleet.Instance, error) {
	if !r.plan.inPlace() {
		return nil, nil
	}
	return machines(ctx, r.fleet, members(g))
}

// versionOf is the version that an instance runs.
func (r *run) versionOf(m fleet.Member, seen map[fleet.InstanceID]fleet.Instance) string {
	if image := seen[m.ID].Image; r.plan.inPlace() && image != "" {
		switch image {
		case r.plan.To.Image:
			return strconv.FormatInt(r.data.Version, 10)
		case r.plan.From.Image:
			return strconv.FormatInt(r.plan.From.Version, 10)
		}
	}
	return m.Template.Version
}

// renewed reports whether an instance runs what is rolled out.
func (r *run) renewed(m fleet.Member, seen map[fleet.InstanceID]fleet.Instance) bool {
	if r.plan.inPlace() {
		return r.versionOf(m, seen) == strconv.FormatInt(r.data.Version, 10)
	}
	return launchedFrom(m, r.plan.To.Template, r.data.Version)
}
