package bake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestWhatWasApprovedIsWhatRuns: a material change since the approval stops it before any write.
func TestWhatWasApprovedIsWhatRuns(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world)
		says   string
		row    string
	}{
		{"the instance is gone", func(w *world) { w.ec2("Action=TerminateInstances&InstanceId.1=" + string(w.db)); w.pass(3 * time.Hour) },
			string("i-"), "Instance: "},
		{"it was stopped", func(w *world) { w.ec2("Action=StopInstances&InstanceId.1=" + string(w.db)); w.pass(time.Hour) },
			"State was running and is stopped.", "State: running → stopped"},
		{"the name was taken", func(w *world) { w.ec2("Action=CreateImage&NoReboot=true&Name=mine&InstanceId=" + string(w.member)) },
			"Give another one with `--name`. Nothing was changed.", "In the way: nothing → The name mine is taken"},
		{"it has another volume", func(w *world) {
			_, rest, _ := strings.Cut(w.ec2("Action=CreateVolume&Size=50&AvailabilityZone=eu-west-1a&ClientToken=x"), "<volumeId>")
			vol, _, _ := strings.Cut(rest, "<")
			w.pass(time.Minute)
			w.ec2("Action=AttachVolume&Device=/dev/sdf&InstanceId=" + string(w.db) + "&VolumeId=" + vol)
		}, "Captures was", "Captures: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.propose(Want{Instance: string(w.db), Name: "mine"})
			tt.change(w)
			w.sim.ResetCalls()
			w.rec.Command = "/ami bake db-1 --name mine"
			w.finish(ledger.Void)
			w.wantOutcome(tt.says)
			if got := w.picture(); !strings.Contains(got, "Approved → now") || !strings.Contains(got, tt.row) {
				t.Errorf("got\n%s\nwant %q", got, tt.row)
			}
			if strings.Contains(w.rec.Outcome, "Ask again with") && strings.HasPrefix(tt.row, "In the way") {
				t.Errorf("got %q: the same would be refused again", w.rec.Outcome)
			}
			if !strings.HasSuffix(w.rec.Outcome, " Nothing was changed.") {
				t.Errorf("got outcome %q, want it to end by saying that nothing was changed", w.rec.Outcome)
			}
			for call, n := range w.sim.Counts() {
				if !strings.Contains(call, ":Describe") && !strings.Contains(call, ":GetCallerIdentity") {
					t.Errorf("%s was called %d times", call, n)
				}
			}
		})
	}
}

// TestAnotherPlanThanTheApprovedDoesNotRun: the plan is compared with the digest that people voted on.
func TestAnotherPlanThanTheApprovedDoesNotRun(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: "db-1"})
	w.rec.Payload = []byte(strings.Replace(string(w.rec.Payload), `"way":"reboot"`, `"way":"no-reboot"`, 1))
	w.finish(ledger.Failed)
	w.wantOutcome("not the one that was approved", "Nothing was changed.")
}

func TestAFailedImageTellsWhy(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: Standby, Name: "mine", Family: "web"})
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultImageFailed, Code: "Client.InvalidKmsKey", Message: "The KMS key may not be used."})
	w.finish(ledger.Failed)
	w.wantOutcome("AWS could not make ami-", "AWS says: The KMS key may not be used.", "--standby", "exists (failed), with 1 snapshot: snap-", "`/ami retire ami-")
	w.wantOrder()
	if _, made := Made(w.rec.Data); made {
		t.Error("a failed image counts as made")
	}
}

// TestSlowIsNotFailed: after an hour it is told once, and a day is waited for.
func TestSlowIsNotFailed(t *testing.T) {
	w := newWorld(t)
	w.poll = 5 * time.Minute
	w.propose(Want{Instance: string(w.member), Way: Twin})
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultImageStuck})
	w.until("slow", func() bool { return w.data().Slow })
	if got := w.picture(); !strings.Contains(got, ": slow, not failed") || !strings.Contains(got, "longer than expected") {
		t.Errorf("got\n%s", got)
	}
	w.finish(ledger.Failed)
	if n := strings.Count(strings.Join(w.lines, "\n"), "takes long"); n != 1 {
		t.Errorf("got told %d times that it is slow, want once", n)
	}
	if took := w.now.Sub(noon); took < patience {
		t.Errorf("gave up after %s", took)
	}
	w.wantOutcome("is still pending after", "exists (pending)")
	w.wantOrder()
}

// TestABakeIsMadeWithoutAManifestToo: whatever is wrong with the machine, the image is made and the reason is told.
func TestABakeIsMadeWithoutAManifestToo(t *testing.T) {
	tests := []struct {
		name   string
		before func(*world)
		after  func(*world)
		part   baseline.Part
		why    string
	}{
		{name: "Systems Manager is not allowed", before: func(w *world) { w.sim.Deny("ssm:DescribeInstanceInformation") }, part: baseline.Packages, why: "AWS does not let me ask Systems Manager"},
		{name: "commands are not allowed", after: func(w *world) { w.sim.Deny("ssm:SendCommand") }, part: baseline.Files, why: "AWS would not run a script there"},
		{name: "answers are not allowed", after: func(w *world) { w.sim.Deny("ssm:GetCommandInvocation") }, part: baseline.Services, why: "AWS does not let me read the answer"},
		{name: "rules are not allowed", after: func(w *world) { w.sim.Deny("ec2:DescribeSecurityGroupRules") }, part: baseline.Rules, why: "AWS does not let me read them"},
		{name: "the script fails", before: func(w *world) {
			w.aws.OnScript(func(awssim.Script) awssim.Output { return awssim.Output{Exit: 2, Stderr: "sh: out of memory\nmore"} })
		}, part: baseline.Packages, why: "the script ended as Failed: sh: out of memory"},
		{name: "it prints too much", before: func(w *world) {
			w.aws.OnScript(func(awssim.Script) awssim.Output {
				return awssim.Output{Stdout: "amiral-baseline 1 packages 30000\n" + strings.Repeat("A", 30000) + "\nend\n"}
			})
		}, part: baseline.Packages, why: "the answer has 30000 characters, and AWS lets 24000 through"},
		{name: "it answers too late", before: func(w *world) {
			w.aws.OnScript(func(awssim.Script) awssim.Output { return awssim.Output{Took: 4 * time.Hour} })
		}, part: baseline.Services, why: "the script ended as "},
		{name: "it is stopped", before: func(w *world) { w.ec2("Action=StopInstances&InstanceId.1=" + string(w.db)); w.pass(time.Hour) }, part: baseline.Firewall, why: "is stopped"},
		{name: "no files are configured", before: func(w *world) { w.files = nil }, part: baseline.Files, why: "no files are named in the configuration"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			w.propose(Want{Instance: string(w.db)})
			if tt.after != nil {
				w.until("checked", w.at(stepManifest))
				tt.after(w)
			}
			w.finish(ledger.Succeeded)
			m := w.manifest("prod", w.data().Image)
			if why := m.Missing[tt.part]; !strings.HasPrefix(why, "no manifest, because ") || !strings.Contains(why, tt.why) {
				t.Errorf("got %q of the %s, want it with %q", why, tt.part, tt.why)
			}
			w.wantLine("no manifest, because")
			if images := w.images("eu-west-1"); len(images) != 1 || images[0].Tags[baseline.DigestTag] != m.Digest() {
				t.Errorf("got %+v, want one image with the digest of what there is", images)
			}
		})
	}
}

// TestATakenNameIsRefused: in the plan, and when somebody takes it just before.
func TestATakenNameIsRefused(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.db), Name: "mine"})
	w.until("asked", w.at(stepImage))
	w.ec2("Action=CreateImage&NoReboot=true&Name=mine&InstanceId=" + string(w.member))
	w.finish(ledger.Failed)
	w.wantOutcome("The name mine was taken meanwhile by ami-", "No image exists of it")
	if got := w.images("eu-west-1"); len(got) != 1 || got[0].Tags["amiral:operation"] != "" {
		t.Errorf("got %+v, want the other's image untouched", got)
	}
	p, err := w.plan(Want{Instance: string(w.db), Name: "mine"})
	if stops := p.Brief().Stops(); err != nil || len(stops) != 1 || !strings.Contains(stops[0].Text, "The name mine is taken by ami-") {
		t.Errorf("got %+v, %v", stops, err)
	}
}

// TestRefusals: what AWS refuses ends it, with everything in order.
func TestRefusals(t *testing.T) {
	for action, way := range map[string]Way{"ec2:CreateImage": Standby, "autoscaling:EnterStandby": Standby, "ec2:RunInstances": Twin} {
		t.Run(action, func(t *testing.T) {
			w := newWorld(t)
			w.propose(Want{Instance: string(w.member), Way: way})
			w.sim.Deny(action)
			w.finish(ledger.Failed)
			w.wantOutcome("AWS refused to", "No image exists of it")
			w.wantOrder()
		})
	}
}

// TestWhatCannotBePutInOrderIsTold: nothing that is left behind is hidden.
func TestWhatCannotBePutInOrderIsTold(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: Standby})
	w.until("standing by", w.at(stepManifest))
	w.sim.Deny("autoscaling:ExitStandby")
	w.finish(ledger.Succeeded)
	w.wantOutcome(string(w.member)+" stays in standby in web, because AWS refused", "`/asg standby exit "+string(w.member)+"`")

	w = newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: Twin})
	w.until("the image", w.at(stepFollow))
	w.sim.Deny("ec2:TerminateInstances")
	w.finish(ledger.Succeeded)
	w.wantOutcome("The twin " + string(w.data().Twin) + " still runs")

	w = newWorld(t)
	w.propose(Want{Instance: string(w.db)})
	w.until("the image", w.at(stepFollow))
	w.sim.Deny("ec2:DeregisterImage")
	w.ask("cancel", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome(string(w.data().Image)+" exists (pending), with 2 snapshots", "could not be deregistered")
}

func TestACopyThatFailsIsTold(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: "db-1", CopyTo: []Place{{Environment: "prod", Region: "eu-central-1", Account: "123456789012"}}})
	w.sim.Deny("ec2:CopyImage")
	w.finish(ledger.Failed)
	w.wantOutcome("is made from db-1", "Not all that was asked for came of it", "there is no copy in prod, eu-central-1", "exists (available)")
	if _, made := Made(w.rec.Data); !made {
		t.Error("the image does not count as made")
	}
}

func TestNamesOfInstances(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if _, err := w.aws.AddInstance(awssim.Instance{Name: "twins", Image: "ami-0001"}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"twins":       "2 instances in prod are named twins: i-",
		"db":          "There is no instance named db in prod. There are: db-1 (" + string(w.db) + ").",
		"nobody":      "There is no instance named nobody in prod. Name it by its id",
		"i-0badbad00": "There is no instance i-0badbad00 in prod.",
	} {
		_, err := Gather(context.Background(), w.fleet, "prod", Want{Instance: name})
		if _, told := fault.As(err); !told || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestAnInstanceOfAGroupIsNeverRebootedUnderIt: the plan stops, and offers the ways as commands.
func TestAnInstanceOfAGroupIsNeverRebootedUnderIt(t *testing.T) {
	w := newWorld(t)
	for _, way := range []Way{Any, Reboot} {
		p, err := w.plan(Want{Instance: string(w.member), Way: way, Family: "web"})
		if err != nil {
			t.Fatal(err)
		}
		stops := p.Brief().Stops()
		if len(stops) != 1 || !strings.Contains(stops[0].Text, "serves in the group web") || !p.Chooses() {
			t.Errorf("got %+v", stops)
		}
		for _, other := range []string{"--no-reboot", "--standby", "--twin"} {
			if want := fmt.Sprintf("`/ami bake %s --family web %s --in prod`", w.member, other); !strings.Contains(stops[0].Hint, want) {
				t.Errorf("got %q, want %s", stops[0].Hint, want)
			}
		}
	}
	w.scaling("Action=EnterStandby&AutoScalingGroupName=web&ShouldDecrementDesiredCapacity=true&InstanceIds.member.1=" + string(w.member))
	w.pass(5 * time.Minute)
	if p, err := w.plan(Want{Instance: string(w.member)}); err != nil || len(p.Brief().Stops()) > 0 || p.Way != Reboot {
		t.Errorf("got %+v, %v, want one that stands by already to be rebooted", p.Brief().Stops(), err)
	}
}

func TestAGroupAtItsMinimumCannotStandBy(t *testing.T) {
	w := newWorld(t)
	w.scaling("Action=UpdateAutoScalingGroup&AutoScalingGroupName=web&MinSize=3")
	p, err := w.plan(Want{Instance: string(w.member), Way: Standby})
	if stops := p.Brief().Stops(); err != nil || len(stops) != 1 || !strings.Contains(stops[0].Hint, "`/asg scale web 3 --min 2`") {
		t.Errorf("got %+v, %v", stops, err)
	}
}

func TestThePlanSurvivesStorage(t *testing.T) {
	w := newWorld(t)
	p := w.propose(Want{Instance: "db-1", ExcludeData: true})
	stored, _, err := decode(w.rec)
	if err != nil || stored.Digest() != p.Digest() || len(stored.Disks) != 1 || len(stored.Left) != 1 {
		t.Errorf("got %+v, %v", stored, err)
	}
	w.now = w.now.Add(5 * time.Minute)
	later, err := w.plan(Want{Instance: string(w.db), ExcludeData: true})
	if err != nil || later.Digest() != p.Digest() || later.Name == p.Name {
		t.Errorf("got another digest for the same wish five minutes later: %v", err)
	}
	w.finish(ledger.Succeeded)
	if i := w.images("eu-west-1")[0]; len(i.Disks) != 1 {
		t.Errorf("got %+v, want the root alone", i.Disks)
	}
}

func TestWishesThatMakeNoSense(t *testing.T) {
	f := Facts{Account: "111111111111", Region: "eu-west-1", Environment: "prod", Now: noon, Instance: fleet.Instance{ID: "i-1", State: "running"}}
	for want, w := range map[string]Want{
		"No instance":                       {},
		"has 3 to 128 characters":           {Instance: "i-1", Name: "ab"},
		"cannot be the name of an image":    {Instance: "i-1", Name: "web:1"},
		"cannot be the name of a family":    {Instance: "i-1", Family: "-x"},
		"AWS takes 255":                     {Instance: "i-1", Note: strings.Repeat("x", 256)},
		"does not take 'é'":                 {Instance: "i-1", Note: "café"},
		"is not the name of a region":       {Instance: "i-1", CopyTo: []Place{{Region: "moon"}}},
		"twice":                             {Instance: "i-1", CopyTo: []Place{{Region: "eu-central-1"}, {Region: "eu-central-1"}}},
		"made in eu-west-1 already":         {Instance: "i-1", CopyTo: []Place{{Region: "eu-west-1"}}},
		"is not the id of an account":       {Instance: "i-1", Share: []string{"12"}},
		"belongs to account 111111111111":   {Instance: "i-1", Share: []string{"111111111111"}},
		"cannot be made in the way \"odd\"": {Instance: "i-1", Way: "odd"},
	} {
		if _, err := New(f, w); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", w, err, want)
		}
	}
}

func TestNamesOfImages(t *testing.T) {
	for want, in := range map[string]struct {
		w Want
		i fleet.Instance
	}{
		"web-2026.11.23-1200":                         {Want{Family: "web"}, fleet.Instance{ID: "i-1", Name: "db-1"}},
		"db-1-2026.11.23-1200":                        {Want{}, fleet.Instance{ID: "i-1", Name: "db-1"}},
		"caf- 1-2026.11.23-1200":                      {Want{}, fleet.Instance{ID: "i-1", Name: "café 1"}},
		"i-1-2026.11.23-1200":                         {Want{}, fleet.Instance{ID: "i-1", Name: "éé"}},
		strings.Repeat("x", 112) + "-2026.11.23-1200": {Want{}, fleet.Instance{ID: "i-1", Name: strings.Repeat("x", 200)}},
	} {
		if got := in.w.named(Facts{Instance: in.i, Now: noon}); got != want || !nameForm.MatchString(got) || len(got) > longestName {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Several images of one server can be made in one minute: a name that nobody asked for is never in the way.
func TestANameThatNobodyAskedForIsTheNextThatIsFree(t *testing.T) {
	w := newWorld(t)
	facts, err := Gather(t.Context(), w.fleet, "prod", Want{Instance: "db-1"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a minute may end meanwhile
		w.ec2("Action=CreateImage&InstanceId=" + string(facts.Instance.ID) + "&Name=" + Want{}.named(facts))
		facts.Now = facts.Now.Add(time.Minute)
	}
	facts, err = Gather(t.Context(), w.fleet, "prod", Want{Instance: "db-1"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(facts, Want{Instance: "db-1"})
	if err != nil || !strings.HasSuffix(p.Name, "-2") || len(p.Brief().Stops()) > 0 {
		t.Errorf("got %s, %v and %v, want a second name", p.Name, p.Brief().Stops(), err)
	}
}

// TestAGroupIsLockedWhileOneOfItsInstancesStandsBy: a rollout waits meanwhile, and the instance waits for a rollout.
func TestAGroupIsLockedWhileOneOfItsInstancesStandsBy(t *testing.T) {
	w := newWorld(t)
	w.locks = locks{w.group(): "op-roll"}
	w.propose(Want{Instance: string(w.member), Way: Standby})
	w.until("behind", w.at(stepStandby))
	for range 3 {
		w.turn()
	}
	w.wantLine("op-roll works on web: " + string(w.member) + " stays in service until that is over.")
	if n := strings.Count(strings.Join(w.lines, "\n"), "stays in service"); n != 1 || w.rec.At != stepStandby {
		t.Errorf("got it told %d times, at %s, want once and no step", n, w.rec.At)
	}
	w.locks = nil
	w.until("out", w.at(stepFollow))
	if w.locks[w.group()] != w.rec.ID {
		t.Errorf("got %v, want the group locked", w.locks)
	}
	w.finish(ledger.Succeeded)
}

// mute is a Fleet that launches a twin and loses the answer, and refuses every later attempt.
type mute struct {
	Fleet
	launched bool
}

func (f *mute) Launch(ctx context.Context, o fleet.LaunchOrder) (fleet.InstanceID, error) {
	if f.launched {
		return "", &fleet.Error{Kind: fleet.Refused, Code: "UnauthorizedOperation", Message: "You may not"}
	}
	f.launched = true
	if _, err := f.Fleet.Launch(ctx, o); err != nil {
		return "", err
	}
	return "", &fleet.Error{Kind: fleet.Other, Call: "ec2:RunInstances", Err: errors.New("connection reset")}
}

// TestATwinWhoseLaunchNobodyAnsweredIsFound, and terminated.
func TestATwinWhoseLaunchNobodyAnsweredIsFound(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: Twin})
	w.fleet = &mute{Fleet: w.fleet}
	w.finish(ledger.Failed)
	if w.data().Twin == "" {
		t.Fatal("got no twin, want the one that was launched")
	}
	if i, err := w.fleet.Instance(t.Context(), w.data().Twin); err == nil && i.State != "terminated" && i.State != "shutting-down" {
		t.Errorf("got it %s, want it to end", i.State)
	}
}
