package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// tale is a rollout, what people do to it, and what must be true at its end wherever a worker died.
type tale struct {
	name      string
	want      rollout.Want
	spoiled   awssim.Spoil
	press     func(step string, d rollout.Data) string // what somebody presses now, each thing once
	state     ledger.State
	says      string
	runs      string // instances in service; empty when that depends on when people pressed
	refreshes []string
	poll      time.Duration // between two looks at AWS; 2 min if zero
}

func tales() []tale {
	at := func(step, name string) func(string, rollout.Data) string {
		return func(now string, _ rollout.Data) string {
			if now == step {
				return name
			}
			return ""
		}
	}
	canary := rollout.Want{Image: "ami-0002", Canary: 50}
	return []tale{
		{name: "plain", want: rollout.Want{Image: "ami-0002", SetDefault: true}, state: ledger.Succeeded,
			says: "web runs ami-0002", runs: "[v2 ami-0002:2]", refreshes: []string{"Successful"}},
		{name: "canary continued", want: canary, press: at("ask", "continue"), state: ledger.Succeeded,
			runs: "[v2 ami-0002:2]", refreshes: []string{"Cancelled", "Successful"}},
		{name: "paused and resumed", want: rollout.Want{Image: "ami-0002"}, state: ledger.Succeeded, press: pauseThen("resume"),
			runs: "[v2 ami-0002:2]", refreshes: []string{"Successful"}},
		{name: "cancelled", want: rollout.Want{Image: "ami-0002"}, state: ledger.Cancelled, press: at("follow", "cancel"),
			says: "Cancelled by", refreshes: []string{"Cancelled"}},
		{name: "rolled back", want: canary, press: at("ask", "rollback"), state: ledger.Undone,
			says: "Rolled back to version 1", runs: "[v1 ami-0001:2]", refreshes: []string{"RollbackSuccessful"}},
		{name: "bad image", want: rollout.Want{Image: "ami-0002"}, spoiled: awssim.SpoiledUnhealthy, press: at("follow", "rollback"),
			state: ledger.Undone, runs: "[v1 ami-0001:2]", refreshes: []string{"RollbackSuccessful"}},
		{name: "image that does not start", want: rollout.Want{Image: "ami-0002"}, spoiled: awssim.SpoiledFails,
			poll: 15 * time.Minute, state: ledger.Undone, runs: "[v1 ami-0001:2]", refreshes: []string{"RollbackSuccessful"}},
	}
}

// pauseThen pauses once something runs, and presses another button once it is paused.
func pauseThen(name string) func(string, rollout.Data) string {
	return func(step string, _ rollout.Data) string {
		return map[string]string{"follow": "pause", "paused": name}[step]
	}
}

// stale is whether a button was pressed too late to count, so that its person looks again.
func stale(err error) bool {
	return errors.Is(err, ledger.ErrStale) || errors.Is(err, ledger.ErrNotRunning)
}

// TestACrashAnywhereInARollout lets a worker die before and after every single Redis command and AWS call of
// every tale. Another goes on, and everything happens once.
func TestACrashAnywhereInARollout(t *testing.T) {
	t.Parallel()
	for _, s := range tales() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, s)
			l.run(crashtest.Never) // Redis knows the scripts from here on
			whole := l.run(crashtest.Never)
			if wrong := l.wrong(); len(wrong) > 0 {
				t.Fatalf("without a crash:\n%s", strings.Join(wrong, "\n"))
			}
			points := whole.Points()
			tried := 0
			for _, n := range crashtest.Sample(t, len(points), 4) {
				p := l.run(crashtest.DieAt(n))
				if wrong := l.wrong(); len(wrong) > 0 || !p.Dead() {
					t.Errorf("death at point %d of %d (%s):\n%s", n, len(points), points[n-1], strings.Join(wrong, "\n"))
				}
				tried++
			}
			t.Logf("%d crash points of %d: nothing lost, nothing done twice", tried, len(points))
		})
	}
}

func newLab(t *testing.T, s tale) *lab {
	l := &lab{t: t, story: s, mini: miniredis.NewMiniRedis()}
	if err := l.mini.Start(); err != nil {
		t.Fatal(err)
	}
	l.redis = redis.NewClient(&redis.Options{
		Addr: l.mini.Addr(), MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() {
		_ = l.redis.Close()
		l.mini.Close()
	})
	return l
}
