package patch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// Kind is the workflow's name in records.
const Kind = "patch"

// First is the step a patch begins with.
const First = stepCheck

// Plan is a patch that can be read, approved, stored and carried out later by another replica. It round-trips through
// JSON.
type Plan struct {
	Environment string         `json:"environment"`
	Bake        bake.Plan      `json:"bake"`
	Coming      fleet.Image    `json:"coming"` // the image, as far as it is known before it is made
	Groups      []rollout.Plan `json:"groups"`
	Subnets     []string       `json:"subnets,omitempty"` // where a machine for the test may be launched
	Golden      family.Golden  `json:"golden,omitzero"`   // of the family now, when the image is to be promoted
	Findings    []card.Finding `json:"findings,omitempty"`
	Want        Want           `json:"want"`
	At          time.Time      `json:"at"` // when the facts were read
}

// New makes the plan. Input that makes no sense is a fault; what stands in the way in the live fleet is a finding of
// the plan.
func New(f Facts, w Want) (Plan, error) {
	if err := w.validate(); err != nil {
		return Plan{}, err
	}
	if len(f.Groups) != len(w.Groups) {
		return Plan{}, fault.New(fault.NotFound, "There is no such group.")
	}
	if w.Test != "" {
		w.Timeout = cmp.Or(w.Timeout, usualTest) // people see it, so it is part of what they agree to
	}
	baking, err := bake.New(f.Bake, w.Bake)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Environment: f.Bake.Environment, Bake: baking, Coming: standIn(f.Bake, baking), Golden: f.Golden, Want: w, At: f.Now}
	if p.Groups, err = p.rolls(f.Groups); err != nil {
		return Plan{}, err
	}
	if w.Test != "" {
		p.Subnets = f.Groups[0].Group.Subnets
	}
	p.Findings = preflight(f, p)
	return p, nil
}

// rolls plans the rollout of every group to the image that will be.
func (p Plan) rolls(facts []rollout.Facts) ([]rollout.Plan, error) {
	all := make([]rollout.Plan, 0, len(facts))
	for _, f := range facts {
		f.Coming = p.Coming
		r, err := rollout.New(f, p.rolling())
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// rolling is what is asked of every group's rollout.
func (p Plan) rolling() rollout.Want {
	w := p.Want.Roll
	w.Coming, w.Image, w.Version = p.Bake.Name, "", 0
	return w
}

// Digest is a fingerprint of what is material in the plan: the same for the same change, whenever and by whichever
// replica it was planned. A name that the plan found for the image is not in it.
func (p Plan) Digest() string {
	w := p.Want
	w.Groups = nil
	parts := []string{p.Environment, p.Bake.Digest()}
	for _, g := range p.Groups {
		g.Want.Coming = "its image"
		parts = append(parts, g.Digest())
	}
	body, err := json.Marshal(struct {
		Parts []string
		Want  Want
		Was   int64
	}{parts, w, p.Golden.Revision})
	if err != nil { // strings, numbers and lists of them always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Resource is what is locked while it runs. The groups are locked one after another, each while it is worked on.
func (p Plan) Resource() string {
	return p.Bake.Account + "/" + p.Bake.Region + "/patch/" + string(p.Bake.Instance)
}

// names are the groups' names.
func (p Plan) names() []string {
	all := make([]string, len(p.Groups))
	for i, g := range p.Groups {
		all[i] = string(g.Group)
	}
	return all
}

// Title is the headline: "Patch web and api from i-0abc".
func (p Plan) Title() string { return fmt.Sprintf("Patch %s from %s", listed(p.names()), p.server()) }

// server is what people call the server.
func (p Plan) server() string { return cmp.Or(p.Bake.Called, string(p.Bake.Instance)) }

// listed joins names as people say them, a few of them.
func listed(names []string) string {
	switch n := len(names); {
	case n == 0:
		return "nothing"
	case n == 1:
		return names[0]
	case n <= 4:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return say.Some(names, 3)
}

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	return plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: strings.Join(p.names(), ","), Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(),
		Step: First, Tags: p.tags(), Each: p.each(), Blast: p.Blast(), Impact: p.Impact(), Narrow: p.Narrow(), Findings: p.Findings,
	}
}

// each is every group with its own tags; nothing for one group alone.
func (p Plan) each() []plan.Part {
	if len(p.Groups) < 2 {
		return nil
	}
	parts := make([]plan.Part, len(p.Groups))
	for i, g := range p.Groups {
		parts[i] = plan.Part{Target: string(g.Group), Tags: g.Tags}
	}
	return parts
}

// tags are those that any of the groups has: what a policy asks for one of them is asked for all. Of several values the
// first group's counts.
func (p Plan) tags() map[string]string {
	all := map[string]string{}
	for _, g := range slices.Backward(p.Groups) {
		maps.Copy(all, g.Tags)
	}
	return all
}

// Blast is how much the patch touches and risks, over all groups: what is counted is summed, and of shares the
// largest counts.
func (p Plan) Blast() plan.Blast {
	b := p.Bake.Brief().Blast
	if p.Bake.Group == "" { // a share of the server itself, which serves in no group
		b.Percent, b.CapacityDown = 0, 0
	}
	for _, g := range p.Groups {
		one := g.Blast()
		b.Instances += one.Instances
		b.Percent, b.CapacityDown = max(b.Percent, one.Percent), max(b.CapacityDown, one.CapacityDown)
		b.DataLost, b.Irreversible = b.DataLost || one.DataLost, b.Irreversible || one.Irreversible
		b.Alarms = append(b.Alarms, one.Alarms...)
	}
	slices.Sort(b.Alarms)
	b.Alarms = slices.Compact(b.Alarms)
	return b
}

// Impact is the blast radius in a few words for people.
func (p Plan) Impact() string {
	server := p.Bake.Brief().Impact
	if len(p.Groups) == 1 {
		return p.Groups[0].Impact() + "; " + server
	}
	b := p.Blast()
	words := []string{fmt.Sprintf("%s in %s", say.Plural(p.replaced(), "instance"), say.Plural(len(p.Groups), "group")), "one group at a time"}
	if b.CapacityDown > 0 {
		words = append(words, fmt.Sprintf("up to %d %% less capacity meanwhile", b.CapacityDown))
	}
	if b.DataLost {
		words = append(words, "data on other disks is lost")
	}
	if b.Irreversible {
		words = append(words, "cannot be rolled back everywhere while it runs")
	}
	if len(b.Alarms) > 0 {
		words = append(words, say.Plural(len(b.Alarms), "alarm")+" open or unknown")
	}
	return strings.Join(words, ", ") + "; " + server
}

// replaced is how many instances of the groups are.
func (p Plan) replaced() int {
	n := 0
	for _, g := range p.Groups {
		n += g.Pace.Replaced
	}
	return n
}

// Narrow is the first group's canary: once it is in service, people are asked for the rest, and that is everything.
func (p Plan) Narrow() string {
	first := p.Groups[0].Narrow()
	if first == "" || len(p.Groups) == 1 {
		return first
	}
	return first + " of " + string(p.Groups[0].Group)
}

// expected is how long it takes, without the time that people take to answer.
func (p Plan) expected() time.Duration {
	d := p.Bake.Expected
	if p.Want.Test != "" {
		d += 5 * time.Minute
	}
	for _, g := range p.Groups {
		d += g.Pace.Expected
	}
	return d
}
