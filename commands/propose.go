package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
)

// Planned is a plan that can be shown and proposed. It round-trips through JSON.
type Planned interface {
	Brief() plan.Brief
	Sections() []card.Section
}

// decide proposes a plan, or shows why it cannot be. about is the operation that it takes back, if it does.
func (s *Site) decide(ctx context.Context, c *Call, env Environment, p Planned, about ledger.ID) (Result, error) {
	b := p.Brief()
	if len(b.Stops()) > 0 || c.Words.Bool(dryFlag) {
		shown := planCard(p)
		if own, ok := s.atWork(ctx, b.Resource); ok {
			shown.Sections = append([]card.Section{busy(own)}, shown.Sections...)
		}
		return reply(shown), nil
	}
	spec, err := specOf(p)
	if err != nil {
		return Result{}, err
	}
	spec.Command, spec.Reason, spec.Requester, spec.About = c.Typed, c.Words.Text("reason"), c.Actor, about
	spec.Channel, spec.Thread = env.place(c.Channel, c.Thread)
	return Result{Propose: &spec}, nil
}

// atWork finds the operation of ours that is at work on a resource.
func (s *Site) atWork(ctx context.Context, resource string) (ledger.Record, bool) {
	open, _ := beside(ctx, s.Records)
	i := slices.IndexFunc(open, func(r ledger.Record) bool {
		return r.Resource == resource && (r.State == ledger.Running || r.State == ledger.Stuck)
	})
	if i < 0 || resource == "" {
		return ledger.Record{}, false
	}
	return open[i], true
}

// busy says who is at work, so that nobody takes our own change for a stranger's.
func busy(r ledger.Record) card.Section {
	t := card.Join(card.T("I am at work on %s: ", r.Target), card.Text{{Bold: r.Title}}, card.T(", asked by "), card.User(r.Requester.User),
		card.T(" ("), card.Code(string(r.ID)), card.T(")."))
	return card.Para(append(t, cardLink(r)...))
}

// specOf is the proposal of a plan.
func specOf(p Planned) (approvals.Spec, error) {
	b := p.Brief()
	payload, err := json.Marshal(p)
	if err != nil {
		return approvals.Spec{}, fmt.Errorf("write the plan of %s: %w", b.Target, err)
	}
	var each []policy.Part
	for _, part := range b.Each {
		each = append(each, policy.Part(part))
	}
	return approvals.Spec{
		Each: each, Kind: b.Kind, Environment: b.Environment, Target: b.Target, Resource: b.Resource, Title: b.Title,
		Payload: payload, Digest: b.Digest, Step: b.Step,
		Tags: b.Tags, Blast: policy.Blast(b.Blast), Impact: b.Impact, Narrow: b.Narrow,
	}, nil
}

// planCard shows a plan that is not proposed.
func planCard(p Planned) card.Card {
	b := p.Brief()
	c := card.Card{Title: "Plan · " + b.Title, Summary: b.Title + ": only the plan, nothing was asked for.", Sections: p.Sections()}
	if stops := b.Stops(); len(stops) > 0 {
		c.Title, c.Tone = "Not possible · "+b.Title, card.Bad
		c.Summary = fmt.Sprintf("%s is not possible: %s", b.Title, stops[0].Text)
		c.Foot = []card.Text{card.T("%s in the way, so nothing was asked for.", count(len(stops), "finding"))}
		return c
	}
	c.Foot = []card.Text{card.T("This is only the plan; nothing was asked for.")}
	return c
}

// possible is the fault for a plan that cannot start, where there is no card to show it on.
func possible(p Planned) error {
	b := p.Brief()
	stops := b.Stops()
	if len(stops) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "%s is not possible: %s", b.Title, card.Inert(stops[0].Text)).WithHint("%s", card.Inert(stops[0].Hint))
}
