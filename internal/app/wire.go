package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/telemetry"
)

func environments(c config.Config) []cloud.Environment {
	var all []cloud.Environment
	for _, e := range c.Environments {
		all = append(all, cloud.Environment{Name: e.Name, Region: e.Region, Role: e.Role, ExternalID: e.ExternalID})
	}
	return all
}

// through returns a client whose requests pass the tripper; nil for none.
func through(t http.RoundTripper) *http.Client {
	if t == nil {
		return nil
	}
	return &http.Client{Transport: t, Timeout: 20 * time.Second}
}

// resolved is the configuration as commands know it: channels by id.
func resolved(ctx context.Context, c config.Config, people *bot.People) (commands.Settings, error) {
	var s commands.Settings
	for _, e := range c.Environments {
		env := commands.Environment{Name: e.Name, Region: e.Region, Default: e.Default}
		for _, name := range e.Channels {
			id, err := people.ChannelID(ctx, name)
			if err != nil {
				return s, fmt.Errorf("environment %s: %w", e.Name, err)
			}
			env.Channels = append(env.Channels, id)
		}
		s.Environments = append(s.Environments, env)
	}
	return s, nil
}

// within finds those of the policy's groups that somebody is in.
func within(rules policy.Policy, people *bot.People) func(context.Context, ledger.Actor) ([]string, error) {
	return func(ctx context.Context, who ledger.Actor) (in []string, err error) {
		for _, g := range rules.Groups() {
			yes, err := people.Lately().InGroup(ctx, who, g)
			if err != nil {
				return nil, err
			}
			if yes {
				in = append(in, g)
			}
		}
		return in, nil
	}
}

// tab draws somebody's Home tab anew.
func (a *App) tab(ctx context.Context, user, team string) (time.Duration, error) {
	return a.worker.Home(ctx, ledger.Actor{User: user, Team: team})
}

// timed measures how long accepting takes.
type timed struct {
	*bot.Intake
	metrics *telemetry.Metrics
}

// Take accepts an envelope and counts the time from its arrival.
func (t timed) Take(ctx context.Context, e bot.Envelope) any {
	reply := t.Intake.Take(ctx, e)
	t.metrics.Accepted(e.Type, time.Since(e.Received))
	return reply
}

// deeds writes what people tried into the audit. Writing it down must not hold up the answer for long.
func deeds(trail *audit.Log, log *slog.Logger, policy string) func(context.Context, commands.Deed) {
	return func(ctx context.Context, d commands.Deed) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err := trail.Append(ctx, audit.Event{Kind: d.Kind, Who: audit.Who{User: d.Who.User, Team: d.Who.Team}, Channel: d.Channel, What: d.What, Outcome: d.Outcome, Policy: policy})
		if err != nil {
			log.Error("deed not in the audit", "actor", d.Who.User, "what", d.What, "err", err)
		}
	}
}

// plainly is what people may read of an error: AWS's own words, without credentials.
func plainly(err error) string {
	if fleet.KindOf(err) == fleet.Throttled {
		return "AWS takes no more calls for the moment (throttled)."
	}
	return telemetry.Redact(awsWords(err))
}

func awsWords(err error) string {
	e, ok := errors.AsType[*fleet.Error](err)
	if !ok {
		return ""
	}
	if e.Message == "" {
		return "AWS did not answer " + e.Call + "."
	}
	return "AWS says: " + e.Message
}

func (a *App) observe(o engine.Observation) {
	a.Metrics.Turned(o.Kind, string(o.Result))
	if o.Result == engine.Finished {
		a.Metrics.Ended(o.Kind, string(o.End), o.Since)
	}
}

// facts tells how the bot itself does, for /amiral status.
func (a *App) facts(client redis.UniversalClient) func(context.Context) []card.Fact {
	return func(ctx context.Context) []card.Fact {
		slack, store := "connected", "does not answer"
		if err := a.sockets.Ready(); err != nil {
			slack = err.Error()
		}
		began := time.Now()
		if err := client.Ping(ctx).Err(); err == nil {
			store = fmt.Sprintf("answers in %s", time.Since(began).Round(100*time.Microsecond))
		}
		return []card.Fact{{Label: "Slack", Value: card.T("%s", slack)}, {Label: "Redis", Value: card.T("%s", store)}}
	}
}

// watch serves metrics and health, unless the configuration says off.
func (a *App) watch(c config.HTTP, client redis.UniversalClient, records *ledger.Ledger) error {
	a.gauges(records)
	if c.Addr == "off" {
		return nil
	}
	a.Health = &telemetry.Server{Metrics: a.Metrics, Probes: []telemetry.Probe{
		{Name: "slack", Check: func(context.Context) error { return a.sockets.Ready() }},
		{Name: "redis", Check: func(ctx context.Context) error { return client.Ping(ctx).Err() }},
	}}
	addr := c.Addr
	if addr == "" {
		addr = "127.0.0.1:8080"
	}
	if err := a.Health.Start(addr); err != nil {
		a.Health = nil
		return err
	}
	a.closers = append(a.closers, func() { _ = a.Health.Close() })
	return nil
}

func (a *App) gauges(records *ledger.Ledger) {
	a.Metrics.Gauge("amiral_sockets_ready", "Connections to Slack that work: hello seen, pings alive.", func() float64 {
		n := 0
		for _, s := range a.sockets.Health().Sockets {
			if s.Ready {
				n++
			}
		}
		return float64(n)
	})
	a.Metrics.Gauge("amiral_slack_connections", "Connections that Slack believes this app has, of all replicas.", func() float64 {
		return float64(a.sockets.Health().Connections)
	})
	a.Metrics.Gauge("amiral_overdue_seconds", "How late the oldest turn or drawing is.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, oldest, err := records.Overdue(ctx)
		if err != nil {
			return -1
		}
		return oldest.Seconds()
	})
}

// unreachable says what may be wrong when Slack cannot be asked at the start.
func unreachable(err error) error {
	if _, ok := fault.As(err); ok {
		return fmt.Errorf("connect to Slack: %w", err)
	}
	return errors.Join(fault.New(fault.Unavailable, "Slack cannot be reached.").
		WithHint("Check the network, a proxy (HTTPS_PROXY), and SLACK_API_URL if it is set."), err)
}
