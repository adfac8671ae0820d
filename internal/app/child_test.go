package app_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/telemetry"
)

// childMark makes this test binary be a bot: a process of its own that can be killed.
const childMark = "AMIRAL_TEST_BOT"

// mainOfChild runs the bot if this process is to be one. It ends with its parent, who holds its standard input.
func mainOfChild() bool {
	if os.Getenv(childMark) == "" {
		return false
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a, err := app.New(ctx, app.Options{Config: settings(), Environ: config.FromEnviron(nil), Log: telemetry.NewLog(os.Stderr, "info")})
	if err == nil {
		err = a.Run(ctx)
		a.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
