package image

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
)

// PromoteWant is what somebody asks for: an image that is to be a family's golden one, or the way back to the one
// before.
type PromoteWant struct {
	Family       string        `json:"family"`
	Image        fleet.ImageID `json:"image,omitempty"`
	Architecture bool          `json:"architecture,omitempty"` // it may be of another architecture than the present one
	Back         bool          `json:"back,omitempty"`         // to the golden image before the present one
}

// Families are the golden images as they stand. *family.Store is one.
type Families interface {
	History(ctx context.Context, environment, family string, n int) ([]family.Golden, error)
}

// PromoteFacts is what a promotion is planned from.
type PromoteFacts struct {
	Place
	Now       time.Time
	History   []family.Golden // of the family, newest first
	Image     *fleet.Image    // that is to be golden; nil when there is none
	Present   *fleet.Image    // that is golden; nil when there is none, or it is gone
	Parameter *Follower       // nil: no parameter follows the family
}

// Follower is a Systems Manager parameter that follows a family's golden image.
type Follower struct {
	Name  string `json:"name"`
	Value string `json:"-"`               // now; empty: there is none yet
	Blind string `json:"blind,omitempty"` // why AWS does not show it
}

// GatherPromotion reads the facts in three to five calls. parameter is the pattern of the parameter's name with
// {family} in it; empty for none. What time it is, whoever plans knows.
func GatherPromotion(ctx context.Context, from Reader, families Families, environment, parameter string, want PromoteWant) (PromoteFacts, error) {
	var f PromoteFacts
	var err error
	if f.History, err = families.History(ctx, environment, want.Family, 50); err != nil {
		return f, err
	}
	if f.Place, err = place(ctx, from, environment); err != nil {
		return f, err
	}
	if id := want.target(f.History); id != "" {
		if f.Image, err = look(ctx, from, id); err != nil {
			return f, err
		}
	}
	if len(f.History) > 0 {
		if f.Present, err = look(ctx, from, f.History[0].Image); err != nil {
			return f, err
		}
	}
	f.Parameter, err = follower(ctx, from, parameter, want.Family)
	return f, err
}

// target is the image that is wanted; empty when there is no way back.
func (w PromoteWant) target(history []family.Golden) fleet.ImageID {
	if !w.Back {
		return w.Image
	}
	before, _ := family.Previous(history)
	return before.Image
}

func follower(ctx context.Context, from Reader, pattern, name string) (*Follower, error) {
	if pattern == "" {
		return nil, nil
	}
	p := &Follower{Name: family.Follower(pattern, name)}
	now, err := from.Parameter(ctx, p.Name)
	switch {
	case err == nil:
		p.Value = now.Value
	case fleet.KindOf(err) == fleet.Refused:
		p.Blind = err.Error()
	case fleet.KindOf(err) != fleet.Absent:
		return nil, fmt.Errorf("read parameter %s: %w", p.Name, err)
	}
	return p, nil
}

// Promotion is a plan to make an image golden. It round-trips through JSON.
type Promotion struct {
	Place
	Family    string         `json:"family"`
	Image     Subject        `json:"image"`
	Now       *family.Golden `json:"now,omitempty"`      // what is golden; nil: nothing
	Restores  int64          `json:"restores,omitempty"` // the revision that it goes back to
	Tags      bool           `json:"tags,omitempty"`     // the image is tagged with the family, too
	Parameter *Follower      `json:"parameter,omitempty"`
	Findings  []card.Finding `json:"findings,omitempty"`
	Want      PromoteWant    `json:"want"`
}

// NewPromotion makes the plan.
func NewPromotion(f PromoteFacts, w PromoteWant) (Promotion, error) {
	if err := family.Check(w.Family); err != nil {
		return Promotion{}, err
	}
	before, back := family.Previous(f.History)
	if w.Back && !back {
		return Promotion{}, noWayBack(f, w.Family)
	}
	p := Promotion{Place: f.Place, Family: w.Family, Parameter: f.Parameter, Want: w}
	if len(f.History) > 0 {
		p.Now = &f.History[0]
	}
	if w.Back {
		p.Restores = before.Revision
	}
	if f.Image == nil && w.Back {
		return Promotion{}, fault.New(fault.Conflict, "%s was golden in %s before, and does not exist any more.", Words(before.Image, before.Name), w.Family).
			WithHint("Promote another image: `/ami list %s` shows the family's.", w.Family)
	}
	if f.Image == nil {
		return Promotion{}, none(w.Image, f.Environment)
	}
	p.Image = subject(*f.Image)
	p.Tags = f.Image.Owner == f.Account && f.Image.Tags[family.Tag] == "" && countable(f.Image.Tags) < mostTags
	p.Findings = p.preflight(f)
	return p, nil
}

func noWayBack(f PromoteFacts, name string) error {
	if len(f.History) == 0 {
		return fault.New(fault.Conflict, "The family %s has no golden image in %s, so there is nothing to go back from.", name, f.Environment).
			WithHint("`/ami promote <image> --family %s` makes one golden.", name)
	}
	return fault.New(fault.Conflict, "There was no other golden image in %s before %s.", name, Words(f.History[0].Image, f.History[0].Name)).
		WithHint("`/ami promote <image> --family %s` makes another one golden.", name)
}

// preflight is what stands in the way, and what people should know.
func (p Promotion) preflight(f PromoteFacts) []card.Finding {
	list := unusable(*f.Image)
	if !f.Image.Deprecated.IsZero() && !f.Image.Deprecated.After(f.Now) {
		list = append(list, plan.Stop("Take an image that is not on its way out.", "%s is deprecated since %s.", p.Image.words(), day(f.Image.Deprecated)))
	}
	if p.Now != nil && p.Now.Image == p.Image.ID {
		list = append(list, plan.Stop("There is nothing to do.", "%s is the golden image of %s already.", p.Image.words(), p.Family))
	}
	list = append(list, p.architecture(f)...)
	if other := f.Image.Tags[family.Tag]; other != "" && other != p.Family {
		list = append(list, plan.Warn("It stays in the list of that family; only the golden image of "+p.Family+" changes.", "It is tagged as one of the family %s.", other))
	}
	if f.Image.Owner != "" && f.Image.Owner != f.Account {
		list = append(list, plan.Warn("A copy of your own cannot: `/ami copy`.", "It belongs to the account %s, which can take it away.", f.Image.Owner))
	}
	if f.Image.Owner == f.Account && f.Image.Tags[family.Tag] == "" && !p.Tags {
		list = append(list, plan.Warn("`/ami tag "+string(p.Image.ID)+" --remove <key>` makes room.", "It has %d tags, which is all that AWS takes, so it is not tagged with the family.", mostTags))
	}
	return append(list, p.published()...)
}

func (p Promotion) architecture(f PromoteFacts) []card.Finding {
	switch {
	case f.Present == nil && p.Now != nil:
		return []card.Finding{plan.Warn("", "%s, which is golden now, does not exist any more, so I cannot tell whether the architecture stays.", Words(p.Now.Image, p.Now.Name))}
	case f.Present == nil || f.Present.Architecture == p.Image.Architecture:
		return nil
	case p.Want.Architecture || p.Want.Back:
		return []card.Finding{plan.Warn("Instance types of the old architecture launch it no more.", "It changes the family from %s to %s.", f.Present.Architecture, p.Image.Architecture)}
	}
	return []card.Finding{plan.Stop("Add `--new-architecture` if that is meant; a family for each architecture is the usual way.",
		"%s is for %s, and the golden image of %s is for %s.", p.Image.words(), p.Image.Architecture, p.Family, f.Present.Architecture)}
}

// published is what people should know about the parameter.
func (p Promotion) published() []card.Finding {
	follows := p.Parameter
	switch {
	case follows == nil:
		return nil
	case follows.Blind != "":
		return []card.Finding{plan.Warn("", "AWS does not let me read the parameter %s, so I cannot tell what follows it: %s", follows.Name, follows.Blind)}
	case follows.Value != "" && (p.Now == nil || follows.Value != string(p.Now.Image)):
		return []card.Finding{plan.Warn("It is overwritten.", "The parameter %s holds %s.", follows.Name, follows.words())}
	}
	return nil
}

// words are what the parameter holds. Only the id of an image is repeated: anything else may be a secret.
func (p Follower) words() string {
	if imageID.MatchString(p.Value) {
		return p.Value + ", which is not the golden image"
	}
	return "something that is not the id of an image"
}

var imageID = regexp.MustCompile(`^ami-[0-9a-z]{1,32}$`)

// Title is the headline.
func (p Promotion) Title() string {
	if p.Want.Back {
		return fmt.Sprintf("Take %s back to %s", p.Family, p.Image.ID)
	}
	return fmt.Sprintf("Make %s the golden image of %s", p.Image.ID, p.Family)
}

// revision is that of what is golden now.
func (p Promotion) revision() int64 {
	if p.Now == nil {
		return 0
	}
	return p.Now.Revision
}

// Brief is the plan in short.
func (p Promotion) Brief() plan.Brief {
	follows := ""
	if p.Parameter != nil {
		follows = p.Parameter.Name
	}
	impact := "what is launched from " + p.Family + " from now on is made of it; nothing that runs is touched"
	if follows != "" {
		impact += ", and whatever follows " + follows + " launches it"
	}
	return plan.Brief{
		Kind: KindPromote, Environment: p.Environment, Target: p.Family, Resource: p.resource("family", p.Family), Title: p.Title(), Step: First,
		Digest: fingerprint(KindPromote, p.Account, p.Region, p.Family, string(p.Image.ID), fmt.Sprint(p.revision()), fmt.Sprint(p.Tags), follows),
		Tags:   p.Image.Tags, Impact: impact, Findings: p.Findings,
	}
}

// Sections draw the plan.
func (p Promotion) Sections() []card.Section {
	now := card.T("no golden image yet")
	if p.Now != nil {
		now = card.Join(named(p.Now.Image, p.Now.Name), card.T(", since "), card.When(p.Now.At), card.T(" by "), card.User(p.Now.By.User))
	}
	facts := []card.Fact{
		{Label: "Family", Value: card.Join(card.Code(p.Family), card.T(" in %s, %s (%s)", p.Environment, p.Region, p.Account))},
		{Label: "Golden before", Value: now},
		{Label: "Golden then", Value: card.Join(p.Image.text(), card.T(", %s, made ", p.Image.Architecture), card.When(p.Image.Created))},
	}
	if p.Parameter != nil {
		facts = append(facts, card.Fact{Label: "Parameter", Value: card.Join(card.Code(p.Parameter.Name), card.T(" follows"))})
	}
	if p.Tags {
		facts = append(facts, card.Fact{Label: "Tag", Value: card.Join(card.Code(family.Tag+"="+p.Family), card.T(" on the image"))})
	}
	facts = append(facts, card.Fact{Label: "Way back", Value: card.Code("/ami revert " + p.Family)})
	return sectioned(facts, p.Findings)
}

// sectioned puts facts above findings.
func sectioned(facts []card.Fact, findings []card.Finding) []card.Section {
	sections := []card.Section{{Facts: facts}}
	if len(findings) > 0 {
		sections = append(sections, card.Section{Findings: findings})
	}
	return sections
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
