package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

const (
	longestRun  = 7 * 24 * time.Hour // an operation that ended lately began no longer ago than that
	mostRecords = 10_000
)

// Records are the operations that there were, newest first. *ledger.Ledger is one.
type Records interface {
	Recent(ctx context.Context, n int) ([]ledger.Record, error)
}

// Past are the operations that ran and ended since then. Those that were never started changed nothing and are left out.
func Past(ctx context.Context, from Records, since time.Time) ([]ledger.Record, error) {
	for n := 200; ; n *= 4 {
		all, err := from.Recent(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("list recent operations: %w", err)
		}
		if len(all) == n && all[n-1].Created.After(since.Add(-longestRun)) && n < mostRecords {
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
