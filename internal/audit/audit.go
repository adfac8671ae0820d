// Package audit is who did what: an append-only Redis stream whose entries are chained by hashes. The ledger
// writes to the same stream within its own transitions, by the same function (Script); everything else that is
// worth remembering is appended here. The package knows nothing of what the events mean.
//
// An entry has these fields, all of them text: at (ms), kind, op, who (JSON: user, team), channel, link, what,
// outcome, policy, fields (a JSON object of strings), and the chain's: n, the entry's number; prev, the hash of the
// entry before; hash, SHA-1 over all the others and the entry's id. Readers ignore fields they do not know; the
// hash covers them nevertheless.
//
// # What protects against what
//
// The chain is written by the very script that makes the change, so there is no gap: whoever alters, removes,
// inserts or reorders an entry afterwards breaks a link that Verify names. Scripts of Redis know no better hash
// than SHA-1. Nobody can find another text to a given SHA-1, but two texts with the same one can be made by
// somebody who may choose both. Against that there are seals: entries of kind "seal", written from outside now
// and then, that carry SHA-256 over the canonical text of everything since the seal before, chained with that.
//
// Neither holds a secret. Whoever may write to Redis can write the whole chain anew from some entry on, seals
// too. What they cannot do is arrive at a head that was seen before. So the head is worth keeping where they
// cannot write: Seal returns it, the bot logs it, and Verify takes it and says whether the export leads to it.
// The same shows that entries were cut off at the end, which no chain can show by itself.
package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed chain.lua
var chainScript string

//go:embed append.lua
var appendScript string

// Script is Lua that defines chain, a local function that appends one entry to the audit. Scripts that write to
// the audit are put behind it; chain.lua says how it is called.
var Script = bare(chainScript)

// Key is the stream's key for a prefix such as "amiral". It carries the same hash tag as the ledger's keys.
func Key(prefix string) string { return "{" + prefix + "}:audit" }

// Who is a person as Slack knows them.
type Who struct {
	User string `json:"user"`
	Team string `json:"team"`
}

// Event is one thing that happened.
type Event struct {
	ID      string            `json:"id"` // the stream's; given by Append
	At      time.Time         `json:"at"` // given by Append
	Kind    string            `json:"kind"`
	Op      string            `json:"op,omitempty"` // the operation it is about
	Who     Who               `json:"who"`
	Channel string            `json:"channel,omitempty"`
	Link    string            `json:"link,omitempty"` // to the message it was about, when that is known
	What    string            `json:"what,omitempty"`
	Outcome string            `json:"outcome,omitempty"`
	Policy  string            `json:"policy,omitempty"` // fingerprint of the policy that was in force
	Fields  map[string]string `json:"fields,omitempty"`
	N       int64             `json:"n"`    // its number; given by Append, like the next two
	Prev    string            `json:"prev"` // hash of the entry before
	Hash    string            `json:"hash"`
}

// Log is the stream.
type Log struct {
	redis  redis.UniversalClient
	key    string
	append *redis.Script
	seal   *redis.Script
	trim   *redis.Script
	unlist *redis.Script
}

// New returns the log kept under a key.
func New(client redis.UniversalClient, key string) *Log {
	return &Log{
		redis: client, key: key, append: behind(appendScript), seal: behind(sealScript), trim: behind(trimScript),
		unlist: redis.NewScript(bare(unlistScript)),
	}
}

// behind is a script put behind the chain's.
func behind(script string) *redis.Script { return redis.NewScript(Script + bare(script)) }

// bare is a script without its comments: the server parses it on every start.
func bare(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// Append writes an event down. Its id, time and place in the chain are given by Redis.
func (l *Log) Append(ctx context.Context, e Event) error {
	who, err := json.Marshal(e.Who)
	if err != nil {
		return fmt.Errorf("write audit event: %w", err)
	}
	fields := []byte("{}")
	if len(e.Fields) > 0 {
		if fields, err = json.Marshal(e.Fields); err != nil {
			return fmt.Errorf("write audit event: %w", err)
		}
	}
	err = l.append.Run(ctx, l.redis, []string{l.key}, e.Kind, e.Op, who, e.Channel, e.Link, e.What, e.Outcome, e.Policy, fields).Err()
	if err != nil {
		return fmt.Errorf("append to audit: %w", err)
	}
	return nil
}

// Read returns up to n events after the one of the given id, oldest first; from the beginning if it is empty.
func (l *Log) Read(ctx context.Context, from string, n int) ([]Event, error) {
	entries, err := l.page(ctx, from, n)
	if err != nil {
		return nil, err
	}
	return eventsOf(entries)
}

// page is up to n entries after an id as they are stored.
func (l *Log) page(ctx context.Context, from string, n int) ([]redis.XMessage, error) {
	start := "-"
	if from != "" {
		start = "(" + from
	}
	entries, err := l.redis.XRangeN(ctx, l.key, start, "+", int64(n)).Result()
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return entries, nil
}

func eventsOf(entries []redis.XMessage) ([]Event, error) {
	events := make([]Event, len(entries))
	for i, m := range entries {
		e, err := entryOf(m).event()
		if err != nil {
			return nil, err
		}
		events[i] = e
	}
	return events, nil
}

// Of returns the events of one operation, oldest first. What was trimmed is not among them.
func (l *Log) Of(ctx context.Context, op string) ([]Event, error) {
	ids, err := l.redis.LRange(ctx, l.key+":of:"+op, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", op, err)
	}
	pipe := l.redis.Pipeline()
	found := make([]*redis.XMessageSliceCmd, len(ids))
	for i, id := range ids {
		found[i] = pipe.XRange(ctx, l.key, id, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", op, err)
	}
	var entries []redis.XMessage
	for _, f := range found {
		entries = append(entries, f.Val()...)
	}
	return eventsOf(entries)
}
