package audit

import (
	"crypto/sha1"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

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
