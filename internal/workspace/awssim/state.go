package awssim

import (
	"maps"
	"slices"
	"time"
)

// FleetState is the whole cloud at a moment, as the controls show it.
type FleetState struct {
	Now       time.Time       `json:"now"`
	Clock     ClockState      `json:"clock"`
	Groups    []GroupState    `json:"groups"`
	Instances []InstanceState `json:"instances"`
	Images    []ImageState    `json:"images"`
	Alarms    []AlarmState    `json:"alarms"`
	Templates []TemplateState `json:"templates"`
	// Parameters are those of Systems Manager.
	Parameters []ParameterState `json:"parameters"`
	Faults     []Fault          `json:"faults"`
	Calls      map[string]int   `json:"calls"`
}

// ClockState compares the fleet's clock with the wall's.
type ClockState struct {
	// Rate is how many seconds of the fleet pass in one of the wall.
	Rate float64 `json:"rate"`
	// Offset is how far ahead the fleet is, in seconds.
	Offset int `json:"offset"`
}

// GroupState is a group at a moment.
type GroupState struct {
	Account   string          `json:"account"`
	Region    string          `json:"region"`
	Name      string          `json:"name"`
	Min       int             `json:"min"`
	Max       int             `json:"max"`
	Desired   int             `json:"desired"`
	Mixed     bool            `json:"mixed"`
	Template  TemplateRef     `json:"template"`
	Suspended []string        `json:"suspended"`
	Refresh   *RefreshState   `json:"refresh"`
	Instances []InstanceState `json:"instances"`
}

// TemplateRef names a version of a launch template.
type TemplateRef struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// RefreshState is an instance refresh at a moment.
type RefreshState struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Percent  int       `json:"percent"`
	ToUpdate int       `json:"to_update"`
	Reason   string    `json:"reason"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended,omitzero"`
}

// InstanceState is an instance at a moment. Lifecycle, Health and Protected are of its group.
type InstanceState struct {
	Account   string            `json:"account"`
	Region    string            `json:"region"`
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Group     string            `json:"group,omitempty"`
	Image     string            `json:"image"`
	Version   string            `json:"version"`
	Type      string            `json:"type"`
	Zone      string            `json:"az"`
	Lifecycle string            `json:"lifecycle"`
	Health    string            `json:"health"`
	State     State             `json:"state"`
	Protected bool              `json:"protected"`
	Tags      map[string]string `json:"tags"`
}

// ImageState is an image at a moment.
type ImageState struct {
	Account    string            `json:"account"`
	Region     string            `json:"region"`
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	State      string            `json:"state"`
	Created    time.Time         `json:"created"`
	Deprecated time.Time         `json:"deprecated,omitzero"`
	Arch       string            `json:"arch"`
	Source     string            `json:"source,omitempty"`
	Spoiled    Spoil             `json:"bad,omitempty"`
	Tags       map[string]string `json:"tags"`
}

// TemplateState is a launch template at a moment.
type TemplateState struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Default  int    `json:"default"`
	Latest   int    `json:"latest"`
	Versions int    `json:"versions"`
}

// ParameterState is the latest version of an SSM parameter at a moment.
type ParameterState struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Version int    `json:"version"`
}

// AlarmState is an alarm at a moment.
type AlarmState struct {
	Account    string            `json:"account"`
	Region     string            `json:"region"`
	Name       string            `json:"name"`
	State      string            `json:"state"`
	Dimensions map[string]string `json:"dimensions,omitempty"` // of the metric that it watches
}

// State returns everything there is.
func (c *Cloud) State() FleetState {
	defer c.lock()()
	s := FleetState{
		Now:       c.now,
		Clock:     c.opts.Clock(),
		Groups:    []GroupState{},
		Instances: []InstanceState{},
		Images:    []ImageState{},
		Alarms:    []AlarmState{},
		Templates: []TemplateState{}, Parameters: []ParameterState{},
		Faults: c.listFaults(),
		Calls:  maps.Clone(c.counts),
	}
	for _, f := range c.fleets() {
		for _, g := range sortedValues(f.groups) {
			s.Groups = append(s.Groups, g.view())
		}
		for _, i := range f.sorted() {
			if i.seat == nil {
				s.Instances = append(s.Instances, i.view())
			}
		}
		for _, img := range sortedValues(f.images) {
			if img.gone.IsZero() || c.now.Before(img.gone) {
				s.Images = append(s.Images, img.view())
			}
		}
		for _, a := range sortedValues(f.alarms) {
			s.Alarms = append(s.Alarms, a.view())
		}
		for _, t := range f.sortedTemplates() {
			s.Templates = append(s.Templates, TemplateState{f.account, f.region, t.id, t.name, t.standard, t.latest(), len(t.versions)})
		}
		for _, p := range sortedValues(f.parameters) {
			s.Parameters = append(s.Parameters, ParameterState{f.account, f.region, p.name, p.latest().value, p.latest().number})
		}
	}
	return s
}

func (g *group) view() GroupState {
	spec := g.config.template()
	v := GroupState{
		Account: g.fleet.account, Region: g.fleet.region, Name: g.name, Min: g.min, Max: g.max, Desired: g.desired,
		Mixed: g.config.mixed != nil, Template: TemplateRef{spec.id, spec.name, spec.version},
		Suspended: append([]string{}, slices.Sorted(maps.Keys(g.suspended))...),
		Instances: []InstanceState{},
	}
	if len(g.refreshes) > 0 {
		last := g.refreshes[0].view()
		v.Refresh = &last
	}
	for _, s := range g.seats {
		v.Instances = append(v.Instances, s.instance.view())
	}
	return v
}

func (r *refresh) view() RefreshState {
	return RefreshState{r.id, r.status, r.percent, r.toUpdate, r.reason, r.started, r.ended}
}

func (i *instance) view() InstanceState {
	v := InstanceState{
		Account: i.fleet.account, Region: i.fleet.region, ID: i.id, Name: i.tags["Name"], Image: i.image,
		Version: i.tags["aws:ec2launchtemplate:version"], Type: i.kind, Zone: i.zone, State: i.state, Health: i.wellness(),
		Tags: maps.Clone(i.tags),
	}
	if s := i.seat; s != nil {
		v.Group, v.Lifecycle, v.Health, v.Protected, v.Version = s.group.name, s.lifecycle, s.health(), s.protected, s.template.version
	}
	return v
}

// wellness is what the status checks say in one word.
func (i *instance) wellness() string {
	switch {
	case i.state != Running:
		return ""
	case i.system.impaired():
		return "system impaired"
	case i.status.impaired():
		return "instance impaired"
	}
	return i.status.status
}

func (img *image) view() ImageState {
	return ImageState{img.fleet.account, img.fleet.region, img.id, img.name, img.state, img.created, img.deprecated,
		img.arch, img.sourceInstance, img.spoiled, maps.Clone(img.tags)}
}

// Group returns a group, and whether there is one.
func (f *Fleet) Group(name string) (GroupState, bool) {
	defer f.cloud.lock()()
	if g := f.groups[name]; g != nil {
		return g.view(), true
	}
	return GroupState{}, false
}

// Instances returns all instances, those of groups included, oldest first.
func (f *Fleet) Instances() []InstanceState {
	defer f.cloud.lock()()
	var all []InstanceState
	for _, i := range f.sorted() {
		all = append(all, i.view())
	}
	return all
}

// Instance returns an instance, and whether there is one.
func (f *Fleet) Instance(id string) (InstanceState, bool) {
	defer f.cloud.lock()()
	if i := f.instances[id]; i != nil {
		return i.view(), true
	}
	return InstanceState{}, false
}

// Image returns an image, and whether there is or was one.
func (f *Fleet) Image(id string) (ImageState, bool) {
	defer f.cloud.lock()()
	if img := f.images[id]; img != nil {
		return img.view(), true
	}
	return ImageState{}, false
}

// Refreshes returns a group's refreshes, newest first.
func (f *Fleet) Refreshes(group string) []RefreshState {
	defer f.cloud.lock()()
	var all []RefreshState
	if g := f.groups[group]; g != nil {
		for _, r := range g.refreshes {
			all = append(all, r.view())
		}
	}
	return all
}
