package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
)

const verifyUsage = "audit verify [file] [-head 1042:9f3c…]"

func auditVerify(_ context.Context, args []string, out io.Writer) error {
	return verified(args, os.Stdin, out)
}

// verified checks an export. It needs neither the configuration nor Redis.
func verified(args []string, in io.Reader, out io.Writer) error {
	f := flags(verifyUsage, "check an export: every hash, every link, every seal. It needs no configuration\nand no network. Without a file, or with -, it reads the standard input.")
	kept := f.String("head", "", "a head that was kept elsewhere, as the bot logs it: proves that nothing up to\nit was changed or cut off")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) > 1 {
		return wrongly(verifyUsage)
	}
	var head audit.Head
	if *kept != "" {
		if head, err = audit.ParseHead(*kept); err != nil {
			return err
		}
	}
	if len(rest) == 1 && rest[0] != "-" {
		file, err := os.Open(rest[0])
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	report, err := audit.Verify(in, head)
	if err != nil {
		return err
	}
	if report.Break != nil {
		return fault.New(fault.Conflict, "The audit is broken. %s", report.Break).WithHint("%s", upTo(report))
	}
	if report.Entries == 0 && report.Unchained > 0 {
		return fault.New(fault.Conflict, "None of the %d entries is in a chain, so nothing shows whether they are what was written.", report.Unchained).
			WithHint("They are from a time before there was one, or somebody took it off.")
	}
	_, err = io.WriteString(out, sound(report, head))
	return err
}

// upTo says what still holds of a broken audit.
func upTo(r audit.Report) string {
	if r.Entries == 0 {
		return "Nothing before it could be checked."
	}
	return fmt.Sprintf("Up to entry %d everything holds.", r.Last.N)
}

// sound says what was checked, and what cannot be known.
func sound(r audit.Report, head audit.Head) string {
	var b strings.Builder
	if r.Entries == 0 {
		return "There is no entry.\n"
	}
	fmt.Fprintf(&b, "Sound: %d entries, from %d to %d, head %s.\n", r.Entries, r.First, r.Last.N, r.Last)
	switch {
	case r.Unchained > 0:
		fmt.Fprintf(&b, "%d entries before the first are from a time without a chain: nothing protects them.\n", r.Unchained)
	case r.First > 1 && r.Whole:
		fmt.Fprintf(&b, "What was before entry %d was trimmed, and the record of that fits.\n", r.First)
	case !r.Whole:
		fmt.Fprintf(&b, "What was before entry %d is not here, and no record of trimming says why: it was not exported, or it is missing.\n", r.First)
	}
	if r.Seals > 0 {
		fmt.Fprintf(&b, "%d seals hold, up to entry %d.\n", r.Seals, r.Sealed)
	}
	if head != (audit.Head{}) {
		fmt.Fprintf(&b, "It leads through the head that was kept.\n")
	} else {
		fmt.Fprintf(&b, "Whether entries were cut off at the end, or all was written anew, shows only with -head and a head that was kept elsewhere.\n")
	}
	return b.String()
}
