package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// group is an Auto Scaling group.
type group struct {
	fleet              *Fleet
	name, arn          string
	min, max, desired  int
	cooldown           int
	zones, subnets     []string
	config             config
	health             string // EC2, or EC2 and ELB
	grace              time.Duration
	warmup             time.Duration // negative when the group has none
	targetGroups       []string
	tags               []groupTag
	suspended          map[string]time.Time
	created            time.Time
	hooks              map[string]*hook
	policies           []string
	protectNew         bool
	rebalance          bool
	maintenance        *params
	deletionProtection string
	deleting           bool
	operator           string

	seats      []*seat
	activities []*activity // newest first
	refreshes  []*refresh  // newest first
	generation int         // of seats; a refresh replaces those of earlier generations
	owed       []string    // causes of launches that replace something
	shrunk     string      // why there should be fewer now, for the causes of what leaves
	barren     map[string]barren
	extra      *seat     // launched to level the zones
	uneven     bool      // a zone had no capacity, so the zones may have to be levelled
	failures   int       // launches that failed in a row
	retry      time.Time // when the next launch may be tried
	ticks      map[time.Time]bool
}

// groupTag is a tag of a group.
type groupTag struct {
	key, value string
	propagate  bool
}

// config is what a group launches: a template, or a mixed instances policy kept as it was given.
type config struct {
	spec  templateSpec
	mixed *params
}

// template names the template either way.
func (c config) template() templateSpec {
	if c.mixed != nil {
		return readTemplateSpec(c.mixed.at("LaunchTemplate", "LaunchTemplateSpecification"))
	}
	return c.spec
}

// overrides lists the choices of a mixed instances policy.
func (c config) overrides() []*params {
	if c.mixed == nil {
		return nil
	}
	return c.mixed.list("LaunchTemplate", "Overrides")
}

func (c config) elems() []elem {
	if c.mixed != nil {
		return []elem{echo("MixedInstancesPolicy", c.mixed)}
	}
	return []elem{c.spec.elem("LaunchTemplate")}
}

func (s templateSpec) elem(name string) elem {
	return only(s.id != "", el(name, text("LaunchTemplateId", s.id), text("LaunchTemplateName", s.name), text("Version", s.version)))
}

// echo writes a tree back in the names it came in.
func echo(name string, p *params) elem {
	if len(p.kids) == 0 {
		return raw(name, p.value)
	}
	e := el(name)
	if p.isList() {
		for _, item := range p.list() {
			e.kids = append(e.kids, echo("member", item))
		}
		return e
	}
	for _, kid := range slices.Sorted(maps.Keys(p.kids)) {
		e.kids = append(e.kids, echo(kid, p.kids[kid]))
	}
	return e
}

// readConfig takes a template or a mixed instances policy out of a request, completes it as AWS does, and
// checks that it would launch. A tree that holds neither gives an empty config.
func (f *Fleet) readConfig(p *params) (config, error) {
	var c config
	switch {
	case p.has("LaunchTemplate") && p.has("MixedInstancesPolicy"):
		return c, invalid("Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter, not both.")
	case p.has("LaunchTemplate"):
		c.spec = readTemplateSpec(p.at("LaunchTemplate"))
	case p.has("MixedInstancesPolicy"):
		c.mixed = p.at("MixedInstancesPolicy").clone()
	default:
		return c, nil
	}
	t, _, err := f.version(c.template())
	if err != nil {
		return c, badTemplate(err)
	}
	c.complete(t)
	_, _, err = f.recipe(c, 0)
	return c, badTemplate(err)
}

// badTemplate is how Auto Scaling passes on what EC2 has against a template.
func badTemplate(err error) error {
	if failure, ok := err.(*apiError); ok { //nolint:errorlint // made in this package, never wrapped
		return invalid("You must use a valid fully-formed launch template. %s", failure.message)
	}
	return err
}

// complete fills in what AWS adds: both the template's id and name, a version, and the policy's defaults.
func (c *config) complete(t *template) {
	if c.mixed == nil {
		c.spec = templateSpec{t.id, t.name, cmp.Or(c.spec.version, "$Default")}
		return
	}
	specification := c.mixed.kid("LaunchTemplate").kid("LaunchTemplateSpecification")
	specification.put("LaunchTemplateId", t.id)
	specification.put("LaunchTemplateName", t.name)
	if !specification.has("Version") {
		specification.put("Version", "$Default")
	}
	distribution := c.mixed.kid("InstancesDistribution")
	for name, value := range map[string]string{
		"OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": "0",
		"OnDemandPercentageAboveBaseCapacity": "100", "SpotAllocationStrategy": "lowest-price",
	} {
		if !distribution.has(name) {
			distribution.put(name, value)
		}
	}
}

func groupActions() map[string]action {
	return map[string]action{
		"DescribeAutoScalingGroups": describeGroups,
		"CreateAutoScalingGroup":    createGroup,
		"UpdateAutoScalingGroup":    updateGroup,
		"DeleteAutoScalingGroup":    deleteGroup,
		"SetDesiredCapacity":        setDesiredCapacity,
		"SuspendProcesses":          suspendProcesses,
		"ResumeProcesses":           resumeProcesses,
		"CreateOrUpdateTags":        createOrUpdateTags,
		"DeleteTags":                deleteGroupTags,
		"DescribeTags":              describeGroupTags,
		"DescribeScalingActivities": describeScalingActivities,
	}
}

// group finds the group a request names.
func (k *call) group() (*group, error) {
	if err := k.need("AutoScalingGroupName"); err != nil {
		return nil, err
	}
	name := k.p.str("AutoScalingGroupName")
	if g := k.fleet.groups[name]; g != nil {
		k.touched = g
		return g, nil
	}
	return nil, invalid("AutoScalingGroup name not found - AutoScalingGroup %s not found", name)
}

func describeGroups(k *call) ([]elem, error) {
	names := k.p.strs("AutoScalingGroupNames")
	if len(names) > max(50, k.num(50, "MaxRecords")) {
		return nil, invalid("At most 50 group names can be given, or 100 with MaxRecords 100.")
	}
	all := slices.DeleteFunc(sortedValues(k.fleet.groups), func(g *group) bool {
		return len(names) > 0 && !slices.Contains(names, g.name)
	})
	all, err := sift(all, k.filters(), func(g *group) field { return g.field })
	if err != nil {
		return nil, invalid("%s", err.Error())
	}
	shown, next, err := page(k, all, scalingPage, 50, 100)
	if err != nil {
		return nil, err
	}
	instances := k.p.str("IncludeInstances") != "false"
	return []elem{members("AutoScalingGroups", shown, func(g *group) []elem { return g.elems(instances) }), text("NextToken", next)}, nil
}

func (g *group) elems(instances bool) []elem {
	all := []elem{
		text("AutoScalingGroupName", g.name),
		text("AutoScalingGroupARN", g.arn),
	}
	all = append(all, g.config.elems()...)
	all = append(all,
		num("MinSize", g.min), num("MaxSize", g.max), num("DesiredCapacity", g.desired),
		num("DefaultCooldown", g.cooldown),
		texts("AvailabilityZones", "member", g.zones),
		el("LoadBalancerNames"),
		texts("TargetGroupARNs", "member", g.targetGroups),
		text("HealthCheckType", g.health),
		num("HealthCheckGracePeriod", int(g.grace.Seconds())),
	)
	if instances {
		all = append(all, members("Instances", g.seats, (*seat).elems))
	}
	return append(all,
		when("CreatedTime", g.created),
		members("SuspendedProcesses", slices.Sorted(maps.Keys(g.suspended)), func(process string) []elem {
			return []elem{text("ProcessName", process),
				text("SuspensionReason", "User suspended at "+g.suspended[process].UTC().Format(time.RFC3339))}
		}),
		text("VPCZoneIdentifier", strings.Join(g.subnets, ",")),
		el("EnabledMetrics"),
		only(g.deleting, text("Status", "Delete in progress")),
		members("Tags", g.tags, g.tagElems),
		texts("TerminationPolicies", "member", g.policies),
		flag("NewInstancesProtectedFromScaleIn", g.protectNew),
		text("ServiceLinkedRoleARN", "arn:aws:iam::"+g.fleet.account+":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
		flag("CapacityRebalance", g.rebalance),
		only(g.warmup >= 0, num("DefaultInstanceWarmup", int(g.warmup.Seconds()))),
		members("TrafficSources", g.targetGroups, func(arn string) []elem {
			return []elem{text("Identifier", arn), text("Type", "elbv2")}
		}),
		only(g.maintenance != nil, echo("InstanceMaintenancePolicy", cmp.Or(g.maintenance, noParams))),
		text("DeletionProtection", g.deletionProtection),
		only(g.operator != "", el("Operator", text("Principal", g.operator))),
	)
}

func (g *group) tagElems(t groupTag) []elem {
	return []elem{text("ResourceId", g.name), text("ResourceType", "auto-scaling-group"),
		text("Key", t.key), raw("Value", t.value), flag("PropagateAtLaunch", t.propagate)}
}

// field answers DescribeAutoScalingGroups' filters, which are about tags.
func (g *group) field(name string) ([]string, bool) {
	plain := tags{}
	for _, t := range g.tags {
		plain[t.key] = t.value
	}
	return plain.field(name)
}

// off tells whether a process is suspended.
func (g *group) off(process string) bool {
	_, suspended := g.suspended[process]
	return suspended
}

// live returns the seats that count as capacity: those starting and those in service.
func (g *group) live() []*seat {
	return slices.DeleteFunc(slices.Clone(g.seats), func(s *seat) bool { return !s.live() })
}

func (g *group) seat(instance string) *seat {
	for _, s := range g.seats {
		if s.instance.id == instance {
			return s
		}
	}
	return nil
}

func setDesiredCapacity(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	if err := k.need("DesiredCapacity"); err != nil {
		return nil, err
	}
	wanted := k.num(0, "DesiredCapacity")
	if k.bad == nil {
		if err := g.within(wanted); err != nil {
			return nil, err
		}
	}
	if k.p.yes("HonorCooldown") {
		if err := g.cooled(); err != nil {
			return nil, err
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.resize(wanted, "a user request explicitly set group desired capacity changing the desired capacity from "+
		strconv.Itoa(g.desired)+" to "+strconv.Itoa(wanted))
	return nil, nil
}

func (g *group) within(desired int) error {
	if desired > g.max {
		return invalid("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", desired, g.max)
	}
	if desired < g.min {
		return invalid("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", desired, g.min)
	}
	return nil
}

// cooled refuses while an activity runs, or has ended too recently.
func (g *group) cooled() error {
	for _, a := range g.activities {
		if a.ended.IsZero() || g.fleet.cloud.now.Before(a.ended.Add(time.Duration(g.cooldown)*time.Second)) {
			return refuse("ScalingActivityInProgress", "Scaling activity %s is in progress and blocks this action", a.id)
		}
	}
	return nil
}

// resize changes the desired capacity; why goes into the causes of the activities that follow.
func (g *group) resize(desired int, why string) {
	for range desired - g.desired {
		g.owed = append(g.owed, g.fleet.cloud.clockPhrase()+" "+why+".  "+g.fleet.cloud.clockPhrase()+
			" an instance was started in response to a difference between desired and actual capacity, increasing the capacity from "+
			strconv.Itoa(g.desired)+" to "+strconv.Itoa(desired)+".")
	}
	if desired < g.desired {
		g.shrunk = g.fleet.cloud.clockPhrase() + " " + why + ".  "
	}
	g.desired = desired
	g.wake(0)
}

// clockPhrase begins a sentence with the time, as causes do.
func (c *Cloud) clockPhrase() string { return "At " + c.now.UTC().Format("2006-01-02T15:04:05Z") }
