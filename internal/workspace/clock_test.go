package workspace

import (
	"slices"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAStandingClockMovesOnlyWhenPushed(t *testing.T) {
	c := NewClock(noon, 0)
	time.Sleep(2 * time.Millisecond)
	if got := c.Now(); !got.Equal(noon) {
		t.Errorf("before the push: got %v, want %v", got, noon)
	}
	if err := c.Advance(70 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Now(), noon.Add(70*time.Minute); !got.Equal(want) {
		t.Errorf("after the push: got %v, want %v", got, want)
	}
}

func TestTheRateSaysHowFastTheClockRuns(t *testing.T) {
	c := NewClock(noon, 0)
	if err := c.SetRate(3600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	time.Sleep(5 * time.Millisecond)
	shown := c.Now().Sub(noon)
	real := time.Since(began)
	if least := 5 * time.Millisecond * 3600; shown < least {
		t.Errorf("got %v after at least 5 ms, want at least %v", shown, least)
	}
	if most := (real + 5*time.Millisecond) * 3600; shown > most {
		t.Errorf("got %v after %v, want at most %v", shown, real, most)
	}
}

func TestTheClockNeverGoesBack(t *testing.T) {
	c := NewClock(noon, 0)
	if err := c.Advance(-time.Second); err == nil {
		t.Error("Advance(-1s): got no error")
	}
	if err := c.SetRate(-1); err == nil {
		t.Error("SetRate(-1): got no error")
	}
	if got := c.Now(); !got.Equal(noon) {
		t.Errorf("got %v, want %v", got, noon)
	}
}

func TestTimersRunInOrderEachAtItsTime(t *testing.T) {
	c := NewClock(noon, 0)
	var seen []time.Duration
	note := func() { seen = append(seen, c.Now().Sub(noon)) }
	c.After(2*time.Minute, note)
	c.After(time.Minute, func() {
		note()
		c.After(30*time.Second, note)
	})
	off := c.After(90*time.Second, note)
	c.After(time.Hour, note)
	off()
	off()
	if err := c.Advance(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{time.Minute, 90 * time.Second, 2 * time.Minute}
	if !slices.Equal(seen, want) {
		t.Errorf("got timers at %v, want %v", seen, want)
	}
	if got, want := c.Now(), noon.Add(10*time.Minute); !got.Equal(want) {
		t.Errorf("after the push: got %v, want %v", got, want)
	}
}

func TestTickRunsWhatFellDueByItself(t *testing.T) {
	c := NewClock(noon, 0)
	ran := make(chan struct{}, 2)
	c.After(time.Second, func() { ran <- struct{}{} })
	c.Tick()
	if len(ran) != 0 {
		t.Fatal("the timer ran before its time")
	}
	if err := c.SetRate(1e6); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Millisecond)
	c.Tick()
	if len(ran) != 1 {
		t.Error("the timer did not run when its time had passed")
	}
}

func TestAnElapsedTimerRunsOnItsOwn(t *testing.T) {
	c := NewClock(noon, 0)
	var mu sync.Mutex
	ran := make(chan struct{})
	mu.Lock()
	c.After(0, func() {
		mu.Lock() // held by the caller of After
		defer mu.Unlock()
		close(ran)
	})
	mu.Unlock()
	<-ran
}

func TestManyMayPushAtOnce(t *testing.T) {
	c := NewClock(noon, 0)
	var pushes sync.WaitGroup
	for range 20 {
		pushes.Go(func() {
			c.After(time.Second, func() {})
			if err := c.Advance(time.Second); err != nil {
				t.Error(err)
			}
		})
	}
	pushes.Wait()
	if got, want := c.Now(), noon.Add(20*time.Second); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
