package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Propose finds the rule for the spec and records the request. The key is the same for every delivery
// of the same asking, so that proposing twice is harmless.
func (g *Gate) Propose(ctx context.Context, key string, s Spec) (ledger.Record, error) {
	id := ledger.IDOf(key)
	rec, err := g.Ledger.Get(ctx, id)
	if err == nil {
		return rec, g.watched(ctx, rec)
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return ledger.Record{}, fmt.Errorf("look for %s: %w", id, err)
	}
	d := deed{what: "propose", who: s.Requester, reason: s.Reason}
	p, v, err := g.proposal(ctx, id, s)
	if err != nil {
		if v.Refused == "" {
			p.Facts = nil
		}
		return ledger.Record{}, g.turnedAway(ctx, p, d, err)
	}
	if s.BreakGlass != "" {
		return g.smash(ctx, p, d)
	}
	return g.submit(ctx, p)
}

func (g *Gate) submit(ctx context.Context, p ledger.Proposal) (ledger.Record, error) {
	rec, _, err := g.Ledger.Submit(ctx, p)
	if errors.Is(err, ledger.ErrNotReplicated) {
		return rec, g.unconfirmed(ctx, p.ID)
	}
	if err != nil {
		return rec, fmt.Errorf("propose %s on %s: %w", p.Kind, p.Target, err)
	}
	return rec, nil
}

// proposal is what a spec comes to under the policy. With an error it holds what is known by then.
func (g *Gate) proposal(ctx context.Context, id ledger.ID, s Spec) (p ledger.Proposal, v policy.Verdict, err error) {
	p = s.proposal(id)
	p.Rule.Policy = g.Policy.Short()
	f, err := g.facts(ctx, s)
	if err != nil {
		return p, v, err
	}
	if p.Facts, err = json.Marshal(f); err != nil {
		return p, v, fmt.Errorf("write what %s is judged by: %w", id, err)
	}
	v = g.Policy.Judge(f)
	p.Rule = v.Rule
	if v.Refused != "" {
		return p, v, fault.New(fault.Denied, "%s", v.Refused).WithHint("%s", v.Hint)
	}
	if p.Rule, err = g.undoing(ctx, s, p.Rule); err != nil {
		return p, v, err
	}
	if s.BreakGlass != "" {
		p, err = g.glass(ctx, p, v)
		return p, v, err
	}
	return p, v, g.reachable(ctx, s.Requester, p.Rule)
}

// facts are what the spec is judged by: what it says itself, who asks, with the groups that the policy cares
// about, and when.
func (g *Gate) facts(ctx context.Context, s Spec) (policy.Facts, error) {
	f := s.Facts()
	f.User = s.Requester.User
	for _, group := range g.Policy.Groups() {
		in, err := g.People.InGroup(ctx, s.Requester, group)
		if err != nil {
			return f, lookup(err, group)
		}
		if in {
			f.Groups = append(f.Groups, group)
		}
	}
	now, err := g.now(ctx)
	if err != nil {
		return f, fmt.Errorf("tell the time: %w", err)
	}
	f.At = now.UTC()
	return f, nil
}

// factsOf are what an operation was judged by. One that was proposed before facts were kept is judged by what
// its record says.
func factsOf(p ledger.Proposal) (policy.Facts, error) {
	f := policy.Facts{
		Kind: p.Kind, Environment: p.Environment, Target: p.Target, User: p.Requester.User,
		Undo: p.About != "" && p.Kind != Review, BreakGlass: p.BreakGlass != "",
	}
	if len(p.Facts) == 0 {
		return f, nil
	}
	f = policy.Facts{}
	if err := json.Unmarshal(p.Facts, &f); err != nil {
		return f, fmt.Errorf("read what %s was judged by: %w", p.ID, err)
	}
	return f, nil
}
