package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Bakes is the command that makes images of instances.
type Bakes struct{ Site }

// Commands are the commands about bakes.
func (b *Bakes) Commands() []Command {
	return []Command{{
		Path:    []string{"ami", "bake"},
		Summary: "Make an image of an instance: plan it, have it approved, follow it until it can be launched.",
		Details: "The instance is rebooted for it, as AWS does by default: nothing that was written is missing then. " +
			"One that serves in a group is never rebooted there; `--no-reboot`, `--standby` and `--twin` are the ways instead. " +
			"What is on it (packages, files, services, firewall, security group rules) is written down just before, where Systems Manager reaches it.",
		Example: "/ami bake web-1 --family web", Proposes: true,
		Args: []grammar.Arg{{Name: "instance", About: "the instance's id or its Name tag", Pick: grammar.Instance}},
		Flags: []grammar.Flag{
			{Name: "name", Value: "<name>", About: "the image's name; found by itself when left out", Most: 128},
			{Name: "family", Value: "<family>", About: "the family that the image belongs to", Most: 63, Pick: grammar.Family},
			{Name: "reboot", Kind: grammar.Bool, Both: true, About: "reboot the instance; --no-reboot leaves it running"},
			{Name: "standby", Kind: grammar.Bool, About: "take it out of its group's service first, and bring it back whatever happens"},
			{Name: "twin", Kind: grammar.Bool, About: "leave it alone: make the image of a throw-away machine that its group's template launches"},
			{Name: "exclude-data", Kind: grammar.Bool, About: "capture the root volume only"},
			{Name: "copy-to", Kind: grammar.List, Most: 10, About: "regions or environments to copy the image to"},
			{Name: "share", Kind: grammar.List, Most: 50, About: "account ids or environments to share the image with"},
			{Name: "note", Value: `"<words>"`, About: "the image's description"},
			b.Settings.in(),
			reason(),
			dryRun(),
		},
		Run: b.dry(b.bake), Defaults: b.defaults,
	}}
}

func (b *Bakes) bake(ctx context.Context, c *Call) (Result, error) {
	env, f, err := b.within(c)
	if err != nil {
		return Result{}, err
	}
	want, err := b.wish(ctx, c, env)
	if err != nil {
		return Result{}, err
	}
	p, err := bakePlan(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	result, err := b.decide(ctx, c, env, p, "")
	if err == nil && result.Reply != nil {
		result.Reply.Buttons = append(result.Reply.Buttons, bakeWays(p)...)
	}
	return result, err
}

// bakePlan makes the plan from what is there now.
func bakePlan(ctx context.Context, f Fleet, env Environment, want bake.Want) (bake.Plan, error) {
	facts, err := bake.Gather(ctx, f, env.Name, want)
	if err != nil {
		return bake.Plan{}, err
	}
	return bake.New(facts, want)
}

// bakeWays offer what can be done instead of rebooting an instance under its group.
func bakeWays(p bake.Plan) []card.Button {
	if !p.Chooses() {
		return nil
	}
	return []card.Button{
		card.Run("No reboot", p.Command(bake.NoReboot)),
		card.Run("Standby first", p.Command(bake.Standby)),
		card.Run("Throw-away twin", p.Command(bake.Twin)),
	}
}

// wish is what the words ask for.
func (b *Bakes) wish(ctx context.Context, c *Call, env Environment) (bake.Want, error) {
	w := c.Words
	want := bake.Want{
		Instance: w.Arg("instance"), Name: strings.TrimSpace(w.Text("name")), Family: strings.TrimSpace(w.Text("family")),
		ExcludeData: w.Bool("exclude-data"), Note: strings.TrimSpace(w.Text("note")),
	}
	var err error
	if want.Way, err = bakeWay(w); err != nil {
		return want, err
	}
	if want.CopyTo, err = b.places(ctx, env, w.List("copy-to")); err != nil {
		return want, err
	}
	want.Share, err = b.accounts(ctx, w.List("share"))
	return want, err
}

// bakeWay is the one way that was asked for.
func bakeWay(w grammar.Values) (bake.Way, error) {
	var asked []bake.Way
	for way, wanted := range map[bake.Way]bool{
		bake.Reboot: w.Bool("reboot"), bake.NoReboot: w.Given("reboot") && !w.Bool("reboot"), bake.Standby: w.Bool("standby"), bake.Twin: w.Bool("twin"),
	} {
		if wanted {
			asked = append(asked, way)
		}
	}
	slices.Sort(asked)
	switch len(asked) {
	case 0:
		return bake.Any, nil
	case 1:
		return asked[0], nil
	}
	return "", fault.New(fault.Invalid, "`--%s` and `--%s` cannot be asked for together.", asked[0], asked[1]).
		WithHint("Each says what becomes of the instance meanwhile: choose one.")
}

// places finds where copies are wanted: a word is the name of an environment, or a region in which the account of the
// present one is used.
func (b *Bakes) places(ctx context.Context, env Environment, words []string) ([]bake.Place, error) {
	var all []bake.Place
	for _, word := range words {
		if other, err := b.Settings.named(word); err == nil {
			who, err := b.identity(ctx, other)
			if err != nil {
				return nil, err
			}
			all = append(all, bake.Place{Environment: other.Name, Region: other.Region, Account: who.Account})
			continue
		}
		if !bake.IsRegion(word) {
			return nil, fault.New(fault.Invalid, "%s is neither a region nor an environment.", card.Inert(short(word, 60))).
				WithHint("A region looks like `eu-central-1`. Environments are: %s.", strings.Join(b.Settings.names(), ", "))
		}
		who, err := b.identity(ctx, env)
		if err != nil {
			return nil, err
		}
		all = append(all, bake.Place{Environment: env.Name, Region: word, Account: who.Account})
	}
	return all, nil
}

// accounts finds with whom the image is to be shared: by id, or the account of an environment.
func (b *Bakes) accounts(ctx context.Context, words []string) ([]string, error) {
	var all []string
	for _, word := range words {
		account := strings.ReplaceAll(word, "-", "")
		if !bake.IsAccount(account) {
			other, err := b.Settings.named(word)
			if err != nil {
				return nil, fault.New(fault.Invalid, "%s is neither an account nor an environment.", card.Inert(short(word, 60))).
					WithHint("An account's id has 12 digits. Environments are: %s.", strings.Join(b.Settings.names(), ", "))
			}
			who, err := b.identity(ctx, other)
			if err != nil {
				return nil, err
			}
			account = who.Account
		}
		if !slices.Contains(all, account) {
			all = append(all, account)
		}
	}
	return all, nil
}

// identity is who the bot is in an environment.
func (b *Bakes) identity(ctx context.Context, env Environment) (fleet.Identity, error) {
	f, err := b.Fleets(env.Name)
	if err != nil {
		return fleet.Identity{}, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	return f.Identity(ctx)
}

// Kind is what the desk must know of bakes.
func (b *Bakes) Kind() Kind {
	return changes[bake.Plan]{
		site: &b.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old bake.Plan) (bake.Plan, error) {
			return bakePlan(ctx, f, env, old.Want)
		},
		back: func(_ context.Context, _ Fleet, env Environment, r ledger.Record, _ bake.Plan) (bake.Plan, string, error) {
			image, made := bake.Made(r.Data)
			if !made {
				return bake.Plan{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s made no image that still stands.", r.ID)
			}
			return bake.Plan{}, "", fault.New(fault.Conflict, "An image is taken back by retiring it, once nothing refers to it.").
				WithHint("`/ami retire %s --in %s` does that.", image, env.Name)
		},
	}
}
