package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// week is the days in the order in which people count them, with what they are called in a file.
func week() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

// weekday is the day of that number in week.
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

// parseDays reads "mon-fri, sun". A range may go over the end of the week.
func parseDays(s string) ([]time.Weekday, error) {
	var all []time.Weekday
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(week(), strings.TrimSpace(first)), slices.Index(week(), strings.TrimSpace(last))
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("%q is not a day or a range of days such as mon-fri", strings.TrimSpace(part))
		}
		for i := from; ; i = (i + 1) % 7 {
			all = append(all, weekday(i))
			if i == to {
				break
			}
		}
	}
	return sortDays(all), nil
}

// sortDays puts days in the order of the week, each once.
func sortDays(days []time.Weekday) []time.Weekday {
	var all []time.Weekday
	for i := range 7 {
		if slices.Contains(days, weekday(i)) {
			all = append(all, weekday(i))
		}
	}
	return all
}

// dayNames says days as people write them: three and more in a row become a range.
func dayNames(days []time.Weekday) string {
	var parts []string
	for i := 0; i < 7; i++ {
		if !slices.Contains(days, weekday(i)) {
			continue
		}
		last := i
		for last < 6 && slices.Contains(days, weekday(last+1)) {
			last++
		}
		if last-i < 2 {
			parts = append(parts, week()[i])
			continue
		}
		parts = append(parts, week()[i]+"-"+week()[last])
		i = last
	}
	return strings.Join(parts, ",")
}
