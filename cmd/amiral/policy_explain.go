package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/fault"
)

const explainUsage = "policy explain [-as U0123ABCD] [-groups a,b] [-at time] '/asg rollout web --image ami-0b2'"

// policyExplain says what the policy makes of a command.
func policyExplain(ctx context.Context, args []string, out io.Writer) error {
	f := flags(explainUsage, "say which rule a command falls under, why, and what it asks for. The command is\nplanned with the fleet and the Slack groups as they are now, and nothing is asked\nfor. With -facts neither AWS nor Slack nor Redis is needed.")
	path, as := configFlag(f), f.String("as", "", "who would type it, by Slack user id; the operator of your login when left out")
	groups := f.String("groups", "", "the groups that they are taken to be in, instead of those that Slack knows; none: -")
	at := f.String("at", "", "when it would be typed: 2026-01-31T12:00:00Z; now when left out")
	facts := f.String("facts", "", "a YAML or JSON file of facts to judge instead of a command, as the audit has them")
	if err := f.Parse(args); err != nil {
		return ignoreHelp(err)
	}
	o, err := loaded(*path)
	if err != nil {
		return err
	}
	when, err := instant(*at)
	if err != nil {
		return err
	}
	if *facts != "" && f.NArg() == 0 {
		return judged(ctx, o.Config, *facts, when, out)
	}
	if f.NArg() == 0 || *facts != "" {
		return wrongly(explainUsage)
	}
	q := app.Question{Command: strings.Join(f.Args(), " "), User: *as, Groups: handles(*groups), At: when}
	if q.User == "" {
		if q.User, err = myself(o.Config); err != nil {
			return err
		}
	}
	c, err := app.Explain(ctx, o, q)
	if err != nil {
		return err
	}
	return show(out, c)
}

// instant reads a moment, which may be one to come.
func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fault.New(fault.Invalid, "%q is no moment that I know.", text).WithHint("Write 2026-01-31T12:00:00Z, or +01:00 for the Z.")
	}
	return t, nil
}

// handles are the groups of a list; nil for those that Slack knows, and none at all for "-".
func handles(list string) []string {
	if list == "" {
		return nil
	}
	all := []string{}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimPrefix(strings.TrimSpace(name), "@"); name != "" && name != "-" {
			all = append(all, name)
		}
	}
	return all
}

// myself is the Slack user of whoever runs this process.
func myself(c config.Config) (string, error) {
	name, err := login()
	if err != nil {
		return "", err
	}
	who, ok := c.Operator(name)
	if !ok {
		return "", fault.New(fault.Invalid, "I do not know who would ask.").
			WithHint("Say -as with a Slack user id, or add the login %q under operators in the configuration.", name)
	}
	return who.User, nil
}

// judged judges facts from a file.
func judged(ctx context.Context, c config.Config, path string, at time.Time, out io.Writer) error {
	f, err := readFacts(path)
	if err != nil {
		return err
	}
	if !at.IsZero() {
		f.At = at
	}
	if f.At.IsZero() {
		f.At = time.Now().UTC()
	}
	rules := withCalendars(ctx, c.Policy, out)
	return show(out, verdict(rules.Judge(f), rules.Stay(f, f.At).Why))
}

// readFacts reads facts by the names that the audit gives them. An unknown name is an error: a fact that is
// misspelt must not count as absent.
func readFacts(path string) (policy.Facts, error) {
	var f policy.Facts
	raw, err := os.ReadFile(path)
	if err != nil {
		return f, fmt.Errorf("read the facts: %w", err)
	}
	var any map[string]any
	if err := yaml.Unmarshal(raw, &any); err != nil {
		return f, fmt.Errorf("read the facts of %s: %w", path, err)
	}
	plain, err := json.Marshal(any)
	if err != nil {
		return f, fmt.Errorf("read the facts of %s: %w", path, err)
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, fmt.Errorf("read the facts of %s: %w", path, err)
	}
	return f, nil
}

// withCalendars gives the policy its calendars. One that cannot be read now is told of: what needs it waits.
func withCalendars(ctx context.Context, p policy.Policy, out io.Writer) policy.Policy {
	calendars := calendar.New(p.Calendars)
	if err := calendars.Refresh(ctx); err != nil {
		_, _ = fmt.Fprintf(out, "warn: %v\n", err) // the verdict follows
	}
	p.Almanac = calendars
	return p
}

// verdict draws what a policy says.
func verdict(v policy.Verdict, stay string) card.Card {
	c := card.Card{Title: "What the policy says"}
	add := func(label, value string) {
		if value != "" {
			last := &c.Sections[len(c.Sections)-1]
			last.Facts = append(last.Facts, card.Fact{Label: label, Value: card.Expand(value)})
		}
	}
	c.Sections = append(c.Sections, card.Section{})
	add("Refused", v.Refused)
	add("", v.Hint)
	add("Rule", orNone(v.Rule.Name))
	add("Policy", v.Rule.Policy)
	add("Why", v.Rule.Why)
	if v.Refused == "" {
		add("Needs", policy.Describe(v.Rule.Needs))
		add("Votes count for", card.Span(v.Rule.ValidFor))
		add("Kept from starting", stay)
		add("May break glass", breakers(v.Glass))
	}
	for i, line := range v.Passed {
		v.Passed[i] = "Passed over " + line
	}
	if len(v.Passed) > 0 {
		c.Sections = append(c.Sections, card.Para(card.Expand(strings.Join(v.Passed, "\n"))))
	}
	return c
}

func breakers(g *policy.Glass) string {
	if g == nil {
		return "nobody"
	}
	return "members of @" + strings.Join(g.From, " or @") + ", reviewed by " + policy.Describe(g.Review)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
