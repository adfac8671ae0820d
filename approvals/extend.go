package approvals

import (
	"context"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Extend gives a pending request its whole time again, from now.
func (g *Gate) Extend(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return ledger.Record{}, fault.New(fault.Unavailable, "This cannot be extended.")
}

// Widen approves what was left out when something was approved narrowly.
func (g *Gate) Widen(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return ledger.Record{}, fault.New(fault.Unavailable, "This cannot be widened.")
}

// Explain judges a spec and starts nothing.
func (g *Gate) Explain(ctx context.Context, who ledger.Actor, s Spec) (policy.Verdict, error) {
	return g.Policy.Judge(s.Facts()), nil
}

// May says why somebody may not do something with an operation.
func (g *Gate) May(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error {
	return g.mayVote(ctx, r, who, deed)
}

// Clear says whether an approved operation may start now.
func (g *Gate) Clear(ctx context.Context, r ledger.Record) (ledger.Stay, error) {
	return ledger.Stay{}, nil
}
