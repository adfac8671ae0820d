package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Suspend suspends processes of a group; "InstanceRefresh" pauses a running refresh without
// cancelling it. Suspending twice is harmless. At least one process is named, because none would mean all.
func (c *Client) Suspend(ctx context.Context, group fleet.GroupName, processes ...string) error {
	if len(processes) == 0 {
		return rejected("autoscaling:SuspendProcesses", "no process is named, which would suspend all of them")
	}
	_, err := c.groups.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{
		AutoScalingGroupName: aws.String(string(group)),
		ScalingProcesses:     processes,
	})
	return failure(err)
}

// Resume resumes processes of a group. Resuming twice is harmless. At least one process is named,
// because none would mean all, also those that somebody else has suspended.
func (c *Client) Resume(ctx context.Context, group fleet.GroupName, processes ...string) error {
	if len(processes) == 0 {
		return rejected("autoscaling:ResumeProcesses", "no process is named, which would resume all of them")
	}
	_, err := c.groups.ResumeProcesses(ctx, &autoscaling.ResumeProcessesInput{
		AutoScalingGroupName: aws.String(string(group)),
		ScalingProcesses:     processes,
	})
	return failure(err)
}
