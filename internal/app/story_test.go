package app_test

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// TestStories plays every story that comes with the workspace, as the demo does. They stand beside each other, as
// many as the -parallel flag says.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, name := range story.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hurriedWorld(t, 1, asTheDemo).play(load(t, name))
		})
	}
}

// TestStoriesWithTwoReplicas plays those in which people decide with two bots, whom Slack gives what they do in
// turn: either serves any press, whoever posted the card, and either may die. They keep to Slack's own pace.
func TestStoriesWithTwoReplicas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bake", "canary", "crash", "crash_bake", "crash_launch", "crash_patch", "fifty", "freeze", "glass", "home", "narrow",
		"patch", "patch_stop", "quorum", "slackless", "template"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2, asTheDemo, inTurn)
			w.play(load(t, name))
			if !strings.HasPrefix(name, "crash") && name != "slackless" { // there the connections come and go, and with them whose turn it is
				w.bothServed()
			}
		})
	}
}

// inTurn has Slack use the connections one after the other.
func inTurn(o *workspace.Options, _ *config.Config) {
	o.Slack = func(so *slacksim.Options) { so.Distribution = slacksim.RoundRobin }
}

// bothServed checks that every bot was given something to do.
func (w *world) bothServed() {
	w.t.Helper()
	for i, r := range w.bots {
		if n := accepted(w.t, r.app); n == 0 {
			w.t.Errorf("bot %d of %d was given nothing", i+1, len(w.bots))
		}
	}
}

// accepted counts the envelopes that a bot wrote down.
func accepted(t *testing.T, a *app.App) (n uint64) {
	t.Helper()
	families, err := a.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "amiral_accept_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			n += m.GetHistogram().GetSampleCount()
		}
	}
	return n
}

func load(t *testing.T, name string) story.Story {
	t.Helper()
	s, err := story.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheMainJobOnARealRedis plays the main job on a redis-server, whose clock is its own.
func TestTheMainJobOnARealRedis(t *testing.T) {
	t.Parallel()
	url := redisServer(t)
	newWorld(t, 2, asTheDemo, func(o *workspace.Options, c *config.Config) {
		o.RedisURL = url
		c.Engine.Poll = 1e9
	}).play(load(t, "rollout"))
}
