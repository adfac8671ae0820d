package app_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// volley is a number of envelopes sent one after the other, and when each was sent, acknowledged and answered.
type volley struct {
	name    string
	began   time.Time
	sent    []time.Duration
	acks    *marks
	answers *marks
	took    time.Duration // until the last of what was waited for
}

var volleys atomic.Int64

func newVolley(n int) *volley {
	return &volley{
		name: strconv.FormatInt(volleys.Add(1), 36), began: time.Now(),
		sent: make([]time.Duration, n), acks: newMarks(n), answers: newMarks(n),
	}
}

// marks is when something happened to each envelope.
type marks struct {
	at   []atomic.Int64
	came chan struct{} // one for each
	left int           // not yet taken from came
}

func newMarks(n int) *marks {
	return &marks{at: make([]atomic.Int64, n), came: make(chan struct{}, n), left: n}
}

// mark notes that it happened; false if it had happened before.
func (t *marks) mark(i int, at time.Duration) bool {
	if i < 0 || i >= len(t.at) || !t.at[i].CompareAndSwap(0, int64(at)) {
		return false
	}
	t.came <- struct{}{}
	return true
}

// one waits until it has happened once more.
func (t *marks) one(end <-chan time.Time) bool {
	select {
	case <-t.came:
		t.left--
		return true
	case <-end:
		return false
	}
}

// rest waits until it has happened to all.
func (t *marks) rest(end <-chan time.Time) error {
	for t.left > 0 {
		if !t.one(end) {
			return fmt.Errorf("nothing happened to %d of %d envelopes", t.left, len(t.at))
		}
	}
	return nil
}

// since is how long it took for each envelope, from its sending.
func (t *marks) since(sent []time.Duration) []time.Duration {
	took := make([]time.Duration, len(sent))
	for i := range took {
		took[i] = time.Duration(t.at[i].Load()) - sent[i]
	}
	return took
}

const patienceOfLoad = 30 * time.Second

// steady sends n envelopes, one each interval, whatever comes back.
func (c *counter) steady(n int, interval time.Duration) (*volley, error) {
	v := newVolley(n)
	c.current.Store(v)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		if err := c.fire(v, i); err != nil {
			return v, err
		}
	}
	return v, v.finish(v.answers)
}

// windowed sends n envelopes, of which so many may be under way: sent, and not yet acknowledged or not yet
// answered, as what says.
func (c *counter) windowed(n, window int, what func(*volley) *marks) (*volley, error) {
	v := newVolley(n)
	c.current.Store(v)
	end := time.After(patienceOfLoad)
	for i := range n {
		if i >= window && !what(v).one(end) {
			return v, fmt.Errorf("nothing happened to %d of %d envelopes", n-i+window, n)
		}
		if err := c.fire(v, i); err != nil {
			return v, err
		}
	}
	return v, v.finish(what(v))
}

// finish waits for everything, and takes the time of what matters.
func (v *volley) finish(what *marks) error {
	end := time.After(patienceOfLoad)
	if err := what.rest(end); err != nil {
		return err
	}
	v.took = time.Since(v.began)
	if err := v.acks.rest(end); err != nil {
		return fmt.Errorf("acknowledgements: %w", err)
	}
	if err := v.answers.rest(end); err != nil {
		return fmt.Errorf("answers: %w", err)
	}
	return nil
}

func acks(v *volley) *marks    { return v.acks }
func answers(v *volley) *marks { return v.answers }

// record is what some volleys came to.
type record struct {
	accepted, answered []time.Duration
	envelopes          int
	took               time.Duration
}

func (r *record) add(v *volley) {
	r.accepted = append(r.accepted, v.acks.since(v.sent)...)
	r.answered = append(r.answered, v.answers.since(v.sent)...)
	r.envelopes += len(v.sent)
	r.took += v.took
}

func (r *record) rate() float64 { return float64(r.envelopes) / r.took.Seconds() }

// quantile is the time in milliseconds that a share of all did not exceed.
func quantile(all []time.Duration, share float64) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return float64(all[min(int(share*float64(len(all))), len(all)-1)].Microseconds()) / 1000
}
