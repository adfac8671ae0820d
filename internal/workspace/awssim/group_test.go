package awssim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func (l *lab) activities() []types.Activity {
	l.Helper()
	return must[*autoscaling.DescribeScalingActivitiesOutput](l)(l.scaling.DescribeScalingActivities(l.ctx,
		&autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("web")})).Activities
}

func (l *lab) desire(n int32) {
	l.Helper()
	must[*autoscaling.SetDesiredCapacityOutput](l)(l.scaling.SetDesiredCapacity(l.ctx,
		&autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(n)}))
}

func TestGroupFollowsItsDesiredCapacity(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.desire(4)
	if got := l.members(); got["Pending"] != 2 || got["InService"] != 2 {
		t.Fatalf("got %v, want two pending", got)
	}
	a := l.activities()[0]
	if a.StatusCode != types.ScalingActivityStatusCodePreInService || !strings.Contains(aws.ToString(a.Cause), "from 2 to 4") {
		t.Errorf("got activity %s because %q", a.StatusCode, aws.ToString(a.Cause))
	}
	l.clock.push(time.Minute)
	if got := l.members(); got["InService"] != 4 {
		t.Fatalf("got %v, want four in service", got)
	}
	if a := l.activities()[0]; a.StatusCode != types.ScalingActivityStatusCodeSuccessful || aws.ToInt32(a.Progress) != 100 {
		t.Errorf("got activity %s %d%%, want it successful", a.StatusCode, aws.ToInt32(a.Progress))
	}
	l.desire(1)
	l.clock.push(time.Minute)
	if got := l.members(); got["InService"] != 1 || len(got) != 1 {
		t.Fatalf("got %v, want one", got)
	}
	_, err := l.scaling.SetDesiredCapacity(l.ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(99)})
	wantCode(t, err, "ValidationError")
}

func TestGroupReplacesWhatIsUnwell(t *testing.T) {
	for _, how := range []awssim.Crash{awssim.CrashSystem, awssim.CrashInstance, awssim.CrashStopped, awssim.CrashTerminated, awssim.CrashApplication} {
		t.Run(string(how), func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(1)
			arn := l.fleet.AddTargetGroup("shop")
			if err := l.fleet.AddGroup(awssim.Group{Name: "shop", Template: "web", Max: 3, Desired: 3, TargetGroups: []string{arn}}); err != nil {
				t.Fatal(err)
			}
			g, _ := l.fleet.Group("shop")
			victim := g.Instances[0].ID
			if !l.cloud.Crash(victim, how) {
				t.Fatal("the instance could not be crashed")
			}
			l.clock.push(5 * time.Minute)
			g, _ = l.fleet.Group("shop")
			if len(g.Instances) != 3 {
				t.Fatalf("got %d instances, want 3", len(g.Instances))
			}
			for _, i := range g.Instances {
				if i.ID == victim || i.Lifecycle != "InService" || i.Health != "Healthy" {
					t.Errorf("got %+v, want the crashed one replaced and all well", i)
				}
			}
		})
	}
}

func TestSuspendedProcessesAreRespected(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	victim := aws.ToString(l.group().Instances[0].InstanceId)
	l.processes(true, "Launch", "ReplaceUnhealthy")
	l.cloud.Crash(victim, awssim.CrashInstance)
	l.desire(3)
	l.clock.push(time.Hour)
	if i := l.group().Instances[0]; aws.ToString(i.InstanceId) != victim || aws.ToString(i.HealthStatus) != "Unhealthy" || len(l.group().Instances) != 2 {
		t.Fatalf("got %+v, want it unhealthy and nothing replaced or launched", l.group().Instances)
	}
	l.processes(false)
	l.clock.push(5 * time.Minute)
	if got := l.members(); got["InService"] != 3 || l.group().Instances[0].InstanceId == &victim {
		t.Fatalf("got %v, want three again", got)
	}
}

func TestGracePeriod(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	must[*autoscaling.UpdateAutoScalingGroupOutput](l)(l.scaling.UpdateAutoScalingGroup(l.ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), HealthCheckGracePeriod: aws.Int32(600), DesiredCapacity: aws.Int32(3),
	}))
	l.clock.push(2 * time.Minute)
	young := aws.ToString(l.group().Instances[2].InstanceId)
	l.cloud.Crash(young, awssim.CrashInstance)
	l.clock.push(5 * time.Minute)
	if got := l.group().Instances; aws.ToString(got[2].InstanceId) != young {
		t.Fatal("a young instance was replaced within the grace period")
	}
	l.clock.push(10 * time.Minute)
	for _, i := range l.group().Instances {
		if aws.ToString(i.InstanceId) == young {
			t.Error("the instance was not replaced after the grace period")
		}
	}
}

func TestLaunchesFailInTheWordsOfAWS(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	must[*ec2.DeregisterImageOutput](l)(l.ec2.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: aws.String(oldImage)}))
	l.desire(2)
	a := l.activities()[0]
	want := "The image id '[" + oldImage + "]' does not exist. Launching EC2 instance failed."
	if a.StatusCode != types.ScalingActivityStatusCodeFailed || aws.ToString(a.StatusMessage) != want ||
		aws.ToString(a.Description) != "Launching a new EC2 instance. Status Reason: "+want {
		t.Errorf("got %s %q %q, want %q", a.StatusCode, aws.ToString(a.StatusMessage), aws.ToString(a.Description), want)
	}
	l.clock.push(10 * time.Minute)
	if n := len(l.activities()); n < 3 || n > 10 {
		t.Errorf("got %d activities, want retries that slow down", n)
	}

	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Group: "web", Code: "InsufficientInstanceCapacity", Times: 1})
	l.clock.push(20 * time.Minute)
	found := false
	for _, a := range l.activities() {
		found = found || strings.Contains(aws.ToString(a.StatusMessage), "sufficient capacity")
	}
	if !found {
		t.Error("no activity tells of the missing capacity")
	}
}

func TestStandbyAndDetach(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	ids := []string{aws.ToString(l.group().Instances[0].InstanceId)}
	name := aws.String("web")
	must[*autoscaling.EnterStandbyOutput](l)(l.scaling.EnterStandby(l.ctx, &autoscaling.EnterStandbyInput{
		AutoScalingGroupName: name, InstanceIds: ids, ShouldDecrementDesiredCapacity: aws.Bool(false)}))
	l.clock.push(time.Minute)
	if got := l.members(); got["InService"] != 3 || got["Standby"] != 1 {
		t.Fatalf("got %v, want a replacement for the one on standby", got)
	}
	must[*autoscaling.ExitStandbyOutput](l)(l.scaling.ExitStandby(l.ctx, &autoscaling.ExitStandbyInput{AutoScalingGroupName: name, InstanceIds: ids}))
	l.clock.push(time.Minute)
	if got, desired := l.members(), aws.ToInt32(l.group().DesiredCapacity); got["InService"] != 4 || desired != 4 {
		t.Fatalf("got %v of %d, want four of four", got, desired)
	}
	must[*autoscaling.DetachInstancesOutput](l)(l.scaling.DetachInstances(l.ctx, &autoscaling.DetachInstancesInput{
		AutoScalingGroupName: name, InstanceIds: ids, ShouldDecrementDesiredCapacity: aws.Bool(true)}))
	if i, _ := l.fleet.Instance(ids[0]); i.State != awssim.Running || i.Group != "" {
		t.Errorf("got %+v, want it running on its own", i)
	}
	must[*autoscaling.AttachInstancesOutput](l)(l.scaling.AttachInstances(l.ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: name, InstanceIds: ids}))
	l.clock.push(time.Second)
	if got := l.members(); got["InService"] != 4 {
		t.Errorf("got %v, want it back", got)
	}
}

func TestTerminateInGroup(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	id := l.group().Instances[0].InstanceId
	out := must[*autoscaling.TerminateInstanceInAutoScalingGroupOutput](l)(l.scaling.TerminateInstanceInAutoScalingGroup(l.ctx,
		&autoscaling.TerminateInstanceInAutoScalingGroupInput{InstanceId: id, ShouldDecrementDesiredCapacity: aws.Bool(true)}))
	if !strings.Contains(aws.ToString(out.Activity.Cause), "user request") {
		t.Errorf("got cause %q", aws.ToString(out.Activity.Cause))
	}
	l.clock.push(time.Minute)
	if got := l.members(); got["InService"] != 2 || len(got) != 1 {
		t.Errorf("got %v, want two", got)
	}
}

func TestLaunchInstancesAnswersAtOnce(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	in := &autoscaling.LaunchInstancesInput{AutoScalingGroupName: aws.String("web"), RequestedCapacity: aws.Int32(1), ClientToken: aws.String("canary")}
	one := must[*autoscaling.LaunchInstancesOutput](l)(l.scaling.LaunchInstances(l.ctx, in))
	again := must[*autoscaling.LaunchInstancesOutput](l)(l.scaling.LaunchInstances(l.ctx, in))
	if one.Instances[0].InstanceIds[0] != again.Instances[0].InstanceIds[0] {
		t.Error("the same token launched twice")
	}
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch})
	_, err := l.scaling.SetDesiredCapacity(l.ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	in.ClientToken = aws.String("another")
	failed := must[*autoscaling.LaunchInstancesOutput](l)(l.scaling.LaunchInstances(l.ctx, in))
	if len(failed.Errors) != 1 || aws.ToString(failed.Errors[0].ErrorCode) != "InsufficientInstanceCapacity" {
		t.Errorf("got %+v, want the missing capacity", failed.Errors)
	}
}

func TestHooksHoldInstances(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	name := aws.String("web")
	must[*autoscaling.PutLifecycleHookOutput](l)(l.scaling.PutLifecycleHook(l.ctx, &autoscaling.PutLifecycleHookInput{
		AutoScalingGroupName: name, LifecycleHookName: aws.String("greet"), HeartbeatTimeout: aws.Int32(300),
		LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_LAUNCHING"), DefaultResult: aws.String("ABANDON"),
	}))
	l.desire(2)
	l.clock.push(time.Minute)
	if got := l.members(); got["Pending:Wait"] != 1 {
		t.Fatalf("got %v, want one held", got)
	}
	must[*autoscaling.CompleteLifecycleActionOutput](l)(l.scaling.CompleteLifecycleAction(l.ctx, &autoscaling.CompleteLifecycleActionInput{
		AutoScalingGroupName: name, LifecycleHookName: aws.String("greet"), LifecycleActionResult: aws.String("CONTINUE"),
		InstanceId: l.group().Instances[1].InstanceId,
	}))
	if got := l.members(); got["InService"] != 2 {
		t.Fatalf("got %v, want it in service", got)
	}
	l.desire(2)
	must[*autoscaling.TerminateInstanceInAutoScalingGroupOutput](l)(l.scaling.TerminateInstanceInAutoScalingGroup(l.ctx,
		&autoscaling.TerminateInstanceInAutoScalingGroupInput{InstanceId: l.group().Instances[0].InstanceId, ShouldDecrementDesiredCapacity: aws.Bool(false)}))
	l.clock.push(time.Minute)
	held := l.group().Instances[1].InstanceId
	l.clock.push(6 * time.Minute)
	for _, i := range l.group().Instances {
		if aws.ToString(i.InstanceId) == aws.ToString(held) && i.LifecycleState != "Terminating" {
			t.Errorf("got %s after the heartbeat, want it abandoned", i.LifecycleState)
		}
	}
}

func TestTargetsBecomeHealthyAndDrain(t *testing.T) {
	l := newLab(t, awssim.Options{TargetHealthyAfter: time.Minute})
	l.web(1)
	arn := l.fleet.AddTargetGroup("shop")
	if err := l.fleet.AddGroup(awssim.Group{Name: "shop", Template: "web", Max: 3, Desired: 1, TargetGroups: []string{arn}}); err != nil {
		t.Fatal(err)
	}
	states := func() map[string]int {
		out := must[*elb.DescribeTargetHealthOutput](l)(l.elb.DescribeTargetHealth(l.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)}))
		count := map[string]int{}
		for _, d := range out.TargetHealthDescriptions {
			count[string(d.TargetHealth.State)]++
		}
		return count
	}
	if got := states(); got["healthy"] != 1 {
		t.Fatalf("got %v, want one healthy", got)
	}
	set := func(n int32) {
		must[*autoscaling.SetDesiredCapacityOutput](l)(l.scaling.SetDesiredCapacity(l.ctx,
			&autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("shop"), DesiredCapacity: aws.Int32(n)}))
	}
	set(2)
	l.clock.push(40 * time.Second)
	if got := states(); got["healthy"] != 1 || got["initial"] != 1 {
		t.Fatalf("got %v, want one more, initial", got)
	}
	l.clock.push(time.Minute)
	if got := states(); got["healthy"] != 2 {
		t.Fatalf("got %v, want two healthy", got)
	}
	set(1)
	l.clock.push(time.Second)
	if got := states(); got["draining"] != 1 {
		t.Fatalf("got %v, want one draining", got)
	}
	l.clock.push(time.Minute)
	if got := states(); len(got) != 1 || got["healthy"] != 1 {
		t.Fatalf("got %v, want the drained one gone", got)
	}
}

func TestGroupsComeInPages(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	for n := range 120 {
		if err := l.fleet.AddGroup(awssim.Group{Name: fmt.Sprintf("g%03d", n), Template: "web", Max: 1, Tags: map[string]string{"odd": fmt.Sprint(n % 2)}}); err != nil {
			t.Fatal(err)
		}
	}
	count := func(in *autoscaling.DescribeAutoScalingGroupsInput) (pages []int) {
		p := autoscaling.NewDescribeAutoScalingGroupsPaginator(l.scaling, in)
		for p.HasMorePages() {
			out := must[*autoscaling.DescribeAutoScalingGroupsOutput](l)(p.NextPage(l.ctx))
			pages = append(pages, len(out.AutoScalingGroups))
		}
		return pages
	}
	if got := fmt.Sprint(count(&autoscaling.DescribeAutoScalingGroupsInput{})); got != "[50 50 21]" {
		t.Errorf("got pages %s, want [50 50 21]", got)
	}
	if got := fmt.Sprint(count(&autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(100)})); got != "[100 21]" {
		t.Errorf("got pages %s, want [100 21]", got)
	}
	odd := []types.Filter{{Name: aws.String("tag:odd"), Values: []string{"1"}}}
	if got := fmt.Sprint(count(&autoscaling.DescribeAutoScalingGroupsInput{Filters: odd})); got != "[50 10]" {
		t.Errorf("got pages %s, want [50 10]", got)
	}
	_, err := l.scaling.DescribeAutoScalingGroups(l.ctx, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(101)})
	wantCode(t, err, "ValidationError")
	_, err = l.scaling.DescribeAutoScalingGroups(l.ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: aws.String("nonsense")})
	wantCode(t, err, "InvalidNextToken")
}

func TestGroupsAreCreatedTaggedAndDeleted(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	in := &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("api"), MinSize: aws.Int32(1), MaxSize: aws.Int32(3),
		AvailabilityZones: []string{"eu-west-1a"},
		MixedInstancesPolicy: &types.MixedInstancesPolicy{
			LaunchTemplate: &types.LaunchTemplate{
				LaunchTemplateSpecification: to("1").LaunchTemplate,
				Overrides:                   []types.LaunchTemplateOverrides{{InstanceType: aws.String("m5.large"), WeightedCapacity: aws.String("2")}},
			},
			InstancesDistribution: &types.InstancesDistribution{OnDemandPercentageAboveBaseCapacity: aws.Int32(0), SpotAllocationStrategy: aws.String("price-capacity-optimized")},
		},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop"), PropagateAtLaunch: aws.Bool(true)}},
	}
	must[*autoscaling.CreateAutoScalingGroupOutput](l)(l.scaling.CreateAutoScalingGroup(l.ctx, in))
	_, err := l.scaling.CreateAutoScalingGroup(l.ctx, in)
	wantCode(t, err, "AlreadyExists")
	l.clock.push(time.Minute)
	out := must[*autoscaling.DescribeAutoScalingGroupsOutput](l)(l.scaling.DescribeAutoScalingGroups(l.ctx,
		&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"api"}}))
	g := out.AutoScalingGroups[0]
	p := g.MixedInstancesPolicy
	if p == nil || aws.ToString(p.LaunchTemplate.Overrides[0].WeightedCapacity) != "2" ||
		aws.ToString(p.InstancesDistribution.SpotAllocationStrategy) != "price-capacity-optimized" ||
		aws.ToString(p.InstancesDistribution.OnDemandAllocationStrategy) != "prioritized" {
		t.Errorf("got policy %+v, want it whole, with AWS's defaults", p)
	}
	i, _ := l.fleet.Instance(aws.ToString(g.Instances[0].InstanceId))
	if i.Type != "m5.large" || i.Tags["team"] != "shop" || i.Tags["aws:autoscaling:groupName"] != "api" {
		t.Errorf("got instance %+v, want the type of the policy and the tags of the group", i)
	}
	_, err = l.scaling.DeleteAutoScalingGroup(l.ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("api")})
	wantCode(t, err, "ResourceInUse")
	must[*autoscaling.DeleteAutoScalingGroupOutput](l)(l.scaling.DeleteAutoScalingGroup(l.ctx,
		&autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("api"), ForceDelete: aws.Bool(true)}))
	l.clock.push(time.Minute)
	if _, ok := l.fleet.Group("api"); ok {
		t.Error("the group is still there")
	}
}

func TestGroupsOfOthersAreLeftAlone(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	if err := l.fleet.AddGroup(awssim.Group{Name: "theirs", Template: "web", Max: 1, Desired: 1, Operator: "eks.amazonaws.com"}); err != nil {
		t.Fatal(err)
	}
	out := must[*autoscaling.DescribeAutoScalingGroupsOutput](l)(l.scaling.DescribeAutoScalingGroups(l.ctx,
		&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"theirs"}}))
	if o := out.AutoScalingGroups[0].Operator; o == nil || aws.ToString(o.Principal) != "eks.amazonaws.com" {
		t.Errorf("got operator %+v", o)
	}
	_, err := l.scaling.StartInstanceRefresh(l.ctx, &autoscaling.StartInstanceRefreshInput{AutoScalingGroupName: aws.String("theirs")})
	wantCode(t, err, "ValidationError")
}
