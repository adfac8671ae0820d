package cloud

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Launch starts one instance from a template, outside of any group. Launching twice with one token starts one instance.
func (c *Client) Launch(ctx context.Context, order fleet.LaunchOrder) (fleet.InstanceID, error) {
	const call = "ec2:RunInstances"
	switch {
	case order.Token == "":
		return "", rejected(call, "the order has no client token")
	case !order.Template.Numeric():
		return "", rejected(call, "the template's version "+strconv.Quote(order.Template.Version)+" is not a number")
	}
	in, err := c.launch(ctx, order)
	if err != nil {
		return "", err
	}
	out, err := c.machines.RunInstances(ctx, in)
	if err != nil {
		return "", failure(err)
	}
	if len(out.Instances) == 0 {
		return "", &fleet.Error{Kind: fleet.Other, Call: call, Code: "NoInstance", Message: "EC2 answered without an instance"}
	}
	return fleet.InstanceID(aws.ToString(out.Instances[0].InstanceId)), nil
}

// launch is the request. The template's version is read first when the subnet is chosen here, because a template that
// describes its network interfaces takes the subnet there and nowhere else.
func (c *Client) launch(ctx context.Context, order fleet.LaunchOrder) (*ec2.RunInstancesInput, error) {
	in := &ec2.RunInstancesInput{
		MinCount:          aws.Int32(1),
		MaxCount:          aws.Int32(1),
		ClientToken:       aws.String(order.Token),
		ImageId:           given(string(order.Image)),
		TagSpecifications: tagged(order.Tags, types.ResourceTypeInstance, types.ResourceTypeVolume),
		LaunchTemplate:    &types.LaunchTemplateSpecification{Version: aws.String(order.Template.Version)},
	}
	if order.Template.ID != "" {
		in.LaunchTemplate.LaunchTemplateId = aws.String(string(order.Template.ID))
	} else {
		in.LaunchTemplate.LaunchTemplateName = given(order.Template.Name)
	}
	if order.Subnet == "" {
		return in, nil
	}
	version, err := c.version(ctx, order.Template)
	if err != nil {
		return nil, err
	}
	in.SubnetId = aws.String(order.Subnet)
	if data := version.LaunchTemplateData; data != nil {
		in.SubnetId = nil
		place(in, data, order.Subnet)
	}
	return in, nil
}

// Terminate ends instances for good. Doing it twice is harmless as long as EC2 shows them; then it is fleet.Absent.
func (c *Client) Terminate(ctx context.Context, ids ...fleet.InstanceID) error {
	for some := range slices.Chunk(ids, machinesPage) {
		if _, err := c.machines.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: texts(some)}); err != nil {
			return failure(err)
		}
	}
	return nil
}
