package template

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// own are the fields that only one server can have, and what people call them.
var own = []struct {
	*regexp.Regexp
	what string
}{
	{regexp.MustCompile(`^NetworkInterfaces\.\d+\.PrivateIpAddress`), "its private address"},
	{regexp.MustCompile(`^NetworkInterfaces\.\d+\.(?:Ipv6Addresses|Ipv4Prefixes|Ipv6Prefixes)`), "its other addresses"},
	{regexp.MustCompile(`^NetworkInterfaces\.\d+\.NetworkInterfaceId`), "its network interface"},
	{regexp.MustCompile(`^NetworkInterfaces\.\d+\.SubnetId`), "its subnet"},
	{regexp.MustCompile(`^Placement\.AvailabilityZone`), "its zone"},
	{regexp.MustCompile(`^TagSpecifications\.[\w-]+\.Tags\.(?:aws:.*|amiral:operation|amiral:requester)$`), "tags that AWS and amiral put on it"},
	{regexp.MustCompile(`^Operator\.`), "the service that manages it"},
}

// generalized parts what a template copies of a live server from what only that server can have. What stands on its
// disks is not copied at all: the image is as it was made.
func generalized(live map[string]string) (copied map[string]string, left []string) {
	copied = map[string]string{}
	for _, name := range slices.SortedFunc(maps.Keys(live), ordered) {
		what, value := personal(name), live[name]
		switch {
		case what == "":
			copied[name] = value
			continue
		case !strings.HasPrefix(name, "TagSpecifications") && !strings.Contains(name, "PrivateIpAddresses"):
			what += " " + value
		}
		if !slices.Contains(left, what) && value != "true" && value != "false" {
			left = append(left, what)
		}
	}
	return copied, append(left, "what was written to its disks since its image was made")
}

func personal(name string) string {
	for _, o := range own {
		if o.MatchString(name) {
			return o.what
		}
	}
	return ""
}

// overlaid is the fields with what a spec sets over them.
func overlaid(fields map[string]string, s fleet.LaunchSpec) map[string]string {
	all := maps.Clone(fields)
	for name, value := range map[string]string{"ImageId": string(s.Image), "InstanceType": s.Type, "KeyName": s.Key} {
		if value != "" {
			all[name] = value
		}
	}
	if s.Profile != "" {
		delete(all, "IamInstanceProfile.Arn")
		delete(all, "IamInstanceProfile.Name")
		all["IamInstanceProfile"] = s.Profile
	}
	if s.Subnet != "" {
		all["NetworkInterfaces.0.SubnetId"] = s.Subnet
	}
	if s.UserData != nil {
		all[userDataField] = size(*s.UserData)
	}
	for key, value := range s.Tags {
		all["TagSpecifications.instance.Tags."+key] = value
	}
	if len(s.SecurityGroups) > 0 {
		maps.DeleteFunc(all, func(name, _ string) bool {
			return strings.HasPrefix(name, "SecurityGroup") || strings.HasPrefix(name, "NetworkInterfaces.0.Groups")
		})
		all["SecurityGroupIds"] = strings.Join(s.SecurityGroups, ", ")
	}
	return all
}
