package app_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
)

// towns is how many runs of a test stand side by side, whichever road they are of: they mostly wait, but where they
// are many nobody is served in time.
const towns = 16

// TestACrashAnywhereOnTheRoad lets the whole bot die before and after every Redis command and every call to Slack
// between what people do and what comes of it. People try again only what Slack told them had failed; another bot
// takes over. Nothing is lost, and nothing happens twice.
func TestACrashAnywhereOnTheRoad(t *testing.T) { crashes(t, roads()) }

// TestACrashAnywhereInAChange does the same on the roads of images, templates and groups, to their very end.
func TestACrashAnywhereInAChange(t *testing.T) { crashes(t, ofChanges()) }

func crashes(t *testing.T, roads []road) {
	t.Parallel()
	slots := make(chan struct{}, towns)
	for _, r := range roads {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			calm := &journey{road: r, fate: &fate{n: -1}}
			journeys{calm}.abreast(t.Context(), slots)
			if len(calm.wrong) > 0 {
				t.Fatalf("without a crash:\n%s", strings.Join(calm.wrong, "\n"))
			}
			var all journeys
			for _, n := range crashtest.Sample(t, 2*calm.fate.count, r.stride(calm.fate.count)) {
				all = append(all, &journey{road: r, fate: &fate{n: (n + 1) / 2, before: n%2 == 1}})
			}
			all.abreast(t.Context(), slots)
			all.outlived(t.Context(), slots, calm.fate.count)
			all.judge(t)
		})
	}
}

// stride is how far the points lie apart that are tried where CRASH_EVERY does not say it: all of a short road, and of
// a long one as many as the road says, or a score. With -short no road is short.
func (r road) stride(points int) int {
	if r.short && !testing.Short() {
		return 2
	}
	return max(3, 2*points/cmp.Or(r.tries, 20))
}

// journey is one run of a road.
type journey struct {
	road  road
	fate  *fate
	took  time.Duration
	tried int // how often people were told that something failed
	again int // cards and lines that came twice
	wrong []string
}

func (j *journey) String() string {
	when := "after"
	if j.fate.before {
		when = "before"
	}
	return fmt.Sprintf("%s point %d (%s)", when, j.fate.n, j.fate.where)
}

// journeys are runs that end at different points.
type journeys []*journey

// abreast travels all of them, as many at the same time as there are slots.
func (all journeys) abreast(ctx context.Context, slots chan struct{}) {
	var wg sync.WaitGroup
	for _, j := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			j.travel(ctx)
		})
	}
	wg.Wait()
}

// outlived has those who arrived before their point travel once more. How many points a road has depends on how often
// somebody looks meanwhile: their new points lie as far along the road as they came.
func (all journeys) outlived(ctx context.Context, slots chan struct{}, points int) {
	var again journeys
	for _, j := range all {
		if n := j.fate.count * j.fate.n / points; !j.fate.isDead() && len(j.wrong) == 0 && n > 0 {
			j.fate = &fate{n: n, before: j.fate.before}
			again = append(again, j)
		}
	}
	again.abreast(ctx, slots)
}

// travel plays the road in a town of its own.
func (j *journey) travel(ctx context.Context) {
	began := time.Now()
	defer func() { j.took = time.Since(began) }()
	fail := func(err error) { j.wrong = append(j.wrong, err.Error()) }
	log, closeLog := townLog(fmt.Sprintf("%s-%t-%d", strings.ReplaceAll(j.road.name, " ", "-"), j.fate.before, j.fate.n))
	defer closeLog()
	tw, err := newTown(log, j.road.settings)
	if err != nil {
		fail(err)
		return
	}
	tw.pace = j.road.pace
	defer func() {
		if err := tw.close(); err != nil {
			fail(err)
		}
	}()
	bot, err := j.walk(ctx, tw)
	if err != nil {
		fail(err)
	}
	if bot == nil {
		return
	}
	if err := tw.rest(ctx, bot); err != nil {
		fail(err)
	}
	j.wrong = append(j.wrong, tw.wrong(ctx, j.road)...)
	j.tried, j.again = int(tw.tried.Load()), tw.again
}

// walk has people do what the road is about, and returns the bot that is alive then. Nobody dies before they are
// under way.
func (j *journey) walk(ctx context.Context, tw *town) (*mortal, error) {
	bot, err := tw.birth(ctx, j.fate)
	if err != nil {
		return nil, err
	}
	if j.road.prepare != nil {
		if err := j.road.prepare(ctx, tw); err != nil {
			return bot, fmt.Errorf("before anything: %w", err)
		}
		until(ctx, patience, func() bool { return tw.settled(ctx) })
	}
	j.fate.arm(true)
	walked := make(chan error, 1)
	go func() { walked <- j.road.walk(ctx, tw) }()
	select {
	case err = <-walked:
	case <-j.fate.died:
		next, born := tw.successor(ctx, bot)
		if born != nil {
			return nil, errors.Join(born, <-walked)
		}
		bot, err = next, <-walked
	}
	return bot, err
}

// rest waits until everything accepted is handled and everything is drawn, and ends the bot. What it still began
// while it was asked to end is left to another.
func (tw *town) rest(ctx context.Context, m *mortal) error {
	m.fate.arm(false)
	if m.fate.isDead() { // it died when all was done
		var err error
		if m, err = tw.successor(ctx, m); err != nil {
			return err
		}
	}
	for range 5 {
		until(ctx, patience, func() bool { return tw.settled(ctx) })
		if err := m.bury(); err != nil || tw.settled(ctx) {
			return err
		}
		var err error
		if m, err = tw.birth(ctx, &fate{}); err != nil {
			return err
		}
		tw.orderly++
	}
	return errors.Join(m.bury(), errors.New("there is always something left to do"))
}

// settled reports whether there is nothing to handle and nothing to draw.
func (tw *town) settled(ctx context.Context) bool {
	waiting, err := tw.redis.XLen(ctx, "{amiral}:inbox").Result()
	drawing, errDrawing := tw.redis.ZCard(ctx, "{amiral}:draw").Result()
	return errors.Join(err, errDrawing) == nil && waiting+drawing == 0
}

// judge fails the test for every run that went wrong, and tells what the runs came to.
func (all journeys) judge(t *testing.T) {
	t.Helper()
	died, tried, again := 0, 0, 0
	kinds := map[string]int{}
	for _, j := range all {
		if len(j.wrong) > 0 {
			t.Errorf("death %s:\n%s", j, strings.Join(j.wrong, "\n"))
		}
		if j.fate.isDead() {
			died++
			kinds[j.fate.where]++
		}
		tried, again = tried+j.tried, again+j.again
	}
	if died < len(all)*3/4 {
		t.Errorf("only %d of %d died", died, len(all))
	}
	sort.Slice(all, func(a, b int) bool { return all[a].took > all[b].took })
	t.Logf("%d crash points %v; people were told %d times that it failed, and tried again; %d cards or lines came twice; the longest run took %s (%s)",
		died, kinds, tried, again, all[0].took.Round(time.Second), all[0])
}
