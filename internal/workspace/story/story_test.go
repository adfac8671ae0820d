package story

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// home is a Home tab with two requests.
const home = `[
 {"type":"header","text":{"type":"plain_text","text":"Waiting for you"}},
 {"type":"section","block_id":"a","text":{"type":"mrkdwn","text":"Roll web to ami-0b2"}},
 {"type":"context","elements":[{"type":"mrkdwn","text":"needs sre"}]},
 {"type":"actions","block_id":"a1","elements":[{"type":"button","action_id":"approve","value":"op-a:1","text":{"text":"Approve"}},
  {"type":"overflow","action_id":"more","options":[{"text":{"text":"Why me?"},"value":"why|op-a:1"},{"text":{"text":"Extend"},"value":"extend|op-a:1"}]}]},
 {"type":"section","block_id":"b","text":{"type":"mrkdwn","text":"Roll api to ami-0d4"},"accessory":{"type":"button","action_id":"details","value":"op-b:1","text":{"text":"Details…"}}},
 {"type":"divider"},
 {"type":"section","block_id":"c","text":{"type":"mrkdwn","text":"Nothing runs."}}]`

func blocksOf(t *testing.T, raw string) []map[string]any {
	t.Helper()
	var blocks []map[string]any
	if err := json.Unmarshal([]byte(raw), &blocks); err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestAPartIsWhatAPageSaysOfOneThing(t *testing.T) {
	blocks := blocksOf(t, home)
	for holding, want := range map[string]string{
		"Roll web": "Approve Why me? Extend", "Roll api": "Details…", "Nothing runs": "", "Roll pet": "", "": "Approve Why me? Extend Details…",
		"Waiting for you": "",
	} {
		var got []string
		for _, c := range controls(part(blocks, holding)) {
			got = append(got, c.Label)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", holding, got, want)
		}
	}
}

func TestLooksSayWhatCanBePressed(t *testing.T) {
	all := controls(part(blocksOf(t, home), "Roll web"))
	for wanted, good := range map[string]bool{
		"buttons Approve": true, "choices Extend": true, "choices Extend,Why me?": true, "buttons Extend": false, "choices Approve": false,
		"without Deny": true, "without Extend": false, "without Approve": false, "buttons Approve without Deny": true, "buttons Approve,Deny": false,
	} {
		words := strings.Split(strings.ReplaceAll(wanted, "Why me?", "Why_me?"), " ")
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "_", " ")
		}
		if err := offers(all, words); (err == nil) != good {
			t.Errorf("%s: got %v", wanted, err)
		}
	}
	for _, bad := range []string{"buttons", "with Approve", "buttons A without"} {
		if expectations(strings.Fields(bad)) == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestThePressIsAimed(t *testing.T) {
	got, err := aimed([]string{"Ask again", "on", "Roll web", "in", "home"})
	if want := (aim{"Ask again", "Roll web", "home"}); err != nil || got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}
	for _, bad := range [][]string{{"Approve", "on"}, {"Approve", "at", "home"}} {
		if _, err := aimed(bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
	m := message{Text: "Roll web", Blocks: blocksOf(t, home)[3:4]}
	c, ok := bears(m, aim{label: "Extend", on: "Roll web"}, true)
	if want := (control{true, "a1", "more", "Extend", "extend|op-a:1"}); !ok || !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if _, ok := bears(m, aim{label: "Approve"}, true); ok {
		t.Error("a button was taken for an option")
	}
}

func TestWhatWasNotedIsRecalled(t *testing.T) {
	p := Player{notes: map[string]string{"op": "op-abc"}}
	got := p.recall([]string{"approve", "{op}", `{"kind":"throttle"}`, "{other}"})
	if want := []string{"approve", "op-abc", `{"kind":"throttle"}`, "{other}"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryStoryCanBeRead(t *testing.T) {
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Prose == "" || len(s.Lines) < 5 {
			t.Errorf("%s: got %d lines and the prose %q", name, len(s.Lines), s.Prose)
		}
		for _, l := range s.Lines {
			if v, _ := verbOf(l.Verb); len(l.Words) < v.min {
				t.Errorf("%s, line %d: %s: %q needs %d words", name, l.Number, l.Text, l.Verb, v.min)
			}
		}
	}
	for _, bad := range []string{"", "-- script --\n", "-- script --\ndance @dev\n", "-- script --\ncard #a 'open\n", "-- other --\nclock +1m\n"} {
		if _, err := Parse("bad", []byte(bad)); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestMisfortunesAreOrdersThatAWSKnows(t *testing.T) {
	for name := range misfortunes {
		order, err := misfortune(name)
		if err != nil || !json.Valid([]byte(order)) {
			t.Errorf("%s: got %s, %v", name, order, err)
		}
	}
	order, err := misfortune("no-capacity eu-west-1a")
	if want := `{"kind":"capacity","zone":"eu-west-1a"}`; err != nil || order != want {
		t.Errorf("got %s and %v, want %s", order, err, want)
	}
	if _, err := misfortune("earthquake"); err == nil || !strings.Contains(err.Error(), "vcpu-quota") {
		t.Errorf("got %v, want those that there are", err)
	}
}

func TestALineOfShellIsTakenAsItStands(t *testing.T) {
	l, err := parseLine(1, `ssh web-builder sed -i 's/a  b/c/' /etc/x`)
	if want := []string{"web-builder", `sed -i 's/a  b/c/' /etc/x`}; err != nil || !reflect.DeepEqual(l.Words, want) {
		t.Errorf("got %q and %v, want %q", l.Words, err, want)
	}
}

func TestWhatAGroupShouldBeGoesInPairs(t *testing.T) {
	got, err := pairs([]string{"desired", "12", "version", "8"}, "desired", "version")
	if err != nil || got["desired"] != "12" || got["version"] != "8" {
		t.Errorf("got %v and %v", got, err)
	}
	for _, bad := range [][]string{{"desired"}, {"size", "1"}} {
		if _, err := pairs(bad, "desired"); err == nil {
			t.Errorf("%v: got no error", bad)
		}
	}
	if err := differing("it", map[string]string{"desired": "3"}, map[string]string{"desired": "4"}); err == nil || !strings.Contains(err.Error(), "desired 3, want 4") {
		t.Errorf("got %v", err)
	}
}
