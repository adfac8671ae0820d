package cloud

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// generalize takes out of a live server's data what no second server can have, and what AWS returns but does not take.
func generalize(d *types.RequestLaunchTemplateData) {
	d.Operator = nil
	for i := range d.NetworkInterfaces {
		withoutAddresses(&d.NetworkInterfaces[i])
	}
	if len(d.NetworkInterfaces) > 0 {
		d.SecurityGroupIds, d.SecurityGroups = nil, nil // they stand in the interface
	} else if len(d.SecurityGroupIds) > 0 {
		d.SecurityGroups = nil // the same ones by name
	}
	if p := d.IamInstanceProfile; p != nil && p.Arn != nil {
		d.IamInstanceProfile = &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Arn: p.Arn}
	}
	if p := d.Placement; p != nil {
		shared := *p
		shared.AvailabilityZone, shared.AvailabilityZoneId = nil, nil
		d.Placement = &shared
	}
	for i, s := range d.TagSpecifications {
		d.TagSpecifications[i].Tags = slices.DeleteFunc(slices.Clone(s.Tags), personal)
	}
	d.TagSpecifications = slices.DeleteFunc(d.TagSpecifications, func(s types.LaunchTemplateTagSpecificationRequest) bool {
		return len(s.Tags) == 0
	})
}

// withoutAddresses leaves of an interface what others can have as well.
func withoutAddresses(n *interfaceAsked) {
	n.NetworkInterfaceId, n.SubnetId = nil, nil
	n.PrivateIpAddress, n.PrivateIpAddresses = nil, nil
	n.Ipv6Addresses, n.Ipv4Prefixes, n.Ipv6Prefixes = nil, nil, nil
}

// personal reports whether a tag is AWS's own, which nobody may set, or says which operation made that one server.
func personal(t types.Tag) bool {
	key := aws.ToString(t.Key)
	return strings.HasPrefix(key, "aws:") || key == "amiral:operation" || key == "amiral:requester"
}
