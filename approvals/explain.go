package approvals

import (
	"context"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Explain judges a spec as if that person proposed it now, and starts nothing. What Propose would refuse is a
// refusal here too; what would keep it from starting stands behind the rule's reasons.
func (g *Gate) Explain(ctx context.Context, who ledger.Actor, s Spec) (policy.Verdict, error) {
	s.Requester = who
	p, v, err := g.proposal(ctx, "", s)
	v.Rule = p.Rule
	if f, ok := fault.As(err); ok && f.Kind != fault.Unavailable {
		v.Refused, v.Hint = f.Text, f.Hint
		return v, nil
	}
	if err != nil || p.BreakGlass != "" {
		return v, err
	}
	stay, err := g.stay(ctx, p)
	if err != nil {
		return v, unreadable(err)
	}
	if !stay.Until.IsZero() {
		v.Rule.Why = also(v.Rule.Why, "once approved it would be held: "+stay.Why)
	}
	return v, nil
}
