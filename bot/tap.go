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

// Frames that matter here.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
)

// wire is told what a tap sees.
type wire interface {
	pinged()
	dismissed(reason string) // a disconnect frame came
	acked()                  // a text frame went out
	closed()                 // an open connection has ended
}

// tap is a connection to Slack that looks at the frames passing by: slack-go tells nobody about pings,
// nor why Slack asks to disconnect.
type tap struct {
	net.Conn
	wire wire
	once sync.Once

	open   atomic.Bool // past the handshake
	buffer []byte
	skip   uint64 // bytes of a payload too long to look at
}

// Read passes on what came and looks at it.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.look(p[:n])
	return n, err
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

// look takes frames off what was read. Only short ones are looked into.
func (t *tap) look(p []byte) {
	const longest = 4096
	if t.skip > 0 {
		n := min(t.skip, uint64(len(p)))
		t.skip -= n
		p = p[n:]
	}
	if len(p) == 0 {
		return
	}
	t.buffer = append(t.buffer, p...)
	if !t.open.Load() {
		i := bytes.Index(t.buffer, []byte("\r\n\r\n"))
		if i < 0 {
			return
		}
		t.open.Store(true)
		t.buffer = t.buffer[i+4:]
	}
	for {
		f, size, ok := parseFrame(t.buffer)
		if !ok {
			return
		}
		if total := size + f.length; total > uint64(len(t.buffer)) {
			if f.length > longest {
				t.skip = total - uint64(len(t.buffer))
				t.buffer = nil
			}
			return
		}
		end := size + f.length
		t.frame(f.op, t.buffer[size:end])
		t.buffer = bytes.Clone(t.buffer[end:])
	}
}

type frame struct {
	op     byte
	length uint64
}

// parseFrame reads a frame's head; false when it is not there yet.
func parseFrame(b []byte) (f frame, size uint64, ok bool) {
	if len(b) < 2 {
		return f, 0, false
	}
	f.op, f.length, size = b[0]&0x0F, uint64(b[1]&0x7F), 2
	switch f.length {
	case 126:
		if len(b) < 4 {
			return f, 0, false
		}
		f.length, size = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return f, 0, false
		}
		f.length, size = binary.BigEndian.Uint64(b[2:])&(1<<40-1), 10
	}
	if b[1]&0x80 != 0 {
		size += 4
	}
	return f, size, true
}

func (t *tap) frame(op byte, payload []byte) {
	switch op {
	case opPing:
		t.wire.pinged()
	case opText:
		if len(payload) > 4096 || !bytes.Contains(payload, []byte("disconnect")) {
			return
		}
		var d struct{ Type, Reason string }
		if json.Unmarshal(payload, &d) == nil && d.Type == "disconnect" {
			t.wire.dismissed(d.Reason)
		}
	}
}
