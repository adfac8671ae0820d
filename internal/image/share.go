package image

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Party is an account that an image is shared with.
type Party struct {
	Account     string `json:"account"`
	Environment string `json:"environment,omitempty"` // of ours, where it is one
}

func (p Party) words() string {
	if p.Environment == "" {
		return p.Account
	}
	return p.Environment + " (" + p.Account + ")"
}

// ShareWant is what somebody asks for.
type ShareWant struct {
	Image  fleet.ImageID `json:"image"`
	With   []Party       `json:"with"`
	Remove bool          `json:"remove,omitempty"` // share it with them no more
}

// ShareFacts is what a share is planned from.
type ShareFacts struct {
	Place
	Image  *fleet.Image
	Shared []string // accounts it is shared with now
	Keys   []string // KMS keys that it is encrypted with
}

// GatherShare reads the facts in three calls, and one more for an image that is encrypted.
func GatherShare(ctx context.Context, from Reader, environment string, want ShareWant) (ShareFacts, error) {
	where, err := place(ctx, from, environment)
	if err != nil {
		return ShareFacts{}, err
	}
	f := ShareFacts{Place: where}
	if f.Image, err = look(ctx, from, want.Image); err != nil || f.Image == nil || f.Image.Owner != f.Account {
		return f, err
	}
	if f.Shared, err = from.SharedWith(ctx, want.Image); err != nil {
		return f, fmt.Errorf("read whom %s is shared with: %w", want.Image, err)
	}
	f.Keys, err = keys(ctx, from, *f.Image)
	return f, err
}

// Share is a plan to share an image with other accounts, or with them no more.
type Share struct {
	Place
	Image    Subject        `json:"image"`
	Parties  []Party        `json:"parties"` // for whom something changes
	Shared   []string       `json:"shared,omitempty"`
	Want     ShareWant      `json:"want"`
	Findings []card.Finding `json:"findings,omitempty"`
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// NewShare makes the plan.
func NewShare(f ShareFacts, w ShareWant) (Share, error) {
	if len(w.With) == 0 {
		return Share{}, fault.New(fault.Invalid, "Nobody was named.").WithHint("Add `--with` and an account's twelve digits, or an environment.")
	}
	for _, party := range w.With {
		if !accountID.MatchString(party.Account) {
			return Share{}, fault.New(fault.Invalid, "`%s` is neither an environment nor an account.", card.Inert(party.Account)).WithHint("An account is twelve digits.")
		}
	}
	if f.Image == nil {
		return Share{}, none(w.Image, f.Environment)
	}
	s := Share{Place: f.Place, Image: subject(*f.Image), Shared: f.Shared, Want: w}
	s.Image.Keys = f.Keys
	for _, party := range w.With {
		if slices.Contains(f.Shared, party.Account) == w.Remove && !slices.ContainsFunc(s.Parties, func(p Party) bool { return p.Account == party.Account }) {
			s.Parties = append(s.Parties, party)
		}
	}
	s.Findings = s.preflight(f)
	return s, nil
}

func (s Share) preflight(f ShareFacts) []card.Finding {
	if f.Image.Owner != f.Account {
		return []card.Finding{plan.Stop("Whoever has that account can share it; `/ami copy` makes one of your own.", "%s belongs to the account %s.", s.Image.words(), f.Image.Owner)}
	}
	list := unusable(*f.Image)
	own := slices.ContainsFunc(s.Want.With, func(p Party) bool { return p.Account == f.Account })
	switch {
	case own:
		list = append(list, plan.Stop("Leave it out.", "The account %s has the image.", f.Account))
	case len(s.Parties) == 0 && s.Want.Remove:
		list = append(list, plan.Stop("There is nothing to do.", "%s is shared with none of them.", s.Image.words()))
	case len(s.Parties) == 0:
		list = append(list, plan.Stop("There is nothing to do.", "%s is shared with all of them already.", s.Image.words()))
	}
	switch {
	case s.Want.Remove:
		list = append(list, plan.Warn("What runs there goes on running.", "Their groups and templates that name the image launch nothing from it any more."))
	default:
		list = append(list, s.Image.locked(s.Region, "launch")...)
	}
	return list
}

// Title is the headline.
func (s Share) Title() string {
	if s.Want.Remove {
		return fmt.Sprintf("Share %s with %s no more", s.Image.ID, s.who())
	}
	return fmt.Sprintf("Share %s with %s", s.Image.ID, s.who())
}

func (s Share) who() string {
	parties := s.Parties
	if len(parties) == 0 {
		parties = s.Want.With
	}
	words := make([]string, len(parties))
	for i, p := range parties {
		words[i] = p.words()
	}
	return say.Some(words, 3)
}

func accounts(parties []Party) []string {
	ids := make([]string, len(parties))
	for i, p := range parties {
		ids[i] = p.Account
	}
	slices.Sort(ids)
	return ids
}

// Brief is the plan in short.
func (s Share) Brief() plan.Brief {
	impact := "they can launch servers from it and copy its disks"
	if s.Want.Remove {
		impact = "they can launch nothing from it any more"
	}
	return plan.Brief{
		Kind: KindShare, Environment: s.Environment, Target: string(s.Image.ID), Resource: s.resource("image", string(s.Image.ID)), Title: s.Title(), Step: First,
		Digest: fingerprint(KindShare, s.Account, s.Region, string(s.Image.ID), strings.Join(accounts(s.Parties), " "), fmt.Sprint(s.Want.Remove)),
		Tags:   s.Image.Tags, Impact: impact, Findings: s.Findings,
	}
}

// Sections draw the plan.
func (s Share) Sections() []card.Section {
	label := "With"
	if s.Want.Remove {
		label = "No more with"
	}
	facts := []card.Fact{
		{Label: "Image", Value: card.Join(s.Image.text(), card.T(" in %s, %s (%s)", s.Environment, s.Region, s.Account))},
		{Label: "Shared before", Value: card.T("%s", orNobody(s.Shared))},
		{Label: label, Value: card.T("%s", s.who())},
	}
	return sectioned(facts, s.Findings)
}

func orNobody(accounts []string) string {
	if len(accounts) == 0 {
		return "nobody"
	}
	return say.Some(accounts, 5)
}

// shared is what a share keeps between its steps.
type shared struct {
	Parties []Party `json:"parties,omitempty"` // for whom something changed
}

func (w Workflow) share(ctx context.Context, t engine.Turn, p Share, d *shared) (engine.Outcome, error) {
	f, err := w.reach(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	if s, ok := stopped(t); ok && t.At == stepCheck {
		return cancelled(s), nil
	}
	switch t.At {
	case stepCheck:
		facts, err := GatherShare(ctx, f, p.Environment, p.Want)
		if err != nil {
			return engine.Outcome{}, err
		}
		return checked(p, stepShare)(NewShare(facts, p.Want))
	case stepShare:
		if s, ok := stopped(t); ok {
			return uncertain(s, p.Image.ID), nil
		}
		return permit(ctx, f, p, d)
	}
	return engine.Outcome{}, strange(t)
}

// checked compares a plan that was made anew with the one that was approved, and goes on if they are the same.
func checked[P planned](approved P, step string) func(P, error) (engine.Outcome, error) {
	return func(now P, err error) (engine.Outcome, error) {
		if f, ok := fault.As(err); ok {
			return void(f.Text), nil
		}
		if err != nil {
			return engine.Outcome{}, err
		}
		if why := holds(approved, now); why != "" {
			return void(why), nil
		}
		return next(step), nil
	}
}

// uncertain ends what may have been done already.
func uncertain(s ledger.Signal, id fleet.ImageID) engine.Outcome {
	return engine.Outcome{End: ledger.Cancelled, Outcome: string(say.Phrase("It was stopped%s. AWS may have taken the change already: `/ami show %s` tells.", say.By(s.By), id))}
}

func permit(ctx context.Context, f Fleet, p Share, d *shared) (engine.Outcome, error) {
	add, remove := accounts(p.Parties), []string(nil)
	if p.Want.Remove {
		add, remove = nil, add
	}
	if err := f.ShareImage(ctx, p.Image.ID, add, remove); err != nil {
		err = say.Refusal(err, "share "+string(p.Image.ID))
		if no, ok := fault.As(err); ok && p.Image.Encrypted && !p.Want.Remove {
			return engine.Outcome{}, no.WithHint("It is encrypted with %s. %s", p.Image.key(), p.Image.own(p.Region))
		}
		return engine.Outcome{}, err
	}
	d.Parties = p.Parties
	if p.Want.Remove {
		return done("%s is shared with %s no more.", p.Image.words(), p.who()), nil
	}
	return done("%s is shared with %s.", p.Image.words(), p.who()), nil
}

// Unshare is what takes an ended share back; false when it changed nothing.
func Unshare(r ledger.Record) (ShareWant, bool) {
	p, d, err := plan.Decode[Share, shared](r)
	if err != nil || r.Kind != KindShare || len(d.Parties) == 0 {
		return ShareWant{}, false
	}
	return ShareWant{Image: p.Image.ID, With: d.Parties, Remove: !p.Want.Remove}, true
}
