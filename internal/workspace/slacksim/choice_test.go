package slacksim_test

import (
	"fmt"
	"strings"
	"testing"
)

// menu is a section with a menu beside it, and a row with another.
const menu = `[{"type":"section","block_id":"s","text":{"type":"mrkdwn","text":"Roll web"},"accessory":{"type":"overflow","action_id":"side",
	"options":[{"text":{"type":"plain_text","text":"Details"},"value":"d:1"}]}},
	{"type":"actions","block_id":"row","elements":[{"type":"button","action_id":"approve","value":"op:1","text":{"type":"plain_text","text":"Approve"}},
	{"type":"overflow","action_id":"more","confirm":{"title":{"type":"plain_text","text":"Sure?"},"text":{"type":"mrkdwn","text":"It counts."},
	"confirm":{"type":"plain_text","text":"Yes"},"deny":{"type":"plain_text","text":"No"}},
	"options":[{"text":{"type":"plain_text","text":"Extend"},"value":"extend:1"},{"text":{"type":"plain_text","text":"Withdraw"},"value":"withdraw:1"}]}]}]`

// wantChoice checks the one action of a press on the menu named more.
func wantChoice(t *testing.T, p object) {
	t.Helper()
	all, _ := p["actions"].([]any)
	if len(all) != 1 {
		t.Fatalf("got %d actions, want 1", len(all))
	}
	a := all[0]
	if dig(a, "type") != "overflow" || dig(a, "action_id") != "more" || dig(a, "block_id") != "row" || dig(a, "action_ts") == nil {
		t.Errorf("got the action %v", a)
	}
	if dig(a, "selected_option", "value") != "withdraw:1" || dig(a, "selected_option", "text", "text") != "Withdraw" || dig(a, "value") != nil {
		t.Errorf("got the choice %v, want Withdraw with its value and text", dig(a, "selected_option"))
	}
	if v, there := dig(p, "state", "values", "row").(object); there {
		t.Errorf("got the state %v; a menu keeps none", v)
	}
}

func TestAChoiceInAMenuIsToldByItsOption(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "Roll web", "blocks", menu).str("ts")
	if err := w.As("dev").Select("#deploys", ts, "more", "Withdraw"); err != nil {
		t.Fatal(err)
	}
	p := dig(c.wait(t, "the press", payloadKind("block_actions")), "payload").(object)
	wantChoice(t, p)
	if dig(p, "container", "type") != "message" || dig(p, "channel", "id") != "C0DEPLOYS" || p["response_url"] == nil {
		t.Errorf("got container %v and channel %v", p["container"], p["channel"])
	}
	if err := w.As("dev").Select("#deploys", ts, "more", "Approve"); err == nil {
		t.Error("got no error for an option that the menu does not have")
	}
}

func TestAChoiceInTheHomeTabHasAViewAndNoChannel(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	mustCall(t, w, "views.publish", "user_id", "U0DEV", "view", `{"type":"home","private_metadata":"`+strings.Repeat("m", 3000)+`","blocks":`+menu+`}`)
	dev := w.As("dev")
	home := dev.Home()
	mustUI(t, w, "POST", "click", object{"as": "U0DEV", "view_id": home.ID, "block_id": "row", "action_id": "more", "value": "withdraw:1"})
	p := dig(c.wait(t, "the press", payloadKind("block_actions")), "payload").(object)
	wantChoice(t, p)
	if dig(p, "container", "type") != "view" || dig(p, "container", "view_id") != home.ID {
		t.Errorf("got the container %v, want the view", p["container"])
	}
	if dig(p, "view", "type") != "home" || dig(p, "view", "hash") != home.Hash || dig(p, "view", "private_metadata") != strings.Repeat("m", 3000) {
		t.Errorf("got the view %.200v", p["view"])
	}
	for _, key := range []string{"channel", "message", "response_url"} {
		if p[key] != nil {
			t.Errorf("got %s %v; a press in a view has none", key, p[key])
		}
	}
	if trigger := p["trigger_id"]; trigger == nil {
		t.Error("a press in the Home tab can open no form")
	}
	wantError(t, call(t, w, "views.publish", "user_id", "U0DEV", "hash", "1.old", "view", `{"type":"home","blocks":[]}`), "hash_conflict")
	too := fmt.Sprintf(`{"type":"home","private_metadata":%q,"blocks":[]}`, strings.Repeat("m", 3001))
	wantError(t, call(t, w, "views.publish", "user_id", "U0DEV", "view", too), "invalid_arguments")
}

func TestAPressInADirectMessageCarriesItsChannel(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	id := mustCall(t, w, "conversations.open", "users", "U0DEV").str("channel", "id")
	if !strings.HasPrefix(id, "D") {
		t.Errorf("got the conversation %q, want one of D…", id)
	}
	ts := mustCall(t, w, "chat.postMessage", "channel", id, "text", "It expired", "blocks", goButton).str("ts")
	if got := mustCall(t, w, "chat.postMessage", "channel", "U0DEV", "text", "by the person's id").str("channel"); got != id {
		t.Errorf("posting to the person went to %q, want %q", got, id)
	}
	if err := w.As("dev").Click(id, ts, "go"); err != nil {
		t.Fatal(err)
	}
	p := dig(c.wait(t, "the press", payloadKind("block_actions")), "payload")
	if dig(p, "channel", "id") != id || dig(p, "channel", "name") != "directmessage" || dig(p, "container", "channel_id") != id {
		t.Errorf("got channel %v and container %v, want %s", dig(p, "channel"), dig(p, "container"), id)
	}
	if link := mustCall(t, w, "chat.getPermalink", "channel", id, "message_ts", ts).str("permalink"); !strings.Contains(link, "/archives/"+id+"/p") {
		t.Errorf("got the link %q", link)
	}
	wantError(t, call(t, w, "conversations.open", "users", w.App().BotUserID), "cannot_dm_bot")
	wantError(t, call(t, w, "conversations.open", "users", "U0NOBODY"), "user_not_found")
}

func TestReactionsAreRefusedAsSlackDoes(t *testing.T) {
	w := start(t, office())
	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "done").str("ts")
	at := func(method, name string) answer {
		return call(t, w, method, "channel", "C0DEPLOYS", "timestamp", ts, "name", name)
	}
	if a := at("reactions.add", "white_check_mark"); a.body["ok"] != true {
		t.Fatalf("got %v", a.body)
	}
	wantError(t, at("reactions.add", "white_check_mark"), "already_reacted")
	wantError(t, at("reactions.add", ":x:"), "invalid_name")
	wantError(t, at("reactions.remove", "x"), "no_reaction")
	wantError(t, at("reactions.remove", ":x:"), "invalid_name")
	wantError(t, call(t, w, "reactions.add", "channel", "C0DEPLOYS", "timestamp", "1.000001", "name", "x"), "message_not_found")
	for i := range 22 {
		if a := at("reactions.add", fmt.Sprintf("emoji-%d", i)); a.body["ok"] != true {
			t.Fatalf("emoji %d: got %v", i, a.body)
		}
	}
	wantError(t, at("reactions.add", "one-too-many"), "too_many_reactions")
	wantError(t, at("reactions.add", "white_check_mark"), "already_reacted")
	opt := office()
	opt.App.Scopes = []string{"chat:write"}
	w = start(t, opt)
	wantError(t, call(t, w, "reactions.add", "channel", "C0DEPLOYS", "timestamp", ts, "name", "x"), "missing_scope")
}
