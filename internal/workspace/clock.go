package workspace

import (
	"container/heap"
	"errors"
	"sync"
	"time"
)

// Clock is the time of a workspace. It runs with real time, faster, or not at all, and it can be
// pushed forward; it never goes back. All its methods may be used from any goroutine.
type Clock struct {
	// moving is held while the clock goes forward, so that one push ends before the next begins.
	moving sync.Mutex

	mu     sync.Mutex
	base   time.Time // what the clock showed at anchor
	anchor time.Time // real time, with its monotonic reading
	rate   float64
	timers timers
	number int
}

// NewClock returns a clock that shows start and runs at the given rate: 1 for real time, 0 to stand
// still until it is pushed.
func NewClock(start time.Time, rate float64) *Clock {
	return &Clock{base: start.Round(0), anchor: time.Now(), rate: max(rate, 0)}
}

// Now returns the time the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	return c.base.Add(time.Duration(float64(time.Since(c.anchor)) * c.rate))
}

// Rate returns how many seconds of the clock pass in a real one.
func (c *Clock) Rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rate
}

// errBackwards refuses what would make time run backwards.
var errBackwards = errors.New("the clock cannot go back")

// SetRate makes the clock run at x times real time from now on; at 0 it stands still.
func (c *Clock) SetRate(x float64) error {
	if x < 0 {
		return errBackwards
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.anchor, c.rate = c.now(), time.Now(), x
	return nil
}

// Advance pushes the clock forward by d. What falls due on the way runs in order, each at its time,
// before Advance returns.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return errBackwards
	}
	c.moving.Lock()
	defer c.moving.Unlock()
	c.run(d)
	return nil
}

// Tick runs what has fallen due by the passing of time.
func (c *Clock) Tick() {
	c.moving.Lock()
	defer c.moving.Unlock()
	c.run(0)
}

// run moves the clock to d from now. A timer sees the clock at its own time, unless that has passed.
func (c *Clock) run(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.now().Add(d)
	for len(c.timers) > 0 && !c.timers[0].at.After(end) {
		next := heap.Pop(&c.timers).(*timer)
		if next.at.After(c.now()) {
			c.set(next.at)
		}
		c.mu.Unlock()
		next.run()
		c.mu.Lock()
	}
	if end.After(c.now()) {
		c.set(end)
	}
}

func (c *Clock) set(t time.Time) { c.base, c.anchor = t, time.Now() }

// After runs f once when the clock has gone forward by d, and returns a way to call it off. With a d
// of zero or less f runs at once. It never runs on the caller's goroutine before After returns.
func (c *Clock) After(d time.Duration, f func()) (stop func()) {
	if d <= 0 {
		t := time.AfterFunc(0, f)
		return func() { t.Stop() }
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	t := &timer{at: c.now().Add(d), number: c.number, run: f}
	heap.Push(&c.timers, t)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.index >= 0 {
			heap.Remove(&c.timers, t.index)
		}
	}
}

// timer is something to run at a time of the clock.
type timer struct {
	at     time.Time
	number int
	run    func()
	index  int // in the heap, -1 once it left
}

// timers is a heap ordered by time, then by who asked first.
type timers []*timer

func (t timers) Len() int { return len(t) }

func (t timers) Less(i, j int) bool {
	if t[i].at.Equal(t[j].at) {
		return t[i].number < t[j].number
	}
	return t[i].at.Before(t[j].at)
}

func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push is for the heap.
func (t *timers) Push(x any) {
	one := x.(*timer)
	one.index = len(*t)
	*t = append(*t, one)
}

// Pop is for the heap.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	last.index = -1
	*t = old[:len(old)-1]
	return last
}
