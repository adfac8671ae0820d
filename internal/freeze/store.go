package freeze

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Store keeps the freezes that are in force.
type Store struct {
	redis redis.UniversalClient
	key   string
}

// NewStore returns the store of a prefix such as "amiral". Its key carries the same hash tag as the ledger's.
func NewStore(client redis.UniversalClient, prefix string) *Store {
	return &Store{redis: client, key: "{" + prefix + "}:freezes"}
}

// Put lets a freeze hold. Putting it twice is harmless.
func (s *Store) Put(ctx context.Context, f Freeze) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write freeze %s: %w", f.ID, err)
	}
	if err := s.redis.HSet(ctx, s.key, string(f.ID), body).Err(); err != nil {
		return fmt.Errorf("put freeze %s: %w", f.ID, err)
	}
	return nil
}

// Remove lets a freeze hold no more. Removing one that is gone is harmless.
func (s *Store) Remove(ctx context.Context, id ledger.ID) error {
	if err := s.redis.HDel(ctx, s.key, string(id)).Err(); err != nil {
		return fmt.Errorf("remove freeze %s: %w", id, err)
	}
	return nil
}

// All reads the freezes in force by Redis's clock, oldest id first; those that are over are removed. One that
// cannot be read is an error.
func (s *Store) All(ctx context.Context) ([]Freeze, error) {
	now, err := s.Time(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := s.redis.HGetAll(ctx, s.key).Result()
	if err != nil {
		return nil, fmt.Errorf("read freezes: %w", err)
	}
	var all []Freeze
	var over []string
	for id, body := range fields {
		var f Freeze
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			return nil, fmt.Errorf("read freeze %s: %w", id, err)
		}
		if !now.Before(f.Until) {
			over = append(over, id)
			continue
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Freeze) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all, s.sweep(ctx, over)
}

// sweep forgets freezes that are over. The same id never comes back: it belongs to one operation.
func (s *Store) sweep(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.redis.HDel(ctx, s.key, ids...).Err(); err != nil {
		return fmt.Errorf("remove freezes that are over: %w", err)
	}
	return nil
}

// Time is Redis's clock, by which everything is due.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	now, err := s.redis.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask redis for the time: %w", err)
	}
	return now.UTC(), nil
}
