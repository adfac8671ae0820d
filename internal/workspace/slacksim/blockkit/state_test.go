package blockkit_test

import (
	"testing"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

func TestComplaints(t *testing.T) {
	number := `{"type":"number_input","action_id":"a","is_decimal_allowed":false,"min_value":"1","max_value":"9"}`
	for _, c := range []struct {
		element  string
		optional bool
		key      string
		value    any
		content  bool
	}{
		{`{"type":"plain_text_input","action_id":"a"}`, false, "value", nil, false},
		{`{"type":"plain_text_input","action_id":"a"}`, true, "value", nil, true},
		{`{"type":"plain_text_input","action_id":"a"}`, false, "value", "x", true},
		{`{"type":"plain_text_input","action_id":"a","min_length":2}`, false, "value", "x", false},
		{`{"type":"plain_text_input","action_id":"a","max_length":2}`, false, "value", "éé", true},
		{`{"type":"plain_text_input","action_id":"a","max_length":2}`, false, "value", "xxx", false},
		{number, false, "value", "5", true},
		{number, false, "value", "0", false},
		{number, false, "value", "10", false},
		{number, false, "value", "1.5", false},
		{number, false, "value", "five", false},
		{`{"type":"email_text_input","action_id":"a"}`, false, "value", "dev", false},
		{`{"type":"email_text_input","action_id":"a"}`, false, "value", "dev@local.example", true},
		{`{"type":"url_text_input","action_id":"a"}`, false, "value", "here", false},
		{`{"type":"checkboxes","action_id":"a","options":[` + options(1) + `]}`, false, "selected_options", []any{}, false},
		{`{"type":"users_select","action_id":"a"}`, false, "selected_user", "U1", true},
	} {
		blocks := parse(t, `[{"type":"input","block_id":"b","label":`+plain(1)+`,"element":`+c.element+`}]`)
		p := blockkit.Elements(blocks)[0]
		p.Block["optional"] = c.optional
		got := blockkit.Complaint(p, map[string]any{c.key: c.value})
		if (got == "") != c.content {
			t.Errorf("%v in %s: got %q", c.value, c.element, got)
		}
	}
}

func TestCarryKeepsWhatWasTyped(t *testing.T) {
	input := func(kind, initial string) []any {
		return parse(t, `[{"type":"input","block_id":"b","label":`+plain(1)+`,"element":{"type":"`+kind+`","action_id":"a","initial_value":"`+initial+`"}}]`)
	}
	first := blockkit.Carry(nil, input("plain_text_input", "start"))
	if got := value(first); got != "start" {
		t.Errorf("got %v, want the initial value", got)
	}
	first["b"]["a"] = map[string]any{"type": "plain_text_input", "value": "typed"}
	if got := value(blockkit.Carry(first, input("plain_text_input", "other"))); got != "typed" {
		t.Errorf("got %v, want what was typed", got)
	}
	if got := value(blockkit.Carry(first, input("email_text_input", "other"))); got != "other" {
		t.Errorf("got %v, want a control of another type to start anew", got)
	}
}

func value(state map[string]map[string]any) any {
	o, _ := state["b"]["a"].(map[string]any)
	return o["value"]
}
