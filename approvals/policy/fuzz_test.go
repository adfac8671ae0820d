package policy

import (
	"os"
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
	f.Add([]byte(`[{when: "instances > 10 and tags.a == 'b'", windows: [{days: fri-mon, from: "22:00", to: "6:00", zone: Asia/Tokyo}], require: {all: [{any_of: [a, b], min: 2}]}}]`))
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
