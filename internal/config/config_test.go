package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
slack: {tables: often}
images: {files: [etc/passwd, "/etc/[a", "/tmp/o'clock"], parameter: golden, cooldown: -1h}
`))
	if err == nil {
		t.Fatal("got no error, want one for each problem")
	}
	for _, want := range []string{"Prod!", "not an ARN", "#a belongs to", "b is there twice", "more than one is the default",
		"no environment \"nowhere\"", "99 is not between", "valid_for", "not a pattern", "lease", "workers", "replicas", "loud",
		"often", `"etc/passwd"`, `"/etc/[a"`, `"/tmp/o'clock"`, "hold {family}", "less than nothing"} {
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

func TestAWrongFieldHidesNoOtherProblem(t *testing.T) {
	_, err := Parse([]byte(strings.NewReplacer("approvals: 2", "aprovals: 2", "environment: production", "environment: nowhere", "region:", "reign:").Replace(good)))
	for _, want := range []string{`line 11: there is no field "aprovals" here`, `line 4: there is no field "reign" here`, `policy: rule 1 (rollouts, line 8): there is no environment "nowhere"; there are: production`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestEnvironmentsOfRulesMustBeThere(t *testing.T) {
	for pattern, problem := range map[string]string{
		"[production, 'stag*', dev]": `no environment "dev"`, "prod": `no environment "prod"`, "production": "", "'*'": "", "'prod?ction'": "",
	} {
		_, err := Parse([]byte(strings.Replace(good, "environment: production", "environment: "+pattern, 1)))
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: got %v, want %q", pattern, err, problem)
		}
	}
}

func TestASecondDocumentIsNotOverlooked(t *testing.T) {
	if _, err := Parse([]byte(good + "---\npolicy: []\n")); err == nil || !strings.Contains(err.Error(), "more than one") {
		t.Errorf("got %v, want an error", err)
	}
}

func TestGlassIsNotBrokenInSilence(t *testing.T) {
	with := strings.Replace(good, "    from: sre", "    from: sre\n    break_glass: {from: oncall}", 1)
	if _, err := Parse([]byte(with)); err == nil || !strings.Contains(err.Error(), "security_channel: it is missing, and rule 1 (rollouts, line 8)") {
		t.Errorf("got %v, want it to ask for security_channel", err)
	}
}

func TestOperatorsAndAudit(t *testing.T) {
	c, err := Parse([]byte(good + "operators: [{login: alice, user: U0123ABCD, team: T0123ABCD, groups: [sre, '@owners']}]\naudit: {keep: 30d12h}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := c.Operator("alice"); !ok || o.User != "U0123ABCD" || o.Team != "T0123ABCD" || strings.Join(o.Groups, " ") != "sre owners" {
		t.Errorf("got %+v, want alice", o)
	}
	for _, login := range []string{"", "bob", "Alice"} {
		if o, ok := c.Operator(login); ok {
			t.Errorf("got %+v for %q, want nobody", o, login)
		}
	}
	if c.Audit.Keep != 732*time.Hour {
		t.Errorf("got %s, want 732h", c.Audit.Keep)
	}
	_, err = Parse([]byte(good + "operators: [{login: a, user: alice, team: x}, {login: a, user: U01, team: T01, name: x}, {user: U01, team: T01, groups: ['a b']}]\naudit: {keep: 5m, for: 3}\n"))
	for _, want := range []string{
		`operators: number 1 (a): user: "alice" is not`, `team: "x" is not`, "number 2 (a): the login is there twice", "number 3 (): login is missing", `groups: "a b" is not the handle`,
		`line 14: there is no field "name" here; there are: groups, login, team, user`, "audit: keep: it is under a day", `there is no field "for"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestAFileMayBeSplit(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	head, _, _ := strings.Cut(good, "policy:")
	main := write("amiral.yaml", head+"policy:\n  include: [rules-*.yaml]\n  rules: [{name: own}]\n")
	write("rules-a.yaml", "- {name: more, environment: production}\n")
	c, err := Load(main)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Policy.Rules; len(r) != 2 || r[1].Name != "more" {
		t.Errorf("got %+v, want two rules", r)
	}
	write("rules-b.yaml", "- {name: odd, environment: nowhere}\n- {nmae: x}\n")
	_, err = Load(main)
	for _, want := range []string{main, "rules-b.yaml, line 1): there is no environment", `rules-b.yaml: line 2: there is no field "nmae"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if _, err := Parse([]byte(head + "policy: {include: [x.yaml], rules: [{name: own}]}\n")); err == nil || !strings.Contains(err.Error(), "which folder") {
		t.Errorf("got %v, want a document without a folder to include nothing", err)
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

func TestALostNotIsRefused(t *testing.T) {
	_, err := Parse([]byte(strings.Replace(good, "approvals: 2", "approvals: 2\n    when: ! undo", 1)))
	if err == nil || !strings.Contains(err.Error(), "YAML loses the !") {
		t.Errorf("got %v, want it to say that YAML loses the !", err)
	}
}
