package policy

import (
	"testing"
	"time"
)

// TestABlackoutHoldsWhileClocksAreChanged: whatever the clocks of its zone show between from and to, is in it, also
// on the two nights a year when an hour is missing or comes twice.
func TestABlackoutHoldsWhileClocksAreChanged(t *testing.T) {
	for _, place := range []struct {
		zone  string
		night time.Time
	}{
		{"Europe/Berlin", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)}, {"Europe/Berlin", time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)},
		{"America/New_York", time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC)}, {"America/New_York", time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)},
		{"Australia/Lord_Howe", time.Date(2026, 4, 4, 0, 0, 0, 0, time.UTC)}, {"Australia/Lord_Howe", time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC)},
		{"UTC", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)},
	} {
		for _, w := range []Window{
			{From: "01:15", To: "02:15"}, {From: "02:00", To: "03:00"}, {From: "02:30", To: "03:30"}, {From: "02:10", To: "02:50"},
			{From: "22:00", To: "02:30"}, {From: "01:45", To: "02:00"}, {From: "00:30", To: "01:30"},
		} {
			w.Zone = place.zone
			r := Rule{Name: "r", Approvals: ptr(1), Blackouts: []Window{w}}
			for at := place.night; at.Before(place.night.Add(24 * time.Hour)); at = at.Add(5 * time.Minute) {
				in, err := between(at, w.Zone, w.From, w.To)
				if err != nil {
					t.Fatal(err)
				}
				stays := !Policy{Rules: []Rule{r}}.Stay(Facts{}, at).Until.IsZero()
				if in && !stays {
					t.Errorf("%s: it starts at %s", w, at.In(mustZone(t, w.Zone)))
				}
			}
		}
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := zoneOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
