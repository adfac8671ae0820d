package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const example = "../../approvals/policy/testdata/example/"

func TestFixturesPassOrFail(t *testing.T) {
	out, err := amiral(t, "policy", "test", "-config", example+"amiral.yaml", example+"fixture.yaml")
	if err != nil || !strings.Contains(out, "pass (policy ") || strings.Contains(out, "FAIL") {
		t.Errorf("got %q, %v", out, err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	text := "- name: nobody is asked\n  what: {kind: rollout, environment: production, target: web}\n  expect: {outcome: starts, needs: [{group: owners}]}\n"
	if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = amiral(t, "policy", "test", wrong, "-config", file(t, good))
	for _, want := range []string{"FAIL", "nobody is asked", "outcome: got needs, want starts", "line 1", "0 of 1 pass"} {
		if status(err) != 1 || !strings.Contains(out, want) {
			t.Errorf("got %q, %v, want %q in it", out, err, want)
		}
	}
	if _, err := amiral(t, "policy", "test", "-config", file(t, good)); status(err) != 2 {
		t.Errorf("got %v without a file, want the usage", err)
	}
	if _, err := amiral(t, "policy", "test", "-config", file(t, good), "nowhere.yaml"); err == nil {
		t.Error("a file that is not there passes")
	}
}

func TestExplainPlansWithWhatIsThere(t *testing.T) {
	inside(t)
	conf := file(t, good+operatorLine(t, "U0DEV"))
	image := "ami-0b2"
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"myself":        {[]string{"/asg rollout web --image " + image}, []string{"rule 1", "1 approval from @sre", "12 instances"}},
		"in words":      {[]string{"asg", "rollout", "web", "--image", image}, []string{"rule 1"}},
		"somebody else": {[]string{"-as", "U0SRE2", "/asg rollout web --image " + image}, []string{"rule 1"}},
		"later":         {[]string{"-at", "2030-01-01T00:00:00Z", "-groups", "-", "/asg rollout web --image " + image}, []string{"rule 1"}},
		"reading":       {[]string{"/asg list"}, []string{"only reads"}},
		"no command":    {[]string{"/asg rolout web"}, []string{"rollout"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := amiral(t, append([]string{"policy", "explain", "-config", conf}, c.args...)...)
			for _, want := range c.want {
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("got %q, %v, want %q in it", out, err, want)
				}
			}
		})
	}
	if _, err := amiral(t, "policy", "explain", "-config", file(t, good), "/asg list"); err == nil || !strings.Contains(err.Error(), "-as") {
		t.Errorf("got %v, want to be asked who", err)
	}
}

func TestExplainJudgesFactsOffline(t *testing.T) {
	facts := func(text string) string {
		path := filepath.Join(t.TempDir(), "facts.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	big := facts("kind: rollout\nenvironment: production\ntarget: web\nblast: {instances: 12, percent: 100}\ngroups: [sre]\n")
	out, err := amiral(t, "policy", "explain", "-config", example+"amiral.yaml", "-facts", big, "-at", "2026-03-06T13:00:00+01:00")
	for _, want := range []string{"big production rollouts", "1 of @sre and 1 of @owners or @leads", "Passed over rule", "Kept from starting", "@oncall"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("got %q, %v, want %q in it", out, err, want)
		}
	}
	if _, err := amiral(t, "policy", "explain", "-config", example+"amiral.yaml", "-facts", facts("kind: rollout\nenvirnment: x\n")); err == nil {
		t.Error("a misspelt fact is taken")
	}
}

// TestReplayListsWhatWouldBeOtherwise, from Redis and from an export alike; a broken glass counts as what it skipped.
func TestReplayListsWhatWouldBeOtherwise(t *testing.T) {
	w := inside(t)
	proposal(t, w)
	proposal(t, w, func(p *ledger.Proposal) {
		p.ID, p.Digest, p.Target, p.Rule.Needs = "op-2", "d2", "api", ledger.From(2, "owners")
	})
	broken := proposal(t, w, func(p *ledger.Proposal) {
		p.ID, p.Digest, p.Target, p.Rule.Needs, p.BreakGlass = "op-3", "d3", "cache", nil, "it burns"
	})
	proposal(t, w, func(p *ledger.Proposal) { // by the bot, whatever the policy says
		p.ID, p.Digest, p.Kind, p.Rule.Needs, p.About = "op-4", "", "review", ledger.From(1, "security"), broken.ID
	})
	err := audit.New(dial(t, w), audit.Key("amiral")).Append(t.Context(), audit.Event{
		Kind: "glass", Op: string(broken.ID), Fields: map[string]string{"skipped": `[{"groups":["sre"],"min":1}]`},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := amiral(t, "policy", "replay", "-config", file(t, good))
	for _, want := range []string{"op-2", "then: needs 2 of @owners", "now:  needs 1 of @sre", "1 of 3 past requests"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("got %q, %v, want %q in it", out, err, want)
		}
	}
	if strings.Contains(out, "op-1") || strings.Contains(out, "op-3") || strings.Contains(out, "op-4") {
		t.Errorf("got %q, want nothing of those that would be judged the same", out)
	}
	export := filepath.Join(t.TempDir(), "export.jsonl")
	if _, err := amiral(t, "audit", "export", "-config", file(t, good), "-out", export); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDIS_URL", "")
	again, err := amiral(t, "policy", "replay", "-config", file(t, good), "-from", export)
	if err != nil || again != out {
		t.Errorf("from the export: got %q, %v, want %q", again, err, out)
	}
	stricter := file(t, strings.Replace(good, "from: sre", "from: leads", 1))
	if out, err := amiral(t, "policy", "replay", "-config", stricter, "-from", export); err != nil || !strings.Contains(out, "3 of 3 past requests") {
		t.Errorf("got %q, %v, want all otherwise", out, err)
	}
}
