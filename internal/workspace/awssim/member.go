package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func memberActions() map[string]action {
	return map[string]action{
		"DescribeAutoScalingInstances":        describeGroupInstances,
		"TerminateInstanceInAutoScalingGroup": terminateInGroup,
		"SetInstanceHealth":                   setInstanceHealth,
		"SetInstanceProtection":               setInstanceProtection,
		"EnterStandby":                        enterStandby,
		"ExitStandby":                         exitStandby,
		"AttachInstances":                     attachInstances,
		"DetachInstances":                     detachInstances,
		"LaunchInstances":                     launchInstances,
	}
}

func describeGroupInstances(k *call) ([]elem, error) {
	ids := k.p.strs("InstanceIds")
	if len(ids) > 50 {
		return nil, invalid("At most 50 instance ids can be given.")
	}
	var all []*seat
	for _, g := range sortedValues(k.fleet.groups) {
		for _, s := range g.seats {
			if len(ids) == 0 || slices.Contains(ids, s.instance.id) {
				all = append(all, s)
			}
		}
	}
	shown, next, err := page(k, all, scalingPage, 50, 50)
	if err != nil {
		return nil, err
	}
	return []elem{members("AutoScalingInstances", shown, func(s *seat) []elem {
		e := append(s.elems(), text("AutoScalingGroupName", s.group.name))
		for n := range e {
			if e[n].name == "HealthStatus" {
				e[n].text = map[bool]string{true: "HEALTHY", false: "UNHEALTHY"}[s.healthy]
			}
		}
		return e
	}), text("NextToken", next)}, nil
}

// seated finds the seat of an instance, whatever its group.
func (f *Fleet) seated(id string) (*seat, error) {
	if i := f.instances[id]; i != nil && i.seat != nil {
		return i.seat, nil
	}
	return nil, invalid("Instance Id not found - No managed instance found for instance ID: %s", id)
}

// seats finds the seats a request names, which must be in the group it names and in one of the states.
func (k *call) seats(most int, states ...string) (*group, []*seat, error) {
	g, err := k.group()
	if err != nil {
		return nil, nil, err
	}
	ids := k.p.strs("InstanceIds")
	if len(ids) == 0 || len(ids) > most {
		return nil, nil, invalid("Between 1 and %d instance ids must be given.", most)
	}
	var all []*seat
	for _, id := range ids {
		s := g.seat(id)
		if s == nil {
			return nil, nil, invalid("The instance %s is not part of Auto Scaling group %s.", id, g.name)
		}
		if len(states) > 0 && !slices.Contains(states, s.lifecycle) {
			return nil, nil, invalid("The instance %s is not in %s.", id, states[0])
		}
		all = append(all, s)
	}
	return g, all, nil
}

// decrement checks a request that lowers the desired capacity by n, if it does.
func (k *call) decrement(g *group, n int) (int, error) {
	if err := k.need("ShouldDecrementDesiredCapacity"); err != nil {
		return 0, err
	}
	if !k.p.yes("ShouldDecrementDesiredCapacity") {
		return 0, nil
	}
	if g.desired-n < g.min {
		return 0, invalid("Currently, desiredSize equals minSize (%d). Terminating instance without replacement will "+
			"violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "+
			"group's min size.", g.min)
	}
	return n, nil
}

func terminateInGroup(k *call) ([]elem, error) {
	ids := append(k.p.strs("InstanceIds"), k.p.str("InstanceId"))
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if len(ids) == 0 || len(ids) > 100 {
		return nil, invalid("Between 1 and 100 instances must be named.")
	}
	var leaving []*seat
	for _, id := range ids {
		s, err := k.fleet.seated(id)
		if err != nil {
			return nil, err
		}
		leaving = append(leaving, s)
	}
	g := leaving[0].group
	fewer, err := k.decrement(g, len(leaving))
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	words := " was taken out of service in response to a user request."
	if fewer > 0 {
		words = strings.TrimSuffix(words, ".") + ", shrinking the capacity from " + strconv.Itoa(g.desired) + " to " + strconv.Itoa(g.desired-fewer) + "."
	}
	g.desired -= fewer
	var done []*activity
	for _, s := range leaving {
		done = append(done, s.leave(k.cloud.clockPhrase()+" instance "+s.instance.id+words))
	}
	g.wake(0)
	if !k.p.has("InstanceIds") {
		return []elem{el("Activity", done[0].elems()...)}, nil
	}
	return []elem{members("Activities", done, (*activity).elems)}, nil
}

func setInstanceHealth(k *call) ([]elem, error) {
	s, err := k.fleet.seated(k.p.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	status := k.p.str("HealthStatus")
	if status != "Healthy" && status != "Unhealthy" {
		return nil, invalid("HealthStatus must be Healthy or Unhealthy.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	respected := k.p.str("ShouldRespectGracePeriod") != "false"
	if status == "Healthy" {
		s.healthy, s.sick = true, ""
	} else if !respected || !k.cloud.now.Before(s.inService.Add(s.group.grace)) {
		s.condemn("a user health-check")
	}
	s.group.wake(0)
	return nil, nil
}

func setInstanceProtection(k *call) ([]elem, error) {
	g, all, err := k.seats(50)
	if err != nil {
		return nil, err
	}
	if err := k.need("ProtectedFromScaleIn"); err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, s := range all {
		s.protected = k.p.yes("ProtectedFromScaleIn")
	}
	g.wake(0)
	return nil, nil
}

// enterStandby takes instances out of service without ending them. Without a lower desired capacity the
// group launches others in their place.
func enterStandby(k *call) ([]elem, error) {
	g, all, err := k.seats(20, seatInService)
	if err != nil {
		return nil, err
	}
	fewer, err := k.decrement(g, len(all))
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.move(g, all, "Moving EC2 instance to Standby: ", "moved to standby", func(s *seat) {
		s.lifecycle = seatStandby
		s.drain()
	}, -fewer), nil
}

// exitStandby always raises the desired capacity again.
func exitStandby(k *call) ([]elem, error) {
	g, all, err := k.seats(20, seatStandby)
	if err != nil {
		return nil, err
	}
	if g.desired+len(all) > g.max {
		return nil, invalid("The desired capacity would rise above the maximum of %d.", g.max)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.move(g, all, "Moving EC2 instance out of Standby: ", "moved out of standby", func(s *seat) {
		s.lifecycle = seatPending
	}, len(all)), nil
}

func detachInstances(k *call) ([]elem, error) {
	g, all, err := k.seats(20, seatInService, seatStandby)
	if err != nil {
		return nil, err
	}
	fewer, err := k.decrement(g, len(all))
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	return k.move(g, all, "Detaching EC2 instance: ", "detached", func(s *seat) {
		s.drain()
		s.remove()
	}, -fewer), nil
}

// move applies do to seats, changes the desired capacity, and reports one activity for each.
func (k *call) move(g *group, all []*seat, title, word string, do func(*seat), more int) []elem {
	var done []*activity
	for _, s := range all {
		a := g.begin(title+s.instance.id, k.cloud.clockPhrase()+" instance "+s.instance.id+" was "+word+
			" in response to a user request.", s.instance.zone)
		a.status, a.progress = "InProgress", 50
		done = append(done, a)
		do(s)
	}
	shown := members("Activities", done, (*activity).elems)
	for _, a := range done {
		k.cloud.after(5*time.Second, func() { a.end(k.cloud.now, "Successful", "") })
	}
	g.desired += more
	g.wake(0)
	return []elem{shown}
}

// attachInstances makes running instances members, and raises the desired capacity.
func attachInstances(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	ids := k.p.strs("InstanceIds")
	found, err := k.fleet.find(ids)
	if err != nil {
		return nil, invalid("Invalid Instance ID(s): %v", ids)
	}
	for _, i := range found {
		if i.state != Running || i.seat != nil {
			return nil, invalid("Invalid Instance ID(s): [%s] is not running, or part of a group already.", i.id)
		}
	}
	if g.desired+len(found) > g.max || len(found) > 20 {
		return nil, invalid("The desired capacity would rise above the maximum of %d, or more than 20 instances are named.", g.max)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, i := range found {
		i.tags["aws:autoscaling:groupName"] = g.name
		s := &seat{group: g, instance: i, lifecycle: seatPending, healthy: true, joined: k.cloud.now, generation: g.generation}
		s.opened = g.begin("Attaching an existing EC2 instance: "+i.id, k.cloud.clockPhrase()+" an instance was attached "+
			"in response to a user request.", i.zone)
		i.seat = s
		g.seats = append(g.seats, s)
	}
	g.desired += len(found)
	g.wake(0)
	return nil, nil
}

// launchInstances launches at once, with the group's configuration, and says at once what went wrong.
func launchInstances(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	if err := k.need("RequestedCapacity", "ClientToken"); err != nil {
		return nil, err
	}
	count := k.num(0, "RequestedCapacity")
	if k.bad == nil && (count < 1 || count > 100) {
		return nil, invalid("RequestedCapacity must be between 1 and 100.")
	}
	return k.once(func() (func() []elem, error) {
		if g.desired+count > g.max {
			return nil, invalid("The desired capacity would rise above the maximum of %d.", g.max)
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		return k.launchNow(g, count), nil
	})
}

func (k *call) launchNow(g *group, count int) func() []elem {
	zones := k.p.strs("AvailabilityZones")
	for _, subnet := range k.p.strs("SubnetIds") {
		zones = append(zones, k.fleet.zoneOf(subnet))
	}
	if len(zones) == 0 {
		zones = g.zones
	}
	launched, failed := el("Instances"), el("Errors")
	for range count {
		zone := g.emptiest(zones)
		place := []elem{text("AvailabilityZone", zone), text("SubnetId", g.subnetFor(zone)), text("MarketType", "on-demand")}
		s, err := g.launch(k.cloud.clockPhrase()+" an instance was launched in response to a LaunchInstances request.", zone)
		if err != nil {
			failure := err.(*apiError) //nolint:errorlint // made in this package, never wrapped
			failed.kids = append(failed.kids, el("member", append(place,
				text("ErrorCode", failure.code), text("ErrorMessage", failure.message))...))
			continue
		}
		g.desired++
		launched.kids = append(launched.kids, el("member", append(place,
			text("InstanceType", s.instance.kind), texts("InstanceIds", "member", []string{s.instance.id}))...))
	}
	if k.p.str("RetryStrategy") == "retry-with-group-configuration" {
		g.desired += len(failed.kids)
	}
	g.wake(0)
	token := cmp.Or(k.p.str("ClientToken"), strconv.Itoa(count))
	return func() []elem {
		return []elem{text("AutoScalingGroupName", g.name), text("ClientToken", token), launched, failed}
	}
}
