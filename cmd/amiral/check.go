package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
)

// errUnfit ends the process with a failure after everything was printed.
var errUnfit = errors.New("not everything is as it must be; see above")

// check looks at everything that the bot needs and prints what to fix.
func check(ctx context.Context, args []string, out io.Writer) error {
	f := flags("check", "prove tokens, scopes, Redis settings, AWS identity and permissions, and print what to fix.\nNothing is changed: AWS is asked by dry runs.")
	path := f.String("config", "amiral.yaml", "the configuration")
	if err := f.Parse(args); err != nil {
		return ignoreHelp(err)
	}
	c, err := config.Load(*path)
	if err != nil {
		return err
	}
	fit := true
	for line := range app.Check(ctx, app.Options{Config: c, Environ: config.FromEnviron(nil), Log: slog.New(slog.DiscardHandler)}) {
		fit = fit && line.Mark != app.Broken
		if err := print(out, line); err != nil {
			return err
		}
	}
	if !fit {
		return errUnfit
	}
	return nil
}

func print(out io.Writer, l app.Line) error {
	if _, err := fmt.Fprintf(out, "%-4s %-22s %s\n", l.Mark, l.About, l.Text); err != nil {
		return err
	}
	if l.Hint == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "%-4s %-22s → %s\n", "", "", l.Hint)
	return err
}
