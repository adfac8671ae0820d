package blocks

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
)

var update = flag.Bool("update", false, "write the golden files")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func cards() map[string]card.Card {
	button := func(action, label string, style card.Style) card.Button {
		return card.Button{Action: action, ID: "op-7f3k", Version: 3, Label: label, Style: style}
	}
	approve := button("approve", "Approve", card.Primary)
	approve.Confirm = &card.Confirm{Title: "Approve this?", Text: "Roll web to ami-0b2 in prod.", Yes: "Approve", No: "Not yet"}
	return map[string]card.Card{
		"asking": {
			Title: "Approval needed · Roll web to ami-0b2", Tone: card.Asking, Key: "op-7f3k",
			Summary: "Approval needed: Roll web to ami-0b2 in prod. Needs 1 approval from @sre.",
			Sections: []card.Section{
				{Facts: []card.Fact{
					{Label: "Asked by", Value: card.User("U0DEV")},
					{Label: "Change", Value: card.Join(card.Code("ami-0b1"), card.T(" → "), card.Code("ami-0b2"))},
					{Label: "Expires", Value: card.When(at("2026-01-02T15:04:00Z"))},
				}},
				{Findings: []card.Finding{
					{Stop: true, Text: "An instance refresh is under way.", Hint: "Wait for it or cancel it."},
					{Text: "Two instances are protected from scale in."},
				}},
				{Code: "- image: ami-0b1\n+ image: ami-0b2 ``` <!channel>"},
			},
			Buttons: []card.Button{approve, button("deny", "Deny…", card.Danger)},
			More:    []card.Button{button("details", "Details", card.Default), button("why", "Why me?", card.Default), button("withdraw", "Withdraw", card.Default)},
			Foot:    []card.Text{card.Join(card.T("Needs 1 approval from "), card.Text{{Group: "S0SRE"}}), card.T("policy prod-groups")},
		},
		"working": {
			Title: "Running · Roll web to ami-0b2", Tone: card.Working,
			Sections: []card.Section{
				{Bar: &card.Bar{Done: 5, Total: 10, Text: "replaced, 2 warming"}},
				{Steps: []card.Step{
					{State: card.Done, Text: card.T("template version 13")},
					{State: card.Doing, Text: card.T("refresh")},
					{State: card.Todo, Text: card.T("verify")},
				}},
				{Divider: true},
				card.Para(card.Join(card.T("See "), card.Text{{Link: &card.Link{URL: "https://example.com/a?b=1&c=2", Label: "the console"}}}, card.T(" in "), card.Text{{Channel: "C0OPS"}})),
			},
		},
		"injection": {
			Title:    "<!channel> *bold* & <@U0DEV> ``` :tada:",
			Sections: []card.Section{card.Para(card.T("%s", strings.Join(corpus, " ")))},
		},
		"overflow": {Title: "Three hundred", Sections: []card.Section{
			{Steps: many(300)}, card.Para(card.T("%s", strings.Repeat("long ", 2000))), {Code: strings.Repeat("line of code\n", 1000)},
		}},
		"home": {
			Title: "amiral", Foot: []card.Text{card.T("Ask with /amiral help.")},
			Sections: []card.Section{
				card.Para(card.Text{{Bold: "Waiting for you"}}),
				{Text: &card.Text{{Plain: "Roll web to ami-0b2"}}, Buttons: []card.Button{approve}, More: []card.Button{button("details", "Details", card.Default)}},
				card.Para(card.Text{{Bold: "Running"}}),
				{Text: &card.Text{{Plain: "Roll web to ami-0b2"}}, Buttons: []card.Button{button("details", "Details", card.Default)}},
			},
		},
		"empty": {},
		"table": {
			Title: "Groups in prod", Sections: []card.Section{
				{Table: &card.Table{
					Columns: []card.Column{{Label: "Group"}, {Label: "Healthy", Right: true}, {Label: "Image"}, {Label: "Changed"}, {Label: "By"}},
					Rows: [][]card.Text{
						{card.T("web"), card.T("3/3"), card.Join(card.Code("ami-0b2"), card.T(" web-2026")), card.When(at("2026-01-02T15:04:00Z")), card.User("U0DEV")},
						{card.T("<!channel> *x* `y`"), card.T("0/2"), {{Link: &card.Link{URL: "https://example.com/a?b=1&c=2", Label: "<@U1>|"}}}, nil, card.Text{{User: "<!here>"}}},
					},
				}},
				{Text: &card.Text{{Plain: "1–2 of 40"}}, Buttons: []card.Button{card.Run("Next ›", "/asg list --page 2")}},
			},
		},
	}
}

func many(n int) []card.Step {
	all := make([]card.Step, n)
	for i := range all {
		all[i] = card.Step{State: card.Done, Text: card.T("instance i-%017d replaced in us-east-1a", i)}
	}
	return all
}

var corpus = []string{
	"<!channel>", "<!here>", "<!everyone>", "@here", "@channel", "<@U0DEV>", "<@U0DEV|dev>", "<#C0OPS>", "<!subteam^S0SRE>",
	"&lt;!channel&gt;", "&amp;lt;", "```", "`code`", "https://evil.example/x", "<https://evil.example|click>", "mailto:a@b.example",
	"$(rm -rf /)", "; reboot", "| tee", "<!date^1^{date}|x>", "\u202Egnp.exe", "\u0000\u0007", "*b* _i_ ~s~", ">>> quote", "\\<!here\\>",
}

func TestGolden(t *testing.T) {
	for name, c := range cards() {
		t.Run(name, func(t *testing.T) {
			m := Card(c)
			got, err := json.MarshalIndent(map[string]any{"text": m.Text, "blocks": m.Blocks}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, got)
		})
	}
}

func TestModalGolden(t *testing.T) {
	v := Modal(card.Modal{ID: "deny", Title: "Deny this request", Submit: "Deny",
		Body:   card.Card{Sections: []card.Section{card.Para(card.T("Roll web to ami-0b2"))}},
		Inputs: []card.Input{{ID: "reason", Label: "Why?", Hint: "People read it in the thread.", Multi: true, Max: 500}}})
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "modal", got)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("got %s, want %s (run with -update when it is meant)", got, want)
	}
}

// live finds everything Slack would act on.
var live = regexp.MustCompile(`<[^>]*>`)

func TestDataNeverBecomesLive(t *testing.T) {
	for _, bad := range corpus {
		m := Card(everywhere(bad))
		if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
			t.Errorf("%q: %s", bad, strings.Join(wrong, "; "))
		}
		for _, s := range markup(t, m) {
			if found := live.FindString(s); found != "" {
				t.Errorf("%q: got %q live in %q", bad, found, s)
			}
			if strings.Contains(s, "&amp;amp;") && !strings.Contains(bad, "&amp;") {
				t.Errorf("%q: escaped twice in %q", bad, s)
			}
			if strings.ContainsAny(s, "\u202E\u0000\u0007") {
				t.Errorf("%q: got hidden characters in %q", bad, s)
			}
		}
	}
}

func TestNotificationsNamePeople(t *testing.T) {
	c := card.Card{Tone: card.Warning, Sections: []card.Section{
		card.Para(card.Join(card.T("Only "), card.User("U0DEV"), card.T(" can withdraw <this>."))), card.Para(card.T("second")),
	}}
	if got, want := Card(c).Text, "⚠️ Only <@U0DEV> can withdraw &lt;this&gt;."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEscapedOnceAndWhole(t *testing.T) {
	for n := range 12 {
		s := mrkdwn(card.T("%s", "ab<&>cd<&>ef"), 10+n)
		if regexp.MustCompile(`&(?:[^ag l]|$|a[^m]|[gl][^t]|am[^p]|amp[^;]|[gl]t[^;]|amp$|[gl]t$|am$|[agl]$)`).MatchString(s) {
			t.Errorf("limit %d: got %q, with an entity cut", 10+n, s)
		}
		if width(s) > 10+n {
			t.Errorf("limit %d: got %d characters", 10+n, width(s))
		}
	}
	if got := mrkdwn(card.T("a & <b>"), 100); got != "a &amp; &lt;b&gt;" {
		t.Errorf("got %q, want it escaped once", got)
	}
}

func TestOnlyPartsBecomeLive(t *testing.T) {
	when := time.Unix(1767366240, 0)
	for want, text := range map[string]card.Text{
		"<@U0DEV>":                      card.User("U0DEV"),
		"<!subteam^S0SRE>":              {{Group: "S0SRE"}},
		"<#C0OPS>":                      {{Channel: "C0OPS"}},
		"&lt;!channel&gt;":              card.User("<!channel>"),
		"U1&gt; &lt;!here":              card.User("U1> <!here"),
		"<https://a.example/b%7Cc|x¦y>": {{Link: &card.Link{URL: "https://a.example/b|c", Label: "x|y"}}},
		"click":                         {{Link: &card.Link{URL: "javascript:alert(1)", Label: "click"}}},
		"`aˋ b`":                        card.Code("a`\nb"),
		"<!date^1767366240^{date_short_pretty} {time}|2026-01-02 15:04 UTC>": card.When(when),
	} {
		if got := mrkdwn(text, 500); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWhatIsMissingIsTold(t *testing.T) {
	m := Card(card.Card{Title: "x", Sections: []card.Section{{Steps: many(300)}}})
	raw := strings.Join(markup(t, m), "\n")
	shown := strings.Count(raw, "replaced in")
	if want := fmt.Sprintf("… and %d more", 300-shown); !strings.Contains(raw, want) || shown < 50 {
		t.Errorf("got %d lines and no %q", shown, want)
	}
	var divided []card.Section
	for range 80 {
		divided = append(divided, card.Section{Divider: true})
	}
	m = Card(card.Card{Title: "x", Sections: divided, Buttons: []card.Button{{Action: "a", ID: "1"}}})
	if raw := strings.Join(markup(t, m), "\n"); !strings.Contains(raw, "… and 33 more") {
		t.Errorf("got %s, want the number of sections left out", raw)
	}
}

func TestButtonsWithTheSameActionDiffer(t *testing.T) {
	m := Card(card.Card{Title: "x", Buttons: []card.Button{{Action: "fix", ID: "a"}, {Action: "fix", ID: "b"}}})
	if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
		t.Error(wrong)
	}
	if got := Action(actionID("fix", 1)); got != "fix" {
		t.Errorf("got %q, want fix", got)
	}
}

func TestValue(t *testing.T) {
	id, version, ok := ParseValue(Value("op:a", 42))
	if id != "op:a" || version != 42 || !ok {
		t.Errorf("got %q %d %v", id, version, ok)
	}
	for _, bad := range []string{"", "x", "x:y", "op-1:", "op-1:+1", "op-1:01", "op-1: 1"} {
		if _, _, ok := ParseValue(bad); ok {
			t.Errorf("got %q accepted", bad)
		}
	}
}

func TestChoice(t *testing.T) {
	action, id, version, ok := ParseChoice(Choice("extend", "op-a:b", -1))
	if action != "extend" || id != "op-a:b" || version != -1 || !ok {
		t.Errorf("got %q %q %d %v", action, id, version, ok)
	}
	for _, bad := range []string{"", "extend", "op-1:1", " op-1:1", "extend op-1", "extend op-1:01"} {
		if _, _, _, ok := ParseChoice(bad); ok {
			t.Errorf("got %q accepted", bad)
		}
	}
}

// TestWhatAMenuCannotHoldBecomesAButton: nothing that a card offers is lost.
func TestWhatAMenuCannotHoldBecomesAButton(t *testing.T) {
	long := strings.Repeat("x", 80)
	more := []card.Button{{Action: "a", ID: long}, {Action: "two words", ID: "1"}}
	for i := range 6 {
		more = append(more, card.Button{Action: "b", ID: fmt.Sprint(i)})
	}
	m := Card(card.Card{Title: "x", Buttons: []card.Button{{Action: menuAction, ID: "1"}}, More: more})
	if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	buttons, options := strings.Count(string(raw), `"type":"button"`), strings.Count(string(raw), `"value":"b `)
	if buttons != 4 || options != 5 {
		t.Errorf("got %d buttons and %d options, want 4 and 5: %s", buttons, options, raw)
	}
}

// markup is every text of a message that Slack reads for markup.
func markup(t *testing.T, m Message) []string {
	t.Helper()
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	all := []string{m.Text}
	var walk func(any)
	walk = func(n any) {
		switch n := n.(type) {
		case []any:
			for _, e := range n {
				walk(e)
			}
		case map[string]any:
			if n["type"] == "mrkdwn" {
				all = append(all, n["text"].(string))
			}
			for _, e := range n {
				walk(e)
			}
		}
	}
	walk(tree)
	return all
}

// everywhere puts s in every place of a card that holds words.
func everywhere(s string) card.Card {
	b := card.Button{Action: "approve", ID: "op-1", Label: s, Confirm: &card.Confirm{Title: s, Text: s, Yes: s, No: s}}
	return card.Card{
		Title: s, Summary: s, Tone: card.Good, Key: s, Buttons: []card.Button{b, b}, More: []card.Button{b, b},
		Sections: []card.Section{
			card.Para(card.Text{{Plain: s}, {Bold: s}, {Code: s}, {User: s}, {Group: s}, {Channel: s}, {Link: &card.Link{URL: "x:" + s, Label: s}}}),
			{Facts: []card.Fact{{Label: s, Value: card.T("%s", s)}}},
			{Steps: []card.Step{{State: card.Done, Text: card.Text{{Bold: s}}}}},
			{Findings: []card.Finding{{Stop: true, Text: s, Hint: s}}},
			{Code: s},
			{Bar: &card.Bar{Done: 1, Total: 2, Text: s}, Buttons: []card.Button{b}, More: []card.Button{b}},
		},
		Foot: []card.Text{card.T("%s", s)},
	}
}
