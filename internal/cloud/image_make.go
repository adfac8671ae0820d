package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// CreateImage makes an image of an instance, and reboots the instance unless the order says not to. There is no
// client token for it: when the name is taken, perhaps by an earlier attempt, the error is fleet.Exists.
func (c *Client) CreateImage(ctx context.Context, order fleet.ImageOrder) (fleet.ImageID, error) {
	in := &ec2.CreateImageInput{
		InstanceId:        aws.String(string(order.Instance)),
		Name:              aws.String(order.Name),
		Description:       given(order.Description),
		NoReboot:          aws.Bool(order.NoReboot),
		TagSpecifications: tagged(order.Tags, types.ResourceTypeImage, types.ResourceTypeSnapshot),
	}
	for _, device := range order.Exclude {
		in.BlockDeviceMappings = append(in.BlockDeviceMappings, types.BlockDeviceMapping{
			DeviceName: aws.String(device),
			NoDevice:   aws.String(""),
		})
	}
	out, err := c.machines.CreateImage(ctx, in)
	if err != nil {
		return "", failure(err)
	}
	return fleet.ImageID(aws.ToString(out.ImageId)), nil
}

// CopyImage copies an image into this client's region. A key that may not be used fails the copy later, not this call.
// Doing it twice with one token makes one copy.
func (c *Client) CopyImage(ctx context.Context, order fleet.ImageCopy) (fleet.ImageID, error) {
	if order.Token == "" {
		return "", rejected("ec2:CopyImage", "the order has no client token")
	}
	in := &ec2.CopyImageInput{
		SourceImageId:     aws.String(string(order.Image)),
		SourceRegion:      aws.String(order.Region),
		Name:              aws.String(order.Name),
		Description:       given(order.Text),
		KmsKeyId:          given(order.Key),
		ClientToken:       aws.String(order.Token),
		TagSpecifications: tagged(order.Tags, types.ResourceTypeImage, types.ResourceTypeSnapshot),
	}
	if order.Key != "" {
		in.Encrypted = aws.Bool(true)
	}
	out, err := c.machines.CopyImage(ctx, in)
	if err != nil {
		return "", failure(err)
	}
	return fleet.ImageID(aws.ToString(out.ImageId)), nil
}
