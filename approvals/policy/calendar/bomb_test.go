package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// file is an iCalendar file with so many events that say the same.
func file(n int, event string) []byte {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
	for i := range n {
		_, _ = fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:e%d\r\nDTSTART:19700101T000000Z\r\nDURATION:PT1H\r\n%s\r\nEND:VEVENT\r\n", i, event)
	}
	b.WriteString("END:VCALENDAR\r\n")
	return []byte(b.String())
}

// TestACalendarCannotKeepEverybodyWaiting: a small file can ask for millions of occurrences. It is refused, so that
// what needs it waits, and votes on everything else go on.
func TestACalendarCannotKeepEverybodyWaiting(t *testing.T) {
	if _, err := Parse(file(maxRules+1, "RRULE:FREQ=YEARLY")); err == nil || !strings.Contains(err.Error(), "repeat") {
		t.Errorf("got %v, want a file with so many rules refused", err)
	}
	c, err := Parse(file(maxRules, "RRULE:FREQ=DAILY;COUNT=9999999"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	spans, err := c.Spans(now, now.Add(400*24*time.Hour))
	if err == nil || !strings.Contains(err.Error(), "repeat so often") {
		t.Errorf("got %d stretches, %v, want it refused", len(spans), err)
	}
	if c, err = Parse(file(maxEvents, "SUMMARY:once")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Spans(now, now.Add(400*24*time.Hour)); err != nil {
		t.Errorf("got %v, want a long list of what is once taken", err)
	}
}
