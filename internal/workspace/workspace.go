package workspace

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// Options say where a workspace listens and what is in it. The zero value listens on free ports of
// the loopback interface and holds the seeded world.
type Options struct {
	// PageAddr, SlackAddr, AWSAddr and RedisAddr are where the parts listen; "127.0.0.1:0" by default.
	PageAddr, SlackAddr, AWSAddr, RedisAddr string
	// RedisURL names a real Redis to use instead of the embedded one. Its clock is its own: it does
	// not follow the workspace's.
	RedisURL string
	// Start is what the clock shows at first; the present time by default.
	Start time.Time
	// Stopped makes a clock that moves only when it is pushed.
	Stopped bool
	// Seed makes ids and choices repeatable.
	Seed int64
	// Commands are the app's slash commands; /asg and /amiral by default.
	Commands []slacksim.Command
	// NoLimits switches Slack's rate limits and AWS's throttling off.
	NoLimits bool
	// Slack and AWS may change the options of the simulators before they are made.
	Slack func(*slacksim.Options)
	AWS   func(*awssim.Options)
	// Bare leaves the cloud empty, for tests that fill it themselves.
	Bare bool
}

// Workspace is a running local world.
type Workspace struct {
	// Clock is the time all parts live in.
	Clock *Clock
	// Slack is the simulated Slack.
	Slack *slacksim.Workspace
	// Cloud is the simulated AWS.
	Cloud *awssim.Cloud

	redis    store
	info     Info
	closers  []func() error // in the order of their start
	quit     chan struct{}
	running  sync.WaitGroup
	shutdown sync.Once
}

// Info is what a program needs to know to live in the workspace.
type Info struct {
	Page          string        `json:"page"`
	SlackAPI      string        `json:"slack_api"`
	SlackBotToken string        `json:"slack_bot_token"`
	SlackAppToken string        `json:"slack_app_token"`
	AWSEndpoint   string        `json:"aws_endpoint"`
	Redis         string        `json:"redis"`
	Environments  []Environment `json:"environments"`
}

// Environment is one account and region of the cloud. Role is assumed to reach it, if it is not empty.
type Environment struct {
	Name    string `json:"name"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Role    string `json:"role,omitempty"`
}

// Start brings everything up, in the order Redis, Slack, AWS, page. On an error nothing stays behind.
func Start(opts Options) (*Workspace, error) {
	if opts.Start.IsZero() {
		opts.Start = time.Now()
	}
	rate := 1.0
	if opts.Stopped {
		rate = 0
	}
	w := &Workspace{Clock: NewClock(opts.Start, rate), quit: make(chan struct{})}
	for _, start := range []func(Options) error{w.startRedis, w.startSlack, w.startCloud, w.startPage} {
		if err := start(opts); err != nil {
			return nil, errors.Join(fmt.Errorf("start the workspace: %w", err), w.Close())
		}
	}
	w.running.Go(w.tick)
	return w, nil
}

// Close stops everything, the last started first, and waits for it. Closing twice is harmless.
func (w *Workspace) Close() error {
	var errs []error
	w.shutdown.Do(func() {
		close(w.quit)
		for i := len(w.closers) - 1; i >= 0; i-- {
			errs = append(errs, w.closers[i]())
		}
		w.running.Wait()
	})
	return errors.Join(errs...)
}

// Info returns the addresses and tokens of the workspace.
func (w *Workspace) Info() Info { return w.info }

// Advance pushes the clock, and Redis with it.
func (w *Workspace) Advance(d time.Duration) error {
	err := w.Clock.Advance(d)
	w.setRedisTime()
	return err
}

// beat is how often Redis is told the time and the clock's timers are looked at.
const beat = 100 * time.Millisecond

func (w *Workspace) tick() {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			w.Clock.Tick()
			w.setRedisTime()
		case <-w.quit:
			return
		}
	}
}

func (w *Workspace) startSlack(opts Options) error {
	so := people(opts)
	so.Addr, so.Seed, so.RateLimits = opts.SlackAddr, opts.Seed, !opts.NoLimits
	so.Now, so.After = w.Clock.Now, w.Clock.After
	so.Timings.Lifetime = 30 * 24 * time.Hour // pushing the clock must not renew every connection in one blow
	so.Timings.Trigger = 3 * time.Minute      // at sixty times real time a form still has three seconds to open
	if opts.Slack != nil {
		opts.Slack(&so)
	}
	slack, err := slacksim.New(so)
	if err != nil {
		return err
	}
	if err := slack.Start(); err != nil {
		return err
	}
	w.Slack = slack
	w.onClose(slack.Close)
	app := slack.App()
	w.info.SlackAPI = slack.URL() + "/api/"
	w.info.SlackBotToken, w.info.SlackAppToken = app.BotToken, app.AppToken
	return nil
}

func (w *Workspace) startCloud(opts Options) error {
	ao := awssim.Options{Now: w.Clock.Now, Seed: opts.Seed, Account: productionAccount, Regions: regions(), NoThrottle: opts.NoLimits}
	if opts.AWS != nil {
		opts.AWS(&ao)
	}
	w.Cloud = awssim.New(ao)
	w.onClose(w.Cloud.Close)
	inside := newMachines()
	w.Cloud.OnScript(inside.run)
	w.Cloud.OnChange(inside.changed)
	w.info.Environments = environments()
	if !opts.Bare {
		if err := stock(w.Cloud); err != nil {
			return fmt.Errorf("stock the cloud: %w", err)
		}
	}
	url, err := w.serve(opts.AWSAddr, w.Cloud.Handler())
	w.info.AWSEndpoint = url
	return err
}

const anyPort = "127.0.0.1:0"

// serve starts an HTTP server and returns its URL.
func (w *Workspace) serve(addr string, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", cmp.Or(addr, anyPort))
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	w.running.Go(func() { _ = server.Serve(listener) })
	w.onClose(server.Close)
	return "http://" + listener.Addr().String(), nil
}

func (w *Workspace) onClose(stop func() error) { w.closers = append(w.closers, stop) }
