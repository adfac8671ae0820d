package calendar

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// ics wraps lines in a calendar.
func ics(lines ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func vevent(lines ...string) string {
	return "BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT"
}

// told are the spans of a time as text, in UTC.
func told(t *testing.T, raw []byte, from, to string) []string {
	t.Helper()
	c, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	spans, err := c.Spans(at(t, from), at(t, to))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range spans {
		all = append(all, fmt.Sprintf("%s/%s %s", s.From.UTC().Format("01-02T15:04"), s.To.UTC().Format("01-02T15:04"), s.Summary))
	}
	return all
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEventsAreReadAsTheyAreWritten(t *testing.T) {
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"utc":               {ics(vevent("UID:1", "DTSTART:20260302T100000Z", "DTEND:20260302T113000Z", `SUMMARY:a\, b\nc`)), []string{"03-02T10:00/03-02T11:30 a, b c"}},
		"zone":              {ics(vevent("DTSTART;TZID=America/New_York:20260302T100000", "DTEND;TZID=America/New_York:20260302T110000")), []string{"03-02T15:00/03-02T16:00 "}},
		"outlook's zone":    {ics(vevent(`DTSTART;TZID="W. Europe Standard Time":20260302T100000`, "DURATION:PT1H")), []string{"03-02T09:00/03-02T10:00 "}},
		"a maker's zone":    {ics(vevent(`DTSTART;TZID=/maker.example/2026/Europe/Berlin:20260302T100000`, "DURATION:PT1H")), []string{"03-02T09:00/03-02T10:00 "}},
		"floating":          {ics(vevent("DTSTART:20260302T100000", "DURATION:PT1H30M")), []string{"03-02T10:00/03-02T11:30 "}},
		"floating in zone":  {ics("X-WR-TIMEZONE:Europe/Berlin", vevent("DTSTART:20260302T100000", "DURATION:P1DT1H")), []string{"03-02T09:00/03-03T10:00 "}},
		"all day":           {ics("X-WR-TIMEZONE:Europe/Berlin", vevent("DTSTART;VALUE=DATE:20260302")), []string{"03-01T23:00/03-02T23:00 "}},
		"several days":      {ics(vevent("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260305")), []string{"03-02T00:00/03-05T00:00 "}},
		"weeks":             {ics(vevent("DTSTART;VALUE=DATE:20260302", "DURATION:P2W")), []string{"03-02T00:00/03-16T00:00 "}},
		"no length":         {ics(vevent("DTSTART:20260302T100000Z")), nil},
		"cancelled":         {ics(vevent("UID:1", "DTSTART:20260302T100000Z", "DURATION:PT1H", "STATUS:CANCELLED")), nil},
		"weekly, but once":  {ics(vevent("UID:1", "DTSTART:20260302T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260309T100000Z")), []string{"03-02T10:00/03-02T11:00 ", "03-16T10:00/03-16T11:00 "}},
		"until":             {ics(vevent("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;UNTIL=20260303")), []string{"03-02T00:00/03-03T00:00 ", "03-03T00:00/03-04T00:00 "}},
		"dates besides":     {ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H", "RDATE:20260304T100000Z,20260305T100000Z")), []string{"03-02T10:00/03-02T11:00 ", "03-04T10:00/03-04T11:00 ", "03-05T10:00/03-05T11:00 "}},
		"two days not":      {ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260302T100000Z,20260303T100000Z", "EXDATE:20260304T100000Z")), []string{"03-05T10:00/03-05T11:00 "}},
		"begins off beat":   {ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=1")), []string{"03-02T10:00/03-02T11:00 ", "03-04T10:00/03-04T11:00 "}},
		"never again":       {ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")), []string{"03-02T10:00/03-02T11:00 "}},
		"over midnight":     {ics(vevent("DTSTART:20260228T220000Z", "DTEND:20260301T020000Z")), []string{"02-28T22:00/03-01T02:00 "}},
		"older version":     {ics(vevent("UID:1", "SEQUENCE:2", "DTSTART:20260303T100000Z", "DURATION:PT1H"), vevent("UID:1", "SEQUENCE:1", "DTSTART:20260302T100000Z", "DURATION:PT1H")), []string{"03-03T10:00/03-03T11:00 "}},
		"long ago":          {ics(vevent("DTSTART:20200101T100000Z", "DURATION:PT1H")), nil},
		"with a byte order": {append([]byte("\ufeff"), ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H"))...), []string{"03-02T10:00/03-02T11:00 "}},
	} {
		if got := told(t, c.raw, "2026-03-01T00:00", "2026-03-31T00:00"); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestRepeatsKeepTheirHourWhenClocksChange(t *testing.T) {
	raw := ics(vevent("DTSTART;TZID=Europe/Berlin:20260327T090000", "DTEND;TZID=Europe/Berlin:20260327T170000", "RRULE:FREQ=DAILY"),
		vevent("DTSTART;VALUE=DATE;TZID=Europe/Berlin:20260322", "DTEND;VALUE=DATE;TZID=Europe/Berlin:20260323", "RRULE:FREQ=WEEKLY", "SUMMARY:a short day"))
	got := told(t, raw, "2026-03-28T00:00", "2026-03-30T00:00")
	want := []string{"03-28T08:00/03-28T16:00 ", "03-28T23:00/03-29T22:00 a short day", "03-29T07:00/03-29T15:00 "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWhatRepeatsForLongIsTheSameAsFromItsStart compares following a rule from near with following it from its
// start, which an end by number asks for.
func TestWhatRepeatsForLongIsTheSameAsFromItsStart(t *testing.T) {
	for _, rule := range []string{"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,TU;WKST=SU", "FREQ=WEEKLY;INTERVAL=5;BYDAY=SU,WE", "FREQ=DAILY;BYMONTH=3;BYDAY=SU", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=YEARLY"} {
		for _, length := range []string{"PT1H", "P10D", "PT100H"} {
			for _, from := range []string{"2018-03-02T00:00", "2018-03-20T00:00", "2026-03-02T12:00", "2026-03-29T01:00", "2026-10-25T01:00"} {
				lines := []string{"DTSTART;TZID=Europe/Berlin:20180301T023000", "DURATION:" + length}
				to := at(t, from).AddDate(0, 0, 60).Format("2006-01-02T15:04")
				near := told(t, ics(vevent(append(lines, "RRULE:"+rule)...)), from, to)
				far := told(t, ics(vevent(append(lines, "RRULE:"+rule+";COUNT=9999")...)), from, to)
				if !slices.Equal(near, far) {
					t.Errorf("%s of %s from %s: got %q, want %q", rule, length, from, near, far)
				}
			}
		}
	}
}

func TestAnOccurrenceIsMovedOrCancelled(t *testing.T) {
	raw := ics(
		vevent("UID:1", "RECURRENCE-ID:20260303T100000Z", "DTSTART:20260303T150000Z", "DURATION:PT1H", "SUMMARY:moved"),
		vevent("UID:1", "DTSTART:20260302T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"),
		vevent("UID:1", "RECURRENCE-ID:20260304T100000Z", "DTSTART:20260304T100000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
		vevent("UID:2", "DTSTART:20260303T100000Z", "DURATION:PT1H", "SUMMARY:another"),
	)
	got := told(t, raw, "2026-03-01T00:00", "2026-03-31T00:00")
	want := []string{"03-02T10:00/03-02T11:00 ", "03-03T10:00/03-03T11:00 another", "03-03T15:00/03-03T16:00 moved"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	whole := ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H"))
	for name, raw := range map[string][]byte{
		"empty":                    nil,
		"a page":                   []byte("<html>sign in</html>"),
		"cut off":                  whole[:len(whole)-20],
		"cut off between events":   []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + vevent("DTSTART:20260302T100000Z") + "\r\n"),
		"no start":                 ics(vevent("SUMMARY:x")),
		"no time":                  ics(vevent("DTSTART:tomorrow")),
		"no zone":                  ics(vevent("DTSTART;TZID=Middle/Earth:20260302T100000")),
		"the machine's zone":       ics(vevent("DTSTART;TZID=Local:20260302T100000")),
		"no calendar zone":         ics("X-WR-TIMEZONE:Middle/Earth", vevent("DTSTART:20260302T100000")),
		"backwards":                ics(vevent("DTSTART:20260302T100000Z", "DTEND:20260302T090000Z")),
		"every minute":             ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=MINUTELY")),
		"no rule":                  ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=SOMETIMES")),
		"this and all that follow": ics(vevent("UID:1", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T100000Z", "DTSTART:20260302T100000Z")),
		"no length":                ics(vevent("DTSTART:20260302T100000Z", "DURATION:P")),
		"a length of the past":     ics(vevent("DTSTART:20260302T100000Z", "DURATION:-PT1H")),
		"the year one":             ics(vevent("DTSTART:00010101T000000Z", "RRULE:FREQ=DAILY")),
		"another hour":             ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;BYHOUR=9,10")),
		"after Easter":             ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=YEARLY;BYEASTER=400")),
		"a ninth Friday":           ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=MONTHLY;BYDAY=9FR")),
		"minus nine":               ics(vevent("DTSTART:20260302T100000Z", "RRULE:FREQ=MONTHLY;BYDAY=-9FR")),
		"a period":                 ics(vevent("DTSTART:20260302T100000Z", "RDATE;VALUE=PERIOD:20260302T100000Z/PT1H")),
	} {
		if c, err := Parse(raw); err == nil {
			t.Errorf("%s: got %+v, want an error", name, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	if raw, err := os.ReadFile("../testdata/example/calendars/change-freeze.ics"); err == nil {
		f.Add(raw)
	}
	f.Add(ics(vevent("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=MONTHLY;BYDAY=-1FR;INTERVAL=2", "EXDATE;VALUE=DATE:20260403")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		if err != nil {
			return
		}
		from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		spans, err := c.Spans(from, from.AddDate(1, 0, 0))
		if err != nil {
			return
		}
		for _, s := range spans {
			if !s.To.After(from) || !s.From.Before(s.To) {
				t.Errorf("got %v, want a span that overlaps the year", s)
			}
		}
	})
}
