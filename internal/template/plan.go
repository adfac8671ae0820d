package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Kind is the kind of operation that a change of a template is.
const Kind = "template"

// Plan is one change of a template that may be asked for. It round-trips through JSON.
type Plan struct {
	Environment string             `json:"environment"`
	Account     string             `json:"account"`
	Region      string             `json:"region"`
	Want        Want               `json:"want"`                 // with everything that the plan decided: ids, and the number of the source
	Template    fleet.TemplateID   `json:"template,omitempty"`   // empty: it is to be made
	Former      int64              `json:"former,omitempty"`     // the default version
	Latest      int64              `json:"latest,omitempty"`     // the latest one
	Named       bool               `json:"named,omitempty"`      // the source was asked for by its number
	Changes     []fleet.Difference `json:"changes,omitempty"`    // from the source, or from the present default; secrets are hidden
	Text        string             `json:"text,omitempty"`       // user data, or what changes in it; secrets are hidden
	Live        string             `json:"live,omitempty"`       // fingerprint of the server that is copied
	Left        []string           `json:"left,omitempty"`       // what is not copied of it
	Deletes     []int64            `json:"deletes,omitempty"`    // versions, newest first
	Kept        []Kept             `json:"kept,omitempty"`       // versions that stay though they are old
	ByDefault   []fleet.GroupName  `json:"by_default,omitempty"` // groups that launch from $Default
	ByLatest    []fleet.GroupName  `json:"by_latest,omitempty"`  // groups that launch from $Latest
	Users       []fleet.GroupName  `json:"users,omitempty"`      // all groups that launch from it
	Room        string             `json:"room,omitempty"`       // the subnet in which a launch is tried
	Tags        map[string]string  `json:"tags,omitempty"`       // of the template
	Findings    []card.Finding     `json:"findings,omitempty"`
}

// Kept is a version that is not deleted, and why.
type Kept struct {
	Version int64  `json:"version"`
	Why     string `json:"why"`
}

// New makes a plan of facts that were gathered for the wish.
func New(f Facts, want Want) (Plan, error) {
	if err := want.validate(); err != nil {
		return Plan{}, err
	}
	making := want.Action == Create || want.Action == Adopt
	if !making && !f.exists() {
		return Plan{}, f.noTemplate(want.Name)
	}
	p := Plan{Environment: f.Environment, Account: f.Account, Region: f.Region, Want: want, Room: f.Room, Users: Names(f.Users),
		ByDefault: Following(f.Users, "$Default"), ByLatest: Following(f.Users, "$Latest")}
	if !making {
		p.Template, p.Former, p.Latest, p.Tags = f.Template.ID, f.Template.Default, f.Template.Latest, f.Template.Tags
	}
	decide := map[Action]func(*Plan, Facts) error{Create: (*Plan).create, Update: (*Plan).update, Default: (*Plan).moveDefault,
		Clean: (*Plan).clean, Adopt: (*Plan).adopt, Delete: (*Plan).remove}
	err := decide[want.Action](&p, f)
	return p, err
}

func (p *Plan) stop(hint, format string, args ...any) {
	p.Findings = append(p.Findings, card.Finding{Stop: true, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (p *Plan) warn(hint, format string, args ...any) {
	p.Findings = append(p.Findings, card.Finding{Text: fmt.Sprintf(format, args...), Hint: hint})
}

// set takes over what was found out about the fields that are set.
func (p *Plan) set(c Checked) {
	p.Want.Spec = c.Spec
	p.Findings = append(p.Findings, c.Findings...)
	if c.Spec.Subnet != "" {
		p.warn("Leave `--subnet` out if groups are to launch from it.",
			"A template that names a subnet launches there alone; groups have subnets of their own.")
	}
}

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	return plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: p.Want.Name, Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(),
		Step: First, Tags: p.Tags, Impact: p.Impact(), Findings: p.Findings,
		Blast: plan.Blast{Irreversible: p.Want.Action == Clean || p.Want.Action == Delete},
	}
}

// Resource is what is locked while it runs.
func (p Plan) Resource() string { return Resource(p.Account, p.Region, p.Want.Name) }

// Resource is what a change of a template locks.
func Resource(account, region, name string) string {
	return strings.Join([]string{account, region, "template", name}, "/")
}

// Title says it in a few words.
func (p Plan) Title() string {
	w := p.Want
	switch w.Action {
	case Create:
		return fmt.Sprintf("Create template %s with %s", w.Name, w.Spec.Image)
	case Update:
		return fmt.Sprintf("New version of template %s: %s", w.Name, strings.Join(fieldNames(w.Spec), ", "))
	case Default:
		if w.Back != "" {
			return fmt.Sprintf("Bring the default of template %s back to version %d", w.Name, w.Version)
		}
		return fmt.Sprintf("Make version %d the default of template %s", w.Version, w.Name)
	case Clean:
		return fmt.Sprintf("Delete %s of template %s", say.Plural(len(p.Deletes), "old version"), w.Name)
	case Adopt:
		return fmt.Sprintf("Make template %s from %s", w.Name, w.From)
	}
	return "Delete template " + w.Name
}

// fieldNames are what a spec sets, as people call it.
func fieldNames(s fleet.LaunchSpec) []string {
	var all []string
	for _, f := range []struct {
		set  bool
		name string
	}{{s.Image != "", string(s.Image)}, {s.Type != "", s.Type}, {s.Key != "", "key"}, {len(s.SecurityGroups) > 0, "security groups"},
		{s.Subnet != "", "subnet"}, {s.Profile != "", "role"}, {s.UserData != nil, "user data"}, {len(s.Tags) > 0, "tags"}} {
		if f.set {
			all = append(all, f.name)
		}
	}
	return all
}

// Impact says what it means for the groups that launch from it.
func (p Plan) Impact() string {
	w := p.Want
	switch {
	case w.Action == Default && len(p.ByDefault) > 0:
		return fmt.Sprintf("%s from $Default (%s): the next instances run version %d", launching(len(p.ByDefault)), say.Some(p.ByDefault, 5), w.Version)
	case w.Action == Update && len(p.ByLatest) > 0:
		return fmt.Sprintf("%s from $Latest (%s): the next instances run the new version at once", launching(len(p.ByLatest)), say.Some(p.ByLatest, 5))
	case w.Action == Update && w.SetDefault && len(p.ByDefault) > 0:
		return fmt.Sprintf("%s from $Default (%s): the next instances run the new version", launching(len(p.ByDefault)), say.Some(p.ByDefault, 5))
	case w.Action == Clean:
		return fmt.Sprintf("%s deleted for good; no group launches from them", say.Plural(len(p.Deletes), "version"))
	case w.Action == Delete:
		return "the template is deleted for good with all its versions; no group launches from it"
	}
	return "no group launches anything else than before"
}

func launching(n int) string {
	if n == 1 {
		return "1 group launches"
	}
	return fmt.Sprintf("%d groups launch", n)
}

// material is what people agree to.
type material struct {
	Environment, Account, Region, Template, Live string
	Want                                         Want
	Former                                       int64
	Deletes                                      []int64
}

// Digest is a fingerprint of what is material: the same for the same change, whoever planned it.
func (p Plan) Digest() string {
	m := material{p.Environment, p.Account, p.Region, string(p.Template), p.Live, p.Want, 0, p.Deletes}
	if p.Want.Action == Default || p.Want.SetDefault {
		m.Former = p.Former
	}
	body, err := json.Marshal(m)
	if err != nil { // strings, numbers and maps of them always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Changed tells what is materially different in a plan made now of the same wish.
func (p Plan) Changed(now Plan) []string {
	var told []string
	switch {
	case p.Resource() != now.Resource() || p.Template != now.Template:
		told = append(told, fmt.Sprintf("%s is another template now than the one that was approved.", p.Want.Name))
	case (p.Want.Action == Default || p.Want.SetDefault) && p.Former != now.Former:
		told = append(told, fmt.Sprintf("The default of %s is version %d now, not %d.", p.Want.Name, now.Former, p.Former))
	case p.Live != now.Live:
		told = append(told, fmt.Sprintf("%s is set up otherwise now than when it was planned.", p.Want.From))
	}
	for _, f := range now.Findings {
		if f.Stop {
			told = append(told, say.Closed(f.Text))
		}
	}
	for _, g := range now.follows() {
		if !slices.Contains(p.follows(), g) {
			told = append(told, fmt.Sprintf("Group %s launches from it now, too.", g))
		}
	}
	return told
}

// follows are the groups that will launch something else because of it.
func (p Plan) follows() []fleet.GroupName {
	switch {
	case p.Want.Action == Default:
		return p.ByDefault
	case p.Want.Action == Update && p.Want.SetDefault:
		return slices.Concat(p.ByLatest, p.ByDefault)
	case p.Want.Action == Update:
		return p.ByLatest
	}
	return nil
}

// Again is the wish that the plan was made of, for another plan at another time.
func (p Plan) Again() Want {
	w := p.Want
	if !p.Named {
		w.Source = 0
	}
	return w
}

// PlanOf reads the plan out of an operation.
func PlanOf(r ledger.Record) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		return p, fault.New(fault.Invalid, "The plan of %s cannot be read.", r.ID)
	}
	return p, nil
}
