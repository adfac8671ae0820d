package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const vpc = "vpc-0a1b2c3d4e5f60718"

// addressesOf is how many addresses a subnet of the usual size has to give: a /20 without the five AWS keeps.
const addressesOf = 4091

// subnet is a part of the network, in one zone.
type subnet struct {
	fleet          *Fleet
	id, zone, cidr string
	public         bool
	tags           tags
}

// Subnet describes a subnet to add.
type Subnet struct {
	// Zone is the letter of its zone.
	ID, Name, Zone, CIDR string
	// Public subnets give their machines public addresses.
	Public bool
}

func networkActions() map[string]action {
	return map[string]action{
		"DescribeSubnets":  describeSubnets,
		"DescribeVpcs":     describeVpcs,
		"DescribeKeyPairs": describeKeyPairs,
	}
}

// AddSubnet adds a subnet. From then on the fleet refuses subnets that it does not have; before, it takes any
// subnet it never heard of as one more.
func (f *Fleet) AddSubnet(seed Subnet) {
	defer f.cloud.lock()()
	s := f.addSubnet(seed.ID, f.region+cmp.Or(seed.Zone, "a"))
	s.cidr, s.public, f.mapped = cmp.Or(seed.CIDR, s.cidr), seed.Public, true
	if seed.Name != "" {
		s.tags["Name"] = seed.Name
	}
}

func (f *Fleet) addSubnet(id, zone string) *subnet {
	s := &subnet{fleet: f, id: id, zone: zone, cidr: "10.0." + strconv.Itoa(16*len(f.subnets)%256) + ".0/20", tags: tags{}}
	f.subnets[id] = s
	return s
}

// subnetIn returns the subnet a zone's instances get when none is asked for.
func (f *Fleet) subnetIn(zone string) string {
	return "subnet-0" + strings.Repeat(zone[len(zone)-1:], 16)
}

// zoneOf returns a subnet's zone. While nobody has drawn the network, a subnet never heard of is taken as one more,
// in the next zone.
func (f *Fleet) zoneOf(id string) string {
	if s := f.subnets[id]; s != nil {
		return s.zone
	}
	if f.mapped {
		return ""
	}
	return f.addSubnet(id, f.region+string(rune('a'+len(f.subnets)%3))).zone
}

// noSubnet refuses a subnet that is not there.
func (f *Fleet) noSubnet(id string) error {
	if f.subnets[id] != nil || !f.mapped {
		return nil
	}
	return refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
}

// free is how many addresses the subnet has left.
func (s *subnet) free() int {
	left := addressesOf
	for _, i := range s.fleet.instances {
		if i.subnet == s.id && i.state != Terminated {
			left--
		}
	}
	return left
}

func describeSubnets(k *call) ([]elem, error) {
	ids := k.p.strs("SubnetId")
	for _, id := range ids {
		if k.fleet.subnets[id] == nil {
			return nil, refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		}
	}
	all := slices.DeleteFunc(sortedValues(k.fleet.subnets), func(s *subnet) bool { return len(ids) > 0 && !slices.Contains(ids, s.id) })
	all, err := sift(all, k.filters(), func(s *subnet) field { return s.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("subnetSet", shown, (*subnet).elems), text("nextToken", next)}, nil
}

func (s *subnet) elems() []elem {
	return []elem{
		text("subnetId", s.id),
		text("subnetArn", s.fleet.arn("ec2", "subnet/"+s.id)),
		text("state", "available"),
		text("ownerId", s.fleet.account),
		text("vpcId", vpc),
		text("cidrBlock", s.cidr),
		num("availableIpAddressCount", s.free()),
		text("availabilityZone", s.zone),
		text("availabilityZoneId", zoneID(s.zone)),
		flag("defaultForAz", s.id == s.fleet.subnetIn(s.zone)),
		flag("mapPublicIpOnLaunch", s.public),
		s.tags.elem(),
	}
}

// zoneID is a zone's name that is the same in every account: euw1-az1 for eu-west-1a.
func zoneID(zone string) string {
	parts := strings.Split(zone[:len(zone)-1], "-")
	if len(parts) < 3 {
		return ""
	}
	return parts[0] + parts[1][:1] + parts[2] + "-az" + strconv.Itoa(int(zone[len(zone)-1]-'a')+1)
}

func (s *subnet) field(name string) ([]string, bool) {
	switch name {
	case "subnet-id":
		return []string{s.id}, true
	case "vpc-id":
		return []string{vpc}, true
	case "availability-zone", "availabilityZone":
		return []string{s.zone}, true
	case "availability-zone-id":
		return []string{zoneID(s.zone)}, true
	case "cidr-block", "cidr", "cidrBlock":
		return []string{s.cidr}, true
	case "state":
		return []string{"available"}, true
	case "default-for-az", "defaultForAz":
		return []string{strconv.FormatBool(s.id == s.fleet.subnetIn(s.zone))}, true
	case "owner-id":
		return []string{s.fleet.account}, true
	}
	return s.tags.field(name)
}

// describeVpcs shows the one network that an account has in a region.
func describeVpcs(k *call) ([]elem, error) {
	for _, id := range k.p.strs("VpcId") {
		if id != vpc {
			return nil, refuse("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
		}
	}
	return []elem{set("vpcSet", []string{vpc}, func(id string) []elem {
		return []elem{text("vpcId", id), text("ownerId", k.fleet.account), text("state", "available"), text("cidrBlock", "10.0.0.0/16"),
			flag("isDefault", true), text("instanceTenancy", "default")}
	})}, nil
}

// keyPair is a key to log in with.
type keyPair struct{ id, name string }

// AddKeyPair adds a key pair. From then on launches that name a key the fleet does not have are refused.
func (f *Fleet) AddKeyPair(name string) {
	defer f.cloud.lock()()
	f.keys[name] = keyPair{f.cloud.id("key"), name}
}

// AddProfile adds an instance profile. From then on launches that name one that is not there are refused.
func (f *Fleet) AddProfile(name string) {
	defer f.cloud.lock()()
	f.profiles[name] = true
}

func describeKeyPairs(k *call) ([]elem, error) {
	names, ids := k.p.strs("KeyName"), k.p.strs("KeyPairId")
	for _, name := range names {
		if _, ok := k.fleet.keys[name]; !ok {
			return nil, refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		}
	}
	all := slices.DeleteFunc(sortedValues(k.fleet.keys), func(p keyPair) bool {
		return len(names) > 0 && !slices.Contains(names, p.name) || len(ids) > 0 && !slices.Contains(ids, p.id)
	})
	all, err := sift(all, k.filters(), func(p keyPair) field { return p.field })
	if err != nil {
		return nil, err
	}
	return []elem{set("keySet", all, func(p keyPair) []elem {
		return []elem{text("keyPairId", p.id), text("keyName", p.name), text("keyType", "ed25519"), tags{}.elem()}
	})}, nil
}

func (p keyPair) field(name string) ([]string, bool) {
	switch name {
	case "key-name":
		return []string{p.name}, true
	case "key-pair-id":
		return []string{p.id}, true
	}
	return tags{}.field(name)
}

// furnished checks that what a launch names is there: subnets, security groups, key and instance profile.
func (f *Fleet) furnished(data *params) error {
	subnets, groups := data.strs("SubnetId"), data.strs("SecurityGroupId")
	if one := data.str("SubnetId"); one != "" {
		subnets = []string{one}
	}
	for _, card := range data.list("NetworkInterface") {
		groups = append(groups, card.strs("SecurityGroupId")...)
		if id := card.str("SubnetId"); id != "" {
			subnets = append(subnets, id)
		}
	}
	for _, id := range subnets {
		if err := f.noSubnet(id); err != nil {
			return err
		}
	}
	for _, id := range groups {
		if f.guarded && f.securityGroups[id] == nil {
			return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		}
	}
	if key := data.str("KeyName"); key != "" && len(f.keys) > 0 && f.keys[key].id == "" {
		return refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", key)
	}
	profile := cmp.Or(data.str("IamInstanceProfile", "Name"), data.str("IamInstanceProfile", "Arn"))
	if name := profile[strings.LastIndex(profile, "/")+1:]; name != "" && len(f.profiles) > 0 && !f.profiles[name] {
		return refuse("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	}
	return nil
}
