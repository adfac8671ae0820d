package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// InForce are the freezes that hold now. *freeze.Store is one.
type InForce interface {
	All(ctx context.Context) ([]freeze.Freeze, error)
}

// Freezes is the commands that keep what is approved from starting for a while.
type Freezes struct {
	Settings Settings
	Records  Records
	Fleets   func(environment string) (Fleet, error)
	InForce  InForce
	Now      func() time.Time // nil is time.Now
}

// Commands are the commands about freezes.
func (z *Freezes) Commands() []Command {
	in := grammar.Flag{Name: "in", Value: "<environment>", About: "the environment of the target; that of the channel when left out"}
	what := grammar.Arg{Name: "environment or target", About: "an environment, a group, or a pattern such as web*"}
	least, most := grammar.Within(freeze.Shortest, freeze.Longest)
	return []Command{
		{
			Path: []string{home, "freeze"}, Summary: "Let nothing start in an environment, or on a target, for a while.",
			Details: "What runs goes on. What is approved meanwhile waits, is looked at again, and starts when the freeze ends.",
			Example: `/amiral freeze production --for 4h --reason "database move"`, Args: []grammar.Arg{what}, Proposes: true, Run: z.freeze,
			OneOf: [][]string{{"for"}, {"reason"}},
			Flags: []grammar.Flag{
				{Name: "for", Kind: grammar.Duration, Min: least, Max: most, About: "how long, from when it begins"},
				{Name: "reason", Value: `"<words>"`, About: "why; whoever is kept waiting reads it", Most: maxReason},
				in,
			},
		},
		{
			Path: []string{home, "unfreeze"}, Summary: "Lift a freeze before its time, or take back its request.",
			Example: "/amiral unfreeze production", Run: z.unfreeze, Flags: []grammar.Flag{in, reason()},
			Args: []grammar.Arg{{Name: "environment or target", About: "what is frozen, or the freeze's operation"}},
		},
		{
			Path: []string{home, "freezes"}, Summary: "List the freezes: who, why, until when, and what waits behind them.",
			Example: "/amiral freezes", ReadOnly: true, Run: z.list,
		},
	}
}

func (z *Freezes) now() time.Time {
	if z.Now == nil {
		return time.Now()
	}
	return z.Now()
}

func (z *Freezes) freeze(ctx context.Context, c *Call) (Result, error) {
	w, err := z.wish(ctx, c)
	if err != nil {
		return Result{}, err
	}
	s, err := z.spec(w)
	if err != nil {
		return Result{}, err
	}
	s.Command, s.Requester = c.Typed, c.Actor
	s.Channel, s.Thread = c.Channel, c.Thread
	if env, err := z.Settings.named(w.Environment); err == nil {
		s.Channel, s.Thread = env.place(c.Channel, c.Thread)
	}
	return Result{Propose: &s}, nil
}

func (z *Freezes) spec(w freeze.Wish) (approvals.Spec, error) {
	plan, err := freeze.New(w, z.now())
	if err != nil {
		return approvals.Spec{}, err
	}
	payload, err := plan.Payload()
	return approvals.Spec{
		Kind: freeze.Kind, Environment: plan.Environment, Target: plan.Target, Title: plan.Title(), Reason: plan.Reason,
		Payload: payload, Digest: plan.Digest(), Step: freeze.First, Impact: plan.Impact(),
	}, err
}

// wish is what the words ask to be frozen.
func (z *Freezes) wish(ctx context.Context, c *Call) (freeze.Wish, error) {
	w := freeze.Wish{For: *c.Words.Duration("for"), Reason: c.Words.Text("reason")}
	word, in := c.Words.Arg("environment or target"), c.Words.Text("in")
	env, isEnv := z.environment(word)
	switch {
	case in == "" && isEnv:
		w.Environment = env
		return w, z.onlyEnvironment(ctx, word)
	case in != "" && word == "*":
		named, err := z.Settings.named(in)
		w.Environment = named.Name
		return w, err
	}
	meant, err := z.Settings.environment(in, c.Channel)
	if err != nil {
		return w, err
	}
	w.Environment, w.Target = meant.Name, word
	return w, z.target(ctx, meant, word, in != "")
}

func (z *Freezes) environment(word string) (string, bool) {
	env, err := z.Settings.named(word)
	return env.Name, err == nil
}

// groupsIn are the names of the groups of an environment.
func (z *Freezes) groupsIn(ctx context.Context, env string) ([]string, error) {
	f, err := z.Fleets(env)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", env, err)
	}
	groups, err := f.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list groups of %s: %w", env, err)
	}
	var names []string
	for _, g := range groups {
		names = append(names, string(g.Name))
	}
	return names, nil
}

// freezePatience is how long is waited for AWS to say whether a group bears an environment's name.
const freezePatience = 4 * time.Second

// onlyEnvironment refuses a word that may as well be a group. When AWS does not say, it is the environment: to
// freeze must be possible when AWS does not answer.
func (z *Freezes) onlyEnvironment(ctx context.Context, word string) error {
	ctx, cancel := context.WithTimeout(ctx, freezePatience)
	defer cancel()
	for _, env := range z.Settings.Environments {
		names, err := z.groupsIn(ctx, env.Name)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, word) }) {
			return fault.New(fault.Invalid, "%s is an environment, and a group in %s.", card.Inert(word), env.Name).
				WithHint("`/amiral freeze %s --in %s` means the group, and `/amiral freeze \"*\" --in %s` the environment.", word, env.Name, word)
		}
	}
	return nil
}

// target refuses a word that is no group of the environment; a pattern is taken as it stands.
func (z *Freezes) target(ctx context.Context, meant Environment, word string, named bool) error {
	if strings.ContainsAny(word, "*?[") {
		return nil
	}
	names, err := z.groupsIn(ctx, meant.Name)
	if err != nil || slices.Contains(names, word) {
		return err
	}
	none := fault.New(fault.NotFound, "There is neither an environment nor a group %s in %s.", card.Inert(short(word, 80)), meant.Name)
	if _, env := z.environment(word); env {
		return fault.New(fault.NotFound, "There is no group %s in %s.", card.Inert(word), meant.Name).
			WithHint("`/amiral freeze %s` means the environment.", word)
	}
	if named {
		none = fault.New(fault.NotFound, "There is no group %s in %s.", card.Inert(short(word, 80)), meant.Name)
	}
	if elsewhere := z.elsewhere(ctx, meant.Name, word); elsewhere != "" {
		return none.WithHint("It is in %s: add `--in %s`.", elsewhere, elsewhere)
	}
	if !named {
		names = append(z.Settings.names(), names...)
	}
	if near := grammar.Near(word, names); near != "" {
		return none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	return none.WithHint("Environments: %s. `/asg list` shows the groups.", strings.Join(z.Settings.names(), ", "))
}

// elsewhere is another environment that has such a group, if AWS tells of one.
func (z *Freezes) elsewhere(ctx context.Context, not, word string) string {
	ctx, cancel := context.WithTimeout(ctx, freezePatience)
	defer cancel()
	for _, env := range z.Settings.Environments {
		if env.Name == not {
			continue
		}
		if names, err := z.groupsIn(ctx, env.Name); err == nil && slices.Contains(names, word) {
			return env.Name
		}
	}
	return ""
}

// Kind is what the desk must know of freezes.
func (z *Freezes) Kind() Kind { return freezing{z} }

type freezing struct{ freezes *Freezes }

// Plan draws the plan that a record holds.
func (freezing) Plan(r ledger.Record) ([]card.Section, error) {
	plan, err := freeze.PlanOf(r)
	return plan.Sections(), err
}

// Again proposes the same freeze, from now on.
func (k freezing) Again(_ context.Context, r ledger.Record) (approvals.Spec, error) {
	plan, err := freeze.PlanOf(r)
	if err != nil {
		return approvals.Spec{}, err
	}
	s, err := k.freezes.spec(plan.Again())
	s.Command = r.Command
	return s, err
}

// Back refuses: a freeze leaves nothing to take back.
func (freezing) Back(_ context.Context, r ledger.Record) (approvals.Spec, error) {
	return approvals.Spec{}, fault.New(fault.Conflict, "A freeze leaves nothing to roll back.").
		WithHint("One that holds is lifted with `/amiral unfreeze %s`.", r.ID)
}
