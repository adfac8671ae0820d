package awssim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// zones counts what is in service by the letter of its zone.
func (l *lab) zones() map[string]int {
	l.Helper()
	count := map[string]int{}
	for _, i := range l.group().Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			count[strings.TrimPrefix(aws.ToString(i.AvailabilityZone), "eu-west-1")]++
		}
	}
	return count
}

func (l *lab) wantZones(a, b, c int) {
	l.Helper()
	if got := l.zones(); got["a"] != a || got["b"] != b || got["c"] != c {
		l.Errorf("got %v in service, want %d, %d and %d", got, a, b, c)
	}
}

const noneLeft = "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (eu-west-1a). " +
	"Our system will be working on provisioning additional capacity. You can currently get t3.micro capacity by not specifying " +
	"an Availability Zone in your request or choosing eu-west-1b, eu-west-1c."

func TestAZoneWithoutCapacityIsLeftAloneAndLevelledLater(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	fault := l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1a"})
	l.desire(6)
	l.clock.push(90 * time.Second)
	l.wantZones(1, 3, 2)
	told := false
	for _, a := range l.activities() {
		told = told || a.StatusCode == types.ScalingActivityStatusCodeFailed &&
			aws.ToString(a.StatusMessage) == strings.TrimSuffix(noneLeft, ".")+". Launching EC2 instance failed." &&
			strings.Contains(aws.ToString(a.Details), `"Availability Zone":"eu-west-1a"`)
	}
	if !told {
		t.Errorf("no activity tells of the missing capacity: %s", aws.ToString(l.activities()[0].StatusMessage))
	}
	l.clock.push(time.Hour)
	l.wantZones(1, 3, 2)
	l.cloud.Faults().Remove(fault)
	l.clock.push(time.Hour)
	l.wantZones(2, 2, 2)
	levelled := false
	for _, a := range l.activities() {
		levelled = levelled || strings.Contains(aws.ToString(a.Cause), "instances were launched to balance instances in zones eu-west-1a with other zones") &&
			a.StatusCode == types.ScalingActivityStatusCodeSuccessful
	}
	if !levelled {
		t.Error("no activity tells that the zones were levelled")
	}
}

func TestZonesAreNotLevelledWhenThatIsSuspended(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	l.processes(true, "AZRebalance")
	fault := l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1a"})
	l.desire(6)
	l.clock.push(time.Hour)
	l.cloud.Faults().Remove(fault)
	l.clock.push(time.Hour)
	l.wantZones(1, 3, 2)
	l.processes(false, "AZRebalance")
	l.clock.push(time.Hour)
	l.wantZones(2, 2, 2)
}

func TestScaleInKeepsTheZonesEven(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(6)
	l.desire(3)
	l.clock.push(5 * time.Minute)
	l.wantZones(1, 1, 1)
	if n := len(l.activities()); n != 9 {
		t.Errorf("got %d activities, want six launches and three terminations", n)
	}
	cause := aws.ToString(l.activities()[0].Cause)
	if !strings.HasPrefix(cause, "At 2026-03-02T09:00:00Z a user request explicitly set group desired capacity changing the desired capacity from 6 to 3.  At ") ||
		!strings.Contains(cause, "shrinking the capacity from 4 to 3.  At ") || !strings.HasSuffix(cause, " was selected for termination.") {
		t.Errorf("got cause %q", cause)
	}
}

func TestScaleInTakesFromTheFullestZone(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	for range 6 {
		l.desire(4)
		l.clock.push(5 * time.Minute)
		l.desire(3)
		l.clock.push(5 * time.Minute)
		l.wantZones(1, 1, 1)
	}
}

func TestTerminationPolicies(t *testing.T) {
	for policy, oldest := range map[string]bool{"OldestInstance": true, "NewestInstance": false} {
		t.Run(policy, func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(3)
			old := map[string]bool{}
			for _, i := range l.group().Instances {
				old[aws.ToString(i.InstanceId)] = true
			}
			l.desire(6)
			l.clock.push(5 * time.Minute)
			update := func(policy string) error {
				_, err := l.scaling.UpdateAutoScalingGroup(l.ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), TerminationPolicies: []string{policy}})
				return err
			}
			wantCode(t, update("Tallest"), "ValidationError")
			if err := update(policy); err != nil {
				t.Fatal(err)
			}
			l.desire(3)
			l.clock.push(5 * time.Minute)
			for _, i := range l.group().Instances {
				if old[aws.ToString(i.InstanceId)] == oldest {
					t.Errorf("%s was kept", aws.ToString(i.InstanceId))
				}
			}
		})
	}
}

func TestRunInstancesFindsAZoneWithCapacity(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	fault := l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1a", Type: "t3.micro"})
	launch := func(zone *string) (*ec2.RunInstancesOutput, error) {
		in := &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), LaunchTemplate: &ec2types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}}
		if zone != nil {
			in.Placement = &ec2types.Placement{AvailabilityZone: zone}
		}
		return l.ec2.RunInstances(l.ctx, in)
	}
	_, err := launch(aws.String("eu-west-1a"))
	wantCode(t, err, "InsufficientInstanceCapacity")
	if !strings.Contains(err.Error(), noneLeft) {
		t.Errorf("got %v, want %q", err, noneLeft)
	}
	out := must[*ec2.RunInstancesOutput](l)(launch(nil))
	if got := aws.ToString(out.Instances[0].Placement.AvailabilityZone); got != "eu-west-1b" {
		t.Errorf("got zone %s, want one that has capacity", got)
	}
	l.cloud.Faults().Remove(fault)
	must[*ec2.RunInstancesOutput](l)(launch(aws.String("eu-west-1a")))
}

func TestGroupsTellWhyTheyGrow(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	must[*autoscaling.CreateAutoScalingGroupOutput](l)(l.scaling.CreateAutoScalingGroup(l.ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("shop"), MinSize: aws.Int32(1), MaxSize: aws.Int32(4), DesiredCapacity: aws.Int32(2),
		LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}, AvailabilityZones: []string{"eu-west-1a", "eu-west-1b"}}))
	shop := func() []types.Activity {
		return must[*autoscaling.DescribeScalingActivitiesOutput](l)(l.scaling.DescribeScalingActivities(l.ctx,
			&autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("shop")})).Activities
	}
	if got := shop(); len(got) != 2 || !strings.Contains(aws.ToString(got[0].Cause), "a user request created an AutoScalingGroup changing the desired capacity from 0 to 2.  At ") {
		t.Fatalf("got %d activities, the first because %q", len(got), aws.ToString(got[0].Cause))
	}
	cool := &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("shop"), DesiredCapacity: aws.Int32(3), HonorCooldown: aws.Bool(true)}
	_, err := l.scaling.SetDesiredCapacity(l.ctx, cool)
	wantCode(t, err, "ScalingActivityInProgress")
	l.clock.push(10 * time.Minute)
	must[*autoscaling.SetDesiredCapacityOutput](l)(l.scaling.SetDesiredCapacity(l.ctx, cool))
	l.clock.push(10 * time.Minute)
	g, _ := l.fleet.Group("shop")
	gone := g.Instances[0].ID
	out := must[*autoscaling.TerminateInstanceInAutoScalingGroupOutput](l)(l.scaling.TerminateInstanceInAutoScalingGroup(l.ctx,
		&autoscaling.TerminateInstanceInAutoScalingGroupInput{InstanceId: &gone, ShouldDecrementDesiredCapacity: aws.Bool(true)}))
	if got := aws.ToString(out.Activity.Cause); !strings.HasSuffix(got, "instance "+gone+" was taken out of service in response to a user request, shrinking the capacity from 3 to 2.") {
		t.Errorf("got cause %q", got)
	}
}

func TestGroupsMoveBehindALoadBalancer(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	arn := l.fleet.AddTargetGroup("shop")
	name := aws.String("web")
	must[*autoscaling.AttachLoadBalancerTargetGroupsOutput](l)(l.scaling.AttachLoadBalancerTargetGroups(l.ctx,
		&autoscaling.AttachLoadBalancerTargetGroupsInput{AutoScalingGroupName: name, TargetGroupARNs: []string{arn}}))
	targets := func() int {
		return len(must[*elb.DescribeTargetHealthOutput](l)(l.elb.DescribeTargetHealth(l.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})).TargetHealthDescriptions)
	}
	state := func() string {
		out := must[*autoscaling.DescribeLoadBalancerTargetGroupsOutput](l)(l.scaling.DescribeLoadBalancerTargetGroups(l.ctx,
			&autoscaling.DescribeLoadBalancerTargetGroupsInput{AutoScalingGroupName: name}))
		if len(out.LoadBalancerTargetGroups) == 0 {
			return "none"
		}
		return aws.ToString(out.LoadBalancerTargetGroups[0].State)
	}
	if targets() != 2 || state() != "Added" {
		t.Fatalf("got %d targets, %s, want both members added", targets(), state())
	}
	l.clock.push(time.Minute)
	if got := state(); got != "InService" || len(l.group().TargetGroupARNs) != 1 {
		t.Errorf("got %s and %v", got, l.group().TargetGroupARNs)
	}
	must[*autoscaling.DetachLoadBalancerTargetGroupsOutput](l)(l.scaling.DetachLoadBalancerTargetGroups(l.ctx,
		&autoscaling.DetachLoadBalancerTargetGroupsInput{AutoScalingGroupName: name, TargetGroupARNs: []string{arn}}))
	l.clock.push(time.Minute)
	if targets() != 0 || state() != "none" {
		t.Errorf("got %d targets, %s, want none left after they drained", targets(), state())
	}
	_, err := l.scaling.DetachLoadBalancerTargetGroups(l.ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{AutoScalingGroupName: name, TargetGroupARNs: []string{arn}})
	wantCode(t, err, "ValidationError")
	_, err = l.scaling.AttachLoadBalancerTargetGroups(l.ctx, &autoscaling.AttachLoadBalancerTargetGroupsInput{AutoScalingGroupName: name, TargetGroupARNs: []string{"arn:none"}})
	wantCode(t, err, "ValidationError")
}

func TestAGroupThatEmptiesIsNotDeletedYet(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	remove := func() error {
		_, err := l.scaling.DeleteAutoScalingGroup(l.ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("web")})
		return err
	}
	wantCode(t, remove(), "ResourceInUse")
	l.desire(0)
	wantCode(t, remove(), "ScalingActivityInProgress")
	l.clock.push(5 * time.Minute)
	if err := remove(); err != nil {
		t.Error(err)
	}
}
