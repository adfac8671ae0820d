package awssim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func (l *lab) rollBack() error {
	_, err := l.scaling.RollbackInstanceRefresh(l.ctx, &autoscaling.RollbackInstanceRefreshInput{AutoScalingGroupName: aws.String("web")})
	return err
}

func (l *lab) cancel(wait bool) error {
	_, err := l.scaling.CancelInstanceRefresh(l.ctx, &autoscaling.CancelInstanceRefreshInput{
		AutoScalingGroupName: aws.String("web"), WaitForTransitioningInstances: aws.Bool(wait),
	})
	return err
}

func TestRollbackReturnsToTheSavedVersion(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), &types.RefreshPreferences{MinHealthyPercentage: aws.Int32(80)})
	l.clock.push(4 * time.Minute)
	l.is(types.InstanceRefreshStatusInProgress, 40)
	if err := l.rollBack(); err != nil {
		t.Fatal(err)
	}
	r := l.is(types.InstanceRefreshStatusRollbackInProgress, 0)
	if d := r.RollbackDetails; aws.ToInt32(d.PercentageCompleteOnRollback) != 40 || aws.ToInt32(d.InstancesToUpdateOnRollback) != 6 {
		t.Errorf("got rollback details %d%% and %d to update, want 40%% and 6",
			aws.ToInt32(d.PercentageCompleteOnRollback), aws.ToInt32(d.InstancesToUpdateOnRollback))
	}
	wantCode(t, l.rollBack(), "IrreversibleInstanceRefresh")
	l.clock.push(time.Hour)
	after := l.is(types.InstanceRefreshStatusRollbackSuccessful, 100)
	if aws.ToString(after.InstanceRefreshId) != aws.ToString(r.InstanceRefreshId) {
		t.Error("the rollback has another id than the refresh")
	}
	l.wantImages(10, 0)
	if got := aws.ToString(l.group().LaunchTemplate.Version); got != "1" {
		t.Errorf("the group launches version %s, want 1", got)
	}
}

func TestRollbackNeedsSomethingToReturnTo(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	wantCode(t, l.rollBack(), "ActiveInstanceRefreshNotFound")
	l.start(nil, nil)
	wantCode(t, l.rollBack(), "IrreversibleInstanceRefresh")
	l.clock.push(time.Hour)

	update := func(version string) {
		must[*autoscaling.UpdateAutoScalingGroupOutput](l)(l.scaling.UpdateAutoScalingGroup(l.ctx,
			&autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), LaunchTemplate: to(version).LaunchTemplate}))
	}
	update("$Latest")
	l.start(to("2"), nil)
	wantCode(t, l.rollBack(), "IrreversibleInstanceRefresh")
	l.clock.push(time.Hour)

	l.fleet.SetParameter("/golden", oldImage)
	l.fleet.AddTemplate(awssim.Template{Name: "golden", Versions: []awssim.TemplateVersion{{Image: "resolve:ssm:/golden"}}})
	must[*autoscaling.UpdateAutoScalingGroupOutput](l)(l.scaling.UpdateAutoScalingGroup(l.ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"),
		LaunchTemplate:       &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("golden"), Version: aws.String("1")},
	}))
	wantCode(t, l.tryStart(to("2"), &types.RefreshPreferences{AutoRollback: aws.Bool(true)}), "ValidationError")
	l.start(to("2"), nil)
	l.clock.push(time.Minute)
	wantCode(t, l.rollBack(), "IrreversibleInstanceRefresh")
}

// What matched before the refresh began was not deployed by it, and stays.
func TestRollbackLeavesWhatWasSkipped(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	update := func(version string) {
		must[*autoscaling.UpdateAutoScalingGroupOutput](l)(l.scaling.UpdateAutoScalingGroup(l.ctx,
			&autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), LaunchTemplate: to(version).LaunchTemplate}))
	}
	update("2")
	l.desire(5)
	l.clock.push(5 * time.Minute)
	update("1")
	l.wantImages(4, 1)
	l.start(to("2"), &types.RefreshPreferences{SkipMatching: aws.Bool(true), MinHealthyPercentage: aws.Int32(60)})
	l.clock.push(2 * time.Minute)
	l.is(types.InstanceRefreshStatusInProgress, 60)
	if err := l.rollBack(); err != nil {
		t.Fatal(err)
	}
	if r := l.is(types.InstanceRefreshStatusRollbackInProgress, 0); aws.ToInt32(r.InstancesToUpdate) < 2 {
		t.Errorf("got %d instances to roll back", aws.ToInt32(r.InstancesToUpdate))
	}
	l.clock.push(time.Hour)
	l.is(types.InstanceRefreshStatusRollbackSuccessful, 100)
	l.wantImages(4, 1)
}

func TestAlarmRollsBack(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	l.fleet.AddAlarm("5xx", "OK")
	l.start(to("2"), &types.RefreshPreferences{
		AutoRollback: aws.Bool(true), AlarmSpecification: &types.AlarmSpecification{Alarms: []string{"5xx"}},
		MinHealthyPercentage: aws.Int32(50),
	})
	l.clock.push(2 * time.Minute)
	l.is(types.InstanceRefreshStatusInProgress, 50)
	if !l.cloud.SetAlarm("5xx", "ALARM") {
		t.Fatal("there is no alarm 5xx")
	}
	r := l.is(types.InstanceRefreshStatusRollbackInProgress, 0)
	if !strings.Contains(aws.ToString(r.RollbackDetails.RollbackReason), "5xx") {
		t.Errorf("got rollback reason %q, want the alarm's name in it", aws.ToString(r.RollbackDetails.RollbackReason))
	}
	l.clock.push(time.Hour)
	l.is(types.InstanceRefreshStatusRollbackSuccessful, 100)
	l.wantImages(4, 0)
}

func TestAlarmFailsARefreshThatMayNotRollBack(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	l.fleet.AddAlarm("5xx", "OK")
	l.start(to("2"), &types.RefreshPreferences{
		BakeTime: aws.Int32(3600), AlarmSpecification: &types.AlarmSpecification{Alarms: []string{"5xx"}},
	})
	l.clock.push(20 * time.Minute)
	l.is(types.InstanceRefreshStatusBaking, 100)
	l.cloud.SetAlarm("5xx", "ALARM")
	if r := l.is(types.InstanceRefreshStatusFailed, 100); !strings.Contains(aws.ToString(r.StatusReason), "5xx") {
		t.Errorf("got reason %q, want the alarm's name in it", aws.ToString(r.StatusReason))
	}
	l.wantImages(0, 4)
}

func TestCancelLeavesAMixedFleet(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), nil)
	l.clock.push(2 * time.Minute)
	l.is(types.InstanceRefreshStatusInProgress, 10)
	if err := l.cancel(true); err != nil {
		t.Fatal(err)
	}
	l.is(types.InstanceRefreshStatusCancelling, 10)
	wantCode(t, l.cancel(true), "ActiveInstanceRefreshNotFound")
	l.clock.push(5 * time.Minute)
	l.is(types.InstanceRefreshStatusCancelled, 10)
	l.wantImages(8, 2)
	if got := aws.ToString(l.group().LaunchTemplate.Version); got != "1" {
		t.Errorf("the group launches version %s, want 1", got)
	}

	l.start(to("2"), nil)
	l.clock.push(time.Minute)
	if err := l.cancel(false); err != nil {
		t.Fatal(err)
	}
	l.is(types.InstanceRefreshStatusCancelled, 0)
}

func (l *lab) processes(suspend bool, names ...string) {
	l.Helper()
	var err error
	if suspend {
		_, err = l.scaling.SuspendProcesses(l.ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names})
	} else {
		_, err = l.scaling.ResumeProcesses(l.ctx, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names})
	}
	if err != nil {
		l.Fatal(err)
	}
}

func TestSuspendingPausesARefresh(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), nil)
	l.clock.push(2 * time.Minute)
	l.processes(true, "InstanceRefresh")
	if got := l.group().SuspendedProcesses; len(got) != 1 || !strings.HasPrefix(aws.ToString(got[0].SuspensionReason), "User suspended at") {
		t.Errorf("got suspended processes %+v", got)
	}
	l.clock.push(24 * time.Hour)
	l.is(types.InstanceRefreshStatusInProgress, 10)
	l.processes(false, "InstanceRefresh")
	l.clock.push(time.Hour)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
}

func TestStandbyAndProtectedInstances(t *testing.T) {
	standby := func(l *lab, id string) {
		must[*autoscaling.EnterStandbyOutput](l)(l.scaling.EnterStandby(l.ctx, &autoscaling.EnterStandbyInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id}, ShouldDecrementDesiredCapacity: aws.Bool(true),
		}))
	}
	protect := func(l *lab, id string) {
		must[*autoscaling.SetInstanceProtectionOutput](l)(l.scaling.SetInstanceProtection(l.ctx, &autoscaling.SetInstanceProtectionInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id}, ProtectedFromScaleIn: aws.Bool(true),
		}))
	}
	for name, test := range map[string]struct {
		hold       func(*lab, string)
		p          types.RefreshPreferences
		status     types.InstanceRefreshStatus
		old, young int
	}{
		"standby waits":       {standby, types.RefreshPreferences{}, "Failed", 1, 3},
		"standby is ignored":  {standby, types.RefreshPreferences{StandbyInstances: "Ignore"}, "Successful", 1, 3},
		"standby terminates":  {standby, types.RefreshPreferences{StandbyInstances: "Terminate"}, "Successful", 0, 3},
		"protected waits":     {protect, types.RefreshPreferences{}, "Failed", 1, 3},
		"protected ignored":   {protect, types.RefreshPreferences{ScaleInProtectedInstances: "Ignore"}, "Successful", 1, 3},
		"protected refreshed": {protect, types.RefreshPreferences{ScaleInProtectedInstances: "Refresh"}, "Successful", 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(4)
			test.hold(l, aws.ToString(l.group().Instances[0].InstanceId))
			l.start(to("2"), &test.p)
			l.clock.push(30 * time.Minute)
			if test.status == "Failed" && l.refresh().Status != types.InstanceRefreshStatusInProgress {
				t.Fatalf("after half an hour it is %s, want it to wait", l.refresh().Status)
			}
			l.clock.push(2 * time.Hour)
			if r := l.refresh(); r.Status != test.status {
				t.Fatalf("got %s (%s), want %s", r.Status, aws.ToString(r.StatusReason), test.status)
			}
			l.wantImages(test.old, test.young)
		})
	}
}

func TestABadImageFailsAfterAnHour(t *testing.T) {
	for _, how := range []awssim.Spoil{awssim.SpoiledUnhealthy, awssim.SpoiledFails} {
		t.Run(string(how), func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(4)
			l.cloud.SpoilImage(newImage, how)
			l.start(to("2"), nil)
			l.clock.push(50 * time.Minute)
			l.is(types.InstanceRefreshStatusInProgress, 0)
			l.clock.push(30 * time.Minute)
			l.is(types.InstanceRefreshStatusFailed, 0)
			l.clock.push(30 * time.Minute)
			l.wantImages(4, 0) // the group goes on with what is saved
		})
	}
}

func TestABadImageRollsBackByItself(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	l.cloud.SpoilImage(newImage, awssim.SpoiledFails)
	l.start(to("2"), &types.RefreshPreferences{AutoRollback: aws.Bool(true)})
	l.clock.push(3 * time.Hour)
	l.is(types.InstanceRefreshStatusRollbackSuccessful, 100)
	l.wantImages(4, 0)
}
