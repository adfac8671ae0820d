package slacksim_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func TestB01_OpeningAConnection(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	w := start(t, opt)
	const method, form = "apps.connections.open", "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, token, kind, want string }{
		{"form", "xapp-local", form, ""},
		{"json", "xapp-local", "application/json", ""},
		{"bot token", "xoxb-local", form, "not_allowed_token_type"},
		{"no token", "", form, "not_authed"},
		{"wrong token", "xapp-other", form, "invalid_auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := request(t, w, method, c.token, c.kind, "")
			wantError(t, a, c.want)
			if c.want == "" && !strings.HasPrefix(a.str("url"), "ws://127.0.0.1:") {
				t.Errorf("got %v, want a ws:// url", a.body)
			}
		})
	}
	wantError(t, request(t, w, method, "", form, "token=xapp-local"), "not_authed")
	get, _ := http.NewRequest(http.MethodGet, w.URL()+"/api/"+method, nil)
	get.Header.Set("Authorization", "Bearer xapp-local")
	wantError(t, do(t, get), "insecure_request")
	wantError(t, request(t, w, "auth.test", "xapp-local", form, ""), "not_allowed_token_type")

	used := ticketURL(t, w)
	dial(t, used, nil)
	refused(t, used)
	stale := ticketURL(t, w)
	clock.Advance(31 * time.Second)
	refused(t, stale)
}

func refused(t *testing.T, address string) {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial(address, nil)
	if err == nil {
		_ = conn.Close()
		t.Error("the ticket was taken, want it refused")
	} else if resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("got %v, want 403", err)
	}
}

func TestB02_HelloAndPings(t *testing.T) {
	opt := office()
	opt.Timings.Ping = 20 * time.Millisecond
	w := start(t, opt)
	conn, _, err := websocket.DefaultDialer.Dial(ticketURL(t, w)+"&kept=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var hello object
	if err := conn.ReadJSON(&hello); err != nil {
		t.Fatal(err)
	}
	if hello["type"] != "hello" || hello["num_connections"] != 1.0 || dig(hello, "connection_info", "app_id") != w.App().ID {
		t.Errorf("got %v, want a hello", hello)
	}
	if dig(hello, "debug_info", "approximate_connection_time") != 3600.0 || dig(hello, "debug_info", "host") == nil {
		t.Errorf("got debug_info %v, want host and 3600 s", hello["debug_info"])
	}
	pings, ponged := 0, make(chan struct{})
	answer := conn.PingHandler()
	conn.SetPingHandler(func(d string) error {
		if pings++; pings == 3 {
			_ = conn.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second))
		}
		return answer(d)
	})
	conn.SetPongHandler(func(string) error { close(ponged); return conn.Close() })
	_, _, _ = conn.ReadMessage()
	select {
	case <-ponged:
	default:
		t.Errorf("got %d pings and no pong, want both", pings)
	}
}

func TestB03_ConnectionsComeToAnEnd(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	opt.Timings.CloseGrace = time.Millisecond
	w := start(t, opt)
	debug := dial(t, ticketURL(t, w)+"&debug_reconnects=true", nil)
	hello := debug.wait(t, "hello", kind("hello"))
	if got := dig(hello, "debug_info", "approximate_connection_time"); got != 360.0 {
		t.Errorf("got a life of %v s, want 360", got)
	}
	var conns []*raw
	for i := 2; i <= 10; i++ {
		c := connect(t, w, nil)
		conns = append(conns, c)
		if got := c.wait(t, "hello", kind("hello"))["num_connections"]; got != float64(i) {
			t.Errorf("got num_connections %v, want %d", got, i)
		}
	}
	extra := connect(t, w, nil)
	wantDisconnect(t, extra, "too_many_websockets")
	_ = extra.ended(t)

	clock.Advance(350 * time.Second)
	wantDisconnect(t, debug, "warning")
	if debug.closedNow() {
		t.Error("the connection closed with its warning, want ten more seconds")
	}
	clock.Advance(10 * time.Second)
	wantDisconnect(t, debug, "refresh_requested")
	_ = debug.ended(t)

	if err := w.DropSockets(slacksim.LinkDisabled); err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		wantDisconnect(t, c, "link_disabled")
		_ = c.ended(t)
	}
	late := connect(t, w, nil)
	wantDisconnect(t, late, "link_disabled")
}

func (c *raw) closedNow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed != nil
}

func wantDisconnect(t *testing.T, c *raw, reason string) {
	t.Helper()
	c.wait(t, "disconnect "+reason, func(o object) bool { return o["type"] == "disconnect" && o["reason"] == reason })
}

func TestB04_EachEnvelopeGoesToOneConnection(t *testing.T) {
	for name, how := range map[string]slacksim.Distribution{"random": slacksim.Random, "round robin": slacksim.RoundRobin} {
		t.Run(name, func(t *testing.T) {
			opt := office()
			opt.Distribution = how
			w := start(t, opt)
			conns := []*raw{connect(t, w, ack), connect(t, w, ack), connect(t, w, ack)}
			for i := range 300 {
				if err := w.As("dev").Slash("#deploys", fmt.Sprintf("/ops %d", i)); err != nil {
					t.Fatal(err)
				}
			}
			seen := map[any]int{}
			for i, c := range conns {
				mine := 0
				for _, o := range c.all() {
					if o["type"] == "slash_commands" {
						mine++
						seen[o["envelope_id"]]++
					}
				}
				if mine < 50 {
					t.Errorf("connection %d got %d of 300 envelopes, want a fair share", i, mine)
				}
			}
			if len(seen) != 300 {
				t.Errorf("got %d envelopes, want 300", len(seen))
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("envelope %v came %d times, want once", id, n)
				}
			}
		})
	}
}

func TestB07_OddFrames(t *testing.T) {
	t.Run("too large closes", func(t *testing.T) {
		w := start(t, office())
		c := connect(t, w, nil)
		sendText(t, c, strings.Repeat("x", 20481))
		var closed *websocket.CloseError
		if err := c.ended(t); !errors.As(err, &closed) || closed.Code != websocket.CloseMessageTooBig {
			t.Errorf("got %v, want a close with 1009", err)
		} else if closed.Text != "Max frame length of 20480 has been exceeded" {
			t.Errorf("got the reason %q", closed.Text)
		}
	})
	t.Run("too large is ignored by option", func(t *testing.T) {
		opt := office()
		opt.IgnoreLargeFrames = true
		w := start(t, opt)
		c := connect(t, w, ack)
		sendText(t, c, strings.Repeat("x", 20481))
		if err := w.As("dev").Slash("#deploys", "/ops list"); err != nil {
			t.Errorf("the connection serves no more: %v", err)
		}
		wantFlag(t, w, "too_large")
	})
	t.Run("at the limit is fine", func(t *testing.T) {
		w := start(t, office())
		connect(t, w, func(e object) any {
			frame := object{"envelope_id": e["envelope_id"], "payload": object{"text": ""}}
			rest := 20480 - len(encode(frame)) - 1 // and the newline of the encoder
			return object{"envelope_id": e["envelope_id"], "payload": object{"text": strings.Repeat("x", rest)}}
		})
		if err := w.As("dev").Slash("#deploys", "/ops list"); err != nil {
			t.Error(err)
		}
	})
	t.Run("strange acknowledgements", func(t *testing.T) {
		w := start(t, office())
		var other *raw
		c := connect(t, w, func(e object) any { return object{"envelope_id": e["envelope_id"], "payload": object{}} })
		sendText(t, c, `{"envelope_id":"nobody-knows"}`)
		sendText(t, c, `{"envelope_id":""}`)
		sendText(t, c, `not json`)
		if err := w.As("dev").Slash("#deploys", "/ops list"); err != nil {
			t.Fatal(err)
		}
		if got := w.As("dev").Whispers("#deploys"); len(got) != 0 {
			t.Errorf("got %v, want an empty payload to show nothing", got)
		}
		e := c.wait(t, "slash_commands", kind("slash_commands"))
		c.send(ack(e))
		for _, flag := range []string{"unknown_envelope", "no_envelope", "malformed", "second_ack"} {
			wantFlag(t, w, flag)
		}
		other = connect(t, w, nil)
		other.wait(t, "hello", kind("hello"))
		c.mu.Lock()
		c.answer = func(e object) any { other.send(ack(e)); return nil }
		c.mu.Unlock()
		other.mu.Lock()
		other.answer = func(e object) any { c.send(ack(e)); return nil }
		other.mu.Unlock()
		if err := w.As("dev").Slash("#deploys", "/ops list"); err != nil {
			t.Errorf("an acknowledgement on another connection failed: %v", err)
		}
		wantFlag(t, w, "other_connection")
	})
}

func sendText(t *testing.T, c *raw, s string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(s)); err != nil {
		t.Fatal(err)
	}
}

func wantFlag(t *testing.T, w *slacksim.Workspace, flag string) {
	t.Helper()
	eventually(t, "journal entry flagged "+flag, func() bool {
		for _, e := range w.Journal() {
			if e.Has(flag) {
				return true
			}
		}
		return false
	})
}

func TestDisruptions(t *testing.T) {
	t.Run("drop", func(t *testing.T) {
		w := start(t, office())
		c := connect(t, w, nil)
		_ = w.DropSockets(slacksim.Drop)
		if err := c.ended(t); !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) && !websocket.IsUnexpectedCloseError(err) && err == nil {
			t.Errorf("got %v, want an end without a close frame", err)
		}
		eventually(t, "empty list of connections", func() bool { return w.Sockets() == 0 })
	})
	t.Run("half open", func(t *testing.T) {
		opt := office()
		opt.Timings.Ack = 20 * time.Millisecond
		w := start(t, opt)
		c := connect(t, w, ack)
		_ = w.DropSockets(slacksim.HalfOpen)
		if err := w.As("dev").Slash("#deploys", "/ops list"); !errors.Is(err, slacksim.ErrTimeout) {
			t.Errorf("got %v, want a timeout", err)
		}
		c.close()
		if w.Sockets() != 1 {
			t.Errorf("got %d connections, want the ghost counted", w.Sockets())
		}
	})
	t.Run("ghosts", func(t *testing.T) {
		clock := slacksim.NewClock(time.Unix(1700000000, 0))
		opt := office()
		opt.Now, opt.After, opt.Timings.Ghost = clock.Now, clock.After, 5*time.Hour
		opt.Timings.Lifetime = 10 * time.Hour
		w := start(t, opt)
		c := connect(t, w, nil)
		c.close()
		wantFlag(t, w, "vanished")
		if got := connect(t, w, nil).wait(t, "hello", kind("hello"))["num_connections"]; got != 2.0 {
			t.Errorf("got num_connections %v, want 2 with the ghost", got)
		}
		eventually(t, "timer of the ghost", func() bool { clock.Advance(5 * time.Hour); return w.Sockets() == 1 })
	})
	t.Run("unknown", func(t *testing.T) {
		w := start(t, office())
		if err := w.DropSockets("melt"); err == nil {
			t.Error("got no error for an unknown disruption")
		}
	})
}
