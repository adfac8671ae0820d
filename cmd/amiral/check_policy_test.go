package main

import (
	"strings"
	"testing"
)

const demanding = `
environments:
  - {name: production, region: eu-west-1, channels: ["#deploys"], default: true}
policy:
  security_channel: "#nowhere"
  calendars: [{name: holidays, file: missing.ics}]
  rules:
    - {name: three engineers, kind: rollout, approvals: 3, from: sre, blackouts: [{calendar: holidays}]}
    - {name: two engineers, kind: freeze, approvals: 2, from: sre, break_glass: {from: [sre], review: {group: security}}}
http: {addr: "off"}
`

// TestCheckLooksAtWhatThePolicyNames: groups, rules that nobody can meet, calendars, the security channel.
func TestCheckLooksAtWhatThePolicyNames(t *testing.T) {
	inside(t)
	out, err := amiral(t, "check", "-config", file(t, demanding))
	if err == nil {
		t.Errorf("got no error, want one:\n%s", out)
	}
	for _, want := range []string{
		"FAIL policy: security", "#nowhere",
		"FAIL policy: calendar", "missing.ics",
		"ok   policy: @sre", "2 people",
		"FAIL policy: three engineers", "Only 2 of 3 can be met",
		"warn policy: two engineers", "when U0SRE or U0SRE2 asks: After leaving out the requester only 1 of 2 can be met",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the check lacks %q:\n%s", want, out)
		}
	}
}
