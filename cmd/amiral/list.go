package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/amiral-ops/amiral/internal/app"
)

// list prints the operations that are open, without Slack.
func list(ctx context.Context, args []string, out io.Writer) error {
	f := flags("list [-all]", "show the operations that wait or run. Slack is not asked.")
	path, all := configFlag(f), f.Bool("all", false, "those that are over too, the last 40")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) > 0 {
		return wrongly("list [-all]")
	}
	o, err := loaded(*path)
	if err != nil {
		return err
	}
	store, err := app.NewStore(ctx, o)
	if err != nil {
		return err
	}
	defer store.Close()
	records, err := store.Records.Open(ctx)
	if *all {
		records, err = store.Records.Recent(ctx, 40)
	}
	if err != nil {
		return fmt.Errorf("list operations: %w", err)
	}
	if len(records) == 0 {
		_, err := fmt.Fprintln(out, "Nothing waits and nothing runs.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) // keeps its errors for Flush
	_, _ = fmt.Fprintln(table, "OPERATION\tENVIRONMENT\tWHAT\tASKED BY\tSTANDS")
	for _, r := range records {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t@%s\t%s\n", r.ID, r.Environment, harmless(r.Title), r.Requester.User, standing(r))
	}
	return table.Flush()
}
