package bot

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestRead(t *testing.T) {
	self := Identity{User: "U0BOT", Team: "T1"}
	dev := ledger.Actor{User: "U0DEV", Team: "T1"}
	event := func(inner string) string {
		return `{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":` + inner + `}`
	}
	for _, c := range []struct {
		name, kind, payload string
		want                *note
	}{
		{"slash", "slash_commands",
			`{"team_id":"T1","user_id":"U0DEV","channel_id":"C1","command":"/asg","text":"rollout web --reason \"a &amp;&lt;b&gt;\"","response_url":"https://hooks.slack.com/x","trigger_id":"1.2"}`,
			&note{Kind: kindSlash, Key: "slash:1.2", Actor: dev, Channel: "C1", Text: `asg rollout web --reason "a &<b>"`, Response: "https://hooks.slack.com/x", Trigger: "1.2"}},
		{"mention in a thread", "events_api",
			event(`{"type":"app_mention","user":"U0DEV","text":"hey <@U0BOT>: asg list <@U0SRE>","ts":"2.2","thread_ts":"1.1","channel":"C1","team":"T1"}`),
			&note{Kind: kindMention, Key: "said:C1:2.2", Actor: dev, Channel: "C1", Thread: "1.1", TS: "2.2", Text: "asg list <@U0SRE>"}},
		{"direct message", "events_api",
			event(`{"type":"message","channel_type":"im","user":"U0DEV","text":"asg list","ts":"2.2","channel":"D1","team":"T1"}`),
			&note{Kind: kindMessage, Key: "said:D1:2.2", Actor: dev, Channel: "D1", TS: "2.2", Text: "asg list"}},
		{"somebody of another workspace", "events_api",
			event(`{"type":"app_mention","user":"U0DEV","user_team":"T2","team":"T1","text":"<@U0BOT|amiral> asg list","ts":"2.2","channel":"C1"}`),
			&note{Kind: kindMention, Key: "said:C1:2.2", Actor: ledger.Actor{User: "U0DEV", Team: "T2"}, Channel: "C1", TS: "2.2", Text: "asg list"}},
		{"home", "events_api", event(`{"type":"app_home_opened","user":"U0DEV","channel":"D1","tab":"home"}`),
			&note{Kind: kindHome, Key: "event:Ev1", Actor: dev, Channel: "D1"}},
		{"messages tab", "events_api", event(`{"type":"app_home_opened","user":"U0DEV","channel":"D1","tab":"messages"}`), nil},
		{"message in a channel", "events_api", event(`{"type":"message","channel_type":"channel","user":"U0DEV","text":"x","ts":"1.1","channel":"C1"}`), nil},
		{"unknown event", "events_api", event(`{"type":"something_new","user":{"id":"U1"}}`), nil},
		{"view closed", "interactive", `{"type":"view_closed","view":{"id":"V1"}}`, nil},
		{"press in a thread", "interactive",
			`{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U0DEV","team_id":"T1"},"channel":{"id":"C1"},"trigger_id":"1.2","response_url":"https://hooks.slack.com/x",
			 "container":{"type":"message","message_ts":"2.2","channel_id":"C1","thread_ts":"1.1"},"actions":[{"action_id":"approve#2","value":"op-1:3","action_ts":"9.9"}]}`,
			&note{Kind: kindPress, Key: "press:U0DEV:C1:2.2:approve#2:9.9", Actor: dev, Channel: "C1", Thread: "1.1", TS: "2.2",
				Action: "approve", Value: "op-1:3", Response: "https://hooks.slack.com/x", Trigger: "1.2"}},
		{"choice of a menu in the Home tab", "interactive",
			`{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U0DEV"},"trigger_id":"1.2","view":{"id":"V1","type":"home"},
			 "container":{"type":"view","view_id":"V1"},"actions":[{"type":"overflow","action_id":"more","selected_option":{"value":"extend op-1:3"},"action_ts":"9.9"}]}`,
			&note{Kind: kindPress, Key: "press:U0DEV::V1:more:9.9", Actor: dev, Action: "extend", Value: "op-1:3", Trigger: "1.2"}},
		{"choice of a menu that is not ours", "interactive",
			`{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U0DEV"},"container":{"type":"view","view_id":"V1"},
			 "actions":[{"type":"overflow","action_id":"more","value":"op-1:3","selected_option":{"value":"op-1:3"},"action_ts":"9.9"}]}`,
			&note{Kind: kindPress, Key: "press:U0DEV::V1:more:9.9", Actor: dev}},
		{"form", "interactive",
			`{"type":"view_submission","team":{"id":"T1"},"user":{"id":"U0DEV"},"trigger_id":"1.2","view":{"id":"V1","hash":"h","callback_id":"deny",
			 "private_metadata":"{\"subject\":\"op-1\",\"version\":3,\"channel\":\"C1\"}","blocks":[{"type":"input","block_id":"reason"},{"type":"input","block_id":"more","optional":true}],
			 "state":{"values":{"reason":{"value":{"type":"plain_text_input","value":" "}},"more":{"value":{"value":null}}}}}}`,
			&note{Kind: kindSubmit, Key: "submit:V1", Actor: dev, Channel: "C1", Trigger: "1.2", Form: &filled{
				ID: "deny", About: about{Subject: "op-1", Version: 3, Channel: "C1"}, Values: map[string]string{"reason": " ", "more": ""},
				blank: []string{"reason"}, first: "reason"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(Envelope{Type: c.kind, Payload: []byte(c.payload)}, self)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestReadRefusesRubbish(t *testing.T) {
	for _, kind := range []string{"slash_commands", "interactive", "events_api"} {
		if n, err := read(Envelope{Type: kind, Payload: []byte(`[1`)}, Identity{}); err == nil || n != nil {
			t.Errorf("%s: got %+v, %v, want an error", kind, n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("interactive", []byte(`{"type":"block_actions","actions":[{}]}`))
	f.Add("events_api", []byte(`{"event":{"type":"user_change","user":{"id":"U1"}}}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		e := Envelope{Type: kind, Payload: raw}
		notice(e)
		if n, err := read(e, Identity{User: "U0BOT"}); err == nil && n != nil && n.Key == "" {
			t.Errorf("got %+v without a key", n)
		}
	})
}

// FuzzPress: whatever arrives is read without a panic; a choice that is understood says exactly what was chosen,
// and one that no menu of ours offers carries nothing.
func FuzzPress(f *testing.F) {
	f.Add([]byte(`{"type":"block_actions","actions":[{"action_id":"more","selected_option":{"value":"extend op-1:3"}}]}`), "extend op-1:3")
	f.Add([]byte(`{"type":"block_actions","actions":[{"selected_option":null}]}`), "extend op-1:+3")
	f.Add([]byte(`{"type":"block_actions","actions":[null]}`), " op-1:3")
	f.Fuzz(func(t *testing.T, payload []byte, option string) {
		if n, err := readInteraction(payload); err == nil && n != nil && n.Key == "" {
			t.Errorf("got %+v without a key", n)
		}
		option = strings.ToValidUTF8(option, "?")
		raw, err := json.Marshal(map[string]any{"type": "block_actions", "user": map[string]any{"id": "U1"}, "actions": []any{
			map[string]any{"action_id": "more", "value": "op-2:1", "selected_option": map[string]any{"value": option}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		n, err := readInteraction(raw)
		if err != nil {
			t.Fatal(err)
		}
		id, version, ok := blocks.ParseValue(n.Value)
		if _, _, _, ours := blocks.ParseChoice(option); ours != ok {
			t.Errorf("%q: got it understood %v, want %v", option, ok, ours)
		}
		if ok && blocks.Choice(n.Action, id, version) != option || !ok && n.Action+n.Value != "" {
			t.Errorf("%q: got %q of %q", option, n.Action, n.Value)
		}
	})
}

func TestSlashWithoutTriggerHasAKey(t *testing.T) {
	one, _ := readSlash([]byte(`{"user_id":"U1","text":"a"}`))
	two, _ := readSlash([]byte(`{"user_id":"U1","text":"b"}`))
	same, _ := readSlash([]byte(`{"user_id":"U1","text":"a"}`))
	if one.Key == two.Key || one.Key != same.Key {
		t.Errorf("got %s, %s, %s, want a key for each typing", one.Key, two.Key, same.Key)
	}
}
