package rollout

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// first is the id of the group's first instance.
func (w *world) first() string {
	g, _ := w.aws.Group("web")
	return g.Instances[0].ID
}

// TestAnInstanceReplacedByTheHealthCheckIsImmaterial: between approval and start the group replaces an
// instance that crashed; the approval stands and the rollout goes on.
func TestAnInstanceReplacedByTheHealthCheckIsImmaterial(t *testing.T) {
	w := newWorld(t, 6)
	w.propose(Want{Image: "ami-0002"})
	gone := w.first()
	w.sim.Crash(gone, awssim.CrashInstance)
	w.pass(30 * time.Minute)
	if w.first() == gone {
		t.Fatal("the group did not replace the instance")
	}
	w.finish(ledger.Succeeded)
	w.wantRuns("[v2 ami-0002:6]")
}

// ailing calls an instance unhealthy for as long as it is told to.
type ailing struct {
	Fleet
	until func() bool
}

func (a ailing) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := a.Fleet.Group(ctx, name)
	if err == nil && !a.until() {
		g.Instances[0].Health = "Unhealthy"
	}
	return g, err
}

// TestAGroupGetsTimeToGetWell: it is told once, and not for ever.
func TestAGroupGetsTimeToGetWell(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	well := w.now.Add(10 * time.Minute)
	w.fleet = ailing{w.fleet, func() bool { return !w.now.Before(well) }}
	w.until("waiting", func() bool { return len(w.lines) > 0 })
	w.wantLine("1 instance of 3 unhealthy now: ")
	w.wantLine("It waits up to 15 min for the group to replace what is ill.")
	w.until("going on", w.at(stepStart))
	if n := strings.Count(strings.Join(w.lines, "\n"), "It waits up to"); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
	w.finish(ledger.Succeeded)

	w = newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.fleet = ailing{w.fleet, func() bool { return false }}
	w.sim.ResetCalls()
	w.finish(ledger.Void)
	w.wantOutcome("1 instance of 3 unhealthy now", " Nothing was changed.")
	w.wantStatuses()
	w.wantVersions(1)
}

// TestWhatChangedIsKept: the differences are stored with the operation, and are all that its card needs.
func TestWhatChangedIsKept(t *testing.T) {
	w := newWorld(t, 4)
	w.aws.AddAlarm("cpu", "OK", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	w.propose(Want{Image: "ami-0002"})
	w.sim.SetAlarm("cpu", "ALARM")
	w.raw("Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web&DesiredCapacity=8")
	w.pass(10 * time.Minute)
	w.finish(ledger.Void)
	var data struct {
		Changes []struct{ What, Approved, Now string }
	}
	if err := json.Unmarshal(w.rec.Data, &data); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(data.Changes)
	want := `[{"What":"Replaces","Approved":"4 instances","Now":"8 instances"},{"What":"Open alarms","Approved":"none","Now":"cpu"}]`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.wantOutcome("web changed since it was approved. It would replace 8 instances, not 4. 1 alarm is open that was not: cpu. Ask again with `/asg rollout web --image ami-0002`. Nothing was changed.")
	golden(t, "picture_void", w.card())
}

// TestAlarmsThatWereOpenAlreadyAreNoNews: people saw them, and a roll back may be the cure for one.
func TestAlarmsThatWereOpenAlreadyAreNoNews(t *testing.T) {
	w := newWorld(t, 2)
	w.aws.AddAlarm("cpu", "ALARM", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	if p := w.propose(Want{Image: "ami-0002"}); p.Impact() != "2 instances (100 %), full capacity meanwhile, can be rolled back, 1 alarm open" {
		t.Errorf("got %q", p.Impact())
	}
	w.finish(ledger.Succeeded)
	w.aws.AddAlarm("5xx", "OK", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	w.propose(Want{Version: 1, Back: true})
	w.sim.SetAlarm("5xx", "ALARM")
	w.finish(ledger.Succeeded)
	w.wantRuns("[v1 ami-0001:2]")
}
