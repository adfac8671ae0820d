package commands

import (
	"context"
	"fmt"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/template"
)

func (t *Templates) setDefault() Command {
	c := t.proposing("default", "Make a version of a launch template the default one.", "/template default web-lt 3", nil, t.chosen)
	c.Args = append(c.Args, grammar.Arg{Name: "version", About: "the version's number, or latest", Max: 12})
	c.Details = "Groups that launch from $Default launch it from then on; instances that run stay as they are."
	return c
}

func (t *Templates) chosen(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	of, err := t.templateNamed(ctx, f, env, c.Words.Arg("name"))
	if err != nil {
		return Result{}, err
	}
	v, err := t.version(ctx, f, of, c.Words.Arg("version"))
	if err != nil {
		return Result{}, err
	}
	return t.ask(ctx, c, env, f, template.Want{Action: template.Default, Name: of.Name, Version: v.Number})
}

func (t *Templates) revert() Command {
	return t.proposing("revert", "Bring the default of a launch template back to what it was before.", "/template revert web-lt", nil, t.reverted)
}

// reverted asks for the default of before: as the last operation found it that led to the present one, or else the
// version before.
func (t *Templates) reverted(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	of, err := t.templateNamed(ctx, f, env, c.Words.Arg("name"))
	if err != nil {
		return Result{}, err
	}
	want, about, err := t.before(ctx, f, of)
	if err != nil {
		return Result{}, err
	}
	p, err := t.plan(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	return t.decide(ctx, c, env, p, about)
}

// before finds out what the default was before, and the operation that changed it, if one did.
func (t *Templates) before(ctx context.Context, f Fleet, of fleet.Template) (template.Want, ledger.ID, error) {
	who, err := f.Identity(ctx)
	if err != nil {
		return template.Want{}, "", fmt.Errorf("read who I am: %w", err)
	}
	history, err := t.Records.History(ctx, template.Resource(who.Account, who.Region, of.Name), 50)
	if err != nil {
		return template.Want{}, "", unread("read the history of "+of.Name, err)
	}
	for _, r := range history {
		if to, moved := template.MovedTo(r); moved && to == of.Default {
			want, ok := template.Previous(r)
			if ok {
				return want, r.ID, nil
			}
		}
	}
	for n := of.Default - 1; n > 0 && n > of.Default-20; n-- {
		_, err := f.TemplateVersion(ctx, fleet.TemplateRef{ID: of.ID, Version: fmt.Sprint(n)})
		if err != nil && fleet.KindOf(err) == fleet.Absent {
			continue
		}
		if err != nil {
			return template.Want{}, "", fmt.Errorf("read version %d of %s: %w", n, of.Name, err)
		}
		return template.Want{Action: template.Default, Name: of.Name, Version: n,
			Back: fmt.Sprintf("the version before %d: no operation that I know of led to it", of.Default)}, "", nil
	}
	return template.Want{}, "", fault.New(fault.Conflict, "I know of no default of %s before version %d.", of.Name, of.Default).
		WithHint("`/template default %s <version>` makes any version the default.", of.Name)
}

func (t *Templates) clean() Command {
	c := t.proposing("clean", "Delete old versions of a launch template that nobody uses.", "/template clean web-lt --keep 10",
		[]grammar.Flag{{Name: "keep", Kind: grammar.Int, Min: 1, Max: 10_000, About: "how many of the newest versions stay"}}, t.cleaned)
	c.OneOf = [][]string{{"keep"}}
	c.Details = "The default, the latest, and whatever a group launches from or runs stay in any case, and so does what a rollout needs for its way back. What is deleted is gone for good."
	return c
}

func (t *Templates) cleaned(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	return t.ask(ctx, c, env, f, template.Want{Action: template.Clean, Name: c.Words.Arg("name"), Keep: *c.Words.Int("keep")})
}

// Kind is what the desk must know of changes of templates.
func (t *Templates) Kind() Kind {
	return changes[template.Plan]{
		site: &t.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old template.Plan) (template.Plan, error) {
			return t.plan(ctx, f, env, old.Again())
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, old template.Plan) (template.Plan, string, error) {
			want, ok := template.Previous(r)
			if !ok {
				return template.Plan{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s", standing(r))
			}
			p, err := t.plan(ctx, f, env, want)
			if want.Action == template.Delete {
				return p, "", err
			}
			return p, "/template default " + grammar.Quote(want.Name) + fmt.Sprintf(" %d --in ", want.Version) + grammar.Quote(env.Name), err
		},
	}
}
