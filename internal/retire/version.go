package retire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// version is a version of a template.
type version struct {
	template fleet.TemplateID
	number   int64
}

const (
	mostTemplates = 300       // all of whose versions are read in one search: AWS takes a call for each
	clocksDiffer  = time.Hour // at the most, AWS's and ours
)

// templates judges each version that names an image or a snapshot of one: by what launches it, or that nothing does. AWS
// tells which templates name an image, and of none that it names a snapshot: so all of them are looked at. A version never
// changes, so a template without a new one is looked at once.
func (s *search) templates(refs []fleet.Reference, groups []fleet.Group) error {
	all, err := s.from.Templates(s.ctx)
	if err != nil {
		return fmt.Errorf("list launch templates: %w", err)
	}
	versions, err := s.from.CurrentVersions(s.ctx)
	if err != nil {
		return fmt.Errorf("list the present versions of launch templates: %w", err)
	}
	current := map[fleet.TemplateID][]fleet.TemplateVersion{}
	for _, v := range versions {
		current[v.Template] = append(current[v.Template], v)
	}
	named, read, left := naming(refs), 0, 0
	for _, t := range all {
		shown, launches := current[t.ID], launching(t, groups)
		switch {
		case !named[t.ID] && !s.older(t, shown, launches):
		case !named[t.ID] && read >= mostTemplates:
			left++
		default:
			read++
			if shown, err = s.versions(t); err != nil {
				return err
			}
		}
		s.judge(t, shown, launches)
	}
	if left > 0 {
		s.notes = append(s.notes, warn("AWS protects no snapshot that a template alone names. The latest and the default versions of all of them were looked at.",
			fmt.Sprintf("There are so many launch templates that old versions of %d were not looked at for snapshots that would go.", left)))
	}
	return nil
}

// naming are the templates that name an image themselves.
func naming(refs []fleet.Reference) map[fleet.TemplateID]bool {
	named := map[fleet.TemplateID]bool{}
	for _, r := range refs {
		if r.Type == "ec2:LaunchTemplate" {
			id, _, _ := strings.Cut(resource(r.ARN, "launch-template"), "/")
			named[fleet.TemplateID(id)] = true
		}
	}
	return named
}

// older reports whether a template has versions besides those shown that may name a snapshot and were not looked at yet,
// or that a group launches by now.
func (s *search) older(t fleet.Template, shown []fleet.TemplateVersion, launches map[int64][]string) bool {
	if !slices.ContainsFunc(s.images, func(d Doomed) bool { return len(d.Disks) > 0 }) {
		return false
	}
	has := func(n int64) bool {
		return slices.ContainsFunc(shown, func(v fleet.TemplateVersion) bool { return v.Number == n })
	}
	for n := range launches {
		if !has(n) {
			return true
		}
	}
	if t.Latest <= int64(len(shown)) {
		return false
	}
	since := s.ask.Looked.Add(-clocksDiffer)
	return slices.ContainsFunc(shown, func(v fleet.TemplateVersion) bool { return v.Created.After(since) })
}

// versions are all of a template; none when it is gone.
func (s *search) versions(t fleet.Template) ([]fleet.TemplateVersion, error) {
	all, err := s.from.TemplateVersions(s.ctx, fleet.TemplateRef{ID: t.ID})
	if fleet.KindOf(err) == fleet.Absent && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the versions of template %s: %w", t.Name, err)
	}
	return all, nil
}

// launching are the groups that launch each version of a template.
func launching(t fleet.Template, groups []fleet.Group) map[int64][]string {
	found := map[int64][]string{}
	for _, g := range groups {
		refs := []fleet.TemplateRef{g.Ref()}
		if g.Mixed != nil {
			refs = append(refs, g.Mixed.Templates...)
		}
		for _, ref := range refs {
			if ref == (fleet.TemplateRef{}) || ref.ID != t.ID && (ref.ID != "" || ref.Name != t.Name) {
				continue
			}
			n := number(t, ref.Version)
			if !slices.Contains(found[n], string(g.Name)) {
				found[n] = append(found[n], string(g.Name))
			}
		}
	}
	return found
}

// number resolves a version as a group names it.
func number(t fleet.Template, version string) int64 {
	switch version {
	case "", "$Default":
		return t.Default
	case "$Latest":
		return t.Latest
	}
	n, _ := strconv.ParseInt(version, 10, 64) // AWS lets nothing else stand there
	return n
}

// mention is an image with how versions name it: "it", or "its snapshot snap-1".
type mention struct {
	image fleet.ImageID
	what  string
}

// mentions are the images that a version names, by themselves or by a snapshot that volumes are made from.
func (s *search) mentions(v fleet.TemplateVersion) (all []mention) {
	for _, d := range s.images {
		if v.Image == d.ID {
			all = append(all, mention{d.ID, "it"})
			continue
		}
		i := slices.IndexFunc(d.Disks, func(disk Disk) bool { return makesVolume(v, disk.Snapshot) })
		if i >= 0 {
			all = append(all, mention{d.ID, "its snapshot " + d.Disks[i].Snapshot})
		}
	}
	return all
}

// makesVolume reports whether a block device of the version is made from the snapshot.
func makesVolume(v fleet.TemplateVersion, snapshot string) bool {
	for field, value := range v.Fields {
		if value == snapshot && strings.HasPrefix(field, "BlockDeviceMappings.") && strings.HasSuffix(field, ".Ebs.SnapshotId") {
			return true
		}
	}
	return false
}

// judge notes what the versions of a template need.
func (s *search) judge(t fleet.Template, versions []fleet.TemplateVersion, launches map[int64][]string) {
	old := map[mention][]string{}
	for _, v := range versions {
		for _, m := range s.mentions(v) {
			for _, u := range s.named[version{t.ID, v.Number}] {
				s.uses.add(m.image, u.Rank, u.Hint, u.Text)
			}
			if !s.current(t, v, m, launches[v.Number]) {
				old[m] = append(old[m], strconv.FormatInt(v.Number, 10))
			}
		}
	}
	for m, numbers := range old {
		s.uses.add(m.image, OldVersion,
			fmt.Sprintf("`/template clean %s --keep 3` removes old versions; or add `--with-old-versions`, and they launch nothing any more.", t.Name),
			fmt.Sprintf("%s %s of %s %s %s, though no group uses %s", noun(len(numbers), "version", "versions"), say.Some(numbers, 5), t.Name,
				noun(len(numbers), "names", "name"), m.what, noun(len(numbers), "it", "them")))
	}
}

// current notes a version that something is launched from, or would be; false for any other.
func (s *search) current(t fleet.Template, v fleet.TemplateVersion, m mention, groups []string) bool {
	name := fmt.Sprintf("%s version %d", t.Name, v.Number)
	launches := noun(len(groups), "launches", "launch")
	switch {
	case len(groups) > 0 && m.what == "it":
		s.uses.add(m.image, Launched, "", fmt.Sprintf("%s %s it, with %s", group(groups), launches, name))
	case len(groups) > 0:
		s.uses.add(m.image, Launched, "", fmt.Sprintf("%s %s %s, which names %s", group(groups), launches, name, m.what))
	case v.Number == t.Default:
		s.uses.add(m.image, Default, fmt.Sprintf("`/template default %s <version>` makes another one the default.", t.Name), name+", the template's default, names "+m.what)
	case v.Number == t.Latest:
		s.uses.add(m.image, Default, "", name+", the template's latest, names "+m.what)
	default:
		return false
	}
	return true
}

func group(names []string) string {
	return noun(len(names), "group ", "groups ") + say.Some(names, 3)
}
