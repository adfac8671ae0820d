package bot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/bot"
)

// raw is a Slack that only opens sockets, each of which does what the test says.
type raw struct {
	*httptest.Server
	opens  atomic.Int64
	closes chan int // close codes that clients sent; 1006 for none
	conns  sync.WaitGroup
}

func newRaw(t *testing.T, talk func(*websocket.Conn)) *raw {
	t.Helper()
	r := &raw{closes: make(chan int, 1000)}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, q *http.Request) {
		r.opens.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(r.URL, "http") + "/link"})
	})
	mux.HandleFunc("/link", func(w http.ResponseWriter, q *http.Request) {
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		c, err := up.Upgrade(w, q, nil)
		if err != nil {
			return
		}
		r.conns.Add(1)
		defer r.conns.Done()
		c.SetCloseHandler(func(code int, _ string) error { r.closes <- code; return nil })
		talk(c)
		_ = c.Close()
	})
	r.Server = httptest.NewServer(mux)
	t.Cleanup(func() { r.conns.Wait(); r.Close() })
	return r
}

func (r *raw) slack(t *testing.T, c *clock) *bot.Slack {
	t.Helper()
	s, err := bot.New(bot.Settings{BotToken: "xoxb-local", AppToken: "xapp-local", APIURL: r.URL + "/api/", Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func greet(c *websocket.Conn) {
	_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"},"debug_info":{"host":"h"}}`))
}

func dismiss(c *websocket.Conn, reason string) {
	_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"disconnect","reason":%q}`, reason))
}

// serve pings and reads until the client goes; every text frame goes to frames.
func serve(c *websocket.Conn, frames chan<- string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_, raw, err := c.ReadMessage()
			if err != nil {
				return
			}
			if frames != nil {
				frames <- string(raw)
			}
		}
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_ = c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}
	}
}

// next is what comes over ch, if something comes in time.
func next[V any](t *testing.T, ch <-chan V) (v V) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(5 * time.Second):
		t.Error("got nothing in time")
	}
	return v
}
