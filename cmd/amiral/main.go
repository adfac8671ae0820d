// Command amiral is the Slack bot that rolls golden AMIs through EC2 fleets.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/amiral-ops/amiral/internal/fault"
)

// version is set when a release is built.
var version = "dev"

// command is one word behind amiral.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"serve", "connect to Slack and work", serve},
		{"check", "prove tokens, Redis and AWS permissions, and say what to fix", check},
		{"manifest", "print the Slack app manifest", manifest},
		{"version", "print the version", func(_ context.Context, _ []string, out io.Writer) error {
			_, err := fmt.Fprintln(out, "amiral", version)
			return err
		}},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "amiral:", err)
		os.Exit(status(err))
	}
}

// status is 2 for a command that was not understood, 1 for one that did not work.
func status(err error) int {
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

var errUsage = errors.New("say what to do")

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		_ = usage(out)
		return errUsage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return usage(out)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
	}
	_ = usage(os.Stderr)
	return errors.Join(fault.New(fault.Invalid, "There is no command %q.", args[0]), errUsage)
}

func usage(out io.Writer) error {
	text := "amiral rolls golden AMIs through EC2 fleets, asked and approved in Slack.\n\n"
	for _, c := range commands() {
		text += fmt.Sprintf("  amiral %-9s %s\n", c.name, c.summary)
	}
	_, err := fmt.Fprint(out, text+"\namiral <command> -h tells more.\n")
	return err
}
