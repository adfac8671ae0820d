package app

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Mark is how one thing was found.
type Mark string

// The marks.
const (
	Fine   Mark = "ok"
	Doubt  Mark = "warn"
	Broken Mark = "FAIL"
)

// Line is one thing that was looked at.
type Line struct {
	Mark  Mark
	About string
	Text  string
	Hint  string // what to do; empty when it is fine
}

// Check looks at everything the bot needs, one thing after the other, and goes on after what is broken.
// It changes nothing.
func Check(ctx context.Context, o Options) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for _, look := range []func(context.Context, Options, func(Line) bool) bool{checkSlack, checkRedis, checkAWS} {
			if !look(ctx, o, yield) {
				return
			}
		}
	}
}

// broken is the line of an error.
func broken(about string, err error) Line {
	if f, ok := fault.As(err); ok {
		return Line{Broken, about, f.Text, f.Hint}
	}
	return Line{Broken, about, err.Error(), ""}
}

func checkSlack(ctx context.Context, o Options, yield func(Line) bool) bool {
	slack, err := bot.New(bot.Settings{BotToken: o.Environ.BotToken.Reveal(), AppToken: o.Environ.AppToken.Reveal(), APIURL: o.Environ.SlackAPI, Log: o.Log})
	if err != nil {
		return yield(broken("Slack tokens", err))
	}
	defer slack.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	self, err := slack.Check(ctx)
	if err != nil {
		return yield(broken("Slack tokens", err))
	}
	if !yield(Line{Fine, "Slack tokens", fmt.Sprintf("bot %s in %s, Socket Mode opens, all scopes are there", self.User, self.Name), ""}) {
		return false
	}
	people := bot.NewPeople(slack, self)
	if _, err := resolved(ctx, o.Config, people); err != nil {
		if !yield(broken("channels", err)) {
			return false
		}
	} else if !yield(Line{Fine, "channels", "every channel of the configuration is there", ""}) {
		return false
	}
	return checkPolicy(ctx, o.Config, people, yield)
}

func checkRedis(ctx context.Context, o Options, yield func(Line) bool) bool {
	url := o.Config.RedisURL(o.Environ)
	if url == "" {
		return yield(Line{Doubt, "Redis", "none is configured: state would be kept in memory and end with the process", "Set REDIS_URL, or redis.url in the configuration."})
	}
	client, closeRedis, err := connect(ctx, url, o.Log)
	if err != nil {
		return yield(broken("Redis", err))
	}
	defer closeRedis()
	findings, err := ledger.Check(ctx, client)
	if err != nil {
		return yield(broken("Redis", err))
	}
	for _, f := range findings {
		if !yield(Line{Doubt, "Redis", f.Text, ""}) {
			return false
		}
	}
	return len(findings) > 0 || yield(Line{Fine, "Redis", "answers, keeps what it is told, evicts nothing", ""})
}

func checkAWS(ctx context.Context, o Options, yield func(Line) bool) bool {
	aws, err := cloud.New(ctx, environments(o.Config), cloud.Options{Log: o.Log, HTTPClient: through(o.AWS)})
	if err != nil {
		return yield(broken("AWS", err))
	}
	for _, e := range o.Config.Environments {
		if !checkEnvironment(ctx, aws, e.Name, yield) {
			return false
		}
	}
	return true
}

func checkEnvironment(ctx context.Context, aws *cloud.Cloud, name string, yield func(Line) bool) bool {
	about := "AWS " + name
	client, err := aws.In(name)
	if err != nil {
		return yield(broken(about, err))
	}
	who, err := client.Identity(ctx)
	if err != nil {
		l := broken(about, err)
		l.Hint = "Check the credentials that the AWS SDK finds, and that the role of this environment trusts them."
		return yield(l)
	}
	if !yield(Line{Fine, about, fmt.Sprintf("account %s in %s as %s", who.Account, who.Region, who.ARN), ""}) {
		return false
	}
	permissions, err := client.Permissions(ctx)
	if err != nil {
		return yield(broken(about+" permissions", err))
	}
	for _, p := range permissions {
		if !yield(permission(about, p)) {
			return false
		}
	}
	return true
}

func permission(about string, p fleet.Permission) Line {
	switch {
	case p.Allowed:
		return Line{Fine, about, "may " + p.Action, ""}
	case !p.Provable:
		return Line{Doubt, about, p.Action + ": " + p.Text, ""}
	}
	return Line{Broken, about, "may not " + p.Action + ": " + p.Text, "Add the action to the bot's policy; deploy/iam-policy.json has all of them."}
}
