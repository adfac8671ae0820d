package bot

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// goodbye is a masked close frame with status 1001, going away. slack-go sends none, and a connection
// whose end Slack does not notice keeps getting its share of envelopes.
var goodbye = []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9}

const (
	opText  = 0x1
	opPing  = 0x9
	maxLook = 4096 // the longest frame that is looked into
)

// wire is told what a tap sees.
type wire interface {
	pinged()
	delivered()                      // a text frame is passed on
	dismissed(reason string, t *tap) // Slack asks to disconnect
	acked()                          // a text frame went out
	closed()                         // an open connection has ended
}

// tap is a connection to Slack that looks at the frames passing by. slack-go tells nobody about pings.
// And when Slack asks to disconnect, slack-go drops the connection at once, with everything that was
// delivered behind the request and every acknowledgement not yet written; so the tap keeps the request
// to itself, and whoever is told closes the tap when all is done.
type tap struct {
	net.Conn
	wire wire
	once sync.Once
	open atomic.Bool // past the handshake

	scratch []byte
	held    []byte // read, and not known to be a whole frame yet
	ready   []byte // to pass on
	through uint64 // bytes still to pass on unseen, of a long frame
}

// Read passes on what came, except requests to disconnect.
func (t *tap) Read(p []byte) (int, error) {
	if t.scratch == nil {
		t.scratch = make([]byte, 32*1024)
	}
	for len(t.ready) == 0 {
		n, err := t.Conn.Read(t.scratch)
		t.look(t.scratch[:n])
		if err != nil && len(t.ready) == 0 {
			return 0, err
		}
	}
	n := copy(p, t.ready)
	t.ready = t.ready[n:]
	return n, nil
}

// Write passes on what goes out and counts text frames. gorilla writes a whole frame at once.
func (t *tap) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	if err == nil && len(p) > 0 && p[0]&0x8F == 0x80|opText {
		t.wire.acked()
	}
	return n, err
}

// Close says goodbye first.
func (t *tap) Close() error {
	t.once.Do(func() {
		if !t.open.Load() {
			return
		}
		_ = t.Conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		_, _ = t.Conn.Write(goodbye)
		t.wire.closed()
	})
	return t.Conn.Close()
}

// look sorts what was read into whole frames and passes them on.
func (t *tap) look(p []byte) {
	t.held = append(t.held, p...)
	if !t.open.Load() {
		i := bytes.Index(t.held, []byte("\r\n\r\n"))
		if i < 0 {
			return // the handshake is passed on whole
		}
		t.open.Store(true)
		t.pass(uint64(i + 4))
	}
	for len(t.held) > 0 {
		if t.through > 0 {
			n := min(t.through, uint64(len(t.held)))
			t.through -= n
			t.pass(n)
			continue
		}
		f, ok := parseFrame(t.held)
		if !ok {
			return
		}
		if f.length > maxLook {
			t.through = f.head + f.length
			t.tell(f)
			continue
		}
		total := f.head + f.length
		if total > uint64(len(t.held)) {
			return
		}
		if t.wanted(f.op, t.held[f.head:total]) {
			t.tell(f)
			t.pass(total)
		} else {
			t.held = t.held[total:]
		}
	}
}

// pass hands on the first n bytes that are held.
func (t *tap) pass(n uint64) {
	t.ready = append(t.ready, t.held[:n]...)
	t.held = append(t.held[:0], t.held[n:]...)
}

func (t *tap) tell(f frame) {
	switch {
	case f.op == opPing:
		t.wire.pinged()
	case f.op == opText && f.length > 0:
		t.wire.delivered()
	}
}

// wanted looks into a short frame, and reports whether slack-go should see it.
func (t *tap) wanted(op byte, payload []byte) bool {
	if op != opText || !bytes.Contains(payload, []byte(`"disconnect"`)) {
		return true
	}
	var d struct{ Type, Reason string }
	if json.Unmarshal(payload, &d) != nil || d.Type != "disconnect" {
		return true
	}
	t.wire.dismissed(d.Reason, t)
	return false
}

// frame is the head of a WebSocket frame.
type frame struct {
	op     byte
	head   uint64 // its own length
	length uint64 // of the payload
}

// parseFrame reads a frame's head; false when it is not there yet.
func parseFrame(b []byte) (frame, bool) {
	if len(b) < 2 {
		return frame{}, false
	}
	f := frame{op: b[0] & 0x0F, head: 2, length: uint64(b[1] & 0x7F)}
	switch f.length {
	case 126:
		if len(b) < 4 {
			return f, false
		}
		f.length, f.head = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return f, false
		}
		f.length, f.head = binary.BigEndian.Uint64(b[2:])&(1<<40-1), 10
	}
	if b[1]&0x80 != 0 {
		f.head += 4
	}
	return f, true
}
