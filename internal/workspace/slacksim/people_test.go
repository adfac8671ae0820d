package slacksim_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func TestB14_TokensBodiesAndScopes(t *testing.T) {
	opt := office()
	opt.App.Scopes = []string{"chat:write", "users:read"}
	w := start(t, opt)
	post := func(kind, body, header, query string) answer {
		r, err := http.NewRequest(http.MethodPost, w.URL()+"/api/chat.postMessage?"+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if header != "" {
			r.Header.Set("Authorization", "Bearer "+header)
		}
		return do(t, r)
	}
	form := url.Values{"channel": {"C0DEPLOYS"}, "text": {"hi"}, "blocks": {goButton}}
	withToken := url.Values{"token": {"xoxb-local"}, "channel": {"C0DEPLOYS"}, "text": {"hi"}, "blocks": {goButton}}
	asJSON := `{"channel":"C0DEPLOYS","text":"hi","blocks":` + goButton + `}`
	nested := encode(object{"channel": "C0DEPLOYS", "text": "hi", "blocks": goButton})
	var multi bytes.Buffer
	parts := multipart.NewWriter(&multi)
	for k := range withToken {
		_ = parts.WriteField(k, withToken.Get(k))
	}
	_ = parts.Close()
	const isForm, isJSON = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
	for name, a := range map[string]answer{
		"form, header":         post(isForm, form.Encode(), "xoxb-local", ""),
		"form, token in form":  post(isForm, withToken.Encode(), "", ""),
		"form, token in query": post(isForm, form.Encode(), "", "token=xoxb-local"),
		"all in query":         post(isForm, "", "", withToken.Encode()),
		"json, header":         post(isJSON, asJSON, "xoxb-local", ""),
		"json, blocks as text": post(isJSON, nested, "xoxb-local", ""),
		"multipart":            post(parts.FormDataContentType(), multi.String(), "", ""),
	} {
		m, _ := a.body["message"].(object)
		if a.body["ok"] != true || m["text"] != "hi" || m["blocks"] == nil {
			t.Errorf("%s: got %v", name, a.body)
		}
		if got := a.header.Get("X-OAuth-Scopes"); got != "chat:write,users:read" {
			t.Errorf("%s: got X-OAuth-Scopes %q", name, got)
		}
	}
	wantError(t, post(isForm, form.Encode(), "", ""), "not_authed")
	wantError(t, post(isForm, form.Encode(), "xoxb-other", ""), "invalid_auth")
	wantError(t, post(isJSON, "{", "xoxb-local", ""), "invalid_json")
	a := call(t, w, "usergroups.list")
	wantError(t, a, "missing_scope")
	if a.str("needed") != "usergroups:read" || a.str("provided") != "chat:write,users:read" {
		t.Errorf("got needed %q, provided %q", a.str("needed"), a.str("provided"))
	}
	wantError(t, call(t, w, "conversations.info", "channel", "C0DEPLOYS"), "missing_scope")
	if u := mustCall(t, w, "users.info", "user", "U0DEV"); u.str("user", "profile", "email") != "" {
		t.Error("got an email without its scope")
	}
	w.Revoke(true)
	wantError(t, call(t, w, "auth.test"), "token_revoked")
	w.Revoke(false)
	if err := w.Deactivate("bot"); err != nil {
		t.Fatal(err)
	}
	wantError(t, call(t, w, "auth.test"), "account_inactive")
}

func TestB15_MessagesAndMentions(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	ts, err := dev.Say("#deploys", "hi @bot, ask @leads in #general & <https> see https://a.example/x.")
	if err != nil {
		t.Fatal(err)
	}
	want := "hi <@U0BOTUSER>, ask <!subteam^S0LEADS> in <#C0GENERAL|general> &amp; &lt;https&gt; see <https://a.example/x>."
	mention := c.wait(t, "app_mention", inner("app_mention"))
	message := c.wait(t, "message", inner("message"))
	for _, o := range []object{mention, message} {
		e := dig(o, "payload", "event").(object)
		if e["text"] != want || e["ts"] != ts || e["channel"] != "C0DEPLOYS" || e["user"] != "U0DEV" || e["client_msg_id"] == nil || e["blocks"] == nil || e["team"] != w.Team().ID {
			t.Errorf("got event %v", e)
		}
		if o["retry_attempt"] != 0.0 || o["retry_reason"] != "" || o["accepts_response_payload"] != false || o["type"] != "events_api" {
			t.Errorf("got envelope %v", o)
		}
		p := o["payload"].(object)
		if p["type"] != "event_callback" || p["api_app_id"] != w.App().ID || p["team_id"] != w.Team().ID || !strings.HasPrefix(p["event_id"].(string), "Ev") {
			t.Errorf("got payload %v", p)
		}
		who := p["authorizations"].([]any)[0].(object)
		if who["user_id"] != "U0BOTUSER" || who["is_bot"] != true {
			t.Errorf("got authorizations %v", who)
		}
	}
	if dig(message, "payload", "event", "channel_type") != "channel" || dig(mention, "payload", "event", "channel_type") != nil {
		t.Error("channel_type belongs to message and not to app_mention")
	}

	if _, err := dev.Say("@bot", "hi @bot"); err != nil {
		t.Fatal(err)
	}
	c.wait(t, "message.im", func(o object) bool { return dig(o, "payload", "event", "channel_type") == "im" })
	if got := len(c.every(inner("app_mention"))); got != 1 {
		t.Errorf("got %d mentions, want none for the direct message", got)
	}

	reply := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "in thread", "thread_ts", ts).str("ts")
	echo := c.wait(t, "the bot's echo", func(o object) bool { return dig(o, "payload", "event", "bot_id") == w.App().BotID })
	if dig(echo, "payload", "event", "thread_ts") != ts || dig(echo, "payload", "event", "user") != "U0BOTUSER" {
		t.Errorf("got echo %v", dig(echo, "payload", "event"))
	}
	if got := w.Messages("#deploys"); len(got) != 1 || got[0].ReplyCount != 1 || got[0].LatestReply != reply {
		t.Errorf("got %+v, want the parent with one reply", got)
	}
	if link := mustCall(t, w, "chat.getPermalink", "channel", "C0DEPLOYS", "message_ts", ts).str("permalink"); link != "https://local.slack.com/archives/C0DEPLOYS/p"+strings.ReplaceAll(ts, ".", "") {
		t.Errorf("got permalink %q", link)
	}
	link := mustCall(t, w, "chat.getPermalink", "channel", "C0DEPLOYS", "message_ts", reply).str("permalink")
	if !strings.HasSuffix(link, "?thread_ts="+ts+"&cid=C0DEPLOYS") {
		t.Errorf("got permalink %q of a reply", link)
	}
	replies := mustCall(t, w, "conversations.replies", "channel", "C0DEPLOYS", "ts", ts).body["messages"].([]any)
	if len(replies) != 2 || replies[1].(object)["parent_user_id"] != "U0DEV" {
		t.Errorf("got replies %v", replies)
	}
}

func TestB15_SlashCommands(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	root, err := dev.Say("#deploys", "root")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []struct{ channel, line, text, name string }{
		{"#deploys", "/ops ask @sre @leads #general #secret a<b https://a.example", "ask <@U0SRE> <!subteam^S0LEADS|@leads> <#C0GENERAL|general> <#C0SECRET|> a&lt;b <https://a.example>", "deploys"},
		{"#deploys", "/raw ask @sre https://a.example", "ask @sre https://a.example", "deploys"},
		{"#vault", "/ops", "", "privategroup"},
		{"@bot", "/ops  two  spaces", " two  spaces", "directmessage"},
	} {
		if err := dev.Slash(cmd.channel, cmd.line); err != nil {
			t.Fatal(err)
		}
		o := c.wait(t, cmd.line, func(o object) bool {
			return kind("slash_commands")(o) && dig(o, "payload", "text") == cmd.text && dig(o, "payload", "channel_name") == cmd.name
		})
		p := o["payload"].(object)
		for _, key := range []string{"token", "team_id", "team_domain", "channel_id", "user_id", "user_name", "response_url", "trigger_id", "api_app_id"} {
			if s, _ := p[key].(string); s == "" {
				t.Errorf("%s: got no %s", cmd.line, key)
			}
		}
		if p["is_enterprise_install"] != "false" || o["accepts_response_payload"] != true {
			t.Errorf("%s: got %v", cmd.line, o)
		}
	}
	if err := dev.SlashInThread("#deploys", root, "/ops list"); err == nil {
		t.Error("a command was taken in a thread")
	}
	wantLast(t, dev.Troubles(), "/ops is not supported in threads. Sorry!")
	if err := dev.Slash("#deploys", "/nope"); err == nil {
		t.Error("an unknown command was taken")
	}

	c.mu.Lock()
	c.answer = with(object{"response_type": "in_channel", "text": "public"})
	c.mu.Unlock()
	if err := dev.Slash("#deploys", "/ops loud"); err != nil {
		t.Fatal(err)
	}
	got := w.Messages("#deploys")
	if len(got) != 3 || got[1].Text != "/ops loud" || got[1].User != "U0DEV" || got[2].Text != "public" {
		t.Errorf("got %+v, want the typed command and the public answer", got)
	}
	c.mu.Lock()
	c.answer = with(object{"blocks": []any{object{"type": "nonsense"}}})
	c.mu.Unlock()
	if err := dev.Slash("#deploys", "/ops bad"); err == nil {
		t.Error("an invalid answer was taken")
	}
}

func TestPressesCarryWhatSlackSends(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	menu := `[{"type":"section","block_id":"s","text":{"type":"mrkdwn","text":"Pick"},"accessory":{"type":"static_select","action_id":"pick",` +
		`"options":[{"text":{"type":"plain_text","text":"One"},"value":"1"},{"text":{"type":"plain_text","text":"Two"},"value":"2"}]}},` + goButton[1:]
	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "pick", "blocks", menu).str("ts")
	if err := w.As("sre").Select("#deploys", ts, "pick", "Two"); err != nil {
		t.Fatal(err)
	}
	if err := w.As("sre").Click("#deploys", ts, "Go"); err != nil {
		t.Fatal(err)
	}
	presses := c.every(payloadKind("block_actions"))
	if len(presses) != 2 {
		t.Fatalf("got %d presses, want 2", len(presses))
	}
	first := presses[0]["payload"].(object)["actions"].([]any)[0].(object)
	if dig(first, "selected_option", "value") != "2" || first["type"] != "static_select" || first["block_id"] != "s" {
		t.Errorf("got action %v", first)
	}
	p := presses[1]["payload"].(object)
	action := p["actions"].([]any)[0].(object)
	if action["value"] != "7" || action["action_id"] != "go" || action["action_ts"] == nil {
		t.Errorf("got action %v", action)
	}
	if dig(p, "state", "values", "s", "pick", "selected_option", "value") != "2" {
		t.Errorf("got state %v", p["state"])
	}
	if dig(p, "user", "id") != "U0SRE" || dig(p, "user", "team_id") != w.Team().ID || dig(p, "channel", "id") != "C0DEPLOYS" {
		t.Errorf("got user %v in %v", p["user"], p["channel"])
	}
	if dig(p, "container", "message_ts") != ts || dig(p, "container", "is_ephemeral") != false || dig(p, "message", "ts") != ts {
		t.Errorf("got container %v", p["container"])
	}
	if presses[1]["accepts_response_payload"] != false {
		t.Error("block_actions accept no payload by default")
	}
	if err := w.As("sre").Shortcut("on_message", "#deploys", ts); err != nil {
		t.Fatal(err)
	}
	s := c.wait(t, "message_action", payloadKind("message_action"))["payload"].(object)
	if s["callback_id"] != "on_message" || s["message_ts"] != ts || dig(s, "message", "text") != "pick" || s["trigger_id"] == nil || s["response_url"] == nil {
		t.Errorf("got %v", s)
	}
}

func TestGroupsAndPeopleChange(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	if err := w.SetGroup("leads", "dev"); err != nil {
		t.Fatal(err)
	}
	e := c.wait(t, "subteam_members_changed", inner("subteam_members_changed"))
	if got := encode(dig(e, "payload", "event", "added_users")); got != `["U0DEV"]` {
		t.Errorf("got added %s", got)
	}
	c.wait(t, "subteam_updated", inner("subteam_updated"))
	users := mustCall(t, w, "usergroups.users.list", "usergroup", "S0LEADS").body["users"]
	if encode(users) != `["U0DEV"]` {
		t.Errorf("got %v", users)
	}
	wantError(t, call(t, w, "usergroups.users.list", "usergroup", "S0NONE"), "no_such_subteam")
	if err := w.Deactivate("sre"); err != nil {
		t.Fatal(err)
	}
	c.wait(t, "user_change", inner("user_change"))
	if u := mustCall(t, w, "users.info", "user", "U0SRE"); dig(u.body, "user", "deleted") != true {
		t.Errorf("got %v", u.body)
	}
	if _, err := w.As("sre").Say("#deploys", "x"); err == nil {
		t.Error("a deactivated user could speak")
	}
}

func TestOptionsAreValidated(t *testing.T) {
	opt := office()
	opt.App.BotToken, opt.App.AppToken = "xapp-local", "xoxb-local"
	opt.Channels = append(opt.Channels, slacksim.Channel{Name: "deploys"}, slacksim.Channel{Name: "x", Members: []string{"ghost"}})
	_, err := slacksim.New(opt)
	if err == nil || !strings.Contains(err.Error(), "xoxb-") || !strings.Contains(err.Error(), "xapp-") {
		t.Errorf("got %v, want both tokens named", err)
	}
	opt.App.BotToken, opt.App.AppToken = "", ""
	if _, err := slacksim.New(opt); err == nil || !strings.Contains(err.Error(), "twice") || !strings.Contains(err.Error(), "ghost") {
		t.Errorf("got %v, want both channels named", err)
	}
}
