package template

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Reader is the part of the cloud that plans are read from.
type Reader interface {
	Shelf
	Library
	Identity(ctx context.Context) (fleet.Identity, error)
	Groups(ctx context.Context) ([]fleet.Group, error)
	Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error)
	Machines
}

// Library is the launch templates.
type Library interface {
	Template(ctx context.Context, ref fleet.TemplateRef) (fleet.Template, error)
	Templates(ctx context.Context) ([]fleet.Template, error)
	TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error)
	TemplateVersions(ctx context.Context, ref fleet.TemplateRef) ([]fleet.TemplateVersion, error)
	UserData(ctx context.Context, ref fleet.TemplateRef) (string, error)
}

// Machines are live servers.
type Machines interface {
	Instance(ctx context.Context, id fleet.InstanceID) (fleet.Instance, error)
	LiveSpec(ctx context.Context, id fleet.InstanceID) (fleet.TemplateVersion, error)
}

// Facts is what a plan is made from, as read at one moment.
type Facts struct {
	Now         time.Time
	Environment string
	Account     string
	Region      string
	Template    fleet.Template            // zero: there is none of that name
	Count       int                       // templates that there are, where one is to be made
	Near        string                    // a name that was probably meant, where there is none
	Versions    []fleet.TemplateVersion   // all of them, newest first, where versions are to be deleted
	Source      *fleet.TemplateVersion    // what a version begins with; nil when it does not exist
	Present     *fleet.TemplateVersion    // the default one, where it is to be moved
	Chosen      *fleet.TemplateVersion    // the one that is to be the default; nil when it does not exist
	Text        string                    // the source's user data, where it is to change
	Live        *fleet.TemplateVersion    // what the live server would be launched with
	Instance    fleet.Instance            // the live server; zero when it is gone
	Users       []Use                     // groups that use the template
	Coming      map[fleet.GroupName]int64 // versions that groups are being refreshed to
	Needed      map[int64]string          // versions that operations need, and why
	Checked     Checked
	Room        string // the subnet in which a launch is tried; empty: wherever AWS puts it
}

// Gather reads the facts for a wish. What is not there is no error: the plan says so.
func Gather(ctx context.Context, from Reader, keep Keepers, environment string, now time.Time, want Want) (Facts, error) {
	if err := want.validate(); err != nil {
		return Facts{}, err
	}
	who, err := from.Identity(ctx)
	if err != nil {
		return Facts{}, fmt.Errorf("read who I am in %s: %w", environment, err)
	}
	g := gathering{ctx: ctx, from: from, keep: keep, want: want, facts: &Facts{Now: now, Environment: environment, Account: who.Account, Region: who.Region}}
	steps := map[Action][]func() error{
		Create: {g.vacancy, g.check, g.room}, Update: {g.template, g.source, g.users, g.check, g.room},
		Default: {g.template, g.defaults, g.users, g.room}, Clean: {g.template, g.versions, g.users, g.coming, g.needed},
		Adopt: {g.vacancy, g.live, g.check, g.room}, Delete: {g.template, g.users},
	}
	for _, step := range steps[want.Action] {
		if err := step(); err != nil {
			return Facts{}, err
		}
	}
	return *g.facts, nil
}

// gathering is one Gather under way.
type gathering struct {
	ctx   context.Context
	from  Reader
	keep  Keepers
	want  Want
	facts *Facts
}

// template finds the template by its name, or the name that was probably meant.
func (g gathering) template() error {
	t, err := g.from.Template(g.ctx, fleet.TemplateRef{Name: g.want.Name})
	if err == nil {
		g.facts.Template = t
		return nil
	}
	if fleet.KindOf(err) != fleet.Absent {
		return fmt.Errorf("read template %s: %w", g.want.Name, err)
	}
	return g.vacancy()
}

// vacancy looks whether a name is free, and how many templates there are.
func (g gathering) vacancy() error {
	all, err := g.from.Templates(g.ctx)
	if err != nil {
		return fmt.Errorf("list templates: %w", err)
	}
	var names []string
	for _, t := range all {
		if t.Name == g.want.Name {
			g.facts.Template = t
		}
		names = append(names, t.Name)
	}
	g.facts.Count, g.facts.Near = len(all), didYouMean(g.want.Name, names, "")
	return nil
}

// exists reports whether the template is there.
func (f Facts) exists() bool { return f.Template.ID != "" }

// version reads a version; nil when it does not exist.
func (g gathering) version(n int64) (*fleet.TemplateVersion, error) {
	v, err := g.from.TemplateVersion(g.ctx, ref(g.facts.Template, n))
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read version %d of template %s: %w", n, g.want.Name, err)
	}
	return &v, nil
}

// ref names a version of a template.
func ref(t fleet.Template, n int64) fleet.TemplateRef {
	return fleet.TemplateRef{ID: t.ID, Name: t.Name, Version: strconv.FormatInt(n, 10)}
}

// source reads what the version begins with.
func (g gathering) source() (err error) {
	if !g.facts.exists() {
		return nil
	}
	number := g.want.Source
	if number == 0 {
		number = g.facts.Template.Latest
	}
	g.facts.Source, err = g.version(number)
	if err != nil || g.facts.Source == nil || g.want.Spec.UserData == nil || g.facts.Source.Fields[userDataField] == "" {
		return err
	}
	g.facts.Text, err = g.from.UserData(g.ctx, ref(g.facts.Template, number))
	if err != nil {
		return fmt.Errorf("read the user data of version %d of %s: %w", number, g.want.Name, err)
	}
	return nil
}

// defaults reads the default version and the one that is to be it.
func (g gathering) defaults() (err error) {
	if !g.facts.exists() {
		return nil
	}
	if g.facts.Present, err = g.version(g.facts.Template.Default); err != nil {
		return err
	}
	g.facts.Chosen, err = g.version(g.want.Version)
	return err
}

func (g gathering) versions() (err error) {
	if !g.facts.exists() {
		return nil
	}
	g.facts.Versions, err = g.from.TemplateVersions(g.ctx, fleet.TemplateRef{ID: g.facts.Template.ID})
	if err != nil {
		return fmt.Errorf("list the versions of %s: %w", g.want.Name, err)
	}
	return nil
}

func (g gathering) users() error {
	if !g.facts.exists() {
		return nil
	}
	groups, err := g.from.Groups(g.ctx)
	if err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	g.facts.Users = UsersOf(groups, g.facts.Template)
	return nil
}

// coming reads which versions the groups are being refreshed to, which neither they nor their instances name yet.
func (g gathering) coming() error {
	g.facts.Coming = map[fleet.GroupName]int64{}
	for _, u := range g.facts.Users {
		list, err := g.from.Refreshes(g.ctx, u.Group)
		if err != nil {
			return fmt.Errorf("read the refreshes of %s: %w", u.Group, err)
		}
		i := slices.IndexFunc(list, func(r fleet.Refresh) bool { return !r.Over() && r.Desired.Numeric() })
		if i < 0 || !names(list[i].Desired, g.facts.Template) {
			continue
		}
		if g.facts.Coming[u.Group], err = strconv.ParseInt(list[i].Desired.Version, 10, 64); err != nil {
			return fmt.Errorf("read the refresh of %s: %w", u.Group, err)
		}
	}
	return nil
}

// live reads the server that is to be copied.
func (g gathering) live() error {
	i, err := g.from.Instance(g.ctx, g.want.From)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read instance %s: %w", g.want.From, err)
	}
	g.facts.Instance = i
	spec, err := g.from.LiveSpec(g.ctx, g.want.From)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what %s was launched with: %w", g.want.From, err)
	}
	g.facts.Live = &spec
	return nil
}

// check looks at what is to be set, beside what stands there already.
func (g gathering) check() (err error) {
	g.facts.Checked, err = Check(g.ctx, g.from, g.want.Spec, g.base(), g.facts.Now)
	return err
}

// base is what the version begins with, as far as it has to go with what is set.
func (g gathering) base() fleet.LaunchSpec {
	switch {
	case g.facts.Source != nil:
		return SpecOf(*g.facts.Source)
	case g.facts.Live != nil:
		return SpecOf(*g.facts.Live)
	}
	return fleet.LaunchSpec{}
}

// room finds the subnet in which a launch is tried: where the template says, where a group launches, where the server
// stands, or any with a free address in the security groups' VPC.
func (g gathering) room() error {
	f := g.facts
	f.Room = f.Checked.Subnet
	for _, u := range f.Users {
		if f.Room == "" && len(u.Subnets) > 0 {
			f.Room = u.Subnets[0]
		}
	}
	if f.Room == "" {
		f.Room = f.Instance.Subnet
	}
	if f.Room != "" {
		return nil
	}
	return g.anywhere()
}

// anywhere chooses a subnet where nothing says which.
func (g gathering) anywhere() error {
	base := g.base()
	if g.facts.Chosen != nil {
		base = SpecOf(*g.facts.Chosen)
	}
	vpc := ""
	if len(base.SecurityGroups) > 0 {
		groups, err := g.from.SecurityGroups(g.ctx, base.SecurityGroups...)
		if err != nil && fleet.KindOf(err) != fleet.Absent && fleet.KindOf(err) != fleet.Refused {
			return fmt.Errorf("read security groups: %w", err)
		}
		if len(groups) > 0 {
			vpc = groups[0].VPC
		}
	}
	all, err := g.from.Subnets(g.ctx)
	if fleet.KindOf(err) == fleet.Refused && err != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read subnets: %w", err)
	}
	if i := slices.IndexFunc(all, func(s fleet.Subnet) bool { return s.Free > 0 && (vpc == "" || s.VPC == vpc) }); i >= 0 {
		g.facts.Room = all[i].ID
	}
	return nil
}

// SpecOf is the part of a version that people set by hand, without its user data and its tags.
func SpecOf(v fleet.TemplateVersion) fleet.LaunchSpec {
	s := fleet.LaunchSpec{Image: v.Image, Type: v.InstanceType, Key: v.Fields["KeyName"], Profile: v.Fields["IamInstanceProfile.Name"]}
	if s.Profile == "" {
		s.Profile = v.Fields["IamInstanceProfile.Arn"]
	}
	for name, value := range v.Fields {
		switch {
		case strings.HasPrefix(name, "SecurityGroupIds."), strings.HasPrefix(name, "NetworkInterfaces.0.Groups."):
			s.SecurityGroups = append(s.SecurityGroups, value)
		case name == "NetworkInterfaces.0.SubnetId":
			s.Subnet = value
		}
	}
	slices.Sort(s.SecurityGroups)
	return s
}

// noTemplate says that there is none of that name.
func (f Facts) noTemplate(name string) error {
	hint := f.Near
	if hint == "" {
		hint = "`/template list` shows the templates there are."
	}
	return fault.New(fault.NotFound, "There is no launch template %s in %s.", name, f.Environment).WithHint("%s", hint)
}
