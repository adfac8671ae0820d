package workspace

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestRedisGoesAwayAndComesBackWithWhatItHeld(t *testing.T) {
	w := running(t)
	opts, err := redis.ParseURL(w.Info().Redis)
	if err != nil {
		t.Fatal(err)
	}
	opts.MaxRetries, opts.DialTimeout = -1, time.Second
	client := redis.NewClient(opts)
	defer client.Close()
	ctx := context.Background()
	if err := client.Set(ctx, "k", "held", 0).Err(); err != nil {
		t.Fatal(err)
	}
	turn := func(how string) {
		t.Helper()
		for range 2 {
			if resp := post(t, w.Info().Page+"redis", `{"how":"`+how+`"}`, nil); resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: got status %d", how, resp.StatusCode)
			}
		}
	}
	turn("down")
	if err := client.Get(ctx, "k").Err(); err == nil {
		t.Error("a Redis that is down answered")
	}
	if err := w.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	turn("up")
	if got, err := client.Get(ctx, "k").Result(); err != nil || got != "held" {
		t.Errorf("got %q and %v, want what it held", got, err)
	}
	if got := client.Time(ctx).Val(); got.Sub(noon) < time.Hour {
		t.Errorf("TIME is %v, want the clock's", got)
	}
	// Blocking commands wait again, rather than hang or return at once.
	began := time.Now()
	if err := client.BLPop(ctx, 100*time.Millisecond, "none").Err(); err != redis.Nil {
		t.Errorf("got %v from a blocking command, want nothing found", err)
	}
	if took := time.Since(began); took < 90*time.Millisecond || took > 2*time.Second {
		t.Errorf("a blocking command of 100ms took %v", took)
	}
	if resp := post(t, w.Info().Page+"redis", `{"how":"sideways"}`, nil); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got status %d for sideways", resp.StatusCode)
	}
}

func TestARealRedisIsNotStopped(t *testing.T) {
	w := running(t, func(o *Options) { o.RedisURL = "redis://127.0.0.1:1/3" })
	if w.StopRedis() == nil || w.StartRedis() == nil {
		t.Error("got no error for a Redis that is not ours")
	}
}
