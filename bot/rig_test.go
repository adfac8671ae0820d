package bot_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is a small workspace.
func office() slacksim.Options {
	return slacksim.Options{
		Seed: 1,
		App: slacksim.App{
			Name: "amiral", Scopes: []string{"commands", "chat:write", "app_mentions:read", "im:history", "users:read", "usergroups:read", "channels:read", "groups:read", "im:read", "reactions:write", "files:read"},
			Commands: []slacksim.Command{{Command: "/asg", ShouldEscape: true}, {Command: "/amiral", ShouldEscape: true}},
			Events:   []string{"app_mention", "message.im", "app_home_opened", "subteam_members_changed", "subteam_updated", "user_change"},
		},
		Users: []slacksim.User{
			{ID: "U0DEV", Name: "dev", RealName: "Dev"}, {ID: "U0SRE", Name: "sre", RealName: "Sre"},
			{ID: "U0GUEST", Name: "guest", IsRestricted: true}, {ID: "U0ULTRA", Name: "ultra", IsUltraRestricted: true},
			{ID: "U0STRANGE", Name: "stranger", IsStranger: true, TeamID: "T0OTHER01"},
			{ID: "U0ROBOT", Name: "robot", IsBot: true}, {ID: "U0LEFT", Name: "left", Deleted: true},
		},
		Channels: []slacksim.Channel{
			{ID: "C0DEPLOYS", Name: "deploys", Members: []string{"dev", "sre", "amiral"}},
			{ID: "C0PUBLIC", Name: "public", Members: []string{"dev", "sre"}},
			{ID: "C0SECRET", Name: "secret", IsPrivate: true, Members: []string{"dev"}},
			{ID: "C0OLD", Name: "old", IsArchived: true, Members: []string{"dev", "amiral"}},
		},
		Groups:  []slacksim.Group{{ID: "S0SRE", Handle: "sre", Users: []string{"sre"}}},
		Timings: slacksim.Timings{Ping: 100 * time.Millisecond, Ack: 10 * time.Second},
	}
}

func workspace(t *testing.T, o slacksim.Options) *slacksim.Workspace {
	t.Helper()
	w, err := slacksim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// rig is the bot in a workspace, with a desk and an inbox made for tests.
type rig struct {
	*slacksim.Workspace
	slack   *bot.Slack
	web     *bot.Web
	people  *bot.People
	intake  *bot.Intake
	worker  *bot.Worker
	sockets *bot.Sockets
	desk    *desk
	inbox   *memory
	clock   *clock
	logs    *logs

	cancel context.CancelFunc
	ended  chan error
}

// wire connects a bot to a workspace without starting its sockets.
func wire(t *testing.T, w *slacksim.Workspace, inbox *memory) *rig {
	t.Helper()
	r := &rig{Workspace: w, desk: &desk{}, inbox: inbox, clock: &clock{}, logs: &logs{}}
	s, err := bot.New(bot.Settings{
		BotToken: w.App().BotToken, AppToken: w.App().AppToken, APIURL: w.URL() + "/api/",
		Log: slog.New(slog.NewTextHandler(r.logs, nil)), Now: r.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	self, err := s.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the bot said:\n%s", r.logs)
		}
	})
	r.slack, r.web, r.people = s, bot.NewWeb(s), bot.NewPeople(s, self)
	t.Cleanup(r.web.Close)
	r.intake = bot.NewIntake(inbox, r.web, r.people, self)
	r.worker = bot.NewWorker(r.desk, r.web)
	r.worker.Denied = r.intake.Denied
	inbox.start(t, r.worker.Handle)
	r.sockets = bot.NewSockets(s, r.intake)
	r.sockets.Hurry(time.Millisecond)
	r.sockets.Stagger, r.sockets.Ping = 50*time.Millisecond, 3*time.Second
	return r
}

// run starts the sockets and waits until both are connected.
func (r *rig) run(t *testing.T) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.ended = cancel, make(chan error, 1)
	go func() { r.ended <- r.sockets.Run(ctx) }()
	t.Cleanup(func() { r.stop(t) })
	eventually(t, "two sockets connected", func() bool { return r.connected() >= 2 })
	return r
}

func (r *rig) connected() int {
	n := 0
	for _, k := range r.sockets.Health().Sockets {
		if k.Ready {
			n++
		}
	}
	return n
}

// stop ends the sockets once and waits for them.
func (r *rig) stop(t *testing.T) {
	t.Helper()
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	if err := <-r.ended; err != nil {
		t.Errorf("got %v from Run, want nil", err)
	}
	r.intake.Close()
}

func startRig(t *testing.T) *rig { return wire(t, workspace(t, office()), newMemory()).run(t) }

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(8 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("got no %s in time", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// clock is real time, pushed forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) push(d time.Duration) {
	c.mu.Lock()
	c.ahead += d
	c.mu.Unlock()
}

type logs struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// memory is an inbox in memory, with the same promises: each key once, each item handled.
type memory struct {
	mu    sync.Mutex
	seen  map[string]bool
	items chan bot.Item
	hang  chan struct{} // while set, Add answers only when it is closed
	fail  error
}

func newMemory() *memory {
	return &memory{seen: map[string]bool{}, items: make(chan bot.Item, 5000)}
}

func (m *memory) Add(ctx context.Context, key, kind string, body []byte) (bool, error) {
	m.mu.Lock()
	hang, fail := m.hang, m.fail
	m.mu.Unlock()
	if hang != nil {
		<-hang // heeds no context, as a stalled connection may not
		return false, errors.New("stalled")
	}
	if fail != nil {
		return false, fail
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen[key] {
		return false, nil
	}
	m.seen[key] = true
	m.items <- bot.Item{Key: key, Kind: kind, Body: body}
	return true, nil
}

func (m *memory) set(hang chan struct{}, fail error) {
	m.mu.Lock()
	m.hang, m.fail = hang, fail
	m.mu.Unlock()
}

func (m *memory) start(t *testing.T, handle func(context.Context, bot.Item) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case it := <-m.items:
					if err := handle(ctx, it); err != nil && ctx.Err() == nil {
						t.Errorf("got %v from a handler", err)
					}
				}
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// desk notes what it is asked and answers as it is told.
type desk struct {
	mu       sync.Mutex
	commands []commands.Request
	presses  []commands.Press
	forms    []commands.Submission
	homes    []ledger.Actor

	onCommand func(commands.Request) commands.Result
	onPress   func(commands.Press) commands.Result
	onForm    func(commands.Submission) commands.Result
	onHome    func(ledger.Actor) card.Card
	onLook    func(commands.Submission) map[string]string

	searches []commands.Search
	onSearch func(commands.Search) commands.Found
}

func say(format string, args ...any) *card.Card {
	return &card.Card{Sections: []card.Section{card.Para(card.T(format, args...))}}
}

func (d *desk) Command(_ context.Context, r commands.Request) commands.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commands = append(d.commands, r)
	if d.onCommand != nil {
		return d.onCommand(r)
	}
	return commands.Result{Reply: say("you said %s", r.Text)}
}

func (d *desk) Press(_ context.Context, p commands.Press) commands.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.presses = append(d.presses, p)
	if d.onPress != nil {
		return d.onPress(p)
	}
	return commands.Result{Reply: say("you pressed %s", p.Action)}
}

func (d *desk) Submit(_ context.Context, s commands.Submission) commands.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forms = append(d.forms, s)
	if d.onForm != nil {
		return d.onForm(s)
	}
	return commands.Result{Reply: say("you sent %s", s.Modal)}
}

func (d *desk) Home(_ context.Context, who ledger.Actor) card.Card {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.homes = append(d.homes, who)
	if d.onHome != nil {
		return d.onHome(who)
	}
	return card.Card{Title: "Home of " + who.User}
}

// ReadOnly says that lists only read.
func (d *desk) ReadOnly(text string) bool { return strings.HasSuffix(text, "list") }

// Mistakes finds none unless it is told to.
func (d *desk) Mistakes(s commands.Submission) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.onLook == nil {
		return nil
	}
	return d.onLook(s)
}

func (d *desk) asked() []commands.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]commands.Request(nil), d.commands...)
}

func (d *desk) pressed() []commands.Press {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]commands.Press(nil), d.presses...)
}
