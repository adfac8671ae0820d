package awssim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const (
	oldImage = "ami-00000000000000001"
	newImage = "ami-00000000000000002"
)

// to is the desired configuration of a version of the template web.
func to(version string) *types.DesiredConfiguration {
	return &types.DesiredConfiguration{LaunchTemplate: &types.LaunchTemplateSpecification{
		LaunchTemplateName: aws.String("web"), Version: aws.String(version),
	}}
}

func (l *lab) tryStart(desired *types.DesiredConfiguration, p *types.RefreshPreferences) error {
	_, err := l.scaling.StartInstanceRefresh(l.ctx, &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String("web"), DesiredConfiguration: desired, Preferences: p,
	})
	return err
}

func (l *lab) start(desired *types.DesiredConfiguration, p *types.RefreshPreferences) {
	l.Helper()
	if err := l.tryStart(desired, p); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) refresh() types.InstanceRefresh {
	l.Helper()
	out := must[*autoscaling.DescribeInstanceRefreshesOutput](l)(l.scaling.DescribeInstanceRefreshes(l.ctx,
		&autoscaling.DescribeInstanceRefreshesInput{AutoScalingGroupName: aws.String("web")}))
	return out.InstanceRefreshes[0]
}

// is checks status and percentage of the refresh.
func (l *lab) is(status types.InstanceRefreshStatus, percent int32) types.InstanceRefresh {
	l.Helper()
	r := l.refresh()
	if r.Status != status || aws.ToInt32(r.PercentageComplete) != percent {
		l.Fatalf("at %s the refresh is %s %d%% (%s), want %s %d%%", l.clock.Now().Format(time.TimeOnly), r.Status,
			aws.ToInt32(r.PercentageComplete), aws.ToString(r.StatusReason), status, percent)
	}
	return r
}

func (l *lab) group() types.AutoScalingGroup {
	l.Helper()
	out := must[*autoscaling.DescribeAutoScalingGroupsOutput](l)(l.scaling.DescribeAutoScalingGroups(l.ctx,
		&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"web"}}))
	return out.AutoScalingGroups[0]
}

// members counts the group's instances by lifecycle state.
func (l *lab) members() map[types.LifecycleState]int {
	l.Helper()
	count := map[types.LifecycleState]int{}
	for _, i := range l.group().Instances {
		count[i.LifecycleState]++
	}
	return count
}

func (l *lab) wantImages(old, young int) {
	l.Helper()
	if got := l.images(); got[oldImage] != old || got[newImage] != young {
		l.Fatalf("got %d instances of the old image and %d of the new, want %d and %d", got[oldImage], got[newImage], old, young)
	}
}

// wantCode checks the code AWS gives for an error.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	var failure smithy.APIError
	if !errors.As(err, &failure) || failure.ErrorCode() != code {
		t.Fatalf("got error %v, want the code %s", err, code)
	}
}

func percents(least, most int32) *types.RefreshPreferences {
	return &types.RefreshPreferences{MinHealthyPercentage: aws.Int32(least), MaxHealthyPercentage: aws.Int32(most)}
}

func TestRefreshGoesInWaves(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), &types.RefreshPreferences{MinHealthyPercentage: aws.Int32(80)})
	l.is(types.InstanceRefreshStatusPending, 0)

	l.clock.push(6 * time.Second)
	l.is(types.InstanceRefreshStatusInProgress, 0)
	if got := l.members(); got["Terminating"] != 2 || got["Pending"] != 2 || got["InService"] != 8 {
		t.Fatalf("got %v, want a wave of two going while two come", got)
	}
	l.clock.push(time.Minute)
	if r := l.is(types.InstanceRefreshStatusInProgress, 0); !strings.Contains(aws.ToString(r.StatusReason), "is warming up") {
		t.Errorf("got reason %q, want warming up", aws.ToString(r.StatusReason))
	}
	l.clock.push(30 * time.Second)
	if r := l.is(types.InstanceRefreshStatusInProgress, 20); aws.ToInt32(r.InstancesToUpdate) != 8 {
		t.Errorf("got %d instances to update, want 8", aws.ToInt32(r.InstancesToUpdate))
	}
	l.clock.push(time.Hour)
	r := l.is(types.InstanceRefreshStatusSuccessful, 100)
	if took := r.EndTime.Sub(*r.StartTime); took != 5*90*time.Second+5*time.Second {
		t.Errorf("five waves took %s, want 7m35s", took)
	}
	l.wantImages(0, 10)
	if got := aws.ToString(l.group().LaunchTemplate.Version); got != "2" {
		t.Errorf("the group launches version %s, want 2", got)
	}
}

// The outcome does not depend on how often somebody looks.
func TestRefreshIsTheSameHoweverOftenItIsLookedAt(t *testing.T) {
	outcome := func(step time.Duration) (time.Time, string) {
		l := newLab(t, awssim.Options{Seed: 7})
		l.web(7)
		l.start(to("2"), percents(70, 130))
		for passed := time.Duration(0); passed < time.Hour; passed += step {
			l.clock.push(step)
			l.fleet.Refreshes("web")
		}
		var ids []string
		for _, i := range l.group().Instances {
			ids = append(ids, aws.ToString(i.InstanceId)+aws.ToString(i.AvailabilityZone))
		}
		return *l.is(types.InstanceRefreshStatusSuccessful, 100).EndTime, strings.Join(ids, " ")
	}
	oftenEnd, often := outcome(7 * time.Second)
	onceEnd, once := outcome(time.Hour)
	if often != once || !oftenEnd.Equal(onceEnd) {
		t.Errorf("looked at often it ends at %s with %s,\nlooked at once at %s with %s", oftenEnd, often, onceEnd, once)
	}
}

func TestRefreshLaunchesAheadWithinTheMaximum(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), percents(100, 150))
	l.clock.push(6 * time.Second)
	if got := l.members(); got["InService"] != 10 || got["Pending"] != 5 {
		t.Fatalf("got %v, want five more than ten", got)
	}
	l.clock.push(90 * time.Second)
	if got := l.members(); got["InService"] < 10 || got["Terminating"] != 5 {
		t.Fatalf("got %v, want five leaving and never less than ten in service", got)
	}
	l.clock.push(time.Hour)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
	l.wantImages(0, 10)
}

func TestRefreshOfOneInstance(t *testing.T) {
	for name, test := range map[string]struct {
		p    *types.RefreshPreferences
		want map[types.LifecycleState]int
	}{
		"without a maximum it goes first":  {nil, map[types.LifecycleState]int{"Terminating": 1, "Pending": 1}},
		"with a maximum of 100 it stays":   {percents(90, 100), map[types.LifecycleState]int{"InService": 1, "Pending": 1}},
		"with room above it stays as well": {percents(100, 200), map[types.LifecycleState]int{"InService": 1, "Pending": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(1)
			l.start(to("2"), test.p)
			l.clock.push(6 * time.Second)
			got := l.members()
			for state, n := range test.want {
				if got[state] != n {
					t.Fatalf("got %v, want %v", got, test.want)
				}
			}
			l.clock.push(10 * time.Minute)
			l.is(types.InstanceRefreshStatusSuccessful, 100)
			l.wantImages(0, 1)
		})
	}
}

func TestRefreshWaitsAtCheckpoints(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), &types.RefreshPreferences{
		MinHealthyPercentage: aws.Int32(50), CheckpointPercentages: []int32{20, 100}, CheckpointDelay: aws.Int32(1800),
	})
	l.clock.push(5 * time.Minute)
	r := l.is(types.InstanceRefreshStatusInProgress, 20)
	if !strings.Contains(aws.ToString(r.StatusReason), "checkpoint") {
		t.Errorf("got reason %q, want the checkpoint", aws.ToString(r.StatusReason))
	}
	l.wantImages(8, 2)
	l.clock.push(25 * time.Minute)
	l.wantImages(8, 2)
	l.clock.push(10 * time.Minute)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
	l.wantImages(0, 10)
}

func TestRefreshStopsAtALastCheckpointBelowHundred(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), &types.RefreshPreferences{CheckpointPercentages: []int32{10}})
	l.clock.push(2 * time.Hour)
	l.is(types.InstanceRefreshStatusSuccessful, 10)
	l.wantImages(9, 1)
}

func TestRefreshBakes(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.start(to("2"), &types.RefreshPreferences{BakeTime: aws.Int32(600)})
	l.clock.push(5 * time.Minute)
	l.is(types.InstanceRefreshStatusBaking, 100)
	if got := aws.ToString(l.group().LaunchTemplate.Version); got != "1" {
		t.Errorf("while baking the group has version %s, want 1", got)
	}
	l.clock.push(10 * time.Minute)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
}

func TestRefreshSkipsWhatMatches(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	before := l.group().Instances
	l.start(to("1"), &types.RefreshPreferences{SkipMatching: aws.Bool(true)})
	l.clock.push(6 * time.Second)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
	if after := l.group().Instances; aws.ToString(after[0].InstanceId) != aws.ToString(before[0].InstanceId) {
		t.Error("an instance that matched was replaced")
	}
}

func TestRefreshReplacesAPolicyWithATemplate(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	if err := l.fleet.AddGroup(awssim.Group{Name: "mixed", Template: "web", Max: 4, Desired: 2, Types: []string{"t3.micro", "t3.small"}}); err != nil {
		t.Fatal(err)
	}
	group := func() types.AutoScalingGroup {
		return must[*autoscaling.DescribeAutoScalingGroupsOutput](l)(l.scaling.DescribeAutoScalingGroups(l.ctx,
			&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"mixed"}})).AutoScalingGroups[0]
	}
	run := func(d *types.DesiredConfiguration) {
		must[*autoscaling.StartInstanceRefreshOutput](l)(l.scaling.StartInstanceRefresh(l.ctx,
			&autoscaling.StartInstanceRefreshInput{AutoScalingGroupName: aws.String("mixed"), DesiredConfiguration: d}))
		l.clock.push(time.Hour)
	}
	whole := group().MixedInstancesPolicy
	whole.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId = nil
	whole.LaunchTemplate.LaunchTemplateSpecification.Version = aws.String("2")
	run(&types.DesiredConfiguration{MixedInstancesPolicy: whole})
	got := group().MixedInstancesPolicy
	if got == nil || len(got.LaunchTemplate.Overrides) != 2 || aws.ToString(got.LaunchTemplate.LaunchTemplateSpecification.Version) != "2" {
		t.Fatalf("got policy %+v, want both overrides and version 2", got)
	}
	run(to("1"))
	if g := group(); g.MixedInstancesPolicy != nil || aws.ToString(g.LaunchTemplate.Version) != "1" {
		t.Errorf("got policy %v and template %v, want the template to have replaced the policy", g.MixedInstancesPolicy, g.LaunchTemplate)
	}
}

func TestRefreshReplacesRootVolumes(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	if err := l.fleet.AddGroup(awssim.Group{Name: "mixed", Template: "web", Max: 4, Desired: 3, Types: []string{"t3.micro"}}); err != nil {
		t.Fatal(err)
	}
	before, _ := l.fleet.Group("mixed")
	in := &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String("mixed"), Strategy: types.RefreshStrategyReplaceRootVolume, DesiredConfiguration: to("1"),
	}
	_, err := l.scaling.StartInstanceRefresh(l.ctx, in)
	wantCode(t, err, "ValidationError")
	in.DesiredConfiguration = &types.DesiredConfiguration{MixedInstancesPolicy: &types.MixedInstancesPolicy{
		LaunchTemplate: &types.LaunchTemplate{
			LaunchTemplateSpecification: to("1").LaunchTemplate,
			Overrides:                   []types.LaunchTemplateOverrides{{InstanceType: aws.String("t3.micro"), ImageId: aws.String(newImage)}},
		},
	}}
	must[*autoscaling.StartInstanceRefreshOutput](l)(l.scaling.StartInstanceRefresh(l.ctx, in))
	l.clock.push(time.Hour)
	after, _ := l.fleet.Group("mixed")
	if after.Refresh.Status != "Successful" {
		t.Fatalf("got %+v, want success", after.Refresh)
	}
	for n := range before.Instances {
		if after.Instances[n].ID != before.Instances[n].ID || after.Instances[n].Image != newImage {
			t.Errorf("got %s with %s, want %s to keep its id and get %s", after.Instances[n].ID, after.Instances[n].Image, before.Instances[n].ID, newImage)
		}
	}
}

func TestRefreshIsAloneInItsGroup(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.start(to("2"), nil)
	wantCode(t, l.tryStart(to("2"), nil), "InstanceRefreshInProgress")
	l.clock.push(time.Hour)
	l.start(to("1"), nil)
}

func TestRefreshRefusesWhatAWSRefuses(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	for name, test := range map[string]struct {
		desired *types.DesiredConfiguration
		p       types.RefreshPreferences
	}{
		"a maximum without a minimum":   {to("2"), types.RefreshPreferences{MaxHealthyPercentage: aws.Int32(120)}},
		"a wide range":                  {to("2"), *percents(50, 200)},
		"checkpoints that go down":      {to("2"), types.RefreshPreferences{CheckpointPercentages: []int32{50, 20}}},
		"the same checkpoint twice":     {to("2"), types.RefreshPreferences{CheckpointPercentages: []int32{50, 50}}},
		"a version that does not exist": {to("9"), types.RefreshPreferences{}},
		"a rollback to nothing":         {nil, types.RefreshPreferences{AutoRollback: aws.Bool(true)}},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, l.tryStart(test.desired, &test.p), "ValidationError") })
	}
}
