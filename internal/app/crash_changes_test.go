package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// ofChanges are the roads of images, templates and groups, each to its very end.
func ofChanges() []road {
	all := []road{
		{name: "a bake of a twin", operations: []string{"bake succeeded"}, made: stock{"images": 1, "launched": 1},
			walk: func(ctx context.Context, tw *town) error {
				line := "/ami bake " + tw.member("api") + " --twin --family api --name api-next"
				return tw.approved(ctx, line, "Bake api-next", "Done")
			}},
		{name: "a retirement and its undo", operations: []string{"retire rolled_back"}, wrong: usable("ami-0ed"), walk: retireAndUndo},
		{name: "a launch", operations: []string{"launch succeeded"}, made: stock{"images": 1, "groups": 1, "templates": 1, "versions": 1},
			walk: func(ctx context.Context, tw *town) error {
				return tw.approved(ctx, "/asg launch pets --from pet-1 --size 3", "Launch pets: 3 instances", "Done")
			}},
		{name: "a launch that is taken back", operations: []string{"launch rolled_back"}, prepare: dry, walk: takeBack},
		{name: "a patch of two groups", operations: []string{"patch succeeded"}, made: stock{"images": 1, "launched": 1, "versions": 2, "refreshes": 2},
			walk: func(ctx context.Context, tw *town) error {
				line := "/asg patch --groups api,cache --from web-builder --name web-next --test 'uname -a'"
				return tw.approved(ctx, line, "Patch api and cache", "Done")
			}},
		{name: "a version of a template", operations: []string{"template succeeded"}, made: stock{"versions": 1},
			walk: func(ctx context.Context, tw *town) error {
				return tw.approved(ctx, "/template update web-lt --type m7i.xlarge --set-default", "New version of template web-lt", "Done")
			}},
		{name: "a scaling", operations: []string{"scale succeeded"}, wrong: desires("api", 10),
			walk: func(ctx context.Context, tw *town) error {
				if err := tw.ask(ctx, "sre", "#deploys", "/asg scale api 10", "Scale api"); err != nil {
					return err
				}
				return tw.through(ctx, "Scale api", "Done")
			}},
	}
	for i := range all {
		all[i].settings, all[i].tries, all[i].pace = asChanged, 8, hurried
	}
	return all
}

// asChanged is the demo with an engine that looks as seldom as in production, so that the points are those of the work.
func asChanged(o *workspace.Options, c *config.Config) {
	asTheDemo(o, c)
	c.Engine.Poll = 20 * time.Second
}

// approved types a command, has it approved by whoever must, and lets the time pass until its card says the words.
func (tw *town) approved(ctx context.Context, line, title, words string) error {
	if err := tw.agreed(ctx, line, title); err != nil {
		return err
	}
	return tw.through(ctx, title, words)
}

// agreed types a command and has it approved by one who runs things and, where that is not enough, by an owner.
func (tw *town) agreed(ctx context.Context, line, title string) error {
	if err := tw.ask(ctx, "dev", "#deploys", line, title); err != nil {
		return err
	}
	for _, user := range []string{"sre", "lead"} {
		if m, _ := tw.card("#deploys", title); !has(m, "Approve") {
			break
		}
		if err := tw.vote(ctx, user, title); err != nil {
			return err
		}
	}
	return nil
}

// vote presses Approve until that is seen: the button goes, or the person is named beside it.
func (tw *town) vote(ctx context.Context, user, title string) error {
	seen := func() bool {
		m, there := tw.card("#deploys", title)
		return there && (!has(m, "Approve") || contains(m, "✅ "+user))
	}
	return tw.insist(ctx, deed{user: user, channel: "#deploys", what: "approve " + title, seen: seen, do: func() error {
		if m, there := tw.card("#deploys", title); there && has(m, "Approve") {
			return tw.slack.As(user).Click("#deploys", m.TS, "Approve")
		}
		return nil
	}})
}

// through lets the time pass until the card with the title says the words.
func (tw *town) through(ctx context.Context, title, words string) error {
	if tw.pass(ctx, func() bool { return tw.reads(title, words) }) {
		return nil
	}
	m, _ := tw.titled(title)
	return fmt.Errorf("%s never says %q: %s", title, words, m.Visible())
}

// pass lets the time pass until something holds; false when it never does.
func (tw *town) pass(ctx context.Context, holds func() bool) bool {
	for range 200 {
		until(ctx, 10*time.Second, func() bool { return holds() || tw.quiet(ctx) }) // a claim of the dead ends as time passes
		if holds() {
			return true
		}
		if tw.Advance(30*time.Second) != nil {
			return false
		}
	}
	return false
}

// reads reports whether the newest message with the title has the words.
func (tw *town) reads(title, words string) bool {
	m, there := tw.titled(title)
	return there && strings.Contains(m.Visible(), words)
}

// titled is the newest message of the channel with the title, buttons or not.
func (tw *town) titled(title string) (slacksim.Message, bool) {
	for _, m := range slices.Backward(tw.Slack.Messages("#deploys")) {
		if strings.Contains(m.Visible(), title) {
			return m, true
		}
	}
	return slacksim.Message{}, false
}

// quiet reports whether the bot has nothing to do before some time passes. It does something while it holds a claim,
// which would be lost if time passed.
func (tw *town) quiet(ctx context.Context) bool {
	all, err := tw.redis.ZRangeWithScores(ctx, "{amiral}:due", 0, -1).Result()
	if err != nil {
		return false
	}
	for _, next := range all {
		held, _ := tw.redis.HGet(ctx, "{amiral}:op:"+next.Member.(string), "held").Int64()
		if next.Score <= float64(tw.Clock.Now().UnixMilli()) || held > 0 {
			return false
		}
	}
	return tw.settled(ctx)
}

// member is an instance of a group.
func (tw *town) member(group string) string {
	g, _ := tw.Cloud.Region("eu-west-1").Group(group)
	return g.Instances[0].ID
}

// retireAndUndo ends an image, and brings it back while it waits for its cooldown.
func retireAndUndo(ctx context.Context, tw *town) error {
	if err := tw.agreed(ctx, "/ami retire ami-0ed", "Retire ami-0ed"); err != nil {
		return err
	}
	disabled := func() bool { i, _ := tw.Cloud.Region("eu-west-1").Image("ami-0ed"); return i.State == "disabled" }
	if !tw.pass(ctx, func() bool { return disabled() && tw.quiet(ctx) }) {
		return errors.New("approved, and never disabled")
	}
	const undo = "/ami retire ami-0ed --undo"
	do := func() error { return tw.slack.As("dev").Slash("#deploys", undo) }
	back := func() bool { return tw.reads("Retire ami-0ed", "Rolled back") }
	if err := tw.insist(ctx, deed{user: "dev", channel: "#deploys", what: "type " + undo, do: do, seen: back}); err != nil {
		return err
	}
	return tw.through(ctx, "Retire ami-0ed", "Rolled back")
}

func usable(id string) func(context.Context, *town, []ledger.Record) []string {
	return func(_ context.Context, tw *town, _ []ledger.Record) []string {
		if i, there := tw.Cloud.Region("eu-west-1").Image(id); !there || i.State != "available" || !i.Deprecated.IsZero() {
			return []string{fmt.Sprintf("%s is %+v, want it as it was", id, i)}
		}
		return nil
	}
}

// dry leaves AWS without capacity.
func dry(_ context.Context, tw *town) error {
	tw.Cloud.Faults().Add(awssim.Fault{ID: "dry", Kind: awssim.FaultCapacity})
	return nil
}

// takeBack launches where there is no capacity, and takes back what was made, its image, too.
func takeBack(ctx context.Context, tw *town) error {
	const title = "Launch pets: 3 instances"
	if err := tw.agreed(ctx, "/asg launch pets --from pet-1 --size 3", title); err != nil {
		return err
	}
	asked := func() bool { m, there := tw.card("#deploys", title); return there && has(m, "Take back with image") }
	if !tw.pass(ctx, asked) {
		return errors.New("without capacity, and nobody was asked")
	}
	if err := tw.press(ctx, "sre", "#deploys", title, "Take back with image"); err != nil {
		return err
	}
	return tw.through(ctx, title, "Taken back")
}

func desires(group string, n int) func(context.Context, *town, []ledger.Record) []string {
	return func(_ context.Context, tw *town, _ []ledger.Record) []string {
		if g, _ := tw.Cloud.Region("eu-west-1").Group(group); g.Desired != n || len(g.Instances) != n {
			return []string{fmt.Sprintf("%s has %d of %d, want %d", group, len(g.Instances), g.Desired, n)}
		}
		return nil
	}
}
