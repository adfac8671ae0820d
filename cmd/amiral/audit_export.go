package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
)

const exportUsage = "audit export [-since 30d] [-out file]"

// auditExport writes the audit as JSON lines.
func auditExport(ctx context.Context, args []string, out io.Writer) error {
	f := flags(exportUsage, "write the audit as JSON lines. Each line holds an entry's fields as they are\nstored, as strings, so that amiral audit verify can check it anywhere.")
	path, since := configFlag(f), f.String("since", "", "from when on: 30d, 12h or 2026-01-31; everything when left out")
	file := f.String("out", "-", "where to; - is the standard output")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	from, bad := past(*since)
	if bad != nil || len(rest) > 0 {
		if bad != nil {
			return bad
		}
		return wrongly(exportUsage)
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
	if *file == "-" {
		n, head, err := store.Trail.Export(ctx, out, from)
		if err != nil {
			return err
		}
		return exported(os.Stderr, n, head)
	}
	w, err := os.OpenFile(*file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	n, head, err := store.Trail.Export(ctx, w, from)
	if closed := w.Close(); err == nil && closed != nil {
		err = fmt.Errorf("write the export: %w", closed)
	}
	if err != nil {
		return err
	}
	return exported(out, n, head)
}

func exported(out io.Writer, n int, head audit.Head) error {
	_, err := fmt.Fprintf(out, "%d entries, up to the head %s. Keep it: amiral audit verify -head takes it.\n", n, head)
	return err
}
