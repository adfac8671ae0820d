package main

import (
	"context"
	"io"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/fault"
)

const denyUsage = "deny <operation> -reason …"

// deny denies a request as the operator, by the same rules as in Slack.
func deny(ctx context.Context, args []string, out io.Writer) error {
	f := flags(denyUsage, "deny a request, by the same rules as in Slack. Who you are there, the\nconfiguration says under operators. Its thread tells of it when Slack is back.")
	path, reason := configFlag(f), f.String("reason", "", "why; it is needed, so that they know what to change")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) != 1 {
		return wrongly(denyUsage)
	}
	if strings.TrimSpace(*reason) == "" {
		return fault.New(fault.Invalid, "A denial needs a reason.").WithHint("Say -reason \"…\", so that they know what to change.")
	}
	op, err := operator(ctx, *path)
	if err != nil {
		return err
	}
	defer op.Close()
	rec, err := allowed(ctx, op, rest[0], "deny", out)
	if err != nil {
		return err
	}
	return vote(ctx, op, rec, approvals.Ballot{Choice: "deny", Reason: *reason}, out)
}
