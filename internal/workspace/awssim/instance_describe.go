package awssim

import (
	"slices"
	"strconv"
)

func instanceActions() map[string]action {
	return map[string]action{
		"DescribeInstances":             describeInstances,
		"DescribeInstanceStatus":        describeInstanceStatus,
		"DescribeInstanceTypes":         describeInstanceTypes,
		"DescribeInstanceTypeOfferings": describeInstanceTypeOfferings,
		"DescribeInstanceImageMetadata": describeInstanceImageMetadata,
		"RunInstances":                  runInstances,
		"GetLaunchTemplateData":         getLaunchTemplateData,
	}
}

// choose is the common part of the reads of instances: ids or pages, then filters.
func (k *call) choose(fallback, least, most int) ([]*instance, string, error) {
	if k.p.has("InstanceId") && k.p.has("MaxResults") {
		return nil, "", refuse("InvalidParameterCombination",
			"The parameter instancesSet cannot be used with the parameter maxResults")
	}
	if n := k.num(fallback, "MaxResults"); k.bad == nil && n < least {
		return nil, "", refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. "+
			"Expecting a value greater than or equal to %d.", n, least)
	}
	all, err := k.pick()
	if err != nil {
		return nil, "", err
	}
	all, err = sift(all, k.filters(), func(i *instance) field { return i.field })
	if err != nil {
		return nil, "", err
	}
	return page(k, all, ec2Page, fallback, most)
}

func describeInstances(k *call) ([]elem, error) {
	shown, next, err := k.choose(1000, 5, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{k.fleet.reservations(shown), text("nextToken", next)}, nil
}

// reservations groups instances by the request that started them.
func (f *Fleet) reservations(instances []*instance) elem {
	var order []string
	by := map[string][]*instance{}
	for _, i := range instances {
		if by[i.reservation] == nil {
			order = append(order, i.reservation)
		}
		by[i.reservation] = append(by[i.reservation], i)
	}
	return set("reservationSet", order, func(id string) []elem { return f.reservation(id, by[id]) })
}

func (f *Fleet) reservation(id string, instances []*instance) []elem {
	return []elem{
		text("reservationId", id),
		text("ownerId", f.account),
		el("groupSet"),
		set("instancesSet", instances, (*instance).elems),
	}
}

func stateElem(name string, s State) elem {
	return el(name, num("code", stateCodes[s]), text("name", string(s)))
}

// elems writes the instance as DescribeInstances does.
func (i *instance) elems() []elem {
	return []elem{
		text("instanceId", i.id),
		text("imageId", i.image),
		stateElem("instanceState", i.state),
		raw("privateDnsName", i.name()),
		raw("dnsName", ""),
		text("reason", i.why),
		text("keyName", i.data.str("KeyName")),
		num("amiLaunchIndex", i.index),
		el("productCodes"),
		text("instanceType", i.kind),
		when("launchTime", i.launched),
		el("placement", text("availabilityZone", i.zone), raw("groupName", ""), text("tenancy", "default")),
		el("monitoring", text("state", monitoring(i.data))),
		text("subnetId", i.subnet),
		text("vpcId", vpc),
		text("privateIpAddress", i.privateIP),
		text("ipAddress", i.publicIP),
		flag("sourceDestCheck", true),
		i.securityGroups(),
		only(i.why != "", el("stateReason", text("code", i.whyCode), text("message", i.why))),
		text("architecture", i.arch),
		text("rootDeviceType", "ebs"),
		text("rootDeviceName", i.rootDevice),
		set("blockDeviceMapping", i.disks, func(d disk) []elem {
			return []elem{text("deviceName", d.device), el("ebs", text("volumeId", d.volume), text("status", "attached"),
				when("attachTime", d.attached), flag("deleteOnTermination", d.delete))}
		}),
		text("virtualizationType", "hvm"),
		text("clientToken", i.token),
		i.tags.elem(),
		text("hypervisor", "xen"),
		el("networkInterfaceSet"),
		i.profile(),
		text("instanceLifecycle", i.market),
		flag("ebsOptimized", i.data.yes("EbsOptimized")),
		flag("enaSupport", true),
		i.metadataOptions(),
		text("platformDetails", "Linux/UNIX"),
		text("usageOperation", "RunInstances"),
		i.operatorElem(),
	}
}

func monitoring(data *params) string {
	if data.yes("Monitoring", "Enabled") {
		return "enabled"
	}
	return "disabled"
}

func (i *instance) securityGroups() elem {
	ids := i.data.strs("SecurityGroupId")
	for _, card := range i.data.list("NetworkInterface") {
		ids = append(ids, card.strs("SecurityGroupId")...)
	}
	if len(ids) == 0 {
		ids = []string{defaultSecurityGroup}
	}
	return set("groupSet", ids, func(id string) []elem {
		name := id
		if g := i.fleet.securityGroups[id]; g != nil {
			name = g.name
		}
		return []elem{text("groupId", id), text("groupName", name)}
	})
}

func (i *instance) profile() elem {
	arn := i.data.str("IamInstanceProfile", "Arn")
	if name := i.data.str("IamInstanceProfile", "Name"); name != "" {
		arn = "arn:aws:iam::" + i.fleet.account + ":instance-profile/" + name
	}
	return only(arn != "", el("iamInstanceProfile", text("arn", arn), text("id", "AIPALOCAL")))
}

func (i *instance) metadataOptions() elem {
	tokens := i.data.str("MetadataOptions", "HttpTokens")
	if tokens == "" {
		tokens = "required"
	}
	hops := i.data.str("MetadataOptions", "HttpPutResponseHopLimit")
	if hops == "" {
		hops = "2"
	}
	return el("metadataOptions", text("state", "applied"), text("httpTokens", tokens),
		text("httpPutResponseHopLimit", hops), text("httpEndpoint", "enabled"))
}

func (i *instance) operatorElem() elem {
	return el("operator", flag("managed", i.operator != ""), text("principal", i.operator))
}

// field answers DescribeInstances' filters.
func (i *instance) field(name string) ([]string, bool) {
	switch name {
	case "instance-id":
		return []string{i.id}, true
	case "image-id":
		return []string{i.image}, true
	case "instance-type":
		return []string{i.kind}, true
	case "instance-state-name":
		return []string{string(i.state)}, true
	case "instance-state-code":
		return []string{strconv.Itoa(stateCodes[i.state])}, true
	case "availability-zone":
		return []string{i.zone}, true
	case "subnet-id":
		return []string{i.subnet}, true
	case "vpc-id":
		return []string{vpc}, true
	case "private-ip-address":
		return []string{i.privateIP}, true
	case "ip-address":
		return []string{i.publicIP}, true
	case "private-dns-name":
		return []string{i.name()}, true
	case "client-token":
		return []string{i.token}, true
	case "architecture":
		return []string{i.arch}, true
	case "reservation-id":
		return []string{i.reservation}, true
	case "key-name":
		return []string{i.data.str("KeyName")}, true
	case "instance-lifecycle":
		return []string{i.market}, true
	case "operator.managed":
		return []string{strconv.FormatBool(i.operator != "")}, true
	case "instance-status.status":
		return []string{i.status.status}, true
	case "system-status.status":
		return []string{i.system.status}, true
	case "block-device-mapping.volume-id":
		var ids []string
		for _, d := range i.disks {
			ids = append(ids, d.volume)
		}
		return ids, true
	}
	return i.tags.field(name)
}

func describeInstanceStatus(k *call) ([]elem, error) {
	if len(k.p.list("InstanceId")) > 100 {
		return nil, refuse("InvalidParameterValue", "At most 100 instance ids can be named.")
	}
	shown, next, err := k.choose(1000, 5, 1000)
	if err != nil {
		return nil, err
	}
	if !k.p.yes("IncludeAllInstances") {
		shown = slices.DeleteFunc(slices.Clone(shown), func(i *instance) bool { return i.state != Running })
	}
	return []elem{set("instanceStatusSet", shown, (*instance).statusElems), text("nextToken", next)}, nil
}

func (i *instance) statusElems() []elem {
	return []elem{
		text("instanceId", i.id),
		text("availabilityZone", i.zone),
		stateElem("instanceState", i.state),
		i.system.elem("systemStatus", i.state),
		i.status.elem("instanceStatus", i.state),
		check{status: "ok"}.elem("attachedEbsStatus", i.state),
		i.operatorElem(),
	}
}

func (c check) elem(name string, s State) elem {
	if s != Running {
		return el(name, text("status", "not-applicable"))
	}
	detail := map[string]string{"ok": "passed", "impaired": "failed"}[c.status]
	if detail == "" {
		detail = c.status
	}
	return el(name, text("status", c.status), set("details", []string{detail}, func(d string) []elem {
		return []elem{text("name", "reachability"), text("status", d), when("impairedSince", c.since)}
	}))
}

func describeInstanceImageMetadata(k *call) ([]elem, error) {
	shown, next, err := k.choose(1000, 1, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("instanceImageMetadataSet", shown, (*instance).imageMetadata), text("nextToken", next)}, nil
}

func (i *instance) imageMetadata() []elem {
	return []elem{
		text("instanceId", i.id),
		text("instanceType", i.kind),
		when("launchTime", i.launched),
		text("availabilityZone", i.zone),
		stateElem("instanceState", i.state),
		text("instanceOwnerId", i.fleet.account),
		i.tags.elem(),
		el("imageMetadata", i.fleet.metadata(i.image)...),
		i.operatorElem(),
	}
}

// metadata tells what is known of an image, also after it was deregistered.
func (f *Fleet) metadata(id string) []elem {
	img := f.imageNamed(id)
	if img == nil {
		return []elem{text("imageId", id)}
	}
	return []elem{
		text("imageId", img.id),
		text("name", img.name),
		text("imageOwnerId", img.owner),
		text("imageState", img.state),
		when("creationDate", img.created),
		when("deprecationTime", img.deprecated),
		flag("imageAllowed", true),
		flag("isPublic", img.public),
	}
}
