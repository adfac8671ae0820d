package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const approveUsage = "approve <operation> [-only-canary] [-reason …] [-yes]"

func approve(ctx context.Context, args []string, out io.Writer) error {
	return approved(ctx, args, os.Stdin, out)
}

// approved approves a request as the operator, by the same rules as in Slack.
func approved(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	f := flags(approveUsage, "approve a request, by the same rules as in Slack. Who you are there, the\nconfiguration says under operators. Its thread tells of it when Slack is back.")
	path, narrow := configFlag(f), f.Bool("only-canary", false, "approve the smaller part only, where there is one")
	reason, yes := f.String("reason", "", "a word to it"), f.Bool("yes", false, "do not ask whether you are sure")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) != 1 {
		return wrongly(approveUsage)
	}
	op, err := operator(ctx, *path)
	if err != nil {
		return err
	}
	defer op.Close()
	b, deed := approvals.Ballot{Choice: "approve", Narrow: *narrow, Reason: *reason}, "approve"
	if *narrow {
		deed = "approve_narrow"
	}
	rec, err := allowed(ctx, op, rest[0], deed, out)
	if err != nil {
		return err
	}
	if !*yes {
		if err := sure(rec, in, out); err != nil {
			return err
		}
	}
	return vote(ctx, op, rec, b, out)
}

// allowed finds a request and prints what it is, unless the operator may not do that.
func allowed(ctx context.Context, op *app.Operator, id, deed string, out io.Writer) (ledger.Record, error) {
	rec, err := op.Find(ctx, id)
	if err != nil {
		return rec, err
	}
	if op.Away != nil {
		if _, err := fmt.Fprintln(out, "Slack cannot be reached: the groups of the configuration count, and the record says so."); err != nil {
			return rec, err
		}
	}
	if err := op.May(ctx, rec, deed); err != nil {
		return rec, err
	}
	return rec, describe(out, rec)
}

// describe prints the target and the change.
func describe(out io.Writer, r ledger.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", harmless(r.Title))
	for _, f := range [][2]string{
		{"Operation", string(r.ID)}, {"Environment", r.Environment}, {"Target", r.Target}, {"Command", r.Command},
		{"Impact", r.Impact}, {"Reason", r.Reason}, {"Asked by", "@" + r.Requester.User}, {"Smaller part", r.Narrow},
		{"Rule", strings.TrimSuffix(r.Rule.Name+": "+said(r.Rule.Why), ": ")}, {"Stands", standing(r)},
	} {
		if f[1] != "" {
			fmt.Fprintf(&b, "  %-13s %s\n", f[0], harmless(f[1]))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// sure asks to type the target's name.
func sure(r ledger.Record, in io.Reader, out io.Writer) error {
	name := r.Target
	if name == "" {
		name = string(r.ID)
	}
	if _, err := fmt.Fprintf(out, "Type %s to approve: ", harmless(name)); err != nil {
		return err
	}
	typed, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && typed == "" {
		return fault.New(fault.Invalid, "Nobody typed %s, so nothing was approved.", name).WithHint("Where there is no terminal, say -yes.")
	}
	if strings.TrimSpace(typed) != name {
		return fault.New(fault.Invalid, "That is not %s, so nothing was approved.", name)
	}
	return nil
}

// vote gives the operator's word and prints what came of it.
func vote(ctx context.Context, op *app.Operator, r ledger.Record, b approvals.Ballot, out io.Writer) error {
	rec, err := op.Vote(ctx, r, b)
	if err != nil {
		return err
	}
	word := "Approved"
	if b.Choice == "deny" {
		word = "Denied"
	}
	_, err = fmt.Fprintf(out, "%s. %s: %s.\n", word, harmless(rec.Title), standing(rec))
	return err
}
