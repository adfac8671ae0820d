package rollout

import (
	"fmt"
	"strings"
	"time"
)

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// span is a duration as people say it: "45 s", "4 min", "1 h 5 min", "2 d".
func span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	}
	d = d.Round(time.Minute)
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	if minutes == 0 {
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d min", hours, minutes)
}

// some lists a few names and tells how many more there are.
func some[S ~string](names []S, most int) string {
	words := make([]string, 0, len(names))
	for _, n := range names[:min(most, len(names))] {
		words = append(words, string(n))
	}
	list := strings.Join(words, ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// closed ends words with a full stop, unless they have an end already.
func closed(words string) string {
	words = strings.TrimSpace(words)
	if words == "" || strings.HasSuffix(words, ".") || strings.HasSuffix(words, "!") || strings.HasSuffix(words, "?") {
		return words
	}
	return words + "."
}

// sentences joins sentences, leaving out the empty ones.
func sentences(parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p = closed(p); p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}
