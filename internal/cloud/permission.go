package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Permissions tries what the bot needs, and changes nothing: reads are done in their smallest form,
// EC2's writes as dry runs. Auto Scaling has no dry run, so its writes are listed as not provable. The
// error is of the identity itself; a refusal is a result.
func (c *Client) Permissions(ctx context.Context) ([]fleet.Permission, error) {
	if _, err := c.Identity(ctx); err != nil {
		return nil, err
	}
	var permissions []fleet.Permission
	s := &sample{}
	for _, t := range c.trials(s) {
		permissions = append(permissions, outcome(t.action, t.try(ctx)))
	}
	for _, action := range []string{
		"StartInstanceRefresh", "CancelInstanceRefresh", "RollbackInstanceRefresh", "SuspendProcesses", "ResumeProcesses",
	} {
		permissions = append(permissions, fleet.Permission{
			Action: "autoscaling:" + action,
			Text:   "not provable: Auto Scaling has no dry run",
		})
	}
	return permissions, nil
}

// sample is what the region has to try things on. The first trials fill it for the later ones.
type sample struct {
	group       string
	targetGroup string
	template    fleet.TemplateRef
	image       string
}

// trial is one thing to try.
type trial struct {
	action string
	try    func(context.Context) error
}

// errNothing means that the region has nothing to try an action on.
var errNothing = errors.New("there is nothing to try it on")

func (c *Client) trials(s *sample) []trial {
	return []trial{
		{"autoscaling:DescribeAutoScalingGroups", func(ctx context.Context) error { return c.sampleGroup(ctx, s) }},
		{"autoscaling:DescribeInstanceRefreshes", func(ctx context.Context) error { return c.tryRefreshes(ctx, s) }},
		{"autoscaling:DescribeScalingActivities", func(ctx context.Context) error { return c.tryActivities(ctx, s) }},
		{"ec2:DescribeLaunchTemplates", func(ctx context.Context) error { return c.sampleTemplate(ctx, s) }},
		{"ec2:DescribeLaunchTemplateVersions", func(ctx context.Context) error { return c.sampleVersion(ctx, s) }},
		{"ec2:DescribeImages", c.tryImages},
		{"ec2:DescribeInstances", c.tryInstances},
		{"elasticloadbalancing:DescribeTargetHealth", func(ctx context.Context) error { return c.tryTargets(ctx, s) }},
		{"cloudwatch:DescribeAlarms", c.tryAlarms},
		{"ec2:CreateLaunchTemplateVersion", func(ctx context.Context) error { return c.tryCreate(ctx, s) }},
		{"ec2:ModifyLaunchTemplate", func(ctx context.Context) error { return c.tryModify(ctx, s) }},
		{"ec2:RunInstances", func(ctx context.Context) error { return c.tryRun(ctx, s) }},
	}
}

// outcome puts a trial's error into words.
func outcome(action string, err error) fleet.Permission {
	p := fleet.Permission{Action: action}
	switch {
	case err == nil:
		p.Allowed, p.Provable = true, true
	case errors.Is(err, errNothing):
		p.Text = "not provable: " + errNothing.Error()
	case fleet.KindOf(err) == fleet.Refused:
		p.Provable, p.Text = true, err.Error()
	default:
		p.Text = "not provable: " + err.Error()
	}
	return p
}

func (c *Client) sampleGroup(ctx context.Context, s *sample) error {
	out, err := c.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		IncludeInstances: aws.Bool(false),
		MaxRecords:       aws.Int32(groupsPage),
	})
	if err != nil {
		return failure(err)
	}
	for _, g := range out.AutoScalingGroups {
		group := groupOf(g)
		if s.group == "" || s.template.ID == "" {
			s.group, s.template = string(group.Name), group.Ref()
		}
		if s.targetGroup == "" && len(group.TargetGroups) > 0 {
			s.targetGroup = group.TargetGroups[0]
		}
	}
	return nil
}

func (c *Client) tryRefreshes(ctx context.Context, s *sample) error {
	if s.group == "" {
		return errNothing
	}
	_, err := c.groups.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: aws.String(s.group),
		MaxRecords:           aws.Int32(1),
	})
	return failure(err)
}

func (c *Client) tryActivities(ctx context.Context, s *sample) error {
	if s.group == "" {
		return errNothing
	}
	_, err := c.groups.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: aws.String(s.group),
		MaxRecords:           aws.Int32(1),
	})
	return failure(err)
}

func (c *Client) sampleTemplate(ctx context.Context, s *sample) error {
	out, err := c.machines.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(1)})
	if err != nil {
		return failure(err)
	}
	if s.template.ID == "" && len(out.LaunchTemplates) > 0 {
		s.template.ID = fleet.TemplateID(aws.ToString(out.LaunchTemplates[0].LaunchTemplateId))
	}
	return nil
}

func (c *Client) sampleVersion(ctx context.Context, s *sample) error {
	if s.template.ID == "" {
		return errNothing
	}
	version, err := c.TemplateVersion(ctx, s.template)
	s.image = string(version.Image)
	return err
}

func (c *Client) tryImages(ctx context.Context) error {
	_, err := c.machines.DescribeImages(ctx, &ec2.DescribeImagesInput{
		Owners:     []string{"self"},
		MaxResults: aws.Int32(5),
	})
	return failure(err)
}

func (c *Client) tryInstances(ctx context.Context) error {
	_, err := c.machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (c *Client) tryTargets(ctx context.Context, s *sample) error {
	if s.targetGroup == "" {
		return errNothing
	}
	_, err := c.balancer.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(s.targetGroup),
	})
	return failure(err)
}

func (c *Client) tryAlarms(ctx context.Context) error {
	_, err := c.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(1)})
	return failure(err)
}

func (c *Client) tryCreate(ctx context.Context, s *sample) error {
	if s.template.ID == "" || s.image == "" {
		return errNothing
	}
	_, err := c.machines.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
		DryRun:             aws.Bool(true),
		LaunchTemplateId:   aws.String(string(s.template.ID)),
		SourceVersion:      aws.String(versionName(s.template)),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(s.image)},
		ClientToken:        aws.String(trialToken("create", string(s.template.ID))),
	})
	return verdict("ec2:CreateLaunchTemplateVersion", err)
}

func (c *Client) tryModify(ctx context.Context, s *sample) error {
	if s.template.ID == "" {
		return errNothing
	}
	_, err := c.machines.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{
		DryRun:           aws.Bool(true),
		LaunchTemplateId: aws.String(string(s.template.ID)),
		DefaultVersion:   aws.String("1"),
		ClientToken:      aws.String(trialToken("modify", string(s.template.ID))),
	})
	return verdict("ec2:ModifyLaunchTemplate", err)
}

func (c *Client) tryRun(ctx context.Context, s *sample) error {
	if s.template.ID == "" {
		return errNothing
	}
	return c.ProveLaunch(ctx, s.template, "")
}
