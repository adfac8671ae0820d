package calendar

import (
	"errors"
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
// is an error. So is one for which more steps would be needed than are left.
func (e event) spans(from, to time.Time, left *int) (all []Span, err error) {
	defer func() {
		if p := recover(); p != nil {
			all, err = nil, fmt.Errorf("event %s: its RRULE cannot be followed: %v", e.uid, p)
		}
	}()
	next := e.starts(from, to)
	for start, ok := next(); ok && start.Before(to); start, ok = next() {
		if *left--; *left < 0 {
			return nil, errors.New("its events repeat so often that they cannot be followed")
		}
		s := Span{From: start, To: e.end(start), Summary: e.summary}
		if s.To.After(from) && s.To.After(s.From) {
			all = append(all, s)
		}
	}
	return all, nil
}

// end is when an occurrence is over.
func (e event) end(start time.Time) time.Time { return start.AddDate(0, 0, e.days).Add(e.length) }

// starts iterates over the occurrences, in order: those that may overlap a time, and some before it. The start
// itself is always one.
func (e event) starts(from, to time.Time) func() (time.Time, bool) {
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
		option.Dtstart = e.nearer(from)
		if option.Until.IsZero() || option.Until.After(to) {
			option.Until = to
		}
		if rule, err := rrule.NewRRule(option); err == nil { // it was made once when it was read
			set.RRule(rule)
		}
	}
	return set.Iterator()
}

// nearer is where following the rule may begin so that nothing is missed from a time on: for what repeats by days
// or weeks without an end by number some periods before it, on the same clock as the start.
func (e event) nearer(from time.Time) time.Time {
	step := max(e.rule.Interval, 1)
	switch {
	case e.rule.Count > 0:
		return e.start
	case e.rule.Freq == rrule.WEEKLY:
		step *= 7
	case e.rule.Freq != rrule.DAILY:
		return e.start
	}
	lasts := e.days + int(e.length/(24*time.Hour)) + 2
	for skip := (daysBetween(e.start, from)-lasts)/step - 1; skip > 0; skip-- {
		near := e.start.AddDate(0, 0, skip*step)
		if near.Hour() == e.start.Hour() && near.Minute() == e.start.Minute() { // no change of clocks has moved it
			return near
		}
	}
	return e.start
}
