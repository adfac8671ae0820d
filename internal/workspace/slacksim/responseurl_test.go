package slacksim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func respond(t *testing.T, url string, v any) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(encode(v)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.Header.Get("Content-Type") == "" {
		t.Error("the reply has no Content-Type")
	}
	return resp.StatusCode, string(body)
}

func mustRespond(t *testing.T, url string, v any) {
	t.Helper()
	if status, body := respond(t, url, v); status != 200 || body != "ok" {
		t.Fatalf("got %d %q, want 200 ok", status, body)
	}
}

func TestB09_ResponseURLs(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	w := start(t, opt)
	c := connect(t, w, ack)
	dev := w.As("dev")
	n := 0
	slash := func(channel string) string {
		n++
		mark := strings.Repeat("i", n)
		if err := dev.Slash(channel, "/ops "+mark); err != nil {
			t.Fatal(err)
		}
		o := c.wait(t, mark, func(o object) bool { return dig(o, "payload", "text") == mark })
		url, _ := dig(o, "payload", "response_url").(string)
		return url
	}

	url := slash("#secret") // the bot is not a member
	for range 5 {
		mustRespond(t, url, object{"text": "only you"})
	}
	if status, _ := respond(t, url, object{"text": "x"}); status == 200 {
		t.Error("the sixth use was taken")
	}
	if got := dev.Whispers("#secret"); len(got) != 5 || !got[0].Ephemeral {
		t.Errorf("got %v, want five ephemeral messages", got)
	}
	url = slash("#deploys")
	clock.Advance(31 * time.Minute)
	if status, _ := respond(t, url, object{"text": "x"}); status == 200 {
		t.Error("a response_url was taken after 31 minutes")
	}
	url = slash("#deploys")
	root := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "root").str("ts")
	mustRespond(t, url, object{"text": "all", "response_type": "in_channel", "replace_original": "true"})
	mustRespond(t, url, object{"text": "in thread", "response_type": "in_channel", "replace_original": false, "thread_ts": root})
	if all := w.Messages("#deploys"); len(all) != 2 || all[1].Text != "all" {
		t.Errorf("got %v, want a new message and nothing replaced", all)
	}
	if thread := w.Thread("#deploys", root); len(thread) != 2 || thread[0].ReplyCount != 1 {
		t.Errorf("got %v, want one reply", thread)
	}
	if status, body := respond(t, url, object{"blocks": []any{object{"type": "nonsense"}}}); status == 200 || !strings.Contains(body, "invalid_blocks") {
		t.Errorf("got %d %s, want invalid_blocks", status, body)
	}
}

func TestB09_ResponseURLsOfButtons(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	press := func(ts string) object {
		pressed := func() []object { return c.every(payloadKind("block_actions")) }
		before := len(pressed())
		if err := dev.Click("#deploys", ts, "go"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "press", func() bool { return len(pressed()) > before })
		return pressed()[before]
	}
	url := func(o object) string { s, _ := dig(o, "payload", "response_url").(string); return s }

	whisper := mustCall(t, w, "chat.postEphemeral", "channel", "C0DEPLOYS", "user", "U0DEV", "text", "sure?", "blocks", goButton).str("message_ts")
	o := press(whisper)
	if dig(o, "payload", "message") != nil || dig(o, "payload", "container", "is_ephemeral") != true {
		t.Errorf("got %v, want no message of an ephemeral source", o)
	}
	mustRespond(t, url(o), object{"text": "done", "replace_original": true})
	if got := dev.Whispers("#deploys"); len(got) != 1 || got[0].Text != "done" || got[0].Blocks != nil || got[0].TS != whisper {
		t.Errorf("got %+v, want the ephemeral message replaced", got)
	}
	mustRespond(t, url(o), object{"delete_original": true})
	if got := dev.Whispers("#deploys"); len(got) != 0 {
		t.Errorf("got %+v, want it deleted", got)
	}

	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "press", "blocks", goButton).str("ts")
	o = press(ts)
	mustRespond(t, url(o), object{"text": "extra"})
	if got := dev.Whispers("#deploys"); len(got) != 1 || got[0].Text != "extra" {
		t.Errorf("got %+v, want a new ephemeral message by default", got)
	}
	mustRespond(t, url(o), object{"text": "changed", "replace_original": true, "response_type": "ephemeral"})
	if got := w.Messages("#deploys"); len(got) != 1 || got[0].Text != "changed" {
		t.Errorf("got %+v, want the message replaced and still visible to all", got)
	}
	mustRespond(t, url(o), object{"text": "anew", "delete_original": true, "response_type": "in_channel"})
	if got := w.Messages("#deploys"); len(got) != 1 || got[0].Text != "anew" || got[0].TS == ts {
		t.Errorf("got %+v, want the old message gone and a new one", got)
	}
}
