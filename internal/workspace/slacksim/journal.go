package slacksim

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Entry is one line of the journal: a request to the workspace, or a frame on
// a socket. Tokens are blanked.
type Entry struct {
	Seq    int       `json:"seq"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`             // "api", "response_url", "upload", "frame", "socket"
	Dir    string    `json:"dir,omitempty"`    // of a frame: "out" is Slack to client
	Socket string    `json:"socket,omitempty"` // id of the connection
	Method string    `json:"method,omitempty"` // API method
	Status int       `json:"status,omitempty"` // HTTP status of the reply
	Error  string    `json:"error,omitempty"`  // error code of the reply
	Data   string    `json:"data,omitempty"`   // arguments or frame, JSON
	Reply  string    `json:"reply,omitempty"`  // reply body
	Flags  []string  `json:"flags,omitempty"`  // what was odd: "unknown_envelope", "late", …
}

// Has tells whether the entry carries a flag.
func (e Entry) Has(flag string) bool {
	for _, f := range e.Flags {
		if f == flag {
			return true
		}
	}
	return false
}

type journal struct {
	now     func() time.Time
	size    int
	secrets []string

	mu      sync.Mutex
	seq     int
	entries []Entry
}

func (j *journal) add(e Entry) {
	e.Data, e.Reply = j.redact(e.Data), j.redact(e.Reply)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq, e.At = j.seq, j.now()
	j.entries = append(j.entries, e)
	if len(j.entries) > j.size {
		j.entries = append([]Entry(nil), j.entries[len(j.entries)-j.size*3/4:]...)
	}
}

var tokenLike = regexp.MustCompile(`\b(xox[a-z]|xapp)-[A-Za-z0-9-]+`)

func (j *journal) redact(s string) string {
	for _, secret := range j.secrets {
		s = strings.ReplaceAll(s, secret, secret[:5]+"***")
	}
	return tokenLike.ReplaceAllString(s, "$1-***")
}

func (j *journal) all() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Entry{}, j.entries...)
}

// Journal returns every request and frame so far, oldest first.
func (w *Workspace) Journal() []Entry { return w.journal.all() }

// Calls returns the journal's requests to one API method.
func (w *Workspace) Calls(method string) []Entry {
	var calls []Entry
	for _, e := range w.journal.all() {
		if e.Kind != "frame" && e.Method == method {
			calls = append(calls, e)
		}
	}
	return calls
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{}`)
	}
	return b
}
