package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// statusesPerCall is how many ids DescribeInstanceStatus takes.
const statusesPerCall = 100

// InstanceHealth returns the worst of the status checks of each instance: impaired, insufficient-data, initializing
// or ok, and not-applicable while an instance does not run. Instances that are gone are not in the map.
func (c *Client) InstanceHealth(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]string, error) {
	health := map[fleet.InstanceID]string{}
	for some := range slices.Chunk(ids, statusesPerCall) {
		err := c.addHealth(ctx, health, some)
		if err != nil && fleet.KindOf(err) == fleet.Absent {
			err = c.healthOfPresent(ctx, health, some)
		}
		if err != nil {
			return nil, err
		}
	}
	return health, nil
}

// healthOfPresent asks again without the instances that are gone: one of them fails the call for all.
func (c *Client) healthOfPresent(ctx context.Context, health map[fleet.InstanceID]string, ids []fleet.InstanceID) error {
	present, err := c.Instances(ctx, ids...)
	if err != nil || len(present) == 0 {
		return err
	}
	var left []fleet.InstanceID
	for _, i := range present {
		left = append(left, i.ID)
	}
	return c.addHealth(ctx, health, left)
}

func (c *Client) addHealth(ctx context.Context, health map[fleet.InstanceID]string, ids []fleet.InstanceID) error {
	in := &ec2.DescribeInstanceStatusInput{InstanceIds: texts(ids), IncludeAllInstances: aws.Bool(true)}
	for page, err := range pages(ctx, ec2.NewDescribeInstanceStatusPaginator(c.machines, in)) {
		if err != nil {
			return err
		}
		for _, s := range page.InstanceStatuses {
			health[fleet.InstanceID(aws.ToString(s.InstanceId))] = worst(s)
		}
	}
	return nil
}

// worst is the worst of an instance's status checks.
func worst(s types.InstanceStatus) string {
	var found []string
	for _, summary := range []*types.InstanceStatusSummary{s.SystemStatus, s.InstanceStatus} {
		if summary != nil {
			found = append(found, string(summary.Status))
		}
	}
	if s.AttachedEbsStatus != nil {
		found = append(found, string(s.AttachedEbsStatus.Status))
	}
	for _, status := range []string{"impaired", "insufficient-data", "initializing", "ok"} {
		if slices.Contains(found, status) {
			return status
		}
	}
	return "not-applicable"
}
