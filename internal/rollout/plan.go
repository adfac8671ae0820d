package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Kind is the workflow's name in records.
const Kind = "rollout"

// First is the step a rollout begins with.
const First = stepCheck

// Side is one end of a rollout: what the group launches before it, or after it.
type Side struct {
	Template    fleet.TemplateID `json:"template,omitempty"`
	Name        string           `json:"name,omitempty"`    // of the template
	Version     int64            `json:"version,omitempty"` // 0: it is made when the rollout runs
	Image       fleet.ImageID    `json:"image,omitempty"`
	ImageName   string           `json:"image_name,omitempty"`
	Description string           `json:"description,omitempty"` // of the version
}

// Plan is a rollout that can be read, approved, stored and carried out later by another replica. It
// round-trips through JSON.
type Plan struct {
	Environment string             `json:"environment"`
	Account     string             `json:"account"`
	Region      string             `json:"region"`
	Group       fleet.GroupName    `json:"group"`
	Ref         fleet.TemplateRef  `json:"ref"` // the template as the group names it
	From        Side               `json:"from"`
	To          Side               `json:"to"`
	Differences []fleet.Difference `json:"differences,omitempty"` // in all fields, the image included
	Mixed       *fleet.Mixed       `json:"mixed,omitempty"`
	Default     int64              `json:"default,omitempty"` // the template's default version now
	// Order is what AWS will be asked for. Its template has no version while that is still to be made.
	Order      fleet.RefreshOrder `json:"order"`
	Reversible bool               `json:"reversible"`          // AWS can take it back while it runs
	NoReturn   string             `json:"no_return,omitempty"` // why the version before cannot be gone back to, even afterwards
	Root       int                `json:"root,omitempty"`      // GiB that a root volume must have, when it is replaced in place
	Pace       Pace               `json:"pace"`
	Matching   int                `json:"matching,omitempty"` // instances that run the version already
	Left       []Leftover         `json:"left,omitempty"`     // instances that will not be touched
	Risk       Risk               `json:"risk,omitzero"`
	Tags       map[string]string  `json:"tags,omitempty"` // of the group
	Findings   []card.Finding     `json:"findings,omitempty"`
	Want       Want               `json:"want"`
	At         time.Time          `json:"at"` // when the facts were read
}

// Leftover is an instance that a rollout does not touch.
type Leftover struct {
	ID  fleet.InstanceID `json:"id"`
	Why string           `json:"why"` // standby or protected
}

// New makes the plan. Input that makes no sense is a fault; what stands in the way in the live fleet is a
// finding of the plan.
func New(f Facts, w Want) (Plan, error) {
	if err := w.validate(); err != nil {
		return Plan{}, err
	}
	if f.Group.Name == "" {
		return Plan{}, fault.New(fault.NotFound, "There is no such group.")
	}
	if ref := f.Group.Ref(); w.Template != "" && ref.ID != "" && ref.ID != w.Template {
		return Plan{}, otherTemplate(f, w)
	}
	if w.Version > 0 && f.To == nil && f.Group.Ref() != (fleet.TemplateRef{}) {
		return Plan{}, noVersion(f, w)
	}
	if w.Canary > 0 {
		w.CanaryWait = cmp.Or(w.CanaryWait, time.Hour) // people see it, so it is part of what they agree to
	}
	p := Plan{
		Environment: f.Environment, Account: f.Account, Region: f.Region, Group: f.Group.Name,
		Ref: f.Group.Ref(), Mixed: f.Group.Mixed, Default: f.Template.Default, Want: w, At: f.Now,
	}
	p.From = side(f, f.From)
	if p.inPlace() {
		p.Root = rootSize(f)
	}
	p.aim(f)
	p.Reversible, p.NoReturn = reversible(f, p), noReturn(f, p)
	replaced := p.sort(f)
	var why string
	p.Order, why = order(f, p)
	p.Pace = pacing(f.Group, p.Order, replaced)
	p.Pace.Why = why
	p.Risk, p.Tags = risk(f, p), f.Group.Tags
	p.Findings = preflight(f, p)
	return p, nil
}

// otherTemplate: the number of a version says nothing of another template's versions.
func otherTemplate(f Facts, w Want) *fault.Fault {
	return fault.New(fault.Conflict, "There is no way back: %s launches from another template now, %s, and version %d is of %s.",
		f.Group.Name, cmp.Or(f.Template.Name, string(f.Group.Ref().ID)), w.Version, w.Template).
		WithHint("`/asg attach %s --template %s@%d` has it launch from that one again.", f.Group.Name, w.Template, w.Version)
}

func noVersion(f Facts, w Want) *fault.Fault {
	name := cmp.Or(f.Template.Name, f.Group.Ref().Name, string(f.Group.Ref().ID))
	no := fault.New(fault.NotFound, "Template %s has no version %d.", name, w.Version)
	if w.Back {
		return fault.New(fault.NotFound, "There is no way back: version %d of template %s does not exist any more.", w.Version, name).
			WithHint("Roll to another version or image instead.")
	}
	if f.Template.Latest == 0 {
		return no
	}
	return no.WithHint("Its latest version is %d.", f.Template.Latest)
}

// side describes a version with its image.
func side(f Facts, v fleet.TemplateVersion) Side {
	return Side{
		Template: v.Template, Name: v.Name, Version: v.Number, Image: v.Image,
		ImageName: f.Images[v.Image].Name, Description: v.Description,
	}
}

// aim finds what the rollout leads to: the version that was asked for, the present one if it already
// names the image, or a new one.
func (p *Plan) aim(f Facts) {
	switch {
	case f.To != nil:
		p.To = side(f, *f.To)
		p.Differences = differences(f.From.Fields, f.To.Fields)
	case p.Want.Image == f.From.Image && p.Want.Coming == "":
		p.To = p.From
	default:
		p.To = Side{
			Template: p.From.Template, Name: p.From.Name,
			Image: p.Want.Image, ImageName: cmp.Or(p.Want.Coming, f.Images[p.Want.Image].Name),
		}
		p.Differences = []fleet.Difference{{Field: "ImageId", From: string(p.From.Image), To: string(p.Want.Image)}}
	}
}

// Makes reports whether a new version of the template will be made.
func (p Plan) Makes() bool { return p.To.Version == 0 }

// differences compares two versions field by field.
func differences(from, to map[string]string) []fleet.Difference {
	all := maps.Clone(from)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, to)
	var list []fleet.Difference
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if from[field] != to[field] {
			list = append(list, fleet.Difference{Field: field, From: from[field], To: to[field]})
		}
	}
	return list
}

// reversible reports whether AWS can take the refresh back while it runs: the group must name its version
// by number, that version its image by id, and the image must still be there to launch from.
func reversible(f Facts, p Plan) bool {
	image, there := f.Images[p.From.Image]
	return p.Ref.Numeric() && !p.From.Image.IsParameter() && there && image.State == "available" &&
		p.From.Version != p.To.Version && (!p.inPlace() || p.namesImages())
}

// sort counts the instances that will be replaced, and notes those that match already or will be left.
func (p *Plan) sort(f Facts) (replaced int) {
	for _, m := range f.Group.Instances {
		switch why := leftAlone(m, p.Want); {
		case going(m):
		case p.runs(m, f.Instances[m.ID]):
			p.Matching++
		case why != "":
			p.Left = append(p.Left, Leftover{ID: m.ID, Why: why})
		default:
			replaced++
		}
	}
	return replaced
}

// runs reports whether the instance runs what is rolled out. One whose root volume was replaced says the version that it
// was launched from and runs another image, so the image counts wherever it is known.
func (p Plan) runs(m fleet.Member, i fleet.Instance) bool {
	image := p.To.Image
	if p.inPlace() {
		return image != "" && i.Image == image
	}
	known := i.Image != "" && image != "" && !image.IsParameter()
	return p.To.Version > 0 && launchedFrom(m, p.To.Template, p.To.Version) && (!known || i.Image == image)
}

// launchedFrom reports whether the instance was launched from the version of the template.
func launchedFrom(m fleet.Member, template fleet.TemplateID, version int64) bool {
	return m.Template.Version == strconv.FormatInt(version, 10) && (m.Template.ID == template || m.Template.ID == "")
}

// leftAlone says why an instance is not replaced; empty when it is.
func leftAlone(m fleet.Member, w Want) string {
	standby := m.Lifecycle == "Standby" || m.Lifecycle == "EnteringStandby"
	switch {
	case standby && cmp.Or(w.Standby, "Ignore") == "Ignore":
		return "standby"
	case !standby && m.Protected && cmp.Or(w.Protected, "Ignore") == "Ignore":
		return "protected"
	}
	return ""
}

// going reports whether the instance is on its way out.
func going(m fleet.Member) bool {
	for _, gone := range []string{"Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminating:Retained", "Terminated", "Detaching", "Detached"} {
		if m.Lifecycle == gone {
			return true
		}
	}
	return false
}

// order is what AWS will be asked for.
func order(f Facts, p Plan) (o fleet.RefreshOrder, why string) {
	w := p.Want
	o = fleet.RefreshOrder{
		Group:        p.Group,
		Template:     fleet.TemplateRef{ID: p.To.Template, Name: p.To.Name},
		Warmup:       w.Warmup,
		Alarms:       w.Alarms,
		AutoRollback: p.Reversible,
		SkipMatching: true,
		Standby:      cmp.Or(w.Standby, "Ignore"),
		Protected:    cmp.Or(w.Protected, "Ignore"),
		Image:        p.overrides(),
	}
	if p.inPlace() {
		o.Strategy = InPlace
	}
	if p.To.Version > 0 {
		o.Template.Version = strconv.FormatInt(p.To.Version, 10)
	}
	if w.Bake != nil {
		o.Bake = *w.Bake
	}
	if len(w.Checkpoints) > 0 {
		o.Checkpoints = whole(w.Checkpoints)
		o.CheckpointDelay = time.Hour
	}
	if w.CheckpointDelay != nil {
		o.CheckpointDelay = *w.CheckpointDelay
	}
	o.MinHealthy, o.MaxHealthy, why = shares(f.Group, w)
	return o, why
}

// whole ends the checkpoints at 100: where the last is lower, AWS stops there and calls it done.
func whole(checkpoints []int) []int {
	if checkpoints[len(checkpoints)-1] == 100 {
		return slices.Clone(checkpoints)
	}
	return append(slices.Clone(checkpoints), 100)
}

// Stops are the findings because of which nothing may start.
func (p Plan) Stops() []card.Finding {
	var stops []card.Finding
	for _, f := range p.Findings {
		if f.Stop {
			stops = append(stops, f)
		}
	}
	return stops
}

// Resource is what is locked while it runs: account/region/asg/name.
func (p Plan) Resource() string {
	return fmt.Sprintf("%s/%s/asg/%s", p.Account, p.Region, p.Group)
}

// Touched is how many instances it replaces.
func (p Plan) Touched() int { return p.Pace.Replaced }

// typed is the group's name as it stands in a command.
func (p Plan) typed() string { return grammar.Quote(string(p.Group)) }

// Title is the headline: "Roll web to ami-0b2".
func (p Plan) Title() string {
	switch {
	case p.Want.Back:
		return fmt.Sprintf("Roll %s back to version %d", p.Group, p.To.Version)
	case p.Want.Version > 0:
		return fmt.Sprintf("Roll %s to version %d", p.Group, p.To.Version)
	}
	if p.inPlace() {
		return fmt.Sprintf("Roll %s to %s in place", p.Group, p.To.image())
	}
	return fmt.Sprintf("Roll %s to %s", p.Group, p.To.image())
}
