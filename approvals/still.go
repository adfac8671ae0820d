package approvals

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// earlier is what those who voted before may fill by now, but for who votes again.
func (g *Gate) earlier(ctx context.Context, rec ledger.Record, who ledger.Actor) (map[string][]int, error) {
	all := map[string][]int{}
	for _, v := range rec.Approvers() {
		if v.Actor.User == who.User {
			continue
		}
		fills, err := g.remaining(ctx, v.Actor, rec.Rule.Needs)
		if err != nil {
			return nil, err
		}
		all[v.Actor.User] = fills
	}
	return all, nil
}

// remaining are the needs that somebody who voted before may fill by now. What anybody may fill, they may as long as
// they are admitted at all.
func (g *Gate) remaining(ctx context.Context, who ledger.Actor, needs []ledger.Need) ([]int, error) {
	open := func(i int) bool { return len(needs[i].Groups) == 0 }
	fills, err := g.fills(ctx, who, needs)
	if err != nil || g.Admits == nil || !slices.ContainsFunc(fills, open) {
		return fills, err
	}
	switch err := g.Admits(ctx, who); {
	case err == nil:
		return fills, nil
	case fault.Is(err, fault.Denied):
		return slices.DeleteFunc(fills, open), nil
	default:
		return nil, unsure(err, who)
	}
}

// stillAgreed says why what was held may not start: those who approved it have left since, and without them too few
// agree. Nobody left, or nobody who is needed: nil. A look-up that fails ends nothing, so it is no fault.
func (g *Gate) stillAgreed(ctx context.Context, r ledger.Record) error {
	if r.State != ledger.Held || len(r.Rule.Needs) == 0 {
		return nil
	}
	fills, err := g.earlier(ctx, r, ledger.Actor{})
	if err != nil {
		return fmt.Errorf("see whether those who approved %s are still there: %w", r.ID, unfaulted(err))
	}
	now := r
	now.Votes = nil
	for _, v := range r.Approvers() {
		if v.Narrow && !r.Narrowed {
			continue // it approved less than what would start
		}
		v.Fills = fills[v.Actor.User]
		now.Votes = append(now.Votes, v)
	}
	if len(now.Missing()) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "%s, so the approval is void.", departed(r, fills)).WithHint("Ask again.")
}

// unfaulted is an error in the same words that is no fault: the engine tries again after it.
func unfaulted(err error) error { return errors.New(err.Error()) }

// departed says who left: those who may fill nothing any more, or else those who may fill less than they did.
func departed(r ledger.Record, fills map[string][]int) string {
	var gone, less []string
	for _, v := range r.Approvers() {
		now := fills[v.Actor.User]
		switch lost := func(i int) bool { return !slices.Contains(now, i) }; {
		case !slices.ContainsFunc(v.Fills, lost):
		case len(now) == 0:
			gone = append(gone, v.Actor.User)
		default:
			less = append(less, v.Actor.User)
		}
	}
	switch {
	case len(gone) > 0 && slices.ContainsFunc(r.Rule.Needs, func(n ledger.Need) bool { return len(n.Groups) == 0 }):
		return mentions(gone) + verb(gone, " is no full member", " are no full members") + " of the workspace any more"
	case len(gone) > 0:
		return mentions(gone) + verb(gone, " is", " are") + " in none of the groups any more"
	case len(less) > 0:
		return mentions(less) + verb(less, " has", " have") + " left a group that must agree"
	}
	return "Those who approved it are not enough any more"
}

func verb(people []string, one, many string) string {
	if len(people) == 1 {
		return one
	}
	return many
}
