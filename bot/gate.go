package bot

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	steady   = 30 * time.Second // without an opening, after which the gate forgets
	ceiling  = 15 * time.Second // longest wait between two openings in ordinary trouble
	firstBan = 30 * time.Second // after Slack asked for fewer connections; doubles each time
	longest  = 5 * time.Minute
)

// gate lets the sockets open connections at a bearable pace, whatever ends them: at once after a quiet
// time, then after 0.5, 1, 2, 4, 8 and 15 seconds. When Slack says that there are too many connections,
// or that Socket Mode is off, it stays shut for longer each time.
type gate struct {
	now    func() time.Time
	steady time.Duration // without an opening, after which all is forgotten

	mu    sync.Mutex
	last  time.Time // of the latest opening, which may lie ahead
	level int
	shut  time.Time // not before
	bans  int
}

// next is when the next connection may be opened; asking for it counts as opening it.
func (g *gate) next() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if now.Sub(g.last) > g.steady {
		g.level = 0
	}
	if now.Sub(g.shut) > 4*longest {
		g.bans = 0
	}
	at := now
	if wait := g.last.Add(backoff(g.level)); g.level > 0 && wait.After(at) {
		at = wait
	}
	if g.shut.After(at) {
		at = g.shut
	}
	g.last = at
	g.level++
	return at
}

func backoff(level int) time.Duration {
	if level <= 0 {
		return 0
	}
	return min(ceiling, 500*time.Millisecond<<min(level-1, 10))
}

// ban shuts the gate for a while that grows, and returns until when.
func (g *gate) ban() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if g.shut.After(now.Add(firstBan / 2)) {
		return g.shut // both sockets were told the same
	}
	g.shut = now.Add(min(longest, firstBan<<min(g.bans, 5)))
	g.bans++
	return g.shut
}

// opener is the HTTP client of one socket: it passes openings through the gate.
type opener struct {
	*http.Client
	gate *gate
}

// Do waits for the gate when a connection is to be opened.
func (o *opener) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/apps.connections.open") {
		if err := waitUntil(r.Context(), o.gate.now, o.gate.next()); err != nil {
			return nil, err
		}
	}
	return o.Client.Do(r)
}

func waitUntil(ctx context.Context, now func() time.Time, at time.Time) error {
	d := at.Sub(now())
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
