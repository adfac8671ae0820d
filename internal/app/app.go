// Package app puts the parts together: one straight-line function that opens what the bot needs and hands
// each part the few methods of the others that it uses. It holds no business of its own.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/home"
	"github.com/amiral-ops/amiral/internal/inbox"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/notify"
	"github.com/amiral-ops/amiral/internal/telemetry"
)

// Options are what the app is made from.
type Options struct {
	Config  config.Config
	Environ config.Environ
	Log     *slog.Logger
	Owner   string            // this replica's name, unique among the living; made up if empty
	AWS     http.RoundTripper // between the bot and AWS; nil: nothing. Tests break it.
	Hook    redis.Hook        // between the bot and Redis; nil: nothing. Tests break it.
	Pace    time.Duration     // between two messages to one channel; Slack's own when zero. Tests hurry.
}

// App is the bot, connected and not yet running.
type App struct {
	Metrics *telemetry.Metrics
	Health  *telemetry.Server // nil when the configuration says off

	log      *slog.Logger
	sockets  *bot.Sockets
	intake   *bot.Intake
	inbox    *inbox.Inbox
	worker   *bot.Worker
	engine   *engine.Engine
	notifier *notify.Notifier
	aside    []func(context.Context) error // runs beside the road of a command until the end
	head     audit.Head                    // of the audit, as it was last sealed
	closers  []func()
}

// New opens everything and wires it. An error that is a fault says what to mend.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{Metrics: telemetry.NewMetrics(), log: o.Log}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	owner := cmp.Or(o.Owner, replica())

	client, closeRedis, err := connect(ctx, o.Config.RedisURL(o.Environ), o.Log)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, closeRedis)
	if o.Hook != nil {
		client.AddHook(o.Hook)
	}
	prefix := cmp.Or(o.Config.Redis.Prefix, "amiral")
	trail := audit.New(client, audit.Key(prefix))
	records := ledger.New(client, ledger.Options{Prefix: prefix, AuditKey: audit.Key(prefix), Replicas: o.Config.Redis.Replicas})
	a.inbox = inbox.New(client, inbox.Options{Prefix: prefix, Consumer: owner, Log: o.Log})

	aws, err := cloud.New(ctx, environments(o.Config), cloud.Options{Log: o.Log, Observe: a.Metrics.AWS, HTTPClient: through(o.AWS)})
	if err != nil {
		return nil, err
	}

	slack, err := bot.New(bot.Settings{BotToken: o.Environ.BotToken.Reveal(), AppToken: o.Environ.AppToken.Reveal(), APIURL: o.Environ.SlackAPI, Tables: o.Config.Slack.Tables, Log: o.Log, Pace: o.Pace})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, slack.Close)
	self, err := slack.Check(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	people, web := bot.NewPeople(slack, self), bot.NewWeb(slack)
	a.closers = append(a.closers, web.Close)
	settings, err := resolved(ctx, o.Config, people)
	if err != nil {
		return nil, err
	}

	rules, calendars := almanac(o.Config.Policy)
	channel, err := security(ctx, rules, people)
	if err != nil {
		return nil, err
	}
	clock, freezes := redisTime(client), freeze.NewStore(client, prefix)
	gate := &approvals.Gate{
		Ledger: records, Policy: rules, People: people, Audit: trail, Freezes: freezes, SecurityChannel: channel, Time: clock,
		Admits: admits(people),
	}
	shown := *gate
	shown.People = people.Lately() // drawing Home tabs must not use up the look-ups that votes need
	calendars.Changed = a.wake(records)
	homes := home.New(client, home.Options{Prefix: prefix, Log: o.Log})
	a.notifier = &notify.Notifier{
		Ledger: records, Poster: poster{web}, Marks: poster{web}, Groups: people, Homes: homes, Owner: owner, Log: o.Log,
		Gap: o.Config.Engine.Redraw, Paint: painters(),
	}
	all := newShelf(materials{
		site: commands.Site{Settings: settings, Records: records, Draw: a.notifier.Card, Fleets: reading(aws)},
		aws:  aws, trail: trail, client: client, prefix: prefix, images: o.Config.Images,
	})
	all.ops.Health, all.ops.Within = a.facts(client), within(rules, people)
	book, err := all.book()
	if err != nil {
		return nil, err
	}
	desk := &commands.Desk{
		Book: book, Gate: gate, Rights: &shown, People: people, Records: records, Groups: people, Draw: a.notifier.Card, Log: o.Log,
		Kinds: all.kinds(), Audit: deeds(trail, o.Log, rules.Short()),
	}
	library := &commands.Library{Settings: settings, Things: searching(aws), Goldens: family.NewStore(client, prefix)}
	a.closers, desk.Finder = append(a.closers, library.Close), library
	a.worker = bot.NewWorker(desk, web)
	a.worker.Observe, a.worker.Homes, a.worker.People = a.Metrics.Answered, homes, people
	a.intake = bot.NewIntake(a.inbox, web, people, self)
	a.intake.Reader = desk
	a.worker.Denied = a.intake.Denied
	a.sockets = bot.NewSockets(slack, timed{a.intake, a.Metrics})
	a.intake.Lost = a.sockets.Lost

	a.engine = &engine.Engine{
		Ledger: records, Owner: owner, Log: o.Log, Tell: plainly, Observe: a.observe,
		Lease: o.Config.Engine.Lease, Workers: o.Config.Engine.Workers, Grace: 5 * time.Second,
		Guard: gate.Clear,
		Workflows: workflows(works{aws: aws, poll: o.Config.Engine.Poll, records: records, freezes: freezes, families: family.NewStore(client, prefix),
			baselines: baseline.NewStore(client, prefix), images: o.Config.Images}),
	}
	if err := announce(ctx, client, trail, prefix, rules); err != nil {
		return nil, fmt.Errorf("write down which policy holds: %w", err)
	}
	a.aside = []func(context.Context) error{
		calendars.Run, a.record(trail, o.Config.Audit, clock),
		func(ctx context.Context) error { homes.Run(ctx, a.tab); return nil },
		func(ctx context.Context) error { a.missing(ctx, rules, people); return nil },
	}
	return a, a.watch(o.Config.HTTP, client, records)
}

// Run works until ctx ends, or until Slack refuses the tokens for good. It ends in the order in which work
// flows, so that nothing is accepted that is not handled: sockets, inbox, operations, threads.
func (a *App) Run(ctx context.Context) error {
	stages := []func(context.Context) error{
		func(ctx context.Context) error { a.notifier.Run(ctx); return nil },
		a.engine.Run,
		func(ctx context.Context) error { return a.inbox.Run(ctx, 16, a.handle) },
	}
	var stops []func()
	for _, stage := range append(a.aside, stages...) {
		stops = append(stops, a.background(ctx, stage))
	}
	err := a.sockets.Run(ctx)
	a.intake.Close()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
	return err
}

// background runs a stage until the returned function is called, which waits for it.
func (a *App) background(ctx context.Context, stage func(context.Context) error) (stop func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := stage(own); err != nil && !errors.Is(err, context.Canceled) {
			a.log.Error("stage ended", "err", err)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// handle hands an accepted item to the worker.
func (a *App) handle(ctx context.Context, it inbox.Item) error {
	return a.worker.Handle(ctx, bot.Item{Key: it.Key, Kind: it.Kind, Body: it.Body})
}

// Close gives back what New opened, last first.
func (a *App) Close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

// replica is a name that no other process has.
func replica() string {
	host, err := os.Hostname()
	if err != nil {
		host = "replica"
	}
	return fmt.Sprintf("%s-%d-%d", host, os.Getpid(), time.Now().UnixNano()%1e6)
}

// Ready tells why no envelope can be received now; nil when one can.
func (a *App) Ready() error { return a.sockets.Ready() }
