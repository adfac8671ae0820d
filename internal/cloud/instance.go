package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Instances returns those of the instances that EC2 still shows. An instance that is gone, or that
// was launched a second ago, is simply not among them.
func (c *Client) Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error) {
	var instances []fleet.Instance
	for some := range slices.Chunk(ids, valuesPerFilter) {
		in := &ec2.DescribeInstancesInput{
			Filters:    filter("instance-id", texts(some)...),
			MaxResults: aws.Int32(machinesPage),
		}
		for page, err := range pages(ctx, ec2.NewDescribeInstancesPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, r := range page.Reservations {
				for _, i := range r.Instances {
					instances = append(instances, instanceOf(i))
				}
			}
		}
	}
	return instances, nil
}

func instanceOf(i types.Instance) fleet.Instance {
	instance := fleet.Instance{
		ID:           fleet.InstanceID(aws.ToString(i.InstanceId)),
		Image:        fleet.ImageID(aws.ToString(i.ImageId)),
		Type:         string(i.InstanceType),
		Architecture: string(i.Architecture),
		Launched:     aws.ToTime(i.LaunchTime),
		Tags:         labels(i.Tags),
	}
	instance.Name = instance.Tags["Name"]
	if i.State != nil {
		instance.State = string(i.State.Name)
	}
	if i.Placement != nil {
		instance.Zone = aws.ToString(i.Placement.AvailabilityZone)
	}
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil && aws.ToBool(d.Ebs.DeleteOnTermination) && aws.ToString(d.DeviceName) != aws.ToString(i.RootDeviceName) {
			instance.Volumes = append(instance.Volumes, aws.ToString(d.DeviceName))
		}
	}
	return instance
}

// LocalDisks says of each instance type whether it has instance store: disks of the host, which lose
// everything when the instance ends.
func (c *Client) LocalDisks(ctx context.Context, kinds ...string) (map[string]bool, error) {
	found := map[string]bool{}
	for some := range slices.Chunk(kinds, valuesPerFilter) {
		in := &ec2.DescribeInstanceTypesInput{Filters: filter("instance-type", some...)}
		for page, err := range pages(ctx, ec2.NewDescribeInstanceTypesPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, t := range page.InstanceTypes {
				found[string(t.InstanceType)] = aws.ToBool(t.InstanceStorageSupported)
			}
		}
	}
	return found, nil
}
