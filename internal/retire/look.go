package retire

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
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
	Shelf
}

// Shelf is the launch templates.
type Shelf interface {
	Templates(ctx context.Context) ([]fleet.Template, error)
	CurrentVersions(ctx context.Context) ([]fleet.TemplateVersion, error)
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

// Query is how it is asked what needs images.
type Query struct {
	Now    time.Time
	Own    ledger.ID // the operation that asks; it does not count
	Looked time.Time // when all versions of all templates were looked at for the images' snapshots; zero: never
}

// search is one search for what needs some images.
type search struct {
	ctx    context.Context
	from   Referrers
	keep   Keepers
	ask    Query
	images []Doomed
	ids    []fleet.ImageID
	uses   Uses
	notes  []card.Finding    // what could not be seen
	named  map[version][]Use // versions of templates that operations need, with the images that they name
}

// Find finds what needs the images and their snapshots, in four calls, and one for each template with versions that have
// to be looked at. What could not be seen is told beside.
func Find(ctx context.Context, from Referrers, keep Keepers, ask Query, images ...Doomed) (Uses, []card.Finding, error) {
	s := &search{ctx: ctx, from: from, keep: keep, ask: ask, images: images, uses: Uses{}, named: map[version][]Use{}}
	for _, d := range images {
		s.ids = append(s.ids, d.ID)
	}
	if len(s.ids) == 0 {
		return s.uses, nil, nil
	}
	for _, look := range []func() error{s.operations, s.cloud, s.families} { // operations name versions, which AWS knows
		if err := look(); err != nil {
			return nil, nil, err
		}
	}
	s.uses.sort()
	return s.uses, s.notes, nil
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
		s.notes = append(s.notes, warn("The instances that it runs were looked at.",
			fmt.Sprintf("I cannot see which image %s would launch: it has a launch configuration.", say.Some(blind, 3))))
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

func noun(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
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
	since := s.ask.Now.Add(-s.keep.rollback())
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
