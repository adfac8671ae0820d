package retire

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Doomed is an image that is retired, or brought back.
type Doomed struct {
	ID         fleet.ImageID `json:"id"`
	Name       string        `json:"name,omitempty"`
	State      string        `json:"state,omitempty"`
	Created    time.Time     `json:"created,omitzero"`
	Deprecated time.Time     `json:"deprecated,omitzero"`
	Launched   time.Time     `json:"launched,omitzero"` // last, by AWS's count
	Disks      []Disk        `json:"disks,omitempty"`
	Shared     []string      `json:"shared,omitempty"`  // launch permissions, which are lost and put back
	Foreign    bool          `json:"foreign,omitempty"` // no operation of ours made it
}

// operationTag is on everything that an operation made.
const operationTag = "amiral:operation"

// Disk is a snapshot of an image.
type Disk struct {
	Snapshot string `json:"snapshot"`
	Size     int    `json:"size"`             // GiB
	Shared   bool   `json:"shared,omitempty"` // with another image that stays, so it stays, too
}

// freed is how much is given back at the most, in GiB.
func (d Doomed) freed() int {
	n := 0
	for _, disk := range d.Disks {
		if !disk.Shared {
			n += disk.Size
		}
	}
	return n
}

// words names the image in a sentence.
func (d Doomed) words() string { return called(d.ID, d.Name) }

func called(id fleet.ImageID, name string) string {
	if name == "" {
		return string(id)
	}
	return name + " (" + string(id) + ")"
}

// Staying is an image of a family that stays, and why.
type Staying struct {
	ID      fleet.ImageID `json:"id"`
	Name    string        `json:"name,omitempty"`
	Created time.Time     `json:"created,omitzero"`
	Why     string        `json:"why"`
}

// Plan is what is retired. It round-trips through JSON.
type Plan struct {
	Environment string         `json:"environment"`
	Account     string         `json:"account"`
	Region      string         `json:"region"`
	Images      []Doomed       `json:"images"`
	Kept        []Staying      `json:"kept,omitempty"`
	More        int            `json:"more,omitempty"` // that could go, and are too many for one operation
	Want        Want           `json:"want"`
	Findings    []card.Finding `json:"findings,omitempty"`
	At          time.Time      `json:"at"`
}

// New makes the plan.
func New(f Facts, w Want) (Plan, error) {
	w.Cooldown = cmp.Or(w.Cooldown, usualCooldown)
	if err := w.check(); err != nil {
		return Plan{}, err
	}
	if len(f.Images) == 0 && w.prune() {
		return Plan{}, fault.New(fault.NotFound, "The family %s has no image in %s.", w.Family, f.Environment).
			WithHint("Images belong to the family that their tag amiral:family names; `/ami list` shows them.")
	}
	for _, id := range w.Images {
		if !slices.ContainsFunc(f.Images, func(i fleet.Image) bool { return i.ID == id && i.State != "deregistered" }) {
			return Plan{}, gone(id, f.Environment, w.Restore)
		}
	}
	p := Plan{Environment: f.Environment, Account: f.Account, Region: f.Region, Want: w, At: f.Now}
	switch {
	case w.Restore:
		p.restore(f)
	case w.prune():
		p.prune(f)
	default:
		p.retire(f)
	}
	p.share(f)
	p.strangers()
	p.Findings = append(p.Findings, f.Notes...)
	return p, nil
}

func gone(id fleet.ImageID, environment string, back bool) error {
	if back {
		return fault.New(fault.Conflict, "It is too late: %s is deregistered.", card.Inert(string(id))).
			WithHint("Snapshots that were kept, and what a Recycle Bin rule retained, can still be restored by whoever may do so in AWS.")
	}
	return fault.New(fault.NotFound, "There is no image %s in %s.", card.Inert(string(id)), environment).WithHint("`/ami list` shows those there are.")
}

// Of describes an image that is to go.
func Of(i fleet.Image) Doomed {
	d := Doomed{ID: i.ID, Name: i.Name, State: i.State, Created: i.Created, Deprecated: i.Deprecated, Launched: i.LastLaunched, Foreign: i.Tags[operationTag] == ""}
	for _, disk := range i.Disks {
		if disk.Snapshot != "" {
			d.Disks = append(d.Disks, Disk{Snapshot: disk.Snapshot, Size: disk.Size})
		}
	}
	return d
}

// doomed describes an image with those whom it is shared with.
func doomed(f Facts, i fleet.Image) Doomed {
	d := Of(i)
	d.Shared = f.Shared[i.ID]
	return d
}

// retire plans the images that were named: whatever needs one of them stands in the way.
func (p *Plan) retire(f Facts) {
	for _, i := range f.Images {
		p.Images = append(p.Images, doomed(f, i))
		p.Findings = append(p.Findings, p.obstacles(f, i)...)
		if !i.LastLaunched.IsZero() && f.Now.Sub(i.LastLaunched) < 7*24*time.Hour {
			p.Findings = append(p.Findings, warn("AWS's count lags by a day.", fmt.Sprintf("%s was launched last on %s.", called(i.ID, i.Name), day(i.LastLaunched))))
		}
	}
}

// mostUses is how many uses of an image are listed.
const mostUses = 6

// obstacles are what stands in the way of an image's end.
func (p *Plan) obstacles(f Facts, i fleet.Image) []card.Finding {
	name := called(i.ID, i.Name)
	if why, help := untouchable(f, i); why != "" {
		return []card.Finding{stop(help, why)}
	}
	var list []card.Finding
	uses := counting(f.Uses[i.ID], p.Want)
	for _, u := range uses[:min(len(uses), mostUses)] {
		list = append(list, stop(u.Hint, fmt.Sprintf("%s is needed: %s.", name, u.Text)))
	}
	if more := len(uses) - mostUses; more > 0 {
		list = append(list, stop("", fmt.Sprintf("%s is needed by %d more.", name, more)))
	}
	for _, u := range f.Uses[i.ID] {
		if u.Rank == OldVersion && p.Want.OldVersions {
			list = append(list, warn("They launch nothing any more.", fmt.Sprintf("%s: %s.", name, u.Text)))
		}
	}
	return list
}

// untouchable says why an image cannot be retired whatever refers to it, and what to do.
func untouchable(f Facts, i fleet.Image) (why, help string) {
	name := called(i.ID, i.Name)
	switch guard := i.Protection; {
	case i.Owner != f.Account:
		return fmt.Sprintf("%s belongs to the account %s.", name, i.Owner), "Only its owner can retire it."
	case i.State == "pending":
		return fmt.Sprintf("%s is still being made.", name), "Ask again when it is available."
	case strings.HasPrefix(guard, "disabled-with-cooldown"):
		return fmt.Sprintf("%s was protected from deregistration, and AWS keeps that up for a while: %s.", name, guard), "Ask again after that."
	case guard != "" && guard != "disabled":
		return fmt.Sprintf("%s is protected from deregistration (%s).", name, guard),
			"Whoever protected it can end that: `aws ec2 disable-image-deregistration-protection --image-id " + string(i.ID) + "`."
	}
	return "", ""
}

// prune sorts a family into what goes and what stays.
func (p *Plan) prune(f Facts) {
	for n, i := range f.Images {
		why := young(f, p.Want, n)
		if why == "" {
			why, _ = untouchable(f, i)
		}
		if uses := counting(f.Uses[i.ID], p.Want); why == "" && len(uses) > 0 {
			why = words(uses, 2)
		}
		if why != "" {
			p.Kept = append(p.Kept, Staying{ID: i.ID, Name: i.Name, Created: i.Created, Why: why})
			continue
		}
		p.Images = append(p.Images, doomed(f, i))
	}
	slices.Reverse(p.Images) // the oldest first
	if more := len(p.Images) - mostImages; more > 0 {
		p.Images, p.More = p.Images[:mostImages], more
		p.Findings = append(p.Findings, warn("Ask again afterwards.", fmt.Sprintf("%d more could go: %d are the most at once, and the oldest come first.", more, mostImages)))
	}
	if len(p.Images) == 0 {
		p.Findings = append(p.Findings, stop("There is nothing to do.", fmt.Sprintf("Every image of %s stays.", p.Want.Family)))
	}
}

// share marks snapshots that stay because an image that stays has them, too, and tells of launch permissions.
func (p *Plan) share(f Facts) {
	goes := func(id fleet.ImageID) bool {
		return slices.ContainsFunc(p.Images, func(d Doomed) bool { return d.ID == id })
	}
	var open []string
	for i := range p.Images {
		for j, disk := range p.Images[i].Disks {
			p.Images[i].Disks[j].Shared = slices.ContainsFunc(f.Holders[disk.Snapshot], func(id fleet.ImageID) bool { return !goes(id) })
		}
		if len(p.Images[i].Shared) > 0 {
			open = append(open, fmt.Sprintf("%s with %s", p.Images[i].ID, say.Some(p.Images[i].Shared, 3)))
		}
	}
	switch {
	case len(open) == 0 || p.Want.Restore:
	case p.Want.Unknown:
		p.Findings = append(p.Findings, warn("Where AWS does not tell whether they use it, it goes nevertheless, as you asked.", "Shared: "+say.Some(open, 3)+"."))
	default:
		p.Findings = append(p.Findings, warn("AWS is asked whether they use it before anything is disabled; where it does not tell, nothing is done.", "Shared: "+say.Some(open, 3)+"."))
	}
	if slices.ContainsFunc(p.Images, func(d Doomed) bool { return slices.Contains(d.Shared, everybody) }) {
		p.Findings = append(p.Findings, warn("It comes back without that: I make nothing public.", "One of them is public."))
	}
}

// strangers tells of images that the bot did not make: the policy that it comes with lets it end its own alone, which AWS
// would say only after the cooldown.
func (p *Plan) strangers() {
	var ids []string
	for _, d := range p.Images {
		if d.Foreign {
			ids = append(ids, string(d.ID))
		}
	}
	if len(ids) == 0 || p.Want.Restore {
		return
	}
	p.Findings = append(p.Findings, warn(
		"Where AWS refuses, what was disabled is enabled again. Whoever keeps my IAM policy can tag image and snapshots with "+operationTag+", or deregister the image by hand.",
		fmt.Sprintf("I did not make %s, and the IAM policy that I come with lets me deregister only what I made.", say.Some(ids, 3))))
}

// everybody stands among launch permissions when an image is public.
const everybody = "all"

// restore plans to bring images back.
func (p *Plan) restore(f Facts) {
	for _, i := range f.Images {
		d := doomed(f, i)
		p.Images = append(p.Images, d)
		switch {
		case i.Owner != f.Account:
			p.Findings = append(p.Findings, stop("Only its owner can bring it back.", fmt.Sprintf("%s belongs to the account %s.", d.words(), i.Owner)))
		case i.State != "disabled" && i.Deprecated.IsZero():
			p.Findings = append(p.Findings, stop("There is nothing to do.", fmt.Sprintf("%s is neither disabled nor deprecated.", d.words())))
		}
	}
}

// Size is how much is given back at the most, in GiB.
func (p Plan) Size() int {
	n, seen := 0, map[string]bool{}
	for _, i := range p.Images {
		for _, d := range i.Disks {
			if !d.Shared && !seen[d.Snapshot] {
				seen[d.Snapshot] = true
				n += d.Size
			}
		}
	}
	return n
}

// target is what people call what it is about.
func (p Plan) target() string {
	if p.Want.prune() {
		return p.Want.Family
	}
	ids := make([]string, len(p.Images))
	for i, d := range p.Images {
		ids[i] = string(d.ID)
	}
	return say.Some(ids, 2)
}

// Title is the headline.
func (p Plan) Title() string {
	switch {
	case p.Want.Restore:
		return "Bring " + p.target() + " back"
	case p.Want.prune():
		return fmt.Sprintf("Prune %s: retire %s", p.Want.Family, say.Plural(len(p.Images), "image"))
	}
	return "Retire " + p.target()
}

// Resource is what is locked while it runs.
func (p Plan) Resource() string {
	kind, name := "family", p.Want.Family
	if !p.Want.prune() && len(p.Want.Images) > 0 {
		kind, name = "image", string(p.Want.Images[0])
	}
	return fmt.Sprintf("%s/%s/%s/%s", p.Account, p.Region, kind, name)
}

// Digest is a fingerprint of what is material.
func (p Plan) Digest() string {
	parts := []string{Kind, p.Account, p.Region, p.Want.Family, p.Want.Cooldown.String(), fmt.Sprint(p.Want.Restore, p.Want.OldVersions, p.Want.Unknown)}
	for _, i := range p.Images {
		parts = append(parts, string(i.ID))
		for _, d := range i.Disks {
			parts = append(parts, d.Snapshot)
		}
	}
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	b := plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: p.target(), Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(), Step: First,
		Blast: plan.Blast{Irreversible: true}, Findings: p.Findings,
		Impact: fmt.Sprintf("%s and up to %d GiB of snapshots are gone for good after %s; until then it can be undone", say.Plural(len(p.Images), "image"), p.Size(), card.Span(p.Want.Cooldown)),
	}
	if p.Want.Restore {
		b.Step, b.Blast, b.Impact = FirstBack, plan.Blast{}, say.Plural(len(p.Images), "image")+" can be launched again"
	}
	return b
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
