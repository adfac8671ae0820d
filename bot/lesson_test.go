package bot_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/bot"
)

// TestADisconnectDuringAPressThatIsNotAcknowledged: Slack asks to disconnect while a press is still being written
// down. Its acknowledgement goes out over the connection that it came by, and over no other.
func TestADisconnectDuringAPressThatIsNotAcknowledged(t *testing.T) {
	own, others := make(chan string, 10), make(chan string, 10)
	dismissed := make(chan struct{})
	var nth atomic.Int64
	r := newRaw(t, func(c *websocket.Conn) {
		greet(c)
		if nth.Add(1) > 1 {
			serve(c, others)
			return
		}
		_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"interactive","envelope_id":"press-1","payload":{"type":"block_actions"}}`))
		dismiss(c, "refresh_requested")
		close(dismissed)
		serve(c, own)
	})
	s := bot.NewSockets(r.slack(t, &clock{}), taker(func(bot.Envelope) any {
		<-dismissed
		time.Sleep(300 * time.Millisecond) // Redis is slow, and the successor has said hello
		return nil
	}))
	s.Count, s.Stagger = 1, 10*time.Millisecond
	stop := runSockets(t, s)
	if got := next(t, own); got != `{"envelope_id":"press-1"}` {
		t.Errorf("got %q over the connection of the press, want its acknowledgement", got)
	}
	eventually(t, "a successor", func() bool { return nth.Load() > 1 })
	if err := stop(); err != nil {
		t.Errorf("got %v from Run", err)
	}
	for len(others) > 0 {
		if f := <-others; strings.Contains(f, "press-1") {
			t.Errorf("got %s over another connection", f)
		}
	}
}
