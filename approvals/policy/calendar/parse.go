package calendar

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ical "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

// What a calendar may hold.
const (
	maxEvents = 20000
	maxRules  = 1000 // events that repeat: each of them costs something whenever it is looked at
	firstYear = 1970
	lastYear  = 2500
)

// Parse reads an iCalendar file. What it does not understand and what would change when something is, is an
// error: half a calendar is worse than none.
func Parse(raw []byte) (*Calendar, error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff")))
	if !bytes.HasSuffix(trimmed, []byte("END:VCALENDAR")) {
		return nil, errors.New("it is no iCalendar file, or its end is missing")
	}
	parsed, err := ical.ParseCalendarWithOptions(bytes.NewReader(append(trimmed, "\r\n"...)))
	if err != nil {
		return nil, fmt.Errorf("read the iCalendar file: %w", err)
	}
	zone, err := zoneOf(parsed)
	if err != nil {
		return nil, err
	}
	found := parsed.Events()
	if len(found) > maxEvents {
		return nil, fmt.Errorf("it holds %d events, more than %d", len(found), maxEvents)
	}
	var events []event
	rules := 0
	for _, v := range found {
		if v.GetProperty(ical.ComponentPropertyRrule) != nil {
			rules++
		}
		if rules > maxRules {
			return nil, fmt.Errorf("more than %d of its events repeat", maxRules)
		}
		e, err := parseEvent(v, zone)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", value(v, ical.ComponentPropertyUniqueId), err)
		}
		events = append(events, e)
	}
	return &Calendar{events: settle(events)}, nil
}

// zoneOf is the zone of the times that name none.
func zoneOf(c *ical.Calendar) (*time.Location, error) {
	for _, p := range c.CalendarProperties {
		if p.IANAToken == "X-WR-TIMEZONE" {
			return location(p.Value)
		}
	}
	return time.UTC, nil
}

// settle keeps the latest version of each event and each of its exceptions, takes the occurrences away that an
// exception stands for, and drops what is cancelled.
func settle(events []event) []event {
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(b.sequence, a.sequence) })
	type key struct {
		uid     string
		instead int64
	}
	seen, without := map[key]bool{}, map[string][]time.Time{}
	var latest []event
	for _, e := range events {
		k := key{e.uid, e.instead.Unix()}
		if e.uid != "" && seen[k] {
			continue
		}
		seen[k] = true
		latest = append(latest, e)
		if !e.instead.IsZero() {
			without[e.uid] = append(without[e.uid], e.instead)
		}
	}
	var kept []event
	for _, e := range latest {
		if e.gone {
			continue
		}
		if e.instead.IsZero() && e.uid != "" {
			e.not = slices.Concat(e.not, without[e.uid])
		}
		kept = append(kept, e)
	}
	return kept
}

func parseEvent(v *ical.VEvent, zone *time.Location) (event, error) {
	e := event{
		uid:     value(v, ical.ComponentPropertyUniqueId),
		summary: strings.Join(strings.Fields(value(v, ical.ComponentPropertySummary)), " "),
		gone:    strings.EqualFold(value(v, ical.ComponentPropertyStatus), "CANCELLED"),
	}
	e.sequence, _ = strconv.Atoi(value(v, ical.ComponentPropertySequence)) // one that is missing is the first
	begin := v.GetProperty(ical.ComponentPropertyDtStart)
	if begin == nil {
		return e, errors.New("it has no DTSTART")
	}
	moment, err := parseTime(&begin.BaseProperty, zone)
	if err != nil {
		return e, err
	}
	e.start = moment.at
	if err := e.parseLength(v, moment, zone); err != nil {
		return e, err
	}
	return e, e.parseRepeats(v, zone)
}

// parseLength reads DTEND or DURATION; without either a date lasts the day, and a time no time.
func (e *event) parseLength(v *ical.VEvent, start moment, zone *time.Location) error {
	if p := v.GetProperty(ical.ComponentPropertyDtEnd); p != nil {
		end, err := parseTime(&p.BaseProperty, zone)
		if err != nil {
			return err
		}
		if end.at.Before(e.start) {
			return errors.New("it ends before it begins")
		}
		if start.date && end.date {
			e.days = daysBetween(start.at, end.at)
			return nil
		}
		e.length = end.at.Sub(e.start)
		return nil
	}
	if p := v.GetProperty(ical.ComponentPropertyDuration); p != nil {
		var err error
		e.days, e.length, err = parseDuration(p.Value)
		return err
	}
	if start.date {
		e.days = 1
	}
	return nil
}

// parseRepeats reads RRULE, RDATE, EXDATE and RECURRENCE-ID.
func (e *event) parseRepeats(v *ical.VEvent, zone *time.Location) error {
	var err error
	if e.more, err = times(v, ical.ComponentPropertyRdate, zone); err != nil {
		return err
	}
	if e.not, err = times(v, ical.ComponentPropertyExdate, zone); err != nil {
		return err
	}
	if p := v.GetProperty(ical.ComponentPropertyRecurrenceId); p != nil {
		if len(p.ICalParameters["RANGE"]) > 0 {
			return errors.New("a RECURRENCE-ID for this and all that follow is not understood")
		}
		instead, err := parseTime(&p.BaseProperty, zone)
		if err != nil {
			return err
		}
		e.instead = instead.at
	}
	rules := v.GetProperties(ical.ComponentPropertyRrule)
	if len(rules) == 0 || !e.instead.IsZero() {
		return nil
	}
	if len(rules) > 1 || v.GetProperty(ical.ComponentPropertyExrule) != nil {
		return errors.New("more than one RRULE, or an EXRULE, is not understood")
	}
	e.rule, err = parseRule(rules[0].Value, e.start)
	return err
}

// parseRule reads an RRULE.
func parseRule(s string, start time.Time) (*rrule.ROption, error) {
	option, err := rrule.StrToROptionInLocation(s, start.Location())
	if err == nil {
		option.Dtstart = start
		err = tame(*option)
	}
	if err != nil {
		return nil, fmt.Errorf("RRULE %q: %w", s, err)
	}
	ever, err := happens(*option)
	if err != nil {
		return nil, fmt.Errorf("RRULE %q: %w", s, err)
	}
	if !ever {
		return nil, nil // it never comes again, and would be looked for to the end of time
	}
	return option, nil
}

// tame refuses what no calendar of days and hours needs and what costs much to go through.
func tame(o rrule.ROption) error {
	if o.Freq > rrule.DAILY || len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) > 0 {
		return errors.New("it repeats more often than daily, or at other hours than its start")
	}
	if o.Interval > 1000 || len(o.Byeaster) > 0 {
		return errors.New("it repeats in a way that is not understood")
	}
	for _, day := range o.Byweekday {
		if n := day.N(); n < -53 || n > 53 {
			return fmt.Errorf("there is no such week: %d", n)
		}
	}
	return nil
}

// happens reports whether a rule ever comes to anything.
func happens(o rrule.ROption) (ever bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be followed: %v", p)
		}
	}()
	rule, err := rrule.NewRRule(o)
	if err != nil {
		return false, err
	}
	_, ever = rule.Iterator()()
	return ever, nil
}

func value(v *ical.VEvent, name ical.ComponentProperty) string {
	if p := v.GetProperty(name); p != nil {
		return p.Value
	}
	return ""
}
