package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	protectedPerCall = 50 // instances that SetInstanceProtection takes
	standbyPerCall   = 20 // instances that EnterStandby and ExitStandby take
)

// Protect protects instances of the group from scale in, or stops protecting them. Doing it twice is harmless.
func (c *Client) Protect(ctx context.Context, group fleet.GroupName, on bool, ids ...fleet.InstanceID) error {
	for some := range slices.Chunk(ids, protectedPerCall) {
		_, err := c.groups.SetInstanceProtection(ctx, &autoscaling.SetInstanceProtectionInput{
			AutoScalingGroupName: aws.String(string(group)),
			InstanceIds:          texts(some),
			ProtectedFromScaleIn: aws.Bool(on),
		})
		if err != nil {
			return failure(err)
		}
	}
	return nil
}

// EnterStandby takes instances out of service without ending them. With decrement the group wants fewer instances
// meanwhile; without, it launches others in their place. An instance that is in standby already is refused, so look
// before doing it again.
func (c *Client) EnterStandby(ctx context.Context, group fleet.GroupName, decrement bool, ids ...fleet.InstanceID) error {
	for some := range slices.Chunk(ids, standbyPerCall) {
		_, err := c.groups.EnterStandby(ctx, &autoscaling.EnterStandbyInput{
			AutoScalingGroupName:           aws.String(string(group)),
			InstanceIds:                    texts(some),
			ShouldDecrementDesiredCapacity: aws.Bool(decrement),
		})
		if err != nil {
			return failure(err)
		}
	}
	return nil
}

// ExitStandby puts instances back into service; the group wants as many more. An instance that is not in standby is
// refused, so look before doing it again.
func (c *Client) ExitStandby(ctx context.Context, group fleet.GroupName, ids ...fleet.InstanceID) error {
	for some := range slices.Chunk(ids, standbyPerCall) {
		_, err := c.groups.ExitStandby(ctx, &autoscaling.ExitStandbyInput{
			AutoScalingGroupName: aws.String(string(group)),
			InstanceIds:          texts(some),
		})
		if err != nil {
			return failure(err)
		}
	}
	return nil
}

// Replace ends an instance through its group, which launches another in its place, and returns the scaling activity.
// Doing it twice is harmless: it is the same instance that ends.
func (c *Client) Replace(ctx context.Context, id fleet.InstanceID) (activity string, err error) {
	out, err := c.groups.TerminateInstanceInAutoScalingGroup(ctx, &autoscaling.TerminateInstanceInAutoScalingGroupInput{
		InstanceId:                     aws.String(string(id)),
		ShouldDecrementDesiredCapacity: aws.Bool(false),
	})
	if err != nil || out.Activity == nil {
		return "", failure(err)
	}
	return aws.ToString(out.Activity.ActivityId), nil
}
