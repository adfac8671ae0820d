package slacksim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func ui(t *testing.T, w *slacksim.Workspace, method, path string, body any) object {
	t.Helper()
	r, err := http.NewRequest(method, w.URL()+"/ui/"+path, strings.NewReader(encode(body)))
	if err != nil {
		t.Fatal(err)
	}
	a := do(t, r)
	if a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("/ui/%s: got no CORS header", path)
	}
	return a.body
}

func mustUI(t *testing.T, w *slacksim.Workspace, method, path string, body any) object {
	t.Helper()
	got := ui(t, w, method, path, body)
	if got["ok"] != true {
		t.Fatalf("/ui/%s: got %v, want ok", path, got)
	}
	return got
}

// stream is a page's stream of events.
type stream struct {
	got chan object
}

func listen(t *testing.T, w *slacksim.Workspace, as string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/ui/events?as="+as, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{got: make(chan object, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var o object
			if ok && json.Unmarshal([]byte(data), &o) == nil {
				s.got <- o
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; _ = resp.Body.Close() })
	return s
}

// next returns the next event of a type, skipping others.
func (s *stream) next(t *testing.T, kind string) object {
	t.Helper()
	limit := time.After(5 * time.Second)
	for {
		select {
		case o := <-s.got:
			if o["type"] == kind {
				return o
			}
		case <-limit:
			t.Fatalf("no event %s", kind)
		}
	}
}

func TestPagesSeeAndDo(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.AckAfter = clock.After
	w := start(t, opt)
	c := connect(t, w, ack)
	page, other := listen(t, w, "U0DEV"), listen(t, w, "U0SRE")

	sent := mustUI(t, w, "POST", "send", object{"as": "U0DEV", "channel": "C0DEPLOYS", "text": "hi @sre"})
	if got := page.next(t, "message"); dig(got, "message", "text") != "hi <@U0SRE>" || got["channel"] != "C0DEPLOYS" {
		t.Errorf("got %v", got)
	}
	mustUI(t, w, "POST", "send", object{"as": "U0DEV", "channel": "C0VAULT", "text": "hidden"})
	mustUI(t, w, "POST", "send", object{"as": "U0DEV", "channel": "C0DEPLOYS", "text": "shown"})
	other.next(t, "message")
	if got := other.next(t, "message"); dig(got, "message", "text") != "shown" {
		t.Errorf("sre saw %v, want nothing of a channel without sre", got)
	}
	if got := ui(t, w, "POST", "send", object{"as": "U0DEV", "channel": "C0DEPLOYS", "thread_ts": sent["ts"], "text": "/ops list"}); got["ok"] != false {
		t.Error("a command was taken in a thread")
	}
	if got := page.next(t, "notice"); got["text"] != "/ops is not supported in threads. Sorry!" {
		t.Errorf("got %v", got)
	}

	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "press", "blocks", goButton).str("ts")
	mustUI(t, w, "POST", "click", object{"as": "U0DEV", "channel": "C0DEPLOYS", "ts": ts, "block_id": "b", "action_id": "go"})
	c.wait(t, "block_actions", payloadKind("block_actions"))

	openModal(t, w, c, form("why"))
	views := page.next(t, "view")["views"].([]any)
	id := views[0].(object)["id"]
	got := ui(t, w, "POST", "submit", object{"as": "U0DEV", "view_id": id, "values": object{"why": object{"a_why": ""}}})
	if got["ok"] != false || dig(got, "errors", "why") == nil {
		t.Errorf("got %v, want the empty input named", got)
	}
	mustUI(t, w, "POST", "submit", object{"as": "U0DEV", "view_id": id, "values": object{"why": object{"a_why": "x"}}})
	sub := c.wait(t, "view_submission", payloadKind("view_submission"))
	if dig(sub, "payload", "view", "state", "values", "why", "a_why", "value") != "x" {
		t.Errorf("got %v", sub)
	}
	openModal(t, w, c, form("why"))
	state := mustUI(t, w, "GET", "state?as=U0DEV", nil)
	id = state["views"].([]any)[0].(object)["id"]
	mustUI(t, w, "POST", "close", object{"as": "U0DEV", "view_id": id, "cleared": true})
	c.wait(t, "view_closed", payloadKind("view_closed"))

	mustUI(t, w, "POST", "home", object{"as": "U0DEV"})
	c.wait(t, "app_home_opened", inner("app_home_opened"))
	mustCall(t, w, "views.publish", "user_id", "U0DEV", "view", `{"type":"home","blocks":[]}`)
	if got := page.next(t, "home"); dig(got, "home", "type") != "home" {
		t.Errorf("got %v", got)
	}

	c.mu.Lock()
	c.answer = func(object) any { go clock.Advance(3 * time.Second); return nil }
	c.mu.Unlock()
	if got := ui(t, w, "POST", "click", object{"as": "U0DEV", "channel": "C0DEPLOYS", "ts": ts, "action_id": "go"}); got["error"] != "operation_timeout" {
		t.Errorf("got %v", got)
	}
	if got := page.next(t, "trouble"); got["ts"] != ts || got["action_id"] != "go" {
		t.Errorf("got %v", got)
	}
	c.mu.Lock()
	c.answer = ack
	c.mu.Unlock()
	mustUI(t, w, "POST", "click", object{"as": "U0DEV", "channel": "C0DEPLOYS", "ts": ts, "action_id": "go"})
	if got := page.next(t, "message"); dig(got, "message", "ts") != ts || dig(got, "message", "troubles") != nil {
		t.Errorf("got %v, want the mark gone", got)
	}
	mustUI(t, w, "POST", "sockets", object{"how": "drop"})
	_ = c.ended(t)
}

func TestPageState(t *testing.T) {
	w := start(t, office())
	connect(t, w, ack)
	mustCall(t, w, "chat.postEphemeral", "channel", "C0DEPLOYS", "user", "U0DEV", "text", "psst")
	mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "all", "metadata", `{"event_type":"job","event_payload":{"id":"7"}}`)
	s := mustUI(t, w, "GET", "state?as=dev", nil)
	for _, key := range []string{"team", "app", "me", "users", "groups", "channels", "messages", "ephemerals", "views", "sockets", "version"} {
		if s[key] == nil {
			t.Errorf("the state has no %s", key)
		}
	}
	if s["me"] != "U0DEV" || dig(s, "app", "bot_user_id") != "U0BOTUSER" || len(s["sockets"].([]any)) != 1 {
		t.Errorf("got me %v, app %v, sockets %v", s["me"], s["app"], s["sockets"])
	}
	m := dig(s, "messages", "C0DEPLOYS").([]any)[0].(object)
	if m["text"] != "all" || m["metadata"] != nil {
		t.Errorf("got message %v, want it without metadata", m)
	}
	if e := dig(s, "ephemerals", "C0DEPLOYS").([]any)[0].(object); e["text"] != "psst" || e["ephemeral"] != true {
		t.Errorf("got ephemeral %v", e)
	}
	sre := mustUI(t, w, "GET", "state?as=sre", nil)
	if len(dig(sre, "ephemerals", "C0DEPLOYS").([]any)) != 0 || dig(sre, "messages", "C0VAULT") != nil {
		t.Error("sre sees what is not for sre")
	}
	if got := ui(t, w, "GET", "state?as=ghost", nil); got["ok"] != false {
		t.Errorf("got %v for somebody unknown", got)
	}
}

func TestPagesControlTheWorkspace(t *testing.T) {
	w := start(t, office())
	mustUI(t, w, "POST", "fault", object{"method": "auth.test", "error": "fatal_error", "times": 2})
	wantError(t, call(t, w, "auth.test"), "fatal_error")
	if got := mustUI(t, w, "GET", "fault", nil)["faults"].([]any); len(got) != 1 {
		t.Errorf("got %v, want one fault left", got)
	}
	mustUI(t, w, "DELETE", "fault", nil)
	mustCall(t, w, "auth.test")
	mustUI(t, w, "POST", "users", object{"user": "U0SRE", "deleted": true})
	if s := mustCall(t, w, "users.info", "user", "U0SRE"); dig(s.body, "user", "deleted") != true {
		t.Error("sre is still active")
	}
	mustUI(t, w, "POST", "users", object{"user": "U0SRE", "deleted": false})
	mustUI(t, w, "POST", "groups", object{"handle": "leads", "users": []string{"dev", "sre"}})
	if got := mustCall(t, w, "usergroups.list", "include_users", "true"); encode(got.body["usergroups"].([]any)[0].(object)["users"]) != `["U0DEV","U0SRE"]` {
		t.Errorf("got %v", got.body)
	}
	request(t, w, "auth.test", "", "application/x-www-form-urlencoded", "token=xoxb-other-local")
	mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "oops: xoxb-local and xapp-other-local")
	entries := mustUI(t, w, "GET", "journal", nil)["entries"].([]any)
	if len(entries) < 4 {
		t.Errorf("got %d journal entries", len(entries))
	}
	if all := encode(entries); strings.Contains(all, "xoxb-local") || strings.Contains(all, "other-local") {
		t.Error("the journal shows a token")
	}
	if got := ui(t, w, "POST", "sockets", object{"how": "melt"}); got["ok"] != false {
		t.Errorf("got %v for an unknown disruption", got)
	}
	if got := ui(t, w, "POST", "send", "not an object"); got["ok"] != false {
		t.Errorf("got %v for a request that is no object", got)
	}
}

func TestDirectory(t *testing.T) {
	w := start(t, office())
	names := func(a answer, key string) []string {
		var all []string
		for _, v := range a.body[key].([]any) {
			all = append(all, v.(object)["name"].(string))
		}
		return all
	}
	first := mustCall(t, w, "conversations.list", "types", "public_channel,private_channel", "limit", "3", "exclude_archived", "true")
	next := first.str("response_metadata", "next_cursor")
	second := mustCall(t, w, "conversations.list", "types", "public_channel,private_channel", "limit", "3", "exclude_archived", "true", "cursor", next)
	if got := append(names(first, "channels"), names(second, "channels")...); !slices.Equal(got, []string{"general", "deploys", "public", "vault"}) {
		t.Errorf("got %v, want every open channel and the bot's private one", got)
	}
	if second.str("response_metadata", "next_cursor") != "" {
		t.Error("the last page has a cursor")
	}
	wantError(t, call(t, w, "conversations.list", "cursor", "nonsense"), "invalid_cursor")
	wantError(t, call(t, w, "conversations.list", "limit", "x"), "invalid_limit")
	wantError(t, call(t, w, "conversations.list", "types", "secret_channel"), "invalid_types")
	info := mustCall(t, w, "conversations.info", "channel", "C0VAULT", "include_num_members", "true")
	if dig(info.body, "channel", "is_private") != true || dig(info.body, "channel", "num_members") != 2.0 {
		t.Errorf("got %v", info.body)
	}
	wantError(t, call(t, w, "conversations.info", "channel", "C0SECRET"), "channel_not_found")
	if got := mustCall(t, w, "conversations.members", "channel", "C0VAULT"); encode(got.body["members"]) != `["U0DEV","U0BOTUSER"]` {
		t.Errorf("got %v", got.body)
	}
	wantError(t, call(t, w, "conversations.history", "channel", "C0PUBLIC"), "not_in_channel")
	mustCall(t, w, "conversations.join", "channel", "C0PUBLIC")
	mustCall(t, w, "conversations.history", "channel", "C0PUBLIC")
	wantError(t, call(t, w, "conversations.join", "channel", "C0VAULT"), "method_not_supported_for_channel_type")
	dm := mustCall(t, w, "conversations.open", "users", "U0DEV").str("channel", "id")
	if again := mustCall(t, w, "conversations.open", "users", "U0DEV"); again.str("channel", "id") != dm || again.body["already_open"] != true {
		t.Errorf("got %v, want the same conversation", again.body)
	}
	if group := mustCall(t, w, "conversations.open", "users", "U0DEV,U0SRE").str("channel", "id"); !strings.HasPrefix(group, "G") {
		t.Errorf("got %q, want a group conversation", group)
	}
	wantError(t, call(t, w, "conversations.open", "users", "U0NONE"), "user_not_found")
	if got := names(mustCall(t, w, "users.list"), "members"); !slices.Equal(got, []string{"dev", "sre", "bot"}) {
		t.Errorf("got %v", got)
	}
	if got := mustCall(t, w, "users.lookupByEmail", "email", "dev@local.example"); got.str("user", "id") != "U0DEV" {
		t.Errorf("got %v", got.body)
	}
	wantError(t, call(t, w, "users.lookupByEmail", "email", "x"), "users_not_found")
	wantError(t, call(t, w, "users.info", "user", "U0NONE"), "user_not_found")
	if got := names(mustCall(t, w, "users.conversations", "user", "U0SRE"), "channels"); !slices.Equal(got, []string{"general", "deploys"}) {
		t.Errorf("got %v", got)
	}
	mustCall(t, w, "team.info")
	mustCall(t, w, "bots.info", "bot", w.App().BotID)
	mustCall(t, w, "api.test")
}

func TestReactionsPinsAndFiles(t *testing.T) {
	w := start(t, office())
	ts, err := w.As("dev").Say("#deploys", "look")
	if err != nil {
		t.Fatal(err)
	}
	at := []string{"channel", "C0DEPLOYS", "timestamp", ts}
	with := func(more ...string) []string { return append(slices.Clone(at), more...) }
	mustCall(t, w, "reactions.add", with("name", "eyes")...)
	wantError(t, call(t, w, "reactions.add", with("name", "eyes")...), "already_reacted")
	wantError(t, call(t, w, "reactions.add", with("name", ":eyes:")...), "invalid_name")
	if err := w.As("sre").React("#deploys", ts, "eyes"); err != nil {
		t.Fatal(err)
	}
	if got := w.Messages("#deploys")[0].Reactions; len(got) != 1 || got[0].Count != 2 {
		t.Errorf("got %v, want two pairs of eyes", got)
	}
	mustCall(t, w, "reactions.get", at...)
	mustCall(t, w, "reactions.remove", with("name", "eyes")...)
	wantError(t, call(t, w, "reactions.remove", with("name", "eyes")...), "no_reaction")
	mustCall(t, w, "pins.add", at...)
	wantError(t, call(t, w, "pins.add", at...), "already_pinned")

	up := mustCall(t, w, "files.getUploadURLExternal", "filename", "log.txt", "length", "5")
	files := encode([]any{object{"id": up.str("file_id"), "title": "The log"}})
	wantError(t, call(t, w, "files.completeUploadExternal", "files", files), "file_not_found")
	resp, err := http.Post(up.str("upload_url"), "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	mustCall(t, w, "files.completeUploadExternal", "files", files, "channel_id", "C0DEPLOYS", "thread_ts", ts, "initial_comment", "here")
	thread := w.Thread("#deploys", ts)
	if len(thread) != 2 || thread[1].Text != "here" || thread[1].Files[0]["title"] != "The log" {
		t.Errorf("got %+v, want the file in the thread", thread)
	}
	if data, ok := w.File(up.str("file_id")); !ok || string(data) != "hello" {
		t.Errorf("got %q", data)
	}
}

func TestScheduledMessages(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	w := start(t, opt)
	wantError(t, call(t, w, "chat.scheduleMessage", "channel", "C0DEPLOYS", "text", "x", "post_at", "1699999999"), "time_in_past")
	wantError(t, call(t, w, "chat.scheduleMessage", "channel", "C0DEPLOYS", "text", "x", "post_at", "1800000000"), "time_too_far")
	mustCall(t, w, "chat.scheduleMessage", "channel", "C0DEPLOYS", "text", "later", "post_at", "1700000060")
	off := mustCall(t, w, "chat.scheduleMessage", "channel", "C0DEPLOYS", "text", "never", "post_at", "1700000060")
	mustCall(t, w, "chat.deleteScheduledMessage", "channel", "C0DEPLOYS", "scheduled_message_id", off.str("scheduled_message_id"))
	clock.Advance(59 * time.Second)
	if got := w.Messages("#deploys"); len(got) != 0 {
		t.Errorf("got %v before its time", got)
	}
	clock.Advance(time.Second)
	if got := w.Messages("#deploys"); len(got) != 1 || got[0].Text != "later" {
		t.Errorf("got %v, want the one message", got)
	}
}

func TestStrangersCannotUseCommands(t *testing.T) {
	opt := office()
	opt.Users = append(opt.Users, slacksim.User{ID: "U0GUEST", Name: "guest", TeamID: "T0OTHER", IsStranger: true})
	opt.Channels = append(opt.Channels, slacksim.Channel{ID: "C0SHARED", Name: "shared", IsExtShared: true, Members: []string{"dev", "guest", "bot"}})
	w := start(t, opt)
	c := connect(t, w, ack)
	if err := w.As("guest").Slash("#shared", "/ops list"); err == nil {
		t.Error("a stranger could use a command")
	}
	if _, err := w.As("guest").Say("#shared", "hi @bot"); err != nil {
		t.Fatal(err)
	}
	o := c.wait(t, "app_mention", inner("app_mention"))
	if dig(o, "payload", "event", "user_team") != "T0OTHER" || dig(o, "payload", "is_ext_shared_channel") != true {
		t.Errorf("got %v", o)
	}
}

func TestAMentionOutsideTellsHowToInvite(t *testing.T) {
	w := start(t, office())
	if _, err := w.As("dev").Say("#public", "hi @bot"); err != nil {
		t.Fatal(err)
	}
	if got := w.As("dev").Whispers("#public"); len(got) != 1 || !strings.Contains(got[0].Text, "not in this channel") {
		t.Errorf("got %v, want Slackbot's hint", got)
	}
	if err := w.As("dev").Invite("#public", "bot"); err != nil {
		t.Fatal(err)
	}
	mustCall(t, w, "chat.postMessage", "channel", "C0PUBLIC", "text", "thanks")
}
