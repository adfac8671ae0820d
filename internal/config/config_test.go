package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const good = `
environments:
  - name: production
    region: eu-west-1
    channels: ["#deploys"]
    default: true
policy:
  - name: rollouts
    kind: rollout
    environment: production
    approvals: 2
    from: sre
    valid_for: 90m
`

func TestParseReadsWhatIsWritten(t *testing.T) {
	c, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Policy.Rules[0]
	if *r.Approvals != 2 || r.From != "sre" || r.ValidFor != 90*time.Minute {
		t.Errorf("got %+v, want 2 approvals from sre for 90m", r)
	}
	if got := c.Names(); len(got) != 1 || got[0] != "production" {
		t.Errorf("got %v, want [production]", got)
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	_, err := Parse([]byte(`
environments:
  - {name: Prod!, role: admin, channels: ["#a"]}
  - {name: b, channels: ["#a"], default: true}
  - {name: b, default: true}
policy:
  - {environment: nowhere, approvals: 99, valid_for: 999h, target: "[a"}
engine: {lease: 10ms, workers: -1}
redis: {replicas: -1}
log: {level: loud}
`))
	if err == nil {
		t.Fatal("got no error, want one for each problem")
	}
	for _, want := range []string{"Prod!", "not an ARN", "#a belongs to", "b is there twice", "more than one is the default",
		"no environment \"nowhere\"", "99 is not between", "valid_for", "not a pattern", "lease", "workers", "replicas", "loud"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to mention %q", err, want)
		}
	}
}

func TestAMisspeltFieldIsRefused(t *testing.T) {
	_, err := Parse([]byte(strings.Replace(good, "approvals:", "aprovals:", 1)))
	if err == nil || !strings.Contains(err.Error(), "aprovals") {
		t.Errorf("got %v, want an error that names aprovals", err)
	}
}

func TestAnEmptyFileSaysWhatIsMissing(t *testing.T) {
	_, err := Parse(nil)
	for _, want := range []string{"environments: there is none", "policy: there is no rule"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	e := FromEnviron(func(k string) string { return "open-sesame-" + k })
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(e), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e.BotToken), string(raw)} {
		if strings.Contains(printed, "open-sesame-SLACK_BOT_TOKEN") || strings.Contains(printed, "open-sesame-REDIS") {
			t.Errorf("got %s, want no secret", printed)
		}
	}
	if e.BotToken.Reveal() != "open-sesame-SLACK_BOT_TOKEN" {
		t.Errorf("got %q from Reveal, want the secret", e.BotToken.Reveal())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := Parse(raw); err == nil && c.Validate() != nil {
			t.Errorf("Parse accepted what Validate refuses: %q", raw)
		}
	})
}
