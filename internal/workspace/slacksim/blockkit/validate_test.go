package blockkit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

func parse(t testing.TB, s string) []any {
	t.Helper()
	var v []any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

func x(n int) string { return strings.Repeat("x", n) }

func plain(n int) string { return fmt.Sprintf(`{"type":"plain_text","text":%q}`, x(n)) }

func mrkdwn(n int) string { return fmt.Sprintf(`{"type":"mrkdwn","text":%q}`, x(n)) }

// times joins n copies of s, in which %d is the number of the copy.
func times(n int, s string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(s, "%d", fmt.Sprint(i))
	}
	return strings.Join(all, ",")
}

func section(n int) string { return `{"type":"section","text":` + mrkdwn(n) + `}` }

func actions(elements string) string { return `{"type":"actions","elements":[` + elements + `]}` }

func button(fields string) string {
	return `{"type":"button","text":` + plain(4) + fields + `}`
}

func options(n int) string {
	return times(n, `{"text":{"type":"plain_text","text":"o"},"value":"%d"}`)
}

func confirm(title, text, yes, no int) string {
	return `,"confirm":{"title":` + plain(title) + `,"text":` + mrkdwn(text) + `,"confirm":` + plain(yes) + `,"deny":` + plain(no) + `}`
}

func rows(rows, cols int) string {
	return times(rows, `[`+times(cols, `{"type":"raw_text","text":"c"}`)+`]`)
}

// TestB13_Limits takes each limit exactly, and refuses one more.
func TestB13_Limits(t *testing.T) {
	for _, c := range []struct {
		name    string
		of      func(n int) string
		limit   int
		pointer string
	}{
		{"blocks", func(n int) string { return times(n, `{"type":"divider"}`) }, 50, "/blocks"},
		{"block_id", func(n int) string { return fmt.Sprintf(`{"type":"divider","block_id":%q}`, x(n)) }, 255, "/blocks/0/block_id"},
		{"section text", section, 3000, "/blocks/0/text/text"},
		{"section fields", func(n int) string { return `{"type":"section","fields":[` + times(n, mrkdwn(1)) + `]}` }, 10, "/blocks/0/fields"},
		{"section field", func(n int) string { return `{"type":"section","fields":[` + mrkdwn(n) + `]}` }, 2000, "/blocks/0/fields/0/text"},
		{"header", func(n int) string { return `{"type":"header","text":` + plain(n) + `}` }, 150, "/blocks/0/text/text"},
		{"context elements", func(n int) string { return `{"type":"context","elements":[` + times(n, mrkdwn(1)) + `]}` }, 10, "/blocks/0/elements"},
		{"actions elements", func(n int) string { return actions(times(n, button(`,"action_id":"a%d"`))) }, 25, "/blocks/0/elements"},
		{"action_id", func(n int) string { return actions(button(fmt.Sprintf(`,"action_id":%q`, x(n)))) }, 255, "/blocks/0/elements/0/action_id"},
		{"button text", func(n int) string { return actions(`{"type":"button","text":` + plain(n) + `}`) }, 75, "/blocks/0/elements/0/text/text"},
		{"button value", func(n int) string { return actions(button(fmt.Sprintf(`,"value":%q`, x(n)))) }, 2000, "/blocks/0/elements/0/value"},
		{"button url", func(n int) string { return actions(button(fmt.Sprintf(`,"url":%q`, "https:"+x(n-6)))) }, 3000, "/blocks/0/elements/0/url"},
		{"button label", func(n int) string { return actions(button(fmt.Sprintf(`,"accessibility_label":%q`, x(n)))) }, 75, "/blocks/0/elements/0/accessibility_label"},
		{"confirm title", func(n int) string { return actions(button(confirm(n, 1, 1, 1))) }, 100, "/blocks/0/elements/0/confirm/title/text"},
		{"confirm text", func(n int) string { return actions(button(confirm(1, n, 1, 1))) }, 300, "/blocks/0/elements/0/confirm/text/text"},
		{"confirm yes", func(n int) string { return actions(button(confirm(1, 1, n, 1))) }, 30, "/blocks/0/elements/0/confirm/confirm/text"},
		{"confirm no", func(n int) string { return actions(button(confirm(1, 1, 1, n))) }, 30, "/blocks/0/elements/0/confirm/deny/text"},
		{"options", func(n int) string { return actions(`{"type":"static_select","options":[` + options(n) + `]}`) }, 100, "/blocks/0/elements/0/options"},
		{"placeholder", func(n int) string {
			return actions(`{"type":"static_select","placeholder":` + plain(n) + `,"options":[` + options(1) + `]}`)
		}, 150, "/blocks/0/elements/0/placeholder/text"},
		{"option text", func(n int) string {
			return actions(`{"type":"static_select","options":[{"text":` + plain(n) + `,"value":"v"}]}`)
		}, 75, "/blocks/0/elements/0/options/0/text/text"},
		{"option value", func(n int) string {
			return actions(`{"type":"static_select","options":[{"text":` + plain(1) + `,"value":"` + x(n) + `"}]}`)
		}, 150, "/blocks/0/elements/0/options/0/value"},
		{"overflow", func(n int) string { return actions(`{"type":"overflow","options":[` + options(n) + `]}`) }, 5, "/blocks/0/elements/0/options"},
		{"checkboxes", func(n int) string { return actions(`{"type":"checkboxes","options":[` + options(n) + `]}`) }, 10, "/blocks/0/elements/0/options"},
		{"radio buttons", func(n int) string { return actions(`{"type":"radio_buttons","options":[` + options(n) + `]}`) }, 10, "/blocks/0/elements/0/options"},
		{"image alt", func(n int) string {
			return `{"type":"image","image_url":"https://a.example","alt_text":"` + x(n) + `"}`
		}, 2000, "/blocks/0/alt_text"},
		{"input label", func(n int) string {
			return `{"type":"input","label":` + plain(n) + `,"element":{"type":"plain_text_input"}}`
		}, 2000, "/blocks/0/label/text"},
		{"max_length", func(n int) string {
			return fmt.Sprintf(`{"type":"input","label":%s,"element":{"type":"plain_text_input","max_length":%d}}`, plain(1), n)
		}, 3000, "/blocks/0/element/max_length"},
		{"markdown", func(n int) string { return `{"type":"markdown","text":"` + x(n) + `"}` }, 12000, "/blocks/0/text"},
		{"table rows", func(n int) string { return `{"type":"table","rows":[` + rows(n, 1) + `]}` }, 100, "/blocks/0/rows"},
		{"table cells", func(n int) string { return `{"type":"table","rows":[` + rows(1, n) + `]}` }, 20, "/blocks/0/rows/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := blockkit.Validate(parse(t, "["+c.of(c.limit)+"]"), blockkit.Message); len(got) != 0 {
				t.Errorf("at %d: got %v, want it taken", c.limit, got)
			}
			wantAt(t, blockkit.Validate(parse(t, "["+c.of(c.limit+1)+"]"), blockkit.Message), c.pointer)
		})
	}
}

func wantAt(t *testing.T, got []blockkit.Problem, pointer string) {
	t.Helper()
	for _, p := range got {
		if p.Pointer == pointer {
			return
		}
	}
	t.Errorf("got %v, want a problem at %s", got, pointer)
}

func TestB13_WrongBlocks(t *testing.T) {
	for name, c := range map[string]struct{ blocks, want string }{
		"no object":          {`[7]`, "[ERROR] must provide an object [json-pointer:/blocks/0]"},
		"no type":            {`[{}]`, "[ERROR] missing required field: type [json-pointer:/blocks/0]"},
		"unknown type":       {`[{"type":"poem"}]`, "[ERROR] unsupported type: poem [json-pointer:/blocks/0/type]"},
		"unknown property":   {`[{"type":"divider","colour":"red"}]`, "[ERROR] invalid additional property: colour [json-pointer:/blocks/0]"},
		"empty text":         {`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		"empty section":      {`[{"type":"section"}]`, "[ERROR] missing required field: text or fields [json-pointer:/blocks/0]"},
		"too long":           {`[` + section(3001) + `]`, "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		"mrkdwn in header":   {`[{"type":"header","text":` + mrkdwn(1) + `}]`, "[ERROR] unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"},
		"emoji in mrkdwn":    {`[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}]`, "[ERROR] invalid additional property: emoji [json-pointer:/blocks/0/text]"},
		"same block_id":      {`[{"type":"divider","block_id":"b"},{"type":"divider","block_id":"b"}]`, "[ERROR] `block_id` \"b\" already exists for another block [json-pointer:/blocks/1/block_id]"},
		"same action_id":     {`[` + actions(button(`,"action_id":"a"`)+","+button(`,"action_id":"a"`)) + `]`, "[ERROR] `action_id` \"a\" already exists for another element [json-pointer:/blocks/0/elements/1/action_id]"},
		"no elements":        {`[` + actions("") + `]`, "[ERROR] no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"},
		"style":              {`[` + actions(button(`,"style":"bold"`)) + `]`, "[ERROR] must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"},
		"both option lists":  {`[` + actions(`{"type":"static_select","options":[`+options(1)+`],"option_groups":[{"label":`+plain(1)+`,"options":[`+options(1)+`]}]}`) + `]`, "[ERROR] must provide exactly one of: options, option_groups [json-pointer:/blocks/0/elements/0]"},
		"button in an input": {`[{"type":"input","label":` + plain(1) + `,"element":` + button("") + `}]`, "[ERROR] unsupported type: button [json-pointer:/blocks/0/element/type]"},
		"two tables":         {`[{"type":"table","rows":[` + rows(1, 1) + `]},{"type":"table","rows":[` + rows(1, 1) + `]}]`, "[ERROR] only one table allowed [json-pointer:/blocks]"},
		"ragged data table":  {`[{"type":"data_table","caption":"c","rows":[` + rows(1, 1) + "," + rows(1, 2) + `]}]`, "[ERROR] rows must have the same number of cells [json-pointer:/blocks/0/rows]"},
		"markdown in all":    {`[{"type":"markdown","text":"` + x(6001) + `"},{"type":"markdown","text":"` + x(6001) + `"}]`, "[ERROR] markdown text must be less than 12001 characters in all [json-pointer:/blocks]"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range blockkit.Validate(parse(t, c.blocks), blockkit.Message) {
				got = append(got, p.String())
			}
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestB13_CharactersAreNotBytes(t *testing.T) {
	blocks := parse(t, `[{"type":"header","text":{"type":"plain_text","text":"`+strings.Repeat("é", 150)+`"}}]`)
	if got := blockkit.Validate(blocks, blockkit.Message); len(got) != 0 {
		t.Errorf("got %v, want 150 characters taken", got)
	}
}

func TestB13_Views(t *testing.T) {
	input := `{"type":"input","label":` + plain(1) + `,"element":{"type":"plain_text_input"}}`
	view := func(fields string) string { return `{"type":"modal","title":` + plain(24) + fields + `}` }
	for name, c := range map[string]struct{ view, pointer string }{
		"good":                {view(`,"submit":` + plain(24) + `,"close":` + plain(24) + `,"blocks":[` + input + `]`), ""},
		"hundred blocks":      {view(`,"blocks":[` + times(100, `{"type":"divider"}`) + `]`), ""},
		"more blocks":         {view(`,"blocks":[` + times(101, `{"type":"divider"}`) + `]`), "/view/blocks"},
		"no title":            {`{"type":"modal","blocks":[]}`, "/view"},
		"long title":          {`{"type":"modal","title":` + plain(25) + `,"blocks":[]}`, "/view/title/text"},
		"long submit":         {view(`,"submit":` + plain(25) + `,"blocks":[]`), "/view/submit/text"},
		"input, no submit":    {view(`,"blocks":[` + input + `]`), "/view"},
		"metadata":            {view(`,"blocks":[],"private_metadata":"` + x(3000) + `"`), ""},
		"more metadata":       {view(`,"blocks":[],"private_metadata":"` + x(3001) + `"`), "/view/private_metadata"},
		"table in a modal":    {view(`,"blocks":[{"type":"table","rows":[` + rows(1, 1) + `]}]`), "/view/blocks/0/type"},
		"home":                {`{"type":"home","blocks":[{"type":"divider"}]}`, ""},
		"home with a title":   {`{"type":"home","title":` + plain(1) + `,"blocks":[]}`, "/view"},
		"unknown kind":        {`{"type":"window","blocks":[]}`, "/view/type"},
		"callback_id":         {view(`,"blocks":[],"callback_id":"` + x(256) + `"`), "/view/callback_id"},
		"file input in modal": {view(`,"submit":` + plain(1) + `,"blocks":[{"type":"input","label":` + plain(1) + `,"element":{"type":"file_input"}}]`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var v map[string]any
			if err := json.Unmarshal([]byte(c.view), &v); err != nil {
				t.Fatal(err)
			}
			got := blockkit.ValidateView(v)
			if c.pointer == "" {
				if len(got) != 0 {
					t.Errorf("got %v, want it taken", got)
				}
				return
			}
			wantAt(t, got, c.pointer)
		})
	}
}

// TestKnownGood takes one of every kind of block and element.
func TestKnownGood(t *testing.T) {
	blocks := parse(t, `[
	 {"type":"rich_text","elements":[
	  {"type":"rich_text_section","elements":[{"type":"text","text":"a","style":{"bold":true}},{"type":"user","user_id":"U1"},{"type":"link","url":"https://a.example"},{"type":"emoji","name":"wave"}]},
	  {"type":"rich_text_list","style":"bullet","indent":0,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"b"}]}]},
	  {"type":"rich_text_preformatted","elements":[{"type":"text","text":"c"}],"language":"go"}]},
	 {"type":"section","text":`+mrkdwn(1)+`,"accessory":{"type":"image","image_url":"https://a.example","alt_text":"a"}},
	 {"type":"context","elements":[{"type":"image","image_url":"https://a.example","alt_text":"a"},`+plain(1)+`]},
	 {"type":"actions","elements":[
	  {"type":"users_select","action_id":"1"},{"type":"conversations_select","action_id":"2","filter":{"include":["public"]},"response_url_enabled":true},
	  {"type":"datepicker","action_id":"3","initial_date":"2026-01-01"},{"type":"timepicker","action_id":"4","initial_time":"12:00"},
	  {"type":"datetimepicker","action_id":"5","initial_date_time":1700000000},{"type":"external_select","action_id":"6","min_query_length":1}]},
	 {"type":"context_actions","elements":[{"type":"icon_button","action_id":"t","icon":"trash","text":`+plain(1)+`}]},
	 {"type":"input","label":`+plain(1)+`,"element":{"type":"number_input","is_decimal_allowed":false,"min_value":"1"},"dispatch_action":true},
	 {"type":"input","label":`+plain(1)+`,"element":{"type":"multi_static_select","max_selected_items":3,"options":[`+options(3)+`]}},
	 {"type":"task_card","task_id":"t","title":"Deploy","status":"in_progress"}
	]`)
	if got := blockkit.Validate(blocks, blockkit.Message); len(got) != 0 {
		t.Errorf("got %v, want them taken", got)
	}
}

func TestCompleteGivesIdsAndDefaults(t *testing.T) {
	n := 0
	newID := func() string { n++; return fmt.Sprintf("id%d", n) }
	got := blockkit.Complete(parse(t, `[{"type":"section","text":{"type":"mrkdwn","text":"a"},"fields":null,"accessory":`+button("")+`},{"type":"divider","block_id":"mine"}]`), newID)
	b, _ := json.Marshal(got)
	want := `[{"accessory":{"action_id":"id2","text":{"emoji":true,"text":"xxxx","type":"plain_text"},"type":"button"},"block_id":"id1","text":{"text":"a","type":"mrkdwn","verbatim":false},"type":"section"},{"block_id":"mine","type":"divider"}]`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestTextsAreWhatPeopleRead(t *testing.T) {
	got := strings.Join(blockkit.Texts(parse(t, `[
	 {"type":"header","text":{"type":"plain_text","text":"Title"}},
	 {"type":"section","text":{"type":"mrkdwn","text":"*Body*"},"fields":[{"type":"mrkdwn","text":"F1"}],"accessory":`+button("")+`},
	 {"type":"context","elements":[{"type":"mrkdwn","text":"small"}]},
	 {"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"line"}]},{"type":"rich_text_section","elements":[{"type":"user","user_id":"U1"}]}]},
	 {"type":"table","rows":[[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"b"}]]},
	 {"type":"markdown","text":"md"}]`)), "|")
	if want := "Title|*Body*|F1|small|line\n@U1|a\tb|md"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzValidate: no JSON makes the validator fail, and what it takes it takes
// again after completion.
func FuzzValidate(f *testing.F) {
	for _, s := range []string{`[]`, `[{"type":"divider"}]`, "[" + section(3) + "]", "[" + actions(button(confirm(1, 1, 1, 1))) + "]",
		`[{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]}]`, `[null,7,{"type":{}},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[]}]}]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var blocks []any
		if json.Unmarshal([]byte(s), &blocks) != nil {
			return
		}
		problems := blockkit.Validate(blocks, blockkit.Message)
		n := 0
		done := blockkit.Complete(blocks, func() string { n++; return fmt.Sprintf("fuzz-%d", n) })
		blockkit.Texts(done)
		blockkit.Elements(done)
		if len(problems) == 0 {
			if again := blockkit.Validate(done, blockkit.Message); len(again) != 0 && !strings.Contains(s, "fuzz-") {
				t.Errorf("taken, but refused once completed: %v", again)
			}
		}
		blockkit.ValidateView(map[string]any{"type": "modal", "blocks": blocks})
	})
}
