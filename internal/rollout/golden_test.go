package rollout

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// plain writes a picture as text.
func plain(p card.Picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", p.Headline)
	for _, s := range p.Sections {
		switch {
		case s.Text != nil:
			fmt.Fprintf(&b, "%s\n", words(*s.Text))
		case s.Code != "":
			fmt.Fprintf(&b, "```\n%s\n```\n", s.Code)
		case s.Bar != nil:
			fmt.Fprintf(&b, "[%d/%d] %s\n", s.Bar.Done, s.Bar.Total, s.Bar.Text)
		}
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "%s: %s\n", f.Label, words(f.Value))
		}
		for _, f := range s.Steps {
			fmt.Fprintf(&b, "(%s) %s\n", f.State, words(f.Text))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "%s: %s / %s\n", map[bool]string{true: "STOP", false: "warn"}[f.Stop], f.Text, f.Hint)
		}
		b.WriteString("--\n")
	}
	for _, button := range p.Buttons {
		fmt.Fprintf(&b, "<%s %s %s v%d %s", button.Action, button.Label, button.ID, button.Version, button.Style)
		if button.Confirm != nil {
			fmt.Fprintf(&b, " | %s", button.Confirm.Text)
		}
		b.WriteString(">\n")
	}
	for _, f := range p.Foot {
		fmt.Fprintf(&b, "_%s_\n", words(f))
	}
	return b.String()
}

func words(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.Code != "":
			b.WriteString("`" + p.Code + "`")
		case p.User != "":
			b.WriteString("@" + p.User)
		case !p.When.IsZero():
			b.WriteString(p.When.UTC().Format("15:04:05"))
		default:
			b.WriteString(p.Bold + p.Plain)
		}
	}
	return b.String()
}

func TestPlanCards(t *testing.T) {
	tests := map[string]func() (Facts, Want){
		"plan_image": func() (Facts, Want) { return sane(12), Want{Image: "ami-new"} },
		"plan_version": func() (Facts, Want) {
			f := sane(12)
			toFour(&f)
			f.Group.Instances[3].Protected = true
			return f, Want{Version: 4, SetDefault: true, Bake: ptr(10 * time.Minute), Checkpoints: []int{20, 50}, CheckpointDelay: ptr(30 * time.Minute)}
		},
		"plan_canary": func() (Facts, Want) {
			f := sane(12)
			f.Alarms = []fleet.Alarm{{Name: "web-5xx", State: "OK"}}
			return f, Want{Image: "ami-new", Canary: 10, Alarms: []string{"web-5xx"}}
		},
		"plan_back": func() (Facts, Want) {
			f := sane(3)
			toFour(&f)
			return f, Want{Version: 4, Back: true}
		},
		"plan_one": func() (Facts, Want) { return sane(1), Want{Image: "ami-new"} },
		"plan_stopped": func() (Facts, Want) {
			f := sane(4)
			f.Group.Template.Version = "$Latest"
			f.Group.Suspended = []string{"Launch"}
			setImage(&f, "ami-new", func(i *fleet.Image) { i.State = "pending" })
			return f, Want{Image: "ami-new"}
		},
	}
	for name, facts := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := New(facts())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, plain(card.Picture{Headline: p.Title(), Sections: p.Sections()}))
		})
	}
}

func TestPictures(t *testing.T) {
	p, err := New(sane(12), Want{Image: "ami-new", Canary: 10, SetDefault: true})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := New(sane(12), Want{Image: "ami-new"})
	if err != nil {
		t.Fatal(err)
	}
	going := Progress{Status: "InProgress", Percent: 25, Replaced: 3, Warming: 2, Total: 12, At: noon.Add(10 * time.Minute), Reason: "Waiting for instances to warm up."}
	failing := going
	failing.Failed, failing.Reason = 2, "Waiting for remaining instances to be available. {user:U1}"
	tests := []struct {
		name  string
		plan  Plan
		state ledger.State
		at    string
		data  Data
	}{
		{"picture_pending", whole, ledger.Pending, "", Data{}},
		{"picture_check", whole, ledger.Running, stepCheck, Data{}},
		{"picture_follow", whole, ledger.Running, stepFollow, Data{Version: 4, Made: true, Refresh: "r-1", Began: noon.Add(time.Minute), Progress: going}},
		{"picture_failing", whole, ledger.Running, stepFollow, Data{Version: 4, Refresh: "r-1", Began: noon, Progress: failing, Failures: []string{"The image id '[ami-new]' does not exist. {user:U1}"}}},
		{"picture_paused", whole, ledger.Running, stepPaused, Data{Version: 4, Refresh: "r-1", Progress: going, Suspended: true}},
		{"picture_held", whole, ledger.Running, stepStart, Data{Version: 4, Held: true}},
		{"picture_outside", whole, ledger.Running, stepPaused, Data{Version: 4, Refresh: "r-1", Progress: going, Outside: true}},
		{"picture_ask", p, ledger.Running, stepAsk, Data{Version: 4, Phase: Canary, Refresh: "r-1", Progress: going, Asked: noon, Until: noon.Add(time.Hour)}},
		{"picture_rest", p, ledger.Running, stepFollow, Data{Version: 4, Phase: Rest, Refresh: "r-2", Began: noon, Past: []fleet.RefreshID{"r-1"}, Progress: going}},
		{"picture_rolling_back", whole, ledger.Running, stepFollow, Data{Version: 4, Refresh: "r-1", Stopping: stepRollback, Progress: Progress{Status: "RollbackInProgress", Replaced: 2, Total: 12, At: noon}}},
		{"picture_verify", p, ledger.Running, stepVerify, Data{Version: 4, Phase: Rest, Refresh: "r-2", Progress: Progress{Status: "Successful", Percent: 100, Replaced: 12, Total: 12, At: noon.Add(time.Hour)}}},
		{"picture_stuck", whole, ledger.Stuck, stepFollow, Data{Version: 4, Refresh: "r-1", Progress: going}},
		{"picture_succeeded", whole, ledger.Succeeded, stepSettle, Data{Version: 4, Made: true, Refresh: "r-1", Progress: Progress{Status: "Successful", Percent: 100, Replaced: 12, Total: 12, At: noon}}},
		{"picture_failed", whole, ledger.Failed, stepSettle, Data{Version: 4, Refresh: "r-1", Failures: []string{"No capacity."}, Fleet: map[string]int{"3": 9, "4": 3}, Progress: failing}},
		{"picture_undone", whole, ledger.Undone, stepSettle, Data{Version: 4, Refresh: "r-1", Progress: Progress{Status: "RollbackSuccessful", Total: 12, At: noon}}},
		{"picture_denied", whole, ledger.Denied, "", Data{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload, _ := json.Marshal(tt.plan)
			data, _ := json.Marshal(tt.data)
			rec := ledger.Record{Proposal: ledger.Proposal{ID: "op-7f3k", Kind: Kind, Title: tt.plan.Title(), Payload: payload},
				State: tt.state, At: tt.at, Data: data, Version: 5, Started: noon, Ended: noon.Add(time.Hour)}
			golden(t, tt.name, plain(Painter{}.Paint(rec)))
		})
	}
}

// TestATimeThatHasPassedIsNoForecast: a refresh that does not come on is shown as late, with AWS's reason.
func TestATimeThatHasPassedIsNoForecast(t *testing.T) {
	plan, err := New(sane(12), Want{Image: "ami-new"})
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(plan)
	late := Progress{Status: "InProgress", Warming: 3, Total: 12, At: noon.Add(2 * plan.Pace.Expected), Reason: "Waiting for instances to warm up."}
	data, _ := json.Marshal(Data{Version: 4, Refresh: "r-1", Began: noon, Progress: late})
	got := plain(Painter{}.Paint(ledger.Record{Proposal: ledger.Proposal{ID: "op-7f3k", Kind: Kind, Title: plan.Title(), Payload: payload},
		State: ledger.Running, At: stepFollow, Data: data, Started: noon}))
	if strings.Contains(got, "done about") || !strings.Contains(got, " · longer than expected") || !strings.Contains(got, "AWS says: Waiting for instances to warm up.") {
		t.Errorf("got %s", got)
	}
}

// TestPaintSurvivesAnything: a record that cannot be read is still a picture.
func TestPaintSurvivesAnything(t *testing.T) {
	for _, payload := range []string{"", "null", "{", `{"pace":{"replaced":-5}}`, `[]`} {
		for _, state := range []ledger.State{ledger.Pending, ledger.Running, ledger.Stuck, ledger.Succeeded, ledger.Failed} {
			rec := ledger.Record{Proposal: ledger.Proposal{Title: "x", Payload: []byte(payload)}, State: state}
			if pic := (Painter{}).Paint(rec); pic.Headline == "" {
				t.Errorf("%q %s: no headline", payload, state)
			}
		}
	}
}
