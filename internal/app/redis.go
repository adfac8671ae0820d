package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// connect opens the Redis of the address, or one inside this process when there is none.
func connect(ctx context.Context, url config.Secret, log *slog.Logger) (redis.UniversalClient, func(), error) {
	redis.SetLogger(chatter{log}) // the client logs for the whole process
	if url == "" {
		return inMemory(log)
	}
	o, err := redis.ParseURL(url.Reveal())
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "REDIS_URL is not an address Redis clients understand.").
			WithHint("It looks like redis://user:password@host:6379/0, or rediss:// with TLS.")
	}
	client := redis.NewClient(tuned(o))
	if err := trusted(ctx, client, log); err != nil {
		_ = client.Close()
		return nil, nil, err
	}
	return client, func() { _ = client.Close() }, nil
}

// chatter puts what the Redis client has to say into our log. Errors reach us by other ways as well.
type chatter struct{ log *slog.Logger }

// Printf logs a line of the client.
func (c chatter) Printf(_ context.Context, format string, args ...any) {
	c.log.Debug("redis client", "says", fmt.Sprintf(format, args...))
}

// tuned sets what the ledger relies on: retries are decided where it is known what a repeat would do.
func tuned(o *redis.Options) *redis.Options {
	o.MaxRetries = -1
	o.PoolSize = max(o.PoolSize, 64)
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = 2*time.Second, 3*time.Second, 3*time.Second
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o
}

// trusted refuses a Redis that may forget what was approved, and warns of one that may forget at a restart.
func trusted(ctx context.Context, client redis.UniversalClient, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	findings, err := ledger.Check(ctx, client)
	if err != nil {
		return fault.New(fault.Unavailable, "Redis does not answer: %s.", err).WithHint("Check REDIS_URL and that the server runs.")
	}
	for _, f := range findings {
		if f.Refuse {
			return fault.New(fault.Conflict, "%s", f.Text)
		}
		log.Warn("redis", "finding", f.Text)
	}
	return nil
}

// inMemory starts a Redis inside this process; what it knows ends with the process.
func inMemory(log *slog.Logger) (redis.UniversalClient, func(), error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the embedded redis: %w", err)
	}
	log.Warn("no redis is configured: requests, approvals and running operations are kept in memory and end with this process")
	client := redis.NewClient(tuned(&redis.Options{Addr: m.Addr()}))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		age(m, stop)
	}()
	return client, func() {
		close(stop)
		<-done
		_ = client.Close()
		m.Close()
	}, nil
}

// age lets keys expire: the embedded Redis does not do so by itself.
func age(m *miniredis.Miniredis, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			m.FastForward(time.Second)
		}
	}
}
