package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/fault"
)

// Envelope is one thing that Slack delivered.
type Envelope struct {
	ID       string
	Type     string // slash_commands, interactive or events_api
	Payload  json.RawMessage
	Attempt  int // 0 for the first delivery that Slack counts
	Received time.Time
}

// Taker takes an envelope. When it returns, the envelope is acknowledged, with reply if there is one.
type Taker interface {
	Take(ctx context.Context, e Envelope) (reply any)
}

const (
	takeLimit   = 2 * time.Second // to write an envelope down; Slack waits three seconds in all
	ackLimit    = 3 * time.Second
	inFlight    = 1000 // envelopes taken at the same time, over all sockets
	longBackoff = ceiling
)

// Sockets keeps two connections to Slack open at the same time, and shares one Taker among them. When
// Slack announces that it will renew one, its successor is opened first.
type Sockets struct {
	Slack   *Slack
	Taker   Taker
	Count   int           // connections; 2 when zero
	Stagger time.Duration // between the first hello of one and the opening of the next; 2s when zero
	Ping    time.Duration // longest time between two pings from Slack; 25s when zero
	Grace   time.Duration // for envelopes under way at the end; 4s when zero
	Expect  int           // connections that all replicas hold together; 0 when it is not known

	gate   *gate
	slots  chan struct{}
	takes  sync.WaitGroup
	runs   sync.WaitGroup
	lost   chan *fault.Fault
	failed chan error

	mu      sync.Mutex
	alive   context.Context // of the connections; nil before Run and at its end
	begun   time.Time       // when the latest socket began, or will
	all     []*socket
	reasons map[string]int
	number  int
	alarm   string
	until   time.Time // the alarm is over
}

// NewSockets returns sockets that hand everything to taker.
func NewSockets(s *Slack, taker Taker) *Sockets {
	return &Sockets{
		Slack: s, Taker: taker,
		gate:    &gate{now: s.now, steady: steady},
		slots:   make(chan struct{}, inFlight),
		lost:    make(chan *fault.Fault, 1),
		failed:  make(chan error, 1),
		reasons: map[string]int{},
	}
}

// Run keeps the sockets open until ctx ends or Slack refuses the token for good, which is the fault it
// returns. It ends in order: what is under way is finished and acknowledged, then Slack is told goodbye.
// It is called once.
func (s *Sockets) Run(ctx context.Context) error {
	s.defaults()
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s.mu.Lock()
	s.alive = alive
	s.mu.Unlock()

	opened := make(chan struct{})
	starting, started := context.WithCancel(ctx)
	go func() { defer close(opened); s.start(starting) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	case f := <-s.lost:
		err = f
	}
	started()
	<-opened
	s.drain()
	stop()
	s.runs.Wait()
	s.takes.Wait()
	return err
}

func (s *Sockets) defaults() {
	s.Count = cmp.Or(s.Count, 2)
	s.Stagger = cmp.Or(s.Stagger, 2*time.Second)
	s.Ping = cmp.Or(s.Ping, 25*time.Second)
	s.Grace = cmp.Or(s.Grace, 4*time.Second)
}

// start opens the sockets one after the other: each waits for the hello of the one before, and a little
// longer, so that Slack does not renew them together.
func (s *Sockets) start(ctx context.Context) {
	for range s.Count {
		k := s.begin()
		if k == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-k.greeted:
		}
		if waitUntil(ctx, time.Now, time.Now().Add(s.Stagger)) != nil {
			return
		}
	}
}

// begin opens one more socket; nil when all is ending.
func (s *Sockets) begin() *socket {
	k := newSocket(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive == nil {
		return nil
	}
	s.all = append(s.all, k)
	if now := time.Now(); now.After(s.begun) {
		s.begun = now
	}
	alive := s.alive
	s.runs.Go(func() { s.live(alive, k) })
	return k
}

// live runs a socket and forgets it when it has ended.
func (s *Sockets) live(ctx context.Context, k *socket) {
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	var reader sync.WaitGroup
	reader.Go(func() { k.read(reading) })
	err := k.run(ctx)
	stop()
	reader.Wait()
	s.mu.Lock()
	s.all = slices.DeleteFunc(s.all, func(other *socket) bool { return other == k })
	s.mu.Unlock()
	if err == nil {
		return
	}
	select {
	case s.failed <- err:
	default:
	}
}

// Lost ends Run: the app was uninstalled or its tokens were revoked. code is Slack's word for it.
func (s *Sockets) Lost(code string) {
	f := fatal(botToken, code)
	if f == nil {
		f = fault.New(fault.Unavailable, "Slack ended the app's access (%s).", code)
	}
	select {
	case s.lost <- f:
	default:
	}
}

// receive takes an envelope from the socket k without ever holding up its reader.
func (s *Sockets) receive(k *socket, r socketmode.Request) {
	e := Envelope{ID: r.EnvelopeID, Type: r.Type, Payload: r.Payload, Attempt: r.RetryAttempt, Received: s.Slack.now()}
	select {
	case s.slots <- struct{}{}:
	default:
		k.log.Error("envelope is left to Slack", "type", e.Type, "why", "too many are under way")
		return
	}
	k.taken.Add(1)
	s.takes.Go(func() {
		defer func() { k.taken.Add(-1); <-s.slots }()
		k.ack(e.ID, s.take(k.log, e))
	})
}

// take asks the taker. Whatever happens there, the envelope is acknowledged.
func (s *Sockets) take(log *slog.Logger, e Envelope) (reply any) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("envelope cannot be taken", "type", e.Type, "panic", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), takeLimit)
	defer cancel()
	return s.Taker.Take(ctx, e)
}

// drain waits until everything that came is acknowledged and on its way. No socket begins any more.
func (s *Sockets) drain() {
	s.mu.Lock()
	s.alive = nil
	all := slices.Clone(s.all)
	s.mu.Unlock()
	deadline := time.NewTimer(s.Grace)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for slices.ContainsFunc(all, func(k *socket) bool { return !k.idle() }) {
		select {
		case <-look.C:
		case <-deadline.C:
			s.Slack.log.Warn("sockets closed with envelopes under way")
			return
		}
	}
}
