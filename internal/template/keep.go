package template

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const (
	usualRollback = 72 * time.Hour
	longestRun    = 7 * 24 * time.Hour // an operation that ended lately began no longer ago than that
	mostRecords   = 10_000
)

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

// needed finds the versions that operations need: those that open ones name, and those that groups came from so lately
// that the way back may lead there.
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
	past, err := g.recent(g.facts.Now.Add(-window))
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

// recent reads the operations that ran and ended since then.
func (g gathering) recent(since time.Time) ([]ledger.Record, error) {
	for n := 200; ; n *= 4 {
		all, err := g.keep.Records.Recent(g.ctx, n)
		if err != nil {
			return nil, fmt.Errorf("list recent operations: %w", err)
		}
		if len(all) == n && all[len(all)-1].Created.After(since.Add(-longestRun)) && n < mostRecords {
			continue
		}
		var ended []ledger.Record
		for _, r := range all {
			if r.State.Final() && r.Ended.After(since) && !unstarted(r.State) {
				ended = append(ended, r)
			}
		}
		return ended, nil
	}
}

// unstarted reports whether an operation that ended so has changed nothing.
func unstarted(s ledger.State) bool {
	return s == ledger.Denied || s == ledger.Expired || s == ledger.Withdrawn || s == ledger.Void
}

// side is one end of a rollout, as its plan holds it.
type side struct {
	Template fleet.TemplateID `json:"template"`
	Version  int64            `json:"version"`
}

// roll is what a rollout's plan says of versions.
type roll struct {
	From side `json:"from"`
	To   side `json:"to"`
}

// named are the versions of a template that an operation's plan names: all of them, or those that groups came from.
func named(r ledger.Record, t fleet.TemplateID, left bool) (versions []int64) {
	var rolls []roll
	switch r.Kind {
	case "rollout":
		var one roll
		if json.Unmarshal(r.Payload, &one) == nil {
			rolls = append(rolls, one)
		}
	case "patch": // it holds a rollout for each of its groups
		var p struct {
			Groups []roll `json:"groups"`
		}
		if json.Unmarshal(r.Payload, &p) == nil {
			rolls = p.Groups
		}
	case "launch":
		var p struct {
			Template struct {
				ID      fleet.TemplateID `json:"id"`
				Version int64            `json:"version"`
				Source  int64            `json:"source"`
			} `json:"template"`
		}
		if json.Unmarshal(r.Payload, &p) == nil && !left {
			rolls = append(rolls, roll{From: side{p.Template.ID, p.Template.Source}, To: side{p.Template.ID, p.Template.Version}})
		}
	}
	for _, one := range rolls {
		if one.From.Template == t && one.From.Version > 0 {
			versions = append(versions, one.From.Version)
		}
		if !left && one.To.Template == t && one.To.Version > 0 {
			versions = append(versions, one.To.Version)
		}
	}
	return versions
}
