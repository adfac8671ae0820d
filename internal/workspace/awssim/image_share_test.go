package awssim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const neighbour = "210987654321"

// as speaks for another account.
func (l *lab) as(account string) *ec2.Client {
	options := l.ec2.Options()
	config := l.config(nil, account)
	return ec2.NewFromConfig(config, func(o *ec2.Options) { o.HTTPClient = options.HTTPClient })
}

func (l *lab) share(in *ec2.ModifyImageAttributeInput) {
	l.Helper()
	in.ImageId = aws.String(newImage)
	must[*ec2.ModifyImageAttributeOutput](l)(l.ec2.ModifyImageAttribute(l.ctx, in))
}

func (l *lab) permissions() []types.LaunchPermission {
	l.Helper()
	return must[*ec2.DescribeImageAttributeOutput](l)(l.ec2.DescribeImageAttribute(l.ctx, &ec2.DescribeImageAttributeInput{
		ImageId: aws.String(newImage), Attribute: types.ImageAttributeNameLaunchPermission})).LaunchPermissions
}

func TestImagesAreSharedWithAccounts(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	other := l.as(neighbour)
	look := &ec2.DescribeImagesInput{ImageIds: []string{newImage}}
	launch := func() error {
		_, err := other.RunInstances(l.ctx, &ec2.RunInstancesInput{ImageId: aws.String(newImage), InstanceType: "t3.micro", MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
		return err
	}
	_, err := other.DescribeImages(l.ctx, look)
	wantCode(t, err, "InvalidAMIID.NotFound")
	wantCode(t, launch(), "InvalidAMIID.NotFound")

	with := []types.LaunchPermission{{UserId: aws.String(neighbour)}}
	l.share(&ec2.ModifyImageAttributeInput{LaunchPermission: &types.LaunchPermissionModifications{Add: with}})
	if got := l.permissions(); len(got) != 1 || aws.ToString(got[0].UserId) != neighbour {
		t.Fatalf("got %+v, want one permission", got)
	}
	out := must[*ec2.DescribeImagesOutput](l)(other.DescribeImages(l.ctx, &ec2.DescribeImagesInput{ExecutableUsers: []string{"self"}}))
	if len(out.Images) != 1 || aws.ToString(out.Images[0].OwnerId) != "123456789012" {
		t.Errorf("got %+v, want the image of its owner", out.Images)
	}
	if own := must[*ec2.DescribeImagesOutput](l)(other.DescribeImages(l.ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}})); len(own.Images) != 0 {
		t.Errorf("got %d own images, want none", len(own.Images))
	}
	if err := launch(); err != nil {
		t.Error(err)
	}
	_, err = other.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: aws.String(newImage)})
	wantCode(t, err, "AuthFailure")

	l.share(&ec2.ModifyImageAttributeInput{LaunchPermission: &types.LaunchPermissionModifications{Remove: with}})
	wantCode(t, launch(), "InvalidAMIID.NotFound")
}

func TestASharedImageIsCopiedToItsOwnAccount(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	other := l.as(neighbour)
	in := &ec2.CopyImageInput{Name: aws.String("mine"), SourceImageId: aws.String(newImage), SourceRegion: aws.String("eu-west-1"), CopyImageTags: aws.Bool(true), Encrypted: aws.Bool(true)}
	_, err := other.CopyImage(l.ctx, in)
	wantCode(t, err, "InvalidAMIID.NotFound")
	l.share(&ec2.ModifyImageAttributeInput{Attribute: aws.String("launchPermission"), OperationType: types.OperationTypeAdd, UserIds: []string{neighbour}})
	_, err = other.CopyImage(l.ctx, in)
	wantCode(t, err, "InvalidRequest") // to launch it is one thing, to read its snapshots another
	image := must[*ec2.DescribeImagesOutput](l)(l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{ImageIds: []string{newImage}})).Images[0]
	snapshot := image.BlockDeviceMappings[0].Ebs.SnapshotId
	must[*ec2.ModifySnapshotAttributeOutput](l)(l.ec2.ModifySnapshotAttribute(l.ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: snapshot,
		CreateVolumePermission: &types.CreateVolumePermissionModifications{Add: []types.CreateVolumePermission{{UserId: aws.String(neighbour)}}}}))
	readers := must[*ec2.DescribeSnapshotAttributeOutput](l)(l.ec2.DescribeSnapshotAttribute(l.ctx, &ec2.DescribeSnapshotAttributeInput{SnapshotId: snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission}))
	if all := readers.CreateVolumePermissions; len(all) != 1 || aws.ToString(all[0].UserId) != neighbour {
		t.Errorf("got readers %+v, want the neighbour", all)
	}
	id := must[*ec2.CopyImageOutput](l)(other.CopyImage(l.ctx, in)).ImageId
	l.clock.push(time.Hour)
	got := must[*ec2.DescribeImagesOutput](l)(other.DescribeImages(l.ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}})).Images
	if len(got) != 1 || aws.ToString(got[0].ImageId) != aws.ToString(id) || got[0].State != types.ImageStateAvailable || !aws.ToBool(got[0].BlockDeviceMappings[0].Ebs.Encrypted) {
		t.Errorf("got %+v, want an encrypted copy", got)
	}
}

func TestLaunchPermissionsHaveRules(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	modify := func(in *ec2.ModifyImageAttributeInput) error {
		in.ImageId = aws.String(newImage)
		_, err := l.ec2.ModifyImageAttribute(l.ctx, in)
		return err
	}
	wantCode(t, modify(&ec2.ModifyImageAttributeInput{}), "InvalidParameterCombination")
	add := func(who types.LaunchPermission) *types.LaunchPermissionModifications {
		return &types.LaunchPermissionModifications{Add: []types.LaunchPermission{who}}
	}
	wantCode(t, modify(&ec2.ModifyImageAttributeInput{LaunchPermission: add(types.LaunchPermission{UserId: aws.String("bob")})}), "InvalidAMIAttributeItemValue")
	l.share(&ec2.ModifyImageAttributeInput{LaunchPermission: add(types.LaunchPermission{Group: types.PermissionGroupAll})})
	if !aws.ToBool(l.image(newImage).Public) {
		t.Error("the image is not public")
	}
	l.share(&ec2.ModifyImageAttributeInput{Description: &types.AttributeValue{Value: aws.String("for the web")}})
	if got := aws.ToString(l.image(newImage).Description); got != "for the web" {
		t.Errorf("got description %q", got)
	}
	l.share(&ec2.ModifyImageAttributeInput{LaunchPermission: add(types.LaunchPermission{UserId: aws.String(neighbour)})})
	must[*ec2.DisableImageOutput](l)(l.ec2.DisableImage(l.ctx, &ec2.DisableImageInput{ImageId: aws.String(newImage)}))
	must[*ec2.EnableImageOutput](l)(l.ec2.EnableImage(l.ctx, &ec2.EnableImageInput{ImageId: aws.String(newImage)}))
	if got := l.permissions(); len(got) != 0 {
		t.Errorf("got %+v, want a disabled image to lose its permissions for good", got)
	}
}

func TestReferencesFindWhoUsesAnImage(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.fleet.SetParameter("/golden/web", oldImage)
	refer := func(in *ec2.DescribeImageReferencesInput) []string {
		in.ImageIds = []string{oldImage}
		var kinds []string
		pages := ec2.NewDescribeImageReferencesPaginator(l.ec2, in)
		for pages.HasMorePages() {
			for _, r := range must[*ec2.DescribeImageReferencesOutput](l)(pages.NextPage(l.ctx)).ImageReferences {
				kinds = append(kinds, string(r.ResourceType))
			}
		}
		return kinds
	}
	if got, want := refer(&ec2.DescribeImageReferencesInput{IncludeAllResourceTypes: aws.Bool(true), MaxResults: aws.Int32(5)}),
		[]string{"ec2:Instance", "ec2:Instance", "ec2:LaunchTemplate", "ssm:Parameter"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range 10 {
		must[*ec2.CreateLaunchTemplateVersionOutput](l)(l.ec2.CreateLaunchTemplateVersion(l.ctx, &ec2.CreateLaunchTemplateVersionInput{
			LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(newImage)}}))
	}
	templates := types.ResourceTypeRequest{ResourceType: types.ImageReferenceResourceTypeEc2LaunchTemplate}
	if got := refer(&ec2.DescribeImageReferencesInput{ResourceTypes: []types.ResourceTypeRequest{templates}}); len(got) != 0 {
		t.Errorf("got %v, want the version that is too deep to be overlooked", got)
	}
	templates.ResourceTypeOptions = []types.ResourceTypeOption{{OptionName: types.ImageReferenceOptionNameVersionDepth, OptionValues: []string{"10000"}}}
	if got := refer(&ec2.DescribeImageReferencesInput{ResourceTypes: []types.ResourceTypeRequest{templates}}); len(got) != 1 {
		t.Errorf("got %v, want the template with all its versions looked at", got)
	}
	stopped := types.ResourceTypeRequest{ResourceType: types.ImageReferenceResourceTypeEc2Instance,
		ResourceTypeOptions: []types.ResourceTypeOption{{OptionName: types.ImageReferenceOptionNameStateName, OptionValues: []string{"stopped"}}}}
	if got := refer(&ec2.DescribeImageReferencesInput{ResourceTypes: []types.ResourceTypeRequest{stopped}}); len(got) != 0 {
		t.Errorf("got %v, want no stopped instances", got)
	}
	_, err := l.ec2.DescribeImageReferences(l.ctx, &ec2.DescribeImageReferencesInput{ImageIds: []string{oldImage}})
	wantCode(t, err, "MissingParameter")
	_, err = l.ec2.DescribeImageReferences(l.ctx, &ec2.DescribeImageReferencesInput{ImageIds: make([]string, 11), IncludeAllResourceTypes: aws.Bool(true)})
	wantCode(t, err, "InvalidParameterValue")
}

func TestProtectionOutlivesItsLifting(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	id := aws.String(newImage)
	must[*ec2.EnableImageDeregistrationProtectionOutput](l)(l.ec2.EnableImageDeregistrationProtection(l.ctx,
		&ec2.EnableImageDeregistrationProtectionInput{ImageId: id, WithCooldown: aws.Bool(true)}))
	retire := func() error {
		_, err := l.ec2.DeregisterImage(l.ctx, &ec2.DeregisterImageInput{ImageId: id})
		return err
	}
	wantCode(t, retire(), "OperationNotPermitted")
	must[*ec2.DisableImageDeregistrationProtectionOutput](l)(l.ec2.DisableImageDeregistrationProtection(l.ctx,
		&ec2.DisableImageDeregistrationProtectionInput{ImageId: id}))
	wantCode(t, retire(), "OperationNotPermitted")
	l.clock.push(24 * time.Hour)
	if err := retire(); err != nil {
		t.Error(err)
	}
}
