package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// bake makes an image of a pet and returns both.
func (l *lab) bake(name string) (image, pet string) {
	l.Helper()
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage})
	if err != nil {
		l.Fatal(err)
	}
	out := must[*ec2.CreateImageOutput](l)(l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{
		InstanceId: &pet, Name: &name, NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeImage, Tags: []types.Tag{{Key: aws.String("by"), Value: aws.String("amiral")}}}},
	}))
	return aws.ToString(out.ImageId), pet
}

func (l *lab) image(id string) types.Image {
	l.Helper()
	out := must[*ec2.DescribeImagesOutput](l)(l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}, IncludeDisabled: aws.Bool(true)}))
	return out.Images[0]
}

func TestImagesBecomeAvailable(t *testing.T) {
	l := newLab(t, awssim.Options{ImageFor: 4 * time.Minute})
	l.web(1)
	id, pet := l.bake("web-3")
	if got := l.image(id); got.State != types.ImageStatePending || aws.ToString(got.SourceInstanceId) != pet || len(got.Tags) != 1 {
		t.Fatalf("got %+v, want it pending, with source and tag", got)
	}
	_, err := l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("web-3")})
	wantCode(t, err, "InvalidAMIName.Duplicate")
	_, err = l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: &pet, Name: aws.String("x")})
	wantCode(t, err, "InvalidAMIName.Malformed")
	_, err = l.ec2.RunInstances(l.ctx, &ec2.RunInstancesInput{ImageId: &id, MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	wantCode(t, err, "InvalidAMIID.Unavailable")

	progress := func() string {
		out := must[*ec2.DescribeSnapshotsOutput](l)(l.ec2.DescribeSnapshots(l.ctx, &ec2.DescribeSnapshotsInput{
			Filters: []types.Filter{{Name: aws.String("description"), Values: []string{"*" + id + "*"}}},
		}))
		return aws.ToString(out.Snapshots[0].Progress)
	}
	l.clock.push(time.Minute)
	if got := progress(); got != "25%" {
		t.Errorf("got progress %s after a quarter of the time, want 25%%", got)
	}
	l.clock.push(3 * time.Minute)
	if got := l.image(id).State; got != types.ImageStateAvailable || progress() != "100%" {
		t.Errorf("got %s at %s, want it available", got, progress())
	}
}

func TestImagesThatDoNotSucceed(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultImageStuck, Times: 1})
	stuck, _ := l.bake("stuck")
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultImageFailed, Times: 1})
	failed, _ := l.bake("failed")
	fine, _ := l.bake("fine")
	l.clock.push(24 * time.Hour)
	if got := l.image(stuck).State; got != types.ImageStatePending {
		t.Errorf("got %s, want it pending for ever", got)
	}
	if got := l.image(failed); got.State != types.ImageStateFailed || aws.ToString(got.StateReason.Message) == "" {
		t.Errorf("got %s, want it failed with a reason", got.State)
	}
	if got := l.image(fine).State; got != types.ImageStateAvailable {
		t.Errorf("got %s, want it available", got)
	}
}

func TestImagesRetire(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	id := aws.String(newImage)
	shown := func(disabled bool) int {
		out := must[*ec2.DescribeImagesOutput](l)(l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{
			Owners: []string{"self"}, IncludeDisabled: &disabled,
			Filters: []types.Filter{{Name: aws.String("name"), Values: []string{"web-2"}}},
		}))
		return len(out.Images)
	}
	must[*ec2.EnableImageDeprecationOutput](l)(l.ec2.EnableImageDeprecation(l.ctx, &ec2.EnableImageDeprecationInput{
		ImageId: id, DeprecateAt: aws.Time(l.clock.Now().Add(90 * time.Minute))}))
	if got := aws.ToString(l.image(newImage).DeprecationTime); got != "2026-03-02T10:30:00.000Z" {
		t.Errorf("got deprecation at %s", got)
	}
	_, err := l.ec2.EnableImageDeprecation(l.ctx, &ec2.EnableImageDeprecationInput{ImageId: id, DeprecateAt: aws.Time(l.clock.Now().Add(-time.Hour))})
	wantCode(t, err, "InvalidParameterValue")
	must[*ec2.DisableImageOutput](l)(l.ec2.DisableImage(l.ctx, &ec2.DisableImageInput{ImageId: id}))
	if shown(false) != 0 || shown(true) != 1 {
		t.Errorf("a disabled image is shown %d times, and %d when asked for", shown(false), shown(true))
	}
	_, err = l.ec2.RunInstances(l.ctx, &ec2.RunInstancesInput{ImageId: id, MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	wantCode(t, err, "InvalidAMIID.Unavailable")
	must[*ec2.EnableImageOutput](l)(l.ec2.EnableImage(l.ctx, &ec2.EnableImageInput{ImageId: id}))

	snapshot := l.image(newImage).BlockDeviceMappings[0].Ebs.SnapshotId
	_, err = l.ec2.DeleteSnapshot(l.ctx, &ec2.DeleteSnapshotInput{SnapshotId: snapshot})
	wantCode(t, err, "InvalidSnapshot.InUse")
	out := must[*ec2.DeregisterImageOutput](l)(l.ec2.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: id, DeleteAssociatedSnapshots: aws.Bool(true)}))
	if r := out.DeleteSnapshotResults; len(r) != 1 || aws.ToString(r[0].SnapshotId) != aws.ToString(snapshot) || r[0].ReturnCode != types.SnapshotReturnCodesSuccess {
		t.Errorf("got %+v, want the snapshot deleted", r)
	}
	if got := l.image(newImage).State; got != types.ImageStateDeregistered {
		t.Errorf("got %s, want it deregistered for a while", got)
	}
	l.clock.push(5 * time.Minute)
	_, err = l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{ImageIds: []string{newImage}})
	wantCode(t, err, "InvalidAMIID.NotFound")
}

func TestImagesAreCopiedOnce(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	in := &ec2.CopyImageInput{Name: aws.String("copy"), SourceImageId: aws.String(oldImage), SourceRegion: aws.String("eu-west-1"), ClientToken: aws.String("copy")}
	ask := func() string {
		out := must[*ec2.CopyImageOutput](l)(l.ec2.CopyImage(l.ctx, in, func(o *ec2.Options) { o.Region = "eu-central-1" }))
		return aws.ToString(out.ImageId)
	}
	id := ask()
	if again := ask(); again != id {
		t.Errorf("got %s and %s for one token", id, again)
	}
	l.clock.push(time.Hour)
	got, ok := l.cloud.Region("eu-central-1").Image(id)
	if !ok || got.State != "available" || got.Name != "copy" {
		t.Errorf("got %+v, want the copy available in the other region", got)
	}
}

func TestBakingAMemberGetsItReplaced(t *testing.T) {
	for name, reboot := range map[string]bool{"with a reboot": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, awssim.Options{})
			l.web(2)
			member := l.group().Instances[0].InstanceId
			must[*ec2.CreateImageOutput](l)(l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{
				InstanceId: member, Name: aws.String("web-3"), NoReboot: aws.Bool(!reboot)}))
			l.clock.push(5 * time.Minute)
			kept := aws.ToString(l.group().Instances[0].InstanceId) == aws.ToString(member)
			if kept == reboot {
				t.Errorf("the member was kept: %t, want %t", kept, !reboot)
			}
		})
	}
}
