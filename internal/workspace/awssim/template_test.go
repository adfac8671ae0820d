package awssim_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func (l *lab) versions(versions ...string) []types.LaunchTemplateVersion {
	l.Helper()
	out := must[*ec2.DescribeLaunchTemplateVersionsOutput](l)(l.ec2.DescribeLaunchTemplateVersions(l.ctx,
		&ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("full"), Versions: versions}))
	return out.LaunchTemplateVersions
}

// full creates a template with something of everything.
func (l *lab) full() {
	l.Helper()
	must[*ec2.CreateLaunchTemplateOutput](l)(l.ec2.CreateLaunchTemplate(l.ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("full"), VersionDescription: aws.String("first"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId: aws.String(oldImage), InstanceType: types.InstanceTypeM5Large, KeyName: aws.String("ops"), UserData: aws.String("aGk="),
			SecurityGroupIds:   []string{"sg-1", "sg-2"},
			IamInstanceProfile: &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String("web")},
			BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMappingRequest{{
				DeviceName: aws.String("/dev/xvda"), Ebs: &types.LaunchTemplateEbsBlockDeviceRequest{VolumeSize: aws.Int32(20), SnapshotId: aws.String("snap-1")},
			}},
			TagSpecifications: []types.LaunchTemplateTagSpecificationRequest{{
				ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
			}},
			MetadataOptions: &types.LaunchTemplateInstanceMetadataOptionsRequest{HttpTokens: types.LaunchTemplateHttpTokensStateRequired},
		},
	}))
}

func TestTemplateVersionsInheritFromTheirSource(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.full()
	in := &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateName: aws.String("full"), SourceVersion: aws.String("1"), ClientToken: aws.String("v2"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(newImage)},
	}
	out := must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, in))
	d := out.LaunchTemplateVersion.LaunchTemplateData
	if aws.ToString(d.ImageId) != newImage || aws.ToString(d.KeyName) != "ops" || len(d.SecurityGroupIds) != 2 ||
		aws.ToString(d.IamInstanceProfile.Name) != "web" || aws.ToString(d.TagSpecifications[0].Tags[0].Value) != "shop" ||
		aws.ToInt32(d.BlockDeviceMappings[0].Ebs.VolumeSize) != 20 {
		t.Errorf("got %+v, want the new image and all of the rest", d)
	}
	if d.BlockDeviceMappings[0].Ebs.SnapshotId != nil {
		t.Error("the snapshot of the source was inherited")
	}
	must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, in))
	if got := l.versions(); len(got) != 2 || aws.ToInt64(got[0].VersionNumber) != 2 {
		t.Fatalf("got %d versions, want 2, the newest first", len(got))
	}

	in.ClientToken, in.SourceVersion = aws.String("v3"), nil
	out = must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, in))
	if d := out.LaunchTemplateVersion.LaunchTemplateData; d.KeyName != nil || d.InstanceType != "" {
		t.Errorf("got %+v, want nothing but the image", d)
	}
	in.ClientToken = aws.String("v2")
	_, err := l.ec2.CreateLaunchTemplateVersion(l.ctx, in)
	wantCode(t, err, "IdempotentParameterMismatch")
}

func TestTemplateWarnsOfWhatItSaves(t *testing.T) {
	l := newLab(t, awssim.Options{})
	out := must[*ec2.CreateLaunchTemplateOutput](l)(l.ec2.CreateLaunchTemplate(l.ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("doubtful"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-0dead")},
	}))
	if out.Warning == nil || aws.ToString(out.Warning.Errors[0].Code) != "InvalidAMIID.NotFound" {
		t.Errorf("got warning %+v", out.Warning)
	}
}

func TestTemplateDefaultAndLatest(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.full()
	for range 2 {
		must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, &ec2.CreateLaunchTemplateVersionInput{
			LaunchTemplateName: aws.String("full"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(newImage)}}))
	}
	if got := l.versions("$Latest", "$Default"); aws.ToInt64(got[0].VersionNumber) != 3 || aws.ToInt64(got[1].VersionNumber) != 1 {
		t.Fatalf("got latest %d and default %d, want 3 and 1", aws.ToInt64(got[0].VersionNumber), aws.ToInt64(got[1].VersionNumber))
	}
	must[*ec2.ModifyLaunchTemplateOutput](l)(l.ec2.ModifyLaunchTemplate(l.ctx, &ec2.ModifyLaunchTemplateInput{
		LaunchTemplateName: aws.String("full"), DefaultVersion: aws.String("2")}))
	out := must[*ec2.DeleteLaunchTemplateVersionsOutput](l)(l.ec2.DeleteLaunchTemplateVersions(l.ctx, &ec2.DeleteLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String("full"), Versions: []string{"1", "2", "7"}}))
	if len(out.SuccessfullyDeletedLaunchTemplateVersions) != 1 || len(out.UnsuccessfullyDeletedLaunchTemplateVersions) != 2 {
		t.Errorf("got %d deleted and %d not, want the default and the unknown kept", len(out.SuccessfullyDeletedLaunchTemplateVersions), len(out.UnsuccessfullyDeletedLaunchTemplateVersions))
	}
	all := must[*ec2.DescribeLaunchTemplateVersionsOutput](l)(l.ec2.DescribeLaunchTemplateVersions(l.ctx,
		&ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Latest", "$Default"}}))
	if len(all.LaunchTemplateVersions) != 4 {
		t.Errorf("got %d versions over all templates, want two of each", len(all.LaunchTemplateVersions))
	}
	_, err := l.ec2.DescribeLaunchTemplateVersions(l.ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("full"), Versions: []string{"1"}})
	wantCode(t, err, "InvalidLaunchTemplateId.VersionNotFound")
	_, err = l.ec2.DescribeLaunchTemplateVersions(l.ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("none")})
	wantCode(t, err, "InvalidLaunchTemplateName.NotFoundException")
}

func TestTemplateResolvesParameters(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.fleet.SetParameter("/golden", newImage)
	l.fleet.AddTemplate(awssim.Template{Name: "full", Versions: []awssim.TemplateVersion{{Image: "resolve:ssm:/golden"}}})
	if got := aws.ToString(l.versions("1")[0].LaunchTemplateData.ImageId); got != "resolve:ssm:/golden" {
		t.Errorf("got %s, want it as it was written", got)
	}
	out := must[*ec2.DescribeLaunchTemplateVersionsOutput](l)(l.ec2.DescribeLaunchTemplateVersions(l.ctx,
		&ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: aws.String("full"), ResolveAlias: aws.Bool(true)}))
	if got := aws.ToString(out.LaunchTemplateVersions[0].LaunchTemplateData.ImageId); got != newImage {
		t.Errorf("got %s, want it resolved", got)
	}
	in := run("ssm")
	in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("full")}
	if got := must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, in)); aws.ToString(got.Instances[0].ImageId) != newImage {
		t.Errorf("got %s, want it resolved at launch", aws.ToString(got.Instances[0].ImageId))
	}
}

func TestTemplateFromALiveInstance(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	id, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage, Type: "m5.large"})
	if err != nil {
		t.Fatal(err)
	}
	out := must[*ec2.GetLaunchTemplateDataOutput](l)(l.ec2.GetLaunchTemplateData(l.ctx, &ec2.GetLaunchTemplateDataInput{InstanceId: &id}))
	if d := out.LaunchTemplateData; aws.ToString(d.ImageId) != oldImage || d.InstanceType != types.InstanceTypeM5Large {
		t.Errorf("got %+v", d)
	}
}

func TestTemplateVersionsComeInRangesAndPages(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.full()
	for range 9 {
		must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, &ec2.CreateLaunchTemplateVersionInput{
			LaunchTemplateName: aws.String("full"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(newImage)}}))
	}
	numbers := func(in *ec2.DescribeLaunchTemplateVersionsInput) (all []int64, pages int) {
		in.LaunchTemplateName = aws.String("full")
		for p := ec2.NewDescribeLaunchTemplateVersionsPaginator(l.ec2, in); p.HasMorePages(); pages++ {
			for _, v := range must[*ec2.DescribeLaunchTemplateVersionsOutput](l)(p.NextPage(l.ctx)).LaunchTemplateVersions {
				all = append(all, aws.ToInt64(v.VersionNumber))
			}
		}
		return all, pages
	}
	if got, pages := numbers(&ec2.DescribeLaunchTemplateVersionsInput{MinVersion: aws.String("4"), MaxVersion: aws.String("8"), MaxResults: aws.Int32(2)}); !slices.Equal(got, []int64{8, 7, 6, 5, 4}) || pages != 3 {
		t.Errorf("got %v on %d pages, want 8 to 4 on three", got, pages)
	}
	if got, _ := numbers(&ec2.DescribeLaunchTemplateVersionsInput{}); len(got) != 10 {
		t.Errorf("got %v, want all ten", got)
	}
	out := must[*ec2.DeleteLaunchTemplateVersionsOutput](l)(l.ec2.DeleteLaunchTemplateVersions(l.ctx, &ec2.DeleteLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String("full"), Versions: []string{"1", "10", "99"}}))
	kept := out.UnsuccessfullyDeletedLaunchTemplateVersions
	if len(kept) != 2 || kept[0].ResponseError.Code != types.LaunchTemplateErrorCodeUnexpectedError || kept[1].ResponseError.Code != types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist {
		t.Errorf("got %+v, want the default and the unknown kept, each with its reason", kept)
	}
	if got := l.versions("$Latest"); aws.ToInt64(got[0].VersionNumber) != 9 {
		t.Errorf("got latest %d after the newest was deleted, want 9", aws.ToInt64(got[0].VersionNumber))
	}
}
