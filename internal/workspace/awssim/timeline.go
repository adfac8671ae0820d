package awssim

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// event is something the fleet will do at a time.
type event struct {
	at     time.Time
	number int
	do     func()
}

// events is a heap ordered by time, then by who was scheduled first.
type events []event

// Len is part of heap.Interface.
func (e events) Len() int { return len(e) }

// Less is part of heap.Interface.
func (e events) Less(i, j int) bool {
	if c := e[i].at.Compare(e[j].at); c != 0 {
		return c < 0
	}
	return e[i].number < e[j].number
}

// Swap is part of heap.Interface.
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push is part of heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop is part of heap.Interface.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// timeline holds what is still to happen.
type timeline struct {
	events events
	number int
}

// after schedules do at a distance from now. Events of one moment run in the order they were scheduled.
func (c *Cloud) after(d time.Duration, do func()) { c.at(c.now.Add(d), do) }

// at schedules do for a moment; a moment that has passed means as soon as possible.
func (c *Cloud) at(t time.Time, do func()) {
	if t.Before(c.now) {
		t = c.now
	}
	c.timeline.number++
	heap.Push(&c.timeline.events, event{at: t, number: c.timeline.number, do: do})
}

// advance plays everything that has become due, each event at its own moment. While an event runs, c.now
// is that moment, so a fleet looks the same however rarely it is looked at.
func (c *Cloud) advance() {
	now := c.opts.Now()
	for len(c.timeline.events) > 0 && !c.timeline.events[0].at.After(now) {
		next := heap.Pop(&c.timeline.events).(event)
		if next.at.After(c.now) {
			c.now = next.at
		}
		next.do()
	}
	if now.After(c.now) {
		c.now = now
	}
}

// sortedValues returns the values of m in the order of its keys.
func sortedValues[K cmp.Ordered, V any](m map[K]V) []V {
	values := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[k])
	}
	return values
}
