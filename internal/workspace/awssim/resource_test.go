package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestTagsOfResources(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	tags := []types.Tag{{Key: aws.String("amiral:operation"), Value: aws.String("op-1")}}
	ids := []string{oldImage, newImage}
	must[*ec2.CreateTagsOutput](l)(l.ec2.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: ids, Tags: tags}))
	marked := func() int {
		out := must[*ec2.DescribeTagsOutput](l)(l.ec2.DescribeTags(l.ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{
			{Name: aws.String("key"), Values: []string{"amiral:*"}}, {Name: aws.String("resource-type"), Values: []string{"image"}}}}))
		return len(out.Tags)
	}
	if got := marked(); got != 2 {
		t.Fatalf("got %d tags, want 2", got)
	}
	must[*ec2.DeleteTagsOutput](l)(l.ec2.DeleteTags(l.ctx, &ec2.DeleteTagsInput{Resources: ids[:1], Tags: tags[:1]}))
	must[*ec2.DeleteTagsOutput](l)(l.ec2.DeleteTags(l.ctx, &ec2.DeleteTagsInput{Resources: ids[1:], Tags: []types.Tag{{Key: tags[0].Key, Value: aws.String("other")}}}))
	if got := marked(); got != 1 {
		t.Errorf("got %d tags, want the one whose value differs", got)
	}
	_, err := l.ec2.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{"ami-0dead"}, Tags: tags})
	wantCode(t, err, "InvalidAMIID.NotFound")
	_, err = l.ec2.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: ids, Tags: []types.Tag{{Key: aws.String("aws:mine"), Value: aws.String("x")}}})
	wantCode(t, err, "InvalidParameterValue")
}

func TestSnapshotsBecomeImages(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage})
	if err != nil {
		t.Fatal(err)
	}
	set := must[*ec2.CreateSnapshotsOutput](l)(l.ec2.CreateSnapshots(l.ctx, &ec2.CreateSnapshotsInput{
		InstanceSpecification: &types.InstanceSpecification{InstanceId: &pet}, Description: aws.String("before")}))
	if len(set.Snapshots) != 1 || set.Snapshots[0].State != types.SnapshotStatePending {
		t.Fatalf("got %+v, want one pending", set.Snapshots)
	}
	one := must[*ec2.CreateSnapshotOutput](l)(l.ec2.CreateSnapshot(l.ctx, &ec2.CreateSnapshotInput{VolumeId: set.Snapshots[0].VolumeId}))
	l.clock.push(time.Hour)
	waiter := ec2.NewSnapshotCompletedWaiter(l.ec2)
	if err := waiter.Wait(l.ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{*one.SnapshotId}}, time.Second); err != nil {
		t.Error(err)
	}
	out := must[*ec2.RegisterImageOutput](l)(l.ec2.RegisterImage(l.ctx, &ec2.RegisterImageInput{
		Name: aws.String("restored"), Architecture: types.ArchitectureValuesX8664, RootDeviceName: aws.String("/dev/xvda"),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: one.SnapshotId}}},
	}))
	if got := l.image(aws.ToString(out.ImageId)); got.State != types.ImageStateAvailable || aws.ToInt32(got.BlockDeviceMappings[0].Ebs.VolumeSize) != 8 {
		t.Errorf("got %+v, want it available with the snapshot's size", got)
	}
	must[*ec2.DeleteSnapshotOutput](l)(l.ec2.DeleteSnapshot(l.ctx, &ec2.DeleteSnapshotInput{SnapshotId: set.Snapshots[0].SnapshotId}))
	_, err = l.ec2.DescribeSnapshots(l.ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{*set.Snapshots[0].SnapshotId}})
	wantCode(t, err, "InvalidSnapshot.NotFound")
}

func TestTemplatesAreListedAndDeleted(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.full()
	list := func(in *ec2.DescribeLaunchTemplatesInput) int {
		return len(must[*ec2.DescribeLaunchTemplatesOutput](l)(l.ec2.DescribeLaunchTemplates(l.ctx, in)).LaunchTemplates)
	}
	named := &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"full"}}
	if all, one := list(&ec2.DescribeLaunchTemplatesInput{}), list(named); all != 2 || one != 1 {
		t.Errorf("got %d templates and %d by name, want 2 and 1", all, one)
	}
	must[*ec2.DeleteLaunchTemplateOutput](l)(l.ec2.DeleteLaunchTemplate(l.ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("full")}))
	_, err := l.ec2.DescribeLaunchTemplates(l.ctx, named)
	wantCode(t, err, "InvalidLaunchTemplateName.NotFoundException")
	_, err = l.ec2.CreateLaunchTemplate(l.ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{}})
	wantCode(t, err, "MissingParameter")
	_, err = l.ec2.CreateLaunchTemplate(l.ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{KeyName: aws.String("ops")}})
	wantCode(t, err, "InvalidLaunchTemplateName.AlreadyExistsException")
}

func TestTargetsAreRegisteredByHand(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	arn := aws.String(l.fleet.AddTargetGroup("shop"))
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage})
	if err != nil {
		t.Fatal(err)
	}
	groups := must[*elb.DescribeTargetGroupsOutput](l)(l.elb.DescribeTargetGroups(l.ctx, &elb.DescribeTargetGroupsInput{Names: []string{"shop"}}))
	balancers := must[*elb.DescribeLoadBalancersOutput](l)(l.elb.DescribeLoadBalancers(l.ctx, &elb.DescribeLoadBalancersInput{}))
	if aws.ToString(balancers.LoadBalancers[0].LoadBalancerArn) != groups.TargetGroups[0].LoadBalancerArns[0] {
		t.Errorf("got %+v, want the group behind the load balancer", groups.TargetGroups[0])
	}
	targets := []elbtypes.TargetDescription{{Id: &pet}}
	must[*elb.RegisterTargetsOutput](l)(l.elb.RegisterTargets(l.ctx, &elb.RegisterTargetsInput{TargetGroupArn: arn, Targets: targets}))
	health := func() elbtypes.TargetHealth {
		out := must[*elb.DescribeTargetHealthOutput](l)(l.elb.DescribeTargetHealth(l.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: arn, Targets: targets}))
		return *out.TargetHealthDescriptions[0].TargetHealth
	}
	l.clock.push(time.Minute)
	if got := health(); got.State != elbtypes.TargetHealthStateEnumHealthy {
		t.Errorf("got %s, want healthy", got.State)
	}
	l.cloud.Crash(pet, awssim.CrashApplication)
	if got := health(); got.State != elbtypes.TargetHealthStateEnumUnhealthy || got.Reason != elbtypes.TargetHealthReasonEnumTimeout {
		t.Errorf("got %s %s, want a timeout", got.State, got.Reason)
	}
	must[*elb.DeregisterTargetsOutput](l)(l.elb.DeregisterTargets(l.ctx, &elb.DeregisterTargetsInput{TargetGroupArn: arn, Targets: targets}))
	l.clock.push(time.Minute)
	if got := health(); got.Reason != elbtypes.TargetHealthReasonEnumNotRegistered {
		t.Errorf("got %s, want not registered", got.Reason)
	}
	_, err = l.elb.RegisterTargets(l.ctx, &elb.RegisterTargetsInput{TargetGroupArn: arn, Targets: []elbtypes.TargetDescription{{Id: aws.String("i-0dead")}}})
	wantCode(t, err, "InvalidTarget")
	_, err = l.elb.DescribeTargetHealth(l.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String("arn:none")})
	wantCode(t, err, "TargetGroupNotFound")
}

func TestALongPushOfTheClockIsQuick(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(100)
	l.start(to("2"), nil)
	l.processes(true, "InstanceRefresh")
	l.clock.push(13 * 24 * time.Hour)
	l.processes(false, "InstanceRefresh")
	l.clock.push(5 * time.Hour)
	l.wantImages(0, 100)
	l.cloud.SpoilImage(newImage, awssim.SpoiledFails)
	l.desire(110)
	l.clock.push(7 * 24 * time.Hour)
	if got := l.members()["InService"]; got != 100 {
		t.Errorf("got %d in service, want the 100 from before", got)
	}
}
