package bake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Facts is what a plan is made from, as read at one moment.
type Facts struct {
	Now         time.Time
	Environment string
	Account     string
	Region      string
	Instance    fleet.Instance
	Source      *fleet.Image           // that the instance runs; nil when it is gone
	Group       *fleet.Group           // that the instance belongs to
	Launches    *fleet.TemplateVersion // what the group launches; read for a twin only
	Refresh     fleet.RefreshID        // under way on the group; read for a standby only
	Namesakes   int                    // images that have the name which this one would have, were it the first of its minute
	Taken       *fleet.Image           // the image that has the name already
	Node        *fleet.Node            // the instance as Systems Manager knows it
	Unseen      map[string]string      // what AWS does not let us see, by what it is about, with its words
	Store       bool                   // the instance has disks of its own that no image holds
	Fresh       int                    // GiB of volumes that have no snapshot yet
}

// Machines reads instances.
type Machines interface {
	Instance(ctx context.Context, id fleet.InstanceID) (fleet.Instance, error)
	// FindInstances returns instances whose id begins with the text, or whose Name tag holds it.
	FindInstances(ctx context.Context, text string, most int) ([]fleet.Instance, error)
	// LocalDisks says of each instance type whether it has instance store.
	LocalDisks(ctx context.Context, types ...string) (map[string]bool, error)
	Nodes(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]fleet.Node, error)
}

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	Machines
	Identity(ctx context.Context) (fleet.Identity, error)
	Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error)
	ImageNamed(ctx context.Context, name string) (fleet.Image, error)
	SnapshotsOf(ctx context.Context, volumes ...string) ([]fleet.Snapshot, error)
	Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error)
	TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error)
	Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error)
}

// mostNamesakes is how many names are tried for an image that nobody named.
const mostNamesakes = 5

// Gather reads the facts about an instance, in up to ten calls. It returns a fault when there is no such instance, or
// more than one of that name. What may not be read about the risk is noted, and is no error.
func Gather(ctx context.Context, from Reader, environment string, want Want) (Facts, error) {
	f := Facts{Now: time.Now(), Environment: environment, Unseen: map[string]string{}}
	if err := want.validate(); err != nil {
		return f, err
	}
	g := gathering{ctx: ctx, from: from, facts: &f, want: want}
	for _, read := range []func() error{g.place, g.instance, g.source, g.group, g.launches, g.refresh, g.taken, g.node, g.store, g.snapshots} {
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

func (g gathering) place() error {
	who, err := g.from.Identity(g.ctx)
	if err != nil {
		return fmt.Errorf("ask who we are in %s: %w", g.facts.Environment, err)
	}
	g.facts.Account, g.facts.Region = who.Account, who.Region
	return nil
}

// instance finds the instance by its id, or by its whole Name tag.
func (g gathering) instance() (err error) {
	name := strings.TrimSpace(g.want.Instance)
	if idForm.MatchString(name) {
		return g.read(fleet.InstanceID(name))
	}
	found, err := g.from.FindInstances(g.ctx, name, 1000)
	if err != nil {
		return fmt.Errorf("find instance %s: %w", name, err)
	}
	exact := slices.DeleteFunc(slices.Clone(found), func(i fleet.Instance) bool { return i.Name != name })
	if len(exact) != 1 {
		return unclear(name, g.facts.Environment, exact, found)
	}
	return g.read(exact[0].ID)
}

// read reads the instance with the sizes of its volumes.
func (g gathering) read(id fleet.InstanceID) (err error) {
	g.facts.Instance, err = g.from.Instance(g.ctx, id)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return fault.New(fault.NotFound, "There is no instance %s in %s.", id, g.facts.Environment).
			WithHint("It may have been terminated, or live in another environment: `--in` names one.")
	}
	if err != nil {
		return fmt.Errorf("read instance %s: %w", id, err)
	}
	return nil
}

// unclear says that a name means no instance, or which ones.
func unclear(name, environment string, exact, near []fleet.Instance) error {
	name = card.Inert(name)
	if len(exact) > 1 {
		return fault.New(fault.Invalid, "%d instances in %s are named %s: %s.", len(exact), environment, name, say.Some(ids(exact), 5)).
			WithHint("Name the one you mean by its id.")
	}
	none := fault.New(fault.NotFound, "There is no instance named %s in %s.", name, environment)
	if len(near) == 0 {
		return none.WithHint("Name it by its id, or by its whole Name tag.")
	}
	var words []string
	for _, i := range near {
		words = append(words, fmt.Sprintf("%s (%s)", card.Inert(i.Name), i.ID))
	}
	return none.WithHint("There are: %s.", say.Some(words, 5))
}

func ids(list []fleet.Instance) []fleet.InstanceID {
	all := make([]fleet.InstanceID, len(list))
	for n, i := range list {
		all[n] = i.ID
	}
	return all
}

func (g gathering) source() error {
	id := g.facts.Instance.Image
	if id == "" {
		return nil
	}
	images, err := g.from.Images(g.ctx, id)
	if err != nil {
		return fmt.Errorf("read image %s: %w", id, err)
	}
	if len(images) > 0 {
		g.facts.Source = &images[0]
	}
	return nil
}

// group reads the group that the instance serves in. A group that is gone, or that let go of it, is none.
func (g gathering) group() error {
	name := g.facts.Instance.Group
	if name == "" {
		return nil
	}
	group, err := g.from.Group(g.ctx, name)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read group %s: %w", name, err)
	}
	if _, member := memberOf(group, g.facts.Instance.ID); member {
		g.facts.Group = &group
	}
	return nil
}

// memberOf finds an instance in a group.
func memberOf(g fleet.Group, id fleet.InstanceID) (fleet.Member, bool) {
	i := slices.IndexFunc(g.Instances, func(m fleet.Member) bool { return m.ID == id })
	if i < 0 {
		return fleet.Member{}, false
	}
	return g.Instances[i], true
}

// launches reads what a twin would be launched from, with its number.
func (g gathering) launches() error {
	if g.facts.Group == nil || g.want.Way != Twin || g.facts.Group.Ref() == (fleet.TemplateRef{}) {
		return nil
	}
	ref := g.facts.Group.Ref()
	v, err := g.from.TemplateVersion(g.ctx, ref)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read version %s of template %s: %w", ref.Version, ref.Name, err)
	}
	g.facts.Launches = &v
	return nil
}

func (g gathering) refresh() error {
	if g.facts.Group == nil || g.want.Way != Standby {
		return nil
	}
	refreshes, err := g.from.Refreshes(g.ctx, g.facts.Group.Name)
	if err != nil {
		return fmt.Errorf("read the refreshes of %s: %w", g.facts.Group.Name, err)
	}
	for _, r := range refreshes {
		if !r.Over() {
			g.facts.Refresh = r.ID
		}
	}
	return nil
}

// taken looks whether the name is free. Where nobody asked for one, the next that is free is taken.
func (g gathering) taken() error {
	for n := range mostNamesakes {
		g.facts.Namesakes = n
		name := g.want.named(*g.facts)
		image, err := g.from.ImageNamed(g.ctx, name)
		if err != nil && fleet.KindOf(err) == fleet.Absent {
			g.facts.Taken = nil
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for an image named %s: %w", name, err)
		}
		if g.facts.Taken = &image; g.want.Name != "" {
			return nil
		}
	}
	return nil
}

func (g gathering) node() error {
	id := g.facts.Instance.ID
	nodes, err := g.from.Nodes(g.ctx, id)
	if err != nil && fleet.KindOf(err) == fleet.Refused {
		g.facts.Unseen["ssm"] = say.AWS(err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask Systems Manager for %s: %w", id, err)
	}
	if n, known := nodes[id]; known {
		g.facts.Node = &n
	}
	return nil
}

func (g gathering) store() error {
	kind := g.facts.Instance.Type
	if kind == "" {
		return nil
	}
	disks, err := g.from.LocalDisks(g.ctx, kind)
	if err != nil && fleet.KindOf(err) == fleet.Refused {
		g.facts.Unseen["store"] = say.AWS(err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read instance type %s: %w", kind, err)
	}
	g.facts.Store = disks[kind]
	return nil
}

// snapshots counts what has never been saved: a first snapshot reads a whole volume, a later one what changed.
func (g gathering) snapshots() error {
	var volumes []string
	for _, d := range g.facts.Instance.Disks {
		volumes = append(volumes, d.Volume)
	}
	if len(volumes) == 0 {
		return nil
	}
	list, err := g.from.SnapshotsOf(g.ctx, volumes...)
	if err != nil && fleet.KindOf(err) == fleet.Refused {
		g.facts.Unseen["snapshots"] = say.AWS(err)
		list = nil
	} else if err != nil {
		return fmt.Errorf("read the snapshots of %s: %w", g.facts.Instance.ID, err)
	}
	saved := map[string]bool{}
	for _, s := range list {
		saved[s.Volume] = saved[s.Volume] || s.State == "completed"
	}
	for _, d := range g.facts.Instance.Disks {
		if !saved[d.Volume] {
			g.facts.Fresh += d.Size
		}
	}
	return nil
}
