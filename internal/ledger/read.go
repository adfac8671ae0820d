package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Get reads one operation.
func (l *Ledger) Get(ctx context.Context, id ID) (Record, error) {
	reply, err := l.run(ctx, call{script: "view", harmless: true, args: []any{string(id)}})
	if err != nil {
		return Record{}, err
	}
	views, _ := reply.([]any)
	if len(views) != 1 {
		return Record{}, ErrNotFound
	}
	return recordOf(views[0])
}

// Find reads the operation of an id, or the only one whose id begins like that: "op-ab3", or "ab3".
func (l *Ledger) Find(ctx context.Context, prefix string) (Record, error) {
	if prefix == "" {
		return Record{}, ErrNotFound
	}
	if !strings.HasPrefix(prefix, "op-") {
		prefix = "op-" + prefix
	}
	rec, err := l.Get(ctx, ID(prefix))
	if !errors.Is(err, ErrNotFound) {
		return rec, err
	}
	found, err := l.beginning(ctx, prefix)
	switch {
	case err != nil:
		return Record{}, err
	case len(found) == 0:
		return Record{}, ErrNotFound
	case len(found) > 1:
		return Record{}, ErrAmbiguous
	}
	return l.Get(ctx, found[0])
}

// beginning lists the ids, open or recent, that begin like that.
func (l *Ledger) beginning(ctx context.Context, prefix string) ([]ID, error) {
	var found []ID
	for _, set := range []string{"open", "recent"} {
		ids, err := l.redis.ZRange(ctx, l.tag+set, 0, -1).Result()
		if err != nil {
			return nil, fmt.Errorf("list operations: %w", err)
		}
		for _, id := range ids {
			if strings.HasPrefix(id, prefix) && !slices.Contains(found, ID(id)) {
				found = append(found, ID(id))
			}
		}
	}
	return found, nil
}

// Open reads the operations that are not over, oldest first.
func (l *Ledger) Open(ctx context.Context) ([]Record, error) {
	return l.list(ctx, l.redis.ZRange(ctx, l.tag+"open", 0, -1))
}

// Recent reads the last n operations, open or not, newest first.
func (l *Ledger) Recent(ctx context.Context, n int) ([]Record, error) {
	if n <= 0 {
		return nil, nil
	}
	return l.list(ctx, l.redis.ZRevRange(ctx, l.tag+"recent", 0, int64(n-1)))
}

// History reads the last n operations that ran on a resource and ended, newest first.
func (l *Ledger) History(ctx context.Context, resource string, n int) ([]Record, error) {
	if n <= 0 {
		return nil, nil
	}
	return l.list(ctx, l.redis.LRange(ctx, l.tag+"history:"+resource, 0, int64(n-1)))
}

// page is how many operations are read by one script: the server does nothing else meanwhile.
const page = 100

// list reads the operations named by a reply, a page at a time; those that are gone by now are left out.
func (l *Ledger) list(ctx context.Context, named *redis.StringSliceCmd) ([]Record, error) {
	ids, err := named.Result()
	if err != nil {
		return nil, fmt.Errorf("list operations: %w", err)
	}
	var records []Record
	for some := range slices.Chunk(ids, page) {
		if records, err = l.views(ctx, records, some); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// views reads operations and appends them.
func (l *Ledger) views(ctx context.Context, records []Record, ids []string) ([]Record, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	reply, err := l.run(ctx, call{script: "view", harmless: true, args: args})
	if err != nil {
		return nil, err
	}
	views, _ := reply.([]any)
	for _, v := range views {
		rec, err := recordOf(v)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}

// Holder is the operation that holds a resource, if there is one.
func (l *Ledger) Holder(ctx context.Context, resource string) (ID, bool, error) {
	id, err := l.redis.Get(ctx, l.tag+"lock:"+resource).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("holder of %s: %w", resource, err)
	}
	return ID(id), true, nil
}

// Journal reads everything written down about an operation, in order.
func (l *Ledger) Journal(ctx context.Context, id ID) ([]Entry, error) {
	messages, err := l.redis.XRange(ctx, l.tag+"journal:"+string(id), "-", "+").Result()
	if err != nil {
		return nil, fmt.Errorf("journal of %s: %w", id, err)
	}
	entries := make([]Entry, len(messages))
	for i, m := range messages {
		entries[i] = messageEntry(m)
	}
	return entries, nil
}

// Overdue counts the operations and the threads that should have been taken by now, and says for how long
// the oldest of them has been waiting.
func (l *Ledger) Overdue(ctx context.Context) (due, draw int, oldest time.Duration, err error) {
	reply, err := l.run(ctx, call{script: "overdue", harmless: true})
	if err != nil {
		return 0, 0, 0, err
	}
	parts, _ := reply.([]any)
	if len(parts) != 3 {
		return 0, 0, 0, fmt.Errorf("overdue: a reply of %d parts", len(parts))
	}
	n := func(i int) int64 { v, _ := parts[i].(int64); return v }
	return int(n(0)), int(n(1)), time.Duration(n(2)) * time.Millisecond, nil
}
