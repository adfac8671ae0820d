// Package calendar reads iCalendar files: when something is, with everything that repeats. It fetches them from
// files and addresses, keeps the last good copy of each, and knows nothing of what they are used for.
package calendar

import (
	"slices"
	"time"
)

// Span is a stretch of time, To not included.
type Span struct {
	From, To time.Time
	Summary  string // what the calendar says of it
}

// Calendar is what stands in one calendar.
type Calendar struct {
	events []event
}

// maxSteps is how many occurrences are gone through for one answer, over all events: some seconds' work would keep
// everybody's votes waiting.
const maxSteps = 1_000_000

// Spans are the events that overlap a time, in order. They may overlap each other. A calendar that would take too
// long to follow is an error.
func (c *Calendar) Spans(from, to time.Time) ([]Span, error) {
	var all []Span
	left := maxSteps
	for _, e := range c.events {
		spans, err := e.spans(from, to, &left)
		if err != nil {
			return nil, err
		}
		all = append(all, spans...)
	}
	slices.SortStableFunc(all, func(a, b Span) int { return a.From.Compare(b.From) })
	return all, nil
}
