package bot

import (
	"testing"
	"time"
)

func TestGateOpensAtABearablePace(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	g := &gate{now: func() time.Time { return now }, steady: steady}
	start, opened := now, 0
	for now.Sub(start) < time.Minute {
		at := g.next()
		if at.Sub(start) > time.Minute {
			break
		}
		opened++
		now = at
	}
	if opened > 10 || opened < 6 {
		t.Errorf("got %d openings in the first minute, want at most 10", opened)
	}
	now = now.Add(steady + ceiling + time.Second)
	if at := g.next(); !at.Equal(now) {
		t.Errorf("got a wait of %s after a quiet time, want none", at.Sub(now))
	}
}

func TestGateStaysShutLongerEachTime(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	g := &gate{now: func() time.Time { return now }, steady: steady}
	var waits []time.Duration
	for range 6 {
		until := g.ban()
		if again := g.ban(); !again.Equal(until) {
			t.Errorf("got %s, want two sockets told the same to count once", again.Sub(now))
		}
		waits = append(waits, until.Sub(now))
		now = g.next()
		if now.Before(until) {
			t.Errorf("got an opening %s before the end of the ban", until.Sub(now))
		}
	}
	for i := 1; i < len(waits); i++ {
		if waits[0] != firstBan || waits[i] < waits[i-1] || waits[i] > longest {
			t.Errorf("got bans of %v, want them to grow from %s to %s", waits, firstBan, longest)
		}
	}
}
