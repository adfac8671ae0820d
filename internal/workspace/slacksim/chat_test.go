package slacksim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func TestB11_PostingAndUpdating(t *testing.T) {
	w := start(t, office())
	post := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "see https://a.example/x", "blocks", goButton)
	ts := post.str("ts")
	m := post.body["message"].(object)
	if m["user"] != "U0BOTUSER" || m["bot_id"] != w.App().BotID || m["app_id"] != w.App().ID || m["team"] != w.Team().ID {
		t.Errorf("got message %v, want the bot as its author", m)
	}
	if m["text"] != "see <https://a.example/x>" {
		t.Errorf("got text %q, want the bare address in brackets", m["text"])
	}
	generated := mustCall(t, w, "chat.postMessage", "channel", "#deploys", "blocks", `[{"type":"divider"}]`)
	if id := generated.body["message"].(object)["blocks"].([]any)[0].(object)["block_id"]; id == nil || id == "" {
		t.Error("got no generated block_id")
	}

	blocks := mustCall(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "blocks", `[{"type":"divider"}]`)
	if m := blocks.body["message"].(object); m["edited"] != nil || m["text"] != "see <https://a.example/x>" {
		t.Errorf("got %v, want blocks alone to keep the text and leave no edit", m)
	}
	text := mustCall(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", "plain")
	if m := text.body["message"].(object); m["blocks"] != nil || m["edited"] == nil || text.str("text") != "plain" {
		t.Errorf("got %v, want text alone to remove blocks and show an edit", m)
	}
	both := mustCall(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", "both", "blocks", goButton)
	if m := both.body["message"].(object); m["blocks"] == nil || m["text"] != "both" {
		t.Errorf("got %v, want text and blocks", m)
	}
	cleared := mustCall(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", "x", "blocks", `[]`)
	if m := cleared.body["message"].(object); m["blocks"] != nil {
		t.Errorf("got %v, want an empty list to clear blocks", m)
	}

	theirs, err := w.As("dev").Say("#deploys", "mine")
	if err != nil {
		t.Fatal(err)
	}
	whisper := mustCall(t, w, "chat.postEphemeral", "channel", "C0DEPLOYS", "user", "U0DEV", "text", "psst").str("message_ts")
	long := strings.Repeat("é", 40001)
	for name, c := range map[string]struct {
		a    answer
		want string
	}{
		"update of another's":  {call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", theirs, "text", "x"), "cant_update_message"},
		"delete of another's":  {call(t, w, "chat.delete", "channel", "C0DEPLOYS", "ts", theirs), "cant_delete_message"},
		"update of ephemeral":  {call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", whisper, "text", "x"), "message_not_found"},
		"update to nothing":    {call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts), "no_text"},
		"update of 4,001":      {call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", long[:2*4001]), "msg_too_long"},
		"update by user id":    {call(t, w, "chat.update", "channel", "U0DEV", "ts", ts, "text", "x"), "channel_not_found"},
		"archived":             {call(t, w, "chat.postMessage", "channel", "C0OLD", "text", "x"), "is_archived"},
		"public, not a member": {call(t, w, "chat.postMessage", "channel", "C0PUBLIC", "text", "x"), "not_in_channel"},
		"private, no member":   {call(t, w, "chat.postMessage", "channel", "C0SECRET", "text", "x"), "channel_not_found"},
		"nothing":              {call(t, w, "chat.postMessage", "channel", "C0DEPLOYS"), "no_text"},
		"bad JSON":             {call(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "blocks", "{"), "invalid_blocks_format"},
		"no such thread":       {call(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "x", "thread_ts", "1.2"), "cannot_reply_to_message"},
		"ephemeral to outside": {call(t, w, "chat.postEphemeral", "channel", "C0VAULT", "user", "U0SRE", "text", "x"), "user_not_in_channel"},
		"ephemeral elsewhere":  {call(t, w, "chat.postEphemeral", "channel", "C0PUBLIC", "user", "U0DEV", "text", "x"), "not_in_channel"},
		"markdown and text":    {call(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "x", "markdown_text", "y"), "markdown_text_conflict"},
		"unknown method":       {call(t, w, "chat.shout", "channel", "C0DEPLOYS"), "unknown_method"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, c.a, c.want) })
	}
	mustCall(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", long[:2*4000])
	cut := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", long)
	if n := len([]rune(cut.body["message"].(object)["text"].(string))); n != 40000 {
		t.Errorf("got %d characters of 40,001, want 40,000", n)
	}
	dm := mustCall(t, w, "chat.postMessage", "channel", "U0DEV", "text", "hello")
	if !strings.HasPrefix(dm.str("channel"), "D") || len(w.Direct("dev")) != 1 {
		t.Errorf("got channel %q, want a direct conversation", dm.str("channel"))
	}
	mustCall(t, w, "chat.delete", "channel", "C0DEPLOYS", "ts", ts)
	wantError(t, call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", ts, "text", "x"), "message_not_found")
}

func TestB12_RateLimits(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After, opt.RateLimits = clock.Now, clock.After, true
	opt.Limits.Tier2 = 3
	w := start(t, opt)
	for range 3 {
		mustCall(t, w, "usergroups.list")
	}
	a := call(t, w, "usergroups.list")
	wantError(t, a, "ratelimited")
	if a.status != 429 || a.header.Get("Retry-After") != "20" {
		t.Errorf("got %d with Retry-After %q, want 429 and 20", a.status, a.header.Get("Retry-After"))
	}
	mustCall(t, w, "users.list")
	clock.Advance(17500 * time.Millisecond)
	if a := call(t, w, "usergroups.list"); a.header.Get("Retry-After") != "3" {
		t.Errorf("got %d with Retry-After %q, want two seconds and a half rounded up", a.status, a.header.Get("Retry-After"))
	}
	clock.Advance(1500 * time.Millisecond)
	if a := call(t, w, "usergroups.list"); a.header.Get("Retry-After") != "1" {
		t.Errorf("got %d with Retry-After %q, want 429 and 1", a.status, a.header.Get("Retry-After"))
	}
	clock.Advance(2 * time.Second)
	mustCall(t, w, "usergroups.list")

	for range 5 {
		mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "x")
	}
	a = call(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "x")
	if a.status != 429 || a.header.Get("Retry-After") != "1" {
		t.Errorf("got %d with Retry-After %q, want 429 and 1", a.status, a.header.Get("Retry-After"))
	}
	mustCall(t, w, "chat.postMessage", "channel", "C0GENERAL", "text", "x")
	clock.Advance(time.Second)
	mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "x")
}

func TestFaults(t *testing.T) {
	w := start(t, office())
	w.Faults().Add(slacksim.Fault{Method: "chat.update", RetryAfter: 7})
	w.Faults().Add(slacksim.Fault{Method: "auth.test", Error: "internal_error", Status: 503, Times: 2})
	a := call(t, w, "chat.update")
	if a.status != 429 || a.header.Get("Retry-After") != "7" {
		t.Errorf("got %d %q, want 429 and 7", a.status, a.header.Get("Retry-After"))
	}
	wantError(t, call(t, w, "chat.update", "channel", "C0DEPLOYS", "ts", "1.2", "text", "x"), "message_not_found")
	for range 2 {
		if a := call(t, w, "auth.test"); a.status != 503 {
			t.Errorf("got %d, want 503", a.status)
		}
	}
	mustCall(t, w, "auth.test")

	w.Faults().Add(slacksim.Fault{Method: "chat.postMessage", AfterEffect: true})
	resp, err := http.PostForm(w.URL()+"/api/chat.postMessage", url.Values{"token": {"xoxb-local"}, "channel": {"C0DEPLOYS"}, "text": {"once"}})
	if err == nil {
		_ = resp.Body.Close()
		t.Error("got a reply, want the connection closed")
	}
	if got := w.Messages("#deploys"); len(got) != 1 || got[0].Text != "once" {
		t.Errorf("got %v, want the message posted all the same", got)
	}
	if len(w.Faults().List()) != 0 {
		t.Errorf("got %v, want every fault used up", w.Faults().List())
	}
}
