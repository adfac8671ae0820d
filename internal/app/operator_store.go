package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Store is what the bot keeps in Redis, opened by itself for the command line.
type Store struct {
	Records *ledger.Ledger
	Trail   *audit.Log

	client redis.UniversalClient
	close  func()
}

// NewStore opens it. A bot that keeps its state in memory cannot be reached from outside.
func NewStore(ctx context.Context, o Options) (*Store, error) {
	url := o.Config.RedisURL(o.Environ)
	if url == "" {
		return nil, fault.New(fault.Invalid, "No Redis is configured: a bot without one keeps everything in its own memory.").
			WithHint("Set REDIS_URL to the one that the bot uses, or redis.url in the configuration.")
	}
	client, closeRedis, err := connect(ctx, url, o.Log)
	if err != nil {
		return nil, err
	}
	if o.Hook != nil {
		client.AddHook(o.Hook)
	}
	prefix := cmp.Or(o.Config.Redis.Prefix, "amiral")
	key := audit.Key(prefix)
	return &Store{
		Records: ledger.New(client, ledger.Options{Prefix: prefix, AuditKey: key, Replicas: o.Config.Redis.Replicas}),
		Trail:   audit.New(client, key), client: client, close: closeRedis,
	}, nil
}

// Close closes the connections.
func (s *Store) Close() { s.close() }

// Find reads the operation whose id begins like that.
func (s *Store) Find(ctx context.Context, id string) (ledger.Record, error) {
	rec, err := s.Records.Find(ctx, strings.ToLower(id))
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return rec, fault.New(fault.NotFound, "There is no operation %s.", id).WithHint("amiral list shows the ones there are.")
	case errors.Is(err, ledger.ErrAmbiguous):
		return rec, fault.New(fault.Invalid, "More than one operation begins with %s.", id).WithHint("Give more of its id; amiral list shows them.")
	case err != nil:
		return rec, fmt.Errorf("read operation %s: %w", id, err)
	}
	return rec, nil
}
