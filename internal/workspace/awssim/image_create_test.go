package awssim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const bigImage = "ami-00000000000000009"

// pet adds an instance with a root volume of 8 GiB and a data volume of 72.
func (l *lab) pet() string {
	l.Helper()
	l.fleet.AddImage(awssim.Image{ID: bigImage, Name: "big", DataSize: 72})
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: bigImage})
	if err != nil {
		l.Fatal(err)
	}
	return pet
}

func (l *lab) create(in *ec2.CreateImageInput) string {
	l.Helper()
	return aws.ToString(must[*ec2.CreateImageOutput](l)(l.ec2.CreateImage(l.ctx, in)).ImageId)
}

func (l *lab) snapshots(image string) map[int32]types.Snapshot {
	l.Helper()
	out := must[*ec2.DescribeSnapshotsOutput](l)(l.ec2.DescribeSnapshots(l.ctx, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"}, Filters: []types.Filter{{Name: aws.String("description"), Values: []string{"*" + image + "*"}}}}))
	bySize := map[int32]types.Snapshot{}
	for _, s := range out.Snapshots {
		bySize[aws.ToInt32(s.VolumeSize)] = s
	}
	return bySize
}

func TestALargeVolumeKeepsTheImageWaiting(t *testing.T) {
	l := newLab(t, awssim.Options{ImageFor: 4 * time.Minute})
	pet := l.pet()
	first := l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("big-1"), NoReboot: aws.Bool(true)})
	l.clock.push(4 * time.Minute)
	got := l.snapshots(first)
	if aws.ToString(got[8].Progress) != "100%" || got[8].State != types.SnapshotStateCompleted || aws.ToString(got[72].Progress) != "50%" ||
		!strings.HasPrefix(aws.ToString(got[8].Description), "Created by CreateImage("+pet+") for "+first) {
		t.Errorf("got %+v, want the small one done and the large one half done", got)
	}
	if state := l.image(first).State; state != types.ImageStatePending {
		t.Errorf("got %s, want it pending until the large volume is done", state)
	}
	l.clock.push(4 * time.Minute)
	if state := l.image(first).State; state != types.ImageStateAvailable {
		t.Errorf("got %s, want it available", state)
	}
	again := l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("big-2"), NoReboot: aws.Bool(true)})
	l.clock.push(2 * time.Minute)
	if state := l.image(again).State; state != types.ImageStateAvailable {
		t.Errorf("got %s, want the second to be quicker, since it copies what changed only", state)
	}
}

func TestAFailedImageTellsWhy(t *testing.T) {
	l := newLab(t, awssim.Options{})
	pet := l.pet()
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultImageFailed, Times: 1, Code: "Client.InvalidKmsKey", Message: "The key is disabled."})
	id := l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("big-1"), NoReboot: aws.Bool(true)})
	l.clock.push(time.Hour)
	got := l.image(id)
	if got.State != types.ImageStateFailed || aws.ToString(got.StateReason.Code) != "Client.InvalidKmsKey" || aws.ToString(got.StateReason.Message) != "The key is disabled." {
		t.Errorf("got %s %+v, want it failed with the reason", got.State, got.StateReason)
	}
	if s := l.snapshots(id)[8]; s.State != types.SnapshotStateError || aws.ToString(s.StateMessage) != "The key is disabled." {
		t.Errorf("got %s %s, want the snapshot in error", s.State, aws.ToString(s.StateMessage))
	}
	l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("big-1")}) // the name of a failed image is free
}

func TestImagesTakeTheDisksThatAreAskedFor(t *testing.T) {
	l := newLab(t, awssim.Options{})
	pet := l.pet()
	disk := func(device string, ebs *types.EbsBlockDevice) types.BlockDeviceMapping {
		return types.BlockDeviceMapping{DeviceName: aws.String(device), Ebs: ebs}
	}
	without := types.BlockDeviceMapping{DeviceName: aws.String("/dev/xvdb"), NoDevice: aws.String("")}
	id := l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("lean"), NoReboot: aws.Bool(true), BlockDeviceMappings: []types.BlockDeviceMapping{
		without, disk("/dev/xvda", &types.EbsBlockDevice{DeleteOnTermination: aws.Bool(false)}), disk("/dev/xvdz", &types.EbsBlockDevice{VolumeSize: aws.Int32(5)}),
	}, TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{{Key: aws.String("of"), Value: aws.String("lean")}}}}})
	got := l.image(id).BlockDeviceMappings
	if len(got) != 2 || aws.ToBool(got[0].Ebs.DeleteOnTermination) || aws.ToString(got[1].DeviceName) != "/dev/xvdz" || aws.ToInt32(got[1].Ebs.VolumeSize) != 5 || got[1].Ebs.SnapshotId != nil {
		t.Errorf("got %+v, want the root volume kept on termination and an empty one added", got)
	}
	if s := l.snapshots(id)[8]; len(s.Tags) != 1 {
		t.Errorf("got tags %+v on the snapshot", s.Tags)
	}
	for name, in := range map[string]types.BlockDeviceMapping{
		"another size":    disk("/dev/xvda", &types.EbsBlockDevice{VolumeSize: aws.Int32(99)}),
		"encryption":      disk("/dev/xvda", &types.EbsBlockDevice{Encrypted: aws.Bool(true)}),
		"no root":         {DeviceName: aws.String("/dev/xvda"), NoDevice: aws.String("")},
		"nothing at all":  disk("/dev/xvdy", &types.EbsBlockDevice{DeleteOnTermination: aws.Bool(true)}),
		"unknown content": disk("/dev/xvdy", &types.EbsBlockDevice{SnapshotId: aws.String("snap-0dead")}),
	} {
		_, err := l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("other"), BlockDeviceMappings: []types.BlockDeviceMapping{in}})
		want := "InvalidBlockDeviceMapping"
		if name == "unknown content" {
			want = "InvalidSnapshot.NotFound"
		}
		t.Run(name, func(t *testing.T) { wantCode(t, err, want) })
	}
	_, err := l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("other"),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume}}})
	wantCode(t, err, "InvalidParameterValue")
	_, err = l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("other"), Description: aws.String(strings.Repeat("x", 256))})
	wantCode(t, err, "InvalidParameterValue")
	_, err = l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("other"), DryRun: aws.Bool(true)})
	wantCode(t, err, "DryRunOperation")
	_, err = l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: aws.String("i-0dead"), Name: aws.String("other")})
	wantCode(t, err, "InvalidInstanceID.NotFound")
}

func TestBakingWithARebootInterrupts(t *testing.T) {
	l := newLab(t, awssim.Options{})
	pet := l.pet()
	arn := aws.String(l.fleet.AddTargetGroup("shop"))
	must[*elb.RegisterTargetsOutput](l)(l.elb.RegisterTargets(l.ctx, &elb.RegisterTargetsInput{TargetGroupArn: arn, Targets: []elbtypes.TargetDescription{{Id: &pet}}}))
	l.clock.push(time.Minute)
	health := func() elbtypes.TargetHealthStateEnum {
		out := must[*elb.DescribeTargetHealthOutput](l)(l.elb.DescribeTargetHealth(l.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: arn}))
		return out.TargetHealthDescriptions[0].TargetHealth.State
	}
	if got := health(); got != elbtypes.TargetHealthStateEnumHealthy {
		t.Fatalf("got %s before the bake", got)
	}
	l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("quiet"), NoReboot: aws.Bool(true)})
	if got := health(); got != elbtypes.TargetHealthStateEnumHealthy {
		t.Errorf("got %s, want a bake without a reboot to go unnoticed", got)
	}
	l.create(&ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("loud")})
	if got := health(); got != elbtypes.TargetHealthStateEnumUnhealthy {
		t.Errorf("got %s, want nothing to answer during the reboot", got)
	}
	l.clock.push(2 * time.Minute)
	if got := health(); got != elbtypes.TargetHealthStateEnumHealthy {
		t.Errorf("got %s, want it to answer after the reboot", got)
	}
}

func TestTheCommandLineBakes(t *testing.T) {
	l := newLab(t, awssim.Options{})
	pet := l.pet()
	id := l.tool("aws", "ec2", "create-image", "--instance-id", pet, "--name", "cli-1", "--no-reboot", "--block-device-mappings",
		`[{"DeviceName":"/dev/xvdb","NoDevice":""}]`, "--tag-specifications", "ResourceType=image,Tags=[{Key=channel,Value=golden}]",
		"--query", "ImageId", "--output", "text")
	l.clock.push(time.Hour)
	if got := l.image(id); got.State != types.ImageStateAvailable || len(got.BlockDeviceMappings) != 1 || aws.ToString(got.Tags[0].Value) != "golden" {
		t.Errorf("got %+v, want it available with one disk and its tag", got)
	}
}
