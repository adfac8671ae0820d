package main

import (
	"context"
	"io"
	"os"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/telemetry"
)

// serve connects and works until it is told to stop, or until Slack refuses the tokens for good.
func serve(ctx context.Context, args []string, _ io.Writer) error {
	f := flags("serve", "connect to Slack and work. Tokens come from SLACK_BOT_TOKEN and SLACK_APP_TOKEN,\nthe state's address from REDIS_URL, AWS from the SDK's own variables.")
	path := f.String("config", "amiral.yaml", "the configuration")
	if err := f.Parse(args); err != nil {
		return ignoreHelp(err)
	}
	c, err := config.Load(*path)
	if err != nil {
		return err
	}
	log := telemetry.NewLog(os.Stderr, c.Log.Level)
	a, err := app.New(ctx, app.Options{Config: c, Environ: config.FromEnviron(nil), Log: log})
	if err != nil {
		return err
	}
	defer a.Close()
	log.Info("serving", "version", version, "environments", c.Names())
	err = a.Run(ctx)
	log.Info("stopped", "err", err)
	return err
}
