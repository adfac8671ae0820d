package launch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
	"github.com/amiral-ops/amiral/internal/template"
)

// Kind is the workflow's name in records.
const Kind = "launch"

// First is the step a launch begins with.
const First = stepCheck

// What a new instance takes before it is in service, as far as it can be known beforehand.
const (
	bootTime     = 90 * time.Second
	registerTime = 30 * time.Second
	eachTime     = 500 * time.Millisecond // EC2 starts that many more a second when many are asked for
)

// Shape is what each instance will be, apart from its image.
type Shape struct {
	Type           string   `json:"type,omitempty"`
	Key            string   `json:"key,omitempty"`
	Role           string   `json:"role,omitempty"` // instance profile
	SecurityGroups []string `json:"security_groups,omitempty"`
	UserData       string   `json:"user_data,omitempty"` // a digest
}

// Mould is the launch template that the group will use.
type Mould struct {
	ID      fleet.TemplateID `json:"id,omitempty"` // empty: the template is made
	Name    string           `json:"name"`
	Version int64            `json:"version,omitempty"` // 0: it is made
	Source  int64            `json:"source,omitempty"`  // what a new version of an existing template is made from
}

// Plan is a launch that can be read, approved, stored and carried out later by another replica. It round-trips
// through JSON.
type Plan struct {
	Environment string            `json:"environment"`
	Account     string            `json:"account"`
	Region      string            `json:"region"`
	Source      string            `json:"source,omitempty"`     // the instance's name, for people
	Bake        *bake.Plan        `json:"bake,omitempty"`       // how its image is made
	Image       fleet.ImageID     `json:"image,omitempty"`      // empty: it is baked
	ImageName   string            `json:"image_name,omitempty"` // also of the one that is baked
	Template    Mould             `json:"template"`
	Shape       Shape             `json:"shape"`
	Script      string            `json:"script,omitempty"` // the user data that was asked for; secrets are hidden
	Fields      map[string]string `json:"fields,omitempty"` // of what the template is made from
	Order       fleet.GroupOrder  `json:"order"`            // its template has no version while that is still to be made
	Subnets     []fleet.Subnet    `json:"subnets"`
	Chosen      bool              `json:"chosen,omitempty"`  // the subnets were chosen by the plan
	Targets     []string          `json:"targets,omitempty"` // names of the target groups
	Expected    time.Duration     `json:"expected"`          // without the time that people take to answer
	Findings    []card.Finding    `json:"findings,omitempty"`
	Want        Want              `json:"want"`
	At          time.Time         `json:"at"` // when the facts were read
}

// New makes the plan. Input that makes no sense is a fault; what stands in the way in the live account is a finding.
func New(f Facts, w Want) (Plan, error) {
	if err := w.validate(); err != nil {
		return Plan{}, err
	}
	p := Plan{Environment: f.Environment, Account: f.Account, Region: f.Region, Source: f.Instance.Name, Shape: shape(f, w), Want: w, At: f.Now}
	if p.Shape.Type == "" {
		return Plan{}, noType(f, w)
	}
	if err := p.picture(f); err != nil {
		return Plan{}, err
	}
	if w.UserData != nil {
		p.Script = template.NewMasker().Readable(*w.UserData)
	}
	p.mould(f)
	place(f, &p)
	p.order(f)
	p.Expected = p.expect()
	p.Findings = preflight(f, p)
	return p, nil
}

func noType(f Facts, w Want) *fault.Fault {
	if w.Template != "" {
		return invalid("Version %d of template %s names no instance type.", f.Base.Number, f.Template.Name).WithHint("Add `--type m7i.large`.")
	}
	kind := "m7i.large"
	if f.Image.Architecture == "arm64" {
		kind = "m7g.large"
	}
	return invalid("An image alone does not say on which machines it runs.").
		WithHint("Add a type, such as `--type %s`, or use a launch template with `--template`.", kind)
}

// picture decides which image is launched.
func (p *Plan) picture(f Facts) error {
	if p.Want.Instance == "" {
		p.Image = p.Want.Image
		if f.Image != nil {
			p.ImageName = f.Image.Name
		}
		return nil
	}
	baking, err := bake.New(f.Bake, p.Want.baking())
	if err != nil {
		return err
	}
	p.Bake, p.ImageName = &baking, baking.Name
	return nil
}

// mould decides on the template: an existing version as it is, a new version of it, or a new template.
func (p *Plan) mould(f Facts) {
	p.Fields = maps.Clone(f.Base.Fields)
	if p.Want.Template == "" {
		p.Template = Mould{Name: TemplateName(p.Want.Group)}
		return
	}
	p.Template = Mould{ID: f.Template.ID, Name: f.Template.Name}
	if p.Image != "" && f.Base.Image == p.Image && !p.Want.changes() {
		p.Template.Version = f.Base.Number
		return
	}
	p.Template.Source = f.Base.Number
}

// TemplateName is what a group's own template is called.
func TemplateName(group fleet.GroupName) string {
	if len(group) < len("abc") {
		return string(group) + "-template"
	}
	return string(group)
}

// shape is what each instance will be: what was asked for, over what the source has.
func shape(f Facts, w Want) Shape {
	s := Shape{
		Type: cmp.Or(w.Type, f.Base.InstanceType, f.Instance.Type),
		Key:  cmp.Or(w.Key, f.Base.Fields["KeyName"]),
		Role: cmp.Or(w.Role, f.Base.Fields["IamInstanceProfile.Name"], f.Base.Fields["IamInstanceProfile.Arn"]),
	}
	s.SecurityGroups, s.UserData = w.SecurityGroups, f.Base.Fields["UserData"]
	if len(s.SecurityGroups) == 0 {
		s.SecurityGroups = groupsIn(f.Base.Fields)
	}
	if w.UserData != nil {
		s.UserData = fingerprint(*w.UserData)
	}
	return s
}

var guards = regexp.MustCompile(`^(SecurityGroupIds|NetworkInterfaces\.\d+\.Groups)\.\d+$`)

// groupsIn are the security groups that a template version names.
func groupsIn(fields map[string]string) []string {
	var ids []string
	for name, value := range fields {
		if guards.MatchString(name) {
			ids = append(ids, value)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// order is what the group is made from.
func (p *Plan) order(f Facts) {
	low, high := p.Want.limits()
	o := fleet.GroupOrder{
		Name: p.Want.Group, Min: low, Max: high, Desired: p.Want.Size, HealthCheck: "EC2", Grace: usualGrace, Warmup: usualWarmup,
		Template: fleet.TemplateRef{ID: p.Template.ID, Name: p.Template.Name, Version: number(p.Template.Version)},
	}
	if p.Want.Grace != nil {
		o.Grace = *p.Want.Grace
	}
	if p.Want.Warmup != nil {
		o.Warmup = *p.Want.Warmup
	}
	for _, s := range p.Subnets {
		o.Subnets = append(o.Subnets, s.ID)
	}
	for _, name := range p.Want.TargetGroups {
		if t, ok := target(f, name); ok {
			o.TargetGroups, p.Targets = append(o.TargetGroups, t.ARN), append(p.Targets, t.Name)
			o.HealthCheck = "ELB"
		}
	}
	p.Order = o
}

func number(version int64) string {
	if version == 0 {
		return ""
	}
	return fmt.Sprint(version)
}

// target finds a target group by its name or ARN.
func target(f Facts, name string) (fleet.TargetGroup, bool) {
	i := slices.IndexFunc(f.TargetGroups, func(t fleet.TargetGroup) bool { return t.Name == name || t.ARN == name })
	if i < 0 {
		return fleet.TargetGroup{}, false
	}
	return f.TargetGroups[i], true
}

// expect is how long it may take.
func (p Plan) expect() time.Duration {
	d := bootTime + time.Duration(p.Order.Desired)*eachTime
	if len(p.Order.TargetGroups) > 0 {
		d += registerTime
	}
	if p.Bake != nil {
		d += p.Bake.Expected
	}
	return d
}

// makesTemplate reports whether a template is made, and makesVersion whether a version of an existing one is.
func (p Plan) makesTemplate() bool { return p.Template.ID == "" }
func (p Plan) makesVersion() bool  { return p.Template.ID != "" && p.Template.Version == 0 }

// Resource is what is locked while it runs: account/region/asg/name.
func (p Plan) Resource() string {
	return fmt.Sprintf("%s/%s/asg/%s", p.Account, p.Region, p.Want.Group)
}

// Title is the headline: "Launch web: 50 instances from i-0abc".
func (p Plan) Title() string {
	return fmt.Sprintf("Launch %s: %s from %s", p.Want.Group, say.Plural(p.Want.Size, "instance"), p.from())
}

// from is what is launched from, in a word.
func (p Plan) from() string {
	return cmp.Or(p.Want.Family, p.Source, string(p.Want.Instance), string(p.Want.Image))
}

// Brief is the plan in short. A launch replaces nothing; what its bake does to the source instance counts.
func (p Plan) Brief() plan.Brief {
	b := plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: string(p.Want.Group), Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(),
		Step: First, Tags: p.labels(), Impact: p.Impact(), Findings: p.Findings,
	}
	if p.Bake != nil {
		b.Blast = p.Bake.Brief().Blast
	}
	return b
}

// Impact is what it means in a few words: "50 new m7i.large in 3 zones".
func (p Plan) Impact() string {
	words := fmt.Sprintf("%d new %s in %s", p.Order.Desired, p.Shape.Type, say.Plural(len(zones(p.Subnets)), "zone"))
	if p.Bake != nil {
		words += "; " + p.Bake.Brief().Impact
	}
	return words
}

// labels are the tags by which the policy may judge: what the group will carry besides its operation.
func (p Plan) labels() map[string]string {
	tags := map[string]string{"Name": string(p.Want.Group)}
	if p.Want.Family != "" {
		tags["amiral:family"] = p.Want.Family
	}
	return tags
}

// payloadOf is the bake's plan as an operation of its own would carry it.
func payloadOf(p bake.Plan) (json.RawMessage, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the plan of the bake: %w", err)
	}
	return body, nil
}
