package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// targetGroupsPage is the largest page of target groups.
const targetGroupsPage = 400

// TargetGroups returns the target groups with those names or ARNs, or all of the region when none is named. One that
// does not exist fails the call with fleet.Absent.
func (c *Client) TargetGroups(ctx context.Context, names ...string) ([]fleet.TargetGroup, error) {
	if len(names) == 0 {
		return c.targetGroups(ctx, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(targetGroupsPage)})
	}
	var arns, plain []string
	for _, name := range names {
		if strings.HasPrefix(name, "arn:") {
			arns = append(arns, name)
		} else {
			plain = append(plain, name)
		}
	}
	var all []fleet.TargetGroup
	for some := range slices.Chunk(plain, targetGroupsPerCall) {
		found, err := c.targetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: some})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	for some := range slices.Chunk(arns, targetGroupsPerCall) {
		found, err := c.targetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: some})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (c *Client) targetGroups(ctx context.Context, in *elb.DescribeTargetGroupsInput) ([]fleet.TargetGroup, error) {
	var all []fleet.TargetGroup
	for page, err := range pages(ctx, elb.NewDescribeTargetGroupsPaginator(c.balancer, in)) {
		if err != nil {
			return nil, err
		}
		for _, t := range page.TargetGroups {
			all = append(all, fleet.TargetGroup{
				Name: aws.ToString(t.TargetGroupName),
				ARN:  aws.ToString(t.TargetGroupArn),
				VPC:  aws.ToString(t.VpcId),
				Type: string(t.TargetType),
			})
		}
	}
	return all, nil
}
