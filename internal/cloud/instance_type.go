package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// InstanceTypes returns the types that the region offers and whose names begin with the prefix, in order.
func (c *Client) InstanceTypes(ctx context.Context, prefix string) ([]string, error) {
	in := &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeRegion,
		MaxResults:   aws.Int32(machinesPage),
	}
	if prefix != "" {
		in.Filters = filter("instance-type", literal(prefix)+"*")
	}
	var names []string
	for page, err := range pages(ctx, ec2.NewDescribeInstanceTypeOfferingsPaginator(c.machines, in)) {
		if err != nil {
			return nil, err
		}
		for _, o := range page.InstanceTypeOfferings {
			names = append(names, string(o.InstanceType))
		}
	}
	slices.Sort(names)
	return names, nil
}

// TypeZones returns the zones in which the region offers an instance type, in order; none when it does not know the type.
func (c *Client) TypeZones(ctx context.Context, kind string) ([]string, error) {
	in := &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone,
		Filters:      filter("instance-type", literal(kind)),
		MaxResults:   aws.Int32(machinesPage),
	}
	var zones []string
	for page, err := range pages(ctx, ec2.NewDescribeInstanceTypeOfferingsPaginator(c.machines, in)) {
		if err != nil {
			return nil, err
		}
		for _, o := range page.InstanceTypeOfferings {
			zones = append(zones, aws.ToString(o.Location))
		}
	}
	slices.Sort(zones)
	return zones, nil
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
