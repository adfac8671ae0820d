package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// changes are the commands that change a group besides rolling it.
func (a *ASG) changes(in grammar.Flag) []Command {
	grp := grammar.Arg{Name: "group", About: "the Auto Scaling group's name", Pick: grammar.Group}
	instances := grammar.Arg{Name: "instance", About: "ids of its instances", Many: true, Pick: grammar.Member}
	of := func(name, summary, example string, want func(*Call) (group.Want, error), args []grammar.Arg, flags ...grammar.Flag) Command {
		return Command{
			Path: append([]string{"asg"}, strings.Fields(name)...), Summary: summary, Example: example, Proposes: true,
			Args: append([]grammar.Arg{grp}, args...), Flags: append(flags, in, reason(), dryRun()),
			Run: a.dry(a.changing(want)),
		}
	}
	size := grammar.Arg{Name: "size", About: "how many instances: 12, +2 or -2"}
	number := func(name, about string) grammar.Flag {
		return grammar.Flag{Name: name, Kind: grammar.Int, Value: "<number>", Max: 10_000, About: about}
	}
	scale := of("scale", "Give a group another size; shows which instances can go.", "/asg scale web 14", scaleWish, []grammar.Arg{size},
		number("min", "the least it may have"), number("max", "the most it may have"))
	attach := of("attach", "Have a group launch from a template, or another version of it, from now on.", "/asg attach web --template web-lt@7", attachWish, nil,
		grammar.Flag{Name: "template", Value: "<template[@version]>", About: "the launch template; its default version when none is given", Pick: grammar.Template})
	scale.Defaults, attach.Defaults = a.groupDefaults(sizeDefaults), a.groupDefaults(attachDefaults)
	attach.OneOf = [][]string{{"template"}}
	enter := of("standby enter", "Put instances aside: no traffic, no health check, still running.", "/asg standby enter web i-0abc", standbyWish(true), []grammar.Arg{instances},
		grammar.Flag{Name: "refill", Kind: grammar.Bool, About: "have another launched for each, so that the size stays as it is"})
	resume := of("resume", "Let a paused rollout go on, or suspended processes work again.", "/asg resume web AZRebalance", processWish(false), []grammar.Arg{processArg(true)})
	resume.Run = a.resume(resume.Run)
	all := []Command{
		scale, attach,
		of("suspend", "Suspend processes of a group.", "/asg suspend web AZRebalance", processWish(true), []grammar.Arg{processArg(false)}),
		resume, enter,
		of("standby exit", "Take instances back from standby into service.", "/asg standby exit web i-0abc", standbyWish(false), []grammar.Arg{instances}),
		of("protect", "Keep instances from being taken when the group scales in.", "/asg protect web i-0abc", protectWish(true), []grammar.Arg{instances}),
		of("unprotect", "Let protected instances go when the group scales in.", "/asg unprotect web i-0abc", protectWish(false), []grammar.Arg{instances}),
		of("replace", "Terminate an instance through its group, which launches another.", "/asg replace web i-0abc", replaceWish, []grammar.Arg{instances}),
	}
	for i, c := range all {
		if len(c.Args) == 2 && c.Args[1].Pick == grammar.Member {
			all[i].Details = strings.TrimSpace(c.Details + " The group may be left out: it is that of the instances.")
		}
	}
	return all
}

func processArg(optional bool) grammar.Arg {
	return grammar.Arg{Name: "process", About: "names, such as " + strings.Join(group.ProcessNames(), ", "), Many: true, Optional: optional, Max: 60}
}

// changing proposes what a call wishes for a group.
func (a *ASG) changing(want func(*Call) (group.Want, error)) handler {
	return func(ctx context.Context, c *Call) (Result, error) {
		env, f, err := a.within(c)
		if err != nil {
			return Result{}, err
		}
		w, err := want(c)
		if err != nil {
			return Result{}, err
		}
		if err := a.ownGroup(ctx, f, env, c, w.Instances); err != nil {
			return Result{}, err
		}
		w.Group = fleet.GroupName(c.Words.Arg("group"))
		p, err := a.change(ctx, f, env, w)
		if err != nil {
			return Result{}, err
		}
		return a.decide(ctx, c, env, p, "")
	}
}

// ownGroup finds the group of instances that were named without one, and puts it into the words.
func (a *ASG) ownGroup(ctx context.Context, f Fleet, env Environment, c *Call, ids []fleet.InstanceID) error {
	if c.Words.Arg("group") != ownGroup || len(ids) == 0 {
		return nil
	}
	found, err := f.Instances(ctx, ids[0])
	if err != nil {
		return fmt.Errorf("read instance %s: %w", ids[0], err)
	}
	switch {
	case len(found) == 0:
		return fault.New(fault.NotFound, "There is no instance %s in %s.", card.Inert(short(string(ids[0]), 60)), env.Name).
			WithHint("`/asg show <group>` shows those of a group.")
	case found[0].Group == "":
		return fault.New(fault.Conflict, "%s belongs to no group.", ids[0]).WithHint("This is about instances of Auto Scaling groups.")
	}
	c.Words.Args["group"] = []string{string(found[0].Group)}
	c.Typed = c.spec.Print(c.Words)
	return nil
}

// change plans a change from how the group is now.
func (a *ASG) change(ctx context.Context, f Fleet, env Environment, w group.Want) (group.Plan, error) {
	facts, err := group.Gather(ctx, f, env.Name, time.Now(), w)
	if fault.Is(err, fault.NotFound) {
		return group.Plan{}, a.noGroup(ctx, f, env, string(w.Group))
	}
	if err != nil {
		return group.Plan{}, err
	}
	return group.New(facts, w)
}

// resume lets a rollout go on when no process is named.
func (a *ASG) resume(processes handler) handler {
	signal := a.signaller("resume")
	return func(ctx context.Context, c *Call) (Result, error) {
		if len(c.Words.Args["process"]) == 0 {
			return signal(ctx, c)
		}
		return processes(ctx, c)
	}
}

func scaleWish(c *Call) (group.Want, error) {
	w := group.Want{Kind: group.Scale, Min: c.Words.Int("min"), Max: c.Words.Int("max")}
	text := c.Words.Arg("size")
	n, err := strconv.Atoi(text)
	if err != nil {
		return w, fault.New(fault.Invalid, "%q is no size.", card.Inert(short(text, 40))).WithHint("Write 12, +2 or -2.")
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		w.By = &n
	} else {
		w.Desired = &n
	}
	return w, nil
}

func attachWish(c *Call) (group.Want, error) {
	name, version, given := strings.Cut(c.Words.Text("template"), "@")
	w := group.Want{Kind: group.Attach, Template: name}
	if !given {
		return w, nil
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 64)
	if err != nil || n < 1 {
		return w, fault.New(fault.Invalid, "%q is no version of a template.", card.Inert(short(version, 40))).WithHint("Write `--template %s@8`.", card.Inert(short(name, 80)))
	}
	w.Version = n
	return w, nil
}

func processWish(on bool) func(*Call) (group.Want, error) {
	return func(c *Call) (group.Want, error) {
		w := group.Want{Kind: group.Processes, On: on}
		for _, typed := range c.Words.Args["process"] {
			name, known := group.Process(typed)
			if !known {
				f := fault.New(fault.Invalid, "There is no process %s.", card.Inert(short(typed, 60)))
				if near := grammar.Near(typed, group.ProcessNames()); near != "" {
					return w, f.WithHint("Did you mean `%s`?", near)
				}
				return w, f.WithHint("There are: %s.", strings.Join(group.ProcessNames(), ", "))
			}
			if !slices.Contains(w.Names, name) {
				w.Names = append(w.Names, name)
			}
		}
		slices.Sort(w.Names)
		return w, nil
	}
}

// named are the instances that a call names, each once.
func named(c *Call) []fleet.InstanceID {
	var ids []fleet.InstanceID
	for _, id := range c.Words.Args["instance"] {
		if !slices.Contains(ids, fleet.InstanceID(id)) {
			ids = append(ids, fleet.InstanceID(id))
		}
	}
	slices.Sort(ids)
	return ids
}

func protectWish(on bool) func(*Call) (group.Want, error) {
	return func(c *Call) (group.Want, error) {
		return group.Want{Kind: group.Protect, On: on, Instances: named(c)}, nil
	}
}

func standbyWish(on bool) func(*Call) (group.Want, error) {
	return func(c *Call) (group.Want, error) {
		return group.Want{Kind: group.Standby, On: on, Refill: on && c.Words.Bool("refill"), Instances: named(c)}, nil
	}
}

func replaceWish(c *Call) (group.Want, error) {
	return group.Want{Kind: group.Replace, Instances: named(c)}, nil
}

// Changes is what the desk must know of changes of groups.
func (a *ASG) Changes() Kind {
	return changes[group.Plan]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old group.Plan) (group.Plan, error) {
			return a.change(ctx, f, env, old.Want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ group.Plan) (group.Plan, string, error) {
			w, ok := group.Back(r)
			if !ok {
				return group.Plan{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s", standing(r))
			}
			p, err := a.change(ctx, f, env, w)
			return p, changeCommand(w, env.Name), err
		},
	}
}

// changeCommand is how a wish is typed.
func changeCommand(w group.Want, env string) string {
	name := " " + grammar.Quote(string(w.Group))
	ids := " " + strings.Join(texts(w.Instances), " ")
	in := " --in " + grammar.Quote(env)
	switch w.Kind {
	case group.Scale:
		return "/asg scale" + name + " " + strconv.Itoa(*w.Desired) + " --min " + strconv.Itoa(*w.Min) + " --max " + strconv.Itoa(*w.Max) + in
	case group.Attach:
		return "/asg attach" + name + " --template " + grammar.Quote(w.Template+"@"+strconv.FormatInt(w.Version, 10)) + in
	case group.Processes:
		return "/asg " + pick(w.On, "suspend", "resume") + name + " " + strings.Join(w.Names, " ") + in
	case group.Protect:
		return "/asg " + pick(w.On, "protect", "unprotect") + name + ids + in
	case group.Standby:
		return "/asg standby " + pick(w.On, "enter", "exit") + name + ids + in
	}
	return "/asg replace" + name + ids + in
}

func pick(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

func texts[S ~string](all []S) []string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return words
}
