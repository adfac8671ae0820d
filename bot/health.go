package bot

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/slack-go/slack/socketmode"
)

// Health is what the sockets are at one moment.
type Health struct {
	Sockets     []SocketHealth
	Reconnects  map[string]int // by reason
	Connections int            // that Slack believes this app has, with those of other replicas
	Alarm       string         // a sentence for operators; empty when all is well
}

// SocketHealth is one connection at one moment.
type SocketHealth struct {
	Connected bool          // Slack said hello and the connection has not ended
	Since     time.Time     // of the hello
	PingAge   time.Duration // since Slack's latest sign of life
	Reading   bool          // envelopes are being read
	Ready     bool          // all of these
}

// Ready tells why no envelope can be received; nil when at least one connection works.
func (h Health) Ready() error {
	for _, k := range h.Sockets {
		if k.Ready {
			return nil
		}
	}
	if h.Alarm != "" {
		return fmt.Errorf("no connection to Slack: %s", h.Alarm)
	}
	return fmt.Errorf("no connection to Slack")
}

// Health looks at the sockets. It asks nobody: it is what was seen on the wire.
func (s *Sockets) Health() Health {
	now := s.Slack.now()
	s.mu.Lock()
	h := Health{Reconnects: maps.Clone(s.reasons), Connections: s.number}
	if now.Before(s.until) {
		h.Alarm = s.alarm
	}
	all := slices.Clone(s.all)
	s.mu.Unlock()
	for _, k := range all {
		h.Sockets = append(h.Sockets, k.health(now))
	}
	return h
}

// Ready tells why no envelope can be received; nil when at least one connection works.
func (s *Sockets) Ready() error { return s.Health().Ready() }

func (k *socket) health(now time.Time) SocketHealth {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := SocketHealth{
		Connected: k.hello,
		Reading:   now.Sub(time.Unix(0, k.beat.Load())) < 5*time.Second,
	}
	if k.hello {
		h.Since, h.PingAge = k.since, now.Sub(k.ping)
	}
	h.Ready = h.Connected && h.Reading && h.PingAge < 2*k.owner.Ping
	return h
}

// welcome notes Slack's hello: from here on envelopes come.
func (k *socket) welcome(r *socketmode.Request) {
	now := k.owner.Slack.now()
	k.mu.Lock()
	k.hello, k.since, k.ping, k.reason = true, now, now, ""
	k.mu.Unlock()
	select {
	case <-k.greeted:
	default:
		close(k.greeted)
	}
	if r == nil {
		return
	}
	k.owner.counted(r.NumConnections)
	k.log.Info("socket connected", "connections", r.NumConnections, "host", r.DebugInfo.Host)
}

// counted notes how many connections Slack believes in. More than there should be means that another
// program uses the same token, or that Slack has not noticed the end of old ones: both take envelopes away.
func (s *Sockets) counted(n int) {
	s.mu.Lock()
	s.number = n
	strange := s.Expect > 0 && n > s.Expect
	s.mu.Unlock()
	if strange {
		s.warn(fmt.Sprintf("Slack counts %d connections, and %d are ours", n, s.Expect), s.Slack.now().Add(longest))
	}
}

func (s *Sockets) warn(alarm string, until time.Time) {
	s.mu.Lock()
	s.alarm, s.until = alarm, until
	s.mu.Unlock()
	s.Slack.log.Error("sockets need attention", "why", alarm)
}

// pinged notes a sign of life.
func (k *socket) pinged() {
	k.mu.Lock()
	k.ping = k.owner.Slack.now()
	k.mu.Unlock()
}

// delivered notes that a frame is on its way through slack-go.
func (k *socket) delivered() { k.passed.Add(1) }

// acked notes that an acknowledgement went out.
func (k *socket) acked() { k.written.Add(1) }

// dismissed is told that Slack asks to disconnect. When the connection is to be renewed, its successor
// begins at once. After a mere warning envelopes still come, so nothing is closed yet; otherwise the
// connection is left as soon as what came over it is acknowledged.
func (k *socket) dismissed(reason string, t *tap) {
	s := k.owner
	switch reason {
	case "too_many_websockets":
		s.warn("Slack says that this app has too many connections", s.gate.ban().Add(steady))
	case "link_disabled":
		s.warn("Socket Mode is switched off for this app", s.gate.ban().Add(steady))
	default:
		k.succeed(reason == "warning")
	}
	if reason == "warning" {
		return
	}
	k.mu.Lock()
	k.reason = reason
	k.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive != nil { // otherwise it is closed anyway, in order
		s.takes.Go(func() { k.leave(t) })
	}
}

// succeed begins the socket that takes this one's place, once. When there is time, it keeps the sockets
// apart, so that they are not all renewed at the same moment the next time.
func (k *socket) succeed(early bool) {
	k.mu.Lock()
	first := !k.succeeded && k.hello
	k.succeeded = k.succeeded || first
	k.mu.Unlock()
	if !first {
		return
	}
	s := k.owner
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive == nil {
		return
	}
	alive, at := s.alive, time.Now()
	if apart := s.begun.Add(s.Stagger); early && apart.After(at) {
		at = apart
	}
	s.begun = at
	s.takes.Go(func() {
		if waitUntil(alive, time.Now, at) == nil {
			s.begin()
		}
	})
}

// leave closes a connection that Slack gives up, when everything that came over it is acknowledged.
func (k *socket) leave(t *tap) {
	const (
		least = 50 * time.Millisecond // for envelopes right behind the request
		most  = time.Second
	)
	began := time.Now()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for range look.C {
		if d := time.Since(began); d > most || (d > least && k.idle()) {
			break
		}
	}
	_ = t.Close()
}

// closed notes that the connection has ended.
func (k *socket) closed() {
	now := k.owner.Slack.now()
	k.mu.Lock()
	reason := k.reason
	switch {
	case reason != "":
	case k.hello && now.Sub(k.ping) > k.owner.Ping:
		reason = "no_pings"
	default:
		reason = "lost"
	}
	k.hello, k.reason = false, ""
	k.written.Store(k.queued.Load())
	k.passed.Store(k.seen.Load())
	if k.succeeded {
		k.restart() // which ends it
	}
	k.mu.Unlock()

	s := k.owner
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive != nil {
		s.reasons[reason]++
		k.log.Info("socket closed", "reason", reason)
	}
}
