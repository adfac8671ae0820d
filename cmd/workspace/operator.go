package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/app"
)

// operate does what `amiral list`, `amiral approve <operation>` and `amiral deny <operation> <reason>` do, as the
// operator of that login, so that a story has several of them on one machine.
func (b *bot) operate(ctx context.Context, login string, args []string) (string, error) {
	o, err := b.options()
	if err != nil {
		return "", err
	}
	if args[0] == "list" {
		return listed(ctx, o)
	}
	op, err := app.NewOperator(ctx, o, login)
	if err != nil {
		return "", err
	}
	defer op.Close()
	ballot := approvals.Ballot{Choice: args[0], Reason: strings.Join(args[min(2, len(args)):], " ")}
	if len(args) < 2 || ballot.Choice != "approve" && ballot.Choice != "deny" {
		return "", errors.New("an operator lists, approves or denies")
	}
	rec, err := op.Find(ctx, args[1])
	if err != nil {
		return "", err
	}
	if err := op.May(ctx, rec, ballot.Choice); err != nil {
		return "", err
	}
	rec, err = op.Vote(ctx, rec, ballot)
	return fmt.Sprintf("%s: %s is %s", ballot.Choice, rec.Title, rec.State), err
}

// listed are the operations that are open, one a line.
func listed(ctx context.Context, o app.Options) (string, error) {
	store, err := app.NewStore(ctx, o)
	if err != nil {
		return "", err
	}
	defer store.Close()
	open, err := store.Records.Open(ctx)
	var lines []string
	for _, r := range open {
		lines = append(lines, fmt.Sprintf("%s %s: %s", r.ID, r.Title, r.State))
	}
	return strings.Join(lines, "\n"), err
}

// verify checks every link of the audit.
func (b *bot) verify(ctx context.Context) error {
	o, err := b.options()
	if err != nil {
		return err
	}
	store, err := app.NewStore(ctx, o)
	if err != nil {
		return err
	}
	defer store.Close()
	report, err := store.Trail.Verify(ctx)
	if err != nil {
		return err
	}
	return report.Problem()
}
