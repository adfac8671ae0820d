package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/fault"
)

//go:embed trim.lua
var trimScript string

//go:embed unlist.lua
var unlistScript string

// Trim drops what is older than a moment, and returns the number of the last entry that it dropped, 0 for none.
// What is left verifies: an entry of kind "trimmed" says which hash its first entry follows. Everything is
// sealed before. A moment to come is refused.
func (l *Log) Trim(ctx context.Context, by Who, before time.Time) (int64, error) {
	if _, err := l.Seal(ctx); err != nil {
		return 0, err
	}
	least, err := l.over(ctx, before)
	if err != nil {
		return 0, err
	}
	ops, err := l.opsBefore(ctx, least)
	if err != nil {
		return 0, err
	}
	seal, err := l.sealBefore(ctx, least)
	if err != nil {
		return 0, err
	}
	who, err := json.Marshal(by)
	if err != nil {
		return 0, fmt.Errorf("trim the audit: %w", err)
	}
	what := "Entries before " + before.UTC().Format(time.RFC3339)
	n, err := l.trim.Run(ctx, l.redis, []string{l.key}, least, who, what, seal).Int64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("trim the audit: %w", err)
	}
	return n, l.unlistAll(ctx, least, ops)
}

// skew is how far our clock may be ahead of that of Redis.
const skew = time.Minute

// over is a moment in ms, by the clock of Redis not later than now.
func (l *Log) over(ctx context.Context, before time.Time) (int64, error) {
	now, err := l.redis.Time(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for the time: %w", err)
	}
	if before.After(now.Add(skew)) {
		return 0, fault.New(fault.Invalid, "%s is in the future.", before.UTC().Format(time.RFC3339)).WithHint("Give a day that is over.")
	}
	return min(before.UnixMilli(), now.UnixMilli()), nil
}

// sealBefore is the sum of the last seal before a time. It may have been dropped by an earlier trimming.
func (l *Log) sealBefore(ctx context.Context, ms int64) (string, error) {
	last, err := l.lastSeal(ctx, fmt.Sprintf("(%d-0", ms))
	if err != nil {
		return "", err
	}
	if last != nil {
		s, err := last.sealed()
		return s.sum, err
	}
	sum, err := l.redis.HGet(ctx, l.key+":anchor", "seal").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("read where the audit begins: %w", err)
	}
	return sum, nil
}

// opsBefore are the operations that entries before a time are about.
func (l *Log) opsBefore(ctx context.Context, ms int64) ([]string, error) {
	var ops []string
	seen, from := map[string]bool{}, "-"
	for {
		page, err := l.redis.XRangeN(ctx, l.key, from, fmt.Sprintf("(%d-0", ms), pageSize).Result()
		if err != nil {
			return nil, fmt.Errorf("look through what is to be trimmed: %w", err)
		}
		for _, m := range page {
			from = "(" + m.ID
			if op := entryOf(m)["op"]; op != "" && !seen[op] {
				seen[op] = true
				ops = append(ops, op)
			}
		}
		if len(page) < pageSize {
			return ops, nil
		}
	}
}

// unlistAll clears the lists of operations. Should it not get that far, Of leaves out what is gone.
func (l *Log) unlistAll(ctx context.Context, ms int64, ops []string) error {
	for some := range slices.Chunk(ops, pageSize) {
		args := []any{ms}
		for _, op := range some {
			args = append(args, op)
		}
		if err := l.unlist.Run(ctx, l.redis, []string{l.key}, args...).Err(); err != nil {
			return fmt.Errorf("clear the lists of what was trimmed: %w", err)
		}
	}
	return nil
}
