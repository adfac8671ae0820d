package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/patch"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// status shows one operation when one is meant, and a list otherwise.
func (a *ASG) status(ctx context.Context, c *Call) (Result, error) {
	word := c.Words.Arg("group or operation")
	if strings.HasPrefix(strings.ToLower(word), "op-") {
		rec, err := find(ctx, a.Records, word)
		if err != nil {
			return Result{}, err
		}
		return shown(ctx, a.Records, a.Draw, rec)
	}
	env := ""
	if named := c.Words.Text("in"); named != "" || word == "" {
		e, err := a.Settings.environment(named, c.Channel)
		if err != nil && named != "" {
			return Result{}, err
		}
		env = e.Name
	}
	if word == "" {
		return a.overview(ctx, env)
	}
	return a.last(ctx, word, env)
}

// overview lists what is open, in one environment or in all.
func (a *ASG) overview(ctx context.Context, env string) (Result, error) {
	all, err := a.Records.Open(ctx)
	if err != nil {
		return Result{}, unread("list open operations", err)
	}
	all = slices.DeleteFunc(all, func(r ledger.Record) bool {
		return r.Kind != rollout.Kind && r.Kind != patch.Kind || (env != "" && r.Environment != env)
	})
	where := "everywhere"
	if env != "" {
		where = "in " + env
	}
	k := card.Card{Title: "Rollouts " + where, Summary: fmt.Sprintf("%s open %s.", count(len(all), "rollout"), where)}
	if len(all) == 0 {
		k.Sections = []card.Section{card.Para(card.T("No rollout runs or waits %s.", where))}
		return reply(k), nil
	}
	k.Sections = list(all, 20)
	return reply(k), nil
}

// last shows what is open on a group, or else what was last.
func (a *ASG) last(ctx context.Context, group, env string) (Result, error) {
	recent, err := a.Records.Recent(ctx, 200)
	if err != nil {
		return Result{}, unread("list operations", err)
	}
	open, err := a.open(ctx, group, env)
	if err != nil {
		return Result{}, err
	}
	var names []string
	for _, r := range recent {
		if concerns(r, group) && (env == "" || r.Environment == env) && len(open) == 0 {
			open = append(open, r)
		}
		names = append(names, r.Target)
	}
	switch len(open) {
	case 0:
		return Result{}, fault.New(fault.NotFound, "I know of no operation on %s.", card.Inert(short(group, 80))).
			WithHint("%s", otherwise(grammar.DidYouMean(grammar.Near(group, names)), "`/asg list` shows the groups there are."))
	case 1:
		return shown(ctx, a.Records, a.Draw, open[0])
	}
	return reply(card.Card{Title: "Operations on " + group, Summary: openOnes(len(open)) + " on " + group + ".", Sections: list(open, 10)}), nil
}

func otherwise(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// errIdle says that nothing runs or waits on a group.
var errIdle = errors.New("nothing is open on the group")

// on finds the operation on a group that a call means, in one of the states: what runs before what waits.
func (a *ASG) on(ctx context.Context, c *Call, states ...ledger.State) (ledger.Record, error) {
	group, env := c.Words.Arg("group"), ""
	if named := c.Words.Text("in"); named != "" {
		e, err := a.Settings.named(named)
		if err != nil {
			return ledger.Record{}, err
		}
		env = e.Name
	}
	open, err := a.open(ctx, group, env)
	if err != nil {
		return ledger.Record{}, err
	}
	open = only(open, func(r ledger.Record) bool { return len(states) == 0 || slices.Contains(states, r.State) })
	if here, ok := a.Settings.of(c.Channel); ok && env == "" {
		if near := only(open, func(r ledger.Record) bool { return r.Environment == here.Name }); len(near) > 0 {
			open = near
		}
	}
	// What is done beside a rollout, such as giving the group another size, does not make these commands ambiguous.
	if rolls := only(open, func(r ledger.Record) bool { return r.Kind == rollout.Kind || r.Kind == patch.Kind }); len(rolls) > 0 {
		open = rolls
	}
	if running := only(open, func(r ledger.Record) bool { return r.State == ledger.Running || r.State == ledger.Stuck }); len(running) > 0 {
		open = running
	}
	switch len(open) {
	case 0:
		return ledger.Record{}, errIdle
	case 1:
		return open[0], nil
	}
	var ids []string
	for _, r := range open {
		ids = append(ids, fmt.Sprintf("%s (%s in %s)", r.ID, r.Title, r.Environment))
	}
	return ledger.Record{}, fault.New(fault.Invalid, "Several operations on %s are open: %s.", open[0].Target, strings.Join(ids, ", ")).
		WithHint("Name one with `/amiral ops cancel <operation>`, or press on its card.")
}

func only(records []ledger.Record, keep func(ledger.Record) bool) []ledger.Record {
	var kept []ledger.Record
	for _, r := range records {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// idle says that nothing is open on a group, and where something is.
func (a *ASG) idle(ctx context.Context, group string) error {
	f := fault.New(fault.Conflict, "Nothing runs or waits on %s.", card.Inert(short(group, 80)))
	all, err := a.Records.Open(ctx)
	if err != nil {
		return f
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Target)
	}
	return f.WithHint("%s", otherwise(grammar.DidYouMean(grammar.Near(group, names)), "`/asg status` shows what runs and waits."))
}

// signaller is a command that asks the running operation of a group for something.
func (a *ASG) signaller(name string) func(context.Context, *Call) (Result, error) {
	return func(ctx context.Context, c *Call) (Result, error) {
		rec, err := a.on(ctx, c)
		if errors.Is(err, errIdle) {
			return Result{}, a.idle(ctx, c.Words.Arg("group"))
		}
		if err != nil {
			return Result{}, err
		}
		return signal(ctx, c, rec, name)
	}
}

func (a *ASG) cancel(ctx context.Context, c *Call) (Result, error) {
	rec, err := a.on(ctx, c)
	if errors.Is(err, errIdle) {
		return Result{}, a.idle(ctx, c.Words.Arg("group"))
	}
	if err != nil {
		return Result{}, err
	}
	return stop(ctx, c, rec)
}

// rollback takes back what runs on a group, or else proposes to undo what ran last. A request that only
// waits for votes does not stand in the way: it has changed nothing.
func (a *ASG) rollback(ctx context.Context, c *Call) (Result, error) {
	rec, err := a.on(ctx, c, ledger.Running, ledger.Stuck)
	if errors.Is(err, errIdle) {
		return a.reverse(ctx, c)
	}
	if err != nil {
		return Result{}, err
	}
	if c.Words.Bool(dryFlag) {
		return done(rec, "It would be asked to roll back. This is only the plan; nothing was asked for."), nil
	}
	return signal(ctx, c, rec, "rollback")
}

// reverse proposes to undo the last rollout of a group that changed something.
func (a *ASG) reverse(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	g, err := a.group(ctx, f, env, c.Words.Arg("group"))
	if err != nil {
		return Result{}, err
	}
	history, err := a.Records.History(ctx, resource(g), 20)
	if err != nil {
		return Result{}, unread("read the history of "+string(g.Name), err)
	}
	for _, r := range history {
		if r.Kind == group.Attach && r.State == ledger.Succeeded {
			return a.detach(ctx, c, env, f, r)
		}
		want, ok := rollout.Previous(r)
		if !ok {
			want, ok = patch.Previous(r, g.Name)
		}
		if ok {
			plan, err := a.plan(ctx, f, env, string(g.Name), want)
			if err != nil {
				return Result{}, err
			}
			return a.decide(ctx, c, env, plan, r.ID)
		}
		if p, err := (changes[rollout.Plan]{}).planOf(r); err == nil && r.Kind == rollout.Kind && p.Want.Back && r.State == ledger.Succeeded {
			return Result{}, fault.New(fault.Conflict, "The last rollout of %s was rolled back already, by %s.", g.Name, r.ID).
				WithHint("`/asg rollout %s --version <number>` rolls to any version of its template.", g.Name)
		}
	}
	return Result{}, fault.New(fault.Conflict, "I know of no rollout of %s in %s that could be undone.", g.Name, env.Name).
		WithHint("`/asg rollout %s --version <number>` rolls to any version of its template.", g.Name)
}

// detach proposes to have a group launch again from what it launched before an attachment, which came after its last
// rollout. One that took another back is not taken back in turn.
func (a *ASG) detach(ctx context.Context, c *Call, env Environment, f Fleet, r ledger.Record) (Result, error) {
	w, ok := group.Back(r)
	switch {
	case !ok:
		return Result{}, fault.New(fault.Conflict, "%s launches from another template since %s, and I do not know what it launched from before.", r.Target, r.ID).
			WithHint("`/asg attach %s --template <template>@<version>` has it launch from any.", r.Target)
	case r.About != "":
		return Result{}, fault.New(fault.Conflict, "What %s launches was taken back already, by %s.", r.Target, r.ID).
			WithHint("`/asg rollout %s --version <number>` rolls to any version of its template.", r.Target)
	}
	p, err := a.change(ctx, f, env, w)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, p, r.ID)
}

// resource is what a rollout of the group locks. The group's ARN tells its region and account:
// arn:aws:autoscaling:<region>:<account>:autoScalingGroup:…
func resource(g fleet.Group) string {
	parts := append(strings.SplitN(g.ARN, ":", 6), "", "", "", "", "")
	return rollout.Plan{Account: parts[4], Region: parts[3], Group: g.Name}.Resource()
}
