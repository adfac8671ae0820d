package launch

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/template"
)

// Facts is what a plan is made from, as read at one moment.
type Facts struct {
	Now            time.Time
	Environment    string
	Account        string
	Region         string
	Group          *fleet.Group          // that has the name already
	Taken          *fleet.Template       // that has the name of the template that would be made
	Template       fleet.Template        // that was asked for
	Base           fleet.TemplateVersion // what the template is made from: of the template that was asked for, or of the live instance
	Followers      []fleet.GroupName     // that launch whatever is its latest version
	Instance       fleet.Instance        // the source, if it is one
	Image          *fleet.Image          // that is launched; nil when it does not exist, or is still to be baked
	Bake           bake.Facts            // with an instance
	Subnets        []fleet.Subnet        // all there are
	SecurityGroups []fleet.SecurityGroup // of the template; those that exist
	TargetGroups   []fleet.TargetGroup   // all there are, if any was asked for
	Offered        []string              // zones in which the instance type is offered
	Keys           []string              // if one was asked for
}

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	bake.Reader
	Network
	Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error)
	Template(ctx context.Context, ref fleet.TemplateRef) (fleet.Template, error)
	TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error)
	LiveSpec(ctx context.Context, id fleet.InstanceID) (fleet.TemplateVersion, error)
	Identity(ctx context.Context) (fleet.Identity, error)
	Groups(ctx context.Context) ([]fleet.Group, error)
}

// Network is where instances can be, and what guards them there.
type Network interface {
	Subnets(ctx context.Context, ids ...string) ([]fleet.Subnet, error)
	SecurityGroups(ctx context.Context, ids ...string) ([]fleet.SecurityGroup, error)
	TargetGroups(ctx context.Context, names ...string) ([]fleet.TargetGroup, error)
	// TypeZones returns the zones in which an instance type is offered.
	TypeZones(ctx context.Context, kind string) ([]string, error)
	KeyPairs(ctx context.Context) ([]string, error)
}

// Gather reads the facts. A source or a template that does not exist is a fault; a group that exists already is not.
func Gather(ctx context.Context, from Reader, environment string, w Want) (Facts, error) {
	if err := w.validate(); err != nil {
		return Facts{}, err
	}
	g := gathering{ctx: ctx, from: from, facts: &Facts{Now: time.Now(), Environment: environment}, want: w}
	for _, read := range []func() error{g.place, g.group, g.source, g.template, g.network, g.targets, g.hardware} {
		if err := read(); err != nil {
			return Facts{}, err
		}
	}
	return *g.facts, nil
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
		return fmt.Errorf("read whose account it is: %w", err)
	}
	g.facts.Account, g.facts.Region = who.Account, who.Region
	return nil
}

// missing reports whether the error only says that something does not exist.
func missing(err error) bool { return err != nil && fleet.KindOf(err) == fleet.Absent }

func (g gathering) group() error {
	group, err := g.from.Group(g.ctx, g.want.Group)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read group %s: %w", g.want.Group, err)
	}
	g.facts.Group = &group
	return nil
}

// source reads what is launched from.
func (g gathering) source() error {
	if g.want.Instance == "" {
		return g.image()
	}
	instance, err := g.from.Instance(g.ctx, g.want.Instance)
	if missing(err) {
		return fault.New(fault.NotFound, "There is no instance %s in %s.", g.want.Instance, g.facts.Environment).
			WithHint("Check the id; `/asg show` lists a group's instances.")
	}
	if err != nil {
		return fmt.Errorf("read instance %s: %w", g.want.Instance, err)
	}
	g.facts.Instance = instance
	if g.facts.Bake, err = bake.Gather(g.ctx, g.from, g.facts.Environment, g.want.baking()); err != nil {
		return err
	}
	return nil
}

func (g gathering) image() error {
	images, err := g.from.Images(g.ctx, g.want.Image)
	if err != nil {
		return fmt.Errorf("read image %s: %w", g.want.Image, err)
	}
	if len(images) > 0 {
		g.facts.Image = &images[0]
	}
	return nil
}

// template reads what the template is made from: the one that was asked for, or the live instance.
func (g gathering) template() error {
	if g.want.Template != "" {
		return g.existing()
	}
	taken, err := g.from.Template(g.ctx, fleet.TemplateRef{Name: TemplateName(g.want.Group)})
	switch {
	case err == nil:
		g.facts.Taken = &taken
	case !missing(err):
		return fmt.Errorf("read template %s: %w", TemplateName(g.want.Group), err)
	}
	if g.want.Instance == "" {
		return nil
	}
	if g.facts.Base, err = g.from.LiveSpec(g.ctx, g.want.Instance); err != nil {
		return fmt.Errorf("read what %s was launched with: %w", g.want.Instance, err)
	}
	return nil
}

func (g gathering) existing() error {
	ref := refTo(g.want.Template)
	found, err := g.from.Template(g.ctx, ref)
	if missing(err) {
		return fault.New(fault.NotFound, "There is no launch template %s in %s.", g.want.Template, g.facts.Environment).
			WithHint("`/template list` shows the templates there are; without `--template` one is made.")
	}
	if err != nil {
		return fmt.Errorf("read template %s: %w", g.want.Template, err)
	}
	g.facts.Template = found
	if err := g.followers(); err != nil {
		return err
	}
	number := g.want.Version
	if number == 0 {
		number = found.Default
	}
	g.facts.Base, err = g.from.TemplateVersion(g.ctx, fleet.TemplateRef{ID: found.ID, Version: strconv.FormatInt(number, 10)})
	if missing(err) {
		return fault.New(fault.NotFound, "Template %s has no version %d.", found.Name, number).WithHint("Its latest version is %d.", found.Latest)
	}
	if err != nil {
		return fmt.Errorf("read version %d of template %s: %w", number, found.Name, err)
	}
	return nil
}

func (g gathering) followers() error {
	groups, err := g.from.Groups(g.ctx)
	if err != nil {
		return fmt.Errorf("read which groups use template %s: %w", g.facts.Template.Name, err)
	}
	g.facts.Followers = template.Following(template.UsersOf(groups, g.facts.Template), "$Latest")
	return nil
}

var templateID = regexp.MustCompile(`^lt-[0-9a-f]{4,17}$`)

// refTo names a template by its id or its name.
func refTo(named string) fleet.TemplateRef {
	if templateID.MatchString(named) {
		return fleet.TemplateRef{ID: fleet.TemplateID(named)}
	}
	return fleet.TemplateRef{Name: named}
}

func (g gathering) network() error {
	var err error
	if g.facts.Subnets, err = g.from.Subnets(g.ctx); err != nil {
		return fmt.Errorf("read the subnets: %w", err)
	}
	ids := shape(*g.facts, g.want).SecurityGroups
	if len(ids) == 0 {
		return nil
	}
	if g.facts.SecurityGroups, err = g.from.SecurityGroups(g.ctx, ids...); err != nil {
		return fmt.Errorf("read security groups %v: %w", ids, err)
	}
	return nil
}

func (g gathering) targets() error {
	if len(g.want.TargetGroups) == 0 {
		return nil
	}
	var err error
	if g.facts.TargetGroups, err = g.from.TargetGroups(g.ctx); err != nil {
		return fmt.Errorf("read the target groups: %w", err)
	}
	return nil
}

// hardware reads what is needed to tell whether the type and the key exist.
func (g gathering) hardware() error {
	kind := shape(*g.facts, g.want).Type
	if kind == "" {
		return nil
	}
	var err error
	if g.facts.Offered, err = g.from.TypeZones(g.ctx, kind); err != nil {
		return fmt.Errorf("read where %s is offered: %w", kind, err)
	}
	if g.want.Key == "" {
		return nil
	}
	if g.facts.Keys, err = g.from.KeyPairs(g.ctx); err != nil {
		return fmt.Errorf("read the key pairs: %w", err)
	}
	return nil
}
