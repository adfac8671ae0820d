package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
)

// Window is a stretch of time that comes again: hours of some days in some zone, or what stands in a calendar.
type Window struct {
	Days     []time.Weekday // on which it begins; every day when empty
	From, To string         // times of day such as "09:00"; a To that is not after From is on the next day; the whole day when both are empty
	Zone     string         // of the tz database, such as Europe/Berlin; UTC when empty
	Calendar string         // the name of one of the policy's calendars, instead of all of these
}

// clock is a time of day in minutes since midnight.
type clock int

const wholeDay clock = 24 * 60

// parseClock reads a time of day.
func parseClock(s string) (clock, error) {
	h, m, ok := strings.Cut(s, ":")
	hour, herr := strconv.ParseUint(h, 10, 8)
	minute, merr := strconv.ParseUint(m, 10, 8)
	c := clock(hour*60 + minute)
	if !ok || len(m) != 2 || len(h) > 2 || herr != nil || merr != nil || minute > 59 || c > wholeDay {
		return 0, fmt.Errorf("%q is not a time of day such as 09:30", s)
	}
	return c, nil
}

// zoneOf finds a time zone. The machine's own is none of them: a policy means the same everywhere.
func zoneOf(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("the time zone Local is another one on every machine; name it, such as Europe/Berlin")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %q; they are called as in Europe/Berlin", name)
	}
	return zone, nil
}

// in is a moment on the clocks of a zone.
func in(at time.Time, zone string) (time.Time, error) {
	z, err := zoneOf(zone)
	if err != nil {
		return at, err
	}
	return at.In(z), nil
}

// hours are the window's times of day.
func (w Window) hours() (from, to clock, err error) {
	if w.From == "" && w.To == "" {
		return 0, wholeDay, nil
	}
	from, ferr := parseClock(w.From)
	to, terr := parseClock(w.To)
	if to <= from {
		to += wholeDay
	}
	return from, to, errors.Join(ferr, terr)
}

// problems are what is wrong with a window, given the calendars that there are.
func (w Window) problems(calendars []string) []string {
	if w.Calendar != "" {
		if len(w.Days) > 0 || w.From != "" || w.To != "" || w.Zone != "" {
			return []string{"a calendar says by itself when it is; days, from, to and zone do not go with it"}
		}
		if !slices.Contains(calendars, w.Calendar) {
			return []string{fmt.Sprintf("there is no calendar %q", w.Calendar)}
		}
		return nil
	}
	var all []string
	if _, err := zoneOf(w.Zone); err != nil {
		all = append(all, err.Error())
	}
	switch _, _, err := w.hours(); {
	case (w.From == "") != (w.To == ""):
		all = append(all, "from and to go together")
	case err != nil:
		all = append(all, strings.ReplaceAll(err.Error(), "\n", "; "))
	case w.From != "" && w.From == w.To:
		all = append(all, fmt.Sprintf("from and to are both %s; leave them out for the whole day", w.From))
	}
	if len(all) == 0 && w.From == "" && len(w.Days) == 0 {
		all = append(all, "it says neither days nor hours nor a calendar")
	}
	return all
}

// spans are the window's stretches that overlap a time, in order. Those of neighbouring days may touch.
func (w Window) spans(almanac Almanac, from, to time.Time) ([]calendar.Span, error) {
	if w.Calendar != "" {
		return fromAlmanac(almanac, w.Calendar, from, to)
	}
	zone, err := zoneOf(w.Zone)
	begin, end, herr := w.hours()
	if err := errors.Join(err, herr); err != nil {
		return nil, err
	}
	var all []calendar.Span
	local := from.In(zone)
	yesterday := time.Date(local.Year(), local.Month(), local.Day()-1, 12, 0, 0, 0, zone) // at noon, for no clock is changed then
	for day := yesterday; !at(day, 0).After(to); day = day.AddDate(0, 0, 1) {
		if len(w.Days) > 0 && !slices.Contains(w.Days, day.Weekday()) {
			continue
		}
		s := calendar.Span{From: first(at(day, begin)), To: last(at(day, end))}
		if s.To.After(from) && s.From.Before(to) && s.From.Before(s.To) {
			all = append(all, s)
		}
	}
	return all, nil
}

func fromAlmanac(almanac Almanac, name string, from, to time.Time) ([]calendar.Span, error) {
	if almanac == nil {
		return nil, errors.New("no calendar has been read")
	}
	c, err := almanac.Calendar(name)
	if err != nil {
		return nil, err
	}
	return c.Spans(from, to)
}

// at is a time of a day, or of the day after it, on the clocks of its zone. One that a change of clocks leaves out is
// the moment of that change.
func at(day time.Time, c clock) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, int(c), 0, 0, day.Location())
	if clock(t.Hour()*60+t.Minute()) == c%wholeDay {
		return t
	}
	began, ends := t.ZoneBounds()
	if !began.IsZero() && t.Sub(began) < changes {
		return began
	}
	return ends
}

// changes is how far clocks are put forward or back at the most.
const changes = 3 * time.Hour

// first is the earlier moment of a time that comes twice, as when clocks are put back.
func first(t time.Time) time.Time {
	began, _ := t.ZoneBounds()
	if began.IsZero() {
		return t
	}
	if twin := t.Add(offset(t) - offset(began.Add(-1))); twin.Before(t) && twin.Before(began) {
		return twin
	}
	return t
}

// last is the later one.
func last(t time.Time) time.Time {
	_, ends := t.ZoneBounds()
	if ends.IsZero() {
		return t
	}
	if twin := t.Add(offset(t) - offset(ends)); twin.After(t) && !twin.Before(ends) {
		return twin
	}
	return t
}

// offset is how far the clocks are ahead of UTC at a moment.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// String is the window as people say it: "mon-fri 09:00-17:00 Europe/Berlin".
func (w Window) String() string {
	if w.Calendar != "" {
		return fmt.Sprintf("calendar %q", w.Calendar)
	}
	var words []string
	if len(w.Days) > 0 {
		words = append(words, dayNames(w.Days))
	}
	if w.From != "" {
		words = append(words, w.From+"-"+w.To)
	}
	zone := w.Zone
	if zone == "" {
		zone = "UTC"
	}
	return strings.Join(append(words, zone), " ")
}

func checkGlob(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a pattern; * and ? and [a-z] are understood", pattern)
	}
	return nil
}

func matchesGlob(name, pattern string) (bool, error) {
	if err := checkGlob(pattern); err != nil {
		return false, err
	}
	return glob(pattern, name), nil
}

// String is the time of day as it is written; the next day's go on counting.
func (c clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }
