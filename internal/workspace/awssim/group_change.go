package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// processes are what a group does by itself.
var processes = []string{"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance",
	"HealthCheck", "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"}

func createGroup(k *call) ([]elem, error) {
	if err := k.need("AutoScalingGroupName", "MinSize", "MaxSize"); err != nil {
		return nil, err
	}
	name := k.p.str("AutoScalingGroupName")
	if strings.Contains(name, ":") || len(name) > 255 {
		return nil, invalid("The name of a group has at most 255 characters and no colon.")
	}
	if k.fleet.groups[name] != nil {
		return nil, refuse("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	if limit := k.cloud.opts.GroupLimit; len(k.fleet.groups) >= limit {
		return nil, refuse("LimitExceeded", "You have reached the limit of %d Auto Scaling groups.", limit)
	}
	if !k.p.has("LaunchTemplate") && !k.p.has("MixedInstancesPolicy") {
		return nil, invalid("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	}
	g := k.fleet.newGroup(name)
	if err := k.settle(g); err != nil {
		return nil, err
	}
	if k.bad == nil && len(g.zones) == 0 {
		return nil, invalid("At least one Availability Zone or VPC Subnet is required.")
	}
	g.tags = k.groupTags()
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, specification := range k.p.list("LifecycleHookSpecificationList") {
		g.putHook(specification)
	}
	k.fleet.groups[name] = g
	wanted := g.desired
	g.desired = 0
	g.resize(wanted, "a user request created an AutoScalingGroup changing the desired capacity from 0 to "+strconv.Itoa(wanted))
	return nil, nil
}

// newGroup is a group with AWS's defaults, not yet part of the fleet.
func (f *Fleet) newGroup(name string) *group {
	return &group{
		fleet: f, name: name, cooldown: 300, health: "EC2", warmup: -1, created: f.cloud.now,
		arn:       f.arn("autoscaling", "autoScalingGroup:"+f.cloud.uuid()+":autoScalingGroupName/"+name),
		suspended: map[string]time.Time{}, hooks: map[string]*hook{}, policies: []string{"Default"},
		deletionProtection: "none", barren: map[string]barren{}, ticks: map[time.Time]bool{},
	}
}

// settle applies what a create or an update gives, to a group that may be thrown away.
func (k *call) settle(g *group) error {
	settings, err := k.fleet.readConfig(k.p)
	if err != nil {
		return err
	}
	if settings.template() != (templateSpec{}) {
		g.config = settings
	}
	g.min, g.max = k.num(g.min, "MinSize"), k.num(g.max, "MaxSize")
	g.desired = k.num(min(max(g.desired, g.min), max(g.max, g.min)), "DesiredCapacity")
	if k.bad == nil && (g.min < 0 || g.min > g.max) {
		return invalid("Min size (%d) must not be greater than max size (%d), nor negative.", g.min, g.max)
	}
	if k.bad == nil && g.max > 10_000 {
		return refuse("LimitExceeded", "The simulated groups have at most 10000 instances.")
	}
	if k.bad == nil && (g.desired < g.min || g.desired > g.max) {
		return invalid("Desired capacity:%d must be between the specified min size:%d and max size:%d", g.desired, g.min, g.max)
	}
	k.settleHealth(g)
	k.settlePlaces(g)
	return k.settleTargets(g)
}

func (k *call) settleHealth(g *group) {
	g.cooldown = k.num(g.cooldown, "DefaultCooldown")
	g.health = cmp.Or(k.p.str("HealthCheckType"), g.health)
	g.grace = time.Duration(k.num(int(g.grace.Seconds()), "HealthCheckGracePeriod")) * time.Second
	if k.p.has("DefaultInstanceWarmup") {
		g.warmup = time.Duration(k.num(0, "DefaultInstanceWarmup")) * time.Second
	}
	if k.p.has("InstanceMaintenancePolicy") {
		g.maintenance = k.p.at("InstanceMaintenancePolicy").clone()
	}
	if k.p.has("NewInstancesProtectedFromScaleIn") {
		g.protectNew = k.p.yes("NewInstancesProtectedFromScaleIn")
	}
	if k.p.has("CapacityRebalance") {
		g.rebalance = k.p.yes("CapacityRebalance")
	}
	if policies := k.p.strs("TerminationPolicies"); len(policies) > 0 {
		g.policies = policies
		if unknown := slices.IndexFunc(policies, func(p string) bool { return !slices.Contains(terminationPolicies, p) }); unknown >= 0 {
			k.bad = invalid("Termination policy %s is not valid.", policies[unknown])
		}
	}
	g.deletionProtection = cmp.Or(k.p.str("DeletionProtection"), g.deletionProtection)
}

func (k *call) settlePlaces(g *group) {
	if subnets := k.p.str("VPCZoneIdentifier"); subnets != "" {
		named := strings.Split(strings.ReplaceAll(subnets, " ", ""), ",")
		for _, id := range named {
			if err := k.fleet.noSubnet(id); err != nil {
				k.bad = invalid("The subnet ID '%s' does not exist", id)
				return
			}
		}
		g.place(named)
		return
	}
	if zones := k.p.strs("AvailabilityZones"); len(zones) > 0 {
		subnets := make([]string, 0, len(zones))
		for _, zone := range zones {
			subnets = append(subnets, k.fleet.subnetIn(zone))
		}
		g.place(subnets)
	}
}

// place puts the group into subnets, and so into their zones.
func (g *group) place(subnets []string) {
	g.subnets, g.zones = subnets, nil
	for _, subnet := range subnets {
		if zone := g.fleet.zoneOf(subnet); !slices.Contains(g.zones, zone) {
			g.zones = append(g.zones, zone)
		}
	}
	slices.Sort(g.zones)
}

func (k *call) settleTargets(g *group) error {
	arns := k.p.strs("TargetGroupARNs")
	for _, source := range k.p.list("TrafficSources") {
		arns = append(arns, source.str("Identifier"))
	}
	for _, arn := range arns {
		if k.fleet.targetGroups[arn] == nil {
			return invalid("Provided Target Groups may not be valid. Please ensure they exist and try again.")
		}
	}
	if len(arns) > 0 {
		g.targetGroups = arns
	}
	return nil
}

// updateGroup changes what the group launches from now on; instances that run are left alone.
func updateGroup(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	trial := *g
	if err := k.settle(&trial); err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	desired := trial.desired
	trial.desired = g.desired
	*g = trial
	if desired != g.desired {
		g.resize(desired, "a user request update of AutoScalingGroup constraints to min: "+strconv.Itoa(g.min)+
			", max: "+strconv.Itoa(g.max)+", desired: "+strconv.Itoa(desired)+
			" changing the desired capacity from "+strconv.Itoa(g.desired)+" to "+strconv.Itoa(desired))
	}
	g.wake(0)
	return nil, nil
}

func deleteGroup(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	force := k.p.yes("ForceDelete")
	switch {
	case g.deletionProtection == "prevent-all-deletion", g.deletionProtection == "prevent-force-deletion" && force:
		return nil, refuse("ResourceInUse", "The group %s is protected from deletion (%s).", g.name, g.deletionProtection)
	case len(g.seats) > 0 && len(g.live()) == 0 && g.desired == 0 && !force && !g.idle():
		return nil, refuse("ScalingActivityInProgress", "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.")
	case len(g.seats) > 0 && !force:
		return nil, refuse("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or "+
			"pending Spot instance request(s) still in the group.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.deleting, g.min, g.desired = true, 0, 0
	for _, s := range g.seats {
		s.protected = false
		s.leave(k.cloud.clockPhrase() + " an instance was taken out of service in response to a user request to delete the group.")
	}
	if r := g.active(); r != nil {
		r.finish("Cancelled", "The Auto Scaling group was deleted.")
	}
	g.wake(0)
	return nil, nil
}

// idle tells whether the group has instances that nothing happens to, such as those on standby.
func (g *group) idle() bool {
	return slices.ContainsFunc(g.seats, func(s *seat) bool { return !strings.HasPrefix(s.lifecycle, seatTerminating) })
}

func suspendProcesses(k *call) ([]elem, error) {
	return k.processes(func(g *group, process string) { g.suspended[process] = k.cloud.now })
}

// resumeProcesses also lets a paused refresh go on.
func resumeProcesses(k *call) ([]elem, error) {
	return k.processes(func(g *group, process string) { delete(g.suspended, process) })
}

func (k *call) processes(do func(*group, string)) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	named := k.p.strs("ScalingProcesses")
	for _, process := range named {
		if !slices.Contains(processes, process) {
			return nil, invalid("Process %s is not one of %s.", process, strings.Join(processes, ", "))
		}
	}
	if len(named) == 0 {
		named = processes
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.suspended = maps.Clone(g.suspended)
	for _, process := range named {
		do(g, process)
	}
	g.wake(0)
	return nil, nil
}

// groupTags reads the tags of a request.
func (k *call) groupTags() []groupTag {
	var all []groupTag
	for _, t := range k.p.list("Tags") {
		all = append(all, groupTag{t.str("Key"), t.str("Value"), t.yes("PropagateAtLaunch")})
	}
	return all
}

// eachTag applies do to every tag of a request and the group it is for.
func (k *call) eachTag(do func(*group, groupTag)) ([]elem, error) {
	for _, t := range k.p.list("Tags") {
		if k.fleet.groups[t.str("ResourceId")] == nil {
			return nil, invalid("AutoScalingGroup name not found - AutoScalingGroup %s not found", t.str("ResourceId"))
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for n, t := range k.p.list("Tags") {
		do(k.fleet.groups[t.str("ResourceId")], k.groupTags()[n])
	}
	return nil, nil
}

func (g *group) untag(key string) {
	g.tags = slices.DeleteFunc(slices.Clone(g.tags), func(t groupTag) bool { return t.key == key })
}

func createOrUpdateTags(k *call) ([]elem, error) {
	return k.eachTag(func(g *group, t groupTag) {
		g.untag(t.key)
		g.tags = append(g.tags, t)
	})
}

func deleteGroupTags(k *call) ([]elem, error) {
	return k.eachTag(func(g *group, t groupTag) { g.untag(t.key) })
}

// ownedTag is a tag and its group.
type ownedTag struct {
	group *group
	groupTag
}

func describeGroupTags(k *call) ([]elem, error) {
	var all []ownedTag
	for _, g := range sortedValues(k.fleet.groups) {
		for _, t := range g.tags {
			all = append(all, ownedTag{g, t})
		}
	}
	all, err := sift(all, k.filters(), func(t ownedTag) field { return t.field })
	if err != nil {
		return nil, invalid("%s", err.Error())
	}
	shown, next, err := page(k, all, scalingPage, 50, 100)
	if err != nil {
		return nil, err
	}
	return []elem{members("Tags", shown, func(t ownedTag) []elem { return t.group.tagElems(t.groupTag) }), text("NextToken", next)}, nil
}

func (t ownedTag) field(name string) ([]string, bool) {
	switch name {
	case "auto-scaling-group":
		return []string{t.group.name}, true
	case "key":
		return []string{t.key}, true
	case "value":
		return []string{t.value}, true
	case "propagate-at-launch":
		return []string{strconv.FormatBool(t.propagate)}, true
	}
	return nil, false
}
