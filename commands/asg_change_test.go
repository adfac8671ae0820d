package commands

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestChangesOfGroupsAreProposed(t *testing.T) {
	for typed, want := range map[string]struct{ title, command string }{
		"asg scale web 6":                               {"Scale web from 4 to 6", "/asg scale web 6"},
		"asg scale web +2":                              {"Scale web from 4 to 6", "/asg scale web +2"},
		"asg scale web -1":                              {"Scale web from 4 to 3", `/asg scale web "-1"`},
		"asg scale web 10 --max 12":                     {"Scale web from 4 to 10", "/asg scale web 10 --max 12"},
		"asg scale web 4 --min 3":                       {"Let web have 3 to 8 instances", "/asg scale web 4 --min 3"},
		"asg attach web --template web-lt@2":            {"Let web launch from web-lt@2", "/asg attach web --template web-lt@2"},
		"asg attach web --template web-lt@v2":           {"Let web launch from web-lt@2", "/asg attach web --template web-lt@v2"},
		"asg suspend web azrebalance launch":            {"Suspend AZRebalance, Launch on web", "/asg suspend web azrebalance launch"},
		"asg protect web i-web2 i-web1 i-web1":          {"Protect i-web1, i-web2 of web from scale in", "/asg protect web i-web2 i-web1 i-web1"},
		"asg standby enter web i-web1":                  {"Put i-web1 of web into standby", "/asg standby enter web i-web1"},
		"asg standby enter web i-web1 --refill":         {"Put i-web1 of web into standby", "/asg standby enter web i-web1 --refill"},
		"asg replace web i-web1 --reason 'it is stuck'": {"Replace i-web1 of web", "/asg replace web i-web1 --reason \"it is stuck\""},
	} {
		w := newWorld(t)
		r := w.says(typed)
		s := w.gate.spec
		if s.Title != want.title || s.Command != want.command || s.Step != group.First || s.Target != "web" {
			t.Errorf("%s: got %q, %q, %s, %s; want %+v", typed, s.Title, s.Command, s.Step, text(r.Reply), want)
		}
		var p group.Plan
		if err := json.Unmarshal(s.Payload, &p); err != nil || p.Digest() != s.Digest {
			t.Errorf("%s: the plan does not survive being stored: %v", typed, err)
		}
	}
}

func TestChangesOfGroupsThatCannotBe(t *testing.T) {
	for typed, want := range map[string]string{
		"asg scale web many":                    "\"many\" is no size.\nWrite 12, +2 or -2.",
		"asg scale web 1.5":                     "is no size.",
		"asg scale web 20000":                   "A desired size of 20000 is out of range.",
		"asg scale web 4":                       "web has this size already: 4 (2 to 8).",
		"asg scale web 9":                       "9 instances are more than the group's maximum of 8.",
		"asg scale wev 5":                       "There is no group wev in production.\nDid you mean `web`?",
		"asg attach web --template web-lt@x":    "\"x\" is no version of a template.",
		"asg attach web --template web-lt@9":    "There is no version 9 of template web-lt.",
		"asg suspend web AZRebalnce":            "There is no process AZRebalnce.\nDid you mean `AZRebalance`?",
		"asg resume web Launch":                 "Launch is at work already.",
		"asg protect web i-api1":                "i-api1 is no instance of web.",
		"asg unprotect web i-web1":              "i-web1 is not protected, so there is nothing to do.",
		"asg standby exit web i-web1":           "i-web1 is InService already.",
		"asg replace web web-1":                 "web-1 is not the id of an instance.",
		"asg replace web i-web1 --dry-run":      "This is only the plan",
		"asg scale web 3 --dry-run":             "1 of the 4 that can go will.",
		"asg standby enter worker i-worker1":    "An instance refresh is under way (InProgress)",
		"asg attach worker --template web-lt@2": "An instance refresh is under way (InProgress)",
	} {
		w := newWorld(t)
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
		if len(w.gate.asked) > 0 {
			t.Errorf("%s: got %v asked of the gate, want nothing", typed, w.gate.asked)
		}
	}
}

// TestWhatTakesAChangeBackCanBeTyped: the command of every way back is understood, and asks for the same.
func TestWhatTakesAChangeBackCanBeTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"asg scale web 6 --min 1":            "/asg scale web 4 --min 2 --max 8 --in production",
		"asg attach web --template web-lt@2": "/asg attach web --template web-lt@1 --in production",
		"asg suspend web AZRebalance":        "/asg resume web AZRebalance --in production",
		"asg protect web i-web1":             "/asg unprotect web i-web1 --in production",
		"asg standby enter web i-web1":       "/asg standby exit web i-web1 --in production",
	} {
		w := newWorld(t)
		w.says(typed)
		back, ok := group.Back(ledger.Record{Proposal: ledger.Proposal{ID: "op-1", Payload: w.gate.spec.Payload}, State: ledger.Succeeded})
		if !ok {
			t.Errorf("%s: nothing takes it back", typed)
			continue
		}
		command := changeCommand(back, "production")
		if command != want {
			t.Errorf("%s: got %s, want %s", typed, command, want)
		}
		if got := text(w.says(strings.TrimPrefix(command, "/")).Reply); strings.Contains(got, "Usage:") {
			t.Errorf("%s is not understood: %s", command, got)
		}
	}
}

// TestARolloutIsMeantBesideAScaling: a group may be scaled while it is rolled, and the rollout still be paused by name.
func TestARolloutIsMeantBesideAScaling(t *testing.T) {
	scaling := op("op-scale", ledger.Running)
	scaling.Kind, scaling.Title = group.Scale, "Scale web from 4 to 6"
	w := newWorld(t, op("op-run", ledger.Running), scaling)
	w.says("asg pause web")
	if got := strings.Join(w.gate.asked, "\n"); !strings.Contains(got, "signal op-run") || strings.Contains(got, "op-scale") {
		t.Errorf("got %s, want the rollout paused", got)
	}
}
