package cloud

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Template returns a launch template without its versions. The reference's version does not matter.
func (c *Client) Template(ctx context.Context, ref fleet.TemplateRef) (fleet.Template, error) {
	in := &ec2.DescribeLaunchTemplatesInput{}
	if ref.ID != "" {
		in.LaunchTemplateIds = []string{string(ref.ID)}
	} else {
		in.LaunchTemplateNames = []string{ref.Name}
	}
	out, err := c.machines.DescribeLaunchTemplates(ctx, in)
	if err != nil {
		return fleet.Template{}, failure(err)
	}
	if len(out.LaunchTemplates) == 0 {
		return fleet.Template{}, absent("ec2:DescribeLaunchTemplates", "InvalidLaunchTemplateId.NotFound",
			fmt.Sprintf("there is no launch template %s%s", ref.ID, ref.Name))
	}
	t := out.LaunchTemplates[0]
	return fleet.Template{
		ID:      fleet.TemplateID(aws.ToString(t.LaunchTemplateId)),
		Name:    aws.ToString(t.LaunchTemplateName),
		Default: aws.ToInt64(t.DefaultVersionNumber),
		Latest:  aws.ToInt64(t.LatestVersionNumber),
		Tags:    labels(t.Tags),
	}, nil
}

// TemplateVersion returns the version that the reference names, the default one when it names none.
func (c *Client) TemplateVersion(ctx context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error) {
	v, err := c.version(ctx, ref)
	if err != nil {
		return fleet.TemplateVersion{}, err
	}
	return versionOf(v), nil
}

// version is the version in AWS's own terms.
func (c *Client) version(ctx context.Context, ref fleet.TemplateRef) (types.LaunchTemplateVersion, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{versionName(ref)}}
	if ref.ID != "" {
		in.LaunchTemplateId = aws.String(string(ref.ID))
	} else {
		in.LaunchTemplateName = given(ref.Name)
	}
	if in.LaunchTemplateId == nil && in.LaunchTemplateName == nil {
		return types.LaunchTemplateVersion{}, rejected("ec2:DescribeLaunchTemplateVersions", "no launch template is named")
	}
	out, err := c.machines.DescribeLaunchTemplateVersions(ctx, in)
	if err != nil {
		return types.LaunchTemplateVersion{}, failure(err)
	}
	if len(out.LaunchTemplateVersions) == 0 {
		return types.LaunchTemplateVersion{}, absent("ec2:DescribeLaunchTemplateVersions",
			"InvalidLaunchTemplateId.VersionNotFound",
			fmt.Sprintf("launch template %s%s has no version %s", ref.ID, ref.Name, versionName(ref)))
	}
	return out.LaunchTemplateVersions[0], nil
}

// versionName is the reference's version as AWS reads it.
func versionName(ref fleet.TemplateRef) string {
	if ref.Version == "" {
		return "$Default"
	}
	return ref.Version
}

// CreateTemplateVersion makes a version that differs from its source in the image alone, and returns
// it with AWS's warnings. Snapshots named in the source's block devices are left out by AWS, so that
// the image's own are used. Making it twice with one token makes one version.
func (c *Client) CreateTemplateVersion(
	ctx context.Context, order fleet.NewVersion,
) (fleet.TemplateVersion, []string, error) {
	if err := check(order); err != nil {
		return fleet.TemplateVersion{}, nil, err
	}
	out, err := c.machines.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId:   aws.String(string(order.Template)),
		SourceVersion:      aws.String(strconv.FormatInt(order.Source, 10)),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(string(order.Image))},
		VersionDescription: given(order.Description),
		ClientToken:        aws.String(order.Token),
	})
	if err != nil {
		return fleet.TemplateVersion{}, nil, failure(err)
	}
	var made types.LaunchTemplateVersion
	if out.LaunchTemplateVersion != nil {
		made = *out.LaunchTemplateVersion
	}
	return versionOf(made), warningsOf(out.Warning), nil
}

// check refuses orders that AWS would take and that would not mean what was reviewed.
func check(order fleet.NewVersion) error {
	const call = "ec2:CreateLaunchTemplateVersion"
	switch {
	case order.Token == "":
		return rejected(call, "the order has no client token")
	case order.Source <= 0:
		return rejected(call, "the source version is not a number")
	case order.Image == "" || order.Image.IsParameter():
		return rejected(call, "the image is not an AMI id")
	}
	return nil
}

// SetDefaultVersion makes a version the template's default. Doing it twice is harmless.
func (c *Client) SetDefaultVersion(ctx context.Context, id fleet.TemplateID, version int64, token string) error {
	if token == "" {
		return rejected("ec2:ModifyLaunchTemplate", "the order has no client token")
	}
	_, err := c.machines.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{
		LaunchTemplateId: aws.String(string(id)),
		DefaultVersion:   aws.String(strconv.FormatInt(version, 10)),
		ClientToken:      aws.String(token),
	})
	return failure(err)
}

func versionOf(v types.LaunchTemplateVersion) fleet.TemplateVersion {
	version := fleet.TemplateVersion{
		Template:    fleet.TemplateID(aws.ToString(v.LaunchTemplateId)),
		Name:        aws.ToString(v.LaunchTemplateName),
		Number:      aws.ToInt64(v.VersionNumber),
		Default:     aws.ToBool(v.DefaultVersion),
		Description: aws.ToString(v.VersionDescription),
		Created:     aws.ToTime(v.CreateTime),
		Fields:      flatten(v.LaunchTemplateData),
	}
	if data := v.LaunchTemplateData; data != nil {
		version.Image = fleet.ImageID(aws.ToString(data.ImageId))
		version.InstanceType = string(data.InstanceType)
	}
	return version
}

func warningsOf(w *types.ValidationWarning) []string {
	if w == nil {
		return nil
	}
	var warnings []string
	for _, e := range w.Errors {
		warnings = append(warnings, aws.ToString(e.Code)+": "+aws.ToString(e.Message))
	}
	return warnings
}
