package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

const fixturePolicy = `
security_channel: "#sec"
rules:
- {name: frozen, target: db, refuse: "No."}
- {name: big, when: instances > 10 && args.strategy == "rolling", require: {all: [{group: sre, min: 2}, {any_of: [owners, leads]}]}, break_glass: {from: [oncall]}, windows: [{days: mon}]}
- {name: small, environment: production, from: sre}
- {name: free, environment: staging, approvals: 0}
`

func TestFixturesPassWhereThePolicySaysSo(t *testing.T) {
	cases, err := ParseCases([]byte(`
- name: big
  who: {user: U1, groups: ["@oncall"]}
  what: {kind: rollout, environment: production, target: web, tags: {a: b}, args: {strategy: rolling}, instances: 12, percent: 100, capacity_down: 10, data_lost: true, irreversible: true, alarms: [a, b]}
  at: 2026-03-02T10:00:00+01:00
  expect: {rule: big, outcome: needs, needs: [{any_of: [leads, owners]}, sre, sre], break_glass: allowed, stays: false}
- name: tuesday
  what: {instances: 12, args: {strategy: rolling}}
  at: 2026-03-03T10:00:00+01:00
  expect: {stays: true, break_glass: denied}
- {what: {target: db}, expect: {rule: frozen, outcome: refused}}
- {what: {environment: staging}, expect: {outcome: starts, needs: []}}
- {what: {environment: dev}, expect: {outcome: refused}}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, fixturePolicy)
	for _, r := range p.Test(cases) {
		if len(r.Wrong) > 0 {
			t.Errorf("%s (line %d): got %q, want it to pass", r.Case.Name, r.Case.Line, r.Wrong)
		}
	}
	if cases[2].Name != "test 3" || cases[2].Line != 11 || cases[0].Facts.Blast.Alarms[1] != "b" || cases[0].Facts.Groups[0] != "oncall" {
		t.Errorf("got %+v, want what is written", cases)
	}
}

func TestFixturesSayWhatIsWrong(t *testing.T) {
	p := read(t, fixturePolicy)
	for text, want := range map[string][]string{
		"{what: {environment: production}, expect: {rule: big, outcome: starts, needs: [owners], break_glass: allowed, stays: true}}": {
			"rule: got small, want big", "outcome: got needs, want starts", "needs: got 1 of @sre, want 1 of @owners", "break_glass: got denied, want allowed", "stays: got false, want true.",
		},
		"{what: {environment: dev}, expect: {rule: small}}":      {"rule: got none, want small"},
		"{what: {environment: staging}, expect: {needs: [sre]}}": {"needs: got nobody, want 1 of @sre"},
		"{what: {environment: production}, expect: {needs: []}}": {"needs: got 1 of @sre, want nobody"},
		`{what: {args: {strategy: rolling}, instances: 11}, at: "2026-03-08T10:00:00Z", expect: {stays: false}}`: {
			`stays: got true, want false. It may start only in its window, mon UTC (rule "big"). It starts at {when:1773014400000}.`,
		},
	} {
		cases, err := ParseCases([]byte("tests: [" + text + "]"))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Test(cases)[0].Wrong; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestAWrongFixtureIsReportedWhole(t *testing.T) {
	_, err := ParseCases([]byte("- {name: a, at: noon, expect: {outcome: maybe, break_glass: yes}}\n- {name: b, what: {kind: x}}\n"))
	for _, want := range []string{`line 1: a: at: "noon"`, `outcome: "maybe"`, `break_glass: "yes"`, "line 2: b: expect: it expects nothing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for text, want := range map[string]string{"": "no test", "[]": "no test", "- {expects: {}}": `no field "expects"`, "a: [": "read the tests", "- 3": "line 1", "{tests: [{expect: {needs: [{min: 1}]}}]}": "a need is one of"} {
		if _, err := ParseCases([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestReplayShowsWhatWouldBeJudgedOtherwise(t *testing.T) {
	old := read(t, `[{name: a, kind: rollout, from: sre}, {name: b, kind: freeze, approvals: 0}, {name: c, kind: undo, require: {all: [{group: sre, min: 2}, owners]}}]`)
	past := func(id string, f Facts) Past {
		v := old.Judge(f)
		return Past{ID: id, Facts: f, Rule: v.Rule, Refused: v.Refused}
	}
	undo := past("undo", Facts{Kind: "undo", Undo: true})
	undo.Rule.Needs = []ledger.Need{{Groups: []string{"sre", "owners"}, Min: 1}} // as the gate asks for it
	all := []Past{past("rollout", Facts{Kind: "rollout"}), past("freeze", Facts{Kind: "freeze"}), past("other", Facts{Kind: "other"}), undo}

	if got := Replay(all, old); len(got) != 0 {
		t.Errorf("got %+v, want no difference to itself", got)
	}
	renamed := read(t, `[{name: c, kind: undo, require: {all: [owners, sre, sre]}}, {name: z, kind: rollout, require: {all: [sre]}}, {name: b, kind: freeze, approvals: 0}]`)
	if got := Replay(all, renamed); len(got) != 0 {
		t.Errorf("got %+v, want no difference to the same in other words", got)
	}
	other := read(t, `[{name: a, kind: rollout, approvals: 2, from: sre}, {name: b, kind: freeze, refuse: "Never."}, {name: rest, approvals: 0}]`)
	var got []string
	for _, d := range Replay(all, other) {
		got = append(got, d.Past.ID+": "+d.Was+" -> "+d.Now+" because "+d.Why)
	}
	want := []string{
		`rollout: needs 1 of @sre (rule "a") -> needs 2 of @sre (rule "a") because kind rollout`,
		`freeze: starts at once (rule "b") -> refused: Never. (rule "b") because kind freeze`,
		`other: refused: No rule of the policy allows other, so it is refused. -> starts at once (rule "rest") because it is about everything`,
		`undo: needs 1 of @sre or @owners (rule "c") -> starts at once (rule "rest") because it is about everything`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
