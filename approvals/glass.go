package approvals

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// How long a review stays open, and when it first nags.
const (
	reviewTime = 365 * 24 * time.Hour
	reviewNag  = time.Hour
)

// glass is the proposal without the approvals it should have had, or why it must have them.
func (g *Gate) glass(ctx context.Context, p ledger.Proposal, v policy.Verdict) (ledger.Proposal, error) {
	if strings.TrimSpace(p.BreakGlass) == "" {
		return p, fault.New(fault.Invalid, "Breaking the glass needs a reason.").WithHint("Write it like `--break-glass \"the shop is down\"`.")
	}
	if v.Glass == nil || len(v.Glass.From) == 0 {
		return p, fault.New(fault.Denied, "The policy lets nobody break the glass here (%s).", p.Rule.Name).
			WithHint("Ask without --break-glass: it needs %s.", needed(p.Rule.Needs))
	}
	in, err := g.inAny(ctx, p.Requester, v.Glass.From)
	if err != nil {
		return p, err
	}
	if !in {
		who := ledger.Record{Proposal: p}
		return p, fault.New(fault.Denied, "You cannot break the glass here: you are not in %s.", handles(v.Glass.From, "or")).
			WithHint("%s", g.can(ctx, who, v.Glass.From))
	}
	if g.SecurityChannel == "" {
		return p, fault.New(fault.Conflict, "No glass can be broken: there is no channel that would be told.").
			WithHint("Whoever keeps amiral.yaml can name one as security_channel of the policy.")
	}
	p.Skipped, p.Rule.Needs = p.Rule.Needs, nil
	p.Rule.Why = also(p.Rule.Why, "the glass was broken, so it starts without "+needed(p.Skipped))
	return p, nil
}

// smash starts what needs no votes any more, once it is written down that the glass was broken.
func (g *Gate) smash(ctx context.Context, p ledger.Proposal, d deed) (ledger.Record, error) {
	if err := g.arm(ctx, p); err != nil {
		return ledger.Record{}, err
	}
	rec, err := g.submit(ctx, p)
	if err != nil {
		return rec, err
	}
	if rec.ID != p.ID {
		return ledger.Record{}, g.turnedAway(ctx, p, d, asked(rec))
	}
	return rec, g.watched(ctx, rec)
}

// asked says why a glass was not broken for what runs already.
func asked(r ledger.Record) *fault.Fault {
	return fault.New(fault.Conflict, "%s runs already (%s), so there is nothing to break.", name(r), r.ID)
}

// arm writes down that a glass is about to be broken. When that cannot be written, it is not broken.
func (g *Gate) arm(ctx context.Context, p ledger.Proposal) error {
	if g.Audit == nil {
		return nil
	}
	d := deed{what: "break", who: p.Requester, reason: p.BreakGlass}
	if err := g.Audit.Append(ctx, glassEvent(p, d, "armed")); err != nil {
		return fmt.Errorf("write a broken glass to the audit: %w", err)
	}
	return nil
}

// disarmed is what the audit is told, together with the vote that decides a review: a second person has looked at a
// broken glass. Nil: it is no review.
func disarmed(rec ledger.Record, d deed) *audit.Event {
	if rec.Kind != Review {
		return nil
	}
	outcome := "reviewed"
	if d.what == deedDeny {
		outcome = "objected"
	}
	e := glassEvent(ledger.Proposal{
		ID: rec.About, Kind: rec.Kind, Channel: rec.Channel, Title: rec.Title, Rule: rec.Rule, About: rec.ID,
	}, deed{what: "review", who: d.who, reason: d.reason, via: d.via}, outcome)
	return &e
}

func glassEvent(p ledger.Proposal, d deed, outcome string) audit.Event {
	return audit.Event{
		Kind: "glass", Op: string(p.ID), Who: audit.Who{User: d.who.User, Team: d.who.Team}, Channel: p.Channel,
		What: d.what, Outcome: outcome, Policy: p.Rule.Policy, Fields: about(p, d),
	}
}

// watched sees to it that somebody will look at a broken glass. Doing so again is harmless.
func (g *Gate) watched(ctx context.Context, rec ledger.Record) error {
	if rec.BreakGlass == "" {
		return nil
	}
	p, err := g.review(rec)
	if err != nil {
		return err
	}
	if _, _, err := g.Ledger.Submit(ctx, p); err != nil && !errors.Is(err, ledger.ErrNotReplicated) {
		return fmt.Errorf("ask for the review of %s: %w", rec.ID, err)
	}
	return nil
}

// review is the task of looking at a broken glass. Only who broke it may not do it.
func (g *Gate) review(rec ledger.Record) (ledger.Proposal, error) {
	needs, err := g.reviewers(rec)
	if err != nil {
		return ledger.Proposal{}, err
	}
	return ledger.Proposal{
		ID: ReviewOf(rec.ID), Kind: Review, Environment: rec.Environment, Target: rec.Target, About: rec.ID,
		Title: "Broken glass: " + rec.Title, Command: rec.Command, Reason: rec.BreakGlass,
		Requester: rec.Requester, Channel: g.SecurityChannel, Step: stepClose, Facts: rec.Facts, Impact: rec.Impact,
		Rule: ledger.Rule{
			Name: rec.Rule.Name, Policy: rec.Rule.Policy, Needs: needs, ValidFor: reviewTime, Nag: reviewNag,
			Why: fmt.Sprintf("%s ran without %s", rec.ID, needed(rec.Skipped)),
		},
	}, nil
}

// reviewers are those whom the policy wants to look at it. Should it want nobody by now, one of those who were
// skipped must: a broken glass is never left alone.
func (g *Gate) reviewers(rec ledger.Record) ([]ledger.Need, error) {
	f, err := factsOf(rec.Proposal)
	if err != nil {
		return nil, err
	}
	if v := g.Policy.Judge(f); v.Glass != nil && len(v.Glass.Review) > 0 {
		return v.Glass.Review, nil
	}
	return ledger.From(1, ledger.Rule{Needs: rec.Skipped}.Groups()...), nil
}

// ReviewOf is the id of the review of an operation.
func ReviewOf(id ledger.ID) ledger.ID { return ledger.IDOf("review:" + string(id)) }
