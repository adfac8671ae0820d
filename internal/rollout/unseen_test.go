package rollout

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
	proofs, starts int // how often it says so
}

func (s *slow) ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error {
	if s.proofs--; s.proofs >= 0 {
		return &fleet.Error{Kind: fleet.Absent, Call: "ec2:RunInstances", Message: "There is no version 2."}
	}
	return s.Fleet.ProveLaunch(ctx, ref, subnet)
}

func (s *slow) StartRefresh(ctx context.Context, o fleet.RefreshOrder) (fleet.RefreshID, error) {
	if s.starts--; s.starts >= 0 {
		return "", &fleet.Error{Kind: fleet.Rejected, Call: "autoscaling:StartInstanceRefresh", Message: "There is no version 2."}
	}
	return s.Fleet.StartRefresh(ctx, o)
}

// TestWaitingIsNoAttempt: what was just made and is not to be seen yet is waited for, in plain words.
func TestWaitingIsNoAttempt(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	w.fleet = &slow{Fleet: w.fleet, proofs: 3, starts: 3}
	told := map[string]int{}
	w.people = func() {
		if w.rec.Trouble != "" {
			t.Errorf("at %s: got trouble %q", w.rec.At, w.rec.Trouble)
		}
		if strings.Contains(w.card(), "Waiting until AWS shows version 2 of web-lt.") {
			told[w.rec.At]++
		}
	}
	w.finish(ledger.Succeeded)
	if told[stepProve] != 3 || told[stepStart] != 3 || len(told) != 2 {
		t.Errorf("got it told %v, want three times at each", told)
	}
	w.wantVersions(2)
}

// TestWhatIsNeverShownEndsIt, with AWS's words.
func TestWhatIsNeverShownEndsIt(t *testing.T) {
	for _, s := range []slow{{proofs: 99}, {starts: 99}} {
		w := newWorld(t, 2)
		w.propose(Want{Image: "ami-0002"})
		s.Fleet = w.fleet
		w.fleet = &s
		w.finish(ledger.Failed)
		w.wantOutcome("There is no version 2.", "No instance was touched; version 2 of web-lt stays unused.")
		if w.now.Sub(noon).Minutes() > 3 {
			t.Errorf("it took until %s", w.now)
		}
	}
}
