package awssim

import (
	"slices"
	"strings"
)

// ping is what Systems Manager thinks of its agent on a machine.
type ping string

const (
	pingOnline ping = "Online"
	pingLost   ping = "ConnectionLost"
)

var ssmPage = pageNames{"MaxResults", "NextToken", "InvalidNextToken"}

func nodeActions() map[string]action {
	return map[string]action{"DescribeInstanceInformation": describeInstanceInformation}
}

// managed tells whether Systems Manager knows the machine: it runs, and its agent has called once. Machines that are
// stopped or gone are not listed.
func (i *instance) managed() bool {
	return i.state == Running && (i.status.status != "initializing" || i.rebooting)
}

// ping is online when the agent can be heard.
func (i *instance) ping() ping {
	if i.rebooting || !i.cutOff.IsZero() || !i.healthy() {
		return pingLost
	}
	return pingOnline
}

// nodes lists the managed machines.
func (f *Fleet) nodes() []*instance {
	return slices.DeleteFunc(f.sorted(), func(i *instance) bool { return !i.managed() })
}

func describeInstanceInformation(k *call) ([]elem, error) {
	var filters []filter
	for _, f := range append(k.p.list("Filters"), k.p.list("InstanceInformationFilterList")...) {
		filters = append(filters, filter{f.str("Key") + f.str("key"), append(f.strs("Values"), f.strs("valueSet")...)})
	}
	tagged := func(f filter) bool { return strings.HasPrefix(f.name, "tag") }
	if slices.ContainsFunc(filters, tagged) && len(filters) > 1 {
		return nil, refuse("InvalidInstanceInformationFilterValue", "A filter by tag cannot be used with other filters.")
	}
	for _, f := range filters {
		if _, known := (&instance{fleet: k.fleet}).nodeField(f.name); !known {
			return nil, refuse("InvalidFilterKey", "The filter key '%s' is not valid.", f.name)
		}
	}
	all, err := sift(k.fleet.nodes(), filters, func(i *instance) field { return i.nodeField })
	if err != nil {
		return nil, err
	}
	if n := k.num(5, "MaxResults"); k.bad == nil && n < 5 {
		return nil, k.malformed("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 5", n)
	}
	shown, next, err := page(k, all, ssmPage, 10, 50)
	if err != nil {
		return nil, err
	}
	return []elem{members("InstanceInformationList", shown, (*instance).nodeElems), text("NextToken", next)}, nil
}

func (i *instance) nodeElems() []elem {
	heard := i.fleet.cloud.now
	if !i.cutOff.IsZero() {
		heard = i.cutOff
	}
	return []elem{
		text("InstanceId", i.id),
		text("PingStatus", string(i.ping())),
		when("LastPingDateTime", heard),
		text("AgentVersion", agentVersion),
		flag("IsLatestVersion", true),
		text("PlatformType", "Linux"),
		text("PlatformName", "Amazon Linux"),
		text("PlatformVersion", "2023"),
		text("ResourceType", "EC2Instance"),
		text("IPAddress", i.privateIP),
		text("ComputerName", i.name()),
		text("SourceId", i.id),
		text("SourceType", "AWS::EC2::Instance"),
	}
}

const agentVersion = "3.3.987.0"

func (i *instance) nodeField(name string) ([]string, bool) {
	switch name {
	case "InstanceIds", "SourceIds":
		return []string{i.id}, true
	case "PingStatus":
		return []string{string(i.ping())}, true
	case "PlatformTypes", "PlatformType":
		return []string{"Linux"}, true
	case "ResourceType":
		return []string{"EC2Instance"}, true
	case "AgentVersion":
		return []string{agentVersion}, true
	}
	return i.tags.field(name)
}
