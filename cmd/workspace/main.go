// Command workspace starts a local workspace on loopback: a simulated Slack, a simulated AWS, Redis, a page
// to look at them, and the bot at work in it, the same as in production but for the addresses.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are the flags.
type options struct {
	info, addr, slack, aws, redisAddr, redisURL, play, log string
	noBot, missing, open                                   bool
	pace                                                   float64
}

func main() {
	var o options
	flag.StringVar(&o.info, "info", "", "write addresses and tokens to this file, as JSON")
	flag.StringVar(&o.addr, "addr", "127.0.0.1:0", "where the page listens")
	flag.StringVar(&o.slack, "slack", "127.0.0.1:0", "where the simulated Slack listens")
	flag.StringVar(&o.aws, "aws", "127.0.0.1:0", "where the simulated AWS listens")
	flag.StringVar(&o.redisAddr, "redis-addr", "127.0.0.1:0", "where the embedded Redis listens")
	flag.StringVar(&o.redisURL, "redis", "", "use this Redis instead of the embedded one")
	flag.StringVar(&o.play, "play", "", "play this story and exit, 0 when it ends as told")
	flag.Float64Var(&o.pace, "pace", 0, "seconds to rest after each deed of a story, for an audience")
	flag.StringVar(&o.log, "log", "", "write the bot's log to this file; - for standard error")
	flag.BoolVar(&o.noBot, "no-bot", false, "only the simulators: bring your own bot")
	flag.BoolVar(&o.open, "open", false, "open the page in a browser, where there is a desktop")
	flag.BoolVar(&o.missing, "missing", false, "say which tests this machine leaves out, and exit")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "workspace:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.missing {
		return missing(os.Stdout)
	}
	return local(ctx, o)
}
