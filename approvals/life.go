package approvals

import (
	"context"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// extensions is how often the time of a request may be extended.
const extensions = 3

// Extend gives a pending request its whole time again, from now. Its requester may, and whom the rule names.
func (g *Gate) Extend(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	d := deed{what: deedExtend, who: who}
	if err := g.May(ctx, rec, who, deedExtend); err != nil {
		return g.refused(ctx, rec, d, err)
	}
	longer, err := g.Ledger.Prolong(ctx, id, version, who, rec.Rule.ValidFor, extensions)
	if err == nil {
		return longer, nil
	}
	return g.settled(ctx, rec, d, longer, err)
}

// Withdraw takes a request back before it runs: its requester may, while it waits for votes, for its turn, or
// for a freeze to end. Once it is approved, those may as well who could stop it when it runs.
func (g *Gate) Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	d := deed{what: deedTake, who: who, reason: reason}
	if err := g.May(ctx, rec, who, deedTake); err != nil {
		return g.refused(ctx, rec, d, err)
	}
	gone, err := g.Ledger.Withdraw(ctx, id, who, reason)
	if err == nil {
		return gone, nil
	}
	return g.settled(ctx, rec, d, gone, err)
}
