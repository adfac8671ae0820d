package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// rollout is the command that rolls a group to an image or a version.
func (a *ASG) rollout(in grammar.Flag) Command {
	return Command{
		Path:    []string{"asg", "rollout"},
		Summary: "Roll a group to a new image: plan it, have it approved, replace the instances in waves.",
		Details: "Nothing starts before the plan is approved. What is left out is decided by the plan, which says what it decided.",
		Example: "/asg rollout web --image ami-0b2", Proposes: true,
		Args:  []grammar.Arg{{Name: "group", About: "the Auto Scaling group's name", Pick: grammar.Group}},
		OneOf: [][]string{{"image", "version", "family"}},
		Flags: slices.Concat([]grammar.Flag{
			{Name: "image", Value: "<ami>", About: "the AMI to bring, by id or name", Pick: grammar.Image},
			{Name: "family", Value: "<name>", About: "bring the golden image of this family", Pick: grammar.Family},
			{Name: "version", Kind: grammar.Int, Value: "<number>", Min: 1, Prefix: "v", About: "an existing version of the group's launch template"},
			in,
			reason(),
			dryRun(),
		}, pace(), []grammar.Flag{
			{Name: "standby", Kind: grammar.Enum, Choices: []string{"ignore", "terminate", "wait"}, About: "what to do with instances in standby"},
			strategy(), setDefault(),
		}),
		Run: a.dry(a.roll), Defaults: a.groupDefaults(a.rolloutDefaults),
	}
}

// pace is the flags that say how a group is rolled, whatever it is rolled to.
func pace() []grammar.Flag {
	_, two := grammar.Within(0, 48*time.Hour)
	_, wait := grammar.Within(0, 47*time.Hour)
	return []grammar.Flag{
		{Name: "canary", Kind: grammar.Percent, Min: 1, Max: 99, About: "replace this share first, then ask whether to go on"},
		{Name: "canary-wait", Kind: grammar.Duration, Min: int64(time.Minute), Max: wait, About: "how long that answer may take; rolled back after it"},
		{Name: "min-healthy", Kind: grammar.Percent, About: "never fewer healthy instances than this share"},
		{Name: "max-healthy", Kind: grammar.Percent, Min: 100, Max: 200, About: "never more instances than this share"},
		{Name: "warmup", Kind: grammar.Duration, Max: two, About: "how long a new instance takes until it counts"},
		{Name: "checkpoints", Kind: grammar.Percents, Min: 1, Max: 100, About: "shares at which to wait, such as 20,50"},
		{Name: "checkpoint-delay", Kind: grammar.Duration, Max: two, About: "how long to wait at each"},
		{Name: "bake", Kind: grammar.Duration, Max: two, About: "how long to watch at the end before it counts as done"},
		{Name: "alarms", Kind: grammar.List, Most: 10, About: "CloudWatch alarms that stop it"},
		{Name: "protected", Kind: grammar.Enum, Choices: []string{"ignore", "refresh", "wait"}, About: "what to do with instances protected from scale in"},
	}
}

func setDefault() grammar.Flag {
	return grammar.Flag{Name: "set-default", Kind: grammar.Bool, About: "make the version the template's default at the end"}
}

func (a *ASG) roll(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	want := wish(c.Words)
	if want.Family != "" {
		if want.Image, err = a.golden(ctx, env, want.Family); err != nil {
			return Result{}, err
		}
	} else if want.Image, err = a.image(ctx, f, env, want.Image); err != nil {
		return Result{}, err
	}
	plan, err := a.plan(ctx, f, env, c.Words.Arg("group"), want)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, plan, "")
}

// plan makes the plan from what is there now.
func (a *ASG) plan(ctx context.Context, f Fleet, env Environment, group string, want rollout.Want) (rollout.Plan, error) {
	facts, err := rollout.Gather(ctx, f, env.Name, fleet.GroupName(group), want)
	if fault.Is(err, fault.NotFound) {
		if _, gone := f.Group(ctx, fleet.GroupName(group)); gone != nil && fleet.KindOf(gone) == fleet.Absent {
			return rollout.Plan{}, a.noGroup(ctx, f, env, group)
		}
	}
	if err != nil {
		return rollout.Plan{}, err
	}
	return rollout.New(facts, want)
}

// wish is what the words ask for.
func wish(w grammar.Values) rollout.Want {
	want := rollout.Want{
		Image: fleet.ImageID(w.Text("image")), MinHealthy: w.Int("min-healthy"), MaxHealthy: w.Int("max-healthy"),
		Warmup: w.Duration("warmup"), Bake: w.Duration("bake"), CheckpointDelay: w.Duration("checkpoint-delay"),
		Checkpoints: w.Ints("checkpoints"), Alarms: w.List("alarms"), SetDefault: w.Bool("set-default"),
		Standby: capital(w.Text("standby")), Protected: capital(w.Text("protected")), Family: w.Text("family"),
	}
	if w.Text("strategy") == inPlace {
		want.Strategy = rollout.InPlace
	}
	if v := w.Int("version"); v != nil {
		want.Version = int64(*v)
	}
	if v := w.Int("canary"); v != nil {
		want.Canary = *v
	}
	if d := w.Duration("canary-wait"); d != nil {
		want.CanaryWait = *d
	}
	return want
}

// inPlace is how people call the strategy that replaces root volumes.
const inPlace = "replace-root-volume"

func strategy() grammar.Flag {
	return grammar.Flag{Name: "strategy", Kind: grammar.Enum, Choices: []string{"rolling", inPlace},
		About: "new instances, or the same ones with new root volumes"}
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Rollouts is what the desk must know of rollouts.
func (a *ASG) Rollouts() Kind {
	return changes[rollout.Plan]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old rollout.Plan) (rollout.Plan, error) {
			want := old.Want
			if want.Family != "" {
				golden, err := a.golden(ctx, env, want.Family)
				if err != nil {
					return rollout.Plan{}, err
				}
				want.Image = golden
			}
			return a.plan(ctx, f, env, string(old.Group), want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ rollout.Plan) (rollout.Plan, string, error) {
			want, ok := rollout.Previous(r)
			if !ok {
				return rollout.Plan{}, "", fault.New(fault.Conflict, "There is nothing to roll back: %s", standing(r))
			}
			plan, err := a.plan(ctx, f, env, r.Target, want)
			return plan, "/asg rollback " + grammar.Quote(r.Target) + " --in " + grammar.Quote(env.Name), err
		},
	}
}
