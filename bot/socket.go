package bot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/fault"
)

// socket is one connection. It is opened again by itself when it is lost, until it has a successor.
type socket struct {
	owner   *Sockets
	client  *socketmode.Client
	log     *slog.Logger
	greeted chan struct{} // closed at the first hello

	passed, seen    atomic.Int64 // frames that the tap let through, and that came out of slack-go
	queued, written atomic.Int64 // acknowledgements handed to slack-go, and seen going out
	taken           atomic.Int64 // envelopes under way
	beat            atomic.Int64 // of the reader, in nanoseconds

	mu        sync.Mutex
	hello     bool
	since     time.Time
	ping      time.Time
	reason    string // why the connection is about to end
	succeeded bool   // another socket takes its place
	restart   context.CancelFunc
	failure   *fault.Fault
	again     map[string]time.Time // acknowledgements that were sent a second time
}

func newSocket(s *Sockets) *socket {
	k := &socket{owner: s, log: s.Slack.log, greeted: make(chan struct{}), again: map[string]time.Time{}, restart: func() {}}
	api := slack.New(s.Slack.settings.BotToken,
		slack.OptionAppLevelToken(s.Slack.settings.AppToken),
		slack.OptionAPIURL(s.Slack.settings.APIURL),
		slack.OptionHTTPClient(&opener{Client: s.Slack.http, gate: s.gate}))
	k.client = socketmode.New(api,
		socketmode.OptionDialer(dialer(k)),
		socketmode.OptionPingInterval(s.Ping),
		socketmode.OptionLog(log.New(io.Discard, "", 0)))
	return k
}

// run keeps the connection open until ctx ends, a successor has taken over, or the token is refused for
// good. slack-go is started anew when its own wait between attempts grows too long.
func (k *socket) run(ctx context.Context) error {
	for {
		once, cancel := context.WithCancel(ctx)
		k.mu.Lock()
		k.restart = cancel
		k.mu.Unlock()
		err := k.client.RunContext(once)
		cancel()
		k.mu.Lock()
		failure, over := k.failure, k.succeeded && !k.hello
		k.mu.Unlock()
		if failure == nil {
			failure = fatal(appToken, code(err))
		}
		switch {
		case failure != nil:
			return failure
		case over || ctx.Err() != nil:
			return nil
		case !gaveUp(err):
			k.log.Warn("socket starts again", "err", err)
		}
	}
}

// read takes events from slack-go, and does nothing that could hold it up.
func (k *socket) read(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		k.beat.Store(k.owner.Slack.now().UnixNano())
		select {
		case <-ctx.Done():
			return
		case e := <-k.client.Events:
			k.event(e)
		case <-tick.C:
		}
	}
}

func (k *socket) event(e socketmode.Event) {
	if ofFrame(e) {
		defer k.seen.Add(1)
	}
	switch e.Type {
	case socketmode.EventTypeHello:
		k.welcome(e.Request)
	case socketmode.EventTypeConnectionError:
		if c, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			k.notConnected(c)
		}
	case socketmode.EventTypeErrorWriteFailed:
		if w, ok := e.Data.(*socketmode.ErrorWriteFailed); ok {
			k.writeFailed(w)
		}
	case socketmode.EventTypeErrorBadMessage:
		if b, ok := e.Data.(*socketmode.ErrorBadMessage); ok {
			k.unread(b.Message)
		}
	case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		if e.Request != nil {
			k.owner.receive(k, *e.Request)
		}
	}
}

// ofFrame reports whether an event is what slack-go made of one frame.
func ofFrame(e socketmode.Event) bool {
	switch e.Type {
	case socketmode.EventTypeHello, socketmode.EventTypeErrorBadMessage, socketmode.EventTypeSlashCommand,
		socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		return true
	case socketmode.EventTypeIncomingError:
		if in, ok := e.Data.(*slack.IncomingEventError); ok {
			_, syntax := errors.AsType[*json.SyntaxError](in.ErrorObj)
			return syntax
		}
	}
	return false
}

// unread looks at a frame that slack-go does not understand, such as a new kind of event. It is taken
// like any other if it is an envelope, since Slack wants an answer.
func (k *socket) unread(raw []byte) {
	var r socketmode.Request
	if json.Unmarshal(raw, &r) != nil || r.EnvelopeID == "" {
		k.log.Warn("frame cannot be read", "bytes", len(raw))
		return
	}
	k.owner.receive(k, r)
}

func (k *socket) notConnected(c *slack.ConnectionErrorEvent) {
	failure := fatal(appToken, code(c.ErrorObj))
	_, limited := errors.AsType[*slack.RateLimitedError](c.ErrorObj)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case failure != nil:
		k.failure = failure
		k.restart()
	case !limited && c.Backoff > longBackoff:
		k.restart()
	}
	if !gaveUp(c.ErrorObj) {
		k.log.Warn("socket cannot connect", "attempt", c.Attempt, "err", bare(c.ErrorObj))
	}
}

// ack acknowledges an envelope, with a reply if there is one and it is not too long.
func (k *socket) ack(id string, reply any) {
	if id == "" {
		return
	}
	err := k.send(socketmode.Response{EnvelopeID: id, Payload: reply})
	if err != nil && reply != nil && !gaveUp(err) {
		k.log.Error("reply is too long", "err", err)
		err = k.send(socketmode.Response{EnvelopeID: id})
	}
	if err != nil {
		k.log.Warn("envelope is not acknowledged", "err", err)
	}
}

func (k *socket) send(r socketmode.Response) error {
	ctx, cancel := context.WithTimeout(context.Background(), ackLimit)
	defer cancel()
	k.queued.Add(1)
	err := k.client.SendCtx(ctx, r)
	if err != nil {
		k.queued.Add(-1)
	}
	return err
}

// writeFailed sends an acknowledgement once more: slack-go writes it to the connection that is open then.
func (k *socket) writeFailed(w *socketmode.ErrorWriteFailed) {
	k.queued.Add(-1)
	if w.Response == nil {
		return
	}
	id, now := w.Response.EnvelopeID, k.owner.Slack.now()
	k.mu.Lock()
	for old, at := range k.again {
		if now.Sub(at) > ackLimit {
			delete(k.again, old)
		}
	}
	_, twice := k.again[id]
	k.again[id] = now
	k.mu.Unlock()
	if twice {
		k.log.Warn("envelope is not acknowledged", "err", w.Cause)
		return
	}
	k.owner.takes.Go(func() { _ = k.send(socketmode.Response{EnvelopeID: id, Payload: w.Response.Payload}) })
}

// idle reports whether everything that came over the connection is acknowledged and written.
func (k *socket) idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.taken.Load() > 0:
		return false
	case !k.hello:
		return true
	}
	return k.seen.Load() >= k.passed.Load() && k.written.Load() >= k.queued.Load()
}
