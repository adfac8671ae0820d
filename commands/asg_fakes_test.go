package commands

import (
	"context"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func (c *cloud) InstancesOf(ctx context.Context, groups ...fleet.GroupName) ([]fleet.Instance, error) {
	var ids []fleet.InstanceID
	for _, g := range c.groups {
		if slices.Contains(groups, g.Name) {
			for _, m := range g.Instances {
				ids = append(ids, m.ID)
			}
		}
	}
	return c.Instances(ctx, ids...)
}

func (c *cloud) Activities(_ context.Context, group fleet.GroupName, _ time.Time) ([]fleet.Activity, error) {
	for _, g := range c.groups {
		if g.Name == group {
			return c.activities, c.err
		}
	}
	return nil, &fleet.Error{Kind: fleet.Rejected, Call: "autoscaling:DescribeScalingActivities", Code: "ValidationError", Message: "AutoScalingGroup name not found"}
}
