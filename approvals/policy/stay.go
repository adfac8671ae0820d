package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// ahead is how far an opening is looked for, in steps: most are near.
func ahead() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{2 * day, 16 * day, 80 * day, 400 * day}
}

// lookAgain is when a request that has no opening, or of which nobody knows, is looked at again.
const lookAgain = time.Hour

// Stay says whether something that was approved may start now, and if not, until when it stays: until one of its
// rule's windows is open and none of its blackouts is. What no rule matches stays for no time, for Allows refuses
// it; neither does a broken glass. Where a calendar cannot be read, nothing starts.
func (p Policy) Stay(f Facts, now time.Time) ledger.Stay {
	var longest ledger.Stay
	if f.BreakGlass {
		return longest
	}
	for _, part := range f.parts() {
		if s := p.stay(part, now); s.Until.After(longest.Until) {
			longest = s
		}
	}
	return longest
}

func (p Policy) stay(f Facts, now time.Time) ledger.Stay {
	for i, r := range p.Rules {
		if t := r.try(f); t.matched && t.trouble == nil {
			return r.stay(p.Almanac, r.title(i), now)
		}
	}
	return ledger.Stay{}
}

func (r Rule) stay(almanac Almanac, title string, now time.Time) ledger.Stay {
	if len(r.Windows) == 0 && len(r.Blackouts) == 0 {
		return ledger.Stay{}
	}
	title = fmt.Sprintf("rule %q", card.Inert(title))
	var closed closure
	for _, far := range ahead() {
		t, err := r.timetable(almanac, now, now.Add(far))
		if err != nil {
			return ledger.Stay{Until: now.Add(lookAgain), Why: fmt.Sprintf("It stays, because %s says when it may start and %s.", title, card.Inert(err.Error()))}
		}
		opens, found := t.opening(now)
		if found && opens.Equal(now) {
			return ledger.Stay{}
		}
		closed = t.closure(now)
		if found {
			return ledger.Stay{Until: opens, Why: fmt.Sprintf("%s (%s). It starts at {when:%d}.", closed.words(r), title, opens.UnixMilli())}
		}
	}
	return ledger.Stay{Until: now.Add(lookAgain), Why: fmt.Sprintf("%s (%s), and there is no opening in the next 400 days.", closed.words(r), title)}
}

// timetable is when something may start: what is open, and what closes it nevertheless.
type timetable struct {
	always bool // no windows: open but for what closes it
	open   []calendar.Span
	closed []closure
	end    time.Time // how far it goes
}

// closure is a stretch of a blackout; a zero one stands for the time outside of all windows.
type closure struct {
	calendar.Span
	by Window
}

func (r Rule) timetable(almanac Almanac, from, to time.Time) (timetable, error) {
	t := timetable{always: len(r.Windows) == 0, end: to}
	for _, w := range r.Windows {
		spans, err := w.spans(almanac, from, to)
		if err != nil {
			return t, fmt.Errorf("its window cannot be known: %w", err)
		}
		t.open = append(t.open, spans...)
	}
	for _, w := range r.Blackouts {
		spans, err := w.spans(almanac, from, to)
		if err != nil {
			return t, fmt.Errorf("its blackout cannot be known: %w", err)
		}
		for _, s := range spans {
			t.closed = append(t.closed, closure{Span: s, by: w})
		}
	}
	slices.SortStableFunc(t.open, func(a, b calendar.Span) int { return a.From.Compare(b.From) })
	slices.SortStableFunc(t.closed, func(a, b closure) int { return a.From.Compare(b.From) })
	return t, nil
}

// opening is the first moment from now on at which it may start.
func (t timetable) opening(now time.Time) (time.Time, bool) {
	if t.always {
		at := t.past(now)
		return at, at.Before(t.end)
	}
	for _, s := range t.open {
		if at := t.past(later(now, s.From)); at.Before(s.To) && at.Before(t.end) {
			return at, true
		}
	}
	return time.Time{}, false
}

// past moves a moment behind every blackout that it falls into, one after the other.
func (t timetable) past(at time.Time) time.Time {
	for _, c := range t.closed {
		if !c.From.After(at) && c.To.After(at) {
			at = c.To
		}
	}
	return at
}

// closure is what closes it now: the blackout that lasts longest, or the time outside of its windows.
func (t timetable) closure(now time.Time) closure {
	var longest closure
	for _, c := range t.closed {
		if !c.From.After(now) && c.To.After(longest.To) && c.To.After(now) {
			longest = c
		}
	}
	return longest
}

func (c closure) words(r Rule) string {
	if c.To.IsZero() {
		all := make([]string, len(r.Windows))
		for i, w := range r.Windows {
			all[i] = w.String()
		}
		return card.Inert("It may start only in its window, " + strings.Join(all, " or "))
	}
	words := "A blackout keeps it from starting: " + c.by.String()
	if c.Summary != "" {
		words += ", " + short(fmt.Sprintf("%q", c.Summary))
	}
	return card.Inert(words)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
