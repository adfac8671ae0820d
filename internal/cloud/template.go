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
	return templateOf(out.LaunchTemplates[0]), nil
}

// templatesPage is the largest page of launch templates and of their versions.
const templatesPage = 200

// Templates returns every launch template of the region.
func (c *Client) Templates(ctx context.Context) ([]fleet.Template, error) {
	in := &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(templatesPage)}
	var templates []fleet.Template
	for page, err := range pages(ctx, ec2.NewDescribeLaunchTemplatesPaginator(c.machines, in)) {
		if err != nil {
			return nil, err
		}
		for _, t := range page.LaunchTemplates {
			templates = append(templates, templateOf(t))
		}
	}
	return templates, nil
}

func templateOf(t types.LaunchTemplate) fleet.Template {
	return fleet.Template{
		ID:      fleet.TemplateID(aws.ToString(t.LaunchTemplateId)),
		Name:    aws.ToString(t.LaunchTemplateName),
		Default: aws.ToInt64(t.DefaultVersionNumber),
		Latest:  aws.ToInt64(t.LatestVersionNumber),
		Tags:    labels(t.Tags),
	}
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

// DeleteTemplate deletes a launch template with all its versions, also when groups use it.
func (c *Client) DeleteTemplate(ctx context.Context, id fleet.TemplateID) error {
	_, err := c.machines.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: aws.String(string(id))})
	return failure(err)
}
