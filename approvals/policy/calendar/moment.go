package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	ical "github.com/arran4/golang-ical"
)

// moment is a DATE or a DATE-TIME.
type moment struct {
	at   time.Time
	date bool // the whole day
}

// parseTime reads a property that holds one time. One that names no zone is meant in the given one.
func parseTime(p *ical.BaseProperty, zone *time.Location) (moment, error) {
	return parseMoment(p.Value, p, zone)
}

// times reads the times of a property that may stand several times and hold several, separated by commas.
func times(v *ical.VEvent, name ical.ComponentProperty, zone *time.Location) ([]time.Time, error) {
	var all []time.Time
	for _, p := range v.GetProperties(name) {
		for part := range strings.SplitSeq(p.Value, ",") {
			m, err := parseMoment(part, &p.BaseProperty, zone)
			if err != nil {
				return nil, err
			}
			all = append(all, m.at)
		}
	}
	return all, nil
}

func parseMoment(s string, p *ical.BaseProperty, zone *time.Location) (moment, error) {
	if named := p.ICalParameters["TZID"]; len(named) > 0 {
		var err error
		if zone, err = location(named[0]); err != nil {
			return moment{}, fmt.Errorf("%s: %w", p.IANAToken, err)
		}
	}
	layout, date := "20060102T150405", false
	switch {
	case strings.HasSuffix(s, "Z"):
		layout, zone = layout+"Z", time.UTC
	case !strings.Contains(s, "T"):
		layout, date = "20060102", true
	}
	at, err := time.ParseInLocation(layout, s, zone)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return moment{}, fmt.Errorf("%s: %q is not a time between %d and %d", p.IANAToken, s, firstYear, lastYear)
	}
	return moment{at: at, date: date}, nil
}

// daysBetween counts the days from one midnight to another on the calendar.
func daysBetween(from, to time.Time) int {
	utc := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(utc(to).Sub(utc(from)) / (24 * time.Hour))
}

var durationPattern = regexp.MustCompile(`^\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$`)

// parseDuration reads a DURATION as days on the calendar and what goes beyond them.
func parseDuration(s string) (days int, rest time.Duration, err error) {
	m := durationPattern.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return 0, 0, fmt.Errorf("DURATION: %q is not understood", s)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(m[i]) // digits, or nothing for 0
		return n
	}
	rest = time.Duration(number(3))*time.Hour + time.Duration(number(4))*time.Minute + time.Duration(number(5))*time.Second
	return number(1)*7 + number(2), rest, nil
}
