package policy

import (
	"strings"
	"testing"
	"time"
)

func TestPolicyProblemsAreReportedTogether(t *testing.T) {
	many := 21
	err := Policy{Rules: []Rule{{Target: "[a", Approvals: &many, ValidFor: 800 * time.Hour}, {Name: "ok"}}}.Validate()
	for _, want := range []string{"[a", "21 is not between", "valid_for", "rule 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if err := (Policy{}).Validate(); err == nil {
		t.Error("got no error for an empty policy, want one")
	}
}

func TestTheFirstMatchingRuleDecides(t *testing.T) {
	one, none := 1, 0
	p := Policy{Rules: []Rule{{Name: "a", Environment: "prod*", Approvals: &one}, {Name: "b", Approvals: &none}}}
	if r := p.Judge(Facts{Environment: "production"}).Rule; r.Name != "a" || r.ValidFor != DefaultValidity {
		t.Errorf("got %+v, want rule a with the default validity", r)
	}
	if r := p.Judge(Facts{Environment: "staging"}).Rule; r.Name != "b" {
		t.Errorf("got %+v, want rule b", r)
	}
}
