package approvals

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Explain judges a spec as if that person proposed it now, and starts nothing. Beside the rule it tells, in the
// rule's line of reasons, what would keep it from starting; what nobody could approve is a refusal.
func (g *Gate) Explain(ctx context.Context, who ledger.Actor, s Spec) (policy.Verdict, error) {
	s.Requester = who
	f, err := g.facts(ctx, s)
	if err != nil {
		return policy.Verdict{}, err
	}
	v := g.Policy.Judge(f)
	v.Rule = ruled(v, g.Policy.Hash())
	if v.Refused != "" {
		return v, nil
	}
	if v.Rule, err = g.undoing(ctx, s, v.Rule); err != nil {
		return v, err
	}
	if err := g.reachable(ctx, who, v.Rule); err != nil {
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.Conflict {
			return v, err
		}
		v.Refused, v.Hint = f.Text, f.Hint
		return v, nil
	}
	return g.kept(ctx, s, f, v)
}

// kept tells what would keep it from starting now.
func (g *Gate) kept(ctx context.Context, s Spec, f policy.Facts, v policy.Verdict) (policy.Verdict, error) {
	facts, err := json.Marshal(f)
	if err != nil {
		return v, fmt.Errorf("write what %s is judged by: %w", s.Title, err)
	}
	stay, err := g.stay(ctx, ledger.Proposal{Kind: s.Kind, Environment: s.Environment, Target: s.Target, Facts: facts})
	if err != nil {
		return v, unreadable(err)
	}
	if !stay.Until.IsZero() {
		v.Rule.Why = also(v.Rule.Why, "once approved it would be held: "+stay.Why)
	}
	return v, nil
}
