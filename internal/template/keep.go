package template

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
)

const usualRollback = 72 * time.Hour

// Keepers are what versions are needed by besides what AWS knows.
type Keepers struct {
	Records  Records       // nil: nothing is known of operations
	Rollback time.Duration // how long the way back is kept; three days when zero
}

// Records are the operations there are and were. *ledger.Ledger is one.
type Records interface {
	Open(ctx context.Context) ([]ledger.Record, error)
	Recent(ctx context.Context, n int) ([]ledger.Record, error)
}

// needed finds the versions that operations need: those that open ones name, and those that were left so lately that the
// way back may lead there: by a rollout, a patch, an attachment or another default.
func (g gathering) needed() error {
	if g.keep.Records == nil || !g.facts.exists() {
		return nil
	}
	g.facts.Needed = map[int64]string{}
	open, err := g.keep.Records.Open(g.ctx)
	if err != nil {
		return fmt.Errorf("list open operations: %w", err)
	}
	for _, r := range open {
		for _, n := range named(r, g.facts.Template.ID, false) {
			g.facts.Needed[n] = fmt.Sprintf("%q (%s) needs it", r.Title, r.ID)
		}
	}
	window := g.keep.Rollback
	if window == 0 {
		window = usualRollback
	}
	past, err := plan.Past(g.ctx, g.keep.Records, g.facts.Now.Add(-window))
	if err != nil {
		return err
	}
	for _, r := range past {
		for _, n := range named(r, g.facts.Template.ID, true) {
			g.facts.Needed[n] = fmt.Sprintf("%q (%s) left it, and the way back may need it until %s", r.Title, r.ID,
				r.Ended.Add(window).UTC().Format("2 January 15:04 UTC"))
		}
	}
	return nil
}

// named are the versions of a template that an operation's plan names: all of them, or those that its way back leads to.
func named(r ledger.Record, t fleet.TemplateID, left bool) (versions []int64) {
	for _, m := range plan.Moves(r) {
		sides := []plan.Side{m.From}
		if !left {
			sides = append(sides, m.To)
		}
		for _, s := range sides {
			if s.Template == t && s.Version > 0 {
				versions = append(versions, s.Version)
			}
		}
	}
	return versions
}
