package app_test

import (
	"testing"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// TestStories plays every story that comes with the workspace, as the demo does.
func TestStories(t *testing.T) {
	for _, name := range story.Names() {
		t.Run(name, func(t *testing.T) {
			s, err := story.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			newWorld(t, 1, asTheDemo).play(s)
		})
	}
}

// TestStoriesWithTwoReplicas plays some of them with two bots: either serves any click, and either may die.
func TestStoriesWithTwoReplicas(t *testing.T) {
	for _, name := range []string{"canary", "crash", "quorum", "narrow"} {
		t.Run(name, func(t *testing.T) {
			s, err := story.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			newWorld(t, 2, asTheDemo).play(s)
		})
	}
}

// TestTheMainJobOnARealRedis plays the main job on a redis-server, whose clock is its own.
func TestTheMainJobOnARealRedis(t *testing.T) {
	url := redisServer(t)
	s, err := story.Load("rollout")
	if err != nil {
		t.Fatal(err)
	}
	newWorld(t, 2, asTheDemo, func(o *workspace.Options, c *config.Config) {
		o.RedisURL = url
		c.Engine.Poll = 1e9
	}).play(s)
}
