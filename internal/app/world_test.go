package app_test

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/telemetry"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
	"github.com/amiral-ops/amiral/internal/workspace/story"
)

// beside is how many worlds may stand beside each other: they mostly wait.
const beside = 12

func TestMain(m *testing.M) {
	if mainOfChild() {
		return
	}
	shareEnvironment()
	flag.Parse()
	together := beside
	if testing.Short() { // under the race detector, where they work more than they wait
		together = beside / 2
	}
	if runtime.GOMAXPROCS(0) < together {
		_ = flag.Set("test.parallel", strconv.Itoa(together)) // it is a flag of this binary
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// world is a workspace with one bot or more at work in it.
type world struct {
	*workspace.Workspace
	t      *testing.T
	config config.Config
	aws    http.RoundTripper // to this world's AWS
	pace   time.Duration     // between two messages to one channel; Slack's own when zero

	mu   sync.Mutex
	bots []*replica
}

// replica is one bot.
type replica struct {
	app    *app.App
	cancel context.CancelFunc
	done   chan error
}

// newWorld starts a workspace and n bots beside others that are there at the same time. An environment belongs to
// all of them (see shareEnvironment), so that each is led to an AWS of its own on the way.
func newWorld(t *testing.T, n int, change ...func(*workspace.Options, *config.Config)) *world {
	t.Helper()
	w := openWorld(t, change...)
	w.populate(n)
	return w
}

// hurried is between two messages to a channel where nothing depends on Slack's own pace: a story plays hours in seconds.
const hurried = 50 * time.Millisecond

// hurriedWorld is a world whose bots write faster than Slack allows.
func hurriedWorld(t *testing.T, n int, change ...func(*workspace.Options, *config.Config)) *world {
	t.Helper()
	w := openWorld(t, change...)
	w.pace = hurried
	w.populate(n)
	return w
}

// shareEnvironment prepares the environment for worlds beside each other.
func shareEnvironment() {
	for name, value := range awsEnv(workspace.Info{AWSEndpoint: "http://aws.local"}) {
		_ = os.Setenv(name, value) // the names are good ones
	}
	_ = os.Unsetenv("AWS_CA_BUNDLE") // the SDK cannot add it to a client of ours
}

// led leads every request to one address.
type led struct {
	to  string
	way http.RoundTripper
}

// RoundTrip sends a request there.
func (l led) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = l.to
	return l.way.RoundTrip(r)
}

// openWorld starts a workspace.
func openWorld(t *testing.T, change ...func(*workspace.Options, *config.Config)) *world {
	t.Helper()
	slash, err := app.Slash()
	if err != nil {
		t.Fatal(err)
	}
	o := workspace.Options{NoLimits: true, Seed: 1}
	for _, c := range slash {
		o.Commands = append(o.Commands, slacksim.Command{Command: c.Command, Description: c.Description, UsageHint: c.UsageHint, ShouldEscape: true})
	}
	c := settings()
	for _, f := range change {
		f(&o, &c)
	}
	w, err := workspace.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	way := &http.Transport{}
	t.Cleanup(way.CloseIdleConnections)
	return &world{Workspace: w, t: t, config: c, aws: led{to: strings.TrimPrefix(w.Info().AWSEndpoint, "http://"), way: way}}
}

// populate starts the bots of a world.
func (w *world) populate(n int) {
	w.t.Helper()
	for range n {
		w.start()
	}
	w.t.Cleanup(w.stop)
}

// options are what a bot of this world is made from.
func (w *world) options() app.Options {
	w.t.Helper()
	return app.Options{Config: w.config, Environ: environ(w.Info()), Log: w.log(), AWS: w.aws, Pace: w.pace}
}

// settings is a configuration for tests that are not about the policy: production needs one of the engineers,
// staging nobody. It looks often, since time is pushed.
func settings() config.Config {
	none, one := 0, 1
	return config.Config{
		HTTP:   config.HTTP{Addr: "127.0.0.1:0"},
		Engine: config.Engine{Poll: 2 * time.Second, Redraw: 100 * time.Millisecond, Lease: 5 * time.Second},
		Environments: []config.Environment{
			{Name: "production", Region: "eu-west-1", Channels: []string{"#deploys"}, Default: true},
			{Name: "staging", Region: "eu-central-1", Role: "arn:aws:iam::210987654321:role/amiral", Channels: []string{"#staging"}},
		},
		Policy: policy.Policy{Rules: []policy.Rule{
			{Name: "production rollouts", Kind: "rollout", Environment: "production", Approvals: &one, From: "sre"},
			{Name: "staging is free", Environment: "staging", Approvals: &none},
		}},
	}
}

// asTheDemo takes the policy, the operators and what is said of images that the stories are written for.
func asTheDemo(_ *workspace.Options, c *config.Config) {
	demo, err := config.Parse(story.Settings())
	if err != nil {
		panic(err) // the file is part of the package
	}
	c.Policy, c.Operators, c.Images = demo.Policy, demo.Operators, demo.Images
}

func awsEnv(info workspace.Info) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": info.AWSEndpoint, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "eu-west-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

func environ(info workspace.Info) config.Environ {
	return config.Environ{BotToken: config.Secret(info.SlackBotToken), AppToken: config.Secret(info.SlackAppToken), SlackAPI: info.SlackAPI, Redis: config.Secret(info.Redis)}
}

// start starts another bot.
func (w *world) start() {
	w.t.Helper()
	a, err := app.New(context.Background(), w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &replica{app: a, cancel: cancel, done: make(chan error, 1)}
	go func() {
		err := a.Run(ctx)
		a.Close()
		r.done <- err
	}()
	w.mu.Lock()
	w.bots = append(w.bots, r)
	w.mu.Unlock()
	w.ready(r)
}

// ready waits until the bot would receive an envelope.
func (w *world) ready(r *replica) {
	w.t.Helper()
	if !until(context.Background(), patience, func() bool { return r.app.Ready() == nil }) {
		w.t.Fatal("the bot is not ready")
	}
}

// log goes to the file of LOG, if that is set.
func (w *world) log() *slog.Logger {
	dir := os.Getenv("LOG")
	if dir == "" {
		return slog.New(slog.DiscardHandler)
	}
	f, err := os.OpenFile(filepath.Join(dir, strings.ReplaceAll(w.t.Name(), "/", "_")+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = f.Close() })
	return telemetry.NewLog(f, "debug")
}

// stop ends every bot in order, and waits.
func (w *world) stop() {
	w.mu.Lock()
	bots := w.bots
	w.bots = nil
	w.mu.Unlock()
	for _, r := range bots {
		r.cancel()
	}
	for _, r := range bots {
		if err := <-r.done; err != nil {
			w.t.Errorf("a bot ended with %v, want nil", err)
		}
	}
}

// restart ends every bot and starts as many anew.
func (w *world) restart(context.Context) error {
	n := len(w.bots)
	w.stop()
	for range n {
		w.start()
	}
	return nil
}

// play plays a story to its end. Whatever happened in it, the whole record verifies.
func (w *world) play(s story.Story) {
	w.t.Helper()
	p := story.Player{Page: w.Info().Page, Patience: patience, Crash: w.restart, Command: w.operate, Verify: w.verify, Log: testLog{w.t}}
	if err := p.Play(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	if err := w.verify(w.t.Context()); err != nil {
		w.t.Errorf("the audit does not verify: %v", err)
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// script is a story written in a test.
func script(t *testing.T, lines string) story.Story {
	t.Helper()
	s, err := story.Parse(t.Name(), []byte("-- script --\n"+lines))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// redisServer starts a real Redis with an append-only file, and returns its address. Where there is none
// the test is left out, unless REQUIRE_REDIS says that nothing is.
func redisServer(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("REQUIRE_REDIS") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("left out: redis-server is not installed")
	}
	return startRedis(t, program, freePort(t))
}
