package rollout

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestRollToAnImage(t *testing.T) {
	w := newWorld(t, 6)
	p := w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:6]")
	w.wantStatuses("Successful")
	w.wantVersions(2)
	w.wantOutcome("web runs ami-0002 (version 2) on all 6 instances")
	w.wantLine("Made version 2 of web-lt with ami-0002.")
	w.wantLine("Started: 6 instances to version 2")
	if w.least < p.Pace.Floor {
		t.Errorf("got %d in service at the least, the plan said %d", w.least, p.Pace.Floor)
	}
	if g, _ := w.aws.Group("web"); g.Template.Version != "2" {
		t.Errorf("got the group at version %s, want 2", g.Template.Version)
	}
	if took := w.rec.Ended.Sub(w.rec.Started); took < p.Pace.Expected/2 || took > p.Pace.Expected*2 {
		t.Errorf("took %s, the plan expected %s", took, p.Pace.Expected)
	}
}

func TestRollToAVersion(t *testing.T) {
	w := newWorld(t, 2)
	w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "api-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}, {Image: "ami-0002"}}})
	if err := w.aws.AddGroup(awssim.Group{Name: "api", Template: "api-lt", Max: 4, Desired: 2}); err != nil {
		t.Fatal(err)
	}
	facts, err := Gather(t.Context(), w.fleet, "prod", "api", Want{Version: 2})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(facts, Want{Version: 2})
	if err != nil || p.Makes() || p.To.Image != "ami-0002" {
		t.Fatalf("got %+v, %v", p, err)
	}
}

func TestSetDefault(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002", SetDefault: true})
	w.finish(ledger.Succeeded)
	w.wantLine("Version 2 is the default of web-lt now.")
}

func TestOneInstanceNeverGoesDark(t *testing.T) {
	w := newWorld(t, 1)
	w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:1]")
	if w.least < 1 {
		t.Errorf("got %d in service at the least, want 1", w.least)
	}
}

func TestSmallGroupsKeepTheirFloor(t *testing.T) {
	for n := 1; n <= 6; n++ {
		w := newWorld(t, n)
		p := w.propose(Want{Image: "ami-0002"})
		w.finish(ledger.Succeeded)
		if w.least < p.Pace.Floor {
			t.Errorf("%d instances: got %d in service at the least, the plan said %d", n, w.least, p.Pace.Floor)
		}
	}
}

func TestPauseAndResume(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("pause", dev)
	w.until("paused", w.at(stepPaused))
	w.wantSuspended("InstanceRefresh")
	w.wantLine("Paused")
	w.pass(20 * time.Minute)
	before := w.runs()
	w.pass(2 * time.Hour)
	w.wantRuns(before)
	w.ask("resume", dev)
	w.finish(ledger.Succeeded)
	w.wantLine("Resumed.")
	w.wantRuns("[v2 ami-0002:6]")
	w.wantSuspended()
}

func TestPauseBeforeTheStart(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	w.ask("pause", dev)
	w.until("at the start", w.at(stepStart))
	for range 10 {
		w.turn()
	}
	w.wantStatuses()
	w.ask("resume", dev)
	w.finish(ledger.Succeeded)
}

func TestPauseFromOutsideIsTold(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	if err := w.fleet.Suspend(t.Context(), "web", "InstanceRefresh"); err != nil {
		t.Fatal(err)
	}
	w.until("paused", w.at(stepPaused))
	w.wantLine("Somebody paused it outside of amiral")
	if err := w.fleet.Resume(t.Context(), "web", "InstanceRefresh"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Succeeded)
	w.wantLine("Somebody resumed it outside of amiral")
}

func TestCancel(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	w.wantStatuses("Cancelled")
	w.wantOutcome("Cancelled by {user:UDEV}.", "The fleet is mixed", "/asg rollback web")
}

func TestCancelWhilePausedLeavesNothingSuspended(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("pause", dev)
	w.until("paused", w.at(stepPaused))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	w.wantSuspended()
}

func TestCancelBeforeTheStart(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	w.until("proving", w.at(stepProve))
	w.ask("cancel", dev)
	w.finish(ledger.Cancelled)
	w.wantStatuses()
	w.wantOutcome("Cancelled before any instance was replaced by {user:UDEV}", "version 2 of web-lt stays unused")
}

func TestRollBackWhilePaused(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("pause", dev)
	w.until("paused", w.at(stepPaused))
	w.ask("rollback", sre)
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantSuspended()
}

func TestRollBackAfterTheEnd(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Succeeded)
	want, ok := Previous(w.rec)
	if !ok || want.Version != 1 || !want.Back {
		t.Fatalf("got %+v %v, want a roll back to version 1", want, ok)
	}
	w.propose(want)
	w.finish(ledger.Succeeded)
	w.wantRuns("[v1 ami-0001:3]")
	w.wantVersions(2)
	w.wantStatuses("Successful", "Successful")
	if _, ok := Previous(w.rec); ok {
		t.Error("a roll back that succeeded is offered to be rolled back")
	}
}

func TestBadImageIsRolledBackByAWS(t *testing.T) {
	w := newWorld(t, 4)
	w.sim.SpoilImage("ami-0002", awssim.SpoiledFails)
	w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:4]")
	w.wantOutcome("AWS rolled back to version 1", "AWS says:")
	if len(w.data().Failures) == 0 {
		t.Error("no failure was told")
	}
	if w.least < 4 {
		t.Errorf("got %d in service at the least, want 4", w.least)
	}
}

// TestInstancesThatTurnIllCountAsFailed: they launched, and AWS took them out of service again.
func TestInstancesThatTurnIllCountAsFailed(t *testing.T) {
	w := newWorld(t, 4)
	w.sim.SpoilImage("ami-0002", awssim.SpoiledUnhealthy)
	w.propose(Want{Image: "ami-0002"})
	w.until("one failed", func() bool { return w.data().Progress.Failed > 0 })
	w.finish(ledger.Undone)
	list, err := w.fleet.Activities(t.Context(), "web", w.rec.Started)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, a := range list {
		if strings.HasPrefix(a.Description, "Terminating") && strings.Contains(a.Cause, "check") {
			want++
		}
	}
	if got := w.data().Progress.Failed; got != want || want == 0 {
		t.Errorf("got %d failed, AWS took %d ill instances out of service", got, want)
	}
}

// TestARollWithoutTroubleCountsNoFailure: neither old instances that go nor old ones that fall ill count.
func TestARollWithoutTroubleCountsNoFailure(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(1))
	g, _ := w.aws.Group("web")
	for _, i := range g.Instances {
		if i.Version == "1" && i.Lifecycle == "InService" {
			w.sim.Crash(i.ID, awssim.CrashStopped)
			break
		}
	}
	w.until("further", w.replaced(4))
	w.ask("rollback", dev)
	w.finish(ledger.Undone)
	if got := w.data().Progress.Failed; got != 0 {
		t.Errorf("got %d failed, want 0", got)
	}
}

func TestFailureWithoutAWayBack(t *testing.T) {
	w := newWorld(t, 4, func(g *awssim.Group) { g.Version = "$Default" })
	w.sim.SpoilImage("ami-0002", awssim.SpoiledFails)
	w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Failed)
	w.wantOutcome("The refresh failed. AWS says:")
}

func TestIrreversibleIsSaid(t *testing.T) {
	w := newWorld(t, 6, func(g *awssim.Group) { g.Version = "$Default" })
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("rollback", dev)
	w.until("told", func() bool { return w.data().Stubborn != "" })
	w.wantLine("AWS cannot roll it back")
	w.finish(ledger.Succeeded)
}

func TestAlarmRollsBack(t *testing.T) {
	w := newWorld(t, 6)
	w.aws.AddAlarm("5xx", "OK")
	w.propose(Want{Image: "ami-0002", Alarms: []string{"5xx"}})
	w.until("under way", w.replaced(2))
	w.sim.SetAlarm("5xx", "ALARM")
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
	w.wantLine("AWS rolls back to version 1")
	w.wantOutcome("5xx")
}

func TestCheckpointsAndBakingAreTold(t *testing.T) {
	w := newWorld(t, 4)
	w.propose(Want{Image: "ami-0002", Checkpoints: []int{50}, CheckpointDelay: ptr(10 * time.Minute), Bake: ptr(5 * time.Minute)})
	w.finish(ledger.Succeeded)
	w.wantLine("Checkpoint 50 %: 2 of 4 replaced. It goes on by itself after 10 min.")
	w.wantLine("AWS watches for another 5 min")
	if n := strings.Count(strings.Join(w.lines, "\n"), "Checkpoint"); n != 1 {
		t.Errorf("the checkpoint was told %d times", n)
	}
}

func TestCancelledOutside(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	if err := w.fleet.CancelRefresh(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Cancelled)
	w.wantOutcome("cancelled outside of amiral", "The fleet is mixed")
}

// TestAnEndWhilePausedLeavesNothingSuspended: whichever way it ends, our own suspension goes.
func TestAnEndWhilePausedLeavesNothingSuspended(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("pause", dev)
	w.until("paused", w.at(stepPaused))
	if err := w.fleet.CancelRefresh(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Cancelled)
	w.wantOutcome("cancelled outside of amiral")
	w.wantSuspended()
}

func TestRolledBackOutside(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	if _, err := w.fleet.RollbackRefresh(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Undone)
	w.wantRuns("[v1 ami-0001:6]")
}

func TestStandbyAndProtectedAreLeftAlone(t *testing.T) {
	w := newWorld(t, 5)
	g, _ := w.aws.Group("web")
	body := "Action=SetInstanceProtection&Version=2011-01-01&AutoScalingGroupName=web&ProtectedFromScaleIn=true&InstanceIds.member.1=" + g.Instances[0].ID
	w.raw(body)
	p := w.propose(Want{Image: "ami-0002"})
	if len(p.Left) != 1 || p.Touched() != 4 {
		t.Fatalf("got %d left, %d touched, want 1 and 4", len(p.Left), p.Touched())
	}
	w.finish(ledger.Succeeded)
	w.wantRuns("[v1 ami-0001:1 v2 ami-0002:4]")
	w.wantOutcome("1 was left alone, in standby or protected: " + g.Instances[0].ID)
}

func TestMixedGroup(t *testing.T) {
	w := newWorld(t, 4, func(g *awssim.Group) { g.Types = []string{"t3.micro", "t3.small"} })
	p := w.propose(Want{Image: "ami-0002"})
	if !p.Reversible || p.Mixed == nil {
		t.Errorf("got %+v", p)
	}
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:4]")
	if g, _ := w.aws.Group("web"); !g.Mixed {
		t.Error("the group lost its mixed instances policy")
	}
}

func TestEmptyGroup(t *testing.T) {
	w := newWorld(t, 0)
	w.propose(Want{Image: "ami-0002"})
	w.finish(ledger.Succeeded)
	w.wantOutcome("it has no instances")
	if g, _ := w.aws.Group("web"); g.Template.Version != "2" {
		t.Errorf("got the group at version %s, want 2", g.Template.Version)
	}
}

// TestWhatIsAskedMeanwhileIsNotLost: a press that comes while another is being done is done next.
func TestWhatIsAskedMeanwhileIsNotLost(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	w.until("under way", w.replaced(2))
	w.ask("pause", dev)
	w.until("pausing", w.at(stepPause))
	w.ask("cancel", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome("Cancelled by {user:USRE}.")
	w.wantSuspended()
}

func TestTooLateToRollBack(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	w.until("verifying", w.at(stepVerify))
	w.ask("rollback", dev)
	w.finish(ledger.Succeeded)
	w.wantLine("Too late for the rollback")
}

// TestNothingPeopleWroteBecomesAMention: a reason of AWS or a name cannot mention anybody.
func TestNothingPeopleWroteBecomesAMention(t *testing.T) {
	got := string(say.Phrase("%s said %s%s", "{user:U1}", fleet.GroupName("{group:S1}"), say.By(dev)))
	if want := "{ user:U1} said { group:S1} by {user:UDEV}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// stale tells of old images for the first looks at EC2, and for ever about one instance if asked.
type stale struct {
	Fleet
	looks   int
	forever bool
}

func (s *stale) Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error) {
	list, err := s.Fleet.Instances(ctx, ids...)
	if s.looks--; s.forever || s.looks >= 0 {
		list[0].Image = "ami-0001"
	}
	return list, err
}

// TestSuccessfulIsNotBelieved: every instance is looked at, more than once if need be.
func TestSuccessfulIsNotBelieved(t *testing.T) {
	for forever, state := range map[bool]ledger.State{false: ledger.Succeeded, true: ledger.Failed} {
		w := newWorld(t, 3)
		w.propose(Want{Image: "ami-0002"})
		w.until("verifying", w.at(stepVerify))
		w.fleet = &stale{Fleet: w.fleet, looks: 3, forever: forever}
		w.finish(state)
		if forever {
			w.wantOutcome("AWS calls the refresh successful, but 1 instance is not on version 2 with ami-0002: i-")
		}
	}
}
