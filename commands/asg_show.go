package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func (a *ASG) show(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	g, err := a.group(ctx, f, env, c.Words.Arg("group"))
	if err != nil {
		return Result{}, err
	}
	rows, names, err := look(ctx, f, []fleet.Group{g}, func(fleet.Group) bool { return true })
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: string(g.Name), Tone: healthTone(rows[0]), Summary: fmt.Sprintf("%s in %s: %d of %d healthy.", g.Name, env.Name, healthy(g), g.Desired)}
	details := groupFacts(g, env)
	details = append(details, card.Fact{Label: "Runs", Value: running(rows[0].images, names)})
	targets, err := targetFact(ctx, f, g)
	if err != nil {
		return Result{}, err
	}
	k.Sections = append(k.Sections, card.Section{Facts: append(details, targets...)})
	if r := rows[0]; r.active {
		k.Sections = append(k.Sections, card.Section{Bar: &card.Bar{Done: r.refresh.Percent, Total: 100, Percent: true, Text: "of an instance refresh: " + r.refresh.Status}})
	}
	if len(g.Instances) > 0 {
		from, to, pages := pageOf(c, len(g.Instances))
		k.Sections = append(k.Sections, drawing(g), memberTable(rows[0], names, from, to))
		if pages.Text != nil {
			k.Sections = append(k.Sections, pages)
		}
	}
	open, readable := beside(ctx, a.Records)
	if open = on(open, string(g.Name), env.Name); len(open) > 0 {
		k.Sections = append(k.Sections, card.Para(card.Text{{Bold: "Open operations"}}))
		k.Sections = append(k.Sections, list(open, 5)...)
	}
	k.Buttons = nextSteps(env, g)
	k.Foot = append(unseen(rows), card.T("%s", g.ARN))
	if !readable {
		k.Foot = append(k.Foot, blind())
	}
	return reply(k), nil
}

func healthTone(r row) card.Tone {
	switch {
	case r.active:
		return card.Working
	case healthy(r.group) < r.group.Desired:
		return card.Warning
	}
	return card.Good
}

// groupFacts is what a group says of itself.
func groupFacts(g fleet.Group, env Environment) []card.Fact {
	all := []card.Fact{
		{Label: "Environment", Value: card.T("%s (%s)", env.Name, env.Region)},
		{Label: "Healthy", Value: card.T("%d of %d", healthy(g), g.Desired)},
		{Label: "Size", Value: card.T("%d wanted, %d to %d allowed", g.Desired, g.Min, g.Max)},
		{Label: "Launches from", Value: card.T("%s", templateWords(g.Ref()))},
		{Label: "Health check", Value: card.T("%s, %s grace", g.HealthCheck, span(&g.Grace, ""))},
		{Label: "Warmup", Value: card.T("%s", span(g.Warmup, "none of its own"))},
	}
	if g.MinHealthy != nil && g.MaxHealthy != nil {
		all = append(all, card.Fact{Label: "Maintenance", Value: card.T("%d %% to %d %%", *g.MinHealthy, *g.MaxHealthy)})
	}
	if g.Mixed != nil {
		all = append(all, card.Fact{Label: "Mixed instances", Value: card.T("%s", strings.Join(g.Mixed.Types, ", "))})
	}
	if len(g.Suspended) > 0 {
		all = append(all, card.Fact{Label: "Suspended", Value: card.T("%s", strings.Join(g.Suspended, ", "))})
	}
	if g.Operator != "" {
		all = append(all, card.Fact{Label: "Managed by", Value: card.T("%s", g.Operator)})
	}
	if stack := g.Tags["aws:cloudformation:stack-name"]; stack != "" {
		all = append(all, card.Fact{Label: "CloudFormation", Value: card.T("%s", stack)})
	}
	return all
}

// targetFact counts the health that the load balancers see.
func targetFact(ctx context.Context, f Fleet, g fleet.Group) ([]card.Fact, error) {
	if len(g.TargetGroups) == 0 {
		return nil, nil
	}
	count, total := 0, 0
	for _, arn := range g.TargetGroups {
		targets, err := f.TargetHealth(ctx, arn)
		if err != nil {
			return nil, fmt.Errorf("read target health of %s: %w", g.Name, err)
		}
		for _, t := range targets {
			total++
			if t.State == "healthy" {
				count++
			}
		}
	}
	return []card.Fact{{Label: "Targets", Value: card.T("%d of %d healthy", count, total)}}, nil
}

// memberTable lists the instances, those first that are not in service or not well.
func memberTable(r row, names map[fleet.ImageID]string, from, to int) card.Section {
	members := slices.Clone(r.group.Instances)
	slices.SortStableFunc(members, func(a, b fleet.Member) int {
		return cmp.Or(cmp.Compare(soundness(a), soundness(b)), strings.Compare(a.Zone, b.Zone))
	})
	table := card.Table{Columns: []card.Column{{Label: "Instance"}, {Label: "State"}, {Label: "Zone"}, {Label: "Version"}, {Label: "Image"}}}
	for _, m := range members[from:to] {
		image := string(r.runs[m.ID])
		if name := names[r.runs[m.ID]]; name != "" {
			image = name
		}
		table.Rows = append(table.Rows, []card.Text{card.Code(string(m.ID)), card.T("%s", stateWords(m)), card.T("%s", m.Zone),
			card.T("%s", versionWords(m.Template)), card.T("%s", otherwise(image, "–"))})
	}
	return card.Section{Table: &table}
}

// soundness is 0 of an instance that is not well, 1 of one that is not in service, and 2 of all others.
func soundness(m fleet.Member) int {
	switch {
	case m.Health != "Healthy":
		return 0
	case m.Lifecycle != "InService":
		return 1
	}
	return 2
}

// stateWords is how an instance stands in its group: its health is said only when it is not well.
func stateWords(m fleet.Member) string {
	words := m.Lifecycle
	if m.Health != "Healthy" {
		words += ", " + m.Health
	}
	if m.Protected {
		words += ", protected"
	}
	return words
}

func versionWords(ref fleet.TemplateRef) string {
	if ref.Version == "" {
		return "–"
	}
	return "v" + ref.Version
}

// nextSteps are what is done with a group most; where something is missing, a form asks for it.
func nextSteps(env Environment, g fleet.Group) []card.Button {
	name := grammar.Quote(string(g.Name))
	button := func(label, command string) card.Button { return card.Run(label, runIn(env, "%s %s", command, name)) }
	return []card.Button{
		button("Roll…", "/asg rollout"), button("Scale…", "/asg scale"), button("Activity", "/asg activity"),
		button("Standby…", "/asg standby enter"), button("Replace…", "/asg replace"),
	}
}

// open are the operations on a group that are not over; of every environment when none is named.
func (a *ASG) open(ctx context.Context, group, environment string) ([]ledger.Record, error) {
	all, err := a.Records.Open(ctx)
	if err != nil {
		return nil, unread("list open operations", err)
	}
	return on(all, group, environment), nil
}

// on keeps the operations on a group; of every environment when none is named.
func on(all []ledger.Record, group, environment string) []ledger.Record {
	return only(all, func(r ledger.Record) bool {
		return concerns(r, group) && (environment == "" || r.Environment == environment)
	})
}
