package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// refreshesPage is how many refreshes DescribeInstanceRefreshes returns at most.
const refreshesPage = 100

// Refreshes returns the group's newest refreshes, at most a hundred, newest first.
func (c *Client) Refreshes(ctx context.Context, group fleet.GroupName) ([]fleet.Refresh, error) {
	out, err := c.groups.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: aws.String(string(group)),
		MaxRecords:           aws.Int32(refreshesPage),
	})
	if err != nil {
		return nil, failure(err)
	}
	refreshes := make([]fleet.Refresh, 0, len(out.InstanceRefreshes))
	for _, r := range out.InstanceRefreshes {
		refreshes = append(refreshes, refreshOf(r))
	}
	return refreshes, nil
}

// StartRefresh starts replacing the group's instances. It reads the group first: a group with a mixed
// instances policy is sent its whole policy back, at the ordered template version. There is no client
// token for it; when another refresh is active, which may be the one that an earlier attempt started,
// the error is fleet.InProgress.
func (c *Client) StartRefresh(ctx context.Context, order fleet.RefreshOrder) (fleet.RefreshID, error) {
	if !order.Template.Numeric() {
		return "", rejected("autoscaling:StartInstanceRefresh", fmt.Sprintf(
			"the template's version %q is not a number, so the refresh could not be rolled back", order.Template.Version))
	}
	group, err := c.group(ctx, order.Group)
	if err != nil {
		return "", err
	}
	if group.LaunchTemplate == nil && group.MixedInstancesPolicy == nil {
		return "", rejected("autoscaling:StartInstanceRefresh", fmt.Sprintf(
			"%s launches from a launch configuration, which a refresh would replace by the template", order.Group))
	}
	out, err := c.groups.StartInstanceRefresh(ctx, &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String(string(order.Group)),
		Strategy:             asg.RefreshStrategy(cmp.Or(order.Strategy, string(asg.RefreshStrategyRolling))),
		DesiredConfiguration: desired(group, order.Template, order.Image),
		Preferences:          preferences(order),
	})
	if err != nil {
		return "", failure(err)
	}
	return fleet.RefreshID(aws.ToString(out.InstanceRefreshId)), nil
}

// preferences sends every number, because the API's defaults differ from the console's, and an
// explicit 100 % maximum launches before it terminates where an omitted one may not.
func preferences(order fleet.RefreshOrder) *asg.RefreshPreferences {
	p := &asg.RefreshPreferences{
		MinHealthyPercentage:      aws.Int32(int32(order.MinHealthy)),
		MaxHealthyPercentage:      aws.Int32(int32(order.MaxHealthy)),
		BakeTime:                  inSeconds(order.Bake),
		AutoRollback:              aws.Bool(order.AutoRollback),
		SkipMatching:              aws.Bool(order.SkipMatching),
		StandbyInstances:          asg.StandbyInstancesIgnore,
		ScaleInProtectedInstances: asg.ScaleInProtectedInstancesIgnore,
	}
	if order.Standby != "" {
		p.StandbyInstances = asg.StandbyInstances(order.Standby)
	}
	if order.Protected != "" {
		p.ScaleInProtectedInstances = asg.ScaleInProtectedInstances(order.Protected)
	}
	if order.Warmup != nil {
		p.InstanceWarmup = inSeconds(*order.Warmup)
	}
	for _, percent := range order.Checkpoints {
		p.CheckpointPercentages = append(p.CheckpointPercentages, int32(percent))
	}
	if len(order.Checkpoints) > 0 {
		p.CheckpointDelay = inSeconds(order.CheckpointDelay)
	}
	if len(order.Alarms) > 0 {
		p.AlarmSpecification = &asg.AlarmSpecification{Alarms: slices.Clone(order.Alarms)}
	}
	return p
}

// CancelRefresh stops the group's active refresh once the instances in transition have settled.
// Nothing is rolled back. Without an active refresh the error is fleet.NoRefresh.
func (c *Client) CancelRefresh(ctx context.Context, group fleet.GroupName) error {
	_, err := c.groups.CancelInstanceRefresh(ctx, &autoscaling.CancelInstanceRefreshInput{
		AutoScalingGroupName:          aws.String(string(group)),
		WaitForTransitioningInstances: aws.Bool(true),
	})
	return failure(err)
}

// RollbackRefresh takes the group's active refresh back to the configuration the group had. The
// refresh keeps its id. The error is fleet.NoRefresh when none is active, and fleet.Irreversible when
// it cannot be rolled back.
func (c *Client) RollbackRefresh(ctx context.Context, group fleet.GroupName) (fleet.RefreshID, error) {
	out, err := c.groups.RollbackInstanceRefresh(ctx, &autoscaling.RollbackInstanceRefreshInput{
		AutoScalingGroupName: aws.String(string(group)),
	})
	if err != nil {
		return "", failure(err)
	}
	return fleet.RefreshID(aws.ToString(out.InstanceRefreshId)), nil
}

func refreshOf(r asg.InstanceRefresh) fleet.Refresh {
	refresh := fleet.Refresh{
		ID:       fleet.RefreshID(aws.ToString(r.InstanceRefreshId)),
		Group:    fleet.GroupName(aws.ToString(r.AutoScalingGroupName)),
		Status:   string(r.Status),
		Reason:   aws.ToString(r.StatusReason),
		Percent:  number(r.PercentageComplete),
		ToUpdate: number(r.InstancesToUpdate),
		Started:  aws.ToTime(r.StartTime),
		Ended:    aws.ToTime(r.EndTime),
		Desired:  desiredOf(r.DesiredConfiguration),
		Strategy: string(r.Strategy),
	}
	if back := r.RollbackDetails; back != nil {
		refresh.RollbackReason = aws.ToString(back.RollbackReason)
		refresh.RollbackStarted = aws.ToTime(back.RollbackStartTime)
	}
	return refresh
}

// desiredOf is the template a refresh was asked to bring, alone or within a policy.
func desiredOf(d *asg.DesiredConfiguration) fleet.TemplateRef {
	switch {
	case d == nil:
		return fleet.TemplateRef{}
	case d.LaunchTemplate != nil:
		return refOf(d.LaunchTemplate)
	case d.MixedInstancesPolicy != nil && d.MixedInstancesPolicy.LaunchTemplate != nil:
		return refOf(d.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification)
	}
	return fleet.TemplateRef{}
}
