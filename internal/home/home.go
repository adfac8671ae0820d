// Package home keeps people's Home tabs in step: it remembers who has looked at theirs within the last day, and
// has these drawn anew after something changed. What is due stands in Redis, so that any replica may notice a
// change and any may draw; all together keep to one pace. It knows neither Slack nor what a tab shows.
package home

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var lua embed.FS

// Options are the choices of homes; the zero value works.
type Options struct {
	Prefix   string        // what every key begins with, as {prefix}; "amiral" if empty
	Remember time.Duration // for how long a tab that was opened is kept in step; a day if zero
	Most     int           // how many tabs are kept in step, those opened last; 500 if zero
	Settle   time.Duration // after a change, for others to come with it; 1 s if zero
	Pause    time.Duration // between two tabs, of all replicas together; 700 ms if zero
	Lease    time.Duration // for how long one tab is drawn before another replica may try; 20 s if zero
	Again    time.Duration // before a tab that could not be drawn is tried once more; 10 s if zero
	Idle     time.Duration // between two looks when nothing is due; 300 ms if zero
	Log      *slog.Logger
}

// Homes are the tabs that people look at.
type Homes struct {
	redis   redis.UniversalClient
	options Options
	keys    []string
	scripts map[string]*redis.Script
}

// New returns the homes kept in a Redis.
func New(client redis.UniversalClient, o Options) *Homes {
	o.Prefix = cmp.Or(o.Prefix, "amiral")
	o.Remember = cmp.Or(o.Remember, 24*time.Hour)
	o.Most = cmp.Or(o.Most, 500)
	o.Settle = cmp.Or(o.Settle, time.Second)
	o.Pause = cmp.Or(o.Pause, 700*time.Millisecond)
	o.Lease = cmp.Or(o.Lease, 20*time.Second)
	o.Again = cmp.Or(o.Again, 10*time.Second)
	o.Idle = cmp.Or(o.Idle, 300*time.Millisecond)
	o.Log = cmp.Or(o.Log, slog.Default())
	key := "{" + o.Prefix + "}:homes"
	return &Homes{redis: client, options: o, keys: []string{key, key + ":due", key + ":next"}, scripts: scripts()}
}

func scripts() map[string]*redis.Script {
	all := map[string]*redis.Script{}
	for _, name := range []string{"opened", "changed", "claim", "drawn", "later"} {
		text, err := lua.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic(err) // the files are part of the binary
		}
		all[name] = redis.NewScript(string(text))
	}
	return all
}

// Opened remembers that somebody has opened their tab.
func (h *Homes) Opened(ctx context.Context, user, team string) error {
	_, err := h.run(ctx, "opened", member(user, team), h.options.Remember.Milliseconds(), h.options.Most)
	return err
}

// Changed has every remembered tab drawn anew before long. Saying so twice is harmless.
func (h *Homes) Changed(ctx context.Context) error {
	_, err := h.run(ctx, "changed", h.options.Settle.Milliseconds(), h.options.Remember.Milliseconds())
	return err
}

// Later has somebody's tab drawn after so long, by whoever draws then.
func (h *Homes) Later(ctx context.Context, user, team string, in time.Duration) error {
	return h.later(ctx, member(user, team), in, false)
}

// later puts a tab off; all others too if Slack wants a rest.
func (h *Homes) later(ctx context.Context, viewer string, in time.Duration, rest bool) error {
	all := 0
	if rest {
		all = 1
	}
	_, err := h.run(ctx, "later", viewer, in.Milliseconds(), all, h.options.Remember.Milliseconds())
	return err
}

func (h *Homes) run(ctx context.Context, script string, args ...any) (any, error) {
	reply, err := h.scripts[script].Run(ctx, h.redis, h.keys, args...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("homes %s: %w", script, err)
	}
	return reply, nil
}

// member is a person as the sets hold them.
func member(user, team string) string { return user + " " + team }

func person(member string) (user, team string) {
	user, team, _ = strings.Cut(member, " ")
	return user, team
}
