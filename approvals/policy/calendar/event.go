package calendar

import (
	"fmt"
	"time"

	"github.com/teambition/rrule-go"
)

// event is something that is once or again and again.
type event struct {
	uid      string
	start    time.Time
	days     int           // how long it is, on the clocks of its zone: so many days
	length   time.Duration // and so much more
	summary  string
	rule     *rrule.ROption // nil: it does not repeat
	more     []time.Time    // it is then too
	not      []time.Time    // it is not then, though it would be
	instead  time.Time      // it stands for that occurrence of the event with its uid; zero: for itself
	sequence int
	gone     bool // cancelled
}

// spans are the occurrences that overlap a time. The library for rules panics on some that it takes; such an event
// is an error.
func (e event) spans(from, to time.Time) (all []Span, err error) {
	defer func() {
		if p := recover(); p != nil {
			all, err = nil, fmt.Errorf("event %s: its RRULE cannot be followed: %v", e.uid, p)
		}
	}()
	next := e.starts(to)
	for start, ok := next(); ok && start.Before(to); start, ok = next() {
		s := Span{From: start, To: e.end(start), Summary: e.summary}
		if s.To.After(from) && s.To.After(s.From) {
			all = append(all, s)
		}
	}
	return all, nil
}

// end is when an occurrence is over.
func (e event) end(start time.Time) time.Time { return start.AddDate(0, 0, e.days).Add(e.length) }

// starts iterates over the occurrences, in order. The first is always the start itself.
func (e event) starts(to time.Time) func() (time.Time, bool) {
	var set rrule.Set
	set.RDate(e.start)
	for _, t := range e.more {
		set.RDate(t)
	}
	for _, t := range e.not {
		set.ExDate(t)
	}
	if e.rule != nil && e.start.Before(to) {
		option := *e.rule
		if option.Until.IsZero() || option.Until.After(to) {
			option.Until = to
		}
		if rule, err := rrule.NewRRule(option); err == nil { // it was made once when it was read
			set.RRule(rule)
		}
	}
	return set.Iterator()
}
