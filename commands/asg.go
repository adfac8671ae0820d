package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// Fleet is what the commands read of the cloud. It has no method that changes anything.
type Fleet interface {
	rollout.Reader
	Groups(ctx context.Context) ([]fleet.Group, error)
	OwnImages(ctx context.Context) ([]fleet.Image, error)
}

// ASG is the commands about Auto Scaling groups.
type ASG struct {
	Settings Settings
	Fleets   func(environment string) (Fleet, error)
	Records  Records
	Draw     func(ledger.Record) card.Card // an operation's card as its thread shows it
	Patience time.Duration                 // with AWS, for what is only read; 8 s when zero
}

// Commands are the commands of `/asg`.
func (a *ASG) Commands() []Command {
	in := a.Settings.in()
	group := grammar.Arg{Name: "group", About: "the Auto Scaling group's name"}
	of := func(name, summary, example string, run func(context.Context, *Call) (Result, error)) Command {
		return Command{Path: []string{"asg", name}, Summary: summary, Example: example, Run: run,
			Args: []grammar.Arg{group}, Flags: []grammar.Flag{in}}
	}
	list := of("list", "List the groups with their health, image, template and refresh.", "/asg list", a.prompt(a.list))
	list.Args = []grammar.Arg{{Name: "part", About: "only groups with this in their name", Optional: true}}
	list.ReadOnly = true
	show := of("show", "Show one group in full.", "/asg show web", a.prompt(a.show))
	show.ReadOnly = true
	status := of("status", "Show what runs on a group, or how an operation stands.", "/asg status web", a.status)
	status.Args = []grammar.Arg{{Name: "group or operation", About: "a group's name or an operation's id; everything when left out", Optional: true}}
	status.ReadOnly = true
	back := of("rollback", "Take back the rollout that runs on a group, or propose to undo its last one.", "/asg rollback web", a.dry(a.rollback))
	back.Flags, back.Proposes = append(back.Flags, reason(), dryRun()), true
	return []Command{
		list, show, a.rollout(in), status,
		of("pause", "Pause the rollout that runs on a group.", "/asg pause web", a.signaller("pause")),
		of("resume", "Let a paused rollout go on.", "/asg resume web", a.signaller("resume")),
		of("cancel", "Stop the rollout of a group, or take back its request.", "/asg cancel web", a.cancel),
		back,
	}
}

// dryFlag is the flag by which only the plan is wanted.
const dryFlag = "dry-run"

func dryRun() grammar.Flag {
	return grammar.Flag{Name: dryFlag, Kind: grammar.Bool, About: "only show the plan"}
}

func reason() grammar.Flag {
	return grammar.Flag{Name: "reason", Value: `"<words>"`, About: "why; those who approve read it", Most: maxReason}
}

// within finds the environment that a call means, and its fleet.
func (a *ASG) within(c *Call) (Environment, Fleet, error) {
	env, err := a.Settings.environment(c.Words.Text("in"), c.Channel)
	if err != nil {
		return env, nil, err
	}
	f, err := a.Fleets(env.Name)
	if err != nil {
		return env, nil, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	return env, f, nil
}

// group reads a group, or says which one was probably meant.
func (a *ASG) group(ctx context.Context, f Fleet, env Environment, name string) (fleet.Group, error) {
	g, err := f.Group(ctx, fleet.GroupName(name))
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return g, a.noGroup(ctx, f, env, name)
	}
	if err != nil {
		return g, fmt.Errorf("read group %s: %w", name, err)
	}
	return g, nil
}

// noGroup says that there is no such group, and which one was probably meant.
func (a *ASG) noGroup(ctx context.Context, f Fleet, env Environment, name string) error {
	none := fault.New(fault.NotFound, "There is no group %s in %s.", card.Inert(short(name, 80)), env.Name)
	groups, err := f.Groups(ctx)
	if err != nil {
		return none.WithHint("`/asg list --in %s` shows the groups there are.", env.Name)
	}
	var names []string
	for _, g := range groups {
		names = append(names, string(g.Name))
	}
	if near := grammar.Near(name, names); near != "" {
		return none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	return none.WithHint("`/asg list --in %s` shows the groups there are.", env.Name)
}

// healthy counts the instances that are in service and well.
func healthy(g fleet.Group) int {
	n := 0
	for _, m := range g.Instances {
		if m.Lifecycle == "InService" && m.Health == "Healthy" {
			n++
		}
	}
	return n
}

// active is the refresh under way, if there is one. Refreshes come newest first.
func active(refreshes []fleet.Refresh) (fleet.Refresh, bool) {
	for _, r := range refreshes {
		if !r.Over() {
			return r, true
		}
	}
	return fleet.Refresh{}, false
}

// span writes a time that may not be set.
func span(d *time.Duration, otherwise string) string {
	if d == nil {
		return otherwise
	}
	return grammar.Span(*d)
}
