package cloud

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// madeHere are things that the bot made. What ends things is allowed on those alone, so it is tried on nothing else.
type madeHere struct{ image, instance *string }

// operationTag is on everything that the bot makes.
const operationTag = "amiral:operation"

// catalogue tries what images, templates and scripts need: reading, baking, templates, retiring, Systems Manager.
func (p *probe) catalogue() []trial {
	return []trial{
		{"ec2:DescribeSnapshots", p.trySnapshots},
		{"ec2:DescribeVolumes", p.tryVolumes},
		{"ec2:DescribeSubnets", p.trySubnets},
		{"ec2:DescribeSecurityGroups", p.trySecurityGroups},
		{"ec2:DescribeInstanceStatus", p.tryStatus},
		{"ec2:CreateImage", p.tryBake},
		{"ec2:CreateLaunchTemplate", p.tryTemplate},
		{"ec2:EnableImageDeprecation", p.tryDeprecate},
		{"ec2:DeregisterImage", p.tryDeregister},
		{"ec2:TerminateInstances", p.tryTerminate},
		{"ssm:DescribeInstanceInformation", p.tryNodes},
		{"ssm:ListCommands", p.tryCommands},
	}
}

func (p *probe) findImage(ctx context.Context) error {
	out, err := p.machines.DescribeImages(ctx, &ec2.DescribeImagesInput{
		Owners: []string{"self"}, Filters: filter("tag-key", operationTag), MaxResults: aws.Int32(5),
	})
	if err == nil && len(out.Images) > 0 {
		p.made.image = out.Images[0].ImageId
	}
	return failure(err)
}

func (p *probe) findInstance(ctx context.Context) error {
	out, err := p.machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
		Filters:    append(filter("tag-key", operationTag), filter("instance-state-name", alive()...)...),
		MaxResults: aws.Int32(5),
	})
	if err == nil && len(out.Reservations) > 0 && len(out.Reservations[0].Instances) > 0 {
		p.made.instance = out.Reservations[0].Instances[0].InstanceId
	}
	return failure(err)
}

func (p *probe) trySnapshots(ctx context.Context) error {
	_, err := p.machines.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) tryVolumes(ctx context.Context) error {
	_, err := p.machines.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) trySubnets(ctx context.Context) error {
	_, err := p.machines.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) trySecurityGroups(ctx context.Context) error {
	_, err := p.machines.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) tryStatus(ctx context.Context) error {
	_, err := p.machines.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) tryBake(ctx context.Context) error {
	if p.instance == nil {
		return errNothing
	}
	_, err := p.machines.CreateImage(ctx, &ec2.CreateImageInput{
		DryRun: aws.Bool(true), InstanceId: p.instance, Name: aws.String("amiral-dry-run"), NoReboot: aws.Bool(true),
		TagSpecifications: tagged(map[string]string{operationTag: "dry-run"}, types.ResourceTypeImage, types.ResourceTypeSnapshot),
	})
	return verdict("ec2:CreateImage", err)
}

func (p *probe) tryTemplate(ctx context.Context) error {
	_, err := p.machines.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		DryRun: aws.Bool(true), LaunchTemplateName: aws.String("amiral-dry-run"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{InstanceType: types.InstanceTypeM5Large},
		TagSpecifications:  tagged(map[string]string{operationTag: "dry-run"}, types.ResourceTypeLaunchTemplate),
		ClientToken:        aws.String(dryToken("template")),
	})
	return verdict("ec2:CreateLaunchTemplate", err)
}

func (p *probe) tryDeprecate(ctx context.Context) error {
	if p.made.image == nil {
		return errNothing
	}
	_, err := p.machines.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{
		DryRun: aws.Bool(true), ImageId: p.made.image, DeprecateAt: aws.Time(time.Now().AddDate(1, 0, 0)),
	})
	return verdict("ec2:EnableImageDeprecation", err)
}

func (p *probe) tryDeregister(ctx context.Context) error {
	if p.made.image == nil {
		return errNothing
	}
	_, err := p.machines.DeregisterImage(ctx, &ec2.DeregisterImageInput{
		DryRun: aws.Bool(true), ImageId: p.made.image, DeleteAssociatedSnapshots: aws.Bool(false),
	})
	return verdict("ec2:DeregisterImage", err)
}

func (p *probe) tryTerminate(ctx context.Context) error {
	if p.made.instance == nil {
		return errNothing
	}
	_, err := p.machines.TerminateInstances(ctx, &ec2.TerminateInstancesInput{
		DryRun: aws.Bool(true), InstanceIds: []string{aws.ToString(p.made.instance)},
	})
	return verdict("ec2:TerminateInstances", err)
}

func (p *probe) tryNodes(ctx context.Context) error {
	_, err := p.nodes.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{MaxResults: aws.Int32(5)})
	return failure(err)
}

func (p *probe) tryCommands(ctx context.Context) error {
	_, err := p.nodes.ListCommands(ctx, &ssm.ListCommandsInput{MaxResults: aws.Int32(1)})
	return failure(err)
}
