package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Facts is what a plan is made from: the group and everything that decides whether it can be rolled, as
// read at one moment.
type Facts struct {
	Now         time.Time
	Environment string
	Account     string
	Region      string
	Group       fleet.Group
	Template    fleet.Template
	From        fleet.TemplateVersion         // what the group launches from; zero when there is none
	To          *fleet.TemplateVersion        // the version that was asked for; nil when it does not exist or an image was asked for
	Images      map[fleet.ImageID]fleet.Image // of From, To and the wish; what does not exist is absent
	Coming      fleet.Image                   // stands in for the image that is still to be made, as far as it is known what it will be
	Instances   map[fleet.InstanceID]fleet.Instance
	Refreshes   []fleet.Refresh // newest first
	Targets     []fleet.Target  // of all target groups
	Alarms      []fleet.Alarm   // those that were asked for and exist
	Open        []fleet.Alarm   // those that are in ALARM for the group
	Stores      map[string]bool // by instance type: it has disks of its own, which are gone with the instance
	// Unseen is what AWS does not let us see of the risk, by the call that it refused.
	Unseen map[string]string
}

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error)
	Template(ctx context.Context, ref fleet.TemplateRef) (fleet.Template, error)
	TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error)
	Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error)
	Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error)
	Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error)
	TargetHealth(ctx context.Context, targetGroup string) ([]fleet.Target, error)
	Alarms(ctx context.Context, names ...string) ([]fleet.Alarm, error)
	// OpenAlarms returns the alarms in ALARM whose metric is the group's, one of its instances', or that of
	// what balances its load.
	OpenAlarms(ctx context.Context, g fleet.Group) ([]fleet.Alarm, error)
	// LocalDisks says of each instance type whether it has instance store.
	LocalDisks(ctx context.Context, types ...string) (map[string]bool, error)
}

// Gather reads the facts about a group, in nine calls and one for each target group. It returns a fault
// when the group does not exist. What may not be read about the risk is noted, and is no error.
func Gather(ctx context.Context, from Reader, environment string, name fleet.GroupName, want Want) (Facts, error) {
	group, err := from.Group(ctx, name)
	if fleet.KindOf(err) == fleet.Absent && err != nil {
		return Facts{}, fault.New(fault.NotFound, "There is no group %s in %s.", name, environment).
			WithHint("`/asg list` shows the groups there are.")
	}
	if err != nil {
		return Facts{}, fmt.Errorf("read group %s: %w", name, err)
	}
	f := Facts{Now: time.Now(), Environment: environment, Group: group}
	f.Account, f.Region = place(group.ARN)
	g := gathering{ctx: ctx, from: from, facts: &f, want: want}
	for _, read := range []func() error{g.template, g.images, g.instances, g.refreshes, g.targets, g.alarms, g.open, g.stores} {
		if err := read(); err != nil {
			return Facts{}, err
		}
	}
	return f, nil
}

// gathering is one Gather under way.
type gathering struct {
	ctx   context.Context
	from  Reader
	facts *Facts
	want  Want
}

func (g gathering) template() error {
	ref := g.facts.Group.Ref()
	if ref == (fleet.TemplateRef{}) {
		return nil
	}
	template, err := g.from.Template(g.ctx, ref)
	if err != nil && fleet.KindOf(err) != fleet.Absent {
		return fmt.Errorf("read the launch template of %s: %w", g.facts.Group.Name, err)
	}
	g.facts.Template = template
	from, err := g.version(ref)
	if err != nil {
		return err
	}
	if from != nil {
		g.facts.From = *from
	}
	if g.want.Version > 0 {
		ref.Version = strconv.FormatInt(g.want.Version, 10)
		g.facts.To, err = g.version(ref)
	}
	return err
}

// version returns nil for a version that does not exist.
func (g gathering) version(ref fleet.TemplateRef) (*fleet.TemplateVersion, error) {
	v, err := g.from.TemplateVersion(g.ctx, ref)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read version %s of template %s: %w", ref.Version, ref.Name, err)
	}
	return &v, nil
}

func (g gathering) images() error {
	ids := []fleet.ImageID{}
	add := func(id fleet.ImageID) {
		if id != "" && !id.IsParameter() {
			ids = append(ids, id)
		}
	}
	add(g.facts.From.Image)
	if g.want.Image != g.facts.From.Image && imageID(g.want.Image) {
		add(g.want.Image)
	}
	if to := g.facts.To; to != nil && to.Image != g.facts.From.Image {
		add(to.Image)
	}
	g.facts.Images = map[fleet.ImageID]fleet.Image{}
	if len(ids) == 0 {
		return nil
	}
	images, err := g.from.Images(g.ctx, ids...)
	if err != nil {
		return fmt.Errorf("read images %v: %w", ids, err)
	}
	for _, i := range images {
		g.facts.Images[i.ID] = i
	}
	return nil
}

func (g gathering) instances() error {
	ids := make([]fleet.InstanceID, 0, len(g.facts.Group.Instances))
	for _, m := range g.facts.Group.Instances {
		ids = append(ids, m.ID)
	}
	var err error
	g.facts.Instances, err = machines(g.ctx, g.from, ids)
	return err
}

// machines reads instances by id; those that are gone are absent.
func machines(ctx context.Context, from Reader, ids []fleet.InstanceID) (map[fleet.InstanceID]fleet.Instance, error) {
	found := make(map[fleet.InstanceID]fleet.Instance, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	list, err := from.Instances(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read %d instances: %w", len(ids), err)
	}
	for _, i := range list {
		found[i.ID] = i
	}
	return found, nil
}

func (g gathering) refreshes() error {
	list, err := g.from.Refreshes(g.ctx, g.facts.Group.Name)
	if err != nil {
		return fmt.Errorf("read the refreshes of %s: %w", g.facts.Group.Name, err)
	}
	g.facts.Refreshes = list
	return nil
}

func (g gathering) targets() error {
	var errs []error
	for _, arn := range g.facts.Group.TargetGroups {
		list, err := g.from.TargetHealth(g.ctx, arn)
		if err != nil {
			errs = append(errs, fmt.Errorf("read target health: %w", err))
		}
		g.facts.Targets = append(g.facts.Targets, list...)
	}
	return errors.Join(errs...)
}

func (g gathering) alarms() error {
	if len(g.want.Alarms) == 0 {
		return nil
	}
	list, err := g.from.Alarms(g.ctx, g.want.Alarms...)
	if err != nil {
		return fmt.Errorf("read alarms: %w", err)
	}
	g.facts.Alarms = list
	return nil
}

// open reads which alarms ring for the group.
func (g gathering) open() error {
	list, err := g.from.OpenAlarms(g.ctx, g.facts.Group)
	if err = g.excuse(err); err != nil {
		return fmt.Errorf("read open alarms: %w", err)
	}
	g.facts.Open = list
	return nil
}

// stores reads which of the instances' types have disks of their own.
func (g gathering) stores() error {
	types := []string{}
	for _, m := range g.facts.Group.Instances {
		if m.Type != "" && !slices.Contains(types, m.Type) {
			types = append(types, m.Type)
		}
	}
	if len(types) == 0 {
		return nil
	}
	slices.Sort(types)
	stores, err := g.from.LocalDisks(g.ctx, types...)
	if err = g.excuse(err); err != nil {
		return fmt.Errorf("read instance types: %w", err)
	}
	g.facts.Stores = stores
	return nil
}

// excuse notes a refusal; any other error is kept. A missing permission must not stop a rollout, but what
// cannot be seen counts as bad, see Plan.Blast.
func (g gathering) excuse(err error) error {
	refused, ok := errors.AsType[*fleet.Error](err)
	if !ok || refused.Kind != fleet.Refused {
		return err
	}
	if g.facts.Unseen == nil {
		g.facts.Unseen = map[string]string{}
	}
	g.facts.Unseen[refused.Call] = refused.Message
	return nil
}

// place takes account and region from a group's ARN,
// arn:aws:autoscaling:<region>:<account>:autoScalingGroup:…
func place(arn string) (account, region string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", ""
	}
	return parts[4], parts[3]
}
