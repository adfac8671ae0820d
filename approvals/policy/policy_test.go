package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// read reads a policy that must be without problems.
func read(t *testing.T, text string) Policy {
	t.Helper()
	var p Policy
	if err := yaml.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func ptr[T any](v T) *T { return &v }

func TestTheFirstMatchingRuleDecides(t *testing.T) {
	p := Policy{Rules: []Rule{{Name: "a", Environment: "prod*", Approvals: ptr(1)}, {Name: "b", Approvals: ptr(0)}}}
	if v := p.Judge(Facts{Environment: "production"}); v.Rule.Name != "a" || v.Rule.ValidFor != DefaultValidity || v.Index != 0 || v.Passed != nil {
		t.Errorf("got %+v, want rule a with the default validity", v)
	}
	v := p.Judge(Facts{Environment: "staging"})
	if v.Rule.Name != "b" || v.Index != 1 || !slices.Equal(v.Passed, []string{`rule "a": environment staging is not prod*`}) {
		t.Errorf("got %+v, want rule b, and why not rule a", v)
	}
}

func TestWhatNoRuleMatchesIsRefused(t *testing.T) {
	v := Policy{Rules: []Rule{{Name: "a", Kind: "rollout"}}}.Judge(Facts{Kind: "freeze", Target: "web", Environment: "production"})
	if v.Refused != "No rule of the policy allows freeze on web in production, so it is refused." || v.Hint == "" || v.Index != -1 || v.Rule.Name != "" {
		t.Errorf("got %+v, want a refusal without a rule", v)
	}
	if v.Rule.Policy == "" {
		t.Error("got no policy, want its hash with the refusal too")
	}
}

func TestARuleMatchesOnEverythingItNames(t *testing.T) {
	rule := `
- name: r
  kind: rollout
  environment: [production, stag*]
  target: ["web-*", "api"]
  tags: {tier: "gold*"}
  by: [sre, "@owners"]
  when: instances > 10 && !undo
  approvals: 2
  from: "@sre"
`
	p := read(t, rule)
	match := Facts{Kind: "rollout", Environment: "staging", Target: "web-1", Tags: map[string]string{"tier": "gold-plus"}, Groups: []string{"owners"}, Blast: Blast{Instances: 12}}
	want := "kind rollout, environment staging, target web-1, tag tier is gold-plus, asked by a member of @sre or @owners, 12 instances > 10, it takes nothing back"
	if v := p.Judge(match); v.Refused != "" || v.Rule.Why != want {
		t.Errorf("got %q, %q, want %q", v.Refused, v.Rule.Why, want)
	}
	for _, c := range []struct {
		change func(*Facts)
		passed string
	}{
		{func(f *Facts) { f.Kind = "freeze" }, "kind freeze is not rollout"},
		{func(f *Facts) { f.Environment = "dev" }, "environment dev is not production or stag*"},
		{func(f *Facts) { f.Target = "webs" }, "target webs is not web-* or api"},
		{func(f *Facts) { f.Tags = nil }, "it has no tag tier"},
		{func(f *Facts) { f.Tags = map[string]string{"tier": "silver"} }, "tag tier is silver, not gold*"},
		{func(f *Facts) { f.Groups = []string{"interns"} }, "who asks is not in @sre or @owners"},
		{func(f *Facts) { f.Blast.Instances = 10 }, "10 instances, not > 10"},
		{func(f *Facts) { f.Undo = true }, "it takes something back"},
	} {
		f := match
		c.change(&f)
		v := p.Judge(f)
		if v.Refused == "" || !slices.Equal(v.Passed, []string{`rule "r": ` + c.passed}) {
			t.Errorf("got %q, want the rule passed over for %q", v.Passed, c.passed)
		}
	}
}

func TestEverythingThatARuleAsksForIsFrozen(t *testing.T) {
	p := read(t, `
security_channel: "#sec"
rules:
- name: r
  require: {all: [{group: sre, min: 2}, {any_of: [owners, leads]}, {anyone: true, min: 1}, "@dba"]}
  valid_for: 1d12h
  remind_at: [90%, 30m, 30m, 50%]
  who_may_deny: sec
  who_may_cancel: [sec, ops]
  who_may_extend: [leads]
  notify: [oncall]
  undo_within: 48h
  break_glass: {from: oncall, review: {group: sec, min: 2}}
`)
	v := p.Judge(Facts{Kind: "rollout"})
	want := ledger.Rule{
		Name: "r", Policy: p.Hash()[:8], Why: "it is about everything",
		Needs:    []ledger.Need{{Groups: []string{"sre"}, Min: 2}, {Groups: []string{"owners", "leads"}, Min: 1}, {Min: 1}, {Groups: []string{"dba"}, Min: 1}},
		ValidFor: 36 * time.Hour, Remind: []time.Duration{30 * time.Minute, 18 * time.Hour, 32*time.Hour + 24*time.Minute},
		Notify: []string{"oncall"}, Deny: []string{"sec"}, Cancel: []string{"sec", "ops"}, Extend: []string{"leads"}, Undo: 48 * time.Hour,
	}
	if !reflect.DeepEqual(v.Rule, want) {
		t.Errorf("got  %+v\nwant %+v", v.Rule, want)
	}
	glass := &Glass{From: []string{"oncall"}, Review: []ledger.Need{{Groups: []string{"sec"}, Min: 2}}}
	if !reflect.DeepEqual(v.Glass, glass) {
		t.Errorf("got %+v, want %+v", v.Glass, glass)
	}
	if got, want := p.Groups(), []string{"sre", "owners", "leads", "dba", "sec", "ops", "oncall"}; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("got groups %q, want %q", got, want)
	}
}

func TestWhatARuleDoesNotSayHasDefaults(t *testing.T) {
	for text, want := range map[string][]ledger.Need{
		"[{name: a}]":                             {{Min: 1}},
		"[{name: a, from: sre}]":                  {{Groups: []string{"sre"}, Min: 1}},
		"[{name: a, approvals: 2}]":               {{Min: 2}},
		"[{name: a, approvals: 0}]":               nil,
		"[{name: a, approvals: 2, from: '@x.y'}]": {{Groups: []string{"x.y"}, Min: 2}},
	} {
		r := read(t, text).Judge(Facts{}).Rule
		if !reflect.DeepEqual(r.Needs, want) {
			t.Errorf("%s: got needs %v, want %v", text, r.Needs, want)
		}
		if r.Undo != 24*time.Hour || r.ValidFor != 4*time.Hour {
			t.Errorf("%s: got undo %s and %s to vote, want 24h and 4h", text, r.Undo, r.ValidFor)
		}
		reminders := []time.Duration{2 * time.Hour, 216 * time.Minute}
		if len(want) == 0 {
			reminders = nil
		}
		if !slices.Equal(r.Remind, reminders) {
			t.Errorf("%s: got reminders %v, want %v", text, r.Remind, reminders)
		}
	}
	r := read(t, "[{remind_at: [], undo_within: 0s}]").Judge(Facts{}).Rule
	if r.Remind != nil || r.Undo != 0 || r.Name != "rule 1" {
		t.Errorf("got %+v, want no reminder, no undo and a number for a name", r)
	}
}

func TestARuleRefusesInItsOwnWords(t *testing.T) {
	p := read(t, `[{name: no, target: db, refuse: "Ask {user:U1} for a slot."}, {name: rest, approvals: 0}]`)
	v := p.Judge(Facts{Target: "db"})
	if v.Refused != "Ask { user:U1} for a slot." || v.Rule.Name != "no" || v.Rule.Why != "target db" || v.Index != 0 || v.Glass != nil || v.Rule.Needs != nil {
		t.Errorf("got %+v, want the rule's sentence, which mentions nobody", v)
	}
	if refused, _ := p.Allows(Facts{Target: "web"}); refused != "" {
		t.Errorf("got %q, want it allowed", refused)
	}
	if refused, hint := p.Allows(Facts{Target: "db"}); refused == "" || hint == "" {
		t.Error("got nothing, want a refusal with a hint")
	}
}

func TestWhoMayNotRequestIsToldWhoMay(t *testing.T) {
	p := read(t, `
security_channel: "#sec"
rules: [{name: r, who_may_request: [sre, owners, leads], from: sre, break_glass: {from: oncall}}, {name: rest, approvals: 0}]
`)
	v := p.Judge(Facts{Groups: []string{"oncall"}})
	if v.Refused != "Only members of @sre, @owners or @leads may ask for this." || v.Glass != nil || v.Rule.Needs != nil {
		t.Errorf("got %+v, want a refusal that names who may", v)
	}
	if v := p.Judge(Facts{Groups: []string{"leads"}}); v.Refused != "" || len(v.Glass.Review) != 1 || v.Glass.Review[0].Min != 1 {
		t.Errorf("got %+v, want it allowed, with a review by one", v)
	}
}

func TestAConditionThatFailsRefusesAndNeverFallsThrough(t *testing.T) {
	p := read(t, `[{name: sized, when: int(args.size) > 3}, {name: rest, approvals: 0}]`)
	v := p.Judge(Facts{Args: map[string]string{"size": "many {user:U1}"}})
	if !strings.Contains(v.Refused, `The condition of rule "sized" cannot be judged`) || strings.Contains(v.Refused, "{user:U1}") || v.Rule.Name != "sized" {
		t.Errorf("got %+v, want a refusal by the rule whose condition fails", v)
	}
	if v := p.Judge(Facts{Args: map[string]string{"size": "3"}}); v.Rule.Name != "rest" {
		t.Errorf("got %+v, want the next rule", v)
	}
	broken := Policy{Rules: []Rule{{When: "nonsense("}, {Approvals: ptr(0)}}}
	if v := broken.Judge(Facts{}); v.Refused == "" || strings.Contains(v.Refused, "\n") {
		t.Errorf("got %+v, want a refusal on one line", v)
	}
}

func TestNothingFromOutsideMentionsAnybody(t *testing.T) {
	p := read(t, `[{name: "a {user:U9}", kind: x}, {name: "b {user:U9}", target: "*", when: "args.a != ''"}]`)
	v := p.Judge(Facts{Target: "{user:U1}", Args: map[string]string{"a": "{group:S1} {when:1}"}})
	for _, line := range append(v.Passed, v.Rule.Why, v.Rule.Name) {
		for _, part := range card.Expand(line) {
			if part.Plain == "" {
				t.Errorf("got a mention in %q, want none", line)
			}
		}
	}
}
