package config

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/approvals/policy/calendar"
)

const example = "../../approvals/policy/testdata/example"

// TestTheExampleDoesWhatItsFixtureSays reads the example as the bot would, and runs its tests as a team would.
func TestTheExampleDoesWhatItsFixtureSays(t *testing.T) {
	c, err := Load(filepath.Join(example, "amiral.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	calendars := calendar.New(c.Policy.Calendars)
	if err := calendars.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.Policy.Almanac = calendars
	raw, err := os.ReadFile(filepath.Join(example, "fixture.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cases, err := policy.ParseCases(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Policy.Test(cases) {
		for _, wrong := range r.Wrong {
			t.Errorf("%s: %s (%s; %s)", r.Case.Name, wrong, r.Verdict.Rule.Why, r.Verdict.Refused)
		}
	}
	if len(cases) < 12 {
		t.Errorf("got %d tests, want those of the fixture", len(cases))
	}
	if c.Audit.Keep != 400*24*time.Hour {
		t.Errorf("got %s of audit, want 400 days", c.Audit.Keep)
	}
	if o, ok := c.Operator("alice"); !ok || o.User != "U0000ALICE" || o.Groups[0] != "sre" {
		t.Errorf("got operator %+v, want alice", o)
	}
}
