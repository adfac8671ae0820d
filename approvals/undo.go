package approvals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// undoing is the rule for taking an operation back: one approver of any group that the rule names, within its
// window. What it takes back was agreed on by everybody; going back to what was there before need not be.
func (g *Gate) undoing(ctx context.Context, s Spec, rule ledger.Rule) (ledger.Rule, error) {
	if s.About == "" || s.Kind == Review {
		return rule, nil
	}
	old, err := g.takenBack(ctx, s.About)
	if err != nil {
		return rule, err
	}
	if rule.Quorum() <= 1 || !sameThing(old, s) {
		return rule, nil
	}
	if last, err := g.isLast(ctx, old); err != nil || !last {
		return rule, err
	}
	now, err := g.now(ctx)
	if err != nil {
		return rule, fmt.Errorf("tell the time: %w", err)
	}
	return undoRule(rule, old, now), nil
}

// takenBack is the operation that is to be taken back: of a take-back that did not come to its end, what that one
// was about, for it is tried again.
func (g *Gate) takenBack(ctx context.Context, id ledger.ID) (ledger.Record, error) {
	old, err := g.Ledger.Get(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return old, fault.New(fault.NotFound, "There is no operation %s to take back.", card.Inert(string(id))).
			WithHint("`/amiral ops list --all` shows the ones there are.")
	}
	if err != nil {
		return old, fmt.Errorf("read %s, which is to be taken back: %w", id, err)
	}
	if err := undoable(old); err != nil || !takesBack(old) || old.State == ledger.Succeeded {
		return old, err
	}
	first, err := g.Ledger.Get(ctx, old.About)
	if errors.Is(err, ledger.ErrNotFound) {
		return old, nil
	}
	if err != nil {
		return old, fmt.Errorf("read %s, which %s was to take back: %w", old.About, id, err)
	}
	return first, undoable(first)
}

// takesBack reports whether an operation is there to undo another one.
func takesBack(r ledger.Record) bool { return r.About != "" && r.Kind != Review }

func undoable(old ledger.Record) error {
	if !old.State.Final() {
		return fault.New(fault.Conflict, "%s has not ended, so it cannot be taken back yet.", name(old)).
			WithHint("Use the buttons of its card: there it can be stopped.")
	}
	if old.Started.IsZero() {
		return fault.New(fault.Conflict, "%s never ran, so there is nothing to take back.", name(old))
	}
	return nil
}

// sameThing reports whether the spec is about what the operation worked on. Taking back what took something
// back is going forward, which wants everybody again.
func sameThing(old ledger.Record, s Spec) bool {
	return old.Environment == s.Environment && old.Resource == s.Resource && old.About == ""
}

// lookBack is how many operations on a resource are looked through for a later one.
const lookBack = 100

// isLast reports whether nothing that still stands came after an operation on the same resource. Else going back to
// what was there before it would take back more than was asked about, and what others agreed on.
func (g *Gate) isLast(ctx context.Context, old ledger.Record) (bool, error) {
	history, err := g.Ledger.History(ctx, old.Resource, lookBack)
	if err != nil {
		return false, fmt.Errorf("read what came after %s: %w", old.ID, err)
	}
	undone, tried := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	for _, r := range history {
		switch {
		case r.ID == old.ID:
			return !undone[r.ID], nil
		case r.State == ledger.Undone || undone[r.ID]:
		case !takesBack(r) || tried[r.ID]:
			return false, nil
		case r.State == ledger.Succeeded:
			undone[r.About] = true
		default:
			tried[r.About] = true
		}
	}
	return false, nil
}

func undoRule(rule ledger.Rule, old ledger.Record, now time.Time) ledger.Rule {
	window := old.Rule.Undo
	if now.Sub(old.Ended) > window {
		return rule
	}
	rule.Needs = []ledger.Need{{Groups: rule.Groups(), Min: 1}}
	rule.Why = also(rule.Why, fmt.Sprintf("it takes back %s within %s of its end, so one approver is enough", old.ID, card.Span(window)))
	return rule
}

// also puts another reason behind a line of reasons.
func also(why, more string) string {
	if why == "" {
		return more
	}
	return why + "; " + more
}
