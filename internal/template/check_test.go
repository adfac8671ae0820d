package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestNamesBecomeIds(t *testing.T) {
	w := newWorld(t)
	id := w.aws.AddSecurityGroup(awssim.SecurityGroup{Name: "web"})
	got, err := Check(t.Context(), w.fleet, fleet.LaunchSpec{Image: "ami-0001", Type: "t3.micro", SecurityGroups: []string{"web"}}, fleet.LaunchSpec{}, w.now)
	if err != nil || len(got.Findings) > 0 || !slices.Equal(got.Spec.SecurityGroups, []string{id}) || got.VPC == "" || got.Subnet == "" {
		t.Errorf("got %+v, %v, want the group's id, and a subnet of its VPC", got, err)
	}
}

func TestWhatIsNotThereIsGuessed(t *testing.T) {
	w := newWorld(t)
	w.aws.AddSecurityGroup(awssim.SecurityGroup{Name: "web"})
	for want, spec := range map[string]fleet.LaunchSpec{
		"There is no security group wbe in this region. Did you mean `web`?":      {SecurityGroups: []string{"wbe"}},
		"There is no subnet subnet-0none in this region.":                         {Subnet: "subnet-0none"},
		"There is no instance type t3.micor in this region. Did you mean `t3.mic": {Type: "t3.micor"},
		"Image ami-0arm is for arm64, and t3.micro is x86_64.":                    {Image: "ami-0arm", Type: "t3.micro"},
	} {
		got, err := Check(t.Context(), w.fleet, spec, fleet.LaunchSpec{}, w.now)
		if err != nil || len(got.Findings) == 0 || !got.Findings[0].Stop || !strings.Contains(got.Findings[0].Text+" "+got.Findings[0].Hint, want) {
			t.Errorf("got %+v, %v, want %q", got.Findings, err, want)
		}
	}
}

func TestDoubtsAboutUserData(t *testing.T) {
	for text, want := range map[string]string{
		"echo hello\n": "neither", "#!/bin/sh\r\necho\r\n": "CRLF", "#!/bin/sh\nPASSWORD=tr0ub4dor\n": "looks like a secret",
		"#!/bin/sh\necho\n": "", "#cloud-config\nruncmd: []\n": "", "\x1f\x8b\x08": "", "": "",
	} {
		var words []string
		for _, f := range CheckUserData(text) {
			words = append(words, f.Text)
		}
		if got := strings.Join(words, " "); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestTheCardFollowsTheOperation: what it offers, from the plan to the end.
func TestTheCardFollowsTheOperation(t *testing.T) {
	w := newWorld(t)
	w.propose(updating())
	offers := func() string {
		var labels []string
		for _, b := range (Painter{}).Paint(w.rec).Buttons {
			labels = append(labels, b.Label)
		}
		return strings.Join(labels, ", ")
	}
	if got := offers(); got != "Cancel" {
		t.Errorf("got %s while it runs, want to cancel", got)
	}
	w.until(stepProve)
	steps := Painter{}.Paint(w.rec).Sections[0].Steps
	if len(steps) != 3 || steps[1].State != card.Done || steps[2].State != card.Doing {
		t.Errorf("got %+v, want the proof under way", steps)
	}
	w.finish(ledger.Succeeded)
	if got := offers(); got != "Show, Make it the default, Diff" {
		t.Errorf("got %s at the end, want the next steps", got)
	}
}
