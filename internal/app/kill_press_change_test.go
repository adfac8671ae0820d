package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// quarrel is what two people want of the same operation at the same moment, each through another bot.
type quarrel struct {
	name   string
	title  string
	until  func(context.Context, *town) error // it can be answered
	deeds  [2]func(*town, string) error       // what each of the two does
	ends   string                             // the operation, as kind and state
	images []int                              // at AWS, more than there were at first: what either of them may have wanted
	after  func(context.Context, *town) error // people bring it to its end, if it is not there yet
}

// TestTwoAnswerAtOnce: one of two people wins, both are told what became of it, and nothing is done twice.
func TestTwoAnswerAtOnce(t *testing.T) {
	t.Parallel()
	for _, q := range quarrels() {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2, asChanged, inTurn)
			tw := &town{Workspace: w.Workspace, people: &people{slack: w.Slack}, redis: dial(t, w.Info())}
			tw.first = tw.stocktaking()
			if err := q.until(t.Context(), tw); err != nil {
				t.Fatal(err)
			}
			q.fight(t, tw)
			if err := q.after(t.Context(), tw); err != nil {
				t.Error(err)
			}
			q.judge(t, tw)
			w.bothServed()
		})
	}
}

// fight has both act at once, and waits until each is told.
func (q quarrel) fight(t *testing.T, tw *town) {
	t.Helper()
	users := [2]string{"sre", "lead"}
	var before [2]int
	for i, u := range users {
		before[i] = tw.heard(q.title, u)
	}
	failed := make(chan error, len(users))
	for i, u := range users {
		go func() { failed <- q.deeds[i](tw, u) }()
	}
	for range users {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for i, u := range users {
		if !until(t.Context(), patience, func() bool { return tw.heard(q.title, u) > before[i] }) {
			t.Errorf("%s is told nothing", u)
		}
	}
}

// heard counts what a person was told by himself, and what the thread tells of him.
func (tw *town) heard(title, user string) int {
	n := len(tw.slack.As(user).Whispers("#deploys"))
	if m, there := tw.titled(title); there {
		for _, line := range tw.Slack.Thread("#deploys", m.TS) {
			n += strings.Count(line.Visible(), "<@U0"+strings.ToUpper(user)+"> asked to")
		}
	}
	return n
}

// judge looks at what there is at the end.
func (q quarrel) judge(t *testing.T, tw *town) {
	t.Helper()
	all, err := ledger.New(tw.redis, ledger.Options{}).Recent(t.Context(), 10)
	if err != nil || len(all) != 1 || fmt.Sprintf("%s %s", all[0].Kind, all[0].State) != q.ends {
		t.Errorf("got %+v, %v; want one %s", all, err, q.ends)
	}
	now := tw.stocktaking()
	for what, n := range now {
		more := n - tw.first[what]
		switch {
		case what == "images" && (more < q.images[0] || more > q.images[len(q.images)-1]):
			t.Errorf("got %d more images, want %v", more, q.images)
		case what != "images" && what != "launched" && more != 0:
			t.Errorf("got %d more %s, want none", more, what)
		}
	}
}

func quarrels() []quarrel {
	const pets, both = "Launch pets: 3 instances", "Patch api and cache"
	click := func(title, label string) func(*town, string) error {
		return func(tw *town, user string) error {
			m, there := tw.titled(title)
			if !there {
				return errors.New("no card of " + title)
			}
			return tw.slack.As(user).Click("#deploys", m.TS, label)
		}
	}
	over := func(title string, words ...string) func(context.Context, *town) error {
		return func(ctx context.Context, tw *town) error { return tw.through(ctx, title, words[0]) }
	}
	// Whoever went on waits for what never comes, and takes it back at the next question.
	takenBack := func(ctx context.Context, tw *town) error {
		if tw.pass(ctx, func() bool { m, _ := tw.titled(pets); return contains(m, "Taken back") || has(m, "Continue waiting") }) {
			if m, _ := tw.titled(pets); has(m, "Take back") {
				if err := tw.press(ctx, "sre", "#deploys", pets, "Take back"); err != nil {
					return err
				}
			}
		}
		return tw.through(ctx, pets, "Taken back")
	}
	undo := func(tw *town, user string) error {
		return tw.slack.As(user).Slash("#deploys", "/ami retire ami-0ed --undo")
	}
	return []quarrel{
		{name: "on, or back", title: pets, until: noCapacity, ends: "launch rolled_back", images: []int{1}, after: takenBack,
			deeds: [2]func(*town, string) error{click(pets, "Continue waiting"), click(pets, "Take back")}},
		{name: "back, with its image or without", title: pets, until: noCapacity, ends: "launch rolled_back", images: []int{0, 1}, after: over(pets, "Taken back"),
			deeds: [2]func(*town, string) error{click(pets, "Take back"), click(pets, "Take back with image")}},
		{name: "the same twice", title: pets, until: noCapacity, ends: "launch rolled_back", images: []int{0}, after: over(pets, "Taken back"),
			deeds: [2]func(*town, string) error{click(pets, "Take back with image"), click(pets, "Take back with image")}},
		{name: "a patch is stopped", title: both, until: baking, ends: "patch cancelled", images: []int{0, 1}, after: over(both, "Cancelled"),
			deeds: [2]func(*town, string) error{click(both, "Cancel"), click(both, "Cancel")}},
		{name: "a retirement is undone", title: "Retire ami-0ed", until: disabled, ends: "retire rolled_back", images: []int{0}, after: over("Retire ami-0ed", "Rolled back"),
			deeds: [2]func(*town, string) error{undo, undo}},
	}
}

// noCapacity launches where there is no capacity, until people are asked.
func noCapacity(ctx context.Context, tw *town) error {
	tw.Cloud.Faults().Add(awssim.Fault{ID: "dry", Kind: awssim.FaultCapacity})
	const title = "Launch pets: 3 instances"
	if err := tw.agreed(ctx, "/asg launch pets --from pet-1 --size 3", title); err != nil {
		return err
	}
	if !tw.pass(ctx, func() bool { m, there := tw.titled(title); return there && has(m, "Continue waiting") }) {
		return errors.New("without capacity, and nobody was asked")
	}
	return nil
}

// baking patches two groups, until the image is being made.
func baking(ctx context.Context, tw *town) error {
	const title = "Patch api and cache"
	if err := tw.agreed(ctx, "/asg patch --groups api,cache --from web-builder --name web-next", title); err != nil {
		return err
	}
	if !tw.pass(ctx, func() bool {
		m, there := tw.titled(title)
		return there && has(m, "Cancel") && contains(m, "Make web-next")
	}) {
		return errors.New("approved, and never under way")
	}
	return nil
}

// disabled retires an image, until it waits for its cooldown.
func disabled(ctx context.Context, tw *town) error {
	if err := tw.agreed(ctx, "/ami retire ami-0ed", "Retire ami-0ed"); err != nil {
		return err
	}
	off := func() bool {
		i, _ := tw.Cloud.Region("eu-west-1").Image("ami-0ed")
		return i.State == "disabled" && tw.quiet(ctx)
	}
	if !tw.pass(ctx, off) {
		return errors.New("approved, and never disabled")
	}
	return nil
}
