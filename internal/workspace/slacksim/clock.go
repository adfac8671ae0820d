package slacksim

import (
	"sync"
	"time"
)

// Clock is a clock that moves only when it is pushed. Its Now and After fit
// [Options].
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*alarm]struct{}
}

type alarm struct {
	at time.Time
	f  func()
}

// NewClock returns a clock that stands at start.
func NewClock(start time.Time) *Clock {
	return &Clock{now: start, timers: map[*alarm]struct{}{}}
}

// Now returns the time the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After runs f when the clock has been pushed by d; a d of zero or less runs it
// at once, on its own goroutine.
func (c *Clock) After(d time.Duration, f func()) func() {
	if d <= 0 {
		return realAfter(0, f)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &alarm{at: c.now.Add(d), f: f}
	c.timers[a] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, a)
	}
}

// Advance pushes the clock and runs what falls due, in order of time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	end := c.now.Add(d)
	for {
		next := c.earliest(end)
		if next == nil {
			break
		}
		delete(c.timers, next)
		c.now = next.at
		c.mu.Unlock()
		next.f()
		c.mu.Lock()
	}
	c.now = end
	c.mu.Unlock()
}

func (c *Clock) earliest(end time.Time) *alarm {
	var found *alarm
	for a := range c.timers {
		if !a.at.After(end) && (found == nil || a.at.Before(found.at)) {
			found = a
		}
	}
	return found
}
