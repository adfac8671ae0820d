package commands

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestFreezesAreAskedFor(t *testing.T) {
	for typed, want := range map[string]struct{ title, env, target, channel string }{
		`freeze production --for 4h --reason "sale"`:          {"Freeze production for 4h", "production", "", "CDEPLOYS"},
		`freeze Staging --for 4h --reason "sale"`:             {"Freeze staging for 4h", "staging", "", "CSTAGING"},
		`freeze web --for 90m --reason "sale"`:                {"Freeze web in production for 1h30m", "production", "web", "CDEPLOYS"},
		`freeze web --for 90m --reason "sale" --in staging`:   {"Freeze web in staging for 1h30m", "staging", "web", "CSTAGING"},
		`freeze web* --for 1d --reason "sale"`:                {"Freeze web* in production for 1d", "production", "web*", "CDEPLOYS"},
		`freeze "*" --for 1d --reason "sale" --in production`: {"Freeze production for 1d", "production", "", "CDEPLOYS"},
	} {
		w := newWorld(t)
		r := w.says(typed)
		s := w.gate.spec
		if s.Kind != "freeze" || s.Title != want.title || s.Environment != want.env || s.Target != want.target || s.Channel != want.channel {
			t.Errorf("%s: got %+v proposed and %s said, want %+v", typed, s, text(r.Reply), want)
			continue
		}
		if s.Requester != dev || s.Reason != "sale" || s.Digest == "" || s.Step != freeze.First || s.Resource != "" || s.Impact == "" {
			t.Errorf("%s: got %+v", typed, s)
		}
		var plan freeze.Plan
		if err := json.Unmarshal(s.Payload, &plan); err != nil || plan.Environment != want.env || plan.Target != want.target {
			t.Errorf("%s: got the plan %+v, %v", typed, plan, err)
		}
		if s.Args["for"] == "" || s.Args["environment or target"] == "" || !strings.HasPrefix(s.Command, "/amiral freeze ") {
			t.Errorf("%s: got %v and %s for the policy to judge by", typed, s.Args, s.Command)
		}
	}
}

func TestWordsThatMeanNoOneThingAreNotFrozen(t *testing.T) {
	for typed, want := range map[string]string{
		`freeze producton --for 4h --reason x`:               "There is neither an environment nor a group producton in production.\nDid you mean `production`?",
		`freeze wbe --for 4h --reason x`:                     "Did you mean `web`?",
		`freeze qqqqqq --for 4h --reason x`:                  "Environments: production, staging. `/asg list` shows the groups.",
		`freeze qqqqqq --for 4h --reason x --in staging`:     "There is no group qqqqqq in staging.",
		`freeze staging --for 4h --reason x --in production`: "There is no group staging in production.\n`/amiral freeze staging` means the environment.",
		`freeze web --for 4h --reason x --in stagin`:         "There is no environment stagin.\nDid you mean `--in staging`?",
		`freeze production --for 4h`:                         "--reason is needed.",
		`freeze production --reason x`:                       "--for is needed.",
		`freeze production --for 10s --reason x`:             "--for goes from 1m to 30d, and 10s is outside.",
		`freeze "we[b" --for 4h --reason x`:                  "`we[b` is not a pattern.",
	} {
		w := newWorld(t)
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) || len(w.gate.asked) > 0 {
			t.Errorf("%s: got %s and %v asked, want %s", typed, got, w.gate.asked, want)
		}
	}
	w := newWorld(t)
	w.cloud.groups[1].Name = "production"
	got := text(w.says(`freeze production --for 4h --reason x`).Reply)
	want := "production is an environment, and a group in production.\n`/amiral freeze production --in production` means the group, and `/amiral freeze \"*\" --in production` the environment.\n"
	if got != want || len(w.gate.asked) > 0 {
		t.Errorf("got %s, want %s", got, want)
	}
	if w.says(`freeze production --for 4h --reason x --in production`); w.gate.spec.Target != "production" {
		t.Errorf("got %+v, want the group", w.gate.spec)
	}
}

func TestAnEnvironmentCanBeFrozenWhileAWSDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.cloud.err = &fleet.Error{Kind: fleet.Throttled, Call: "describe"}
	w.says(`freeze production --for 4h --reason x`)
	if w.gate.spec.Environment != "production" {
		t.Errorf("got %+v, want the freeze asked for", w.gate.spec)
	}
	if got := text(w.says(`freeze web --for 4h --reason x`).Reply); !strings.Contains(got, "AWS takes no more calls") {
		t.Errorf("got %s, want no target taken unseen", got)
	}
}

// icy is a freeze as an operation.
func icy(t *testing.T, id ledger.ID, state ledger.State, env, target string) ledger.Record {
	t.Helper()
	plan, err := freeze.New(freeze.Wish{Environment: env, Target: target, For: 4 * time.Hour, Reason: "sale"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	r := op(id, state)
	r.Kind, r.Environment, r.Target, r.Title, r.Reason, r.Resource = "freeze", env, target, plan.Title(), "sale", ""
	if r.Payload, err = plan.Payload(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFreezesAreLifted(t *testing.T) {
	all := []ledger.Record{
		icy(t, "op-prod", ledger.Running, "production", ""), icy(t, "op-web", ledger.Running, "production", "web"),
		icy(t, "op-web2", ledger.Running, "staging", "web"), icy(t, "op-wait", ledger.Pending, "staging", ""), op("op-roll", ledger.Running),
	}
	for typed, want := range map[string]struct{ asked, says string }{
		`unfreeze production`:                       {"signal op-prod v-1 UDEV cancel", "Asked to lift it"},
		`unfreeze production --reason "it is over"`: {"signal op-prod v-1 UDEV cancel it is over", "Asked to lift it"},
		`unfreeze web --in staging`:                 {"signal op-web2 v-1 UDEV cancel", "Asked to lift it"},
		`unfreeze op-pro`:                           {"signal op-prod v-1 UDEV cancel", "Asked to lift it"},
		`unfreeze staging --reason nah`:             {"withdraw op-wait UDEV nah", "Withdrawn: it will not run."},
		`unfreeze web`:                              {"", "Several freezes may be meant: op-web (web in production), op-web2 (web in staging)."},
		`unfreeze prodution`:                        {"", "There is no freeze of prodution.\nDid you mean `/amiral unfreeze production`?"},
		`unfreeze op-roll`:                          {"", "There is no freeze of op-roll."},
	} {
		w := newWorld(t, all...)
		got := text(w.says(typed).Reply)
		if asked := strings.Join(w.gate.asked, "\n"); asked != want.asked || !strings.Contains(got, want.says) {
			t.Errorf("%s: got %q asked and %s, want %+v", typed, asked, got, want)
		}
	}
}

func TestFreezesAreListedWithWhatWaitsBehindThem(t *testing.T) {
	held, free, elsewhere := op("op-held", ledger.Held), op("op-free", ledger.Running), op("op-else", ledger.Held)
	held.Opens, elsewhere.Environment = noon.Add(4*time.Hour), "staging"
	w := newWorld(t, held, free, elsewhere, icy(t, "op-fz", ledger.Running, "production", ""), icy(t, "op-ask", ledger.Pending, "staging", ""))
	w.frozen.all = []freeze.Freeze{
		{ID: "op-fz2", Environment: "staging", Target: "api", Until: noon.Add(6 * time.Hour), By: sre, Reason: "database move"},
		{ID: "op-fz", Environment: "production", Until: noon.Add(4 * time.Hour), By: dev, Reason: "sale <!here>"},
	}
	golden(t, "freezes", text(w.says("freezes").Reply))
	w = newWorld(t)
	if got := text(w.says("freezes").Reply); got != "# Freezes\nNothing is frozen.\n" {
		t.Errorf("got %s", got)
	}
	w.frozen.err = errors.New("dial tcp")
	if got := text(w.says("freezes").Reply); got != away {
		t.Errorf("got %s, want %s", got, away)
	}
}

func TestAFreezeIsAskedForAgainAndNeverTakenBack(t *testing.T) {
	old := icy(t, "op-old", ledger.Expired, "production", "web")
	old.Command = `/amiral freeze web --for 4h --reason "sale" --in production`
	w := newWorld(t, old)
	w.presses(sre, "again", "op-old")
	if s := w.gate.spec; s.Kind != "freeze" || s.Requester != sre || s.Target != "web" || s.Reason != "sale" || s.Command != "/amiral freeze web --for 4h --reason sale --in production" && s.Command != old.Command {
		t.Errorf("got %+v", s)
	}
	if got := text(w.presses(sre, "rollback_new", "op-old").Reply); !strings.Contains(got, "A freeze leaves nothing to roll back.") {
		t.Errorf("got %s", got)
	}
	if got := text(w.presses(sre, "details", "op-old").Reply); !strings.Contains(got, "Freezes: web in production") {
		t.Errorf("got %s", got)
	}
}
