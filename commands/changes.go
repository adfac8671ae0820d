package commands

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// changes is what the desk must know of operations whose plans are of one type.
type changes[P Planned] struct {
	site *Site
	// again makes the plan once more, from how things are now.
	again func(ctx context.Context, f Fleet, env Environment, old P) (P, error)
	// back makes the plan that takes a record's back, and the command that asks for it; nil: nothing takes it back.
	back func(ctx context.Context, f Fleet, env Environment, r ledger.Record, old P) (P, string, error)
}

func (k changes[P]) planOf(r ledger.Record) (P, error) {
	var p P
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		return p, fmt.Errorf("read the plan of %s: %w", r.ID, err)
	}
	return p, nil
}

// Plan draws the plan that a record holds.
func (k changes[P]) Plan(r ledger.Record) ([]card.Section, error) {
	p, err := k.planOf(r)
	if err != nil {
		return nil, err
	}
	return p.Sections(), nil
}

// Again proposes what a record asked for, planned from how things are now.
func (k changes[P]) Again(ctx context.Context, r ledger.Record) (approvals.Spec, error) {
	old, err := k.planOf(r)
	if err != nil {
		return approvals.Spec{}, err
	}
	env, f, err := k.site.reach(r.Environment)
	if err != nil {
		return approvals.Spec{}, err
	}
	p, err := k.again(ctx, f, env, old)
	if err != nil {
		return approvals.Spec{}, err
	}
	if err := possible(p); err != nil {
		return approvals.Spec{}, err
	}
	s, err := specOf(p)
	s.Command, s.Reason, s.About = r.Command, r.Reason, r.About
	return s, err
}

// Back proposes what takes a record's change back.
func (k changes[P]) Back(ctx context.Context, r ledger.Record) (approvals.Spec, error) {
	if k.back == nil {
		return approvals.Spec{}, fault.New(fault.Conflict, "%s cannot be taken back.", r.Title)
	}
	old, err := k.planOf(r)
	if err != nil {
		return approvals.Spec{}, err
	}
	env, f, err := k.site.reach(r.Environment)
	if err != nil {
		return approvals.Spec{}, err
	}
	p, command, err := k.back(ctx, f, env, r, old)
	if err != nil {
		return approvals.Spec{}, err
	}
	if err := possible(p); err != nil {
		return approvals.Spec{}, err
	}
	s, err := specOf(p)
	s.Command, s.Reason, s.About = command, "Takes back "+string(r.ID)+".", r.ID
	return s, err
}
