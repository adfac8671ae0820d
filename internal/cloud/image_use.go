package cloud

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	// referencesPerCall is how many images DescribeImageReferences takes.
	referencesPerCall = 10
	// everyVersion is how deep AWS looks into a launch template at most. Its default sees a handful only.
	everyVersion = "10000"
	// usagePage is the largest page of a usage report.
	usagePage = 500
)

// ImageReferences returns what in the account refers to the images: instances in any state, versions of launch
// templates, parameters, recipes. Overrides in Auto Scaling groups and launch configurations are not among them.
func (c *Client) ImageReferences(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Reference, error) {
	var references []fleet.Reference
	for some := range slices.Chunk(ids, referencesPerCall) {
		in := &ec2.DescribeImageReferencesInput{
			ImageIds:                texts(some),
			IncludeAllResourceTypes: aws.Bool(true),
			ResourceTypes: []types.ResourceTypeRequest{{
				ResourceType: types.ImageReferenceResourceTypeEc2LaunchTemplate,
				ResourceTypeOptions: []types.ResourceTypeOption{
					{OptionName: types.ImageReferenceOptionNameVersionDepth, OptionValues: []string{everyVersion}},
				},
			}},
			MaxResults: aws.Int32(machinesPage),
		}
		for page, err := range pages(ctx, ec2.NewDescribeImageReferencesPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, r := range page.ImageReferences {
				references = append(references, referenceOf(r))
			}
		}
	}
	return references, nil
}

func referenceOf(r types.ImageReference) fleet.Reference {
	arn := aws.ToString(r.Arn)
	reference := fleet.Reference{
		Image: fleet.ImageID(aws.ToString(r.ImageId)),
		Type:  string(r.ResourceType),
		ARN:   arn,
	}
	if r.ResourceType == types.ImageReferenceResourceTypeEc2LaunchTemplate {
		reference.Version = versionIn(arn)
	}
	return reference
}

// versionIn reads a version from behind a launch template's id in an ARN; 0 when the ARN names the template alone.
func versionIn(arn string) int64 {
	_, name, _ := strings.Cut(arn, ":launch-template/")
	i := strings.LastIndexAny(name, ":/")
	if i < 0 {
		return 0
	}
	version, err := strconv.ParseInt(name[i+1:], 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// StartUsageReport asks AWS to count how other accounts use the image, which takes minutes. Asking twice with one
// token makes one report.
func (c *Client) StartUsageReport(ctx context.Context, id fleet.ImageID, token string) (report string, err error) {
	if token == "" {
		return "", rejected("ec2:CreateImageUsageReport", "the order has no client token")
	}
	out, err := c.machines.CreateImageUsageReport(ctx, &ec2.CreateImageUsageReportInput{
		ImageId:     aws.String(string(id)),
		ClientToken: aws.String(token),
		ResourceTypes: []types.ImageUsageResourceTypeRequest{
			{ResourceType: aws.String("ec2:Instance")},
			{
				ResourceType: aws.String("ec2:LaunchTemplate"),
				ResourceTypeOptions: []types.ImageUsageResourceTypeOptionRequest{
					{OptionName: aws.String("version-depth"), OptionValues: []string{everyVersion}},
				},
			},
		},
	})
	if err != nil {
		return "", failure(err)
	}
	return aws.ToString(out.ReportId), nil
}

// UsageReport returns how far a report is (pending, available, error) and, when it is available, what it says.
func (c *Client) UsageReport(ctx context.Context, report string) (state string, usage []fleet.Usage, err error) {
	out, err := c.machines.DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{ReportIds: []string{report}})
	if err != nil {
		return "", nil, failure(err)
	}
	if len(out.ImageUsageReports) == 0 {
		return "", nil, absent("ec2:DescribeImageUsageReports", "InvalidImageUsageReportId.NotFound",
			fmt.Sprintf("there is no usage report %s", report))
	}
	state = aws.ToString(out.ImageUsageReports[0].State)
	if state != "available" {
		return state, nil, nil
	}
	in := &ec2.DescribeImageUsageReportEntriesInput{ReportIds: []string{report}, MaxResults: aws.Int32(usagePage)}
	for page, err := range pages(ctx, ec2.NewDescribeImageUsageReportEntriesPaginator(c.machines, in)) {
		if err != nil {
			return "", nil, err
		}
		for _, e := range page.ImageUsageReportEntries {
			usage = append(usage, fleet.Usage{
				Account: aws.ToString(e.AccountId),
				Type:    aws.ToString(e.ResourceType),
				Count:   int(aws.ToInt64(e.UsageCount)),
			})
		}
	}
	return state, usage, nil
}
