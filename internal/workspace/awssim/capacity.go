package awssim

import (
	"strconv"
	"strings"
	"time"
)

// wake lets the group look at itself after a while. Waking twice for one moment is harmless.
func (g *group) wake(d time.Duration) {
	at := g.fleet.cloud.now.Add(max(d, 0))
	if g.ticks[at] {
		return
	}
	g.ticks[at] = true
	g.fleet.cloud.at(at, func() {
		delete(g.ticks, at)
		g.tick()
	})
}

// tick is the group's look at itself: what became of its instances, who is ill, how far the refresh is,
// and whether there are as many as desired.
func (g *group) tick() {
	if g.fleet.groups[g.name] != g {
		return
	}
	for _, s := range g.seats {
		s.settle()
	}
	g.examine()
	g.replaceSick()
	if r := g.active(); r != nil {
		r.step()
	}
	g.fill()
	g.trim()
	g.level()
	if g.deleting && len(g.seats) == 0 {
		g.fleet.activities[g.name] = append(g.fleet.activities[g.name], g.activities...)
		delete(g.fleet.groups, g.name)
	}
}

// examine is the health check.
func (g *group) examine() {
	if g.off("HealthCheck") {
		return
	}
	for _, s := range g.seats {
		if s.lifecycle != seatInService || !s.healthy {
			continue
		}
		if how := s.illness(); how != "" {
			s.condemn(how)
			if r := g.active(); r != nil && s.generation == r.generation && !s.skipped {
				r.troubled("The instance " + s.instance.id + " became unhealthy.")
			}
		}
	}
}

// illness tells how a seat in service is unwell, if it is. An instance that does not run is unwell at
// once; failing checks count only when the grace period is over.
func (s *seat) illness() string {
	if s.instance.state != Running && s.instance.state != Pending {
		return "an EC2 health check indicating it has been terminated or stopped"
	}
	if s.group.fleet.cloud.now.Before(s.inService.Add(s.group.grace)) {
		return ""
	}
	if !s.instance.healthy() {
		return "EC2 instance status checks failure"
	}
	if strings.Contains(s.group.health, "ELB") && s.balance() == "unhealthy" {
		return "an ELB system health check failure"
	}
	return ""
}

// balance is the worst that the group's load balancers say of the seat; "healthy" without any.
func (s *seat) balance() string {
	worst := "healthy"
	for _, tg := range s.group.balanced() {
		if t := tg.lookup(s.instance.id); !t.registered.IsZero() {
			if v := tg.verdict(t); v.state != "healthy" {
				worst = v.state
			}
		}
	}
	return worst
}

// replaceSick takes unhealthy instances out of service.
func (g *group) replaceSick() {
	if g.off("ReplaceUnhealthy") || g.off("Terminate") {
		return
	}
	for _, s := range g.seats {
		if s.lifecycle != seatInService || s.healthy {
			continue
		}
		phrase := g.fleet.cloud.clockPhrase()
		s.leave(phrase + " an instance was taken out of service in response to " + s.sick + ".")
		g.owed = append(g.owed, phrase+" an instance was launched in response to an unhealthy instance needing to be replaced.")
	}
}

// wanted is how many live seats there should be.
func (g *group) wanted() int {
	if r := g.active(); r != nil {
		return g.desired + r.surge
	}
	return g.desired + g.surplus()
}

// fill launches what is missing. Where a zone has no capacity the next one is tried.
func (g *group) fill() {
	c := g.fleet.cloud
	for len(g.live()) < g.wanted() {
		zones := g.openZones()
		if g.off("Launch") || c.now.Before(g.retry) || len(zones) == 0 {
			return
		}
		have := len(g.live())
		cause := c.clockPhrase() + " an instance was started in response to a difference between desired and actual capacity, " +
			"increasing the capacity from " + strconv.Itoa(have) + " to " + strconv.Itoa(have+1) + "."
		if len(g.owed) > 0 {
			cause = g.owed[0]
		}
		if _, err := g.launch(cause, g.emptiest(zones)); err == nil {
			g.owed = g.owed[min(1, len(g.owed)):]
		}
	}
	g.owed = nil
}

// trim terminates what is too much.
func (g *group) trim() {
	if g.off("Terminate") {
		return
	}
	c := g.fleet.cloud
	for {
		have := len(g.live())
		if have <= g.wanted() {
			g.shrunk = ""
			return
		}
		victim := g.victim()
		if victim == nil {
			return
		}
		victim.leave(g.shrunk + c.clockPhrase() + " an instance was taken out of service in response to a difference between desired " +
			"and actual capacity, shrinking the capacity from " + strconv.Itoa(have) + " to " + strconv.Itoa(have-1) + ".  " +
			c.clockPhrase() + " instance " + victim.instance.id + " was selected for termination.")
	}
}

// spec is the template the group launches now, with the number of its version.
func (g *group) spec() templateSpec {
	t, v, err := g.fleet.version(g.current().template())
	if err != nil {
		return templateSpec{}
	}
	return templateSpec{t.id, t.name, v.text()}
}
