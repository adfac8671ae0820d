package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seat is an instance's place in a group.
type seat struct {
	group      *group
	instance   *instance
	lifecycle  string
	healthy    bool
	sick       string // how it was found to be unhealthy
	protected  bool
	template   templateSpec // with the number of its version
	override   string       // the image, when an override named it
	joined     time.Time
	inService  time.Time
	generation int
	skipped    bool // a refresh found that it matched already
	opened     *activity
	waiting    *wait // for a lifecycle hook
}

// The states of a seat.
const (
	seatPending     = "Pending"
	seatInService   = "InService"
	seatTerminating = "Terminating"
	seatStandby     = "Standby"
	seatRootVolume  = "ReplacingRootVolume"
)

// live tells whether the seat counts as capacity.
func (s *seat) live() bool {
	return strings.HasPrefix(s.lifecycle, seatPending) || s.lifecycle == seatInService || s.lifecycle == seatRootVolume
}

func (s *seat) elems() []elem {
	return []elem{
		text("InstanceId", s.instance.id),
		text("InstanceType", s.instance.kind),
		text("AvailabilityZone", s.instance.zone),
		text("LifecycleState", s.lifecycle),
		text("HealthStatus", s.health()),
		s.template.elem("LaunchTemplate"),
		text("ImageId", s.override),
		flag("ProtectedFromScaleIn", s.protected),
	}
}

func (s *seat) health() string {
	if s.healthy {
		return "Healthy"
	}
	return "Unhealthy"
}

// recipe is what the n-th machine of a config is made from: template version, data, kind and image.
type recipe struct {
	template templateSpec
	data     *params
	kind     string
	market   string
	override string
}

// recipe works out the next launch and checks that the image fits. n counts the group's machines.
func (f *Fleet) recipe(c config, n int) (recipe, *image, error) {
	spec := c.template()
	choice := noParams
	if choices := c.overrides(); len(choices) > 0 {
		choice = choices[0]
		if choice.has("LaunchTemplateSpecification") {
			spec = readTemplateSpec(choice.at("LaunchTemplateSpecification"))
		}
	}
	t, v, err := f.version(spec)
	if err != nil {
		return recipe{}, nil, err
	}
	data := v.data.clone()
	r := recipe{
		template: templateSpec{t.id, t.name, v.text()},
		data:     data,
		kind:     cmp.Or(choice.str("InstanceType"), data.str("InstanceType"), "m1.small"),
		market:   c.market(n),
		override: choice.str("ImageId"),
	}
	if r.override != "" {
		data.put("ImageId", r.override)
	}
	img, err := f.fit(data, r.kind)
	return r, img, err
}

// market tells whether the n-th machine is a spot instance.
func (c config) market(n int) string {
	if c.mixed == nil {
		return ""
	}
	distribution := c.mixed.at("InstancesDistribution")
	base, _ := strconv.Atoi(distribution.str("OnDemandBaseCapacity"))
	share, err := strconv.Atoi(distribution.str("OnDemandPercentageAboveBaseCapacity"))
	if err != nil || n < base {
		return ""
	}
	above := n - base + 1
	if (above*share+99)/100 > ((above-1)*share+99)/100 {
		return ""
	}
	return "spot"
}

// current is what the group launches at the moment: what a running refresh brings, or what is saved.
func (g *group) current() config {
	if r := g.active(); r != nil && r.desired != nil && (r.status == refreshPending || r.status == refreshRunning || r.status == refreshBaking) {
		return *r.desired
	}
	return g.config
}

// launch starts one machine for the group, and writes down why, or why it could not.
func (g *group) launch(cause, zone string) (*seat, error) {
	c := g.fleet.cloud
	if fault := c.launchFault(g.name); fault != nil {
		return nil, g.failed(fault, cause, zone)
	}
	made, img, err := g.fleet.recipe(g.current(), len(g.live()))
	if err != nil {
		return nil, g.failed(err.(*apiError), cause, zone) //nolint:errorlint // made in this package, never wrapped
	}
	if short := g.fleet.shortage(made.kind, zone); short != nil {
		return nil, g.exhausted(short, cause, zone)
	}
	delete(g.barren, zone)
	i := g.fleet.start(img, launch{
		data: made.data, subnet: g.subnetFor(zone), kind: made.kind, market: made.market,
		tags: g.instanceTags(made), group: c.id("r"), token: c.uuid(),
	})
	s := &seat{group: g, instance: i, lifecycle: seatPending, healthy: true, protected: g.protectNew,
		template: made.template, override: made.override, joined: c.now, generation: g.generation}
	s.opened = g.begin("Launching a new EC2 instance: "+i.id, cause, zone)
	s.opened.status = "PreInService"
	i.seat = s
	g.seats = append(g.seats, s)
	return s, nil
}

// failed writes a launch that did not happen into the history, and waits longer each time.
func (g *group) failed(failure *apiError, cause, zone string) *apiError {
	c := g.fleet.cloud
	message := g.regret(failure, cause, zone)
	backoff := min(time.Minute<<min(g.failures, 4), 10*time.Minute)
	g.failures++
	g.retry = c.now.Add(backoff)
	g.wake(backoff)
	if r := g.active(); r != nil {
		r.troubled(message)
	}
	return failure
}

// regret writes a failed launch into the history, and returns the words.
func (g *group) regret(failure *apiError, cause, zone string) string {
	message := strings.TrimSuffix(failure.message, ".") + ". Launching EC2 instance failed."
	g.begin("Launching a new EC2 instance", cause, zone).fail(g.fleet.cloud.now, message)
	return message
}

func (g *group) instanceTags(made recipe) tags {
	t := tagsFrom(made.data, "instance")
	for _, own := range g.tags {
		if own.propagate {
			t[own.key] = own.value
		}
	}
	t["aws:autoscaling:groupName"] = g.name
	t["aws:ec2launchtemplate:id"] = made.template.id
	t["aws:ec2launchtemplate:version"] = made.template.version
	return t
}

// settle moves a seat along with its instance.
func (s *seat) settle() {
	c := s.group.fleet.cloud
	switch {
	case s.lifecycle == seatPending && s.instance.state == Running:
		s.await("autoscaling:EC2_INSTANCE_LAUNCHING", "Pending", s.serve)
	case strings.HasPrefix(s.lifecycle, seatPending) && s.instance.state != Pending && s.instance.state != Running:
		message := "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: " +
			cmp.Or(s.instance.why, "Client.UserInitiatedShutdown")
		s.opened.fail(c.now, message)
		s.remove()
		s.group.failures++
		s.group.retry = c.now.Add(min(time.Minute<<min(s.group.failures-1, 4), 10*time.Minute))
		s.group.wake(s.group.retry.Sub(c.now))
		if r := s.group.active(); r != nil {
			r.troubled(message)
		}
	case s.lifecycle == seatTerminating && (s.instance.state == Terminated || s.instance.state == ShuttingDown):
		if s.instance.state == Terminated {
			s.opened.end(c.now, "Successful", "")
			s.remove()
		}
	}
}

// serve puts the seat in service: behind the load balancer, and health checked.
func (s *seat) serve() {
	c := s.group.fleet.cloud
	s.lifecycle, s.inService, s.healthy, s.sick = seatInService, c.now, true, ""
	s.group.failures = 0
	s.opened.end(c.now, "Successful", "")
	if !s.group.off("AddToLoadBalancer") {
		for _, tg := range s.group.balanced() {
			tg.register(s.instance.id, tg.port)
		}
		s.group.wake(c.opts.TargetHealthyAfter)
	}
	s.group.wake(s.group.grace)
	if r := s.group.active(); r != nil {
		s.group.wake(r.warmup)
	}
	s.group.wake(0)
}

// balanced returns the target groups of the group.
func (g *group) balanced() []*targetGroup {
	var all []*targetGroup
	for _, arn := range g.targetGroups {
		if tg := g.fleet.targetGroups[arn]; tg != nil {
			all = append(all, tg)
		}
	}
	return all
}

// drain takes the seat from behind the load balancer and tells how long that takes.
func (s *seat) drain() time.Duration {
	drained := time.Duration(0)
	for _, tg := range s.group.balanced() {
		if t := tg.lookup(s.instance.id); !t.registered.IsZero() && t.drained.IsZero() {
			tg.deregister(s.instance.id, 0)
			drained = s.group.fleet.cloud.opts.DrainFor
		}
	}
	return drained
}

// leave takes the seat out of service for good: drain, hooks, termination.
func (s *seat) leave(cause string) *activity {
	if strings.HasPrefix(s.lifecycle, seatTerminating) {
		return s.opened
	}
	c := s.group.fleet.cloud
	s.opened.end(c.now, "Cancelled", "")
	s.opened = s.group.begin("Terminating EC2 instance: "+s.instance.id, cause, s.instance.zone)
	s.lifecycle, s.waiting = seatTerminating, nil
	wait := s.drain()
	if wait > 0 {
		s.opened.status = "WaitingForELBConnectionDraining"
	}
	c.after(wait, func() {
		s.opened.status = "InProgress"
		s.await("autoscaling:EC2_INSTANCE_TERMINATING", "Terminating", func() {
			s.lifecycle = seatTerminating
			s.instance.die("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
			s.group.wake(0)
		})
	})
	return s.opened
}

// remove ends the seat; the instance may live on.
func (s *seat) remove() {
	s.instance.seat = nil
	s.group.seats = slices.DeleteFunc(slices.Clone(s.group.seats), func(o *seat) bool { return o == s })
	s.group.wake(0)
}

// interrupted is what a group thinks of a member that a bake rebooted: it left running, so it is unhealthy.
func (i *instance) interrupted() {
	if i.seat == nil || i.seat.lifecycle != seatInService || i.seat.group.off("HealthCheck") {
		return
	}
	i.seat.condemn("an EC2 health check indicating it has been terminated or stopped")
	i.notice()
}

func (s *seat) condemn(how string) {
	s.healthy, s.sick = false, how
}
