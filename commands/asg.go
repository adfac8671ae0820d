package commands

import (
	"context"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// ASG is the commands about Auto Scaling groups.
type ASG struct{ Site }

// Commands are the commands of `/asg`.
func (a *ASG) Commands() []Command {
	in := a.Settings.in()
	group := grammar.Arg{Name: "group", About: "the Auto Scaling group's name", Pick: grammar.Group}
	of := func(name, summary, example string, run func(context.Context, *Call) (Result, error)) Command {
		return Command{Path: []string{"asg", name}, Summary: summary, Example: example, Run: run,
			Args: []grammar.Arg{group}, Flags: []grammar.Flag{in}}
	}
	list := of("list", "List the groups with their health, image, template and refresh.", "/asg list", a.prompt(a.list))
	list.Args = []grammar.Arg{{Name: "part", About: "only groups with this in their name", Optional: true}}
	list.ReadOnly, list.Flags = true, append(list.Flags, paging())
	show := of("show", "Show one group in full.", "/asg show web", a.prompt(a.show))
	show.ReadOnly, show.Flags = true, append(show.Flags, paging())
	activity := of("activity", "Tell what a group did by itself, and why: launched, failed, terminated.", "/asg activity web --failed", a.prompt(a.activity))
	activity.ReadOnly, activity.Flags = true, append(activity.Flags, grammar.Flag{Name: failedFlag, Kind: grammar.Bool, About: "only what failed"}, paging())
	status := of("status", "Show what runs on a group, or how an operation stands.", "/asg status web", a.status)
	status.Args = []grammar.Arg{{Name: "group or operation", About: "a group's name or an operation's id; everything when left out", Optional: true}}
	status.ReadOnly = true
	back := of("rollback", "Take back the rollout that runs on a group, or propose to undo what last changed it.", "/asg rollback web", a.dry(a.rollback))
	back.Flags, back.Proposes = append(back.Flags, reason(), dryRun()), true
	return append([]Command{
		list, show, activity, a.rollout(in), a.launch(in), a.patch(in), status,
		of("pause", "Pause the rollout that runs on a group.", "/asg pause web", a.signaller("pause")),
		of("cancel", "Stop the rollout of a group, or take back its request.", "/asg cancel web", a.cancel),
		back,
	}, a.changes(in)...)
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
