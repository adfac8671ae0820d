package retire

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Referrers is the part of the cloud that tells what refers to images.
type Referrers interface {
	ImageReferences(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Reference, error)
	Groups(ctx context.Context) ([]fleet.Group, error)
	Templates(ctx context.Context) ([]fleet.Template, error)
	TemplateVersions(ctx context.Context, ref fleet.TemplateRef) ([]fleet.TemplateVersion, error)
}

// Families are the golden images as they stand. *family.Store is one.
type Families interface {
	All(ctx context.Context, environment string) ([]family.Golden, error)
	History(ctx context.Context, environment, family string, n int) ([]family.Golden, error)
}

// Records are the operations there are and were. *ledger.Ledger is one.
type Records interface {
	Open(ctx context.Context) ([]ledger.Record, error)
	Recent(ctx context.Context, n int) ([]ledger.Record, error)
}

// Keepers are what images are needed by besides what AWS knows.
type Keepers struct {
	Families Families
	Records  Records
	Rollback time.Duration // how long the way back is kept; three days when zero
}

func (k Keepers) rollback() time.Duration {
	if k.Rollback == 0 {
		return usualRollback
	}
	return k.Rollback
}

// search is one search for what needs some images.
type search struct {
	ctx  context.Context
	from Referrers
	keep Keepers
	ids  []fleet.ImageID
	now  time.Time
	own  ledger.ID // the operation that searches; it does not count
	uses Uses
	note []string // what could not be seen
}

// Find finds what needs the images, in three calls and one for each template that names one of them. own is the
// operation that asks, which is none of them.
func Find(ctx context.Context, from Referrers, keep Keepers, now time.Time, own ledger.ID, ids ...fleet.ImageID) (Uses, []string, error) {
	s := &search{ctx: ctx, from: from, keep: keep, ids: ids, now: now, own: own, uses: Uses{}}
	if len(ids) == 0 {
		return s.uses, nil, nil
	}
	for _, look := range []func() error{s.cloud, s.families, s.operations} {
		if err := look(); err != nil {
			return nil, nil, err
		}
	}
	s.uses.sort()
	return s.uses, s.note, nil
}

// cloud asks AWS. What it does not tell cannot be taken for nothing, so a refusal ends the search.
func (s *search) cloud() error {
	refs, err := s.from.ImageReferences(s.ctx, s.ids...)
	if fleet.KindOf(err) == fleet.Refused {
		return fault.New(fault.Denied, "AWS does not let me see what refers to images, so nothing can be retired: %s", say.AWS(err)).
			WithHint("Whoever keeps my IAM policy can allow ec2:DescribeImageReferences.")
	}
	if err != nil {
		return fmt.Errorf("find what refers to %s: %w", say.Some(s.ids, 3), err)
	}
	groups, err := s.from.Groups(s.ctx)
	if err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	s.overrides(groups)
	s.instances(refs)
	s.others(refs)
	return s.templates(refs, groups)
}

// overrides are images that a group's mixed instances policy names itself, and groups that cannot be looked into.
func (s *search) overrides(groups []fleet.Group) {
	var blind []string
	for _, g := range groups {
		if g.Mixed == nil && g.Template == (fleet.TemplateRef{}) {
			blind = append(blind, string(g.Name))
		}
		if g.Mixed == nil {
			continue
		}
		for _, id := range g.Mixed.Images {
			if slices.Contains(s.ids, id) {
				s.uses.add(id, Launched, "", fmt.Sprintf("an override of group %s launches it", g.Name))
			}
		}
	}
	if len(blind) > 0 {
		s.note = append(s.note, fmt.Sprintf("I cannot see which image %s would launch: it has a launch configuration.", say.Some(blind, 3)))
	}
}

// instances counts those that run an image, or would when they are started.
func (s *search) instances(refs []fleet.Reference) {
	runs := map[fleet.ImageID][]string{}
	for _, r := range refs {
		if r.Type == "ec2:Instance" {
			runs[r.Image] = append(runs[r.Image], resource(r.ARN, "instance"))
		}
	}
	for id, all := range runs {
		s.uses.add(id, Running, "", fmt.Sprintf("%s from it: %s", plural(len(all), "instance was made", "instances were made"), say.Some(all, 3)))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (s *search) others(refs []fleet.Reference) {
	for _, r := range refs {
		switch {
		case r.Type == "ec2:Instance" || r.Type == "ec2:LaunchTemplate":
		case r.Type == "ssm:Parameter":
			s.uses.add(r.Image, Parameter, "", fmt.Sprintf("parameter /%s holds it", strings.TrimPrefix(resource(r.ARN, "parameter"), "/")))
		case strings.HasPrefix(r.Type, "imagebuilder:"):
			s.uses.add(r.Image, Recipe, "", "Image Builder's recipe "+r.ARN+" starts from it")
		default:
			s.uses.add(r.Image, Other, "", r.Type+" "+r.ARN+" refers to it")
		}
	}
}

// templates judges each version that names an image: by what launches it, or that nothing does.
func (s *search) templates(refs []fleet.Reference, groups []fleet.Group) error {
	named := map[fleet.TemplateID]bool{}
	for _, r := range refs {
		if r.Type == "ec2:LaunchTemplate" {
			id, _, _ := strings.Cut(resource(r.ARN, "launch-template"), "/")
			named[fleet.TemplateID(id)] = true
		}
	}
	if len(named) == 0 {
		return nil
	}
	all, err := s.from.Templates(s.ctx)
	if err != nil {
		return fmt.Errorf("list launch templates: %w", err)
	}
	for _, t := range all {
		if !named[t.ID] {
			continue
		}
		if err := s.versions(t, launching(t, groups)); err != nil {
			return err
		}
	}
	return nil
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
			if ref.ID != t.ID && (ref.ID != "" || ref.Name != t.Name) {
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

func (s *search) versions(t fleet.Template, groups map[int64][]string) error {
	versions, err := s.from.TemplateVersions(s.ctx, fleet.TemplateRef{ID: t.ID})
	if fleet.KindOf(err) == fleet.Absent && err != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the versions of template %s: %w", t.Name, err)
	}
	old := map[fleet.ImageID][]string{}
	for _, v := range versions {
		if !slices.Contains(s.ids, v.Image) {
			continue
		}
		switch name := fmt.Sprintf("%s version %d", t.Name, v.Number); {
		case len(groups[v.Number]) > 0:
			s.uses.add(v.Image, Launched, "", fmt.Sprintf("%s %s it, with %s", group(groups[v.Number]), noun(len(groups[v.Number]), "launches", "launch"), name))
		case v.Number == t.Default:
			s.uses.add(v.Image, Default, fmt.Sprintf("`/template default %s <version>` makes another one the default.", t.Name), name+", the template's default, names it")
		case v.Number == t.Latest:
			s.uses.add(v.Image, Default, "", name+", the template's latest, names it")
		default:
			old[v.Image] = append(old[v.Image], strconv.FormatInt(v.Number, 10))
		}
	}
	for id, numbers := range old {
		s.uses.add(id, OldVersion,
			fmt.Sprintf("`/template clean %s --keep 3` removes old versions; or add `--with-old-versions`, and they launch nothing any more.", t.Name),
			fmt.Sprintf("%s %s of %s %s it, though no group uses %s", noun(len(numbers), "version", "versions"), say.Some(numbers, 5), t.Name, noun(len(numbers), "names", "name"), noun(len(numbers), "it", "them")))
	}
	return nil
}

func noun(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func group(names []string) string {
	return noun(len(names), "group ", "groups ") + say.Some(names, 3)
}

// families are those whose golden image it is, or was so lately that the way back needs it. Ids are the same in every
// environment of an account, so all are looked at.
func (s *search) families() error {
	if s.keep.Families == nil {
		return nil
	}
	all, err := s.keep.Families.All(s.ctx, "")
	if err != nil {
		return err
	}
	since := s.now.Add(-s.keep.rollback())
	for _, g := range all {
		history, err := s.keep.Families.History(s.ctx, g.Environment, g.Family, 100)
		if err != nil {
			return err
		}
		for i, was := range family.Since(history, since) {
			switch {
			case !slices.Contains(s.ids, was.Image):
			case i == 0:
				s.uses.add(was.Image, Golden, fmt.Sprintf("`/ami promote <image> --family %s` makes another one golden.", g.Family), "it is the golden image of "+g.Family)
			default:
				until := history[i-1].At.Add(s.keep.rollback())
				s.uses.add(was.Image, WayBack, "", fmt.Sprintf("it was golden in %s, and `/ami revert` may need it until %s", g.Family, moment(until)))
			}
		}
	}
	return nil
}

func moment(t time.Time) string { return t.UTC().Format("2 January 15:04 UTC") }
