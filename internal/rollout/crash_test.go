package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// brittle is a Fleet whose n-th call goes wrong: the worker dies before or after its effect, or its reply
// is lost.
type brittle struct {
	Fleet
	calls  int
	names  []string
	at     int
	before func() error
	after  func() error
}

func (b *brittle) around(name string, call func() error) error {
	b.calls++
	b.names = append(b.names, name)
	hit := b.calls == b.at
	if hit && b.before != nil {
		if err := b.before(); err != nil {
			return err
		}
	}
	err := call()
	if hit && b.after != nil {
		return b.after()
	}
	return err
}

func die() error { panic(death{}) }

var errLost = &fleet.Error{Kind: fleet.Other, Call: "any", Err: errors.New("connection reset")}

func lose() error { return errLost }

func (b *brittle) Group(ctx context.Context, n fleet.GroupName) (v fleet.Group, err error) {
	err = b.around("Group", func() (e error) { v, e = b.Fleet.Group(ctx, n); return })
	return
}

func (b *brittle) Refreshes(ctx context.Context, n fleet.GroupName) (v []fleet.Refresh, err error) {
	err = b.around("Refreshes", func() (e error) { v, e = b.Fleet.Refreshes(ctx, n); return })
	return
}

func (b *brittle) TemplateVersion(ctx context.Context, r fleet.TemplateRef) (v fleet.TemplateVersion, err error) {
	err = b.around("TemplateVersion", func() (e error) { v, e = b.Fleet.TemplateVersion(ctx, r); return })
	return
}

func (b *brittle) TemplateVersionsAfter(ctx context.Context, id fleet.TemplateID, n int64) (v []fleet.TemplateVersion, err error) {
	err = b.around("TemplateVersionsAfter", func() (e error) { v, e = b.Fleet.TemplateVersionsAfter(ctx, id, n); return })
	return
}

func (b *brittle) CreateTemplateVersion(ctx context.Context, o fleet.NewVersion) (v fleet.TemplateVersion, w []string, err error) {
	err = b.around("CreateTemplateVersion", func() (e error) { v, w, e = b.Fleet.CreateTemplateVersion(ctx, o); return })
	return
}

func (b *brittle) SetDefaultVersion(ctx context.Context, id fleet.TemplateID, n int64, token string) error {
	return b.around("SetDefaultVersion", func() error { return b.Fleet.SetDefaultVersion(ctx, id, n, token) })
}

func (b *brittle) ProveLaunch(ctx context.Context, r fleet.TemplateRef, s string) error {
	return b.around("ProveLaunch", func() error { return b.Fleet.ProveLaunch(ctx, r, s) })
}

func (b *brittle) StartRefresh(ctx context.Context, o fleet.RefreshOrder) (v fleet.RefreshID, err error) {
	err = b.around("StartRefresh", func() (e error) { v, e = b.Fleet.StartRefresh(ctx, o); return })
	return
}

func (b *brittle) CancelRefresh(ctx context.Context, n fleet.GroupName) error {
	return b.around("CancelRefresh", func() error { return b.Fleet.CancelRefresh(ctx, n) })
}

func (b *brittle) RollbackRefresh(ctx context.Context, n fleet.GroupName) (v fleet.RefreshID, err error) {
	err = b.around("RollbackRefresh", func() (e error) { v, e = b.Fleet.RollbackRefresh(ctx, n); return })
	return
}

func (b *brittle) Suspend(ctx context.Context, n fleet.GroupName, p ...string) error {
	return b.around("Suspend", func() error { return b.Fleet.Suspend(ctx, n, p...) })
}

func (b *brittle) Resume(ctx context.Context, n fleet.GroupName, p ...string) error {
	return b.around("Resume", func() error { return b.Fleet.Resume(ctx, n, p...) })
}

func (b *brittle) Activities(ctx context.Context, n fleet.GroupName, since time.Time) (v []fleet.Activity, err error) {
	err = b.around("Activities", func() (e error) { v, e = b.Fleet.Activities(ctx, n, since); return })
	return
}

// story is a rollout with everything people do to it, and what must be true at its end whatever went wrong.
type story struct {
	name     string
	want     Want
	play     func(*world) // what people do; it may be called before any turn
	state    ledger.State
	runs     string
	statuses []string
	versions int64
	poll     time.Duration // a minute if zero
}

func stories() []story {
	onceAt := func(step string, names ...string) func(*world) {
		return func(w *world) {
			i := 0
			w.people = func() {
				if i < len(names) && w.rec.At == step && len(w.signal) == 0 {
					w.ask(names[i], sre)
					i++
				}
			}
		}
	}
	return []story{
		{name: "whole", want: Want{Image: "ami-0002", SetDefault: true}, state: ledger.Succeeded,
			runs: "[v2 ami-0002:2]", statuses: []string{"Successful"}, versions: 2},
		{name: "canary", want: Want{Image: "ami-0002", Canary: 50}, play: onceAt(stepAsk, "continue"), state: ledger.Succeeded,
			runs: "[v2 ami-0002:2]", statuses: []string{"Cancelled", "Successful"}, versions: 2},
		{name: "canary rolled back", want: Want{Image: "ami-0002", Canary: 50}, play: onceAt(stepAsk, "rollback"), state: ledger.Undone,
			runs: "[v1 ami-0001:2]", statuses: []string{"RollbackSuccessful"}, versions: 2},
		{name: "paused and cancelled", want: Want{Image: "ami-0002", Canary: 50}, state: ledger.Cancelled, play: func(w *world) {
			paused := false
			w.people = func() {
				switch {
				case w.rec.At == stepFollow && !paused && w.data().Stopping == "":
					w.ask("pause", sre)
					paused = true
				case w.rec.At == stepPaused && len(w.signal) == 0:
					w.ask("cancel", sre)
				}
			}
		}, statuses: []string{"Cancelled"}, versions: 2}, // how far it came depends on when it was paused
		{name: "rest rolled back", want: Want{Image: "ami-0002", Canary: 50}, state: ledger.Undone, play: func(w *world) {
			w.people = func() {
				d := w.data()
				switch {
				case len(w.signal) > 0:
				case w.rec.At == stepAsk:
					w.ask("continue", sre)
				case w.rec.At == stepFollow && d.Phase == Rest && d.Stopping == "" && d.Progress.Status == "InProgress":
					w.ask("rollback", sre)
				}
			}
		}, runs: "[v1 ami-0001:2]", statuses: []string{"Cancelled", "RollbackSuccessful", "Successful"}, versions: 2},
		{name: "narrow, then widened", want: Want{Image: "ami-0002"}, state: ledger.Succeeded, play: func(w *world) {
			w.narrow()
			w.people = func() {
				switch {
				case len(w.signal) > 0:
				case w.rec.At == stepAsk && w.rec.Narrowed && w.now.Before(w.data().Asked.Add(2*time.Minute)):
					w.ask("continue", sre) // which the gate refuses
				case w.rec.At == stepAsk && w.rec.Narrowed:
					w.widen()
				}
			}
		}, runs: "[v2 ami-0002:2]", statuses: []string{"Cancelled", "Successful"}, versions: 2},
		{name: "narrow, no answer", want: Want{Image: "ami-0002"}, state: ledger.Undone, play: (*world).narrow,
			runs: "[v1 ami-0001:2]", statuses: []string{"RollbackSuccessful"}, versions: 2, poll: 20 * time.Minute},
		{name: "widened before anybody was asked", want: Want{Image: "ami-0002"}, state: ledger.Succeeded, play: func(w *world) {
			w.narrow()
			w.people = func() {
				if w.rec.At == stepFollow && w.rec.Narrowed {
					w.widen()
				}
			}
		}, runs: "[v2 ami-0002:2]", statuses: []string{"Cancelled", "Successful"}, versions: 2},
	}
}

// begin makes the story's world, its fleet breaking at the n-th call.
func (s story) begin(t *testing.T, b brittle) (*world, *brittle) {
	w := newWorld(t, 2)
	w.propose(s.want)
	if s.play != nil {
		s.play(w)
	}
	w.poll = cmp.Or(s.poll, time.Minute)
	b.Fleet = w.fleet
	w.fleet = &b
	return w, &b
}

// check asserts what must hold at the end.
func (s story) check(w *world) {
	w.t.Helper()
	w.finish(s.state)
	if s.runs != "" {
		w.wantRuns(s.runs)
	}
	w.wantStatuses(s.statuses...)
	w.wantVersions(s.versions)
	w.wantSuspended()
	if w.least < 2 {
		w.t.Errorf("got %d in service at the least, want 2", w.least)
	}
}

// TestACrashRepeatsAtMostOneStep kills the worker after every call, and before every write, and
// loses the reply of every single write, in every story: some of them in a run, all with CRASH_EVERY=1. Each effect
// happens once.
func TestACrashRepeatsAtMostOneStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w, b := s.begin(t, brittle{})
			s.check(w)
			all := mishaps(b.names)
			for _, n := range crashtest.Sample(t, len(all), 4) {
				m := all[n-1]
				t.Run(fmt.Sprintf("%s call %d %s", m.how, m.at, b.names[m.at-1]), func(t *testing.T) {
					w, _ := s.begin(t, m.brittle)
					s.check(w)
				})
			}
		})
	}
}

// mishap is one thing that can go wrong with one call.
type mishap struct {
	how string
	brittle
}

// mishaps are all that are worth trying, in the order of the calls.
func mishaps(names []string) (all []mishap) {
	for _, n := range interesting(names) {
		all = append(all, mishap{"dies after", brittle{at: n, after: die}})
		if writes(names[n-1]) { // a read has no effect that could be doubled or lost
			all = append(all, mishap{"dies before", brittle{at: n, before: die}}, mishap{"loses the reply of", brittle{at: n, after: lose}})
		}
	}
	return all
}

// interesting are the calls to break: every write, and every read next to a change of what is read. Looks
// that follow the same look are left out.
func interesting(names []string) []int {
	var points []int
	for i, n := range names {
		if i >= 6 && slices.Equal(names[i-6:i-3], names[i-3:i]) && n == names[i-3] {
			continue
		}
		points = append(points, i+1)
	}
	return points
}

func writes(call string) bool {
	switch call {
	case "Group", "Refreshes", "TemplateVersion", "Activities":
		return false
	}
	return true
}

// TestALostCheckpointRepeatsTheStep loses the outcome of every single turn.
func TestALostCheckpointRepeatsTheStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w, _ := s.begin(t, brittle{})
			s.check(w)
			for _, n := range crashtest.Sample(t, w.turns, 4) {
				t.Run(fmt.Sprintf("turn %d", n), func(t *testing.T) {
					w, _ := s.begin(t, brittle{})
					w.onTurn = func(turn int) bool { return turn == n }
					s.check(w)
				})
			}
		})
	}
}

// TestWithoutLookingFirstEffectsDouble is the control: with a token that changes at each attempt and no
// look at the latest version, the same crash makes a second version, and the check sees it.
func TestWithoutLookingFirstEffectsDouble(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	b := &brittle{Fleet: &forgetful{Fleet: w.fleet}, after: die}
	w.fleet = b
	w.until("making the version", w.at(stepVersion))
	b.at = b.calls + 2 // the look, then the write
	w.until("started", w.at(stepFollow))
	got, err := w.fleet.Template(t.Context(), fleet.TemplateRef{ID: "lt-0001"})
	if err != nil || got.Latest != 3 {
		t.Errorf("got %d versions, %v; want the control to make 3", got.Latest, err)
	}
}

// TestAVersionWhoseMakerDiedIsFoundBehindOthers: it was made, nobody wrote that down, and somebody has made another since.
// It is used, or named where it is not wanted any more.
func TestAVersionWhoseMakerDiedIsFoundBehindOthers(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		w := newWorld(t, 2)
		w.propose(Want{Image: "ami-0002"})
		w.until("about to make the version", w.at(stepVersion))
		w.onTurn = func(int) bool { return true }
		w.turn() // made, and not written down
		w.onTurn = nil
		theirs := fleet.NewVersion{Template: "lt-0001", Source: 1, Image: "ami-0001", Token: "theirs", Description: "theirs"}
		if _, _, err := w.fleet.CreateTemplateVersion(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		if !cancelled {
			w.fleet = afresh{w.fleet}
			w.finish(ledger.Succeeded)
			w.wantRuns("[v2 ami-0002:2]")
		} else {
			w.ask("cancel", sre)
			w.finish(ledger.Cancelled)
			w.wantOutcome("Cancelled before any instance was replaced by {user:USRE}.", "version 2 of web-lt stays unused")
		}
		w.wantVersions(3)
	}
}

// afresh is AWS after it has forgotten the tokens of before.
type afresh struct{ Fleet }

func (f afresh) CreateTemplateVersion(ctx context.Context, o fleet.NewVersion) (fleet.TemplateVersion, []string, error) {
	o.Token += "-afresh"
	return f.Fleet.CreateTemplateVersion(ctx, o)
}

// forgetful uses another token each time and finds no description.
type forgetful struct {
	Fleet
	n int
}

func (f *forgetful) TemplateVersionsAfter(context.Context, fleet.TemplateID, int64) ([]fleet.TemplateVersion, error) {
	return nil, nil
}

func (f *forgetful) CreateTemplateVersion(ctx context.Context, o fleet.NewVersion) (fleet.TemplateVersion, []string, error) {
	f.n++
	o.Token += fmt.Sprint(f.n)
	return f.Fleet.CreateTemplateVersion(ctx, o)
}

// TestLostRepliesOnTheWire closes the connection after each kind of write.
func TestLostRepliesOnTheWire(t *testing.T) {
	for _, action := range []string{"CreateLaunchTemplateVersion", "StartInstanceRefresh", "ModifyLaunchTemplate"} {
		t.Run(action, func(t *testing.T) {
			w := newWorld(t, 2)
			w.propose(Want{Image: "ami-0002", SetDefault: true})
			w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLostReply, Action: action, Times: 1})
			w.finish(ledger.Succeeded)
			w.wantVersions(2)
			w.wantStatuses("Successful")
		})
	}
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	w := newWorld(t, 2)
	w.propose(Want{Image: "ami-0002"})
	b := &brittle{Fleet: w.fleet, before: func() error {
		return &fleet.Error{Kind: fleet.Throttled, Call: "any", Code: "Throttling", Message: "Rate exceeded"}
	}}
	w.fleet = b
	w.onTurn = func(int) bool { b.at = b.calls + 1 + w.turns%4; return false } // something is throttled in most turns
	w.finish(ledger.Succeeded)
	w.wantVersions(2)
	w.wantStatuses("Successful")
}

// TestWhatWasApprovedIsWhatRuns: a material change since the approval stops it before any write.
func TestWhatWasApprovedIsWhatRuns(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world)
		says   string
		row    string
	}{
		{"image deregistered", func(w *world) { w.ec2("Action=DeregisterImage&ImageId=ami-0002") }, "Image ami-0002", "In the way: nothing → Image ami-0002"},
		{"another refresh", func(w *world) {
			if _, err := w.fleet.StartRefresh(context.Background(), fleet.RefreshOrder{Group: "web",
				Template: fleet.TemplateRef{ID: "lt-0001", Version: "1"}, MinHealthy: 90, MaxHealthy: 120}); err != nil {
				w.t.Fatal(err)
			}
		}, "Another instance refresh", "In the way: nothing → Another instance refresh"},
		{"the group moved on", func(w *world) {
			w.ec2("Action=CreateLaunchTemplateVersion&LaunchTemplateId=lt-0001&SourceVersion=1&LaunchTemplateData.InstanceType=t3.small")
			w.raw("Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&LaunchTemplate.LaunchTemplateId=lt-0001&LaunchTemplate.Version=2")
		}, "web changed since it was approved. The group launches version 2 (ami-0001) now, not version 1 (ami-0001). Ask again with `/asg rollout web --image ami-0002`. Nothing was changed.",
			"Launches: version 1 (ami-0001) → version 2 (ami-0001)"},
		{"launching suspended", func(w *world) {
			w.raw("Action=SuspendProcesses&Version=2011-01-01&AutoScalingGroupName=web&ScalingProcesses.member.1=Launch")
		}, "A process is suspended on web: Launch", "In the way: nothing → A process is suspended"},
		{"the group is gone", func(w *world) {
			w.raw("Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&ForceDelete=true")
			w.pass(time.Hour)
		}, "There is no group web", "Group: web → does not exist any more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 3)
			w.propose(Want{Image: "ami-0002"})
			tt.change(w)
			w.sim.ResetCalls()
			w.finish(ledger.Void)
			w.wantOutcome(tt.says)
			if got := w.card(); len(w.data().Changes) == 0 || !strings.Contains(got, "Approved → now") || !strings.Contains(got, tt.row) {
				t.Errorf("got %+v and\n%s\nwant %q", w.data().Changes, got, tt.row)
			}
			if !strings.HasSuffix(w.rec.Outcome, " Nothing was changed.") {
				t.Errorf("got outcome %q, want it to end by saying that nothing was changed", w.rec.Outcome)
			}
			for call, n := range w.sim.Counts() {
				if !strings.Contains(call, ":Describe") {
					t.Errorf("%s was called %d times", call, n)
				}
			}
		})
	}
}

// TestAGoalThatIsReachedAlreadyIsNoFailure: somebody else rolled the group while people voted.
func TestAGoalThatIsReachedAlreadyIsNoFailure(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	approved := w.rec
	w.finish(ledger.Succeeded)
	w.rec = approved
	w.finish(ledger.Cancelled)
	if want := "web runs ami-0002 already; nothing was changed."; w.rec.Outcome != want {
		t.Errorf("got outcome %q, want %q", w.rec.Outcome, want)
	}
	w.wantStatuses("Successful")
	w.wantVersions(2)
	if _, ok := Previous(w.rec); ok {
		t.Error("what did nothing is offered to be rolled back")
	}
}

// TestAGroupThatOnlyLaunchesTheGoalChanged: its instances do not run it yet.
func TestAGroupThatOnlyLaunchesTheGoalChanged(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.ec2("Action=CreateLaunchTemplateVersion&LaunchTemplateId=lt-0001&SourceVersion=1&LaunchTemplateData.ImageId=ami-0002")
	w.raw("Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=web&LaunchTemplate.LaunchTemplateId=lt-0001&LaunchTemplate.Version=2")
	w.finish(ledger.Void)
	w.wantOutcome("web changed since it was approved. The group launches version 2 (ami-0002) now, not version 1 (ami-0001). Ask again")
	w.wantStatuses()
}

// TestAVersionDeletedAfterApproval: it says that nothing was changed.
func TestAVersionDeletedAfterApproval(t *testing.T) {
	w := newWorld(t, 3)
	w.ec2("Action=CreateLaunchTemplateVersion&LaunchTemplateId=lt-0001&SourceVersion=1&LaunchTemplateData.ImageId=ami-0002")
	w.propose(Want{Version: 2})
	w.ec2("Action=DeleteLaunchTemplateVersions&LaunchTemplateId=lt-0001&LaunchTemplateVersion.1=2")
	w.finish(ledger.Void)
	w.wantOutcome("Template web-lt has no version 2.", " Nothing was changed.")
	w.wantStatuses()
}

// TestAnotherPlanThanTheApprovedDoesNotRun: the plan is compared with the digest that people voted on.
func TestAnotherPlanThanTheApprovedDoesNotRun(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.rec.Payload = []byte(strings.Replace(string(w.rec.Payload), `"min_healthy":90`, `"min_healthy":0`, 1))
	w.finish(ledger.Failed)
	w.wantStatuses()
	w.wantOutcome("not the one that was approved")
}

// TestALaunchThatIsRefusedStopsBeforeTheFleetIsTouched: EC2 is asked before Auto Scaling.
func TestALaunchThatIsRefusedStopsBeforeTheFleetIsTouched(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.sim.Deny("ec2:RunInstances")
	w.finish(ledger.Failed)
	w.wantStatuses()
	w.wantOutcome("would not launch", "No instance was touched", "version 2 of web-lt stays unused")
}

func TestARefusedStartIsTold(t *testing.T) {
	w := newWorld(t, 3)
	w.propose(Want{Image: "ami-0002"})
	w.sim.Deny("autoscaling:StartInstanceRefresh")
	w.finish(ledger.Failed)
	w.wantStatuses()
	w.wantOutcome("AWS refused to start the refresh")
}

// ec2 sends an EC2 request that the bot itself never makes.
func (w *world) ec2(body string) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://aws.local/", strings.NewReader(body+"&Version=2016-11-15"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20261123/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", body, rec.Code, rec.Body)
	}
}
