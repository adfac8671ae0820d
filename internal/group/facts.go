package group

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Facts is what a plan is made from, as read at one moment.
type Facts struct {
	Now         time.Time
	Environment string
	Group       fleet.Group
	Refreshes   []fleet.Refresh                     // newest first
	Machines    map[fleet.InstanceID]fleet.Instance // of the group; read where it matters when they were launched
	From, To    fleet.TemplateVersion               // of Attach; To is zero when there is no such version
	Images      map[fleet.ImageID]fleet.Image       // of Attach
}

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error)
	Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error)
	Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error)
	TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error)
	Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error)
}

// Gather reads the facts about a group. It returns a fault when the group does not exist.
func Gather(ctx context.Context, from Reader, environment string, now time.Time, w Want) (Facts, error) {
	if err := w.validate(); err != nil {
		return Facts{}, err
	}
	g, err := from.Group(ctx, w.Group)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return Facts{}, fault.New(fault.NotFound, "There is no group %s in %s.", w.Group, environment).
			WithHint("`/asg list` shows the groups there are.")
	}
	if err != nil {
		return Facts{}, fmt.Errorf("read group %s: %w", w.Group, err)
	}
	f := Facts{Now: now, Environment: environment, Group: g}
	if f.Refreshes, err = from.Refreshes(ctx, w.Group); err != nil {
		return f, fmt.Errorf("read the refreshes of %s: %w", w.Group, err)
	}
	switch w.Kind {
	case Scale:
		return f, f.machines(ctx, from)
	case Attach:
		return f, f.versions(ctx, from, w)
	}
	return f, nil
}

// machines reads when the instances were launched: that decides which of them go first.
func (f *Facts) machines(ctx context.Context, from Reader) error {
	ids := make([]fleet.InstanceID, len(f.Group.Instances))
	for i, m := range f.Group.Instances {
		ids[i] = m.ID
	}
	f.Machines = make(map[fleet.InstanceID]fleet.Instance, len(ids))
	if len(ids) == 0 {
		return nil
	}
	found, err := from.Instances(ctx, ids...)
	if err != nil {
		return fmt.Errorf("read %d instances: %w", len(ids), err)
	}
	for _, i := range found {
		f.Machines[i.ID] = i
	}
	return nil
}

// versions reads what the group launches from, and what it should.
func (f *Facts) versions(ctx context.Context, from Reader, w Want) error {
	var err error
	if ref := f.Group.Ref(); ref != (fleet.TemplateRef{}) {
		if f.From, err = version(ctx, from, ref); err != nil {
			return err
		}
	}
	if f.To, err = version(ctx, from, w.ref()); err != nil {
		return err
	}
	f.Images = map[fleet.ImageID]fleet.Image{}
	if f.To.Image == "" || f.To.Image.IsParameter() {
		return nil
	}
	images, err := from.Images(ctx, f.To.Image)
	if err != nil {
		return fmt.Errorf("read image %s: %w", f.To.Image, err)
	}
	for _, i := range images {
		f.Images[i.ID] = i
	}
	return nil
}

// version is zero where there is no such version.
func version(ctx context.Context, from Reader, ref fleet.TemplateRef) (fleet.TemplateVersion, error) {
	v, err := from.TemplateVersion(ctx, ref)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return fleet.TemplateVersion{}, nil
	}
	if err != nil {
		return v, fmt.Errorf("read version %s of template %s%s: %w", ref.Version, ref.Name, ref.ID, err)
	}
	return v, nil
}

// ref names the version that is to be attached.
func (w Want) ref() fleet.TemplateRef {
	ref := fleet.TemplateRef{Name: w.Template}
	if len(w.Template) > 3 && w.Template[:3] == "lt-" {
		ref = fleet.TemplateRef{ID: fleet.TemplateID(w.Template)}
	}
	if w.Version > 0 {
		ref.Version = strconv.FormatInt(w.Version, 10)
	}
	return ref
}

// refreshing is the refresh that is under way, if there is one.
func (f Facts) refreshing() (fleet.Refresh, bool) {
	for _, r := range f.Refreshes {
		if !r.Over() {
			return r, true
		}
	}
	return fleet.Refresh{}, false
}
