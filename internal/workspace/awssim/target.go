package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// targetGroup is where a load balancer sends requests.
type targetGroup struct {
	fleet     *Fleet
	arn, name string
	port      int
	balancer  string // the ARN of the load balancer that uses it
	targets   []*target
}

// target is an instance behind a load balancer.
type target struct {
	instance   string
	port       int
	registered time.Time
	drained    time.Time // when draining ends; zero while it serves
}

// balancer is a load balancer.
type balancer struct {
	arn, name string
	created   time.Time
}

func targetActions() map[string]action {
	return map[string]action{
		"DescribeTargetGroups":  describeTargetGroups,
		"DescribeTargetHealth":  describeTargetHealth,
		"RegisterTargets":       registerTargets,
		"DeregisterTargets":     deregisterTargets,
		"DescribeLoadBalancers": describeLoadBalancers,
	}
}

// register puts an instance behind the load balancer. Registering twice is harmless.
func (g *targetGroup) register(instance string, port int) {
	for _, t := range g.targets {
		if t.instance == instance && t.port == port {
			if !t.drained.IsZero() {
				t.drained, t.registered = time.Time{}, g.fleet.cloud.now
			}
			return
		}
	}
	g.targets = append(g.targets, &target{instance: instance, port: port, registered: g.fleet.cloud.now})
}

// deregister lets the targets of an instance drain; port 0 means all ports.
func (g *targetGroup) deregister(instance string, port int) {
	c := g.fleet.cloud
	for _, t := range g.targets {
		if t.instance == instance && (port == 0 || t.port == port) && t.drained.IsZero() {
			t.drained = c.now.Add(c.opts.DrainFor)
			c.at(t.drained, func() {
				g.targets = slices.DeleteFunc(g.targets, func(o *target) bool {
					return o == t && !o.drained.IsZero() && !c.now.Before(o.drained)
				})
			})
		}
	}
}

// verdict is what a load balancer thinks of a target.
type verdict struct{ state, reason, description string }

func (g *targetGroup) verdict(t *target) verdict {
	c, i := g.fleet.cloud, g.fleet.instances[t.instance]
	switch {
	case !t.drained.IsZero():
		return verdict{"draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"}
	case i == nil || i.state != Running:
		return verdict{"unused", "Target.InvalidState", "Target is in the stopped or terminated state"}
	case c.now.Before(t.registered.Add(c.opts.TargetHealthyAfter)):
		return verdict{"initial", "Elb.RegistrationInProgress", "Target registration is in progress"}
	case !i.application || i.rebooting || !i.healthy():
		return verdict{"unhealthy", "Target.Timeout", "Request timed out"}
	}
	return verdict{state: "healthy"}
}

func (f *Fleet) targetGroup(arn string) (*targetGroup, error) {
	if g := f.targetGroups[arn]; g != nil {
		return g, nil
	}
	return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
}

func describeTargetGroups(k *call) ([]elem, error) {
	arns, names := k.p.strs("TargetGroupArns"), k.p.strs("Names")
	var all []*targetGroup
	for _, g := range sortedValues(k.fleet.targetGroups) {
		if len(arns) > 0 && !slices.Contains(arns, g.arn) || len(names) > 0 && !slices.Contains(names, g.name) {
			continue
		}
		if lb := k.p.str("LoadBalancerArn"); lb == "" || lb == g.balancer {
			all = append(all, g)
		}
	}
	if len(all) < len(arns)+len(names) {
		return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
	}
	shown, next, err := page(k, all, elbPage, 400, 400)
	if err != nil {
		return nil, err
	}
	return []elem{members("TargetGroups", shown, (*targetGroup).elems), text("NextMarker", next)}, nil
}

func (g *targetGroup) elems() []elem {
	var balancers []string
	if g.balancer != "" {
		balancers = append(balancers, g.balancer)
	}
	return []elem{
		text("TargetGroupArn", g.arn),
		text("TargetGroupName", g.name),
		text("Protocol", "HTTP"),
		num("Port", g.port),
		text("VpcId", vpc),
		text("HealthCheckProtocol", "HTTP"),
		text("HealthCheckPort", "traffic-port"),
		flag("HealthCheckEnabled", true),
		num("HealthCheckIntervalSeconds", 10),
		num("HealthCheckTimeoutSeconds", 5),
		num("HealthyThresholdCount", 2),
		num("UnhealthyThresholdCount", 2),
		text("HealthCheckPath", "/"),
		el("Matcher", text("HttpCode", "200")),
		texts("LoadBalancerArns", "member", balancers),
		text("TargetType", "instance"),
		text("ProtocolVersion", "HTTP1"),
		text("IpAddressType", "ipv4"),
	}
}

func describeTargetHealth(k *call) ([]elem, error) {
	if err := k.need("TargetGroupArn"); err != nil {
		return nil, err
	}
	g, err := k.fleet.targetGroup(k.p.str("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	shown := g.targets
	if asked := k.p.list("Targets"); len(asked) > 0 {
		shown = nil
		for _, a := range asked {
			shown = append(shown, g.lookup(a.str("Id")))
		}
	}
	return []elem{members("TargetHealthDescriptions", shown, func(t *target) []elem {
		v := g.verdict(t)
		if t.registered.IsZero() {
			v = verdict{"unused", "Target.NotRegistered", "Target is not registered to the target group"}
		}
		return []elem{
			el("Target", text("Id", t.instance), num("Port", t.port)),
			text("HealthCheckPort", strconv.Itoa(t.port)),
			el("TargetHealth", text("State", v.state), text("Reason", v.reason), text("Description", v.description)),
		}
	})}, nil
}

// lookup returns the target of an instance, or one that was never registered.
func (g *targetGroup) lookup(instance string) *target {
	for _, t := range g.targets {
		if t.instance == instance {
			return t
		}
	}
	return &target{instance: instance, port: g.port}
}

// registerTargets takes running instances only.
func registerTargets(k *call) ([]elem, error) {
	return k.targets(func(id string) error {
		if i := k.fleet.instances[id]; i == nil || i.state != Running {
			return refuse("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", id)
		}
		return nil
	}, (*targetGroup).register)
}

// deregisterTargets forgives targets it does not know.
func deregisterTargets(k *call) ([]elem, error) {
	return k.targets(func(string) error { return nil }, func(g *targetGroup, id string, port int) { g.deregister(id, port) })
}

func (k *call) targets(allowed func(id string) error, do func(*targetGroup, string, int)) ([]elem, error) {
	if err := k.need("TargetGroupArn", "Targets"); err != nil {
		return nil, err
	}
	g, err := k.fleet.targetGroup(k.p.str("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	named := k.p.list("Targets")
	for _, t := range named {
		if err := allowed(t.str("Id")); err != nil {
			return nil, err
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, t := range named {
		port, _ := strconv.Atoi(t.str("Port"))
		do(g, t.str("Id"), cmp.Or(port, g.port))
	}
	return nil, nil
}

func describeLoadBalancers(k *call) ([]elem, error) {
	arns, names := k.p.strs("LoadBalancerArns"), k.p.strs("Names")
	var all []*balancer
	for _, b := range sortedValues(k.fleet.balancers) {
		if len(arns) > 0 && !slices.Contains(arns, b.arn) || len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		all = append(all, b)
	}
	if len(all) < len(arns)+len(names) {
		return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
	}
	shown, next, err := page(k, all, elbPage, 400, 400)
	if err != nil {
		return nil, err
	}
	return []elem{members("LoadBalancers", shown, func(b *balancer) []elem {
		return []elem{
			text("LoadBalancerArn", b.arn),
			text("DNSName", b.name+".elb.local"),
			when("CreatedTime", b.created),
			text("LoadBalancerName", b.name),
			text("Scheme", "internal"),
			text("VpcId", vpc),
			el("State", text("Code", "active")),
			text("Type", "application"),
			el("AvailabilityZones"),
			text("IpAddressType", "ipv4"),
		}
	}), text("NextMarker", next)}, nil
}
