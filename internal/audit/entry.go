package audit

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// entry is one entry by the names of its fields, its id among them.
type entry map[string]string

func entryOf(m redis.XMessage) entry {
	e := make(entry, len(m.Values)+1)
	for name, value := range m.Values {
		e[name], _ = value.(string)
	}
	e["id"] = m.ID
	return e
}

// canonical is the text that hashes are made from: every field but the hash, sorted by name, each with the
// lengths of its name and value before it, so that no two entries have the same.
func (e entry) canonical() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if name == "hash" {
			continue
		}
		for _, text := range []string{name, e[name]} {
			b.WriteString(strconv.Itoa(len(text)))
			b.WriteByte(':')
			b.WriteString(text)
		}
	}
	return b.String()
}

// sum is the hash that the entry should carry.
func (e entry) sum() string {
	sum := sha1.Sum([]byte(e.canonical()))
	return hex.EncodeToString(sum[:])
}

// n is the entry's number, 0 if it has none.
func (e entry) n() int64 {
	n, err := strconv.ParseInt(e["n"], 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != e["n"] {
		return 0
	}
	return n
}

// event is the entry as others read it.
func (e entry) event() (Event, error) {
	event := Event{
		ID: e["id"], Kind: e["kind"], Op: e["op"], Channel: e["channel"], Link: e["link"], What: e["what"],
		Outcome: e["outcome"], Policy: e["policy"], N: e.n(), Prev: e["prev"], Hash: e["hash"],
	}
	if ms, err := strconv.ParseInt(e["at"], 10, 64); err == nil {
		event.At = time.UnixMilli(ms).UTC()
	}
	for name, into := range map[string]any{"who": &event.Who, "fields": &event.Fields} {
		if text := e[name]; text != "" && text != "{}" {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return Event{}, fmt.Errorf("read %s of audit event %s: %w", name, e["id"], err)
			}
		}
	}
	if event.Policy == "" {
		event.Policy = event.Fields["policy"]
	}
	return event, nil
}

func (e entry) sum256() [sha256.Size]byte { return sha256.Sum256([]byte(e.canonical())) }

// span is what a seal covers.
type span struct {
	from, to  int64
	prev, sum string
}

// sealed is what the entry, which is a seal, says that it covers.
func (e entry) sealed() (span, error) {
	var f struct{ From, To, Prev, SHA256 string }
	if err := json.Unmarshal([]byte(e["fields"]), &f); err != nil {
		return span{}, fmt.Errorf("read the seal %s: %w", e["id"], err)
	}
	from, badFrom := strconv.ParseInt(f.From, 10, 64)
	to, badTo := strconv.ParseInt(f.To, 10, 64)
	if badFrom != nil || badTo != nil {
		return span{}, fmt.Errorf("read the seal %s: it covers from %q to %q", e["id"], f.From, f.To)
	}
	return span{from: from, to: to, prev: f.Prev, sum: f.SHA256}, nil
}
