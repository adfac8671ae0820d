package launch

import (
	"context"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// slow is AWS, which does not show at once what was made a moment ago.
type slow struct {
	Fleet
	proofs, groups int // how often it says so
}

func (s *slow) ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error {
	if s.proofs--; s.proofs >= 0 {
		return &fleet.Error{Kind: fleet.Absent, Call: "ec2:RunInstances", Message: "There is no such version."}
	}
	return s.Fleet.ProveLaunch(ctx, ref, subnet)
}

func (s *slow) CreateGroup(ctx context.Context, o fleet.GroupOrder) error {
	if s.groups--; s.groups >= 0 {
		return &fleet.Error{Kind: fleet.Rejected, Call: "autoscaling:CreateAutoScalingGroup", Message: "There is no such version."}
	}
	return s.Fleet.CreateGroup(ctx, o)
}

// TestWaitingIsNoAttempt: what was just made and is not to be seen yet is waited for, in plain words.
func TestWaitingIsNoAttempt(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"})
	w.fleet = &slow{Fleet: w.client, proofs: 3, groups: 3}
	told := map[string]int{}
	w.people = func() {
		if w.rec.Trouble != "" {
			t.Errorf("at %s: got trouble %q", w.rec.At, w.rec.Trouble)
		}
		if strings.Contains(w.drawn(), "Waiting until AWS shows version 3 of shared-lt.") {
			told[w.rec.At]++
		}
	}
	w.finish(ledger.Succeeded)
	if told[stepProve] != 3 || told[stepGroup] != 3 || len(told) != 2 {
		t.Errorf("got it told %v, want three times at each", told)
	}
	w.wantStands("web 2/2 of 4 v3, shared-lt v3, 0 images")
}
