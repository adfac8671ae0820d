package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// probe tries one call after another. The first ones find what the later ones are tried on.
type probe struct {
	*Client

	group       *string
	targetGroup string
	template    fleet.TemplateRef
	image       fleet.ImageID
	instance    *string
	made        madeHere
}

// trial is one thing to try.
type trial struct {
	action string
	try    func(context.Context) error
}

func (p *probe) trials() []trial {
	return append(p.rollouts(), p.catalogue()...)
}

func (p *probe) rollouts() []trial {
	return []trial{
		{"autoscaling:DescribeAutoScalingGroups", p.tryGroups},
		{"autoscaling:DescribeInstanceRefreshes", p.tryRefreshes},
		{"autoscaling:DescribeScalingActivities", p.tryActivities},
		{"ec2:DescribeLaunchTemplates", p.tryTemplates},
		{"ec2:DescribeLaunchTemplateVersions", p.tryVersions},
		{"ec2:DescribeImages", p.tryImages},
		{"ec2:DescribeInstances", p.tryInstances},
		{"ec2:DescribeInstanceTypes", p.tryTypes},
		{"elasticloadbalancing:DescribeTargetGroups", p.tryTargetGroups},
		{"elasticloadbalancing:DescribeTargetHealth", p.tryTargets},
		{"cloudwatch:DescribeAlarms", p.tryAlarms},
		{"ec2:CreateLaunchTemplateVersion", p.tryCreate},
		{"ec2:ModifyLaunchTemplate", p.tryModify},
		{"ec2:RunInstances", p.tryRun},
	}
}

func (p *probe) tryGroups(ctx context.Context) error {
	out, err := p.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		IncludeInstances: aws.Bool(false),
		MaxRecords:       aws.Int32(groupsPage),
	})
	if err != nil {
		return failure(err)
	}
	for _, g := range out.AutoScalingGroups {
		if p.template.ID == "" {
			p.group, p.template = g.AutoScalingGroupName, groupOf(g).Ref()
		}
		if p.targetGroup == "" && len(g.TargetGroupARNs) > 0 {
			p.targetGroup = g.TargetGroupARNs[0]
		}
	}
	return nil
}

func (p *probe) tryRefreshes(ctx context.Context) error {
	if p.group == nil {
		return errNothing
	}
	_, err := p.groups.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: p.group,
		MaxRecords:           aws.Int32(1),
	})
	return failure(err)
}

func (p *probe) tryActivities(ctx context.Context) error {
	if p.group == nil {
		return errNothing
	}
	_, err := p.groups.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: p.group,
		MaxRecords:           aws.Int32(1),
	})
	return failure(err)
}

func (p *probe) tryTemplates(ctx context.Context) error {
	out, err := p.machines.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(1)})
	if err != nil {
		return failure(err)
	}
	if p.template.ID == "" && len(out.LaunchTemplates) > 0 {
		p.template = fleet.TemplateRef{ID: fleet.TemplateID(aws.ToString(out.LaunchTemplates[0].LaunchTemplateId))}
	}
	return nil
}

func (p *probe) tryVersions(ctx context.Context) error {
	if p.template.ID == "" {
		return errNothing
	}
	version, err := p.TemplateVersion(ctx, p.template)
	p.image = version.Image
	return err
}

func (p *probe) tryImages(ctx context.Context) error {
	_, err := p.machines.DescribeImages(ctx, &ec2.DescribeImagesInput{
		Owners:     []string{"self"},
		MaxResults: aws.Int32(5),
	})
	if err != nil {
		return failure(err)
	}
	return p.findImage(ctx)
}

func (p *probe) tryInstances(ctx context.Context) error {
	out, err := p.machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
	if err != nil {
		return failure(err)
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			p.instance = i.InstanceId
		}
	}
	return p.findInstance(ctx)
}

func (p *probe) tryTypes(ctx context.Context) error {
	_, err := p.machines.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) tryTargetGroups(ctx context.Context) error {
	_, err := p.balancer.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(1)})
	return failure(err)
}

func (p *probe) tryTargets(ctx context.Context) error {
	if p.targetGroup == "" {
		return errNothing
	}
	_, err := p.balancer.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(p.targetGroup),
	})
	return failure(err)
}

func (p *probe) tryAlarms(ctx context.Context) error {
	_, err := p.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(1)})
	return failure(err)
}

func (p *probe) tryCreate(ctx context.Context) error {
	if p.template.ID == "" || p.image == "" {
		return errNothing
	}
	_, err := p.machines.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
		DryRun:             aws.Bool(true),
		LaunchTemplateId:   aws.String(string(p.template.ID)),
		SourceVersion:      aws.String(versionName(p.template)),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(string(p.image))},
		ClientToken:        aws.String(dryToken("create", string(p.template.ID))),
	})
	return verdict("ec2:CreateLaunchTemplateVersion", err)
}

func (p *probe) tryModify(ctx context.Context) error {
	if p.template.ID == "" {
		return errNothing
	}
	_, err := p.machines.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{
		DryRun:           aws.Bool(true),
		LaunchTemplateId: aws.String(string(p.template.ID)),
		DefaultVersion:   aws.String("1"),
		ClientToken:      aws.String(dryToken("modify", string(p.template.ID))),
	})
	return verdict("ec2:ModifyLaunchTemplate", err)
}

func (p *probe) tryRun(ctx context.Context) error {
	if p.template.ID == "" {
		return errNothing
	}
	return p.ProveLaunch(ctx, p.template, "")
}
