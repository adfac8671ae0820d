package group

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
)

// Plan is one change of a group that can be read, approved, stored and carried out later by another replica.
type Plan struct {
	Environment string            `json:"environment"`
	Account     string            `json:"account"`
	Region      string            `json:"region"`
	Want        Want              `json:"want"`
	From        Size              `json:"from"`
	To          Size              `json:"to"`
	Running     int               `json:"running"`            // instances in service
	Going       []Seat            `json:"going,omitempty"`    // of Scale: the first of those that can go, the likeliest first
	CanGo       int               `json:"can_go,omitempty"`   // how many can
	Policies    []string          `json:"policies,omitempty"` // by which AWS chooses
	Old         Version           `json:"old,omitzero"`       // of Attach
	New         Version           `json:"new,omitzero"`
	Seats       []Seat            `json:"seats,omitempty"`  // of Protect, Standby and Replace: the instances meant
	Change      []string          `json:"change,omitempty"` // of Processes: those that are not so yet
	Refreshing  string            `json:"refreshing,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Findings    []card.Finding    `json:"findings,omitempty"`
	At          time.Time         `json:"at"`
}

// Size is the numbers of a group.
type Size struct {
	Min     int `json:"min"`
	Desired int `json:"desired"`
	Max     int `json:"max"`
}

// String is the size as people read it.
func (s Size) String() string { return fmt.Sprintf("%d (%d to %d)", s.Desired, s.Min, s.Max) }

// Version is a version of a template with its image.
type Version struct {
	Template fleet.TemplateID `json:"template,omitempty"`
	Name     string           `json:"name,omitempty"`
	Number   int64            `json:"number,omitempty"`
	Image    fleet.ImageID    `json:"image,omitempty"`
}

// Seat is an instance as it stands in the group.
type Seat struct {
	ID        fleet.InstanceID `json:"id"`
	Zone      string           `json:"zone,omitempty"`
	Lifecycle string           `json:"lifecycle,omitempty"`
	Health    string           `json:"health,omitempty"`
	Version   string           `json:"version,omitempty"`
	Protected bool             `json:"protected,omitempty"`
	Launched  time.Time        `json:"launched,omitzero"`
}

// deed is what is particular to one kind of change.
type deed interface {
	// aim fills in what will be, and finds what stands in the way.
	aim(p *Plan, f Facts)
	title(p Plan) string
	impact(p Plan) string
	blast(p Plan) plan.Blast
	facts(p Plan) []card.Fact
}

func deeds(kind string) deed {
	return map[string]deed{
		Scale: scaling{}, Attach: attaching{}, Processes: processing{}, Protect: protecting{}, Standby: standing{}, Replace: replacing{},
	}[kind]
}

// New makes the plan. Input that makes no sense is a fault; what stands in the way is a finding.
func New(f Facts, w Want) (Plan, error) {
	if err := w.validate(); err != nil {
		return Plan{}, err
	}
	if f.Group.Name == "" {
		return Plan{}, fault.New(fault.NotFound, "There is no group %s.", w.Group)
	}
	g := f.Group
	p := Plan{Environment: f.Environment, Want: w, From: Size{g.Min, g.Desired, g.Max}, Running: serving(g), Tags: g.Tags, At: f.Now}
	p.Account, p.Region = g.Place()
	p.To = p.From
	if r, active := f.refreshing(); active {
		p.Refreshing = r.Status
	}
	p.common(f)
	deeds(w.Kind).aim(&p, f)
	return p, nil
}

// common finds what stands in the way of every change.
func (p *Plan) common(f Facts) {
	if f.Group.Operator != "" {
		p.stop("Change it there.", "%s is managed by %s.", f.Group.Name, f.Group.Operator)
	}
	if stack := f.Group.Tags["aws:cloudformation:stack-name"]; stack != "" && p.Want.Kind != Protect && p.Want.Kind != Replace {
		p.warn("Change the stack as well, or it is put back with the stack's next update.", "%s belongs to the CloudFormation stack %s.", f.Group.Name, stack)
	}
}

// untrafficked: instances that are added while AddToLoadBalancer rests never get traffic, not even afterwards.
func (p *Plan) untrafficked(g fleet.Group) {
	if len(g.TargetGroups) > 0 && slices.Contains(g.Suspended, "AddToLoadBalancer") {
		p.warn(fmt.Sprintf("`/asg resume %s AddToLoadBalancer` first.", g.Name),
			"AddToLoadBalancer is suspended on %s: what comes into service gets no traffic, not even when it is resumed.", g.Name)
	}
}

func (p *Plan) stop(hint, format string, args ...any) {
	p.Findings = append(p.Findings, card.Finding{Stop: true, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (p *Plan) warn(hint, format string, args ...any) {
	p.Findings = append(p.Findings, card.Finding{Text: fmt.Sprintf(format, args...), Hint: hint})
}

func serving(g fleet.Group) int {
	n := 0
	for _, m := range g.Instances {
		if m.Lifecycle == "InService" && m.Health == "Healthy" {
			n++
		}
	}
	return n
}

// Resource is what is locked while it runs. What an engineer may need while the group is rolled (its size, its
// processes, who is protected) has a lock of its own.
func (p Plan) Resource() string {
	whole := fmt.Sprintf("%s/%s/asg/%s", p.Account, p.Region, p.Want.Group)
	switch p.Want.Kind {
	case Scale, Processes, Protect:
		return whole + "/" + p.Want.Kind
	}
	return whole
}

// Title is the headline.
func (p Plan) Title() string { return deeds(p.Want.Kind).title(p) }

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	d := deeds(p.Want.Kind)
	return plan.Brief{
		Kind: p.Want.Kind, Environment: p.Environment, Target: string(p.Want.Group), Resource: p.Resource(), Title: d.title(p),
		Digest: p.Digest(), Step: First, Tags: p.Tags, Blast: d.blast(p), Impact: d.impact(p), Findings: p.Findings,
	}
}

// material is what people agree to.
type material struct {
	Environment, Account, Region string
	Want                         Want
	From, To                     Size
	Old, New                     Version
	Change                       []string
	Seats                        []Seat
}

// Digest is a fingerprint of what is material: the same for the same change, whoever planned it.
func (p Plan) Digest() string {
	m := material{p.Environment, p.Account, p.Region, p.Want, p.From, p.To, p.Old, p.New, p.Change, nil}
	for _, s := range p.Seats {
		m.Seats = append(m.Seats, Seat{ID: s.ID})
	}
	if p.Want.Kind != Scale { // the size belongs to what is agreed on where it changes
		m.From, m.To = Size{}, Size{Desired: p.To.Desired - p.From.Desired}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
