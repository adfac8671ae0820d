package commands

import (
	"context"
	"fmt"
	"math"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/retire"
)

// retiring are the commands that end images, and bring them back.
func (a *AMI) retiring() []Command {
	in := a.Settings.in()
	old := grammar.Flag{Name: "with-old-versions", Kind: grammar.Bool, About: "versions of templates that no group uses do not keep an image; they launch nothing any more"}
	unknown := grammar.Flag{Name: "usage-unknown", Kind: grammar.Bool, About: "go on where AWS does not tell whether other accounts use an image"}
	return []Command{
		{Path: []string{"ami", "retire"}, Summary: "End an image that nothing needs: deprecated and disabled at once, deregistered with its snapshots after a cooldown.",
			Details: "Whatever refers to the image is looked for first, and again before the last step; anything that does is in the way. Until the last step `--undo` brings it back.",
			Example: "/ami retire ami-0a1", Proposes: true, Args: []grammar.Arg{imageArg("image")},
			Flags: []grammar.Flag{{Name: "undo", Kind: grammar.Bool, About: "bring it back while that can be done"}, old, unknown, in, reason(), dryRun()},
			Run:   a.dry(a.retire)},
		{Path: []string{"ami", "prune"}, Summary: "Retire the old images of a family; the newest, the golden and whatever is needed stay.",
			Example: "/ami prune web --keep 5 --older-than 90d", Proposes: true, Args: []grammar.Arg{familyArg()}, OneOf: [][]string{{"keep"}},
			Flags: []grammar.Flag{
				{Name: "keep", Kind: grammar.Int, Min: 1, Max: 1000, About: "so many of the newest stay"},
				{Name: "older-than", Kind: grammar.Duration, Max: math.MaxInt64, About: "only what is older, such as 90d"},
				old, unknown, in, reason(), dryRun(),
			}, Run: a.dry(a.prune)},
	}
}

func (a *AMI) retire(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	word := c.Words.Arg("image")
	i, err := a.named(ctx, f, env, word)
	if c.Words.Bool("undo") {
		return a.undo(ctx, c, env, f, i, err)
	}
	if err != nil {
		return Result{}, err
	}
	p, err := a.retirement(ctx, f, env, retire.Want{
		Images: []fleet.ImageID{i.ID}, OldVersions: c.Words.Bool("with-old-versions"), Unknown: c.Words.Bool("usage-unknown"), Cooldown: a.Cooldown,
	})
	if err != nil {
		return Result{}, err
	}
	r, err := a.decide(ctx, c, env, p, "")
	return withNotes(r, i.taken()), err
}

func (a *AMI) prune(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	want := retire.Want{Family: c.Words.Arg("family"), OldVersions: c.Words.Bool("with-old-versions"), Unknown: c.Words.Bool("usage-unknown"), Cooldown: a.Cooldown}
	if n := c.Words.Int("keep"); n != nil {
		want.Keep = *n
	}
	if d := c.Words.Duration("older-than"); d != nil {
		want.Older = *d
	}
	p, err := a.retirement(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, p, "")
}

// retirement makes the plan from how things are now.
func (a *AMI) retirement(ctx context.Context, f Fleet, env Environment, want retire.Want) (retire.Plan, error) {
	keep := retire.Keepers{Families: a.Golden, Records: a.Records, Rollback: a.Rollback}
	facts, err := retire.Gather(ctx, f, keep, env.Name, retire.Query{Now: a.now()}, want)
	if err != nil {
		return retire.Plan{}, err
	}
	return retire.New(facts, want)
}

// undo takes a retirement back that runs, brings an image back that was disabled before, or says that it is too late
// and what is left.
func (a *AMI) undo(ctx context.Context, c *Call, env Environment, f Fleet, i foundImage, missing error) (Result, error) {
	id := i.ID
	if missing != nil {
		id = fleet.ImageID(c.Words.Arg("image"))
	}
	open, err := a.Records.Open(ctx)
	if err != nil {
		return Result{}, unread("list open operations", err)
	}
	for _, r := range open {
		if r.Environment == env.Name && retire.About(r, id) {
			return a.stopRetiring(ctx, c, r)
		}
	}
	if missing != nil {
		return Result{}, a.tooLate(ctx, env, id, missing)
	}
	p, err := a.retirement(ctx, f, env, retire.Want{Images: []fleet.ImageID{id}, Restore: true, Cooldown: a.Cooldown})
	if err != nil {
		return Result{}, err
	}
	r, err := a.decide(ctx, c, env, p, "")
	return withNotes(r, i.taken()), err
}

// stopRetiring asks a retirement that is open to take itself back.
func (a *AMI) stopRetiring(ctx context.Context, c *Call, r ledger.Record) (Result, error) {
	if r.State != ledger.Running && r.State != ledger.Stuck {
		return Result{}, fault.New(fault.Conflict, "%s, so nothing was done yet.", a.unbegun(r)).
			WithHint("`/amiral ops cancel %s` takes it back.", r.ID)
	}
	if c.Words.Bool(dryFlag) {
		return reply(notice(r, card.T("It would be taken back; nothing was asked for."))), nil
	}
	after, err := c.Gate.Signal(ctx, r.ID, -1, c.Actor, "rollback", folded(c.Words.Text("reason")))
	if err != nil {
		return Result{}, err
	}
	if after.ID == "" {
		after = r
	}
	return reply(notice(after, card.T("It is being taken back: what is not deregistered yet is enabled again, and shared as before. Its thread tells how it ends."))), nil
}

func (a *AMI) unbegun(r ledger.Record) string {
	return fmt.Sprintf("%s (%s) %s", card.Inert(r.Title), r.ID, stateWord(r.State))
}

// tooLate says that an image is gone, and what is left of it.
func (a *AMI) tooLate(ctx context.Context, env Environment, id fleet.ImageID, missing error) error {
	past, err := a.Records.Recent(ctx, 1000)
	if err != nil {
		return unread("list operations", err)
	}
	for _, r := range past {
		done, ok := retire.Retired(r, id)
		if !ok || r.Environment != env.Name {
			continue
		}
		left := done.Left()
		if left == "" {
			left = "Its snapshots are deleted, too."
		}
		return fault.New(fault.Conflict, "It is too late: %s was deregistered by %s. %s", image.Words(id, done.Name), r.ID, left).
			WithHint("Where a Recycle Bin rule covers it, whoever may do so can restore it in AWS; otherwise look for a copy, or bake it anew.")
	}
	return missing
}

// retirements is what the desk must know of retirements.
func (a *AMI) retirements() Kind {
	return changes[retire.Plan]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old retire.Plan) (retire.Plan, error) {
			return a.retirement(ctx, f, env, old.Want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ retire.Plan) (retire.Plan, string, error) {
			ids := retire.Removed(r)
			if len(ids) == 0 {
				return retire.Plan{}, "", fault.New(fault.Conflict, "There is nothing to bring back: %s", standing(r))
			}
			p, err := a.retirement(ctx, f, env, retire.Want{Images: ids, Restore: true, Cooldown: a.Cooldown})
			return p, insideOf("/ami retire "+string(ids[0])+" --undo", env), err
		},
	}
}
