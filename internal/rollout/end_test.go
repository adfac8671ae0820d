package rollout

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// hasty ends a roll back at once, and calls it successful, with the fleet as it is.
type hasty struct{ Fleet }

func (h *hasty) Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error) {
	list, err := h.Fleet.Refreshes(ctx, group)
	for i, f := range list {
		switch {
		case f.Status == "RollbackInProgress":
			if err := h.CancelRefresh(ctx, group); err != nil {
				return nil, err
			}
		case f.Status == "Cancelled" && !f.RollbackStarted.IsZero():
			list[i].Status = "RollbackSuccessful"
		}
	}
	return list, err
}

// TestAWayBackThatAWSLeavesHalfDoneIsFinished: RollbackSuccessful is not believed while the fleet is mixed.
func TestAWayBackThatAWSLeavesHalfDoneIsFinished(t *testing.T) {
	w := newWorld(t, 6)
	w.aws.AddAlarm("5xx", "OK")
	w.propose(Want{Image: "ami-0002", Alarms: []string{"5xx"}})
	w.fleet = &hasty{w.fleet}
	w.until("under way", w.replaced(3))
	w.sim.SetAlarm("5xx", "ALARM")
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantStatuses("Cancelled", "Successful")
	w.wantLine("What is left on version 2 goes back to version 1.")
	w.wantOutcome("AWS rolled back to version 1. AWS says: The CloudWatch alarm 5xx went into the ALARM state. 6 instances run version 1.")
	if _, ok := Previous(w.rec); ok {
		t.Error("what was rolled back whole is offered to be rolled back")
	}
}

// TestAWayBackThatCannotBeFinishedIsSaid: AWS refuses the refresh that would bring back the rest.
func TestAWayBackThatCannotBeFinishedIsSaid(t *testing.T) {
	w := newWorld(t, 6)
	w.aws.AddAlarm("5xx", "OK")
	w.propose(Want{Image: "ami-0002", Alarms: []string{"5xx"}})
	w.fleet = &hasty{w.fleet}
	w.until("under way", w.replaced(3))
	w.sim.SetAlarm("5xx", "ALARM")
	w.sim.Deny("autoscaling:StartInstanceRefresh")
	w.finish(ledger.Failed)
	w.wantOutcome("AWS rolled back to version 1.", "That could not be finished. AWS refused to start the refresh", "The fleet is mixed")
	if _, ok := Previous(w.rec); !ok {
		t.Error("a mixed fleet is not offered to be rolled back")
	}
}

// TestAnInstanceThatIsLeftAloneKeepsTheWayBackOpen: a new instance was protected from scale in meanwhile,
// which no refresh touches.
func TestAnInstanceThatIsLeftAloneKeepsTheWayBackOpen(t *testing.T) {
	w := newWorld(t, 4)
	w.aws.AddAlarm("5xx", "OK")
	w.propose(Want{Image: "ami-0002", Alarms: []string{"5xx"}})
	w.until("under way", w.replaced(2))
	g, _ := w.aws.Group("web")
	for _, i := range g.Instances {
		if i.Version == "2" && i.Lifecycle == "InService" {
			w.raw("Action=SetInstanceProtection&Version=2011-01-01&AutoScalingGroupName=web&ProtectedFromScaleIn=true&InstanceIds.member.1=" + i.ID)
			break
		}
	}
	w.sim.SetAlarm("5xx", "ALARM")
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:3 v2 ami-0002:1]")
	w.wantOutcome("3 instances run version 1, 1 instance runs version 2. The fleet is still mixed: `/asg rollback web` takes back the rest.")
	if got := w.card(); !strings.Contains(got, "After: 3 instances run version 1, 1 instance runs version 2\n") || !strings.Contains(got, "Roll back…") {
		t.Errorf("got %s", got)
	}
}

func TestGroupDeletedMeanwhile(t *testing.T) {
	w := newWorld(t, 4)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(1))
	w.ask("pause", dev)
	w.until("paused", w.at(stepPaused))
	w.raw("Action=CancelInstanceRefresh&Version=2011-01-01&AutoScalingGroupName=web")
	w.raw("Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&ForceDelete=true")
	w.pass(time.Hour)
	w.finish(ledger.Failed)
	w.wantOutcome("The group web was deleted meanwhile")
	if got := w.card(); !strings.Contains(got, "After: the group does not exist any more\n") || strings.Contains(got, "Roll back") || strings.Contains(got, "Replaced") {
		t.Errorf("got %s", got)
	}
}

// TestGroupDeletedAtAnyStep: it is told and over, rather than tried again.
func TestGroupDeletedAtAnyStep(t *testing.T) {
	for _, step := range []string{stepProve, stepStart, stepVerify} {
		w := newWorld(t, 2)
		w.propose(Want{Image: "ami-0002"})
		w.until("there", w.at(step))
		w.raw("Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&ForceDelete=true")
		w.pass(time.Hour)
		w.finish(ledger.Failed)
		w.wantOutcome("The group web was deleted meanwhile.")
		if strings.Contains(w.rec.Outcome, "any more") {
			t.Errorf("got outcome %q, which says it twice", w.rec.Outcome)
		}
		if got := w.card(); strings.Contains(got, "Roll back") || !strings.Contains(got, "After: the group does not exist any more\n") {
			t.Errorf("at %s: got %s", step, got)
		}
	}
}

// TestAnEndCardAgreesWithItself: instances that were warming when it was cancelled count as replaced, since
// they stay.
func TestAnEndCardAgreesWithItself(t *testing.T) {
	w := newWorld(t, 8)
	w.propose(Want{Image: "ami-0002", MinHealthy: ptr(50), MaxHealthy: ptr(100)})
	w.until("warming", func() bool { return w.data().Progress.Warming > 1 })
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	n := 0
	g, _ := w.aws.Group("web")
	for _, i := range g.Instances {
		if i.Version == "2" {
			n++
		}
	}
	if got := w.card(); n == 0 || !strings.Contains(got, fmt.Sprintf("Replaced: %d of 8\n", n)) ||
		!strings.Contains(got, fmt.Sprintf("%d instances run version 2\n", n)) || !strings.Contains(got, "Roll back…") {
		t.Errorf("got %s\nwant %d replaced", got, n)
	}
}

// TestNothingReplacedIsNotRolledBack: no instance runs the new version, and the group does not launch it.
func TestNothingReplacedIsNotRolledBack(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.until("started", w.at(stepFollow))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	w.wantRuns("[v1 ami-0001:3]")
	if got := w.card(); !strings.Contains(got, "Replaced: 0 of 3\n") || strings.Contains(got, "Roll back") {
		t.Errorf("got %s", got)
	}
}

// TestAGroupThatFollowsTheNewVersionIsRolledBack: no instance runs it, and the next one would.
func TestAGroupThatFollowsTheNewVersionIsRolledBack(t *testing.T) {
	w := newWorld(t, 3, func(g *awssim.Group) { g.Version = "$Latest" })
	w.propose(Want{Image: "ami-0002"})
	w.until("started", w.at(stepFollow))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	w.wantRuns("[v1 ami-0001:3]")
	if want, ok := Previous(w.rec); !ok || want.Version != 1 {
		t.Errorf("got %+v %v, want a roll back to version 1", want, ok)
	}
}

// TestPrevious: what can be rolled back once it is over.
func TestPrevious(t *testing.T) {
	w := newWorld(t, 4)
	w.propose(Want{Image: "ami-0002"})
	if _, ok := Previous(w.rec); ok {
		t.Error("a running operation is offered to be rolled back")
	}
	w.until("under way", w.replaced(1))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	want, ok := Previous(w.rec)
	if !ok || want.Version != 1 || !want.Back {
		t.Fatalf("got %+v %v, want a roll back to version 1", want, ok)
	}
	w.propose(want)
	w.until("under way", w.at(stepFollow))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	if again, ok := Previous(w.rec); !ok || again.Version != 1 {
		t.Errorf("got %+v %v, want the roll back to be tried again", again, ok)
	}
	w.propose(want)
	w.finish(ledger.Succeeded)
	w.wantRuns("[v1 ami-0001:4]")
	if _, ok := Previous(ledger.Record{Proposal: ledger.Proposal{Kind: "bake"}, State: ledger.Succeeded}); ok {
		t.Error("another kind of operation is offered to be rolled back")
	}
}

// TestTheWayBackIsProvenBeforeAndAgainAfterwards: the plan says whether what the group runs now could be launched
// again, and the way back is planned from what is there then.
func TestTheWayBackIsProvenBeforeAndAgainAfterwards(t *testing.T) {
	w := newWorld(t, 2)
	p := w.propose(Want{Image: "ami-0002"})
	if got := plain(card.Picture{Sections: p.Sections()}); !strings.Contains(got, "rolls to version 1 again (checked: its image is there)") {
		t.Errorf("got %s", got)
	}
	w.finish(ledger.Succeeded)
	back, ok := Previous(w.rec)
	if !ok {
		t.Fatal("it is not offered to be rolled back")
	}
	for _, tt := range []struct{ change, says string }{
		{"Action=DisableImage&ImageId=ami-0001", "There is no way back to version 1: its image ami-0001 is disabled."},
		{"Action=DeregisterImage&ImageId=ami-0001", "There is no way back to version 1: its image ami-0001 does not exist any more."},
		{"Action=DeleteLaunchTemplateVersions&LaunchTemplateId=lt-0001&LaunchTemplateVersion.1=1", "There is no way back: version 1 of template web-lt does not exist any more."},
	} {
		if strings.Contains(tt.change, "Versions") {
			w.ec2("Action=ModifyLaunchTemplate&LaunchTemplateId=lt-0001&SetDefaultVersion=2")
		}
		w.ec2(tt.change)
		w.pass(10 * time.Minute)
		facts, err := Gather(t.Context(), w.fleet, "prod", "web", back)
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(facts, back)
		said := fmt.Sprint(err)
		if err == nil && len(p.Stops()) > 0 {
			said = p.Stops()[0].Text
		}
		if !strings.HasPrefix(said, tt.says) {
			t.Errorf("got %q, want %q", said, tt.says)
		}
	}
}

// TestAPlanWithoutAWayBackSaysSo before anybody agrees to it.
func TestAPlanWithoutAWayBackSaysSo(t *testing.T) {
	w := newWorld(t, 2)
	w.ec2("Action=DisableImage&ImageId=ami-0001")
	p := w.propose(Want{Image: "ami-0002"})
	got := plain(card.Picture{Sections: p.Sections()})
	for _, part := range []string{"afterwards, there is no way back: image ami-0001 is disabled", "warn: The present image ami-0001 is disabled, so there is no way back to it."} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s, want %q", got, part)
		}
	}
	if !p.Blast().Irreversible || !strings.Contains(p.Impact(), "cannot be rolled back while it runs") {
		t.Errorf("got %+v, %q", p.Blast(), p.Impact())
	}
}
