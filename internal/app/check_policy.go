package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/internal/config"
)

// checkPolicy asks whether everything that the policy names is there, and whether every rule can be met.
func checkPolicy(ctx context.Context, c config.Config, people *bot.People, yield func(Line) bool) bool {
	if c.Policy.SecurityChannel != "" {
		line := Line{Mark: Fine, About: "policy: security", Text: "the channel " + c.Policy.SecurityChannel + " is there"}
		if _, err := security(ctx, c.Policy, people); err != nil {
			line = broken(line.About, err)
		}
		if !yield(line) {
			return false
		}
	}
	return checkCalendars(ctx, c.Policy, yield) && checkGroups(ctx, c.Policy, people, yield)
}

// checkCalendars reads every calendar once, each by itself so that one does not hide another.
func checkCalendars(ctx context.Context, p policy.Policy, yield func(Line) bool) bool {
	for _, source := range p.Calendars {
		line := Line{Mark: Fine, About: "policy: calendar", Text: fmt.Sprintf("%q can be read", source.Name)}
		if err := calendar.New([]calendar.Source{source}).Refresh(ctx); err != nil {
			line.Mark, line.Text = Broken, err.Error()
			line.Hint = "What needs this calendar does not start until it can be read."
		}
		if !yield(line) {
			return false
		}
	}
	return true
}

func checkGroups(ctx context.Context, p policy.Policy, people *bot.People, yield func(Line) bool) bool {
	members := map[string][]string{}
	for _, g := range p.Groups() {
		all, err := people.Members(ctx, g)
		line := Line{Mark: Fine, About: "policy: @" + g, Text: fmt.Sprintf("%d people", len(all))}
		if err != nil {
			line = broken(line.About, err)
		}
		members[g] = all
		if !yield(line) {
			return false
		}
	}
	ends := p.DeadEnds(members)
	for _, d := range ends {
		if !yield(deadEnd(d)) {
			return false
		}
	}
	return len(ends) > 0 || yield(Line{Fine, "policy", fmt.Sprintf("every one of %d rules can be met (policy %s)", len(p.Rules), p.Short()), ""})
}

// deadEnd is the line of a rule that cannot be met.
func deadEnd(d policy.DeadEnd) Line {
	about := "policy: " + d.Rule
	if d.Always {
		return Line{Broken, about, d.Why, "Nobody's requests could ever be approved: add people to the groups, or change the rule."}
	}
	return Line{Doubt, about, "when " + strings.Join(d.Requesters, " or ") + " asks: " + d.Why, "Add somebody to the group, or change the rule."}
}
