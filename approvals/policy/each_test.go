package policy

import (
	"strings"
	"testing"
)

// TestNoTargetSlipsInUnderAnothersRule: something about several targets is judged for each of them, by its own name
// and its own tags.
func TestNoTargetSlipsInUnderAnothersRule(t *testing.T) {
	p := read(t, `
- {name: payments, kind: patch, tags: {team: payments}, approvals: 2, from: sre}
- {name: closed, kind: patch, target: vault, refuse: The vault is patched by hand.}
- {name: web and api, kind: patch, target: [web, api], approvals: 1, from: sre}
- {name: the rest, kind: patch, approvals: 0}
`)
	part := func(target, team string) Part { return Part{Target: target, Tags: map[string]string{"team": team}} }
	for name, c := range map[string]struct {
		each    []Part
		rule    string
		refused string
	}{
		"one rule for all":          {[]Part{part("web", ""), part("api", "")}, "web and api", ""},
		"a stricter one behind":     {[]Part{part("jobs", ""), part("web", "")}, "", `jobs stands under rule "the rest" and web under rule "web and api"`},
		"a stricter one in front":   {[]Part{part("web", ""), part("jobs", "")}, "", "cannot be asked for together"},
		"a tag of the second":       {[]Part{part("web", ""), part("api", "payments")}, "", `api under rule "payments"`},
		"one that is refused":       {[]Part{part("web", ""), part("vault", "")}, "", "patched by hand"},
		"the first one is refused":  {[]Part{part("vault", ""), part("web", "")}, "", "patched by hand"},
		"all of them by their tags": {[]Part{part("web", "payments"), part("jobs", "payments")}, "payments", ""},
	} {
		v := p.Judge(Facts{Kind: "patch", Target: "whatever", Each: c.each})
		if c.refused == "" && (v.Refused != "" || v.Rule.Name != c.rule) {
			t.Errorf("%s: got rule %q (%s), want %q", name, v.Rule.Name, v.Refused, c.rule)
		}
		if c.refused != "" && (!strings.Contains(v.Refused, c.refused) || len(v.Rule.Needs) > 0) {
			t.Errorf("%s: got %q, want it refused with %q", name, v.Refused, c.refused)
		}
	}
}
