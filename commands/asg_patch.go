package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/patch"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// patch is the command that brings what was changed on one server to whole groups.
func (a *ASG) patch(in grammar.Flag) Command {
	_, six := grammar.Within(0, 6*time.Hour)
	flags := []grammar.Flag{
		{Name: "from", Value: "<instance>", About: "the server that was patched", Pick: grammar.Instance},
		{Name: "groups", Kind: grammar.List, About: "several groups, in this order", Pick: grammar.Group},
		{Name: "tag", Value: "<key=value>", About: "every group with this tag, by name"},
		{Name: "name", Value: "<name>", About: "the image's name; one is made up when left out"},
		{Name: "family", Value: "<name>", About: "the family that the image belongs to", Pick: grammar.Family},
		{Name: "test", Value: `"<command>"`, About: "run this on a throw-away machine with the new image first; no group is touched if it fails"},
		{Name: "test-timeout", Kind: grammar.Duration, Min: int64(30 * time.Second), Max: six, About: "how long the test may take; 10m when left out"},
		{Name: "reboot", Kind: grammar.Bool, Both: true, About: "reboot the server for the image, or with --no-reboot leave it running"},
		{Name: "standby", Kind: grammar.Bool, About: "take the server out of its group's service meanwhile"},
		{Name: "twin", Kind: grammar.Bool, Unasked: true, About: "not for patches: a twin is launched without what was patched"},
		{Name: "promote", Kind: grammar.Bool, About: "make the image its family's golden one at the end"},
		in, reason(), dryRun(),
	}
	return Command{
		Path:    []string{"asg", "patch"},
		Summary: "Bring what was patched on one server to whole groups: bake it, test it, roll each group to it.",
		Details: "One plan and one approval for all of it. Groups are rolled one after another; the first that fails ends it, " +
			"and those after it are not touched.",
		Example: "/asg patch web --from i-0abc1234def567890 --canary 10%", Proposes: true,
		Args:  []grammar.Arg{{Name: "group", About: "the Auto Scaling group's name, if it is one", Optional: true, Pick: grammar.Group}},
		OneOf: [][]string{{"from"}},
		Flags: slices.Concat(flags, pace(), []grammar.Flag{strategy(), setDefault()}),
		Run:   a.dry(a.patches), Defaults: a.patchDefaults,
	}
}

func (a *ASG) patches(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	want, err := patchWish(c.Words)
	if err != nil {
		return Result{}, err
	}
	if want.Groups, err = a.meant(ctx, f, env, c.Words); err != nil {
		return Result{}, err
	}
	if want.Promote {
		want.Parameter = family.Follower(a.Parameter, want.Bake.Family)
	}
	plan, err := a.planPatch(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, plan, "")
}

// planPatch makes the plan from what is there now.
func (a *ASG) planPatch(ctx context.Context, f Fleet, env Environment, want patch.Want) (patch.Plan, error) {
	for _, name := range want.Groups {
		if _, err := a.group(ctx, f, env, string(name)); err != nil {
			return patch.Plan{}, err
		}
	}
	facts, err := patch.Gather(ctx, f, a.Families, env.Name, want)
	if err != nil {
		return patch.Plan{}, err
	}
	return patch.New(facts, want)
}

// patchWish is what the words ask for, apart from the groups.
func patchWish(w grammar.Values) (patch.Want, error) {
	want := patch.Want{
		Bake: bake.Want{Instance: strings.TrimSpace(w.Text("from")), Name: strings.TrimSpace(w.Text("name")), Family: strings.TrimSpace(w.Text("family"))},
		Test: w.Text("test"), Roll: wish(w), Promote: w.Bool("promote"),
	}
	want.Roll.Family, want.Roll.Standby = "", ""
	if d := w.Duration("test-timeout"); d != nil {
		want.Timeout = *d
	}
	var err error
	want.Bake.Way, err = bakeWay(w)
	return want, err
}

// meant are the groups that a call names: one, a list of them in its order, or all with a tag by their names.
func (a *ASG) meant(ctx context.Context, f Fleet, env Environment, w grammar.Values) ([]fleet.GroupName, error) {
	one, list, tag := w.Arg("group"), w.List("groups"), w.Text("tag")
	named := 0
	for _, given := range []bool{one != "", len(list) > 0, tag != ""} {
		if given {
			named++
		}
	}
	switch {
	case named != 1:
		return nil, fault.New(fault.Invalid, "Which group is to be patched?").WithHint("Name one, or several with `--groups a,b,c`, or all with a tag as `--tag Role=web`: one of these.")
	case one != "":
		return []fleet.GroupName{fleet.GroupName(one)}, nil
	case len(list) > 0:
		names := make([]fleet.GroupName, len(list))
		for i, n := range list {
			names[i] = fleet.GroupName(n)
		}
		return names, nil
	}
	return withTag(ctx, f, env, tag)
}

// withTag are the groups with a tag, by their names.
func withTag(ctx context.Context, f Fleet, env Environment, tag string) ([]fleet.GroupName, error) {
	key, value, ok := strings.Cut(tag, "=")
	if !ok || key == "" {
		return nil, fault.New(fault.Invalid, "`%s` is no tag.", card.Inert(short(tag, 80))).WithHint("Write it like `--tag Role=web`.")
	}
	groups, err := f.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	var names []fleet.GroupName
	for _, g := range groups {
		if v, there := g.Tags[key]; there && v == value {
			names = append(names, g.Name)
		}
	}
	if len(names) == 0 {
		return nil, fault.New(fault.NotFound, "No group in %s has the tag %s.", env.Name, card.Inert(short(tag, 80))).
			WithHint("`/asg list --in %s` shows the groups there are.", env.Name)
	}
	slices.Sort(names)
	return names, nil
}

// Patches is what the desk must know of patches.
func (a *ASG) Patches() Kind {
	return patches{site: a, changes: changes[patch.Plan]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old patch.Plan) (patch.Plan, error) {
			return a.planPatch(ctx, f, env, old.Want)
		},
	}}
}

// patches is a kind whose way back is a rollout.
type patches struct {
	changes[patch.Plan]
	site *ASG
}

// Back proposes to roll the patched group back. Several are taken back one by one: each is a rollout of its own, for
// which its own group's rules hold.
func (k patches) Back(ctx context.Context, r ledger.Record) (approvals.Spec, error) {
	var back []fleet.GroupName
	var want rollout.Want
	for _, g := range patch.Groups(r) {
		if w, ok := patch.Previous(r, g); ok {
			back, want = append(back, g), w
		}
	}
	switch len(back) {
	case 0:
		return approvals.Spec{}, fault.New(fault.Conflict, "There is nothing to roll back: %s", standing(r))
	case 1:
		return k.back(ctx, r, back[0], want)
	}
	var words []string
	for _, g := range slices.Backward(back) {
		words = append(words, "`/asg rollback "+grammar.Quote(string(g))+" --in "+grammar.Quote(r.Environment)+"`")
	}
	return approvals.Spec{}, fault.New(fault.Conflict, "%s of this patch are taken back one by one.", count(len(back), "group")).
		WithHint("%s", strings.Join(words, ", "))
}

func (k patches) back(ctx context.Context, r ledger.Record, group fleet.GroupName, want rollout.Want) (approvals.Spec, error) {
	env, f, err := k.site.reach(r.Environment)
	if err != nil {
		return approvals.Spec{}, err
	}
	plan, err := k.site.plan(ctx, f, env, string(group), want)
	if err != nil {
		return approvals.Spec{}, err
	}
	if err := possible(plan); err != nil {
		return approvals.Spec{}, err
	}
	s, err := specOf(plan)
	s.Command = "/asg rollback " + grammar.Quote(string(group)) + " --in " + grammar.Quote(env.Name)
	s.Reason, s.About = "Takes back "+string(r.ID)+".", r.ID
	return s, err
}

// concerns reports whether an operation is about a group: alone, or among others.
func concerns(r ledger.Record, group string) bool {
	return strings.EqualFold(r.Target, group) ||
		slices.ContainsFunc(patch.Groups(r), func(g fleet.GroupName) bool { return strings.EqualFold(string(g), group) })
}
