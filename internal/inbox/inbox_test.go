package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/inbox"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test on every kind of Redis.
func each(t *testing.T, test func(t *testing.T, s *ledgertest.Server)) {
	t.Parallel()
	ledgertest.Each(t, test)
}

func open(s *ledgertest.Server, o inbox.Options) *inbox.Inbox {
	o.Prefix, o.Log = s.Prefix, slog.New(slog.DiscardHandler)
	if o.Idle == 0 {
		o.Idle = 60 * time.Millisecond
	}
	return inbox.New(s.Redis(), o)
}

func add(t *testing.T, b *inbox.Inbox, key string) bool {
	t.Helper()
	fresh, err := b.Add(t.Context(), key, "slash", []byte("body of "+key))
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

// start runs an inbox until stop is called, which waits for its end.
func start(t *testing.T, b *inbox.Inbox, workers int, handle inbox.Handle) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, workers, handle) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func wantEmpty(t *testing.T, b *inbox.Inbox, parked int64) {
	t.Helper()
	waiting, gotParked, err := b.Waiting(context.Background())
	if err != nil || waiting != 0 || gotParked != parked {
		t.Errorf("got %d waiting, %d parked, %v; want 0 and %d", waiting, gotParked, err, parked)
	}
}

// settled waits until everything that was added has been handled and forgotten.
func settled(t *testing.T, b *inbox.Inbox) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if waiting, _, err := b.Waiting(t.Context()); err == nil && waiting == 0 {
			return
		}
	}
	t.Fatal("something is still in the inbox after ten seconds")
}

func TestWhatIsAddedTwiceIsHandledOnce(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{})
		got := make(chan inbox.Item, 10)
		stop := start(t, b, 1, func(_ context.Context, it inbox.Item) error {
			got <- it
			return nil
		})
		fresh := []bool{add(t, b, "k1"), add(t, b, "k1"), add(t, b, "k2")}
		if !slices.Equal(fresh, []bool{true, false, true}) {
			t.Errorf("fresh: got %v", fresh)
		}
		first, second := <-got, <-got
		if first.Key != "k1" || first.Kind != "slash" || string(first.Body) != "body of k1" || first.Tries != 1 ||
			time.Since(first.Added) > time.Minute || second.Key != "k2" {
			t.Errorf("got %+v and %+v", first, second)
		}
		if add(t, b, "k1") {
			t.Error("a key was forgotten as soon as it was handled")
		}
		stop()
		wantEmpty(t, b, 0)
	})
}

func TestWhatWasAddedBeforeAnybodyRanIsHandled(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{})
		add(t, b, "early")
		got := make(chan string, 1)
		start(t, b, 1, func(_ context.Context, it inbox.Item) error { got <- it.Key; return nil })
		if key := <-got; key != "early" {
			t.Errorf("got %s", key)
		}
	})
}

func TestFailuresComeAgainAndArePickedUpInTheEnd(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{Tries: 5})
		tries := make(chan int, 10)
		stop := start(t, b, 2, func(_ context.Context, it inbox.Item) error {
			tries <- it.Tries
			switch it.Tries {
			case 1:
				return errors.New("not now")
			case 2:
				panic("oh no")
			}
			return nil
		})
		add(t, b, "k")
		if got := []int{<-tries, <-tries, <-tries}; !slices.Equal(got, []int{1, 2, 3}) {
			t.Errorf("got tries %v", got)
		}
		stop()
		wantEmpty(t, b, 0)
	})
}

func TestWhatFailsTooOftenIsParked(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{Tries: 2})
		tries := make(chan int, 10)
		stop := start(t, b, 2, func(_ context.Context, it inbox.Item) error {
			tries <- it.Tries
			return errors.New("never")
		})
		add(t, b, "k")
		<-tries
		<-tries
		stop()
		wantEmpty(t, b, 1)
		entries, err := s.Redis().XRange(t.Context(), "{"+s.Prefix+"}:inbox:parked", "-", "+").Result()
		if err != nil || len(entries) != 1 || fmt.Sprint(entries[0].Values["body"], entries[0].Values["why"]) != "body of knever" {
			t.Errorf("got %v, %v", entries, err)
		}
	})
}

func TestADeadReplicasItemsAreTakenOver(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		dead := open(s, inbox.Options{Consumer: "dead"})
		taken, never := make(chan struct{}), make(chan struct{})
		defer close(never)
		start(t, dead, 1, func(context.Context, inbox.Item) error { // it never comes back while the test runs
			taken <- struct{}{}
			<-never
			return nil
		})
		add(t, dead, "k")
		<-taken
		heir := open(s, inbox.Options{Consumer: "heir"})
		got := make(chan inbox.Item, 1)
		start(t, heir, 1, func(_ context.Context, it inbox.Item) error { got <- it; return nil })
		if it := <-got; it.Key != "k" || it.Tries != 2 {
			t.Errorf("got %+v", it)
		}
	})
}

func TestWorkersAreBoundedAndStopWaitsForThem(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{Idle: time.Minute})
		inside, leave := make(chan string, 10), make(chan struct{})
		stop := start(t, b, 2, func(_ context.Context, it inbox.Item) error {
			inside <- it.Key
			<-leave
			return nil
		})
		for _, key := range []string{"a", "b", "c"} {
			add(t, b, key)
		}
		<-inside
		<-inside
		select {
		case key := <-inside:
			t.Errorf("%s was handled although two are the limit", key)
		case <-time.After(20 * time.Millisecond):
		}
		go close(leave)
		<-inside
		stop()
		wantEmpty(t, b, 0)
	})
}

// TestTheDeadAreBuriedAndLeaversLeaveNoName: names of replicas do not pile up.
func TestTheDeadAreBuriedAndLeaversLeaveNoName(t *testing.T) {
	t.Parallel()
	s := ledgertest.Real(t) // a miniredis does not tell for how long a consumer has been silent
	ctx, c, key := t.Context(), s.Redis(), "{"+s.Prefix+"}:inbox"
	if err := c.XGroupCreateMkStream(ctx, key, "workers", "0").Err(); err != nil {
		t.Fatal(err)
	}
	b := open(s, inbox.Options{Idle: 3 * time.Millisecond, Consumer: "me"})
	add(t, b, "k")
	read, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: "workers", Consumer: "long-gone", Streams: []string{key, ">"},
	}).Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.XAck(ctx, key, "workers", read[0].Messages[0].ID).Err(); err != nil {
		t.Fatal(err)
	}
	stop := start(t, b, 1, func(context.Context, inbox.Item) error { return nil })
	names := func() []string {
		list, err := c.XInfoConsumers(ctx, key, "workers").Result()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range list {
			names = append(names, one.Name)
		}
		return names
	}
	for until := time.Now().Add(5 * time.Second); slices.Contains(names(), "long-gone"); {
		if time.Now().After(until) {
			t.Fatalf("got %v after five seconds", names())
		}
	}
	stop()
	if slices.Contains(names(), "me") {
		t.Error("a replica that left left its name")
	}
}

func TestAnInboxThatRedisLostIsMadeAgain(t *testing.T) {
	each(t, func(t *testing.T, s *ledgertest.Server) {
		b := open(s, inbox.Options{})
		got := make(chan string, 10)
		start(t, b, 1, func(_ context.Context, it inbox.Item) error { got <- it.Key; return nil })
		add(t, b, "before")
		<-got
		settled(t, b) // a stream that begins anew within the same millisecond uses the same ids again
		if err := s.Redis().Del(t.Context(), "{"+s.Prefix+"}:inbox").Err(); err != nil {
			t.Fatal(err)
		}
		add(t, b, "after")
		if key := <-got; key != "after" {
			t.Errorf("got %s", key)
		}
	})
}

// BenchmarkAdd is how long the sender waits before it can acknowledge.
func BenchmarkAdd(b *testing.B) {
	box := open(ledgertest.Real(b), inbox.Options{})
	body := make([]byte, 4096)
	for i := 0; b.Loop(); i++ {
		if _, err := box.Add(b.Context(), fmt.Sprint(i), "slash", body); err != nil {
			b.Fatal(err)
		}
	}
}
