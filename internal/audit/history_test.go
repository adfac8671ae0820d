package audit_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// words are what people and clouds write into an audit.
var words = []string{"plain", "", `quo"tes \ and <tags> & more`, "two\nlines", "né 🚢 \u2028", "no UTF-8: \xff\xfe", "4:what1:x"}

// fill appends n events.
func fill(t *testing.T, log *audit.Log, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		err := log.Append(t.Context(), audit.Event{
			Kind: "command", Op: fmt.Sprintf("op-%d", i%3), Who: audit.Who{User: "U1", Team: "T1"}, Channel: "C1",
			What: words[i%len(words)], Outcome: "done", Policy: "9f3c", Fields: map[string]string{"reason": words[(i+1)%len(words)]},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func seal(t *testing.T, log *audit.Log) audit.Head {
	t.Helper()
	head, err := log.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// export is everything in a log, in lines, and its head.
func export(t *testing.T, log *audit.Log) ([]string, audit.Head) {
	t.Helper()
	var out bytes.Buffer
	n, head, err := log.Export(t.Context(), &out, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	all[len(all)-1] += "\n"
	if n != len(all) {
		t.Fatalf("got %d lines, and was told of %d", len(all), n)
	}
	return all, head
}

func verify(t *testing.T, lines []string, head audit.Head) audit.Report {
	t.Helper()
	r, err := audit.Verify(strings.NewReader(strings.Join(lines, "")), head)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// history is a log of 14 entries, the ninth and the last of which are seals.
func history(t *testing.T) ([]string, audit.Head) {
	t.Helper()
	s := ledgertest.Mini(t)
	log := audit.New(s.Redis(), audit.Key(s.Prefix))
	fill(t, log, 0, 8)
	seal(t, log)
	fill(t, log, 8, 4)
	head := seal(t, log)
	all, end := export(t, log)
	if end != head || len(all) != 14 {
		t.Fatalf("got %d entries up to %s, want 14 up to %s", len(all), end, head)
	}
	if r := verify(t, all, head); r.Break != nil || !r.Whole || !r.Expected || r.Entries != 14 || r.Seals != 2 || r.Sealed != 13 {
		t.Fatalf("got %+v, want all of it sound", r)
	}
	return all, head
}

// decoded reads a line as anybody could.
func decoded(t *testing.T, line string) map[string]string {
	t.Helper()
	read, e := map[string]string{}, map[string]string{}
	if err := json.Unmarshal([]byte(line), &read); err != nil {
		t.Fatal(err)
	}
	for name, value := range read {
		plain, ok := strings.CutSuffix(name, ";base64")
		if ok {
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			value = string(raw)
		}
		e[plain] = value
	}
	return e
}

// forged writes a line whose own hash is right.
func forged(t *testing.T, e map[string]string) string {
	t.Helper()
	var text strings.Builder
	line := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if name != "hash" {
			fmt.Fprintf(&text, "%d:%s%d:%s", len(name), name, len(e[name]), e[name])
		}
		if utf8.ValidString(e[name]) {
			line[name] = e[name]
		} else {
			line[name+";base64"] = base64.StdEncoding.EncodeToString([]byte(e[name]))
		}
	}
	e["hash"] = fmt.Sprintf("%x", sha1.Sum([]byte(text.String())))
	line["hash"] = e["hash"]
	raw, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw) + "\n"
}
