package awssim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func run(token string) *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{
		LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("2")},
		MinCount:       aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: aws.String(token),
	}
}

func TestInstancesAge(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	out := must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, run("one")))
	i := out.Instances[0]
	if i.State.Name != types.InstanceStateNamePending || aws.ToString(i.ImageId) != newImage {
		t.Fatalf("got %s of %s, want pending of the template's image", i.State.Name, aws.ToString(i.ImageId))
	}
	ids := []string{aws.ToString(i.InstanceId)}
	state := func() types.Instance {
		out := must[*ec2.DescribeInstancesOutput](l)(l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{InstanceIds: ids}))
		return out.Reservations[0].Instances[0]
	}
	l.clock.push(30 * time.Second)
	if got := state(); got.State.Name != types.InstanceStateNameRunning || aws.ToString(got.PrivateIpAddress) == "" || len(got.BlockDeviceMappings) != 1 {
		t.Fatalf("got %+v, want it running with an address and a disk", got)
	}
	status := func() types.InstanceStatus {
		out := must[*ec2.DescribeInstanceStatusOutput](l)(l.ec2.DescribeInstanceStatus(l.ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: ids}))
		return out.InstanceStatuses[0]
	}
	if got := status().InstanceStatus.Status; got != types.SummaryStatusInitializing {
		t.Errorf("got %s, want initializing", got)
	}
	l.clock.push(time.Minute)
	if got := status().InstanceStatus.Status; got != types.SummaryStatusOk {
		t.Errorf("got %s, want ok", got)
	}
	l.cloud.Crash(ids[0], awssim.CrashSystem)
	if got := status().SystemStatus; got.Status != types.SummaryStatusImpaired || got.Details[0].ImpairedSince == nil {
		t.Errorf("got %+v, want impaired since now", got)
	}
	must[*ec2.StopInstancesOutput](l)(l.ec2.StopInstances(l.ctx, &ec2.StopInstancesInput{InstanceIds: ids}))
	l.clock.push(time.Minute)
	if got := state().State.Name; got != types.InstanceStateNameStopped {
		t.Fatalf("got %s, want stopped", got)
	}
	must[*ec2.StartInstancesOutput](l)(l.ec2.StartInstances(l.ctx, &ec2.StartInstancesInput{InstanceIds: ids}))
	l.clock.push(2 * time.Minute)
	if got := status(); got.SystemStatus.Status != types.SummaryStatusOk {
		t.Errorf("got %s after stop and start, want ok", got.SystemStatus.Status)
	}
	l.cloud.Crash(ids[0], awssim.CrashInstance)
	must[*ec2.RebootInstancesOutput](l)(l.ec2.RebootInstances(l.ctx, &ec2.RebootInstancesInput{InstanceIds: ids}))
	l.clock.push(2 * time.Minute)
	if got := status(); got.InstanceStatus.Status != types.SummaryStatusOk {
		t.Errorf("got %s after a reboot, want ok", got.InstanceStatus.Status)
	}
	must[*ec2.TerminateInstancesOutput](l)(l.ec2.TerminateInstances(l.ctx, &ec2.TerminateInstancesInput{InstanceIds: ids}))
	l.clock.push(time.Minute)
	if got := state(); got.State.Name != types.InstanceStateNameTerminated || got.StateReason == nil {
		t.Errorf("got %+v, want it terminated with a reason", got)
	}
	l.clock.push(time.Hour)
	_, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{InstanceIds: ids})
	wantCode(t, err, "InvalidInstanceID.NotFound")
}

func TestNewIDsAreNotFoundForAMoment(t *testing.T) {
	l := newLab(t, awssim.Options{NotFoundFor: time.Second})
	l.web(1)
	out := must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, run("one")))
	in := &ec2.DescribeInstancesInput{InstanceIds: []string{aws.ToString(out.Instances[0].InstanceId)}}
	_, err := l.ec2.DescribeInstances(l.ctx, in)
	wantCode(t, err, "InvalidInstanceID.NotFound")
	l.clock.push(time.Second)
	must[*ec2.DescribeInstancesOutput](l)(l.ec2.DescribeInstances(l.ctx, in))
}

func TestATokenRunsOnce(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	one := must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, run("once")))
	l.clock.push(time.Hour)
	again := must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, run("once")))
	if aws.ToString(one.Instances[0].InstanceId) != aws.ToString(again.Instances[0].InstanceId) {
		t.Error("the same token ran a second instance")
	}
	other := run("once")
	other.InstanceType = types.InstanceTypeM5Large
	_, err := l.ec2.RunInstances(l.ctx, other)
	wantCode(t, err, "IdempotentParameterMismatch")
}

func TestDryRunsChangeNothing(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	id := aws.ToString(l.group().Instances[0].InstanceId)
	before := fmt.Sprint(l.cloud.State().Groups, l.cloud.State().Images, l.cloud.State().Instances)
	yes := aws.Bool(true)
	dry := run("dry")
	dry.DryRun = yes
	for name, do := range map[string]func() error{
		"RunInstances": func() error { _, err := l.ec2.RunInstances(l.ctx, dry); return err },
		"TerminateInstances": func() error {
			_, err := l.ec2.TerminateInstances(l.ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}, DryRun: yes})
			return err
		},
		"StopInstances": func() error {
			_, err := l.ec2.StopInstances(l.ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}, DryRun: yes})
			return err
		},
		"RebootInstances": func() error {
			_, err := l.ec2.RebootInstances(l.ctx, &ec2.RebootInstancesInput{InstanceIds: []string{id}, DryRun: yes})
			return err
		},
		"CreateImage": func() error {
			_, err := l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &id, Name: aws.String("bake"), DryRun: yes})
			return err
		},
		"DeregisterImage": func() error {
			_, err := l.ec2.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: aws.String(newImage), DryRun: yes})
			return err
		},
		"DisableImage": func() error {
			_, err := l.ec2.DisableImage(l.ctx, &ec2.DisableImageInput{ImageId: aws.String(newImage), DryRun: yes})
			return err
		},
		"CreateTags": func() error {
			_, err := l.ec2.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: &id, Value: &id}}, DryRun: yes})
			return err
		},
		"CreateVersion": func() error {
			_, err := l.ec2.CreateLaunchTemplateVersion(l.ctx, &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(newImage)}, DryRun: yes})
			return err
		},
		"ModifyLaunchTemplate": func() error {
			_, err := l.ec2.ModifyLaunchTemplate(l.ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("2"), DryRun: yes})
			return err
		},
		"DescribeInstances": func() error {
			_, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{DryRun: yes})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, do(), "DryRunOperation") })
	}
	if after := fmt.Sprint(l.cloud.State().Groups, l.cloud.State().Images, l.cloud.State().Instances); after != before {
		t.Errorf("a dry run changed something:\n%s\n%s", before, after)
	}
	dry.LaunchTemplate.Version = aws.String("9")
	_, err := l.ec2.RunInstances(l.ctx, dry)
	wantCode(t, err, "InvalidLaunchTemplateId.VersionNotFound")
	l.cloud.Deny("ec2:RunInstances", "autoscaling:StartInstanceRefresh")
	_, err = l.ec2.RunInstances(l.ctx, dry)
	wantCode(t, err, "UnauthorizedOperation")
	wantCode(t, l.tryStart(to("2"), nil), "AccessDenied")
	l.cloud.Allow("autoscaling:StartInstanceRefresh")
	l.start(to("2"), nil)
}

func TestInstancesComeInPages(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(60)
	seen := map[string]bool{}
	p := ec2.NewDescribeInstancesPaginator(l.ec2, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(25)})
	pages := 0
	for p.HasMorePages() {
		out := must[*ec2.DescribeInstancesOutput](l)(p.NextPage(l.ctx))
		pages++
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				seen[aws.ToString(i.InstanceId)] = true
			}
		}
	}
	if pages != 3 || len(seen) != 60 {
		t.Errorf("got %d instances in %d pages, want 60 in 3", len(seen), pages)
	}
	for _, n := range []int32{4, 1001} {
		_, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(n)})
		wantCode(t, err, "InvalidParameterValue")
	}
	_, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}})
	wantCode(t, err, "InvalidParameterValue")
}

func TestInstancesOfOthersAreLeftAlone(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	id, err := l.fleet.AddInstance(awssim.Instance{Name: "theirs", Image: oldImage, Operator: "eks.amazonaws.com"})
	if err != nil {
		t.Fatal(err)
	}
	out := must[*ec2.DescribeInstancesOutput](l)(l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}}))
	if o := out.Reservations[0].Instances[0].Operator; !aws.ToBool(o.Managed) || aws.ToString(o.Principal) != "eks.amazonaws.com" {
		t.Errorf("got operator %+v", o)
	}
	_, err = l.ec2.StopInstances(l.ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}})
	wantCode(t, err, "OperationNotPermitted")
}

func TestImageMetadataOutlivesTheImage(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	must[*ec2.DeregisterImageOutput](l)(l.ec2.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: aws.String(oldImage)}))
	l.clock.push(time.Hour)
	out := must[*ec2.DescribeInstanceImageMetadataOutput](l)(l.ec2.DescribeInstanceImageMetadata(l.ctx, &ec2.DescribeInstanceImageMetadataInput{}))
	m := out.InstanceImageMetadata[0].ImageMetadata
	if aws.ToString(m.Name) != "web-1" || m.State != "deregistered" {
		t.Errorf("got %s %s, want web-1 deregistered", aws.ToString(m.Name), m.State)
	}
}

func TestVolumesMoveBetweenInstances(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	id, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage})
	if err != nil {
		t.Fatal(err)
	}
	v := must[*ec2.CreateVolumeOutput](l)(l.ec2.CreateVolume(l.ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("eu-west-1a"), Size: aws.Int32(20)}))
	attach := &ec2.AttachVolumeInput{Device: aws.String("/dev/sdf"), InstanceId: &id, VolumeId: v.VolumeId}
	_, err = l.ec2.AttachVolume(l.ctx, attach)
	wantCode(t, err, "IncorrectState")
	l.clock.push(5 * time.Second)
	must[*ec2.AttachVolumeOutput](l)(l.ec2.AttachVolume(l.ctx, attach))
	_, err = l.ec2.AttachVolume(l.ctx, attach)
	wantCode(t, err, "VolumeInUse")
	must[*ec2.DetachVolumeOutput](l)(l.ec2.DetachVolume(l.ctx, &ec2.DetachVolumeInput{VolumeId: v.VolumeId}))
	out := must[*ec2.DescribeVolumesOutput](l)(l.ec2.DescribeVolumes(l.ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{*v.VolumeId}}))
	if out.Volumes[0].State != types.VolumeStateAvailable {
		t.Errorf("got %s, want available", out.Volumes[0].State)
	}
}
