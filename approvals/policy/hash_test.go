package policy

import (
	"strings"
	"testing"
)

func TestTheHashIsOfTheMeaning(t *testing.T) {
	base := `
security_channel: "#sec"
calendars: [{name: c, file: c.ics}, {name: a, url: "https://x.example/a.ics"}]
rules:
- {name: r, kind: [rollout, freeze], from: sre, when: "instances > 10 && !undo", windows: [{days: mon-fri, from: "09:00", to: "17:00"}]}
- {name: s, tags: {a: "1", b: "2"}, approvals: 0, who_may_deny: [x, y]}
`
	same := map[string]string{
		"comments and order of keys": `
# about it
rules:
- {windows: [{to: "17:00", from: "9:00", zone: UTC, days: [mon-wed, thu, fri]}], when: "(instances>10)  &&\n  !(undo) // nothing is taken back", from: "@sre", kind: [freeze, rollout], name: r}
- who_may_deny: [y, x, y] # twice
  approvals: 0
  tags: {b: "2", a: "1"}
  name: s
calendars: [{url: "https://x.example/a.ics", name: a, refresh: 15m}, {name: c, file: c.ics}]
security_channel: "#sec"
`,
		"defaults written out": strings.NewReplacer("from: sre,", "require: {all: [{group: sre, min: 1}]}, valid_for: 4h, remind_at: [50%, 90%, 2h], undo_within: 24h,").Replace(base),
	}
	want := read(t, base).Hash()
	if len(want) != 64 || read(t, base).Short() != want[:8] {
		t.Errorf("got %q, want 64 hex digits, and the first 8 for people", want)
	}
	for name, text := range same {
		if got := read(t, text).Hash(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	seen := map[string]string{want: "the base"}
	for name, replace := range map[string][2]string{
		"a name":          {"name: r", "name: rr"},
		"a kind":          {"freeze", "frieze"},
		"the group":       {"from: sre", "from: dev"},
		"the number":      {"approvals: 0", "approvals: 1"},
		"the condition":   {"> 10", "> 11"},
		"a tag":           {`a: "1"`, `a: "3"`},
		"a day":           {"mon-fri", "mon-sat"},
		"an hour":         {"17:00", "18:00"},
		"a zone":          {`to: "17:00"`, `to: "17:00", zone: Europe/Berlin`},
		"blackout":        {"windows:", "blackouts:"},
		"who may deny":    {"who_may_deny", "who_may_cancel"},
		"a source":        {"c.ics", "d.ics"},
		"the channel":     {"#sec", "#sac"},
		"time to vote":    {"from: sre", "from: sre, valid_for: 5h"},
		"no reminder":     {"from: sre", "from: sre, remind_at: []"},
		"no undo":         {"from: sre", "from: sre, undo_within: 0s"},
		"the glass":       {"from: sre", "from: sre, break_glass: {from: x}"},
		"the review":      {"from: sre", "from: sre, break_glass: {from: x, review: {group: y}}"},
		"whom it is by":   {"from: sre", "from: sre, by: [x]"},
		"whom it calls":   {"from: sre", "from: sre, notify: [x]"},
		"who may cancel":  {"from: sre", "from: sre, who_may_cancel: [x]"},
		"who may extend":  {"from: sre", "from: sre, who_may_extend: [x]"},
		"who may ask":     {"from: sre", "from: sre, who_may_request: [x]"},
		"a refusal":       {"approvals: 0, ", `refuse: "No.", `},
		"another refusal": {"approvals: 0, ", `refuse: "Never.", `},
		"one more":        {"- {name: s", "- {name: t}\n- {name: s"},
	} {
		text := strings.Replace(base, replace[0], replace[1], 1)
		if text == base {
			t.Errorf("%s: nothing was replaced", name)
			continue
		}
		got := read(t, text).Hash()
		if other, taken := seen[got]; taken {
			t.Errorf("%s: got the hash of %s, want another", name, other)
		}
		seen[got] = name
	}
}

func TestTheOrderOfRulesIsMeaning(t *testing.T) {
	if read(t, "[{name: a}, {name: b}]").Hash() == read(t, "[{name: b}, {name: a}]").Hash() {
		t.Error("got the same hash, want another for another order")
	}
}
