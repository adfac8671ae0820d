package awssim

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
)

// defaultSecurityGroup is what machines get that name none.
const defaultSecurityGroup = "sg-0def0000000000000"

// securityGroup is a firewall around machines.
type securityGroup struct {
	fleet           *Fleet
	id, name, about string
	rules           []*securityRule
	made            int // rules, those that are gone included
	tags            tags
}

// securityRule lets one kind of traffic through.
type securityRule struct {
	id    string
	group *securityGroup
	SecurityRule
}

// SecurityGroup describes a security group to add. Traffic outwards is open, as AWS makes it.
type SecurityGroup struct {
	ID, Name, Description string
	Rules                 []SecurityRule
	Tags                  map[string]string
}

// SecurityRule describes a rule. One of CIDR, CIDR6, Group and Prefix says with whom.
type SecurityRule struct {
	Outward                          bool
	Protocol                         string // tcp by default; -1 means all
	From, To                         int
	CIDR, CIDR6, Group, Prefix, Note string
}

func securityActions() map[string]action {
	return map[string]action{
		"DescribeSecurityGroups":        describeSecurityGroups,
		"DescribeSecurityGroupRules":    describeSecurityGroupRules,
		"AuthorizeSecurityGroupIngress": authorizeIngress,
		"RevokeSecurityGroupIngress":    revokeIngress,
	}
}

// AddSecurityGroup adds a security group and returns its id. From then on launches that name one the fleet does not
// have are refused.
func (f *Fleet) AddSecurityGroup(seed SecurityGroup) string {
	defer f.cloud.lock()()
	f.guarded = true
	return f.addSecurityGroup(seed).id
}

func (f *Fleet) addSecurityGroup(seed SecurityGroup) *securityGroup {
	g := &securityGroup{fleet: f, id: cmp.Or(seed.ID, f.cloud.id("sg")), name: seed.Name,
		about: cmp.Or(seed.Description, seed.Name), tags: cloneTags(seed.Tags)}
	for _, rule := range seed.Rules {
		g.add(rule)
	}
	g.add(SecurityRule{Outward: true, Protocol: "-1", CIDR: "0.0.0.0/0"})
	f.securityGroups[g.id] = g
	return g
}

func (g *securityGroup) add(rule SecurityRule) *securityRule {
	rule.Protocol = cmp.Or(rule.Protocol, "tcp")
	if rule.Protocol == "-1" {
		rule.From, rule.To = -1, -1
	}
	g.made++
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, g.id, g.made)
	r := &securityRule{id: fmt.Sprintf("sgr-0%016x", sum.Sum64()), group: g, SecurityRule: rule}
	g.rules = append(g.rules, r)
	return r
}

func (f *Fleet) securityGroup(id string) (*securityGroup, error) {
	if g := f.securityGroups[id]; g != nil {
		return g, nil
	}
	return nil, refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

func describeSecurityGroups(k *call) ([]elem, error) {
	ids, names := k.p.strs("GroupId"), k.p.strs("GroupName")
	for _, id := range ids {
		if _, err := k.fleet.securityGroup(id); err != nil {
			return nil, err
		}
	}
	all := slices.DeleteFunc(sortedValues(k.fleet.securityGroups), func(g *securityGroup) bool {
		return len(ids) > 0 && !slices.Contains(ids, g.id) || len(names) > 0 && !slices.Contains(names, g.name)
	})
	all, err := sift(all, k.filters(), func(g *securityGroup) field { return g.field })
	if err != nil {
		return nil, err
	}
	if err := k.atLeastFive(); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, max(len(all), 1), 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("securityGroupInfo", shown, (*securityGroup).elems), text("nextToken", next)}, nil
}

// atLeastFive refuses smaller pages.
func (k *call) atLeastFive() error {
	if n := k.num(5, "MaxResults"); k.bad == nil && n < 5 {
		return refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value of at least 5.", n)
	}
	return nil
}

func (g *securityGroup) elems() []elem {
	way := func(outward bool) []*securityRule {
		return slices.DeleteFunc(slices.Clone(g.rules), func(r *securityRule) bool { return r.Outward != outward })
	}
	return []elem{
		text("ownerId", g.fleet.account),
		text("groupId", g.id),
		text("groupName", g.name),
		text("groupDescription", g.about),
		text("vpcId", vpc),
		text("securityGroupArn", g.fleet.arn("ec2", "security-group/"+g.id)),
		set("ipPermissions", way(false), (*securityRule).permission),
		set("ipPermissionsEgress", way(true), (*securityRule).permission),
		g.tags.elem(),
	}
}

func (g *securityGroup) field(name string) ([]string, bool) {
	switch name {
	case "group-id":
		return []string{g.id}, true
	case "group-name":
		return []string{g.name}, true
	case "vpc-id":
		return []string{vpc}, true
	case "description":
		return []string{g.about}, true
	case "owner-id":
		return []string{g.fleet.account}, true
	}
	return g.tags.field(name)
}

// permission is the rule in the older way of writing, one permission for each.
func (r *securityRule) permission() []elem {
	all := []elem{text("ipProtocol", r.Protocol), only(r.Protocol != "-1", num("fromPort", r.From)), only(r.Protocol != "-1", num("toPort", r.To))}
	one := func(list, name, value string) elem {
		e := el(list)
		if value != "" {
			e.kids = []elem{el("item", text(name, value), text("description", r.Note))}
		}
		return e
	}
	groups := one("groups", "groupId", r.Group)
	if r.Group != "" {
		groups.kids[0].kids = append(groups.kids[0].kids, text("userId", r.group.fleet.account))
	}
	return append(all, groups, one("ipRanges", "cidrIp", r.CIDR), one("ipv6Ranges", "cidrIpv6", r.CIDR6), one("prefixListIds", "prefixListId", r.Prefix))
}

func describeSecurityGroupRules(k *call) ([]elem, error) {
	var all []*securityRule
	for _, g := range sortedValues(k.fleet.securityGroups) {
		all = append(all, g.rules...)
	}
	if ids := k.p.strs("SecurityGroupRuleId"); len(ids) > 0 {
		all = slices.DeleteFunc(all, func(r *securityRule) bool { return !slices.Contains(ids, r.id) })
		if len(all) < len(ids) {
			return nil, refuse("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", ids[0])
		}
	}
	all, err := sift(all, k.filters(), func(r *securityRule) field { return r.field })
	if err != nil {
		return nil, err
	}
	if err := k.atLeastFive(); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, max(len(all), 1), 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("securityGroupRuleSet", shown, (*securityRule).elems), text("nextToken", next)}, nil
}

func (r *securityRule) elems() []elem {
	return []elem{
		text("securityGroupRuleId", r.id),
		text("groupId", r.group.id),
		text("groupOwnerId", r.group.fleet.account),
		flag("isEgress", r.Outward),
		text("ipProtocol", r.Protocol),
		num("fromPort", r.From),
		num("toPort", r.To),
		text("cidrIpv4", r.CIDR),
		text("cidrIpv6", r.CIDR6),
		text("prefixListId", r.Prefix),
		only(r.Group != "", el("referencedGroupInfo", text("groupId", r.Group), text("userId", r.group.fleet.account), text("vpcId", vpc))),
		text("description", r.Note),
		tags{}.elem(),
	}
}

func (r *securityRule) field(name string) ([]string, bool) {
	switch name {
	case "group-id":
		return []string{r.group.id}, true
	case "security-group-rule-id":
		return []string{r.id}, true
	}
	return tags{}.field(name)
}

// asked reads the rules of a request.
func (k *call) askedRules() []SecurityRule {
	var all []SecurityRule
	for _, p := range k.p.list("IpPermissions") {
		base := SecurityRule{Protocol: p.str("IpProtocol")}
		base.From, _ = strconv.Atoi(p.str("FromPort"))
		base.To, _ = strconv.Atoi(p.str("ToPort"))
		for _, at := range p.list("IpRanges") {
			one := base
			one.CIDR, one.Note = at.str("CidrIp"), at.str("Description")
			all = append(all, one)
		}
		for _, at := range p.list("Groups") {
			one := base
			one.Group, one.Note = at.str("GroupId"), at.str("Description")
			all = append(all, one)
		}
	}
	if cidr := k.p.str("CidrIp"); cidr != "" {
		one := SecurityRule{Protocol: k.p.str("IpProtocol"), CIDR: cidr}
		one.From, _ = strconv.Atoi(k.p.str("FromPort"))
		one.To, _ = strconv.Atoi(k.p.str("ToPort"))
		all = append(all, one)
	}
	return all
}

// like tells whether a rule lets the same traffic through; what is noted beside it does not matter.
func (r *securityRule) like(other SecurityRule) bool {
	other.Note, other.Protocol = r.Note, cmp.Or(other.Protocol, "tcp")
	return r.SecurityRule == other
}

func authorizeIngress(k *call) ([]elem, error) {
	g, err := k.fleet.securityGroup(k.p.str("GroupId"))
	if err != nil {
		return nil, err
	}
	rules := k.askedRules()
	for _, rule := range rules {
		if slices.ContainsFunc(g.rules, func(r *securityRule) bool { return r.like(rule) }) {
			return nil, refuse("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %d, to port: %d, ALLOW\" already exists", rule.CIDR+rule.Group, rule.Protocol, rule.From, rule.To)
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	var added []*securityRule
	for _, rule := range rules {
		added = append(added, g.add(rule))
	}
	return []elem{flag("return", true), set("securityGroupRuleSet", added, (*securityRule).elems)}, nil
}

func revokeIngress(k *call) ([]elem, error) {
	g, err := k.fleet.securityGroup(k.p.str("GroupId"))
	if err != nil {
		return nil, err
	}
	ids, rules := k.p.strs("SecurityGroupRuleId"), k.askedRules()
	goes := func(r *securityRule) bool {
		return slices.Contains(ids, r.id) || slices.ContainsFunc(rules, r.like)
	}
	if !slices.ContainsFunc(g.rules, goes) {
		return nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.rules = slices.DeleteFunc(g.rules, goes)
	return []elem{flag("return", true)}, nil
}
