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
	old, err := g.Ledger.Get(ctx, s.About)
	if errors.Is(err, ledger.ErrNotFound) {
		return rule, fault.New(fault.NotFound, "There is no operation %s to take back.", card.Inert(string(s.About))).
			WithHint("`/amiral ops list --all` shows the ones there are.")
	}
	if err != nil {
		return rule, fmt.Errorf("read %s, which is to be taken back: %w", s.About, err)
	}
	if err := undoable(old); err != nil {
		return rule, err
	}
	if rule.Quorum() <= 1 || !sameThing(old, s) {
		return rule, nil
	}
	now, err := g.now(ctx)
	if err != nil {
		return rule, fmt.Errorf("tell the time: %w", err)
	}
	return undoRule(rule, old, now), nil
}

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
