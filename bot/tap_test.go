package bot

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wiretap notes what a tap tells.
type wiretap struct {
	pings, frames, acks, ends int
	reasons                   []string
}

func (w *wiretap) pinged()                    { w.pings++ }
func (w *wiretap) delivered()                 { w.frames++ }
func (w *wiretap) acked()                     { w.acks++ }
func (w *wiretap) closed()                    { w.ends++ }
func (w *wiretap) dismissed(r string, _ *tap) { w.reasons = append(w.reasons, r) }

// pieces is a connection that gives out data in pieces and keeps what is written.
type pieces struct {
	net.Conn
	in      [][]byte
	written bytes.Buffer
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.in[0])
	if p.in[0] = p.in[0][n:]; len(p.in[0]) == 0 {
		p.in = p.in[1:]
	}
	return n, nil
}

func (p *pieces) Write(b []byte) (int, error)      { return p.written.Write(b) }
func (p *pieces) Close() error                     { return nil }
func (p *pieces) SetWriteDeadline(time.Time) error { return nil }

func encode(op byte, payload string) []byte {
	n := len(payload)
	head := []byte{0x80 | op}
	switch {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = append(head, 126, byte(n>>8), byte(n))
	default:
		head = append(head, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(head, payload...)
}

// However the bytes are cut up, everything is passed on except requests to disconnect.
func TestTapKeepsRequestsToDisconnect(t *testing.T) {
	const handshake = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	rapid.Check(t, func(t *rapid.T) {
		var in, want bytes.Buffer
		in.WriteString(handshake)
		want.WriteString(handshake)
		pings, frames, reasons := 0, 0, 0
		for i := range rapid.IntRange(0, 12).Draw(t, "frames") {
			keep := true
			var f []byte
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				f, pings = encode(opPing, "p"), pings+1
			case 1:
				f, reasons, keep = encode(opText, `{"type":"disconnect","reason":"warning"}`), reasons+1, false
			case 2:
				f, frames = encode(opText, fmt.Sprintf(`{"type":"hello","n":%d,"text":"disconnect"}`, i)), frames+1
			case 3:
				size := rapid.SampledFrom([]int{1, 125, 126, 4096, 4097, 70_000}).Draw(t, "size")
				f, frames = encode(opText, string(bytes.Repeat([]byte("x"), size))), frames+1
			case 4:
				f, frames = encode(opText, `{"payload":{"type":"disconnect"}} "disconnect"`), frames+1
			}
			in.Write(f)
			if keep {
				want.Write(f)
			}
		}
		conn := &pieces{}
		for in.Len() > 0 {
			conn.in = append(conn.in, bytes.Clone(in.Next(rapid.SampledFrom([]int{1, 2, 7, 100, 5000, 100_000}).Draw(t, "piece"))))
		}
		w := &wiretap{}
		got, err := io.ReadAll(&tap{Conn: conn, wire: w})
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("got %d bytes, %v, want the %d passed on", len(got), err, want.Len())
		}
		if w.pings != pings || w.frames != frames || len(w.reasons) != reasons {
			t.Fatalf("got %+v, want %d pings, %d frames, %d requests to disconnect", w, pings, frames, reasons)
		}
	})
}

func TestTapSaysGoodbyeOnce(t *testing.T) {
	w, conn := &wiretap{}, &pieces{in: [][]byte{[]byte("HTTP/1.1 101 x\r\n\r\n")}}
	c := &tap{Conn: conn, wire: w}
	if _, err := io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte{0x81, 0x80, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	conn.written.Reset()
	_, _ = c.Close(), c.Close()
	if !bytes.Equal(conn.written.Bytes(), goodbye) || w.ends != 1 || w.acks != 1 {
		t.Errorf("got % x and %+v, want one close frame", conn.written.Bytes(), w)
	}
	shut := &pieces{}
	if _ = (&tap{Conn: shut, wire: w}).Close(); shut.written.Len() != 0 {
		t.Error("got a close frame before the handshake")
	}
}

func FuzzTap(f *testing.F) {
	f.Add([]byte("\r\n\r\n\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\r\n\r\n\x81\xfe\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := io.ReadAll(&tap{Conn: &pieces{in: [][]byte{in}}, wire: &wiretap{}}); err != nil {
			t.Error(err)
		}
	})
}
