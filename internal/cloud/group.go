package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// groupsPage is the largest page that DescribeAutoScalingGroups gives.
const groupsPage = 100

// Group returns a group with its instances.
func (c *Client) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := c.group(ctx, name)
	if err != nil {
		return fleet.Group{}, err
	}
	return groupOf(g), nil
}

// Groups returns every group of the region.
func (c *Client) Groups(ctx context.Context) ([]fleet.Group, error) {
	in := &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(groupsPage)}
	var groups []fleet.Group
	for page, err := range pages(ctx, autoscaling.NewDescribeAutoScalingGroupsPaginator(c.groups, in)) {
		if err != nil {
			return nil, err
		}
		for _, g := range page.AutoScalingGroups {
			groups = append(groups, groupOf(g))
		}
	}
	return groups, nil
}

// GroupsNamed returns those of the groups that exist.
func (c *Client) GroupsNamed(ctx context.Context, names ...fleet.GroupName) ([]fleet.Group, error) {
	var groups []fleet.Group
	for some := range slices.Chunk(names, groupsPage) {
		in := &autoscaling.DescribeAutoScalingGroupsInput{
			AutoScalingGroupNames: texts(some),
			MaxRecords:            aws.Int32(groupsPage),
		}
		for page, err := range pages(ctx, autoscaling.NewDescribeAutoScalingGroupsPaginator(c.groups, in)) {
			if err != nil {
				return nil, err
			}
			for _, g := range page.AutoScalingGroups {
				groups = append(groups, groupOf(g))
			}
		}
	}
	return groups, nil
}

// group is the group in AWS's own terms.
func (c *Client) group(ctx context.Context, name fleet.GroupName) (asg.AutoScalingGroup, error) {
	out, err := c.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{string(name)},
	})
	if err != nil {
		return asg.AutoScalingGroup{}, failure(err)
	}
	for _, g := range out.AutoScalingGroups {
		if aws.ToString(g.AutoScalingGroupName) == string(name) {
			return g, nil
		}
	}
	return asg.AutoScalingGroup{}, absent("autoscaling:DescribeAutoScalingGroups", "NotFound",
		fmt.Sprintf("there is no Auto Scaling group %s", name))
}

func groupOf(g asg.AutoScalingGroup) fleet.Group {
	group := fleet.Group{
		Name:         fleet.GroupName(aws.ToString(g.AutoScalingGroupName)),
		ARN:          aws.ToString(g.AutoScalingGroupARN),
		Min:          number(g.MinSize),
		Max:          number(g.MaxSize),
		Desired:      number(g.DesiredCapacity),
		Template:     refOf(g.LaunchTemplate),
		Mixed:        mixedOf(g.MixedInstancesPolicy),
		TargetGroups: g.TargetGroupARNs,
		HealthCheck:  aws.ToString(g.HealthCheckType),
		Grace:        seconds(g.HealthCheckGracePeriod),
		Policies:     g.TerminationPolicies,
	}
	if zones := aws.ToString(g.VPCZoneIdentifier); zones != "" {
		group.Subnets = strings.Split(strings.ReplaceAll(zones, " ", ""), ",")
	}
	if n := g.DefaultInstanceWarmup; n != nil && *n >= 0 {
		warmup := seconds(n)
		group.Warmup = &warmup
	}
	if p := g.InstanceMaintenancePolicy; p != nil {
		group.MinHealthy, group.MaxHealthy = optional(p.MinHealthyPercentage), optional(p.MaxHealthyPercentage)
	}
	if g.Operator != nil {
		group.Operator = aws.ToString(g.Operator.Principal)
	}
	for _, i := range g.Instances {
		group.Instances = append(group.Instances, memberOf(i))
	}
	for _, p := range g.SuspendedProcesses {
		group.Suspended = append(group.Suspended, aws.ToString(p.ProcessName))
	}
	group.Tags = groupLabels(g.Tags)
	return group
}

func memberOf(i asg.Instance) fleet.Member {
	return fleet.Member{
		ID:        fleet.InstanceID(aws.ToString(i.InstanceId)),
		Type:      aws.ToString(i.InstanceType),
		Zone:      aws.ToString(i.AvailabilityZone),
		Lifecycle: string(i.LifecycleState),
		Health:    aws.ToString(i.HealthStatus),
		Template:  refOf(i.LaunchTemplate),
		Protected: aws.ToBool(i.ProtectedFromScaleIn),
	}
}

func groupLabels(tags []asg.TagDescription) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

// refOf reads where a group, an instance or a policy says what it launches from.
func refOf(s *asg.LaunchTemplateSpecification) fleet.TemplateRef {
	if s == nil {
		return fleet.TemplateRef{}
	}
	return fleet.TemplateRef{
		ID:      fleet.TemplateID(aws.ToString(s.LaunchTemplateId)),
		Name:    aws.ToString(s.LaunchTemplateName),
		Version: aws.ToString(s.Version),
	}
}
