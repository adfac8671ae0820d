package slacksim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one Socket Mode connection.
type socket struct {
	id        string
	conn      *websocket.Conn
	connected time.Time
	out       chan frame
	over      chan struct{} // closed when reading has ended
	gone      chan struct{} // closed when writing has ended

	// Guarded by the workspace's lock.
	pings    int
	debug    bool
	draining bool // told to go: no new envelopes
	dead     bool // half open or ghost: counted, fed, never heard
	quiet    bool // sends no pings
	removed  bool
	stops    []func()
}

// frame is something to write: data, or a close with its code.
type frame struct {
	data  []byte
	code  int
	cause string
}

func (s *socket) send(f frame) {
	select {
	case s.out <- f:
	default:
		s.cut()
	}
}

// cut ends the TCP connection without a word.
func (s *socket) cut() { _ = s.conn.NetConn().Close() }

const farEnd = "applink-local-1"

// serveLink is the WebSocket endpoint whose address apps.connections.open gives.
func (w *Workspace) serveLink(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	good := !w.closed && w.redeem(r)
	w.mu.Unlock()
	if !good {
		w.journal.add(Entry{Kind: "socket", Error: "bad_ticket", Status: http.StatusForbidden})
		http.Error(rw, "ticket is unknown, used or expired", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	s := &socket{conn: conn, out: make(chan frame, 4096),
		over: make(chan struct{}), gone: make(chan struct{}), debug: r.URL.Query().Get("debug_reconnects") == "true"}
	if !w.admit(s) {
		_ = conn.Close()
		return
	}
	defer w.running.Done()
	w.read(s)
	w.release(s)
	<-s.gone
}

// admit registers a connection, or tells it why not. It reports whether the
// caller should go on to read.
func (w *Workspace) admit(s *socket) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.socketSeq++
	s.id = fmt.Sprintf("ws-%d", w.socketSeq)
	s.connected = w.now()
	w.running.Add(1)
	w.running.Go(func() { w.write(s) })
	switch {
	case w.linkDisabled:
		s.draining = true
		w.disconnect(s, "link_disabled", 0)
	case w.counted() >= w.opt.MaxConnections:
		s.draining = true
		w.disconnect(s, "too_many_websockets", 0)
	default:
		w.sockets = append(w.sockets, s)
		w.hello(s)
		w.limitLife(s)
	}
	return true
}

// counted is the number of connections Slack believes the app has.
func (w *Workspace) counted() int {
	n := 0
	for _, s := range w.sockets {
		if !s.removed {
			n++
		}
	}
	return n
}

func (w *Workspace) lifetime(s *socket) time.Duration {
	if s.debug {
		return w.opt.Timings.DebugLife
	}
	return w.opt.Timings.Lifetime
}

func (w *Workspace) hello(s *socket) {
	w.transmit(s, Object{
		"type":            "hello",
		"num_connections": w.counted(),
		"connection_info": Object{"app_id": w.opt.App.ID},
		"debug_info": Object{
			"host":                        farEnd,
			"started":                     s.connected.UTC().Format("2006-01-02 15:04:05.000"),
			"build_number":                1,
			"approximate_connection_time": int(w.lifetime(s).Seconds()),
		},
	})
	w.changed(event{Type: "sockets", data: Object{"sockets": w.socketList()}})
}

func (w *Workspace) limitLife(s *socket) {
	life, notice := w.lifetime(s), w.opt.Timings.Warning
	if notice < life {
		s.stops = append(s.stops, w.after(w.opt.After, life-notice, func() { w.sayDisconnect(s, "warning") }))
	}
	s.stops = append(s.stops, w.after(w.opt.After, life, func() {
		w.disconnect(s, "refresh_requested", w.opt.Timings.CloseGrace)
	}))
}

func (w *Workspace) sayDisconnect(s *socket, reason string) {
	w.transmit(s, Object{"type": "disconnect", "reason": reason, "debug_info": Object{"host": farEnd}})
}

// disconnect tells a connection to go, and closes it after a grace of real time.
func (w *Workspace) disconnect(s *socket, reason string, grace time.Duration) {
	w.sayDisconnect(s, reason)
	s.draining = true
	closing := func() { s.send(frame{code: websocket.CloseNormalClosure}) }
	if grace == 0 {
		closing()
		return
	}
	s.stops = append(s.stops, w.after(realAfter, grace, closing))
}

// transmit queues a JSON frame. The lock must be held.
func (w *Workspace) transmit(s *socket, v Object) {
	data := marshal(v)
	e := Entry{Kind: "frame", Dir: "out", Socket: s.id, Data: string(data)}
	if s.dead {
		e.Flags = append(e.Flags, "lost")
	} else {
		s.send(frame{data: data})
	}
	w.journal.add(e)
}

// write owns the connection's writing side: frames, pings, the close.
func (w *Workspace) write(s *socket) {
	defer close(s.gone)
	ping := time.NewTicker(w.opt.Timings.Ping)
	defer ping.Stop()
	for {
		select {
		case f := <-s.out:
			_ = s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			if f.code == 0 {
				if s.conn.WriteMessage(websocket.TextMessage, f.data) == nil {
					continue
				}
			} else {
				w.sayClose(s, f)
			}
			s.cut()
			return
		case <-ping.C:
			w.ping(s)
		case <-s.over:
			return
		case <-w.quit:
			s.cut()
			return
		}
	}
}

// sayClose sends a close frame and gives the client a moment to answer it.
func (w *Workspace) sayClose(s *socket, f frame) {
	until := time.Now().Add(time.Second)
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(f.code, f.cause), until)
	_ = s.conn.NetConn().SetReadDeadline(until)
	w.mu.Lock()
	s.draining = true
	w.mu.Unlock()
	select {
	case <-time.After(200 * time.Millisecond):
	case <-s.over:
	case <-w.quit:
	}
}

func (w *Workspace) ping(s *socket) {
	w.mu.Lock()
	silent := s.quiet || s.dead
	if !silent {
		s.pings++
	}
	w.mu.Unlock()
	if !silent {
		_ = s.conn.WriteControl(websocket.PingMessage, []byte("Ping from server"), time.Now().Add(time.Second))
	}
}

// read owns the reading side until the connection ends.
func (w *Workspace) read(s *socket) {
	pong := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error {
		if w.isDead(s) {
			return nil
		}
		return pong(data)
	})
	for {
		kind, r, err := s.conn.NextReader()
		if err != nil {
			w.ended(s, err)
			return
		}
		data, err := io.ReadAll(io.LimitReader(r, int64(w.opt.FrameLimit)+1))
		if err != nil {
			w.ended(s, err)
			return
		}
		w.received(s, kind, data)
	}
}

func (w *Workspace) isDead(s *socket) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.dead
}

func (w *Workspace) received(s *socket, kind int, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := Entry{Kind: "frame", Dir: "in", Socket: s.id, Data: string(data)}
	defer func() { w.journal.add(e) }()
	switch {
	case s.dead:
		e.Flags = []string{"lost"}
	case len(data) > w.opt.FrameLimit:
		e.Data, e.Flags = "", []string{"too_large"}
		if !w.opt.IgnoreLargeFrames {
			s.send(frame{code: websocket.CloseMessageTooBig, cause: fmt.Sprintf("Max frame length of %d has been exceeded", w.opt.FrameLimit)})
		}
	case kind != websocket.TextMessage:
		e.Data, e.Flags = "", []string{"binary"}
	default:
		e.Flags = w.acknowledge(s, data)
	}
}

// ended notes how a connection ended; one lost without a close frame may stay
// counted as a ghost.
func (w *Workspace) ended(s *socket, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var closed *websocket.CloseError
	clean := errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure
	e := Entry{Kind: "socket", Socket: s.id, Data: fmt.Sprintf(`{"ended":%q}`, err)}
	switch {
	case clean:
		e.Flags = []string{"closed"}
	default:
		e.Flags = []string{"vanished"}
		if !s.draining && w.opt.Timings.Ghost > 0 {
			s.dead = true
		}
	}
	w.journal.add(e)
}

// release forgets a connection, now or when its ghost fades.
func (w *Workspace) release(s *socket) {
	s.cut()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, stop := range s.stops {
		stop()
	}
	close(s.over)
	if s.dead && !w.closed {
		w.after(w.opt.After, cmp.Or(w.opt.Timings.Ghost, 5*time.Minute), func() { w.forget(s) })
		return
	}
	w.forget(s)
}

func (w *Workspace) forget(s *socket) {
	s.removed = true
	kept := w.sockets[:0:0]
	for _, o := range w.sockets {
		if o != s {
			kept = append(kept, o)
		}
	}
	w.sockets = kept
	w.changed(event{Type: "sockets", data: Object{"sockets": w.socketList()}})
}
