package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/telemetry"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// local runs the workspace, and the bot in it, until ctx ends or the story does.
func local(ctx context.Context, o options) error {
	commands, err := slash()
	if err != nil {
		return err
	}
	w, err := workspace.Start(workspace.Options{
		PageAddr: o.addr, SlackAddr: o.slack, AWSAddr: o.aws, RedisAddr: o.redisAddr, RedisURL: o.redisURL, Commands: commands,
	})
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	b := &bot{info: w.Info(), log: logger(o.log), failed: make(chan error, 1)}
	if !o.noBot {
		if err := b.start(ctx); err != nil {
			return err
		}
		defer b.stop()
	}
	if err := announce(w.Info(), o); err != nil {
		return err
	}
	if o.play != "" {
		return play(ctx, o, w, b)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-b.failed:
		return err
	}
}

// slash are the bot's slash commands, as the simulated Slack lists them.
func slash() ([]slacksim.Command, error) {
	book, err := app.Slash()
	var all []slacksim.Command
	for _, c := range book {
		all = append(all, slacksim.Command{Command: c.Command, Description: c.Description, UsageHint: c.UsageHint, ShouldEscape: true})
	}
	return all, err
}

func announce(info workspace.Info, o options) error {
	fmt.Printf("\n  amiral, a local workspace: open  %s\n\n", info.Page)
	if o.play == "" && !o.noBot {
		fmt.Print("  Type in #deploys as Dana:   /asg rollout web --image ami-0b2\n" +
			"  or a whole road:            /asg patch web --from web-builder   ·   /asg launch pets --from pet-1 --size 50\n" +
			"  or look first:              /ami list   ·   /template versions web-lt   ·   /asg show web   ·   /ami bake (a form)\n" +
			"  Act as Sam (top right) and press Approve, then as Lee; push the clock beside the fleet.\n" +
			"  Ctrl-C ends it; nothing stays behind.\n\n")
	}
	if o.open {
		show(info.Page)
	}
	if o.info == "" {
		return nil
	}
	raw, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.info, append(raw, '\n'), 0o600)
}

func logger(path string) *slog.Logger {
	switch path {
	case "":
		return slog.New(slog.DiscardHandler)
	case "-":
		return telemetry.NewLog(os.Stderr, "info")
	}
	f, err := os.Create(path)
	if err != nil {
		return slog.New(slog.DiscardHandler)
	}
	return telemetry.NewLog(f, "debug")
}

// bot is the app at work in the workspace.
type bot struct {
	info   workspace.Info
	log    *slog.Logger
	failed chan error // it ended by itself

	cancel  context.CancelFunc
	running sync.WaitGroup
}

// start connects the bot to the workspace: the same app as in production, with other addresses.
func (b *bot) start(ctx context.Context) error {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": b.info.AWSEndpoint, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": b.info.Environments[0].Region, "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	o, err := b.options()
	if err != nil {
		return err
	}
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.cancel = cancel
	b.running.Go(func() {
		defer a.Close()
		if err := a.Run(own); err != nil {
			b.failed <- err
		}
	})
	return connected(ctx, a)
}

// options are how the bot is started.
func (b *bot) options() (app.Options, error) {
	c, err := Config()
	return app.Options{Config: c, Log: b.log, Environ: config.Environ{
		BotToken: config.Secret(b.info.SlackBotToken), AppToken: config.Secret(b.info.SlackAppToken),
		SlackAPI: b.info.SlackAPI, Redis: config.Secret(b.info.Redis),
	}}, err
}

// connected waits until Slack has greeted the bot, so that the first thing typed is heard.
func connected(ctx context.Context, a *app.App) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if a.Ready() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return a.Ready()
}

func (b *bot) stop() {
	b.cancel()
	b.running.Wait()
}

// Config is the bot's configuration for the workspace: what the stories are written for, and looks often, since
// time is pushed.
func Config() (config.Config, error) {
	c, err := config.Parse(story.Settings())
	if err != nil {
		return c, fmt.Errorf("the demo's configuration: %w", err)
	}
	c.HTTP = config.HTTP{Addr: "127.0.0.1:0"}
	c.Engine = config.Engine{Poll: 5 * time.Second, Redraw: 2 * time.Second}
	return c, nil
}

// patience is how long a look of a story may take: what was pushed over a crash goes on after a lease.
const patience = 40 * time.Second

// play plays a story against the workspace; a crash in it ends the bot and starts it again.
func play(ctx context.Context, o options, w *workspace.Workspace, b *bot) error {
	s, err := story.Load(o.play)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n\n", s.Prose)
	p := story.Player{Page: w.Info().Page, Log: io.Writer(os.Stdout), Patience: patience, Pace: time.Duration(o.pace * float64(time.Second)), Crash: func(ctx context.Context) error {
		b.stop()
		return b.start(ctx)
	}, Command: b.operate, Verify: b.verify}
	if err := p.Play(ctx, s); err != nil {
		select {
		case cause := <-b.failed:
			return errors.Join(err, cause)
		default:
			return err
		}
	}
	fmt.Println("\nIt ended as told.")
	return nil
}
