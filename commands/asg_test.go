package commands

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
)

func TestListGolden(t *testing.T) { golden(t, "asg_list", text(newWorld(t).says("asg list").Reply)) }

func TestShowGolden(t *testing.T) {
	w := newWorld(t, op("op-run", ledger.Running))
	w.cloud.groups[0].TargetGroups = []string{"arn:tg"}
	w.cloud.groups[0].Instances[3].Health = "Unhealthy"
	w.cloud.groups[0].Suspended = []string{"AZRebalance"}
	golden(t, "asg_show", text(w.says("asg show web").Reply))
	golden(t, "asg_show_refreshing", text(w.says("asg show worker").Reply))
}

// TestAListIsShownWithoutItsRefreshes: what AWS does not tell is said, and the rest is shown.
func TestAListIsShownWithoutItsRefreshes(t *testing.T) {
	w := newWorld(t)
	w.cloud.silent = errors.New("rate exceeded")
	for _, words := range []string{"asg list", "asg show web"} {
		if got := text(w.says(words).Reply); !strings.Contains(got, "AWS did not tell whether an instance refresh runs on") || !strings.Contains(got, "healthy") && !strings.Contains(got, "Healthy") {
			t.Errorf("%s: got %s, want the groups and what is not known", words, got)
		}
	}
}

func TestListNarrowsDown(t *testing.T) {
	w := newWorld(t)
	if got := text(w.says("asg list work").Reply); strings.Contains(got, "| web |") || !strings.Contains(got, "| worker |") {
		t.Errorf("got %s, want worker alone", got)
	}
	none := w.says("asg list zzz").Reply
	if want := `None of the 2 groups in production has "zzz" in its name.`; none.Summary != want || !strings.Contains(text(none), want) {
		t.Errorf("got %s and %s", none.Summary, text(none))
	}
	w.cloud.groups = w.cloud.groups[:1]
	if got := w.says("asg list zzz").Reply.Summary; got != `The one group in production does not have "zzz" in its name.` {
		t.Errorf("got %s", got)
	}
	w.cloud.groups = nil
	if got := w.says("asg list").Reply.Summary; got != "There is no group in production." {
		t.Errorf("got %s", got)
	}
	w.cloud = harbour()
	w = newWorld(t)
	for i := range 50 {
		w.cloud.groups = append(w.cloud.groups, fleet.Group{Name: fleet.GroupName(strings.Repeat("g", i+1))})
	}
	for page, want := range map[string]string{"": "1–20 of 52", " --page 2": "21–40 of 52", " --page 3": "41–52 of 52", " --page 9": "41–52 of 52"} {
		if got := text(w.says("asg list" + page).Reply); !strings.Contains(got, want) || !strings.Contains(got, "/asg list --page ") {
			t.Errorf("%s: got %s, want %s and a way on", page, got, want)
		}
	}
}

func TestWrongNamesAreGuessed(t *testing.T) {
	w := newWorld(t)
	for typed, want := range map[string]string{
		"asg show wev":                                 "There is no group wev in production.\nDid you mean `web`?",
		"asg show zzzzzz":                              "There is no group zzzzzz in production.\n`/asg list --in production` shows the groups there are.",
		"asg rollout wrker --image ami-0b2":            "There is no group wrker in production.\nDid you mean `worker`?",
		"asg rollback wev":                             "There is no group wev in production.\nDid you mean `web`?",
		"asg rollout web --image ami-0b3":              "There is no image ami-0b3 in production.\nDid you mean `ami-0b2`?",
		"asg rollout web --image web-2026.11.3":        "There is no image web-2026.11.3 in production.\nDid you mean `web-2026.11.2`?",
		"asg rollout web --image ubuntu":               "There is no image ubuntu in production.\nThe newest one is `ami-0b2` (web-2026.11.2).",
		"asg rollout web --version 9":                  "Template web-lt has no version 9.",
		"asg rollout web --version 2 --canary-wait 1h": "A wait for the canary without a canary does nothing.\nAdd `--canary 10`.",
		"asg rollout web --image resolve:ssm:x":        "resolve:ssm:x is a parameter, not an image.",
		"asg list --in produktion":                     "There is no environment produktion.\nDid you mean `--in production`?",
		"asg list --in moon":                           "There is no environment moon.\nThere are: production, staging.",
		"asg rollout web --image a --min-healthy 140":  "--min-healthy goes from 0 to 100 percent, and 140 is outside.",
		"asg status wev":                               "I know of no operation on wev.",
	} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
	if len(w.gate.asked) > 0 {
		t.Errorf("got %v asked of the gate, want nothing", w.gate.asked)
	}
}

func TestEnvironments(t *testing.T) {
	two := settings()
	byDefault := settings()
	byDefault.Environments[1].Default = true
	shared := settings()
	shared.Environments[0].Channels = append(shared.Environments[0].Channels, "CSTAGING")
	shared.Environments[1].Default = true
	one := Settings{Environments: two.Environments[:1]}
	for _, c := range []struct {
		settings             Settings
		named, channel, want string
	}{
		{two, "", "CDEPLOYS", "production"},
		{two, "", "CSTAGING", "staging"},
		{two, "staging", "CDEPLOYS", "staging"},
		{two, "STAGING", "", "staging"},
		{one, "", "CELSE", "production"},
		{byDefault, "", "CELSE", "staging"},
		{byDefault, "", "CDEPLOYS", "production"},
		{shared, "", "CSTAGING", "staging"},
		{two, "", "CELSE", "This channel belongs to no environment, so I do not know which one you mean. Add `--in production` or `--in staging`."},
	} {
		env, err := c.settings.environment(c.named, c.channel)
		got := env.Name
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q in %s: got %s, want %s", c.named, c.channel, got, c.want)
		}
	}
}

func TestRolloutProposesItsPlan(t *testing.T) {
	w := newWorld(t)
	w.says("asg rollout web --image web-2026.11.2 --canary 25 —bake 10m --reason “CVE-2026-1 <!channel> {user:UEVIL} --dry-run”")
	s := w.gate.spec
	want := `/asg rollout web --image web-2026.11.2 --reason "CVE-2026-1 @channel { user:UEVIL} --dry-run" --canary 25 --bake 10m`
	if s.Command != want {
		t.Errorf("got %s, want %s", s.Command, want)
	}
	if s.Kind != "rollout" || s.Environment != "production" || s.Target != "web" || s.Resource != "123456789012/eu-west-1/asg/web" ||
		s.Requester != dev || s.Channel != "CDEPLOYS" || s.Step != rollout.First || s.Digest == "" ||
		s.Reason != "CVE-2026-1 @channel { user:UEVIL} --dry-run" {
		t.Errorf("got %+v", s)
	}
	w.says("asg rollout web --image ami-0b2 --reason 'No \t reason.\n\n*Approved by*\u2028{user:USRE}' --alarms slow,down,slow")
	if got := w.gate.spec; got.Reason != "No reason. *Approved by* { user:USRE}" || strings.ContainsAny(got.Command, "\n\t\u2028") ||
		!strings.Contains(got.Command, "--alarms slow,down") || strings.Contains(got.Command, "down,slow") {
		t.Errorf("got %q and %q", got.Reason, got.Command)
	}
	var plan rollout.Plan
	if err := json.Unmarshal(s.Payload, &plan); err != nil {
		t.Fatal(err)
	}
	if plan.Digest() != s.Digest || plan.Want.Image != "ami-0b2" || plan.Want.Canary != 25 || plan.Want.Bake.Minutes() != 10 {
		t.Errorf("got %+v, want the plan that was asked for", plan.Want)
	}
}

func TestThreadsLiveWhereTheEnvironmentDoes(t *testing.T) {
	for _, c := range []struct{ channel, thread, wantChannel, wantThread string }{
		{"CDEPLOYS", "1.2", "CDEPLOYS", "1.2"},
		{"D123", "1.2", "CDEPLOYS", ""},
		{"CSTAGING", "", "CDEPLOYS", ""},
	} {
		w := newWorld(t)
		w.desk.Command(t.Context(), Request{Key: "k", Actor: dev, Channel: c.channel, Thread: c.thread, Text: "asg rollout web --image ami-0b2 --in production"})
		if w.gate.spec.Channel != c.wantChannel || w.gate.spec.Thread != c.wantThread {
			t.Errorf("%s: got %s %s, want %s %s", c.channel, w.gate.spec.Channel, w.gate.spec.Thread, c.wantChannel, c.wantThread)
		}
	}
}

func TestPlansThatCannotRunAreShownAndNotProposed(t *testing.T) {
	w := newWorld(t)
	w.cloud.groups[0].Suspended = []string{"Launch"}
	r := w.says("asg rollout web --image ami-0b2")
	if got := text(r.Reply); !strings.HasPrefix(got, "# Not possible · Roll web to ami-0b2") || !strings.Contains(got, "so nothing was asked for") {
		t.Errorf("got %s", got)
	}
	w.cloud.groups[0].Suspended = nil
	r = w.says("asg rollout web --image ami-0b2 --dry-run")
	if got := text(r.Reply); !strings.HasPrefix(got, "# Plan · Roll web to ami-0b2") || !strings.Contains(got, "This is only the plan") {
		t.Errorf("got %s", got)
	}
	if len(w.gate.asked) > 0 || len(w.deeds) > 0 {
		t.Errorf("got %v asked and %v audited, want nothing", w.gate.asked, w.deeds)
	}
}

func TestOurOwnWorkIsNamedWhereItStandsInTheWay(t *testing.T) {
	running, elsewhere := op("op-run", ledger.Running), op("op-api", ledger.Running)
	elsewhere.Resource = "123456789012/eu-west-1/asg/api"
	for _, c := range []struct {
		all   []ledger.Record
		named bool
	}{
		{[]ledger.Record{running}, true},
		{[]ledger.Record{op("op-run", ledger.Stuck)}, true},
		{[]ledger.Record{op("op-run", ledger.Pending)}, false},
		{[]ledger.Record{elsewhere}, false},
	} {
		w := newWorld(t, c.all...)
		w.cloud.groups[0].Suspended = []string{"Launch"}
		got := text(w.says("asg rollout web --image ami-0b2").Reply)
		if strings.Contains(got, "I am at work on web: Roll web to ami-0b2, asked by @UDEV (`op-run`).") != c.named {
			t.Errorf("%s of %s: got %s", c.all[0].State, c.all[0].Resource, got)
		}
	}
}

func TestRunningOperationsAreBornUpon(t *testing.T) {
	for _, c := range []struct {
		typed string
		all   []ledger.Record
		asked string
		says  string
	}{
		{"asg pause web", []ledger.Record{op("op-a", ledger.Running)}, "signal op-a v-1 UDEV pause", "Asked to pause; its thread tells when it has."},
		{"asg resume WEB", []ledger.Record{op("op-a", ledger.Running)}, "signal op-a v-1 UDEV resume", "Asked to resume"},
		{"asg cancel web", []ledger.Record{op("op-a", ledger.Stuck)}, "signal op-a v-1 UDEV cancel", "Asked to cancel"},
		{"asg cancel web", []ledger.Record{op("op-a", ledger.Pending)}, "withdraw op-a UDEV ", "Withdrawn: it will not run."},
		{"asg cancel web", []ledger.Record{op("op-a", ledger.Pending), op("op-b", ledger.Running)}, "signal op-b v-1 UDEV cancel", "Asked to cancel"},
		{"asg cancel web", []ledger.Record{op("op-a", ledger.Pending), op("op-b", ledger.Pending)}, "", "Several operations on web are open: op-a (Roll web to ami-0b2 in production), op-b"},
		{"asg rollback web", []ledger.Record{op("op-a", ledger.Running)}, "signal op-a v-1 UDEV rollback", "Asked to roll back"},
		{"asg rollback web", []ledger.Record{op("op-a", ledger.Pending), op("op-b", ledger.Pending)}, "", "I know of no rollout of web in production that could be undone."},
		{"asg rollback web", []ledger.Record{op("op-a", ledger.Pending), op("op-b", ledger.Stuck)}, "signal op-b v-1 UDEV rollback", "Asked to roll back"},
		{"asg rollback web --reason \"too slow\"", []ledger.Record{op("op-a", ledger.Running)}, "signal op-a v-1 UDEV rollback too slow", "Asked to roll back"},
		{"asg rollback web --dry-run", []ledger.Record{op("op-a", ledger.Running)}, "", "It would be asked to roll back. This is only the plan; nothing was asked for."},
		{"asg pause wev", []ledger.Record{op("op-a", ledger.Running)}, "", "Nothing runs or waits on wev.\nDid you mean web?"},
		{"asg pause web", []ledger.Record{op("op-a", ledger.Succeeded)}, "", "Nothing runs or waits on web."},
		{"asg pause web --in staging", []ledger.Record{op("op-a", ledger.Running)}, "", "Nothing runs or waits on web."},
		{"ops cancel op-a", []ledger.Record{op("op-a", ledger.Pending)}, "withdraw op-a UDEV ", "Withdrawn"},
		{"ops cancel op-a", []ledger.Record{op("op-a", ledger.Waiting)}, "withdraw op-a UDEV ", "Withdrawn"},
		{"ops cancel op-a", []ledger.Record{op("op-a", ledger.Running)}, "signal op-a v-1 UDEV cancel", "Asked to cancel"},
		{"ops cancel op-a", []ledger.Record{op("op-a", ledger.Succeeded)}, "", "Roll web to ami-0b2 is over: succeeded.\nThere is nothing to cancel any more."},
		{"ops cancel op-x", []ledger.Record{op("op-a", ledger.Running)}, "", "There is no operation op-x.\nDid you mean `op-a`?"},
		{"ops cancel op-", []ledger.Record{op("op-a", ledger.Running), op("op-b", ledger.Running)}, "", "Several operations begin with op-."},
	} {
		w := newWorld(t, c.all...)
		got := text(w.says(c.typed).Reply)
		if !strings.Contains(got, c.says) || strings.Join(w.gate.asked, "\n") != c.asked {
			t.Errorf("%s: got %q %s, want %q %s", c.typed, w.gate.asked, got, c.asked, c.says)
		}
	}
}

// rolled is a rollout of web that ended, as the ledger keeps it.
func rolled(t *testing.T, id ledger.ID, state ledger.State, want rollout.Want) ledger.Record {
	t.Helper()
	plan := rollout.Plan{Environment: "production", Account: "123456789012", Region: "eu-west-1", Group: "web",
		From: rollout.Side{Template: "lt-1", Name: "web-lt", Version: 1, Image: "ami-0a1"}, Want: want}
	payload, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(rollout.Data{Version: 2, Refresh: "r9"})
	if err != nil {
		t.Fatal(err)
	}
	r := op(id, state)
	r.Payload, r.Data = payload, data
	return r
}

func TestRollbackProposesTheWayBack(t *testing.T) {
	last := rolled(t, "op-last", ledger.Succeeded, rollout.Want{Image: "ami-0b2"})
	now := func(w *world) {
		w.cloud.groups[0].Template.Version = "2"
		for i := range w.cloud.groups[0].Instances {
			w.cloud.groups[0].Instances[i].Template.Version = "2"
		}
	}
	check := func(w *world, title string) {
		t.Helper()
		var plan rollout.Plan
		if err := json.Unmarshal(w.gate.spec.Payload, &plan); err != nil {
			t.Fatal(err)
		}
		if w.gate.spec.Title != title || !plan.Want.Back || plan.Want.Version != 1 || w.gate.spec.Requester != dev || w.gate.spec.Channel != "CDEPLOYS" {
			t.Errorf("got %+v of %+v", w.gate.spec, plan.Want)
		}
	}
	w := newWorld(t)
	now(w)
	w.records.history = []ledger.Record{rolled(t, "op-undone", ledger.Undone, rollout.Want{Image: "ami-0b2"}), last}
	w.says("asg rollback web --reason slow")
	check(w, "Roll web back to version 1")
	if w.gate.spec.About != "op-last" {
		t.Errorf("got %q taken back, want op-last", w.gate.spec.About)
	}
	if w.gate.spec.Reason != "slow" || w.gate.spec.Command != "/asg rollback web --reason slow" {
		t.Errorf("got %+v", w.gate.spec)
	}

	w = newWorld(t, last)
	now(w)
	w.records.all[0].Requester = sre
	w.desk.Press(t.Context(), Press{Key: "k2", Actor: dev, Action: "rollback_new", ID: "op-last"})
	check(w, "Roll web back to version 1")
	if w.gate.spec.Command != "/asg rollback web --in production" || w.gate.spec.Reason != "Takes back op-last." || w.gate.spec.About != "op-last" {
		t.Errorf("got %+v", w.gate.spec)
	}

	w = newWorld(t)
	w.records.history = []ledger.Record{rolled(t, "op-back", ledger.Succeeded, rollout.Want{Version: 1, Back: true}), last}
	if got := text(w.says("asg rollback web").Reply); !strings.Contains(got, "was rolled back already, by op-back.") {
		t.Errorf("got %s", got)
	}
	w = newWorld(t)
	if got := text(w.says("asg rollback web").Reply); !strings.Contains(got, "I know of no rollout of web in production that could be undone.") {
		t.Errorf("got %s", got)
	}
}

// attachment is an attachment of web that ended well: from version 1 of its template to version 2.
func attachment(t *testing.T, id, about ledger.ID) ledger.Record {
	t.Helper()
	payload, err := json.Marshal(group.Plan{Environment: "production", Want: group.Want{Kind: group.Attach, Group: "web", Template: "web-lt", Version: 2},
		Old: group.Version{Template: "lt-1", Name: "web-lt", Number: 1}, New: group.Version{Template: "lt-1", Name: "web-lt", Number: 2}})
	if err != nil {
		t.Fatal(err)
	}
	r := op(id, ledger.Succeeded)
	r.Kind, r.Payload, r.About = group.Attach, payload, about
	return r
}

// TestRollbackAfterAnAttachment takes that back, and no rollout before it: versions of the template that the group launches
// from now are none of the one it was rolled on.
func TestRollbackAfterAnAttachment(t *testing.T) {
	last := rolled(t, "op-last", ledger.Succeeded, rollout.Want{Image: "ami-0b2"})
	w := newWorld(t)
	w.cloud.groups[0].Template.Version = "2"
	w.records.history = []ledger.Record{attachment(t, "op-att", ""), last}
	w.says("asg rollback web")
	if s := w.gate.spec; s.Title != "Let web launch from web-lt@1" || s.Kind != group.Attach || s.About != "op-att" || s.Command != "/asg rollback web" {
		t.Errorf("got %+v", s)
	}

	w = newWorld(t)
	w.records.history = []ledger.Record{attachment(t, "op-att2", "op-att"), attachment(t, "op-att", ""), last}
	if got := text(w.says("asg rollback web").Reply); !strings.Contains(got, "What web launches was taken back already, by op-att2.") {
		t.Errorf("got %s", got)
	}

	w = newWorld(t, last) // somebody attached another template by hand
	w.cloud.groups[0].Template = fleet.TemplateRef{ID: "lt-other", Name: "other-lt", Version: "2"}
	w.records.history = []ledger.Record{last}
	for _, got := range []string{
		text(w.says("asg rollback web").Reply),
		text(w.desk.Press(t.Context(), Press{Key: "k2", Actor: dev, Action: "rollback_new", ID: "op-last"}).Reply),
	} {
		if !strings.Contains(got, "There is no way back: web launches from another template now, ") || !strings.Contains(got, "and version 1 is of lt-1.") ||
			!strings.Contains(got, "`/asg attach web --template lt-1@1`") {
			t.Errorf("got %s", got)
		}
	}
}

func TestStatus(t *testing.T) {
	w := newWorld(t, op("op-old", ledger.Succeeded), op("op-a", ledger.Running))
	for typed, want := range map[string]string{
		"asg status":        "# Rollouts in production\n🔄 Roll web to ami-0b2 · production · running",
		"asg status web":    "Operation: `op-a`",
		"asg status op-old": "Operation: `op-old`",
		"amiral status":     "Running: 1",
		"amiral whoami":     "You are: @UDEV (Dana)",
		"ops list":          "# Open operations\n🔄 Roll web",
		"ops list --all":    "✅ Roll web to ami-0b2",
		"ops show a":        "There is no operation a.",
		"ops show op-a":     "State: running",
	} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
	w = newWorld(t)
	for typed, want := range map[string]string{
		"asg status": "No rollout runs or waits in production.", "ops list": "Nothing runs and nothing waits.", "ops list --all": "There has been no operation yet.",
	} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

func TestARolloutTellsThePolicyWhatItTouches(t *testing.T) {
	w := newWorld(t)
	w.cloud.groups[0].Tags = map[string]string{"team": "shop"}
	w.says(`asg rollout web --image ami-0b2 --canary 25 --alarms "web 5xx,slow" --reason CVE`)
	s := w.gate.spec
	if s.Tags["team"] != "shop" || s.Blast.Instances != 4 || s.Blast.Percent != 100 || s.Impact == "" || s.Narrow != "the canary, 1 of 4 instances" {
		t.Errorf("got %+v", s)
	}
	want := map[string]string{"group": "web", "image": "ami-0b2", "canary": "25", "alarms": "web 5xx,slow", "reason": "CVE"}
	if !maps.Equal(s.Args, want) {
		t.Errorf("got %v, want %v", s.Args, want)
	}
}
