package commands

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestThePolicyExplainsACommand(t *testing.T) {
	w := newWorld(t)
	w.gate.says = policy.Verdict{
		Rule: ledger.Rule{
			Name: "production", Policy: "3f2c9a11deadbeef", Why: "100 % of web; once approved it would be held: production is frozen until {when:1795456800000}.",
			Needs: two("x").Rule.Needs, ValidFor: 4 * time.Hour, Remind: []time.Duration{2 * time.Hour, 216 * time.Minute},
			Deny: []string{"security"}, Undo: 24 * time.Hour,
		},
		Glass:  &policy.Glass{From: []string{"sre"}, Review: ledger.From(1, "owners")},
		Passed: []string{`rule "staging": environment is production`, `rule "night": it is day`},
	}
	golden(t, "explain", text(w.says(`policy explain asg rollout web --image ami-0b2 --reason "so what" --dry-run`).Reply))
	if got := strings.Join(w.gate.asked, ""); got != "explain Roll web to ami-0b2 UDEV" {
		t.Errorf("got %s asked, want nothing proposed", got)
	}
	s := w.gate.spec
	if s.Args["image"] != "ami-0b2" || s.Args["reason"] != "so what" || s.Blast.Instances != 4 || s.Blast.Percent != 100 || s.BreakGlass != "" {
		t.Errorf("got %+v judged", s)
	}
	if len(w.deeds) > 0 {
		t.Errorf("got %v audited, want nothing: it only reads", w.deeds)
	}
}

func TestARefusalIsExplained(t *testing.T) {
	w := newWorld(t)
	w.gate.says = policy.Verdict{Index: -1, Refused: "No rule of the policy allows rollout on web in production, so it is refused.",
		Hint: "Whoever keeps amiral.yaml can add a rule for it.", Rule: ledger.Rule{Policy: "3f2c9a11deadbeef"}, Passed: []string{"rule \"staging\": environment is production"}}
	golden(t, "explain_refused", text(w.says(`/amiral policy explain /asg rollout web --image ami-0b2`).Reply))
	w.gate.says = policy.Verdict{Refused: "This needs 1 from @sre. After leaving out you, only 0 of 1 can be met.", Rule: ledger.Rule{Name: "production", Needs: ledger.From(1, "sre"), ValidFor: time.Hour}}
	got := text(w.says(`policy explain asg rollout web --image ami-0b2`).Reply)
	if !strings.Contains(got, "only 0 of 1 can be met") || strings.Contains(got, "Can they be met?: yes") || !strings.Contains(got, "Needs: 1 approval from @sre") {
		t.Errorf("got %s", got)
	}
	w.gate.err = fault.New(fault.Unavailable, "Slack did not say who is in @sre, so nothing was done.")
	if got := text(w.says(`policy explain asg rollout web --image ami-0b2`).Reply); got != "Slack did not say who is in @sre, so nothing was done.\n" {
		t.Errorf("got %s", got)
	}
}

func TestExplainingABrokenGlassBreaksNone(t *testing.T) {
	w := newWorld(t)
	r := w.says(`policy explain ` + burning)
	if got := text(r.Reply); !strings.Contains(got, `--break-glass "it burns"`) || w.gate.spec.Args["break-glass"] != "" {
		t.Errorf("got %s", got)
	}
	if r.Modal != nil || w.gate.spec.BreakGlass != "it burns" || strings.Join(w.gate.asked, "") != "explain Roll web to ami-0b2 UDEV" {
		t.Errorf("got %+v, %+v and %v", r, w.gate.spec, w.gate.asked)
	}
}

func TestCommandsThatProposeNothingSaySo(t *testing.T) {
	running := op("op-run", ledger.Running)
	running.Message.Link = ""
	for typed, want := range map[string]string{
		"policy explain asg list":                                 "This only reads, so no rule is asked",
		"policy explain policy explain asg list":                  "This only reads, so no rule is asked",
		"policy explain asg cancel web":                           "This asks for nothing new: it would cancel `op-run`.",
		"policy explain asg rollback web":                         "This asks for nothing new: it would roll back `op-run`.",
		"policy explain ops cancel op-run":                        "it would cancel `op-run`",
		"policy explain asg rollout web":                          "One of --image, --version, --family is needed.",
		"policy explain asg rollot web":                           "Did you mean `/asg rollout`?",
		"policy explain asg rollout --help":                       "# /asg rollout",
		"policy explain asg":                                      "# /asg",
		"policy explain asg rollout worker --image ami-0b2":       "As things are this would ask for nothing",
		"policy explain asg rollout web --image ami-0b2 --frobni": "has no flag --frobni",
		"policy explain":                                          "The command is missing.",
		"policy explain --help":                                   "# /amiral policy explain",
	} {
		w := newWorld(t, running)
		got := text(w.says(typed).Reply)
		if !strings.Contains(got, want) || len(w.gate.asked) > 0 {
			t.Errorf("%s: got %s and %v asked, want %q in it and nothing asked", typed, got, w.gate.asked, want)
		}
	}
}
