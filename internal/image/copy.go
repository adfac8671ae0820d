package image

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Destination is where a copy goes: another region of the image's account, or another environment.
type Destination struct {
	Environment string `json:"environment"`
	Region      string `json:"region"` // as it was named; empty: the environment's own
}

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

// IsRegion reports whether a word has the form of a region's name.
func IsRegion(word string) bool { return region.MatchString(word) }

func (d Destination) words() string {
	if d.Region == "" {
		return d.Environment
	}
	return d.Region
}

// CopyWant is what somebody asks for.
type CopyWant struct {
	Image fleet.ImageID `json:"image"`
	To    []Destination `json:"to"`
	Name  string        `json:"name,omitempty"` // of the copies; empty: as the image is named
	Key   string        `json:"key,omitempty"`  // KMS key to encrypt them with; empty: as the image is
}

// CopyFacts is what copies are planned from.
type CopyFacts struct {
	Place
	Image  *fleet.Image
	Shared []string   // accounts it is shared with
	Keys   []string   // KMS keys that it is encrypted with
	There  []Arriving // one for each destination, in their order
}

// Arriving is what a destination looks like before.
type Arriving struct {
	Place
	Twin  *fleet.Image // that has the name there already
	Blind string       // why AWS does not let us look there
}

// GatherCopy reads the facts: three calls, one more for an image that is encrypted, and two for each destination. at finds a destination's cloud.
func GatherCopy(ctx context.Context, from Reader, at func(Destination) (Reader, error), environment string, want CopyWant) (CopyFacts, error) {
	where, err := place(ctx, from, environment)
	if err != nil {
		return CopyFacts{}, err
	}
	f := CopyFacts{Place: where}
	if f.Image, err = look(ctx, from, want.Image); err != nil || f.Image == nil {
		return f, err
	}
	if f.Image.Owner == f.Account {
		if f.Shared, err = from.SharedWith(ctx, want.Image); err != nil {
			return f, fmt.Errorf("read whom %s is shared with: %w", want.Image, err)
		}
	}
	if f.Keys, err = keys(ctx, from, *f.Image); err != nil {
		return f, err
	}
	for _, to := range want.To {
		there, err := arriving(ctx, at, to, want.name(*f.Image))
		if err != nil {
			return f, err
		}
		f.There = append(f.There, there)
	}
	return f, nil
}

func (w CopyWant) name(i fleet.Image) string {
	if w.Name != "" {
		return w.Name
	}
	return i.Name
}

func arriving(ctx context.Context, at func(Destination) (Reader, error), to Destination, name string) (Arriving, error) {
	reader, err := at(to)
	if err != nil {
		return Arriving{}, fmt.Errorf("reach %s: %w", to.words(), err)
	}
	where, err := place(ctx, reader, to.Environment)
	if fleet.KindOf(err) == fleet.Refused || fleet.KindOf(err) == fleet.Rejected {
		return Arriving{Place: Place{Environment: to.Environment, Region: to.Region}, Blind: say.AWS(err)}, nil
	}
	if err != nil {
		return Arriving{}, err
	}
	a := Arriving{Place: where}
	twin, err := reader.ImageNamed(ctx, name)
	switch fleet.KindOf(err) {
	case fleet.Absent:
		return a, nil
	case fleet.Refused, fleet.Rejected:
		a.Blind = say.AWS(err)
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("look for an image %s in %s: %w", name, to.words(), err)
	}
	a.Twin = &twin
	return a, nil
}

// Copying is a plan to copy an image.
type Copying struct {
	Place
	Image    Subject        `json:"image"`
	Name     string         `json:"name"` // of the copies
	Text     string         `json:"text,omitempty"`
	To       []Target       `json:"to"`
	Read     []string       `json:"read,omitempty"`  // other accounts that copy it: they must be able to read its snapshots meanwhile
	Share    []string       `json:"share,omitempty"` // those of them that may not launch it yet: it is shared with them while it is copied, and no longer
	Want     CopyWant       `json:"want"`
	Findings []card.Finding `json:"findings,omitempty"`
}

// Target is one copy of a plan.
type Target struct {
	Place
	Destination Destination   `json:"destination"`
	Exists      fleet.ImageID `json:"exists,omitempty"` // it is there already
}

// NewCopy makes the plan.
func NewCopy(f CopyFacts, w CopyWant) (Copying, error) {
	if len(w.To) == 0 {
		return Copying{}, fault.New(fault.Invalid, "No destination was named.").WithHint("Add `--to` with regions such as `eu-central-1`, or environments.")
	}
	if w.Name != "" && !nameable(w.Name) {
		return Copying{}, fault.New(fault.Invalid, "`%s` is no name of an image.", card.Inert(w.Name)).
			WithHint("3 to 128 letters, digits, spaces and ( ) [ ] . / - ' @ _ are taken.")
	}
	if err := checkKey(w.Key); err != nil {
		return Copying{}, err
	}
	if f.Image == nil {
		return Copying{}, none(w.Image, f.Environment)
	}
	p := Copying{Place: f.Place, Image: subject(*f.Image), Name: w.name(*f.Image), Text: f.Image.Description, Want: w}
	p.Image.Keys = f.Keys
	p.Findings = unusable(*f.Image)
	for i, there := range f.There {
		p.arrive(w.To[i], there, f)
	}
	if len(p.To) > 0 && !slices.ContainsFunc(p.To, func(t Target) bool { return t.Exists == "" }) {
		p.Findings = append(p.Findings, plan.Stop("There is nothing to do.", "It is there already, wherever you want it."))
	}
	if _, left := p.kept(); left > 0 {
		p.Findings = append(p.Findings, plan.Warn(fmt.Sprintf("AWS takes %d tags, and a copy needs %d to tell where it comes from.", mostTags, ownTags),
			"%d of its tags are left out of the copies.", left))
	}
	if len(p.Read) > 0 {
		p.Findings = append(p.Findings, p.Image.locked(p.Region, "copy")...)
	}
	return p, nil
}

// arrive adds a destination, and what is to be said of it.
func (p *Copying) arrive(to Destination, there Arriving, f CopyFacts) {
	target := Target{Place: there.Place, Destination: to}
	twin := there.Twin
	same := there.Account == p.Account && there.Region == p.Region
	switch {
	case there.Blind != "":
		p.Findings = append(p.Findings, plan.Stop("Is the region enabled, and may the role look there?", "AWS does not let me look at %s: %s", to.words(), there.Blind))
	case same && p.Name == p.Image.Name:
		p.Findings = append(p.Findings, plan.Stop("Give the copy a name with `--name`, or name another region.", "The image is in %s already.", to.words()))
	case twin != nil && twin.SourceImage == p.Image.ID && twin.State != "failed":
		target.Exists = twin.ID
		p.Findings = append(p.Findings, plan.Warn("It is taken as it is.", "%s has its copy already: %s.", to.words(), twin.ID))
	case twin != nil:
		p.Findings = append(p.Findings, plan.Stop("Give the copy another name with `--name`.", "%s has another image that is named %s: %s.", to.words(), p.Name, twin.ID))
	}
	if at := regionOf(p.Want.Key); at != "" && there.Region != "" && at != there.Region {
		p.Findings = append(p.Findings, plan.Stop("Name a key of that region, or an alias such as `alias/images` that has a key in each.", "The KMS key is in %s, and the copy in %s needs one there.", at, there.Region))
	}
	foreign := there.Account != "" && there.Account != p.Account && target.Exists == ""
	if foreign && p.Image.Owner == p.Account && !slices.Contains(p.Read, there.Account) {
		p.Read = append(p.Read, there.Account)
		if !slices.Contains(f.Shared, there.Account) {
			p.Share = append(p.Share, there.Account)
		}
	}
	p.To = append(p.To, target)
}

// nameable reports whether AWS takes it for the name of an image.
func nameable(name string) bool {
	if len(name) < 3 || len(name) > 128 {
		return false
	}
	for _, r := range name {
		if !strings.ContainsRune("()[] ./-'@_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// Title is the headline.
func (p Copying) Title() string {
	return fmt.Sprintf("Copy %s to %s", p.Image.ID, say.Some(p.where(), 3))
}

func (p Copying) where() []string {
	words := make([]string, len(p.Want.To))
	for i, to := range p.Want.To {
		words[i] = to.words()
	}
	return words
}

// Brief is the plan in short.
func (p Copying) Brief() plan.Brief {
	parts := []string{KindCopy, p.Account, p.Region, string(p.Image.ID), p.Name}
	for _, t := range p.To {
		parts = append(parts, t.Account, t.Region, string(t.Exists))
	}
	if p.Want.Key != "" {
		parts = append(parts, "key", p.Want.Key)
	}
	return plan.Brief{
		Kind: KindCopy, Environment: p.Environment, Target: string(p.Image.ID), Resource: p.resource("image", string(p.Image.ID)), Title: p.Title(), Step: First,
		Digest: fingerprint(append(parts, p.Share...)...), Tags: p.Image.Tags, Findings: p.Findings,
		Impact: fmt.Sprintf("%s of %d GiB; nothing that runs is touched", copiesOf(p.missing()), p.Image.Size),
	}
}

func copiesOf(n int) string {
	if n == 1 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", n)
}

// missing is how many copies are to be made.
func (p Copying) missing() int {
	n := 0
	for _, t := range p.To {
		if t.Exists == "" {
			n++
		}
	}
	return n
}

// tags are those of a copy: where it comes from, and the image's own as far as AWS takes more.
func (p Copying) tags(operation, requester string) map[string]string {
	all := map[string]string{"amiral:operation": operation, "amiral:requester": requester, "amiral:source-image": string(p.Image.ID)}
	keep, _ := p.kept()
	for _, key := range keep {
		if _, ours := all[key]; !ours {
			all[key] = p.Image.Tags[key]
		}
	}
	return all
}

// ownTags is how many tags every copy has by itself.
const ownTags = 3

// kept are the keys of the image's tags that its copies have, too, and how many they do not: AWS takes no more. What is
// ours comes first.
func (p Copying) kept() (keys []string, left int) {
	ours := []string{}
	for _, key := range slices.Sorted(maps.Keys(p.Image.Tags)) {
		switch folded := strings.ToLower(key); {
		case strings.HasPrefix(folded, "aws:"), key == "amiral:operation", key == "amiral:requester", key == "amiral:source-image":
		case strings.HasPrefix(folded, "amiral:"):
			ours = append(ours, key)
		default:
			keys = append(keys, key)
		}
	}
	keys = append(ours, keys...)
	left = max(len(keys)+ownTags-mostTags, 0)
	return keys[:len(keys)-left], left
}

// Sections draw the plan.
func (p Copying) Sections() []card.Section {
	to := make([]string, len(p.To))
	for i, t := range p.To {
		to[i] = fmt.Sprintf("%s (%s, %s)", t.Environment, t.Region, t.Account)
	}
	facts := []card.Fact{
		{Label: "Image", Value: card.Join(p.Image.text(), card.T(" in %s, %s (%s)", p.Environment, p.Region, p.Account))},
		{Label: "To", Value: card.T("%s", strings.Join(to, ", "))},
		{Label: "Name there", Value: card.T("%s", p.Name)},
		{Label: "Each copy", Value: card.T("%d GiB of snapshots of its own; tags and the baseline manifest come along, launch permissions do not", p.Image.Size)},
	}
	switch {
	case p.Want.Key != "":
		facts = append(facts, card.Fact{Label: "Encrypted with", Value: card.Code(p.Want.Key)})
	case p.Image.Encrypted:
		facts = append(facts, card.Fact{Label: "Encrypted with", Value: card.T("the default key for EBS there; `--kms-key` names another")})
	}
	if len(p.Read) > 0 {
		facts = append(facts, card.Fact{Label: "Meanwhile", Value: card.T("%s may use the image and read its snapshots; what was not allowed before is taken back afterwards", say.Some(p.Read, 5))})
	}
	return sectioned(facts, p.Findings)
}
