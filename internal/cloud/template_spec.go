package cloud

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// longestUserData is how many bytes of user data EC2 takes, before they are encoded.
const longestUserData = 16 << 10

// lay lays what the spec sets over the data. The call is the one that the data is for.
func lay(s fleet.LaunchSpec, d *types.RequestLaunchTemplateData, call string) error {
	if s.UserData != nil {
		if n := len(*s.UserData); n > longestUserData {
			return rejected(call, fmt.Sprintf("the user data has %d bytes; EC2 takes %d", n, longestUserData))
		}
		d.UserData = aws.String(base64.StdEncoding.EncodeToString([]byte(*s.UserData)))
	}
	layImage(s.Image, d)
	layType(s.Type, d)
	if s.Key != "" {
		d.KeyName = aws.String(s.Key)
	}
	if s.Profile != "" {
		d.IamInstanceProfile = profile(s.Profile)
	}
	layTags(s.Tags, d)
	return layNetwork(s, d, call)
}

// layImage lets go of the snapshots of the image that was there before: with them, disks of the old image would
// be launched under the new one's name.
func layImage(id fleet.ImageID, d *types.RequestLaunchTemplateData) {
	if id == "" {
		return
	}
	if aws.ToString(d.ImageId) != string(id) {
		for i, m := range d.BlockDeviceMappings {
			if m.Ebs != nil {
				ebs := *m.Ebs
				ebs.SnapshotId = nil
				d.BlockDeviceMappings[i].Ebs = &ebs
			}
		}
	}
	d.ImageId = aws.String(string(id))
}

// layType lets go of requirements that chose among types: a template has one or the other.
func layType(name string, d *types.RequestLaunchTemplateData) {
	if name == "" || string(d.InstanceType) == name {
		return
	}
	d.InstanceType, d.InstanceRequirements = types.InstanceType(name), nil
}

// profile names an instance profile the way it is given.
func profile(name string) *types.LaunchTemplateIamInstanceProfileSpecificationRequest {
	if strings.HasPrefix(name, "arn:") {
		return &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Arn: aws.String(name)}
	}
	return &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String(name)}
}

// layTags puts tags on instances and volumes, and leaves the other tags there.
func layTags(tags map[string]string, d *types.RequestLaunchTemplateData) {
	if len(tags) == 0 {
		return
	}
	for _, kind := range []types.ResourceType{types.ResourceTypeInstance, types.ResourceTypeVolume} {
		i := slices.IndexFunc(d.TagSpecifications, func(s types.LaunchTemplateTagSpecificationRequest) bool { return s.ResourceType == kind })
		if i < 0 {
			i = len(d.TagSpecifications)
			d.TagSpecifications = append(d.TagSpecifications, types.LaunchTemplateTagSpecificationRequest{ResourceType: kind})
		}
		all := labels(d.TagSpecifications[i].Tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, tags)
		d.TagSpecifications[i].Tags = ec2Tags(all)
	}
}

// layNetwork sets security groups and subnet where the template has them. A subnet stands in a network interface and
// nowhere else, and beside an interface the security groups stand there, too.
func layNetwork(s fleet.LaunchSpec, d *types.RequestLaunchTemplateData, call string) error {
	switch {
	case s.Subnet == "" && len(s.SecurityGroups) == 0:
		return nil
	case s.Subnet == "" && len(d.NetworkInterfaces) == 0:
		d.SecurityGroupIds, d.SecurityGroups = s.SecurityGroups, nil
		return nil
	case len(s.SecurityGroups) == 0 && len(d.SecurityGroups) > 0:
		return rejected(call, "the template has its security groups by name; with a subnet they have to be given by id")
	}
	first := primary(d)
	if len(s.SecurityGroups) > 0 {
		first.Groups = s.SecurityGroups
	}
	if s.Subnet != "" {
		first.SubnetId = aws.String(s.Subnet)
	}
	return nil
}

// primary is the first network interface, made when there is none from the security groups beside it.
func primary(d *types.RequestLaunchTemplateData) *interfaceAsked {
	i := slices.IndexFunc(d.NetworkInterfaces, func(n interfaceAsked) bool {
		return aws.ToInt32(n.DeviceIndex) == 0 && aws.ToInt32(n.NetworkCardIndex) == 0
	})
	if i < 0 {
		i = 0
		only := interfaceAsked{DeviceIndex: aws.Int32(0), Groups: d.SecurityGroupIds}
		d.NetworkInterfaces = slices.Insert(d.NetworkInterfaces, 0, only)
	}
	d.SecurityGroupIds, d.SecurityGroups = nil, nil
	return &d.NetworkInterfaces[i]
}
