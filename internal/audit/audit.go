// Package audit is who did what: an append-only Redis stream. The ledger writes to the same stream within its
// own transitions, in the layout that Event describes; everything else that is worth remembering is appended
// here. It knows nothing of what the events mean.
//
// An entry of the stream has these fields, all of them text: at (ms), kind, op, who (JSON: user, team), channel,
// what, outcome, fields (a JSON object of strings). Readers ignore fields they do not know, so that a hash
// chain can be added beside them.
package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed append.lua
var appendScript string

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
	What    string            `json:"what,omitempty"`
	Outcome string            `json:"outcome,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// Log is the stream.
type Log struct {
	redis  redis.UniversalClient
	key    string
	append *redis.Script
}

// New returns the log kept under a key.
func New(client redis.UniversalClient, key string) *Log {
	return &Log{redis: client, key: key, append: redis.NewScript(appendScript)}
}

// Append writes an event down. Its id and time are given by Redis.
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
	err = l.append.Run(ctx, l.redis, []string{l.key}, e.Kind, e.Op, who, e.Channel, e.What, e.Outcome, fields).Err()
	if err != nil {
		return fmt.Errorf("append to audit: %w", err)
	}
	return nil
}

// Read returns up to n events after the one of the given id, oldest first; from the beginning if it is empty.
func (l *Log) Read(ctx context.Context, from string, n int) ([]Event, error) {
	start := "-"
	if from != "" {
		start = "(" + from
	}
	entries, err := l.redis.XRangeN(ctx, l.key, start, "+", int64(n)).Result()
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	events := make([]Event, len(entries))
	for i, entry := range entries {
		if events[i], err = eventOf(entry); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func eventOf(m redis.XMessage) (Event, error) {
	field := func(name string) string { s, _ := m.Values[name].(string); return s }
	e := Event{
		ID: m.ID, Kind: field("kind"), Op: field("op"), Channel: field("channel"),
		What: field("what"), Outcome: field("outcome"),
	}
	if ms, err := strconv.ParseInt(field("at"), 10, 64); err == nil {
		e.At = time.UnixMilli(ms).UTC()
	}
	for name, into := range map[string]any{"who": &e.Who, "fields": &e.Fields} {
		if text := field(name); text != "" && text != "{}" {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return Event{}, fmt.Errorf("read %s of audit event %s: %w", name, m.ID, err)
			}
		}
	}
	return e, nil
}
