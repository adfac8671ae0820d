package bot

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	postEvery    = time.Second      // to one channel
	postBurst    = 3                // messages to one channel before the pace holds
	window       = 60               // so many messages' time is the window in which changes of messages are counted: a minute
	updates      = 38               // of chat.update in the window that may be asked for at any time
	finalUpdates = 46               // with those that tell how something ended
	patience     = 3 * time.Second  // longest wait before a caller is sent away instead
	forget       = 10 * time.Minute // of a quiet channel
)

// pace keeps to Slack's limits: a method rests when Slack says so, messages go to a channel once a
// second, and messages are changed less than fifty times a minute.
type pace struct {
	now   func() time.Time
	every time.Duration // between two messages to one channel; all else is measured by it

	mu       sync.Mutex
	resting  map[string]time.Time // by method
	changes  []time.Time          // of chat.update in the last minute
	channels map[string]time.Time // when the next message to a channel is due, were there no burst
}

func newPace(now func() time.Time, every time.Duration) *pace {
	return &pace{now: now, every: every, resting: map[string]time.Time{}, channels: map[string]time.Time{}}
}

// rest keeps a method from being called for so long.
func (p *pace) rest(method string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.now().Add(d); until.After(p.resting[method]) {
		p.resting[method] = until
	}
}

// wait comes back when method may be called, or tells to come back later.
func (p *pace) wait(ctx context.Context, method string, more paceOf) error {
	p.mu.Lock()
	now := p.now()
	d := p.resting[method].Sub(now)
	if d <= 0 && more != nil {
		d = more(now)
	}
	p.mu.Unlock()
	if d <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); d > patience || (ok && now.Add(d).After(deadline)) {
		return &RateLimited{Method: method, After: d}
	}
	if err := waitUntil(ctx, p.now, now.Add(d)); err != nil {
		return fmt.Errorf("%s: %w: %w", method, errNotCalled, err)
	}
	return p.wait(ctx, method, more)
}

// change takes one of the minute's changes, if there is one left.
func (p *pace) change(final bool) paceOf {
	return func(now time.Time) time.Duration {
		for len(p.changes) > 0 && now.Sub(p.changes[0]) >= window*p.every {
			p.changes = p.changes[1:]
		}
		most := updates
		if final {
			most = finalUpdates
		}
		if len(p.changes) >= most {
			return p.changes[len(p.changes)-most].Add(window * p.every).Sub(now)
		}
		p.changes = append(p.changes, now)
		return 0
	}
}

// post takes the channel's next turn. Turns may be taken a little ahead of time.
func (p *pace) post(channel string) paceOf {
	return func(now time.Time) time.Duration {
		for c, due := range p.channels {
			if now.Sub(due) > forget {
				delete(p.channels, c)
			}
		}
		due := p.channels[channel]
		if due.Before(now) {
			due = now
		}
		if d := due.Sub(now) - (postBurst-1)*p.every; d > 0 {
			return d
		}
		p.channels[channel] = due.Add(p.every)
		return 0
	}
}

// paceOf takes a turn at now, or tells how long to wait for it.
type paceOf func(now time.Time) time.Duration
