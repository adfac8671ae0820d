package image

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// What AWS takes.
const (
	longestKey   = 128
	longestValue = 256
	mostTags     = 50
)

// TagWant is what somebody asks for.
type TagWant struct {
	Image  fleet.ImageID     `json:"image"`
	Set    map[string]string `json:"set,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

func (w TagWant) check() error {
	if len(w.Set)+len(w.Remove) == 0 {
		return fault.New(fault.Invalid, "No tag was named.").WithHint("Write them like `/ami tag <image> team=web`, or `--remove team`.")
	}
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(w.Set)), w.Remove) {
		if f := badKey(key); f != nil {
			return f
		}
		if utf8.RuneCountInString(w.Set[key]) > longestValue {
			return fault.New(fault.Invalid, "The value of the tag %s is longer than %d characters.", card.Inert(key), longestValue)
		}
	}
	for _, key := range w.Remove {
		if _, both := w.Set[key]; both {
			return fault.New(fault.Invalid, "The tag %s is both set and removed.", card.Inert(key))
		}
	}
	return nil
}

func badKey(key string) error {
	folded := strings.ToLower(key)
	switch {
	case key == "" || utf8.RuneCountInString(key) > longestKey:
		return fault.New(fault.Invalid, "The key of a tag has between 1 and %d characters.", longestKey)
	case strings.HasPrefix(folded, "aws:"):
		return fault.New(fault.Invalid, "The tag %s is AWS's own: it cannot be changed.", card.Inert(key))
	case strings.HasPrefix(folded, "amiral:"):
		return fault.New(fault.Invalid, "The tag %s is mine: it tells where the image comes from, so it cannot be changed by hand.", card.Inert(key)).
			WithHint("An image joins a family with `/ami promote <image> --family <name>`.")
	}
	return nil
}

// TagFacts is what a change of tags is planned from.
type TagFacts struct {
	Place
	Image *fleet.Image
}

// GatherTags reads the facts in two calls.
func GatherTags(ctx context.Context, from Reader, environment string, want TagWant) (TagFacts, error) {
	where, err := place(ctx, from, environment)
	if err != nil {
		return TagFacts{}, err
	}
	f := TagFacts{Place: where}
	f.Image, err = look(ctx, from, want.Image)
	return f, err
}

// Tags is a plan to change an image's tags.
type Tags struct {
	Place
	Image    Subject        `json:"image"`
	Set      []TagChange    `json:"set,omitempty"` // and removed: in the order of their keys
	Want     TagWant        `json:"want"`
	Findings []card.Finding `json:"findings,omitempty"`
}

// TagChange is what becomes of one tag.
type TagChange struct {
	Key  string  `json:"key"`
	From *string `json:"from,omitempty"` // nil: there is none
	To   *string `json:"to,omitempty"`   // nil: it is removed
}

// NewTags makes the plan.
func NewTags(f TagFacts, w TagWant) (Tags, error) {
	if err := w.check(); err != nil {
		return Tags{}, err
	}
	if f.Image == nil {
		return Tags{}, none(w.Image, f.Environment)
	}
	p := Tags{Place: f.Place, Image: subject(*f.Image), Want: w}
	after := maps.Clone(f.Image.Tags)
	if after == nil {
		after = map[string]string{}
	}
	maps.Copy(after, w.Set)
	for _, key := range w.Remove {
		delete(after, key)
	}
	for _, key := range slices.Sorted(maps.Keys(union(f.Image.Tags, after))) {
		from, had := f.Image.Tags[key]
		to, has := after[key]
		if had != has || from != to {
			p.Set = append(p.Set, TagChange{Key: key, From: present(from, had), To: present(to, has)})
		}
	}
	p.Findings = p.preflight(f, countable(after))
	return p, nil
}

// countable is how many tags count against AWS's limit: its own do not.
func countable(tags map[string]string) int {
	n := 0
	for key := range tags {
		if !strings.HasPrefix(strings.ToLower(key), "aws:") {
			n++
		}
	}
	return n
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(b)
	maps.Copy(all, a)
	return all
}

func present(value string, there bool) *string {
	if !there {
		return nil
	}
	return &value
}

func (p Tags) preflight(f TagFacts, after int) []card.Finding {
	var list []card.Finding
	switch {
	case f.Image.State == "deregistered":
		return unusable(*f.Image)
	case len(p.Set) == 0:
		list = append(list, plan.Stop("There is nothing to do.", "%s is tagged like that already.", p.Image.words()))
	case after > mostTags:
		list = append(list, plan.Stop("Remove some with `--remove`.", "It would have %d tags; AWS takes %d.", after, mostTags))
	}
	if f.Image.Owner != "" && f.Image.Owner != f.Account {
		list = append(list, plan.Warn("", "It belongs to the account %s: the tags are seen in this account only.", f.Image.Owner))
	}
	return list
}

// Title is the headline.
func (p Tags) Title() string { return fmt.Sprintf("Tag %s", p.Image.ID) }

// Brief is the plan in short.
func (p Tags) Brief() plan.Brief {
	parts := []string{KindTag, p.Account, p.Region, string(p.Image.ID)}
	for _, c := range p.Set {
		parts = append(parts, c.Key, c.words())
	}
	return plan.Brief{
		Kind: KindTag, Environment: p.Environment, Target: string(p.Image.ID), Resource: p.resource("image", string(p.Image.ID)), Title: p.Title(), Step: First,
		Digest: fingerprint(parts...), Tags: p.Image.Tags, Impact: "nothing that runs is touched", Findings: p.Findings,
	}
}

func (c TagChange) words() string {
	from, to := "none", "removed"
	if c.From != nil {
		from = *c.From
	}
	if c.To != nil {
		to = *c.To
	}
	return from + " → " + to
}

// Sections draw the plan.
func (p Tags) Sections() []card.Section {
	facts := []card.Fact{{Label: "Image", Value: card.Join(p.Image.text(), card.T(" in %s, %s (%s)", p.Environment, p.Region, p.Account))}}
	for _, c := range p.Set[:min(len(p.Set), 8)] {
		facts = append(facts, card.Fact{Label: c.Key, Value: card.T("%s", c.words())})
	}
	if more := len(p.Set) - 8; more > 0 {
		facts = append(facts, card.Fact{Label: "And", Value: card.T("%s", say.Plural(more, "more tag"))})
	}
	return sectioned(facts, p.Findings)
}

// tagged is what a change of tags keeps between its steps.
type tagged struct {
	Done bool `json:"done,omitempty"`
}

func (w Workflow) tag(ctx context.Context, t engine.Turn, p Tags, d *tagged) (engine.Outcome, error) {
	f, err := w.reach(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	s, stop := stopped(t)
	switch {
	case t.At == stepCheck && stop:
		return cancelled(s), nil
	case t.At == stepCheck:
		facts, err := GatherTags(ctx, f, p.Environment, p.Want)
		if err != nil {
			return engine.Outcome{}, err
		}
		return checked(p, stepTag)(NewTags(facts, p.Want))
	case t.At == stepTag && stop:
		return uncertain(s, p.Image.ID), nil
	case t.At == stepTag:
		return retag(ctx, f, p, d)
	}
	return engine.Outcome{}, strange(t)
}

func retag(ctx context.Context, f Fleet, p Tags, d *tagged) (engine.Outcome, error) {
	set, remove := map[string]string{}, []string(nil)
	for _, c := range p.Set {
		if c.To == nil {
			remove = append(remove, c.Key)
		} else {
			set[c.Key] = *c.To
		}
	}
	if len(set) > 0 {
		if err := f.Tag(ctx, set, string(p.Image.ID)); err != nil {
			return engine.Outcome{}, say.Refusal(err, "tag "+string(p.Image.ID))
		}
	}
	if len(remove) > 0 {
		if err := f.Untag(ctx, remove, string(p.Image.ID)); err != nil {
			return engine.Outcome{}, say.Refusal(err, "remove tags of "+string(p.Image.ID))
		}
	}
	d.Done = true
	return done("%s of %s changed.", say.Plural(len(p.Set), "tag"), p.Image.words()), nil
}

// Retag is what takes an ended change of tags back; false when it changed nothing.
func Retag(r ledger.Record) (TagWant, bool) {
	p, d, err := plan.Decode[Tags, tagged](r)
	if err != nil || r.Kind != KindTag || !d.Done {
		return TagWant{}, false
	}
	w := TagWant{Image: p.Image.ID, Set: map[string]string{}}
	for _, c := range p.Set {
		if c.From == nil {
			w.Remove = append(w.Remove, c.Key)
		} else {
			w.Set[c.Key] = *c.From
		}
	}
	return w, true
}
