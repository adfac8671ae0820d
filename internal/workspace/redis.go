package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/alicebob/miniredis/v2"
)

// store is the embedded Redis; without a server a real one is used.
type store struct {
	mu     sync.Mutex
	server *miniredis.Miniredis
	down   bool
}

// errNotOurs refuses to touch a Redis that somebody else runs.
var errNotOurs = errors.New("the workspace did not start this Redis, and does not stop it")

// startRedis brings up a Redis whose TIME and expiries follow the clock.
func (w *Workspace) startRedis(opts Options) error {
	if opts.RedisURL != "" {
		w.info.Redis = opts.RedisURL
		return nil
	}
	m := miniredis.NewMiniRedis()
	m.SetTime(w.Clock.Now())
	m.ClockTTL(true)
	if err := m.StartAddr(cmp.Or(opts.RedisAddr, anyPort)); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	w.redis.server = m
	w.info.Redis = "redis://" + m.Addr() + "/0"
	w.onClose(func() error { m.Close(); return nil })
	return nil
}

// StopRedis ends the embedded Redis: its connections close, and new ones are refused. What it holds is kept.
// Stopping it twice is harmless.
func (w *Workspace) StopRedis() error {
	w.redis.mu.Lock()
	defer w.redis.mu.Unlock()
	if w.redis.server == nil {
		return errNotOurs
	}
	w.redis.server.Close()
	w.redis.down = true
	return nil
}

// StartRedis brings the embedded Redis back on its address, with what it held. Starting it twice is harmless.
func (w *Workspace) StartRedis() error {
	w.redis.mu.Lock()
	defer w.redis.mu.Unlock()
	m := w.redis.server
	switch {
	case m == nil:
		return errNotOurs
	case !w.redis.down:
		return nil
	}
	m.Ctx, m.CtxCancel = context.WithCancel(context.Background()) // closing ended the one that blocking commands wait with
	if err := m.Restart(); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	w.redis.down = false
	return nil
}

// setRedisTime tells the embedded Redis what the clock shows.
func (w *Workspace) setRedisTime() {
	if m := w.redis.server; m != nil {
		m.SetTime(w.Clock.Now())
	}
}
