package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
)

// shelf is an almanac of iCalendar files by their names.
type shelf map[string]string

// Calendar reads one.
func (s shelf) Calendar(name string) (*calendar.Calendar, error) {
	raw, ok := s[name]
	if !ok {
		return nil, errors.New("the calendar {user:U1} was never fetched")
	}
	return calendar.Parse([]byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" + strings.ReplaceAll(raw, "\n", "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnApprovedRequestStaysUntilItMayStart(t *testing.T) {
	almanac := shelf{
		"freeze": "DTSTART:20260302T100000Z\nDTEND:20260302T120000Z\nSUMMARY:Release {user:U1}",
		"slots":  "DTSTART:20260304T060000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY",
		"never":  "DTSTART:20200304T060000Z\nDURATION:PT1H",
		"always": "DTSTART;VALUE=DATE:20200304\nDURATION:P9000D",
	}
	office := `windows: [{days: mon-fri, from: "09:00", to: "17:00", zone: Europe/Berlin}]`
	for name, c := range map[string]struct {
		rule  string
		now   string
		until string // empty: it may start
		why   string // in it
	}{
		"no windows":              {``, "2026-03-02T03:00:00Z", "", ""},
		"in the window":           {office, "2026-03-02T08:00:00Z", "", ""},
		"its last minute":         {office, "2026-03-02T15:59:59Z", "", ""},
		"its end":                 {office, "2026-03-02T16:00:00Z", "2026-03-03T08:00:00Z", "It may start only in its window, mon-fri 09:00-17:00 Europe/Berlin (rule"},
		"before it":               {office, "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z", ""},
		"over the weekend":        {office, "2026-03-06T20:00:00Z", "2026-03-09T08:00:00Z", ""},
		"over a change of clocks": {office, "2026-03-27T20:00:00Z", "2026-03-30T07:00:00Z", ""},
		"over midnight, before":   {`windows: [{days: fri, from: "22:00", to: "06:00"}]`, "2026-03-06T21:00:00Z", "2026-03-06T22:00:00Z", ""},
		"over midnight, within":   {`windows: [{days: fri, from: "22:00", to: "06:00"}]`, "2026-03-07T05:59:00Z", "", ""},
		"over midnight, another":  {`windows: [{days: fri, from: "22:00", to: "06:00"}]`, "2026-03-06T05:59:00Z", "2026-03-06T22:00:00Z", ""},
		"a second window":         {`windows: [{days: mon, from: "01:00", to: "02:00"}, {days: tue}]`, "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z", "mon 01:00-02:00 UTC or tue UTC"},
		"the nearer window":       {`windows: [{days: wed}, {days: tue}]`, "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z", "wed UTC or tue UTC"},
		"a calendar's window":     {`windows: [{calendar: slots}]`, "2026-03-02T12:00:00Z", "2026-03-04T06:00:00Z", `calendar "slots"`},
		"in a calendar's window":  {`windows: [{calendar: slots}]`, "2026-03-11T06:30:00Z", "", ""},
		"blackout":                {`blackouts: [{calendar: freeze}]`, "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z", `A blackout keeps it from starting: calendar "freeze", "Release { user:U1}" (rule "r {`},
		"after the blackout":      {`blackouts: [{calendar: freeze}]`, "2026-03-02T12:00:00Z", "", ""},
		"blackouts in a row":      {`blackouts: [{from: "12:00", to: "14:00"}, {calendar: freeze}, {from: "13:30", to: "11:30"}]`, "2026-03-02T11:00:00Z", "2026-03-03T11:30:00Z", ""},
		"blackout in the window":  {office + "\n  blackouts: [{calendar: freeze}]", "2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z", "blackout"},
		"window in the blackout":  {`windows: [{days: mon, from: "10:00", to: "12:00"}]` + "\n  blackouts: [{calendar: freeze}]", "2026-03-02T08:00:00Z", "2026-03-09T10:00:00Z", "its window"},
		"every day":               {`blackouts: [{days: mon-sun}]`, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "no opening in the next 400 days"},
		"never again":             {`windows: [{calendar: never}]`, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "no opening in the next 400 days"},
		"for years":               {`blackouts: [{calendar: always}]`, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "no opening in the next 400 days"},
		"nobody knows":            {`blackouts: [{calendar: lost}]`, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "its blackout cannot be known: the calendar { user:U1} was never fetched"},
		"nobody knows the window": {`windows: [{days: mon-sun}, {calendar: lost}]`, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "its window cannot be known"},
	} {
		p := read(t, `
calendars: [{name: freeze, file: f}, {name: slots, file: f}, {name: never, file: f}, {name: always, file: f}, {name: lost, file: f}]
rules:
- name: "r {user:U2}"
  `+c.rule)
		p.Almanac = almanac
		got := p.Stay(Facts{}, moment(t, c.now))
		until := ""
		if !got.Until.IsZero() {
			until = got.Until.UTC().Format(time.RFC3339)
		}
		if until != c.until || !strings.Contains(got.Why, c.why) || (got.Why == "") != (c.until == "") {
			t.Errorf("%s: got %s, %q, want %s, %q", name, until, got.Why, c.until, c.why)
		}
		if strings.Contains(got.Why, "{user:") {
			t.Errorf("%s: got %q, want nobody mentioned", name, got.Why)
		}
		if said := fmt.Sprintf("It starts at {when:%d}.", got.Until.UnixMilli()); until != "" && !strings.Contains(got.Why, said) && !strings.Contains(got.Why, "no opening") && !strings.Contains(got.Why, "cannot be known") {
			t.Errorf("%s: got %q, want %q in it", name, got.Why, said)
		}
	}
}

func TestOnlyTheMatchingRulesWindowsCount(t *testing.T) {
	p := read(t, `
- {name: undo, when: undo, blackouts: []}
- {name: db, target: db, refuse: "No."}
- {name: rest, environment: production, windows: [{days: sun}]}
`)
	monday := moment(t, "2026-03-02T08:00:00Z")
	for name, c := range map[string]struct {
		facts Facts
		stays bool
	}{
		"its own":        {Facts{Environment: "production"}, true},
		"another's":      {Facts{Environment: "production", Undo: true}, false},
		"refused":        {Facts{Environment: "production", Target: "db"}, false},
		"no rule":        {Facts{Environment: "staging"}, false},
		"a broken glass": {Facts{Environment: "production", BreakGlass: true}, false},
	} {
		if got := p.Stay(c.facts, monday); got.Until.IsZero() == c.stays {
			t.Errorf("%s: got %+v, want it to stay: %t", name, got, c.stays)
		}
	}
	calendars := read(t, "calendars: [{name: c, file: f}]\nrules: [{blackouts: [{calendar: c}]}]")
	if got := calendars.Stay(Facts{}, monday); got.Until.IsZero() {
		t.Error("got no stay without an almanac, want nothing to start")
	}
}

// TestADayWithoutMidnight: in Beirut clocks go from 24:00 to 01:00 in spring.
func TestADayWithoutMidnight(t *testing.T) {
	w := Window{Days: []time.Weekday{time.Sunday}, Zone: "Asia/Beirut"}
	from := moment(t, "2026-03-27T00:00:00Z")
	spans, err := w.spans(nil, from, from.AddDate(0, 0, 14))
	if err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, s := range spans {
		days = append(days, fmt.Sprint(s.From.UTC().Format("02T15"), " ", s.To.Sub(s.From)))
	}
	if want := []string{"28T22 23h0m0s", "04T21 24h0m0s"}; !slices.Equal(days, want) {
		t.Errorf("got %q, want %q", days, want)
	}
}

func TestDaysAreReadAndWritten(t *testing.T) {
	for s, want := range map[string]string{
		"mon-fri": "mon-fri", "Mon, tue ,WED": "mon-wed", "sat-mon": "mon,sat,sun", "sun,mon": "mon,sun", "mon - tue": "mon,tue", "mon-sun": "mon-sun", "wed,fri-sun,wed": "wed,fri-sun",
	} {
		days, err := parseDays(s)
		if got := dayNames(days); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"", "monday", "mon-", "-fri", "mon,,tue", "1-5"} {
		if days, err := parseDays(s); err == nil {
			t.Errorf("%q: got %v, want an error", s, days)
		}
	}
}
