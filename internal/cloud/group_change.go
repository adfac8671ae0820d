package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// CreateGroup makes an Auto Scaling group. There is no client token for it: when a group has the name, perhaps from an
// earlier attempt, the error is fleet.Exists.
func (c *Client) CreateGroup(ctx context.Context, order fleet.GroupOrder) error {
	if !order.Template.Numeric() {
		return rejected("autoscaling:CreateAutoScalingGroup", fmt.Sprintf(
			"the template's version %q is not a number, so a rollout of the group could not be rolled back", order.Template.Version))
	}
	_, err := c.groups.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName:   aws.String(string(order.Name)),
		LaunchTemplate:         specOf(order.Template),
		MinSize:                aws.Int32(int32(order.Min)),
		MaxSize:                aws.Int32(int32(order.Max)),
		DesiredCapacity:        aws.Int32(int32(order.Desired)),
		VPCZoneIdentifier:      given(strings.Join(order.Subnets, ",")),
		TargetGroupARNs:        order.TargetGroups,
		HealthCheckType:        given(order.HealthCheck),
		HealthCheckGracePeriod: inSeconds(order.Grace),
		DefaultInstanceWarmup:  inSeconds(order.Warmup),
		Tags:                   groupTags(order.Name, order.Tags),
	})
	return failure(err)
}

// groupTags are the group's tags, which its instances get, too.
func groupTags(group fleet.GroupName, tags map[string]string) []asg.Tag {
	var list []asg.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, asg.Tag{
			ResourceId:        aws.String(string(group)),
			ResourceType:      aws.String("auto-scaling-group"),
			Key:               aws.String(key),
			Value:             aws.String(tags[key]),
			PropagateAtLaunch: aws.Bool(true),
		})
	}
	return list
}

// UpdateGroup changes what the order says and nothing else. Doing it twice is harmless: numbers are absolute. A
// template is for new launches alone; a group with a mixed instances policy keeps its policy, at the new version.
func (c *Client) UpdateGroup(ctx context.Context, order fleet.GroupChange) error {
	in := &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(string(order.Group)),
		MinSize:              absolute(order.Min),
		MaxSize:              absolute(order.Max),
		DesiredCapacity:      absolute(order.Desired),
	}
	if order.Template != nil {
		if err := c.attach(ctx, *order.Template, in); err != nil {
			return err
		}
	}
	_, err := c.groups.UpdateAutoScalingGroup(ctx, in)
	return failure(err)
}

func (c *Client) attach(ctx context.Context, template fleet.TemplateRef, in *autoscaling.UpdateAutoScalingGroupInput) error {
	if !template.Numeric() {
		return rejected("autoscaling:UpdateAutoScalingGroup", fmt.Sprintf(
			"the template's version %q is not a number, so a rollout of the group could not be rolled back", template.Version))
	}
	group, err := c.group(ctx, fleet.GroupName(aws.ToString(in.AutoScalingGroupName)))
	if err != nil {
		return err
	}
	wanted := desired(group, template, "")
	in.LaunchTemplate, in.MixedInstancesPolicy = wanted.LaunchTemplate, wanted.MixedInstancesPolicy
	return nil
}

// absolute is a number to send, or none.
func absolute(n *int) *int32 {
	if n == nil {
		return nil
	}
	return aws.Int32(int32(*n))
}

// DeleteGroup deletes a group, with its instances when it is forced. Without, a group that still has instances is
// fleet.Busy.
func (c *Client) DeleteGroup(ctx context.Context, name fleet.GroupName, force bool) error {
	_, err := c.groups.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(string(name)),
		ForceDelete:          aws.Bool(force),
	})
	return failure(err)
}
