package cloud

import (
	"context"
	"errors"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Permissions tries what the bot needs, and changes nothing: reads are done in their smallest form,
// EC2's writes as dry runs, what ends things on the bot's own things alone. Auto Scaling and Systems Manager have no
// dry run, so their writes are listed as not provable. The
// error is of the identity itself; a refusal is a result.
func (c *Client) Permissions(ctx context.Context) ([]fleet.Permission, error) {
	if _, err := c.Identity(ctx); err != nil {
		return nil, err
	}
	var permissions []fleet.Permission
	for _, trial := range (&probe{Client: c}).trials() {
		permissions = append(permissions, outcome(trial.action, trial.try(ctx)))
	}
	for _, action := range []string{
		"StartInstanceRefresh", "CancelInstanceRefresh", "RollbackInstanceRefresh", "SuspendProcesses", "ResumeProcesses",
		"CreateAutoScalingGroup", "UpdateAutoScalingGroup", "DeleteAutoScalingGroup", "SetInstanceProtection",
		"EnterStandby", "ExitStandby", "TerminateInstanceInAutoScalingGroup",
	} {
		permissions = append(permissions, unproven("autoscaling:"+action, "Auto Scaling"))
	}
	for _, action := range []string{"SendCommand", "PutParameter"} {
		permissions = append(permissions, unproven("ssm:"+action, "Systems Manager"))
	}
	return permissions, nil
}

func unproven(action, service string) fleet.Permission {
	return fleet.Permission{Action: action, Text: "not provable: " + service + " has no dry run"}
}

// errNothing means that the region has nothing to try an action on.
var errNothing = errors.New("there is nothing to try it on")

// outcome puts a trial's error into words.
func outcome(action string, err error) fleet.Permission {
	p := fleet.Permission{Action: action}
	switch {
	case err == nil:
		p.Allowed, p.Provable = true, true
	case fleet.KindOf(err) == fleet.Refused:
		p.Provable, p.Text = true, err.Error()
	default:
		p.Text = "not provable: " + err.Error()
	}
	return p
}
