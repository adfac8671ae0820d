package bake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Kind is the workflow's name in records.
const Kind = "bake"

// First is the step a bake begins with.
const First = stepCheck

// Plan is a bake that can be read, approved, stored and carried out later by another replica. It round-trips through
// JSON.
type Plan struct {
	Environment string            `json:"environment"`
	Account     string            `json:"account"`
	Region      string            `json:"region"`
	Instance    fleet.InstanceID  `json:"instance"`
	Called      string            `json:"called,omitempty"` // the instance's Name tag
	State       string            `json:"state"`            // the instance's
	Source      fleet.ImageID     `json:"source,omitempty"` // that the instance runs
	Platform    string            `json:"platform,omitempty"`
	Group       fleet.GroupName   `json:"group,omitempty"`       // that it serves in
	Desired     int               `json:"desired,omitempty"`     // of the group
	Least       int               `json:"least,omitempty"`       // the group's minimum
	Serving     int               `json:"serving,omitempty"`     // instances of the group in service
	Name        string            `json:"name"`                  // of the image
	Family      string            `json:"family,omitempty"`      //
	Way         Way               `json:"way"`                   //
	Disks       []fleet.Disk      `json:"disks"`                 // that are captured
	Left        []fleet.Disk      `json:"left,omitempty"`        // that are left out
	Template    fleet.TemplateRef `json:"template,omitzero"`     // of a twin, numeric
	Subnet      string            `json:"subnet,omitempty"`      // of a twin
	Managed     bool              `json:"managed,omitempty"`     // Systems Manager reaches the instance
	NoManifest  string            `json:"no_manifest,omitempty"` // why there will be none, as far as it is known
	Expected    time.Duration     `json:"expected"`
	Tags        map[string]string `json:"tags,omitempty"` // of the instance
	Findings    []card.Finding    `json:"findings,omitempty"`
	Want        Want              `json:"want"`
	At          time.Time         `json:"at"` // when the facts were read
}

// New makes the plan. Input that makes no sense is a fault; what stands in the way in the live fleet is a finding of
// the plan.
func New(f Facts, w Want) (Plan, error) {
	if err := w.validate(); err != nil {
		return Plan{}, err
	}
	if f.Instance.ID == "" {
		return Plan{}, fault.New(fault.NotFound, "There is no such instance.")
	}
	if slices.Contains(w.Share, f.Account) {
		return Plan{}, invalid("The image belongs to account %s itself.", f.Account).WithHint("Leave it out of `--share`.")
	}
	for _, p := range w.CopyTo {
		if p.Region == f.Region && cmp.Or(p.Account, f.Account) == f.Account {
			return Plan{}, invalid("The image is made in %s already.", p.Region).WithHint("Leave it out of `--copy-to`.")
		}
	}
	i := f.Instance
	p := Plan{
		Environment: f.Environment, Account: f.Account, Region: f.Region, Instance: i.ID, Called: i.Name, State: i.State,
		Source: i.Image, Platform: i.Platform, Name: w.named(f), Family: w.Family, Tags: i.Tags, Want: w, At: f.Now,
	}
	p.Want.Instance = string(i.ID)
	p.join(f)
	p.capture(f)
	p.twin(f)
	p.Managed, p.NoManifest = manifest(f, p)
	p.Expected = expected(f, p)
	p.Findings = preflight(f, p)
	return p, nil
}

// join decides the way. An instance that is out of its group's service is as free as one that has no group.
func (p *Plan) join(f Facts) {
	p.Way = cmp.Or(p.Want.Way, Reboot)
	if f.Instance.State == "stopped" {
		p.Way = Stopped
	}
	if f.Group == nil {
		return
	}
	m, _ := memberOf(*f.Group, f.Instance.ID)
	if m.Lifecycle == "Standby" {
		if p.Want.Way == Standby {
			p.Way = Reboot
		}
		return
	}
	p.Group, p.Desired, p.Least = f.Group.Name, f.Group.Desired, f.Group.Min
	for _, m := range f.Group.Instances {
		if m.Lifecycle == "InService" {
			p.Serving++
		}
	}
}

// capture sorts the volumes into those that are in the image and those that are not.
func (p *Plan) capture(f Facts) {
	for _, d := range f.Instance.Disks {
		d.Root = d.Root || d.Device == f.Instance.Root
		if p.Want.ExcludeData && !d.Root {
			p.Left = append(p.Left, d)
			continue
		}
		p.Disks = append(p.Disks, d)
	}
}

func (p *Plan) twin(f Facts) {
	if p.Way != Twin || f.Launches == nil {
		return
	}
	p.Template = fleet.TemplateRef{ID: f.Launches.Template, Name: f.Launches.Name, Version: strconv.FormatInt(f.Launches.Number, 10)}
	p.Subnet = f.Instance.Subnet
}

// size is how many GiB the disks hold.
func size(disks []fleet.Disk) int {
	n := 0
	for _, d := range disks {
		n += d.Size
	}
	return n
}

// expected is a rough guess. AWS promises nothing: minutes mostly, a day at the worst.
func expected(f Facts, p Plan) time.Duration {
	gib := size(p.Disks)
	fresh := min(f.Fresh, gib)
	if p.Way == Twin {
		fresh = gib
	}
	d := 2*time.Minute + time.Duration(fresh)*6*time.Second + time.Duration(gib-fresh)*2*time.Second
	switch p.Way {
	case Reboot, Standby:
		d += 2 * time.Minute
	case Twin:
		d += 5 * time.Minute
	}
	for range min(len(p.Want.CopyTo), 1) { // copies are made side by side
		d += 3*time.Minute + time.Duration(gib)*6*time.Second
	}
	return d.Round(time.Minute)
}

// manifest tells whether the machine can be asked what is on it.
func manifest(f Facts, p Plan) (managed bool, why string) {
	switch {
	case p.Way == Twin && f.Node != nil:
		return true, ""
	case f.Instance.State != "running":
		return false, fmt.Sprintf("%s is %s", f.Instance.ID, f.Instance.State)
	case windows(f.Instance.Platform):
		return false, "it runs Windows, which is not understood yet"
	case f.Unseen["ssm"] != "":
		return false, "AWS does not let me ask Systems Manager: " + f.Unseen["ssm"]
	case f.Node == nil:
		return false, fmt.Sprintf("%s is not managed by Systems Manager", f.Instance.ID)
	case f.Node.Ping != "Online":
		return false, fmt.Sprintf("Systems Manager does not reach %s (%s)", f.Instance.ID, f.Node.Ping)
	}
	return true, ""
}

// material is what people agree to. A name that the plan found by itself is not in it, so that the same wish a minute
// later is the same.
type material struct {
	Environment, Account, Region string
	Instance                     fleet.InstanceID
	Source                       fleet.ImageID
	Group                        fleet.GroupName
	Way                          Way
	Disks, Left                  []string
	Template                     fleet.TemplateRef
	Want                         Want
}

func (p Plan) material() material {
	return material{p.Environment, p.Account, p.Region, p.Instance, p.Source, p.Group, p.Way, volumes(p.Disks), volumes(p.Left), p.Template, p.Want}
}

// volumes name disks by what makes them the same.
func volumes(disks []fleet.Disk) []string {
	var all []string
	for _, d := range disks {
		all = append(all, fmt.Sprintf("%s %s %d", d.Device, d.Volume, d.Size))
	}
	slices.Sort(all)
	return all
}

// Digest is a fingerprint of what is material in the plan: the same for the same change, whenever and by whichever
// replica it was planned.
func (p Plan) Digest() string {
	body, err := json.Marshal(p.material())
	if err != nil { // strings, numbers and lists of them always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// again is the wish with what the plan decided, so that planning once more decides nothing anew.
func (p Plan) again() Want {
	w := p.Want
	w.Name = p.Name
	return w
}

// Resource is what is locked while it runs.
func (p Plan) Resource() string { return p.Account + "/" + p.Region + "/bake/" + string(p.Instance) }

// Title is the headline: "Bake web-2026.11.23-0900 from i-0abc".
func (p Plan) Title() string { return fmt.Sprintf("Bake %s from %s", p.Name, p.instance()) }

// instance is what people call it.
func (p Plan) instance() string { return cmp.Or(p.Called, string(p.Instance)) }

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	return plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: p.instance(), Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(),
		Step: First, Tags: p.Tags, Blast: p.blast(), Impact: p.impact(), Findings: p.Findings,
	}
}

func (p Plan) blast() plan.Blast {
	switch p.Way {
	case Reboot:
		return plan.Blast{Instances: 1, Percent: 100, CapacityDown: 100}
	case Standby:
		share := (100 + max(p.Serving, 1) - 1) / max(p.Serving, 1)
		return plan.Blast{Instances: 1, Percent: share, CapacityDown: share}
	}
	return plan.Blast{}
}

func (p Plan) impact() string {
	switch p.Way {
	case Reboot:
		return fmt.Sprintf("%s is rebooted and away for some minutes", p.instance())
	case Standby:
		return fmt.Sprintf("1 of %s of %s is out of service meanwhile", say.Plural(p.Serving, "instance"), p.Group)
	case Twin:
		return "one more instance runs for some minutes; no instance is touched"
	}
	return "no instance is touched"
}
