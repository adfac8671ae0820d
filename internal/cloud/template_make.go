package cloud

import (
	"cmp"
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// CreateTemplate makes a launch template from the spec, or from a live server with the spec over it, and returns it
// with AWS's warnings. What only that one server can have is left behind: its addresses, its network interface, its
// subnet and zone; a subnet of the spec puts one back. Making it twice with one token makes one template; when another
// has the name, the error is fleet.Exists.
func (c *Client) CreateTemplate(ctx context.Context, order fleet.TemplateOrder) (fleet.Template, []string, error) {
	if order.Token == "" {
		return fleet.Template{}, nil, rejected("ec2:CreateLaunchTemplate", "the order has no client token")
	}
	data, err := c.templateData(ctx, order)
	if err != nil {
		return fleet.Template{}, nil, err
	}
	out, err := c.machines.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(order.Name),
		LaunchTemplateData: data,
		VersionDescription: given(order.Description),
		ClientToken:        aws.String(order.Token),
		TagSpecifications:  tagged(order.Tags, types.ResourceTypeLaunchTemplate),
	})
	if err != nil {
		return fleet.Template{}, nil, failure(err)
	}
	var made types.LaunchTemplate
	if out.LaunchTemplate != nil {
		made = *out.LaunchTemplate
	}
	return templateOf(made), warningsOf(out.Warning), nil
}

func (c *Client) templateData(ctx context.Context, order fleet.TemplateOrder) (*types.RequestLaunchTemplateData, error) {
	data := &types.RequestLaunchTemplateData{}
	if order.From != "" {
		live, err := c.liveData(ctx, order.From)
		if err != nil {
			return nil, err
		}
		data = request(live)
		generalize(data)
		if order.Spec.Type != "" && order.Spec.Type != string(data.InstanceType) {
			data.CpuOptions = nil // cores and threads that another type may not have
		}
	}
	return data, lay(order.Spec, data, "ec2:CreateLaunchTemplate")
}

// CreateTemplateVersion makes a version that differs from its source in what the order says alone, and returns it with
// AWS's warnings. Snapshots named in the source's block devices are left out by AWS, so that the image's own are used.
// Making it twice with one token makes one version.
func (c *Client) CreateTemplateVersion(
	ctx context.Context, order fleet.NewVersion,
) (fleet.TemplateVersion, []string, error) {
	order.Change.Image = cmp.Or(order.Image, order.Change.Image)
	if err := check(order); err != nil {
		return fleet.TemplateVersion{}, nil, err
	}
	in := &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId:   aws.String(string(order.Template)),
		SourceVersion:      aws.String(strconv.FormatInt(order.Source, 10)),
		VersionDescription: given(order.Description),
		ClientToken:        aws.String(order.Token),
	}
	if err := c.change(ctx, order, in); err != nil {
		return fleet.TemplateVersion{}, nil, err
	}
	out, err := c.machines.CreateLaunchTemplateVersion(ctx, in)
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
	case order.Change.Image.IsParameter():
		return rejected(call, "the image is not an AMI id")
	case unset(order.Change):
		return rejected(call, "the order changes nothing")
	}
	return nil
}

func unset(s fleet.LaunchSpec) bool {
	return s.Image == "" && s.UserData == nil && s.Key == "" && s.Profile == "" && !intertwined(s)
}

// intertwined reports whether the spec sets fields whose new values depend on what the source says.
func intertwined(s fleet.LaunchSpec) bool {
	return s.Type != "" || s.Subnet != "" || len(s.SecurityGroups) > 0 || len(s.Tags) > 0
}

// change fills in the fields that the new version takes instead of its source's. AWS merges at the top level only, so
// where a field is half changed the source is read and the field sent whole; and it cannot take a field away, so where
// one has to go everything is sent and no source.
func (c *Client) change(ctx context.Context, order fleet.NewVersion, in *ec2.CreateLaunchTemplateVersionInput) error {
	const call = "ec2:CreateLaunchTemplateVersion"
	in.LaunchTemplateData = &types.RequestLaunchTemplateData{}
	if !intertwined(order.Change) {
		return lay(order.Change, in.LaunchTemplateData, call)
	}
	source, err := c.version(ctx, fleet.TemplateRef{ID: order.Template, Version: aws.ToString(in.SourceVersion)})
	if err != nil {
		return err
	}
	before, after := request(source.LaunchTemplateData), request(source.LaunchTemplateData)
	if err := lay(order.Change, after, call); err != nil {
		return err
	}
	if loses(before, after) {
		in.SourceVersion, in.LaunchTemplateData = nil, after
		return nil
	}
	in.LaunchTemplateData = changed(order.Change, after)
	return nil
}

// loses reports whether a field of the source has to go.
func loses(before, after *types.RequestLaunchTemplateData) bool {
	return len(before.SecurityGroupIds) > 0 && len(after.SecurityGroupIds) == 0 ||
		len(before.SecurityGroups) > 0 && len(after.SecurityGroups) == 0 ||
		before.InstanceRequirements != nil && after.InstanceRequirements == nil
}

// changed are the fields of the data that the spec had a part in.
func changed(s fleet.LaunchSpec, d *types.RequestLaunchTemplateData) *types.RequestLaunchTemplateData {
	some := &types.RequestLaunchTemplateData{}
	if s.Image != "" {
		some.ImageId = d.ImageId
	}
	if s.Type != "" {
		some.InstanceType = d.InstanceType
	}
	if s.Key != "" {
		some.KeyName = d.KeyName
	}
	if s.Profile != "" {
		some.IamInstanceProfile = d.IamInstanceProfile
	}
	if s.UserData != nil {
		some.UserData = d.UserData
	}
	if s.Subnet != "" || len(s.SecurityGroups) > 0 {
		some.NetworkInterfaces, some.SecurityGroupIds = d.NetworkInterfaces, d.SecurityGroupIds
	}
	if len(s.Tags) > 0 {
		some.TagSpecifications = d.TagSpecifications
	}
	return some
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
