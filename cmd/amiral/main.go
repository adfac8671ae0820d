// Command amiral is the Slack bot that rolls golden AMIs through EC2 fleets.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/amiral-ops/amiral/internal/fault"
)

// version is set when a release is built.
var version = "dev"

// command is one or two words behind amiral.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, out io.Writer) error
}

// group is commands that stand together in the help.
type group struct {
	title    string
	commands []command
}

func groups() []group {
	return []group{
		{"The bot", []command{
			{"serve", "connect to Slack and work", serve},
			{"check", "prove tokens, Redis and AWS permissions, and say what to fix", check},
			{"manifest", "print the Slack app manifest", manifest},
			{"version", "print the version", func(_ context.Context, _ []string, out io.Writer) error {
				_, err := fmt.Fprintln(out, "amiral", version)
				return err
			}},
		}},
		{"Decisions without Slack", []command{
			{"list", "show what waits and what runs", list},
			{"approve", "approve a request, by the same rules as in Slack", approve},
			{"deny", "deny a request, with a reason", deny},
		}},
		{"The policy", []command{
			{"policy explain", "say which rule a command falls under, and why", policyExplain},
			{"policy test", "run fixtures against the policy", policyTest},
			{"policy replay", "show which past requests would be judged otherwise", policyReplay},
		}},
		{"The record", []command{
			{"audit export", "write the audit as JSON lines", auditExport},
			{"audit verify", "check an export, offline, and name the first broken link", auditVerify},
			{"audit trim", "drop old entries; what is left still verifies", auditTrim},
		}},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "amiral:", said(err.Error()))
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
		_ = usage(out, "")
		return errUsage
	}
	if asksHelp(args[0]) {
		return usage(out, "")
	}
	if c, rest, ok := find(args); ok {
		return c.run(ctx, rest, out)
	}
	if paired(args[0]) && len(args) > 1 && asksHelp(args[1]) {
		return usage(out, args[0])
	}
	if paired(args[0]) {
		_ = usage(os.Stderr, args[0])
	} else {
		_ = usage(os.Stderr, "")
	}
	return errors.Join(fault.New(fault.Invalid, "There is no command %q.", strings.Join(args[:min(2, len(args))], " ")), errUsage)
}

func asksHelp(word string) bool { return word == "help" || word == "-h" || word == "--help" }

// find is the command that the words begin with, and what stands behind it.
func find(args []string) (command, []string, bool) {
	for _, g := range groups() {
		for _, c := range g.commands {
			words := strings.Fields(c.name)
			if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
				return c, args[len(words):], true
			}
		}
	}
	return command{}, nil, false
}

// paired reports whether a word is the first of commands of two.
func paired(word string) bool {
	return slices.ContainsFunc(groups(), func(g group) bool {
		return slices.ContainsFunc(g.commands, func(c command) bool { return strings.HasPrefix(c.name, word+" ") })
	})
}

// usage lists the commands: all of them, or those of one section.
func usage(out io.Writer, section string) error {
	text := ""
	if section == "" {
		text = "amiral rolls golden AMIs through EC2 fleets, asked and approved in Slack.\n\n"
	}
	for _, g := range groups() {
		if section != "" && !strings.HasPrefix(g.commands[0].name, section+" ") {
			continue
		}
		text += g.title + "\n"
		for _, c := range g.commands {
			text += fmt.Sprintf("  amiral %-15s %s\n", c.name, c.summary)
		}
		text += "\n"
	}
	_, err := fmt.Fprint(out, text+"amiral <command> -h tells more.\n")
	return err
}
