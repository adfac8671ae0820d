package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/amiral-ops/amiral/approvals/policy"
)

const fixturesUsage = "policy test [-config amiral.yaml] fixtures.yaml…"

// policyTest runs fixtures against the policy.
func policyTest(ctx context.Context, args []string, out io.Writer) error {
	f := flags(fixturesUsage, "judge the cases of fixtures and compare with what they expect. It needs neither\nSlack nor AWS nor Redis, and ends with status 1 when a case fails.")
	path := configFlag(f)
	files, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(files) == 0 {
		return wrongly(fixturesUsage)
	}
	o, err := loaded(*path)
	if err != nil {
		return err
	}
	rules := withCalendars(ctx, o.Config.Policy, out)
	failed, total := 0, 0
	for _, file := range files {
		results, err := tried(rules, file)
		if err != nil {
			return err
		}
		total += len(results)
		n, err := tell(out, file, results)
		if err != nil {
			return err
		}
		failed += n
	}
	if _, err := fmt.Fprintf(out, "%d of %d pass (policy %s).\n", total-failed, total, rules.Short()); err != nil {
		return err
	}
	if failed > 0 {
		return errUnfit
	}
	return nil
}

func tried(rules policy.Policy, file string) ([]policy.Result, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the fixture: %w", err)
	}
	cases, err := policy.ParseCases(raw)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", file, err)
	}
	return rules.Test(cases), nil
}

// tell prints the results of a file and returns how many failed.
func tell(out io.Writer, file string, results []policy.Result) (failed int, err error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) // keeps its errors for Flush
	_, _ = fmt.Fprintf(table, "\t%s\tRULE\tNEEDS\n", file)
	for _, r := range results {
		mark, needs := "ok", policy.Describe(r.Verdict.Rule.Needs)
		if r.Verdict.Refused != "" {
			needs = "refused"
		}
		if len(r.Wrong) > 0 {
			mark = "FAIL"
			failed++
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", mark, r.Case.Name, orNone(r.Verdict.Rule.Name), needs)
		for _, wrong := range r.Wrong {
			_, _ = fmt.Fprintf(table, "\t  line %d: %s\n", r.Case.Line, said(wrong))
		}
	}
	return failed, table.Flush()
}
