package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/fault"
)

// flags returns a command's flag set with its help.
func flags(name, about string) *flag.FlagSet {
	f := flag.NewFlagSet("amiral "+name, flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "amiral %s: %s\n\n", name, about)
		f.PrintDefaults()
	}
	return f
}

// configFlag is the flag that every command has that reads the configuration.
func configFlag(f *flag.FlagSet) *string {
	return f.String("config", "amiral.yaml", "the configuration")
}

// parse reads flags wherever they stand among the other words, and returns those.
func parse(f *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if args = f.Args(); len(args) == 0 {
			return rest, nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

func ignoreHelp(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

// loaded is the configuration with what comes from the process. Nothing is logged: what a command has to say, it
// prints.
func loaded(path string) (app.Options, error) {
	c, err := config.Load(path)
	return app.Options{Config: c, Environ: config.FromEnviron(nil), Log: slog.New(slog.DiscardHandler)}, err
}

// login is who runs this process, as the operating system knows them; environment variables do not count. For
// whoever has no account, as most have none in a container, package user would believe $USER: it is hidden from it.
func login() (string, error) {
	const variable = "USER"
	if name, set := os.LookupEnv(variable); set {
		_ = os.Unsetenv(variable)
		defer func() { _ = os.Setenv(variable, name) }()
	}
	u, err := user.Current()
	if err != nil {
		return "", fault.New(fault.Denied, "This machine has no account for user %d, so I do not know who you are.", os.Getuid()).
			WithHint("Run it with an account of your own; $USER does not count.")
	}
	return u.Username, nil
}

// operator opens what a decision needs for whoever runs this process.
func operator(ctx context.Context, path string) (*app.Operator, error) {
	o, err := loaded(path)
	if err != nil {
		return nil, err
	}
	who, err := login()
	if err != nil {
		return nil, err
	}
	return app.NewOperator(ctx, o, who)
}

// past reads "30d", "12h", a day or a moment as a time that is over; zero for nothing.
func past(text string) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, nil
	}
	if d, err := policy.ParseDuration(text); err == nil && d >= 0 {
		return time.Now().Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no time that I know.", text).WithHint("Write 30d, 12h, 2026-01-31 or 2026-01-31T12:00:00Z.")
}

// wrongly is a command that was called with the wrong words.
func wrongly(usage string) error {
	return errors.Join(fault.New(fault.Invalid, "I do not know what to do.").WithHint("Type: amiral %s", usage), errUsage)
}
