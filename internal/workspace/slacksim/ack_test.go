package slacksim_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

const goButton = `[{"type":"actions","block_id":"b","elements":[{"type":"button","action_id":"go","value":"7","text":{"type":"plain_text","text":"Go"}}]}]`

func TestB05_WhatPeopleSeeWithoutAnAck(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.AckAfter = clock.After
	w := start(t, opt)
	if err := w.As("dev").Slash("#deploys", "/ops list"); !errors.Is(err, slacksim.ErrNobody) {
		t.Errorf("got %v, want dispatch_failed while nobody is connected", err)
	}
	wantLast(t, w.As("dev").Troubles(), `/ops failed with the error "dispatch_failed"`)
	c := connect(t, w, nil)
	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "press", "blocks", goButton).str("ts")

	dev, sre := w.As("dev"), w.As("sre")
	slash, button, nearly := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { slash <- dev.Slash("#deploys", "/ops list") }()
	go func() { button <- dev.Click("#deploys", ts, "go") }()
	go func() { nearly <- sre.Slash("#deploys", "/ops nearly") }()
	c.wait(t, "dev's command", func(o object) bool { return dig(o, "payload", "text") == "list" })
	c.wait(t, "dev's press", payloadKind("block_actions"))
	e := c.wait(t, "sre's command", func(o object) bool { return dig(o, "payload", "text") == "nearly" })
	clock.Advance(2900 * time.Millisecond)
	c.send(ack(e))
	if err := <-nearly; err != nil {
		t.Errorf("got %v, want the acknowledgement after 2.9 s taken", err)
	}
	clock.Advance(99 * time.Millisecond)
	if len(slash)+len(button) > 0 {
		t.Error("it timed out before 3 s")
	}
	clock.Advance(time.Millisecond)
	if err := <-slash; !errors.Is(err, slacksim.ErrTimeout) {
		t.Errorf("got %v, want operation_timeout", err)
	}
	if err := <-button; !errors.Is(err, slacksim.ErrTimeout) {
		t.Errorf("got %v, want a timeout for the button", err)
	}
	m := find(dev.Sees("#deploys"), ts)
	if len(m.Troubles) != 1 || m.Troubles[0].ActionID != "go" {
		t.Errorf("got troubles %v, want a mark beside the button", m.Troubles)
	}
	if m := find(sre.Sees("#deploys"), ts); len(m.Troubles) != 0 {
		t.Errorf("sre sees %v, want the mark only where dev looks", m.Troubles)
	}
	var said []string
	for _, m := range dev.Whispers("#deploys") {
		said = append(said, m.Text)
	}
	wantLast(t, said, `/ops failed with the error "operation_timeout"`)
}

func find(all []slacksim.Message, ts string) slacksim.Message {
	for _, m := range all {
		if m.TS == ts {
			return m
		}
	}
	return slacksim.Message{}
}

func wantLast(t *testing.T, got []string, want string) {
	t.Helper()
	if len(got) == 0 || got[len(got)-1] != want {
		t.Errorf("got %q, want %q last", got, want)
	}
}

func TestB05_AModalStaysOpenWithoutAnAck(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.AckAfter = clock.After
	w := start(t, opt)
	c := connect(t, w, ackUnless("view_submission"))
	openModal(t, w, c, form("why"))
	submitted := make(chan error, 1)
	go func() { submitted <- w.As("dev").Submit(map[string]any{"why": "x"}) }()
	c.wait(t, "view_submission", payloadKind("view_submission"))
	clock.Advance(3 * time.Second)
	if err := <-submitted; !errors.Is(err, slacksim.ErrTimeout) {
		t.Errorf("got %v, want a timeout", err)
	}
	if v := w.As("dev").View(); v == nil || v.Trouble == "" {
		t.Errorf("got view %+v, want it open with its trouble", v)
	}
}

// TestAcknowledgementsRunOnRealTime: without a hook, the deadline is real.
func TestAcknowledgementsRunOnRealTime(t *testing.T) {
	opt := office()
	opt.Timings.Ack = 30 * time.Millisecond
	w := start(t, opt)
	connect(t, w, nil)
	if err := w.As("dev").Slash("#deploys", "/ops list"); !errors.Is(err, slacksim.ErrTimeout) {
		t.Errorf("got %v, want operation_timeout", err)
	}
}

// ackUnless acknowledges everything but payloads of one type.
func ackUnless(kind string) func(object) any {
	return func(e object) any {
		if dig(e, "payload", "type") == kind {
			return nil
		}
		return ack(e)
	}
}

func TestB06_EventsAreRetried(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After, opt.AckAfter = clock.Now, clock.After, clock.After
	w := start(t, opt)
	c := connect(t, w, nil)
	if _, err := w.As("dev").Say("#deploys", "hi @bot"); err != nil {
		t.Fatal(err)
	}
	attempts := func() []object {
		var found []object
		for _, o := range c.all() {
			if inner("app_mention")(o) {
				found = append(found, o)
			}
		}
		return found
	}
	for n, wait := range []time.Duration{0, 0, time.Minute, 5 * time.Minute} {
		clock.Advance(wait)
		eventually(t, "attempt", func() bool { return len(attempts()) == n+1 })
		clock.Advance(3 * time.Second)
	}
	clock.Advance(time.Hour)
	c.wait(t, "warning", kind("disconnect")) // whatever was due has been sent
	got := attempts()
	if len(got) != 4 {
		t.Fatalf("got %d attempts, want the first and three retries", len(got))
	}
	for n, o := range got {
		reason := "timeout"
		if n == 0 {
			reason = ""
		}
		if o["retry_attempt"] != float64(n) || o["retry_reason"] != reason {
			t.Errorf("attempt %d: got %v %q", n, o["retry_attempt"], o["retry_reason"])
		}
		if dig(o, "payload", "event_id") != dig(got[0], "payload", "event_id") {
			t.Errorf("attempt %d has another event_id", n)
		}
	}
}

func TestB06_AnEventOfADisconnectedTimeIsDeliveredLater(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	w := start(t, opt)
	if _, err := w.As("dev").Say("#deploys", "hi @bot"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two lost attempts of both events", func() bool {
		n := 0
		for _, e := range w.Journal() {
			if e.Has("undelivered") {
				n++
			}
		}
		return n == 4
	})
	c := connect(t, w, ack)
	clock.Advance(time.Minute)
	o := c.wait(t, "app_mention", inner("app_mention"))
	if o["retry_attempt"] != 2.0 || o["retry_reason"] != "timeout" {
		t.Errorf("got attempt %v, reason %v; want the second retry", o["retry_attempt"], o["retry_reason"])
	}
}
