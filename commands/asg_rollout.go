package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// rollout is the command that rolls a group to an image or a version.
func (a *ASG) rollout(in grammar.Flag) Command {
	_, two := grammar.Within(0, 48*time.Hour)
	_, wait := grammar.Within(0, 47*time.Hour)
	return Command{
		Path:    []string{"asg", "rollout"},
		Summary: "Roll a group to a new image: plan it, have it approved, replace the instances in waves.",
		Details: "Nothing starts before the plan is approved. What is left out is decided by the plan, which says what it decided.",
		Example: "/asg rollout web --image ami-0b2", Proposes: true,
		Args:  []grammar.Arg{{Name: "group", About: "the Auto Scaling group's name"}},
		OneOf: [][]string{{"image", "version"}},
		Flags: []grammar.Flag{
			{Name: "image", Value: "<ami>", About: "the AMI to bring, by id or name"},
			{Name: "version", Kind: grammar.Int, Value: "<number>", Min: 1, Prefix: "v", About: "an existing version of the group's launch template"},
			in,
			reason(),
			dryRun(),
			{Name: "canary", Kind: grammar.Percent, Min: 1, Max: 99, About: "replace this share first, then ask whether to go on"},
			{Name: "canary-wait", Kind: grammar.Duration, Min: int64(time.Minute), Max: wait, About: "how long that answer may take; rolled back after it"},
			{Name: "min-healthy", Kind: grammar.Percent, About: "never fewer healthy instances than this share"},
			{Name: "max-healthy", Kind: grammar.Percent, Min: 100, Max: 200, About: "never more instances than this share"},
			{Name: "warmup", Kind: grammar.Duration, Max: two, About: "how long a new instance takes until it counts"},
			{Name: "checkpoints", Kind: grammar.Percents, Min: 1, Max: 100, About: "shares at which to wait, such as 20,50"},
			{Name: "checkpoint-delay", Kind: grammar.Duration, Max: two, About: "how long to wait at each"},
			{Name: "bake", Kind: grammar.Duration, Max: two, About: "how long to watch at the end before it counts as done"},
			{Name: "alarms", Kind: grammar.List, Most: 10, About: "CloudWatch alarms that stop it"},
			{Name: "standby", Kind: grammar.Enum, Choices: []string{"ignore", "terminate", "wait"}, About: "what to do with instances in standby"},
			{Name: "protected", Kind: grammar.Enum, Choices: []string{"ignore", "refresh", "wait"}, About: "what to do with instances protected from scale in"},
			{Name: "set-default", Kind: grammar.Bool, About: "make the version the template's default at the end"},
		},
		Run: a.dry(a.roll),
	}
}

func (a *ASG) roll(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	want := wish(c.Words)
	if want.Image, err = image(ctx, f, env, want.Image); err != nil {
		return Result{}, err
	}
	plan, err := a.plan(ctx, f, env, c.Words.Arg("group"), want)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, plan, "")
}

// decide proposes a plan, or shows why it cannot be. about is the operation that it takes back, if it does.
func (a *ASG) decide(ctx context.Context, c *Call, env Environment, plan rollout.Plan, about ledger.ID) (Result, error) {
	if len(plan.Stops()) > 0 || c.Words.Bool(dryFlag) {
		shown := planCard(plan)
		if own, ok := a.atWork(ctx, plan.Resource()); ok {
			shown.Sections = append([]card.Section{busy(own)}, shown.Sections...)
		}
		return reply(shown), nil
	}
	s, err := spec(plan)
	if err != nil {
		return Result{}, err
	}
	s.Command, s.Reason, s.Requester, s.About = c.Typed, c.Words.Text("reason"), c.Actor, about
	s.Channel, s.Thread = env.place(c.Channel, c.Thread)
	return Result{Propose: &s}, nil
}

// atWork finds the operation of ours that is at work on a resource.
func (a *ASG) atWork(ctx context.Context, resource string) (ledger.Record, bool) {
	open, _ := beside(ctx, a.Records)
	i := slices.IndexFunc(open, func(r ledger.Record) bool {
		return r.Resource == resource && (r.State == ledger.Running || r.State == ledger.Stuck)
	})
	if i < 0 {
		return ledger.Record{}, false
	}
	return open[i], true
}

// busy says who is at work, so that nobody takes our own refresh for a stranger's.
func busy(r ledger.Record) card.Section {
	t := card.Join(card.T("I am at work on %s: ", r.Target), card.Text{{Bold: r.Title}}, card.T(", asked by "), card.User(r.Requester.User),
		card.T(" ("), card.Code(string(r.ID)), card.T(")."))
	return card.Para(append(t, cardLink(r)...))
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

// spec is the proposal of a plan.
func spec(plan rollout.Plan) (approvals.Spec, error) {
	payload, err := json.Marshal(plan)
	if err != nil {
		return approvals.Spec{}, fmt.Errorf("write the plan of %s: %w", plan.Group, err)
	}
	return approvals.Spec{
		Kind: rollout.Kind, Environment: plan.Environment, Target: string(plan.Group), Resource: plan.Resource(),
		Title: plan.Title(), Payload: payload, Digest: plan.Digest(), Step: rollout.First,
		Tags: plan.Tags, Blast: policy.Blast(plan.Blast()), Impact: plan.Impact(), Narrow: plan.Narrow(),
	}, nil
}

// planCard shows a plan that is not proposed.
func planCard(plan rollout.Plan) card.Card {
	c := card.Card{Title: "Plan · " + plan.Title(), Summary: plan.Title() + ": only the plan, nothing was asked for.", Sections: plan.Sections()}
	if stops := len(plan.Stops()); stops > 0 {
		c.Title, c.Tone = "Not possible · "+plan.Title(), card.Bad
		c.Summary = fmt.Sprintf("%s is not possible: %s", plan.Title(), plan.Stops()[0].Text)
		c.Foot = []card.Text{card.T("%s in the way, so nothing was asked for.", count(stops, "finding"))}
		return c
	}
	c.Foot = []card.Text{card.T("This is only the plan; nothing was asked for.")}
	return c
}

// wish is what the words ask for.
func wish(w grammar.Values) rollout.Want {
	want := rollout.Want{
		Image: fleet.ImageID(w.Text("image")), MinHealthy: w.Int("min-healthy"), MaxHealthy: w.Int("max-healthy"),
		Warmup: w.Duration("warmup"), Bake: w.Duration("bake"), CheckpointDelay: w.Duration("checkpoint-delay"),
		Checkpoints: w.Ints("checkpoints"), Alarms: w.List("alarms"), SetDefault: w.Bool("set-default"),
		Standby: capital(w.Text("standby")), Protected: capital(w.Text("protected")),
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

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// image finds the image that was named by its id or its name. What is no image is answered with the one
// that was probably meant.
func image(ctx context.Context, f Fleet, env Environment, named fleet.ImageID) (fleet.ImageID, error) {
	if named == "" || named.IsParameter() {
		return named, nil
	}
	if strings.HasPrefix(string(named), "ami-") {
		found, err := f.Images(ctx, named)
		if err != nil {
			return "", fmt.Errorf("read image %s: %w", named, err)
		}
		if len(found) > 0 {
			return named, nil
		}
	}
	own, err := f.OwnImages(ctx)
	if err != nil {
		return "", fmt.Errorf("list images: %w", err)
	}
	var names []string
	for _, i := range own {
		if strings.EqualFold(i.Name, string(named)) {
			return i.ID, nil
		}
		names = append(names, string(i.ID), i.Name)
	}
	none := fault.New(fault.NotFound, "There is no image %s in %s.", card.Inert(short(string(named), 80)), env.Name)
	if near := grammar.Near(string(named), names); near != "" {
		return "", none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	if len(own) > 0 {
		return "", none.WithHint("The newest one is `%s` (%s).", own[0].ID, card.Inert(own[0].Name))
	}
	return "", none
}

// Rollouts is what the desk must know of rollouts.
func (a *ASG) Rollouts() Kind { return rollouts{a} }

type rollouts struct{ asg *ASG }

// Plan draws the plan that a record holds.
func (rollouts) Plan(r ledger.Record) ([]card.Section, error) {
	plan, err := planOf(r)
	return plan.Sections(), err
}

func planOf(r ledger.Record) (rollout.Plan, error) {
	var plan rollout.Plan
	if err := json.Unmarshal(r.Payload, &plan); err != nil {
		return plan, fmt.Errorf("read the plan of %s: %w", r.ID, err)
	}
	return plan, nil
}

// Again proposes the rollout that a record asked for, planned from how things are now.
func (k rollouts) Again(ctx context.Context, r ledger.Record) (approvals.Spec, error) {
	old, err := planOf(r)
	if err != nil {
		return approvals.Spec{}, err
	}
	env, err := k.asg.Settings.named(r.Environment)
	if err != nil {
		return approvals.Spec{}, err
	}
	f, err := k.asg.Fleets(env.Name)
	if err != nil {
		return approvals.Spec{}, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	plan, err := k.asg.plan(ctx, f, env, r.Target, old.Want)
	if err != nil {
		return approvals.Spec{}, err
	}
	if stops := plan.Stops(); len(stops) > 0 {
		return approvals.Spec{}, fault.New(fault.Conflict, "%s is not possible: %s", plan.Title(), card.Inert(stops[0].Text)).WithHint("%s", card.Inert(stops[0].Hint))
	}
	s, err := spec(plan)
	s.Command, s.Reason, s.About = r.Command, r.Reason, r.About
	return s, err
}

// Back proposes the rollout that takes a record's back.
func (k rollouts) Back(ctx context.Context, r ledger.Record) (approvals.Spec, error) {
	want, ok := rollout.Previous(r)
	if !ok {
		return approvals.Spec{}, fault.New(fault.Conflict, "There is nothing to roll back: %s", standing(r))
	}
	env, err := k.asg.Settings.named(r.Environment)
	if err != nil {
		return approvals.Spec{}, err
	}
	f, err := k.asg.Fleets(env.Name)
	if err != nil {
		return approvals.Spec{}, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	plan, err := k.asg.plan(ctx, f, env, r.Target, want)
	if err != nil {
		return approvals.Spec{}, err
	}
	if stops := plan.Stops(); len(stops) > 0 {
		return approvals.Spec{}, fault.New(fault.Conflict, "%s is not possible: %s", plan.Title(), card.Inert(stops[0].Text)).WithHint("%s", card.Inert(stops[0].Hint))
	}
	s, err := spec(plan)
	s.Command = "/asg rollback " + grammar.Quote(r.Target) + " --in " + grammar.Quote(env.Name)
	s.Reason, s.About = "Takes back "+string(r.ID)+".", r.ID
	return s, err
}
