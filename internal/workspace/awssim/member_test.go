package awssim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestGroupInstancesAreListedAcrossGroups(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(60)
	p := autoscaling.NewDescribeAutoScalingInstancesPaginator(l.scaling, &autoscaling.DescribeAutoScalingInstancesInput{})
	var pages []int
	for p.HasMorePages() {
		out := must[*autoscaling.DescribeAutoScalingInstancesOutput](l)(p.NextPage(l.ctx))
		pages = append(pages, len(out.AutoScalingInstances))
		if i := out.AutoScalingInstances[0]; aws.ToString(i.AutoScalingGroupName) != "web" || aws.ToString(i.LaunchTemplate.Version) != "1" || aws.ToString(i.HealthStatus) != "HEALTHY" {
			t.Fatalf("got %+v", i)
		}
	}
	if fmt.Sprint(pages) != "[50 10]" {
		t.Errorf("got pages %v, want [50 10]", pages)
	}
}

func TestHealthSetByHand(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	id := l.group().Instances[0].InstanceId
	must[*autoscaling.SetInstanceHealthOutput](l)(l.scaling.SetInstanceHealth(l.ctx, &autoscaling.SetInstanceHealthInput{
		InstanceId: id, HealthStatus: aws.String("Unhealthy")}))
	if got := l.members(); got["Terminating"] != 1 || got["Pending"] != 1 {
		t.Errorf("got %v, want it being replaced", got)
	}
	_, err := l.scaling.SetInstanceHealth(l.ctx, &autoscaling.SetInstanceHealthInput{InstanceId: aws.String("i-0dead"), HealthStatus: aws.String("Healthy")})
	wantCode(t, err, "ValidationError")
}

func TestProtectedInstancesSurviveScaleIn(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	kept := []string{aws.ToString(l.group().Instances[0].InstanceId), aws.ToString(l.group().Instances[1].InstanceId)}
	must[*autoscaling.SetInstanceProtectionOutput](l)(l.scaling.SetInstanceProtection(l.ctx, &autoscaling.SetInstanceProtectionInput{
		AutoScalingGroupName: aws.String("web"), InstanceIds: kept, ProtectedFromScaleIn: aws.Bool(true)}))
	l.desire(0)
	l.clock.push(5 * time.Minute)
	if got := l.group().Instances; len(got) != 2 || !aws.ToBool(got[0].ProtectedFromScaleIn) {
		t.Errorf("got %d instances, want the two protected ones", len(got))
	}
}

func TestTagsOfGroups(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	tag := func(value string) []types.Tag {
		return []types.Tag{{ResourceId: aws.String("web"), ResourceType: aws.String("auto-scaling-group"), Key: aws.String("amiral:operation"), Value: &value, PropagateAtLaunch: aws.Bool(false)}}
	}
	for _, value := range []string{"op-1", "op-2"} {
		must[*autoscaling.CreateOrUpdateTagsOutput](l)(l.scaling.CreateOrUpdateTags(l.ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: tag(value)}))
	}
	out := must[*autoscaling.DescribeTagsOutput](l)(l.scaling.DescribeTags(l.ctx, &autoscaling.DescribeTagsInput{
		Filters: []types.Filter{{Name: aws.String("auto-scaling-group"), Values: []string{"web"}}}}))
	if len(out.Tags) != 1 || aws.ToString(out.Tags[0].Value) != "op-2" {
		t.Fatalf("got %+v, want the second value only", out.Tags)
	}
	must[*autoscaling.DeleteTagsOutput](l)(l.scaling.DeleteTags(l.ctx, &autoscaling.DeleteTagsInput{Tags: tag("op-2")}))
	if got := l.group().Tags; len(got) != 0 {
		t.Errorf("got %+v, want no tag", got)
	}
}

func TestActivitiesAreFiltered(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	l.clock.push(time.Hour)
	l.desire(5)
	l.clock.push(time.Hour)
	count := func(name string, values ...string) int {
		out := must[*autoscaling.DescribeScalingActivitiesOutput](l)(l.scaling.DescribeScalingActivities(l.ctx, &autoscaling.DescribeScalingActivitiesInput{
			AutoScalingGroupName: aws.String("web"), Filters: []types.Filter{{Name: &name, Values: values}}}))
		return len(out.Activities)
	}
	since := l.clock.Now().Add(-90 * time.Minute).Format(time.RFC3339)
	if a, b, c := count("StartTimeLowerBound", since), count("StartTimeUpperBound", since), count("Status", "Failed"); a != 2 || b != 3 || c != 0 {
		t.Errorf("got %d since, %d before and %d failed, want 2, 3 and 0", a, b, c)
	}
}

func TestHooksAreListedAndKeptAlive(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	name, hook := aws.String("web"), aws.String("drain")
	must[*autoscaling.PutLifecycleHookOutput](l)(l.scaling.PutLifecycleHook(l.ctx, &autoscaling.PutLifecycleHookInput{
		AutoScalingGroupName: name, LifecycleHookName: hook, HeartbeatTimeout: aws.Int32(60),
		LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_TERMINATING"), DefaultResult: aws.String("CONTINUE"),
	}))
	out := must[*autoscaling.DescribeLifecycleHooksOutput](l)(l.scaling.DescribeLifecycleHooks(l.ctx, &autoscaling.DescribeLifecycleHooksInput{AutoScalingGroupName: name}))
	if h := out.LifecycleHooks; len(h) != 1 || aws.ToInt32(h[0].HeartbeatTimeout) != 60 {
		t.Fatalf("got %+v", h)
	}
	id := l.group().Instances[0].InstanceId
	l.desire(0)
	l.clock.push(45 * time.Second)
	must[*autoscaling.RecordLifecycleActionHeartbeatOutput](l)(l.scaling.RecordLifecycleActionHeartbeat(l.ctx,
		&autoscaling.RecordLifecycleActionHeartbeatInput{AutoScalingGroupName: name, LifecycleHookName: hook, InstanceId: id}))
	l.clock.push(45 * time.Second)
	if got := l.members(); got["Terminating:Wait"] != 1 {
		t.Fatalf("got %v, want it kept alive by the heartbeat", got)
	}
	l.clock.push(5 * time.Minute)
	if got := l.members(); len(got) != 0 {
		t.Errorf("got %v, want it gone", got)
	}
	must[*autoscaling.DeleteLifecycleHookOutput](l)(l.scaling.DeleteLifecycleHook(l.ctx, &autoscaling.DeleteLifecycleHookInput{AutoScalingGroupName: name, LifecycleHookName: hook}))
}

func TestCheckpointsLeaveNothingAbove(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	p := percents(100, 150)
	p.CheckpointPercentages, p.CheckpointDelay = []int32{20, 100}, aws.Int32(3600)
	l.start(to("2"), p)
	l.clock.push(30 * time.Minute)
	l.is(types.InstanceRefreshStatusInProgress, 20)
	l.wantImages(8, 2)
	l.clock.push(2 * time.Hour)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
	l.wantImages(0, 10)
}

func TestRefreshSurvivesScaling(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(6)
	l.start(to("2"), percents(50, 100))
	l.clock.push(time.Minute)
	l.desire(9)
	l.clock.push(time.Minute)
	l.desire(4)
	l.clock.push(time.Hour)
	l.is(types.InstanceRefreshStatusSuccessful, 100)
	l.wantImages(0, 4)
}

func TestAlarmsSetByHand(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddAlarm("a name that is rather longer than twenty-three characters", "OK")
	in := &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a name that is rather longer than twenty-three characters"), StateValue: "ALARM", StateReason: aws.String("a drill")}
	must[*cloudwatch.SetAlarmStateOutput](l)(l.alarms.SetAlarmState(l.ctx, in))
	out := must[*cloudwatch.DescribeAlarmsOutput](l)(l.alarms.DescribeAlarms(l.ctx, &cloudwatch.DescribeAlarmsInput{StateValue: "ALARM"}))
	if len(out.MetricAlarms) != 1 || aws.ToString(out.MetricAlarms[0].StateReason) != "a drill" {
		t.Errorf("got %+v", out.MetricAlarms)
	}
	in.AlarmName = aws.String("none")
	_, err := l.alarms.SetAlarmState(l.ctx, in)
	wantCode(t, err, "ResourceNotFound")
}
