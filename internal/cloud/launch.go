package cloud

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// ProveLaunch asks EC2 whether an instance would start from that version, in that subnet when one is
// given, without starting it. It returns nil when it would. EC2 checks permissions, the image, names
// and combinations; it does not check capacity.
//
// Where the template leaves the instance type to the group, a common type of the image's architecture
// stands in for it.
func (c *Client) ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error {
	version, err := c.version(ctx, ref)
	if err != nil {
		return err
	}
	in, err := c.dryLaunch(ctx, version, subnet)
	if err != nil {
		return err
	}
	_, err = c.machines.RunInstances(ctx, in)
	return verdict("ec2:RunInstances", err)
}

// verdict reads a dry run's answer, which is always an error.
func verdict(call string, err error) error {
	if err == nil {
		return &fleet.Error{Kind: fleet.Other, Call: call, Code: "NoVerdict", Message: "the dry run came back without a verdict"}
	}
	if wouldSucceed(err) {
		return nil
	}
	return failure(err)
}

// dryLaunch is the dry run of one instance.
func (c *Client) dryLaunch(ctx context.Context, v types.LaunchTemplateVersion, subnet string) (*ec2.RunInstancesInput, error) {
	number := strconv.FormatInt(aws.ToInt64(v.VersionNumber), 10)
	in := &ec2.RunInstancesInput{
		DryRun:      aws.Bool(true),
		MinCount:    aws.Int32(1),
		MaxCount:    aws.Int32(1),
		ClientToken: aws.String(dryToken(aws.ToString(v.LaunchTemplateId), number, subnet)),
		LaunchTemplate: &types.LaunchTemplateSpecification{
			LaunchTemplateId: v.LaunchTemplateId,
			Version:          aws.String(number),
		},
	}
	data := v.LaunchTemplateData
	if data == nil {
		return in, nil
	}
	if data.InstanceRequirements != nil {
		spellOut(in, data) // such a template is for groups; RunInstances refuses it
	}
	place(in, data, subnet)
	if data.InstanceType != "" {
		return in, nil
	}
	standIn, err := c.commonType(ctx, fleet.ImageID(aws.ToString(data.ImageId)))
	in.InstanceType = standIn
	return in, err
}

// dryToken is the same for the same dry run, and no other call's.
func dryToken(parts ...string) string {
	return fmt.Sprintf("amiral-dry-run-%x", sha256.Sum256(fmt.Append(nil, parts)))[:48]
}

// spellOut asks for what the template says without naming the template.
func spellOut(in *ec2.RunInstancesInput, data *types.ResponseLaunchTemplateData) {
	in.LaunchTemplate = nil
	in.ImageId, in.KeyName = data.ImageId, data.KeyName
	if p := data.IamInstanceProfile; p != nil {
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Arn: p.Arn, Name: p.Name}
	}
	if len(data.NetworkInterfaces) == 0 {
		in.SecurityGroupIds = data.SecurityGroupIds
	}
}

// place puts the instance into the subnet, the way the group would: a template that describes its network
// interfaces takes the subnet there and nowhere else, and one that names a subnet keeps it.
func place(in *ec2.RunInstancesInput, data *types.ResponseLaunchTemplateData, subnet string) {
	if len(data.NetworkInterfaces) == 0 {
		in.SubnetId = given(subnet)
		return
	}
	if slices.ContainsFunc(data.NetworkInterfaces, placed) {
		return
	}
	for _, n := range data.NetworkInterfaces {
		in.NetworkInterfaces = append(in.NetworkInterfaces, types.InstanceNetworkInterfaceSpecification{
			DeviceIndex:              n.DeviceIndex,
			NetworkCardIndex:         n.NetworkCardIndex,
			AssociatePublicIpAddress: n.AssociatePublicIpAddress,
			Groups:                   n.Groups,
			InterfaceType:            n.InterfaceType,
			SubnetId:                 given(subnet),
		})
	}
}

// placed reports whether a template's network interface says itself where it is.
func placed(n types.LaunchTemplateInstanceNetworkInterfaceSpecification) bool {
	return n.SubnetId != nil || n.NetworkInterfaceId != nil
}

// commonType is a type that every region offers, of the image's architecture.
func (c *Client) commonType(ctx context.Context, id fleet.ImageID) (types.InstanceType, error) {
	if id == "" || id.IsParameter() {
		return types.InstanceTypeM5Large, nil
	}
	image, err := c.Image(ctx, id)
	if err != nil {
		return "", err
	}
	if image.Architecture == string(types.ArchitectureValuesArm64) {
		return types.InstanceTypeM6gLarge, nil
	}
	return types.InstanceTypeM5Large, nil
}
