package app_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
)

// operate is amiral's command line for a story: the operator of a login lists, approves or denies.
func (w *world) operate(ctx context.Context, login string, args []string) (string, error) {
	if args[0] == "list" {
		return w.listed(ctx)
	}
	op, err := app.NewOperator(ctx, w.options(), login)
	if err != nil {
		return "", err
	}
	defer op.Close()
	rec, err := op.Find(ctx, args[1])
	if err != nil {
		return "", err
	}
	rec, err = op.Vote(ctx, rec, approvals.Ballot{Choice: args[0], Reason: strings.Join(args[2:], " ")})
	return fmt.Sprintf("%s: %s", rec.Title, rec.State), err
}

func (w *world) store(ctx context.Context) (*app.Store, error) {
	return app.NewStore(ctx, w.options())
}

func (w *world) listed(ctx context.Context) (string, error) {
	s, err := w.store(ctx)
	if err != nil {
		return "", err
	}
	defer s.Close()
	open, err := s.Records.Open(ctx)
	var lines []string
	for _, r := range open {
		lines = append(lines, fmt.Sprintf("%s %s", r.ID, r.Title))
	}
	return strings.Join(lines, "\n"), err
}

// verify checks the audit of this world.
func (w *world) verify(ctx context.Context) error {
	s, err := w.store(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return verified(ctx, s.Trail)
}

// verified checks every link of a record.
func verified(ctx context.Context, trail *audit.Log) error {
	report, err := trail.Verify(ctx)
	if err != nil {
		return err
	}
	return report.Problem()
}
