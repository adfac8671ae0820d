package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/inbox"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/telemetry"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// fate decides when a bot dies: before or after the n-th call to AWS or Slack, or Redis command that is
// more than a look for work.
// A bot that died has no effect any more, on Redis, on AWS or in Slack.
type fate struct {
	owner  string
	n      int  // 0: it lives
	before bool // the command has no effect any more
	end    func()

	mu    sync.Mutex
	on    bool
	count int
	where string // what it died at
	dead  bool
	died  chan struct{}
}

func (f *fate) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if f.isDead() {
			return nil, crashtest.ErrDead
		}
		return next(ctx, network, addr)
	}
}

func (f *fate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := f.around(cmd.Name(), f.looks(cmd), func() (bool, error) {
			err := next(ctx, cmd)
			return err == nil || !errors.Is(err, redis.Nil), err
		})
		if err != nil {
			cmd.SetErr(err)
		}
		return err
	}
}

func (f *fate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := f.around("pipeline", false, func() (bool, error) { return true, next(ctx, cmds) })
		if errors.Is(err, crashtest.ErrDead) {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// looks reports whether a command looks for work: it may find none, and then it is no point to die at.
func (f *fate) looks(cmd redis.Cmder) bool {
	args := cmd.Args()
	switch cmd.Name() {
	case "xreadgroup", "xautoclaim", "xinfo", "ping", "hello", "client":
		return true
	case "evalsha", "eval":
		return len(args) > 10 && args[10] == f.owner // a claim begins with who claims
	}
	return false
}

// around does a command, and dies where it is to.
func (f *fate) around(name string, look bool, do func() (found bool, err error)) error {
	if f.isDead() || !look && f.before && f.due(name) {
		return crashtest.ErrDead
	}
	found, err := do()
	if f.isDead() || !f.before && (found || !look) && f.due(name) {
		return crashtest.ErrDead
	}
	return err
}

// due counts a point, and reports whether it is the last.
func (f *fate) due(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || f.dead {
		return f.dead
	}
	if f.count++; f.count != f.n {
		return false
	}
	f.dead, f.where = true, name
	f.end()
	close(f.died)
	return true
}

func (f *fate) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// arm begins the counting of points, or ends it: from then on it lives.
func (f *fate) arm(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

// town is a workspace of its own, for one run: its bot may die, and another takes its place.
type town struct {
	*people
	*workspace.Workspace
	log     *slog.Logger
	redis   *redis.Client
	lives   int
	orderly int // of them, those before which nobody died
	config  config.Config
	pace    time.Duration             // between two messages to one channel; Slack's own when zero
	before  func(action string) error // asked before AWS is; may be nil
	early   atomic.Bool               // AWS was written to too early
	again   int                       // cards and lines that came twice
	first   stock                     // what there was at AWS before anybody did anything
}

// newTown starts a workspace whose AWS is called without a network, so that many towns can stand side by side.
func newTown(log *slog.Logger, change func(*workspace.Options, *config.Config)) (*town, error) {
	slash, err := app.Slash()
	if err != nil {
		return nil, err
	}
	o := workspace.Options{NoLimits: true, Seed: 1}
	for _, c := range slash {
		o.Commands = append(o.Commands, slacksim.Command{Command: c.Command, Description: c.Description, UsageHint: c.UsageHint, ShouldEscape: true})
	}
	c := settings()
	c.HTTP.Addr = "off"
	if change != nil {
		change(&o, &c)
	}
	w, err := workspace.Start(o)
	if err != nil {
		return nil, err
	}
	at, err := redis.ParseURL(w.Info().Redis)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	tw := &town{Workspace: w, people: &people{slack: w.Slack}, log: log, config: c, redis: redis.NewClient(at)}
	tw.first = tw.stocktaking()
	return tw, nil
}

func (tw *town) close() error {
	return errors.Join(tw.redis.Close(), tw.Workspace.Close())
}

// mortal is a bot with a fate.
type mortal struct {
	fate  *fate
	app   *app.App
	slack *operatorLine
	stop  context.CancelFunc
	done  chan error
}

// birth starts a bot and waits until it would receive an envelope.
func (tw *town) birth(ctx context.Context, f *fate) (*mortal, error) {
	tw.lives++
	f.owner, f.died = fmt.Sprintf("bot-%d", tw.lives), make(chan struct{})
	f.end = func() { // called in the middle of what the bot does: Slack hears no more of it
		tw.Slack.Faults().Add(slacksim.Fault{Method: "*", Status: http.StatusServiceUnavailable, Times: -1})
		_ = tw.Slack.DropSockets(slacksim.Drop) // it knows the word
	}
	line := dialled(tw.Info().SlackAPI, f)
	at := tw.Info()
	at.SlackAPI = line.url()
	a, err := app.New(ctx, app.Options{
		Config: tw.config, Environ: environ(at), Log: tw.log, Owner: f.owner, Hook: f, AWS: guarded{wire{handler: tw.Cloud.Handler()}, tw, f}, Pace: tw.pace,
	})
	if err != nil {
		line.hangUp()
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m := &mortal{fate: f, app: a, slack: line, stop: cancel, done: make(chan error, 1)}
	go func() {
		err := a.Run(life)
		a.Close()
		m.done <- err
	}()
	if !until(ctx, patience, func() bool { return a.Ready() == nil }) {
		m.bury()
		return nil, errors.New("the bot is not ready")
	}
	return m, nil
}

// bury ends a bot, dead or alive, and waits for it.
func (m *mortal) bury() error {
	m.stop()
	err := <-m.done
	m.slack.hangUp()
	return err
}

// guarded makes every call to AWS something to die at, and keeps the dead from calling.
type guarded struct {
	wire http.RoundTripper
	town *town
	fate *fate
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	what := action(r, body)
	var a *http.Response
	err = g.fate.around("aws "+what, false, func() (_ bool, err error) {
		if g.town.before != nil {
			if err = g.town.before(what); err != nil {
				return false, err
			}
		}
		a, err = g.wire.RoundTrip(r)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// successor buries a bot that died, lets its leases run out, and starts another.
func (tw *town) successor(ctx context.Context, m *mortal) (*mortal, error) {
	if err := m.bury(); err != nil {
		return nil, fmt.Errorf("the dead bot ended with %w", err)
	}
	tw.Slack.Faults().Clear()
	if err := tw.Advance(31 * time.Second); err != nil {
		return nil, err
	}
	return tw.birth(ctx, &fate{})
}

// wrong is everything that is not as it must be at the end of a road, when the bots have gone.
func (tw *town) wrong(ctx context.Context, r road) (bad []string) {
	differs := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			bad = append(bad, fmt.Sprintf("%s: got %v, want %v", what, got, want))
		}
	}
	records := ledger.New(tw.redis, ledger.Options{})
	all, err := records.Recent(ctx, 10)
	var kinds []string
	for _, rec := range all {
		kinds = append(kinds, rec.Kind+" "+string(rec.State))
	}
	slices.Sort(kinds)
	differs("operations", kinds, r.operations)
	broken, errBroken := ledgertest.Broken(ctx, tw.redis, "amiral")
	bad = append(bad, broken...)
	differs("made at AWS", tw.stocktaking().since(tw.first), r.made)
	waiting, parked, errInbox := inbox.New(tw.redis, inbox.Options{}).Waiting(ctx)
	differs("left in the inbox", waiting+parked, 0)
	errAudit := verified(ctx, audit.New(tw.redis, audit.Key("amiral")))
	if err := errors.Join(err, errBroken, errInbox, errAudit); err != nil {
		bad = append(bad, err.Error())
	}
	for _, rec := range all {
		bad = append(bad, tw.untrue(ctx, records, rec)...)
	}
	if r.wrong != nil && len(all) == len(r.operations) {
		bad = append(bad, r.wrong(ctx, tw, all)...)
	}
	if len(bad) > 0 { // what people read helps to understand it
		for _, rec := range all {
			bad = append(bad, "  "+rec.Title+": "+rec.Outcome)
			for _, m := range tw.Slack.Thread(rec.Message.Channel, rec.Message.TS) {
				bad = append(bad, "    "+m.Visible())
			}
		}
	}
	return bad
}

// untrue is what is not as it must be in Slack: the card that the record knows is the last one, and its thread
// has every line. A death while something is posted may make one card or one line come twice, no more.
func (tw *town) untrue(ctx context.Context, records *ledger.Ledger, rec ledger.Record) (bad []string) {
	at, deaths := rec.Message, tw.lives-tw.orderly-1
	var cards []slacksim.Message
	for _, m := range tw.Slack.Messages(at.Channel) {
		if strings.Contains(m.Visible(), string(rec.ID)) {
			cards = append(cards, m)
		}
	}
	if len(cards) == 0 {
		return []string{fmt.Sprintf("%s has no card", rec.Title)}
	}
	if at.TS != cards[len(cards)-1].TS || len(cards)-1 > deaths {
		bad = append(bad, fmt.Sprintf("the card of %s is %s, and there are %d of which the last is %s", rec.Title, at.TS, len(cards), cards[len(cards)-1].TS))
	}
	entries, err := records.Journal(ctx, rec.ID)
	if err != nil {
		return append(bad, err.Error())
	}
	lines := 0
	if len(rec.Skipped) > 0 {
		lines++ // those who were passed over are called once
	}
	for _, e := range entries {
		if e.Line != "" {
			lines++
		}
	}
	again := len(cards) - 1 + len(tw.Slack.Thread(at.Channel, at.TS)) - 1 - lines
	if tw.again += again; again < 0 || again > deaths {
		bad = append(bad, fmt.Sprintf("%s: %d lines in the journal, %d in the thread, %d cards", rec.Title, lines, len(tw.Slack.Thread(at.Channel, at.TS))-1, len(cards)))
	}
	return bad
}

// townLog writes into the directory of LOG, if that is set.
func townLog(name string) (*slog.Logger, func()) {
	dir := os.Getenv("LOG")
	if dir == "" {
		return slog.New(slog.DiscardHandler), func() {}
	}
	f, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return slog.New(slog.DiscardHandler), func() {}
	}
	return telemetry.NewLog(f, "debug"), func() { _ = f.Close() }
}
