package inbox_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/inbox"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// handled is what was handled, by whomever.
type handled struct {
	mu   sync.Mutex
	keys []string
}

func (h *handled) add(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = append(h.keys, key)
}

func (h *handled) has(keys ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range keys {
		if !slices.Contains(h.keys, k) {
			return false
		}
	}
	return true
}

// TestNothingAcceptedIsLost lets a replica die at each point of handling three items. Its heir handles them all.
func TestNothingAcceptedIsLost(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	keys := []string{"a", "b", "c"}
	for point := 1; ; point++ {
		s.Clear(t)
		b := open(s, inbox.Options{Consumer: "heir", Idle: 15 * time.Millisecond})
		for _, key := range keys {
			add(t, b, key)
		}
		var all handled
		dead := dieHandling(t, s, point, &all, keys)
		if !dead {
			if point < 10 {
				t.Errorf("only %d points", point)
			}
			return
		}
		done := make(chan struct{})
		var once sync.Once
		if all.has(keys...) {
			once.Do(func() { close(done) })
		}
		stop := start(t, b, 2, func(_ context.Context, it inbox.Item) error {
			all.add(it.Key)
			if all.has(keys...) {
				once.Do(func() { close(done) })
			}
			return nil
		})
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("death at point %d: only %v were handled", point, all.keys)
		}
		stop()
	}
}

// dieHandling runs a replica that dies at a point, until then or until everything is handled and it was told
// to stop. It reports whether it died.
func dieHandling(t *testing.T, s *ledgertest.Server, point int, all *handled, keys []string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	process := crashtest.New(func(n int, _ string) crashtest.Action {
		if n == point {
			cancel() // its loops end with it
			return crashtest.Die
		}
		return crashtest.Go
	})
	client := s.Client()
	defer client.Close()
	client.AddHook(process.Hook())
	b := inbox.New(client, inbox.Options{
		Prefix: s.Prefix, Consumer: "dead", Idle: time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	err := b.Run(ctx, 1, func(_ context.Context, it inbox.Item) error {
		return process.Do("handle", func() error {
			all.add(it.Key)
			if all.has(keys...) {
				cancel()
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	return process.Dead()
}

// TestALostReplyIsAskedForOnceMore: the sender is told that the item is stored, and it is stored once.
func TestALostReplyIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	add(t, open(s, inbox.Options{}), "first") // Redis knows the script from here on
	client := s.Client()
	defer client.Close()
	client.AddHook(&lossy{})
	b := inbox.New(client, inbox.Options{Prefix: s.Prefix})
	if fresh, err := b.Add(t.Context(), "k", "slash", nil); fresh || err != nil {
		t.Errorf("got %t, %v", fresh, err)
	}
	if waiting, _, err := b.Waiting(t.Context()); waiting != 2 || err != nil {
		t.Errorf("got %d items, %v", waiting, err)
	}
}

// lossy loses the reply to the first script.
type lossy struct{ lost bool }

func (l *lossy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lossy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lossy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "evalsha" && !l.lost {
			l.lost = true
			err = io.ErrUnexpectedEOF
			cmd.SetErr(err)
		}
		return err
	}
}
