package policy

import (
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// FuzzParse: no bytes panic, and a policy that is valid allows nothing that none of its rules match.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"policy/10-freeze.yaml", "policy/20-staging.yaml"} {
		raw, err := os.ReadFile("testdata/example/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	var whole struct {
		Policy yaml.Node `yaml:"policy"`
	}
	raw, err := os.ReadFile("testdata/example/amiral.yaml")
	if err != nil || yaml.Unmarshal(raw, &whole) != nil {
		f.Fatal("the example is not there, or no YAML")
	}
	if raw, err = yaml.Marshal(&whole.Policy); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`[{when: "instances > 10 && tags.a == 'b'", windows: [{days: fri-mon, from: "22:00", to: "6:00", zone: Asia/Tokyo}], require: {all: [{any_of: [a, b], min: 2}]}}]`))
	f.Add([]byte("- &a {name: x}\n- {<<: *a, kind: y}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p Policy
		if err := yaml.Unmarshal(raw, &p); err != nil || p.Validate() != nil {
			return
		}
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for _, facts := range []Facts{{}, {Kind: "\x00", Environment: "\x00", Target: "\x00", At: now}, {Kind: "rollout", Environment: "production", Target: "web", Blast: Blast{Instances: 12}, At: now}} {
			v := p.Judge(facts)
			if v.Refused == "" && !matched(p, facts) {
				t.Errorf("got %+v, want a refusal of what no rule matches", v)
			}
			if v.Refused == "" && (v.Rule.ValidFor <= 0 || v.Rule.ValidFor > maxValidity || v.Rule.Quorum() > maxPeople) {
				t.Errorf("got %+v, want a rule within its bounds", v.Rule)
			}
			if stay := p.Stay(facts, now); !stay.Until.IsZero() && (!stay.Until.After(now) || stay.Why == "") {
				t.Errorf("got %+v, want a moment to come and a sentence", stay)
			}
		}
		if p.Hash() != p.Hash() || len(p.Short()) != 8 {
			t.Error("got two hashes of one policy")
		}
		p.DeadEnds(nil)
		p.Groups()
	})
}

// matched reports whether any rule matches, however often Judge looked.
func matched(p Policy, f Facts) bool {
	for _, r := range p.Rules {
		if t := r.try(f); t.matched && t.trouble == nil {
			return true
		}
	}
	return false
}

// FuzzCases: no bytes panic, and what is read can be judged.
func FuzzCases(f *testing.F) {
	raw, err := os.ReadFile("testdata/example/fixture.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	p := Policy{Rules: []Rule{{When: "instances > 10", Approvals: ptr(0)}, {From: "sre"}}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		cases, err := ParseCases(raw)
		if err != nil {
			return
		}
		if got := p.Test(cases); len(got) != len(cases) {
			t.Errorf("got %d results, want %d", len(got), len(cases))
		}
	})
}

// FuzzCondition: whatever compiles is written by the canonical form without loss. It compiles to the same form, and
// judges everything in the same way.
func FuzzCondition(f *testing.F) {
	for _, when := range []string{
		`instances > 10 && !(undo || data_lost) && kind == 'rollout' // big`, `tags["a b"] != "" || has(args.x) ? percent % 3 == -1 : at < timestamp("2026-01-01T00:00:00Z")`,
		`alarms.exists(a, a.endsWith("5xx") && groups.all(g, g != a))`, `groups.filter(g, g in ["a", "b"]).map(g, g + "\"\n").size() == 2u`, `{"a": 1.5, "b": 2.0}[target] * 2.0 >= 1e3`,
		`between("UTC", "22:00", "06:00") && matches_glob(target, "w*") && hour("Asia/Tokyo") - minute("") < 3`, `!!undo && ((data_lost)) && at.getDayOfWeek("UTC") == 0`, `r"\d" + b'a' == '' "" ''`,
	} {
		f.Add(when)
	}
	f.Fuzz(func(t *testing.T, when string) {
		c, err := compile(when)
		if err != nil && (err.Error() == "" || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: got %q, want one line", when, err)
		}
		if err != nil || c == nil || len(c.canonical) > maxCondition {
			return
		}
		again, err := compile(c.canonical)
		if err != nil || again.canonical != c.canonical {
			t.Fatalf("%q: got %v and %+v, want %q to compile to itself", when, err, again, c.canonical)
		}
		for _, facts := range []Facts{{}, {Kind: "rollout", Target: "web", Undo: true, Tags: map[string]string{"a b": "c"}, Groups: []string{"a", "b"}, Blast: Blast{Instances: 12, Percent: 40, Alarms: []string{"web-5xx", "x"}}}} {
			one, other := c.try(facts), again.try(facts)
			if one.matched != other.matched || one.why != other.why || (one.trouble == nil) != (other.trouble == nil) {
				t.Errorf("%q: got %+v, as %q %+v, want the same", when, one, c.canonical, other)
			}
		}
	})
}
