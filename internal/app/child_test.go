package app_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/telemetry"
)

// childMark makes this test binary be a bot: a process of its own that can be killed. It is the echo that
// benchmarks compare with if it says so.
const childMark = "AMIRAL_TEST_BOT"

// mainOfChild runs the bot if this process is to be one.
func mainOfChild() bool {
	mode := os.Getenv(childMark)
	if mode == "" {
		return false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var err error
	if mode == "echo" {
		err = echo(ctx)
	} else {
		err = serve(ctx)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func serve(ctx context.Context) error {
	a, err := app.New(ctx, app.Options{Config: settings(), Environ: config.FromEnviron(nil), Log: telemetry.NewLog(os.Stderr, "info")})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Run(ctx)
}
