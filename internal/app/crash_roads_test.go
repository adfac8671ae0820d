package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// road is something that people do, and what must be true at its end wherever a bot died on it.
type road struct {
	name       string
	short      bool                                     // so that many points are tried every time
	tries      int                                      // how many points are tried of a long one
	settings   func(*workspace.Options, *config.Config) // nil: production needs one of the engineers
	pace       time.Duration                            // of the bots towards Slack; its own when zero
	prepare    func(context.Context, *town) error       // what happened before; nobody dies in it
	walk       func(context.Context, *town) error
	operations []string // all of them, as kind and state
	made       stock    // at AWS, more than there was at first
	wrong      func(context.Context, *town, []ledger.Record) []string
}

const rolling = "Roll web to ami-0b2"

func roads() []road {
	one, rolled := []string{"rollout running"}, stock{"refreshes": 1, "versions": 1}
	return []road{
		{name: "a command and its approval", short: true, operations: one, made: rolled, walk: func(ctx context.Context, tw *town) error {
			if err := tw.ask(ctx, "dev", "#deploys", "/asg rollout web --image ami-0b2 --reason kernel", rolling); err != nil {
				return err
			}
			return tw.deciding(ctx, "sre", "Approve")
		}},
		{name: "the second of two", settings: asTheDemo, prepare: firstOfTwo("Approve", "✅ sre"), operations: one, made: rolled, wrong: twoVotes,
			walk: func(ctx context.Context, tw *town) error { return tw.deciding(ctx, "lead", "Approve") }},
		{name: "a broken glass", settings: asTheDemo, prepare: watchReviews, walk: breakGlass, made: rolled, wrong: everybodyTold,
			operations: []string{"review pending", "rollout running"}},
		{name: "a freeze and its lift", settings: asTheDemo, prepare: firstOfTwo("Approve", "✅ sre"), walk: freezeAndLift, made: rolled, wrong: thawed,
			operations: []string{"freeze cancelled", "rollout running"}},
		{name: "the rest of a canary", settings: asTheDemo, prepare: canaryInService, operations: one, made: stock{"refreshes": 2, "versions": 1}, wrong: widenedOnce,
			walk: func(ctx context.Context, tw *town) error {
				if err := tw.press(ctx, "sre", "#deploys", rolling, "Approve the rest"); err != nil {
					return err
				}
				return tw.underWay(ctx, 2)
			}},
	}
}

// deciding presses the button that decides, and waits for what comes of it.
func (tw *town) deciding(ctx context.Context, user, label string) error {
	if err := tw.press(ctx, user, "#deploys", rolling, label); err != nil {
		return err
	}
	return tw.underWay(ctx, 1)
}

// underWay waits until the rollout's card says that it runs, and so many refreshes were started.
func (tw *town) underWay(ctx context.Context, refreshes int) error {
	under := func() bool {
		m, there := tw.card("#deploys", rolling)
		return there && has(m, "Pause") && len(tw.Cloud.Region("eu-west-1").Refreshes("web")) == refreshes
	}
	if !until(ctx, patience, under) {
		return errors.New("approved, and never under way")
	}
	return nil
}

// firstOfTwo has a rollout asked for, which the first of two people approves.
func firstOfTwo(label, mark string) func(context.Context, *town) error {
	return func(ctx context.Context, tw *town) error {
		if err := tw.ask(ctx, "dev", "#deploys", "/asg rollout web --image ami-0b2", rolling); err != nil {
			return err
		}
		press := func() error {
			m, _ := tw.card("#deploys", rolling)
			return tw.Slack.As("sre").Click("#deploys", m.TS, label)
		}
		seen := func() bool { m, _ := tw.card("#deploys", rolling); return contains(m, mark) }
		return tw.insist(ctx, deed{user: "sre", channel: "#deploys", what: "press " + label, do: press, seen: seen})
	}
}

func twoVotes(_ context.Context, _ *town, all []ledger.Record) []string {
	var who []string
	for _, r := range all {
		for _, v := range r.Votes {
			who = append(who, v.Actor.User)
		}
	}
	if slices.Sort(who); strings.Join(who, " ") != "U0LEAD U0SRE" {
		return []string{fmt.Sprintf("got votes of %v, want one of each of the two", who)}
	}
	return nil
}

// watchReviews has every write at AWS refused that comes before the review of the broken glass is written down.
func watchReviews(_ context.Context, tw *town) error {
	records := ledger.New(tw.redis, ledger.Options{})
	tw.before = func(action string) error {
		if action != "CreateLaunchTemplateVersion" && action != "StartInstanceRefresh" {
			return nil
		}
		all, err := records.Recent(context.Background(), 10)
		if err != nil || !slices.ContainsFunc(all, func(r ledger.Record) bool { return r.Kind == approvals.Review }) {
			tw.early.Store(true)
		}
		return nil
	}
	return nil
}

// breakGlass asks for it, types what the form wants, and waits until it runs. Who is not shown the form asks again.
func breakGlass(ctx context.Context, tw *town) error {
	priya := tw.Slack.As("sre2")
	do := func() error {
		if priya.View() == nil {
			if err := priya.Slash("#deploys", `/asg rollout web --image ami-0b2 --break-glass "checkout is down"`); err != nil {
				return err
			}
			if !until(ctx, doubt, func() bool { return priya.View() != nil }) {
				return slacksim.ErrTimeout
			}
		}
		return priya.Submit(map[string]any{"target": "web"})
	}
	seen := func() bool { _, there := tw.card("#deploys", rolling); return there }
	if err := tw.insist(ctx, deed{user: "sre2", channel: "#deploys", what: "break the glass", do: do, seen: seen}); err != nil {
		return err
	}
	if err := tw.underWay(ctx, 1); err != nil {
		return err
	}
	told := func() bool {
		return tw.letters("sre") > 0 && tw.letters("lead") > 0 && len(tw.cards("#security", "Review needed")) > 0
	}
	if !until(ctx, patience, told) {
		return errors.New("the glass was broken, and not everybody was told")
	}
	return nil
}

// letters counts the direct messages about the broken glass that a person has.
func (tw *town) letters(user string) (n int) {
	for _, m := range tw.Slack.Direct(user) {
		if contains(m, "checkout is down") {
			n++
		}
	}
	return n
}

func everybodyTold(_ context.Context, tw *town, all []ledger.Record) (bad []string) {
	if tw.early.Load() {
		bad = append(bad, "AWS was written to before the review was recorded")
	}
	for _, user := range []string{"sre", "lead"} {
		if n := tw.letters(user); n < 1 || n > tw.lives-tw.orderly {
			bad = append(bad, fmt.Sprintf("%s was told %d times, want once", user, n))
		}
	}
	if len(all) == 2 && !slices.ContainsFunc(all, func(r ledger.Record) bool {
		return r.ID == approvals.ReviewOf(all[0].ID) || r.ID == approvals.ReviewOf(all[1].ID)
	}) {
		bad = append(bad, "the review is of something else")
	}
	return bad
}

// freezeAndLift freezes production, has the rollout approved, which must wait, and lifts the freeze.
func freezeAndLift(ctx context.Context, tw *town) error {
	const frozen = "Frozen: production"
	if err := tw.ask(ctx, "sre", "#deploys", "/amiral freeze production --for 4h --reason move", frozen); err != nil {
		return err
	}
	if err := tw.press(ctx, "lead", "#deploys", rolling, "Approve"); err != nil {
		return err
	}
	waits := func() bool { m, _ := tw.card("#deploys", rolling); return contains(m, "Approved · waits") }
	if !until(ctx, patience, waits) {
		return errors.New("approved in a freeze, and it does not wait")
	}
	if n := len(tw.Cloud.Region("eu-west-1").Refreshes("web")); n > 0 {
		return fmt.Errorf("%d refreshes in a freeze", n)
	}
	if err := tw.lift(ctx); err != nil {
		return err
	}
	return tw.underWay(ctx, 1)
}

// lift presses Lift until the freeze is over.
func (tw *town) lift(ctx context.Context) error {
	card := func() (slacksim.Message, bool) {
		for _, m := range slices.Backward(tw.Slack.Messages("#deploys")) {
			if contains(m, "production") && !contains(m, rolling) {
				return m, true
			}
		}
		return slacksim.Message{}, false
	}
	do := func() error {
		if m, there := card(); there && has(m, "Lift") {
			return tw.Slack.As("lead").Click("#deploys", m.TS, "Lift")
		}
		return nil
	}
	return tw.insist(ctx, deed{user: "lead", channel: "#deploys", what: "press Lift", do: do, seen: func() bool {
		m, there := card()
		return there && !has(m, "Lift")
	}})
}

func thawed(ctx context.Context, tw *town, _ []ledger.Record) []string {
	if n, err := tw.redis.HLen(ctx, "{amiral}:freezes").Result(); err != nil || n > 0 {
		return []string{fmt.Sprintf("%d freezes are left (%v)", n, err)}
	}
	return nil
}

// canaryInService has a rollout approved for its canary only, which has been replaced and waits for the rest.
func canaryInService(ctx context.Context, tw *town) error {
	if err := firstOfTwo("Approve canary only", "✂️ sre")(ctx, tw); err != nil {
		return err
	}
	if err := tw.deciding(ctx, "lead", "Approve"); err != nil {
		return err
	}
	if !tw.pass(ctx, func() bool { return tw.says("The canary is in service") }) {
		return errors.New("the canary is never in service")
	}
	return nil
}

// says reports whether the thread of the rollout does.
func (tw *town) says(words string) bool {
	m, there := tw.card("#deploys", rolling)
	return there && slices.ContainsFunc(tw.Slack.Thread("#deploys", m.TS), func(m slacksim.Message) bool { return contains(m, words) })
}

func widenedOnce(ctx context.Context, tw *town, all []ledger.Record) (bad []string) {
	entries, err := ledger.New(tw.redis, ledger.Options{}).Journal(ctx, all[0].ID)
	n := 0
	for _, e := range entries {
		if e.Kind == "widened" {
			n++
		}
	}
	if err != nil || n != 1 || all[0].Narrowed {
		bad = append(bad, fmt.Sprintf("widened %d times, narrowed still: %v (%v)", n, all[0].Narrowed, err))
	}
	return bad
}
