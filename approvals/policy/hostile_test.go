package policy

import "testing"

// TestASlashIsNoWayPastARule: the names and tags of targets may hold slashes, and are no paths. Were * to stop at
// one, a target would fall through to a laxer rule by its name alone.
func TestASlashIsNoWayPastARule(t *testing.T) {
	one, two := 1, 2
	p := Policy{Rules: []Rule{
		{Name: "by name", Target: "pay*", Approvals: &two},
		{Name: "by tag", Tags: map[string]string{"team": "money*"}, Approvals: &two},
		{Name: "by condition", When: `matches_glob(target, "bank*") || matches_glob(tags["path"], "?vault")`, Approvals: &two},
		{Name: "rest", Approvals: &one},
	}}
	for _, f := range []Facts{
		{Target: "pay"}, {Target: "pay/api"}, {Target: "pay/a/b"}, {Target: "x", Tags: map[string]string{"team": "money/core"}},
		{Target: "bank/eu"}, {Target: "x", Tags: map[string]string{"path": "/vault"}},
	} {
		if v := p.Judge(f); v.Rule.Quorum() != two {
			t.Errorf("%+v falls to %q with %d approvals", f, v.Rule.Name, v.Rule.Quorum())
		}
	}
	if v := p.Judge(Facts{Target: "web"}); v.Rule.Name != "rest" {
		t.Errorf("web falls to %q", v.Rule.Name)
	}
}
