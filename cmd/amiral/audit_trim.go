package main

import (
	"context"
	"fmt"
	"io"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
)

const trimUsage = "audit trim -before 2026-01-31"

// auditTrim drops old entries, on the operator's name.
func auditTrim(ctx context.Context, args []string, out io.Writer) error {
	f := flags(trimUsage, "drop the entries before a day; export them first. What is left still verifies,\nand tells who trimmed it. Only operators may.")
	path, before := configFlag(f), f.String("before", "", "the day: 2026-01-31, or 400d for so long ago")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) > 0 || *before == "" {
		return wrongly(trimUsage)
	}
	at, err := past(*before)
	if err != nil {
		return err
	}
	o, err := loaded(*path)
	if err != nil {
		return err
	}
	name, err := login()
	if err != nil {
		return err
	}
	who, ok := o.Config.Operator(name)
	if !ok {
		return fault.New(fault.Denied, "The login %q is no operator, so it may not trim the audit.", name).
			WithHint("Add it under operators in the configuration.")
	}
	store, err := app.NewStore(ctx, o)
	if err != nil {
		return err
	}
	defer store.Close()
	last, err := store.Trail.Trim(ctx, audit.Who{User: who.User, Team: who.Team}, at)
	if err != nil {
		return err
	}
	if last == 0 {
		_, err = fmt.Fprintf(out, "There is nothing before %s.\n", moment(at))
		return err
	}
	_, err = fmt.Fprintf(out, "The entries up to %d are gone.\n", last)
	return err
}
