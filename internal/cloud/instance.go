package cloud

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Instances returns those of the instances that EC2 still shows. An instance that is gone, or that
// was launched a second ago, is simply not among them.
func (c *Client) Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error) {
	return c.instancesWith(ctx, "instance-id", texts(ids))
}

// InstancesOf returns the instances that EC2 Auto Scaling launched for the groups and that are not terminated, stopped
// ones too. Whole groups are read by their tag: a thousand instances in a call, where ids would take five.
func (c *Client) InstancesOf(ctx context.Context, groups ...fleet.GroupName) ([]fleet.Instance, error) {
	return c.instancesWith(ctx, "tag:"+groupTag, texts(groups), filter("instance-state-name", alive()...)...)
}

// Running returns the instances that were launched from the images and are not terminated, stopped ones too.
func (c *Client) Running(ctx context.Context, images ...fleet.ImageID) ([]fleet.Instance, error) {
	return c.instancesWith(ctx, "image-id", texts(images), filter("instance-state-name", alive()...)...)
}

// alive are the states of instances that are there, or will be again.
func alive() []string { return []string{"pending", "running", "stopping", "stopped"} }

// instancesWith returns the instances that have one of the values in a filter, and pass the others.
func (c *Client) instancesWith(ctx context.Context, name string, values []string, also ...types.Filter) ([]fleet.Instance, error) {
	var instances []fleet.Instance
	for some := range slices.Chunk(values, valuesPerFilter) {
		in := &ec2.DescribeInstancesInput{Filters: append(filter(name, some...), also...)}
		for i, err := range c.describeInstances(ctx, in) {
			if err != nil {
				return nil, err
			}
			instances = append(instances, i)
		}
	}
	return instances, nil
}

// describeInstances goes through all pages. The error, if there is one, comes last.
func (c *Client) describeInstances(ctx context.Context, in *ec2.DescribeInstancesInput) iter.Seq2[fleet.Instance, error] {
	in.MaxResults = aws.Int32(machinesPage)
	return func(yield func(fleet.Instance, error) bool) {
		for page, err := range pages(ctx, ec2.NewDescribeInstancesPaginator(c.machines, in)) {
			if err != nil {
				yield(fleet.Instance{}, err)
				return
			}
			for _, r := range page.Reservations {
				for _, i := range r.Instances {
					instance := instanceOf(i)
					instance.Account = aws.ToString(r.OwnerId)
					if !yield(instance, nil) {
						return
					}
				}
			}
		}
	}
}

// Instance returns an instance with the sizes of its disks, as long as EC2 shows it, terminated ones too.
func (c *Client) Instance(ctx context.Context, id fleet.InstanceID) (fleet.Instance, error) {
	found, err := c.Instances(ctx, id)
	if err != nil {
		return fleet.Instance{}, err
	}
	if len(found) == 0 {
		return fleet.Instance{}, absent("ec2:DescribeInstances", "InvalidInstanceID.NotFound", fmt.Sprintf("there is no instance %s", id))
	}
	return found[0], c.measure(ctx, found[0].Disks)
}

// FindInstances returns instances that run or are stopped and whose id begins with the text, or whose Name tag has it
// in it. It reads no further than to the number that is wanted.
func (c *Client) FindInstances(ctx context.Context, text string, most int) ([]fleet.Instance, error) {
	in := &ec2.DescribeInstancesInput{Filters: filter("instance-state-name", "running", "stopped")}
	switch {
	case strings.HasPrefix(text, "i-"):
		in.Filters = append(in.Filters, filter("instance-id", literal(text)+"*")...)
	case text != "":
		in.Filters = append(in.Filters, filter("tag:Name", "*"+literal(text)+"*")...)
	}
	var instances []fleet.Instance
	for i, err := range c.describeInstances(ctx, in) {
		if err != nil {
			return nil, err
		}
		if len(instances) >= most {
			break
		}
		instances = append(instances, i)
	}
	return instances, nil
}

// groupTag is the tag that EC2 Auto Scaling puts on its instances.
const groupTag = "aws:autoscaling:groupName"

func instanceOf(i types.Instance) fleet.Instance {
	instance := fleet.Instance{
		ID:           fleet.InstanceID(aws.ToString(i.InstanceId)),
		Image:        fleet.ImageID(aws.ToString(i.ImageId)),
		Type:         string(i.InstanceType),
		Architecture: string(i.Architecture),
		Launched:     aws.ToTime(i.LaunchTime),
		Tags:         labels(i.Tags),
		Key:          aws.ToString(i.KeyName),
		Subnet:       aws.ToString(i.SubnetId),
		VPC:          aws.ToString(i.VpcId),
		PrivateIP:    aws.ToString(i.PrivateIpAddress),
		PublicIP:     aws.ToString(i.PublicIpAddress),
		Platform:     aws.ToString(i.PlatformDetails),
		Root:         aws.ToString(i.RootDeviceName),
	}
	instance.Name, instance.Group = instance.Tags["Name"], fleet.GroupName(instance.Tags[groupTag])
	if i.State != nil {
		instance.State = string(i.State.Name)
	}
	if i.StateReason != nil {
		instance.StateReason = aws.ToString(i.StateReason.Message)
	}
	if i.Placement != nil {
		instance.Zone = aws.ToString(i.Placement.AvailabilityZone)
	}
	if p := i.IamInstanceProfile; p != nil {
		instance.Profile = lastPart(aws.ToString(p.Arn))
	}
	for _, g := range i.SecurityGroups {
		instance.SecurityGroups = append(instance.SecurityGroups, aws.ToString(g.GroupId))
	}
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil {
			instance.Disks = append(instance.Disks, instanceDisk(d, instance.Root))
		}
	}
	for _, d := range instance.Disks {
		if d.Deleted && !d.Root {
			instance.Volumes = append(instance.Volumes, d.Device)
		}
	}
	return instance
}

// lastPart is the name at the end of an ARN, behind its path.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
