package commands

import (
	"context"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// pointing are the commands that move a family's golden pointer.
func (a *AMI) pointing() []Command {
	in := a.Settings.in()
	return []Command{
		{Path: []string{"ami", "promote"}, Summary: "Make an image the golden one of its family: what is launched from the family is made of it from then on.",
			Example: "/ami promote ami-0b2 --family web", Proposes: true, Args: []grammar.Arg{imageArg("image")}, OneOf: [][]string{{"family"}},
			Flags: []grammar.Flag{
				{Name: "family", Value: "<family>", About: "the family", Pick: grammar.Family, Most: 63},
				{Name: "new-architecture", Kind: grammar.Bool, About: "the family's architecture may change"},
				in, reason(), dryRun(),
			}, Run: a.dry(a.promote), Defaults: a.promotionDefaults},
		{Path: []string{"ami", "revert"}, Summary: "Take a family back to the golden image before the present one.", Example: "/ami revert web", Proposes: true,
			Args: []grammar.Arg{familyArg()}, Flags: []grammar.Flag{in, reason(), dryRun()}, Run: a.dry(a.revert)},
	}
}

func (a *AMI) promote(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	i, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return Result{}, err
	}
	p, err := a.promotion(ctx, f, env, image.PromoteWant{Family: c.Words.Text("family"), Image: i.ID, Architecture: c.Words.Bool("new-architecture")})
	if err != nil {
		return Result{}, err
	}
	r, err := a.decide(ctx, c, env, p, "")
	return withNotes(r, i.taken()), err
}

func (a *AMI) revert(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	p, err := a.promotion(ctx, f, env, image.PromoteWant{Family: c.Words.Arg("family"), Back: true})
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, p, "")
}

// promotion makes the plan from how things are now.
func (a *AMI) promotion(ctx context.Context, f Fleet, env Environment, want image.PromoteWant) (image.Promotion, error) {
	facts, err := image.GatherPromotion(ctx, f, a.Golden, env.Name, a.Parameter, want)
	if err != nil {
		return image.Promotion{}, err
	}
	facts.Now = a.now()
	return image.NewPromotion(facts, want)
}

// promotions is what the desk must know of promotions.
func (a *AMI) promotions() Kind {
	return changes[image.Promotion]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old image.Promotion) (image.Promotion, error) {
			return a.promotion(ctx, f, env, old.Want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ image.Promotion) (image.Promotion, string, error) {
			want, made, ok := image.Revert(r)
			if !ok {
				return image.Promotion{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s", standing(r))
			}
			now, err := a.Golden.Golden(ctx, env.Name, want.Family)
			if err != nil {
				return image.Promotion{}, "", err
			}
			if now.Op != made.Op {
				return image.Promotion{}, "", fault.New(fault.Conflict, "Since then %s became the golden image of %s.", image.Words(now.Image, now.Name), want.Family).
					WithHint("`/ami history %s` shows all of them.", want.Family)
			}
			p, err := a.promotion(ctx, f, env, want)
			return p, insideOf("/ami revert "+grammar.Quote(want.Family), env), err
		},
	}
}
