package ledgertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// snapshot is everything a ledger keeps, read without the ledger.
type snapshot struct {
	ops      map[string]op
	locks    map[string]string
	taken    map[string][]string // by operation: what it has besides its own resource
	lockTTLs map[string]bool     // by resource: it would go away by itself
	waits    map[string][]string
	same     map[string]string // the operation that stands for all that ask for it
	due      map[string]bool
	draw     map[string]bool
	open     map[string]bool
	held     map[string]bool
}

// op is one operation as it is stored.
type op struct {
	fields   map[string]string
	proposal ledger.Proposal
	votes    map[string]ballot // by user
	journal  []map[string]string
}

type ballot struct {
	At     string `json:"at"`
	Choice string `json:"choice"`
	Fills  string `json:"fills"`
	Narrow bool   `json:"narrow"`
	Widens bool   `json:"widens"` // given while it ran, for the rest
}

// fillsPlace reports whether the ballot's person may take a place.
func (b ballot) fillsPlace(i int) bool {
	return slices.Contains(strings.Fields(b.Fills), strconv.Itoa(i))
}

func (o op) state() ledger.State { return ledger.State(o.fields["state"]) }

func (o op) int(name string) int64 {
	n, _ := strconv.ParseInt(o.fields[name], 10, 64)
	return n
}

// count is how many journal entries are of one of the kinds.
func (o op) count(kinds ...string) int {
	n := 0
	for _, e := range o.journal {
		for _, k := range kinds {
			if e["kind"] == k {
				n++
			}
		}
	}
	return n
}

// take reads a snapshot. The ledger must be at rest.
func take(ctx context.Context, c redis.UniversalClient, prefix string) (*snapshot, error) {
	tag := "{" + prefix + "}:"
	s := &snapshot{
		ops: map[string]op{}, locks: map[string]string{}, taken: map[string][]string{}, lockTTLs: map[string]bool{}, waits: map[string][]string{}, same: map[string]string{},
	}
	var err error
	for _, set := range []struct {
		name string
		into *map[string]bool
	}{{"due", &s.due}, {"draw", &s.draw}, {"open", &s.open}} {
		if *set.into, err = members(ctx, c, tag+set.name); err != nil {
			return nil, err
		}
	}
	held, err := c.SMembers(ctx, tag+"held").Result()
	if err != nil {
		return nil, err
	}
	s.held = make(map[string]bool, len(held))
	for _, id := range held {
		s.held[id] = true
	}
	keys, err := c.Keys(ctx, tag+"*").Result()
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if err := s.read(ctx, c, tag, key); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return s, nil
}

func members(ctx context.Context, c redis.UniversalClient, key string) (map[string]bool, error) {
	list, err := c.ZRange(ctx, key, 0, -1).Result()
	set := make(map[string]bool, len(list))
	for _, m := range list {
		set[m] = true
	}
	return set, err
}

func (s *snapshot) read(ctx context.Context, c redis.UniversalClient, tag, key string) (err error) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(key, tag), ":")
	switch kind {
	case "op":
		s.ops[name], err = readOp(ctx, c, tag, name)
	case "lock":
		if s.locks[name], err = c.Get(ctx, key).Result(); err != nil {
			return err
		}
		ttl, err := c.PTTL(ctx, key).Result()
		s.lockTTLs[name] = ttl > 0
		return err
	case "same":
		s.same[name], err = c.Get(ctx, key).Result()
	case "taken":
		s.taken[name], err = c.SMembers(ctx, key).Result()
	case "wait":
		s.waits[name], err = c.LRange(ctx, key, 0, -1).Result()
	}
	return err
}

func readOp(ctx context.Context, c redis.UniversalClient, tag, id string) (o op, err error) {
	if o.fields, err = c.HGetAll(ctx, tag+"op:"+id).Result(); err != nil {
		return o, err
	}
	if err := json.Unmarshal([]byte(o.fields["proposal"]), &o.proposal); err != nil {
		return o, err
	}
	votes, err := c.HGetAll(ctx, tag+"votes:"+id).Result()
	if err != nil {
		return o, err
	}
	o.votes = make(map[string]ballot, len(votes))
	for user, text := range votes {
		var b ballot
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return o, err
		}
		o.votes[user] = b
	}
	entries, err := c.XRange(ctx, tag+"journal:"+id, "-", "+").Result()
	for _, m := range entries {
		e := make(map[string]string, len(m.Values))
		for k, v := range m.Values {
			e[k] = fmt.Sprint(v)
		}
		o.journal = append(o.journal, e)
	}
	return o, err
}
