package card

import (
	"fmt"
	"time"
)

// Span is a duration as people say it: "45 s", "4 min", "1 h 5 min", "2 d 3 h".
func Span(d time.Duration) string {
	d = max(d, 0)
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d/time.Second))
	}
	switch minutes := int(d.Round(time.Minute) / time.Minute); {
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes <= 48*60:
		return both(minutes, 60, "h", "min")
	}
	return both(int(d.Round(time.Hour)/time.Hour), 24, "d", "h")
}

// both is n of the small unit, told in the large one and what is left of the small.
func both(n, size int, large, small string) string {
	if n%size == 0 {
		return fmt.Sprintf("%d %s", n/size, large)
	}
	return fmt.Sprintf("%d %s %d %s", n/size, large, n%size, small)
}
