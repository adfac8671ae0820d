package awssim

import "slices"

func balanceActions() map[string]action {
	return map[string]action{
		"AttachLoadBalancerTargetGroups":   attachTargetGroups,
		"DetachLoadBalancerTargetGroups":   detachTargetGroups,
		"DescribeLoadBalancerTargetGroups": describeGroupTargetGroups,
	}
}

// askedTargetGroups are the target groups that a request names.
func (k *call) askedTargetGroups() ([]string, error) {
	arns := k.p.strs("TargetGroupARNs")
	if len(arns) == 0 || len(arns) > 10 {
		return nil, invalid("Between 1 and 10 target groups must be given.")
	}
	return arns, nil
}

// attachTargetGroups puts the group behind more load balancers, with all that is in service. Attaching twice is
// harmless.
func attachTargetGroups(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	arns, err := k.askedTargetGroups()
	if err != nil {
		return nil, err
	}
	for _, arn := range arns {
		if k.fleet.targetGroups[arn] == nil {
			return nil, invalid("Provided Target Groups may not be valid. Please ensure they exist and try again.")
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	g.targetGroups = slices.Clone(g.targetGroups)
	for _, arn := range arns {
		if !slices.Contains(g.targetGroups, arn) {
			g.targetGroups = append(g.targetGroups, arn)
			g.register(k.fleet.targetGroups[arn])
		}
	}
	g.wake(k.cloud.opts.TargetHealthyAfter)
	return nil, nil
}

// register puts what is in service behind one load balancer.
func (g *group) register(tg *targetGroup) {
	for _, s := range g.seats {
		if s.lifecycle == seatInService && !g.off("AddToLoadBalancer") {
			tg.register(s.instance.id, tg.port)
		}
	}
}

// detachTargetGroups lets the group's targets drain.
func detachTargetGroups(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	arns, err := k.askedTargetGroups()
	if err != nil {
		return nil, err
	}
	for _, arn := range arns {
		if !slices.Contains(g.targetGroups, arn) {
			return nil, invalid("Trying to remove Target Groups that are not part of the group: %s", arn)
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, arn := range arns {
		for _, s := range g.seats {
			k.fleet.targetGroups[arn].deregister(s.instance.id, 0)
		}
	}
	g.targetGroups = slices.DeleteFunc(slices.Clone(g.targetGroups), func(arn string) bool { return slices.Contains(arns, arn) })
	return nil, nil
}

// describeGroupTargetGroups tells how far the instances are in becoming targets.
func describeGroupTargetGroups(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, g.balanced(), scalingPage, 100, 100)
	if err != nil {
		return nil, err
	}
	return []elem{members("LoadBalancerTargetGroups", shown, func(tg *targetGroup) []elem {
		return []elem{text("LoadBalancerTargetGroupARN", tg.arn), text("State", g.balanceState(tg))}
	}), text("NextToken", next)}, nil
}

// balanceState is Adding until all that is in service is registered, InService once a target is healthy when the
// group relies on that, and Added otherwise.
func (g *group) balanceState(tg *targetGroup) string {
	healthy := false
	for _, s := range g.seats {
		t := tg.lookup(s.instance.id)
		if s.lifecycle == seatInService && t.registered.IsZero() {
			return "Adding"
		}
		healthy = healthy || !t.registered.IsZero() && tg.verdict(t).state == "healthy"
	}
	if healthy {
		return "InService"
	}
	return "Added"
}
