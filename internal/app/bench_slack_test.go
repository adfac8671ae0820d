package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/internal/workspace"
)

// counter is a Slack for one bot that is to be measured: it hands out envelopes and takes answers as cheaply as
// it can, so that the bot is what limits. Everything else that the bot asks of Slack, the simulator tells.
type counter struct {
	url     string
	current atomic.Pointer[volley]
	strays  atomic.Int64 // acknowledgements and answers nobody waits for
	sample  atomic.Value // an answer as it came

	mu    sync.Mutex
	links []*websocket.Conn
	turn  int
	pings sync.WaitGroup
}

// newCounter opens a counter with the people and channels of the local workspace.
func newCounter(b *testing.B) *counter {
	b.Helper()
	w, err := workspace.Start(workspace.Options{NoLimits: true, Seed: 1, Bare: true})
	if err != nil {
		b.Fatal(err)
	}
	c := &counter{}
	mux := http.NewServeMux()
	mux.Handle("/", w.Slack.Handler())
	mux.HandleFunc("/api/apps.connections.open", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"ok":true,"url":"ws%s/link"}`, strings.TrimPrefix(c.url, "http"))
	})
	mux.HandleFunc("/link", c.link)
	mux.HandleFunc("POST /response/{id}", c.answered)
	server := httptest.NewServer(mux)
	c.url = server.URL
	b.Cleanup(func() {
		c.close()
		server.Close()
		_ = w.Close()
	})
	return c
}

// link is one connection of the bot.
func (c *counter) link(rw http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	hello := `{"type":"hello","num_connections":1,"connection_info":{"app_id":"A0AMIRAL"},"debug_info":{"host":"local","approximate_connection_time":18060}}`
	c.mu.Lock()
	err = conn.WriteMessage(websocket.TextMessage, []byte(hello))
	c.links = append(c.links, conn)
	c.mu.Unlock()
	gone := make(chan struct{})
	c.pings.Go(func() { ping(conn, gone) })
	defer close(gone)
	for err == nil {
		var frame []byte
		if _, frame, err = conn.ReadMessage(); err == nil {
			c.acked(frame)
		}
	}
}

// ping is the sign of life that Slack gives.
func ping(conn *websocket.Conn, gone <-chan struct{}) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return
		case <-tick.C:
			_ = conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) // reading notices the end
		}
	}
}

func (c *counter) close() {
	c.mu.Lock()
	for _, l := range c.links {
		_ = l.Close()
	}
	c.mu.Unlock()
	c.pings.Wait()
}

// connected waits for as many connections as the bot opens.
func (c *counter) connected(b *testing.B, n int) {
	b.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-look.C {
		c.mu.Lock()
		have := len(c.links)
		c.mu.Unlock()
		if have >= n {
			return
		}
	}
	b.Fatalf("the bot did not open %d connections in 20s", n)
}

// fire sends an envelope of the current volley, over the connections in turn.
func (c *counter) fire(v *volley, i int) error {
	id := v.name + "-" + strconv.Itoa(i)
	frame := fmt.Appendf(nil, `{"envelope_id":"%s","type":"slash_commands","accepts_response_payload":true,"payload":{`+
		`"token":"local-verification","team_id":"T0HARBOUR","team_domain":"harbour","channel_id":"C0DEPLOYS","channel_name":"deploys",`+
		`"user_id":"U0DEV","user_name":"dev","command":"/amiral","text":"whoami","api_app_id":"A0AMIRAL","is_enterprise_install":"false",`+
		`"response_url":"%s/response/%s","trigger_id":"%s.4242.0123456789abcdef0123456789abcdef"}}`, id, c.url, id, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	v.sent[i] = time.Since(v.began)
	return c.links[c.turn%len(c.links)].WriteMessage(websocket.TextMessage, frame)
}

// acked notes the acknowledgement that a frame is.
func (c *counter) acked(frame []byte) {
	now := time.Now()
	_, rest, _ := strings.Cut(string(frame), `"envelope_id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	c.note(id, now, func(v *volley) *marks { return v.acks })
}

// answered takes what the bot says to the person.
func (c *counter) answered(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	now := time.Now()
	if err == nil {
		c.note(r.PathValue("id"), now, func(v *volley) *marks { return v.answers })
		c.sample.CompareAndSwap(nil, string(body))
	}
	_, _ = io.WriteString(rw, "ok")
}

func (c *counter) note(id string, now time.Time, what func(*volley) *marks) {
	v := c.current.Load()
	name, number, _ := strings.Cut(id, "-")
	i, err := strconv.Atoi(number)
	if v == nil || err != nil || name != v.name || !what(v).mark(i, now.Sub(v.began)) {
		c.strays.Add(1)
	}
}
