package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const replayUsage = "policy replay [-since 30d] [-from export.jsonl]"

// policyReplay judges past requests by the policy as it is in the file.
func policyReplay(ctx context.Context, args []string, out io.Writer) error {
	f := flags(replayUsage, "judge past requests again, by the policy as the file has it now, and list those of\nwhich something else would become.")
	path, since := configFlag(f), f.String("since", "30d", "from when on: 30d, 12h or 2026-01-31")
	from := f.String("from", "", "an export of the audit to read instead of Redis; - is the standard input")
	rest, err := parse(f, args)
	if err != nil {
		return ignoreHelp(err)
	}
	if len(rest) > 0 {
		return wrongly(replayUsage)
	}
	at, err := past(*since)
	if err != nil {
		return err
	}
	o, err := loaded(*path)
	if err != nil {
		return err
	}
	h := history{since: at, skipped: map[string][]ledger.Need{}}
	if *from != "" {
		err = h.fromExport(*from)
	} else {
		err = h.fromRedis(ctx, o)
	}
	if err != nil {
		return err
	}
	rules := withCalendars(ctx, o.Config.Policy, out)
	return differences(out, rules, h.past())
}

func differences(out io.Writer, rules policy.Policy, past []policy.Past) error {
	all := policy.Replay(past, rules)
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, "%s  %s  %s\n  then: %s\n  now:  %s\n", moment(d.Past.At), d.Past.ID, harmless(d.Past.What), said(d.Was), said(d.Now))
		if d.Why != "" {
			fmt.Fprintf(&b, "  why:  %s\n", said(d.Why))
		}
	}
	fmt.Fprintf(&b, "%d of %d past requests would be judged otherwise (policy %s).\n", len(all), len(past), rules.Short())
	_, err := io.WriteString(out, b.String())
	return err
}

// history gathers past requests from the audit.
type history struct {
	since    time.Time
	requests []policy.Past
	skipped  map[string][]ledger.Need // of a broken glass, by operation: the needs it should have met
}

func (h *history) fromRedis(ctx context.Context, o app.Options) error {
	store, err := app.NewStore(ctx, o)
	if err != nil {
		return err
	}
	defer store.Close()
	for id := fmt.Sprintf("%d-0", max(0, h.since.UnixMilli()-1)); ; {
		page, err := store.Trail.Read(ctx, id, 500)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := h.take(e); err != nil {
				return err
			}
			id = e.ID
		}
		if len(page) < 500 {
			return nil
		}
	}
}

func (h *history) fromExport(path string) error {
	in := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	return audit.ReadExport(in, h.take)
}

// take keeps an event if it is a request that was judged: one that was proposed, or refused by the policy.
// A review was asked for by the bot, whatever the policy says.
func (h *history) take(e audit.Event) error {
	if e.At.Before(h.since) {
		return nil
	}
	if text := e.Fields["skipped"]; text != "" {
		var needs []ledger.Need
		if err := json.Unmarshal([]byte(text), &needs); err != nil {
			return fmt.Errorf("read what %s skipped: %w", e.Op, err)
		}
		h.skipped[e.Op] = needs
	}
	refused := e.Kind == "refused" && e.What == "propose"
	if e.Fields["facts"] == "" || e.Fields["kind"] == approvals.Review || (e.Kind != "proposed" && !refused) {
		return nil
	}
	p, err := request(e)
	if refused {
		p.Refused = e.Outcome
	}
	h.requests = append(h.requests, p)
	return err
}

// request is a past request as its event tells it.
func request(e audit.Event) (policy.Past, error) {
	p := policy.Past{ID: e.Op, At: e.At, What: e.Fields["command"]}
	if p.What == "" {
		p.What = e.What
	}
	p.Rule = ledger.Rule{Name: e.Fields["rule"], Policy: e.Policy}
	err := json.Unmarshal([]byte(e.Fields["facts"]), &p.Facts)
	if needs := e.Fields["needs"]; needs != "" {
		err = errors.Join(err, json.Unmarshal([]byte(needs), &p.Rule.Needs))
	}
	if err != nil {
		return p, fmt.Errorf("read what %s was judged by: %w", e.Op, err)
	}
	return p, nil
}

// past are the requests, those that broke glass with the needs that they skipped.
func (h *history) past() []policy.Past {
	for i, p := range h.requests {
		if needs := h.skipped[p.ID]; needs != nil && len(p.Rule.Needs) == 0 {
			h.requests[i].Rule.Needs = needs
		}
	}
	return h.requests
}
