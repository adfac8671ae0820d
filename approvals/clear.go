package approvals

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// relook is how soon what a window keeps is looked at again: calendars change.
const relook = time.Minute

// Clear says whether an approved operation may start now: a stay keeps it waiting, a fault ends it before it
// touched anything, and any other error means that it is not known and nothing starts. What was held, maybe for
// days, must still be approved by people who may.
func (g *Gate) Clear(ctx context.Context, r ledger.Record) (ledger.Stay, error) {
	if r.BreakGlass != "" {
		return ledger.Stay{}, g.watched(ctx, r)
	}
	if loose(r.Kind) {
		return ledger.Stay{}, nil
	}
	if err := g.stillAllowed(r.Proposal); err != nil {
		return ledger.Stay{}, err
	}
	s, err := g.stay(ctx, r.Proposal)
	if err != nil || !s.Until.IsZero() {
		return s, err
	}
	return s, g.stillAgreed(ctx, r)
}

// stillAllowed asks the policy as it is now about what it allowed when it was proposed.
func (g *Gate) stillAllowed(p ledger.Proposal) error {
	f, err := factsOf(p)
	if err != nil {
		return err
	}
	refused, hint := g.Policy.Allows(f)
	if refused == "" {
		return nil
	}
	return fault.New(fault.Denied, "The policy no longer allows this. %s", refused).WithHint("%s", hint)
}

// loose reports whether nothing keeps that kind from starting: freezes are how others are kept, and a review
// touches nothing.
func loose(kind string) bool { return kind == freeze.Kind || kind == Review }

// stay is what keeps an operation from starting now.
func (g *Gate) stay(ctx context.Context, p ledger.Proposal) (ledger.Stay, error) {
	if loose(p.Kind) {
		return ledger.Stay{}, nil
	}
	now, err := g.now(ctx)
	if err != nil {
		return ledger.Stay{}, fmt.Errorf("tell the time: %w", err)
	}
	if s, err := g.frozen(ctx, p, now); err != nil || !s.Until.IsZero() {
		return s, err
	}
	f, err := factsOf(p)
	if err != nil {
		return ledger.Stay{}, err
	}
	s := g.Policy.Stay(f, now)
	if !s.Until.IsZero() && s.Until.After(now.Add(relook)) {
		s.Until = now.Add(relook)
	}
	return s, nil
}

// frozen is the freeze that covers an operation. What waits for it is woken when it is lifted.
func (g *Gate) frozen(ctx context.Context, p ledger.Proposal, now time.Time) (ledger.Stay, error) {
	if g.Freezes == nil {
		return ledger.Stay{}, nil
	}
	all, err := g.Freezes.All(ctx)
	if err != nil {
		return ledger.Stay{}, fmt.Errorf("see what is frozen: %w", err)
	}
	f, over := freeze.Over(all, p.Environment, p.Target, now)
	if !over {
		return ledger.Stay{}, nil
	}
	return ledger.Stay{Until: f.Until, Why: f.Why()}, nil
}
