package group

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// members finds the instances that are meant in the group. What is not there stands in the way.
func (p *Plan) members(f Facts) {
	for _, id := range p.Want.Instances {
		i := slices.IndexFunc(f.Group.Instances, func(m fleet.Member) bool { return m.ID == id })
		if i < 0 {
			p.stop(fmt.Sprintf("`/asg show %s` shows those there are.", p.Want.Group), "%s is no instance of %s.", id, p.Want.Group)
			continue
		}
		p.Seats = append(p.Seats, seat(f.Group.Instances[i], f))
	}
}

// names are the instances that are meant, for a headline.
func (p Plan) names() string { return say.Some(p.Want.Instances, 3) }

func seatFacts(p Plan) []card.Fact {
	var facts []card.Fact
	for _, s := range p.Seats {
		words := []string{s.Lifecycle, s.Health, s.Zone}
		if s.Version != "" {
			words = append(words, "version "+s.Version)
		}
		if s.Protected {
			words = append(words, "protected")
		}
		facts = append(facts, card.Fact{Label: string(s.ID), Value: card.T("%s", strings.Join(words, " · "))})
	}
	return facts
}

// protecting keeps instances from being taken when the group scales in, or lets them go again.
type protecting struct{}

func (protecting) aim(p *Plan, f Facts) {
	p.members(f)
	rest := slices.DeleteFunc(slices.Clone(p.Seats), func(s Seat) bool { return s.Protected == p.Want.On })
	if len(p.Seats) > 0 && len(rest) == 0 {
		words := map[bool]string{true: "protected already", false: "not protected, so there is nothing to do"}[p.Want.On]
		p.stop("", "%s %s %s.", p.names(), map[bool]string{true: "are", false: "is"}[len(p.Seats) > 1], words)
	}
	for _, s := range p.Seats {
		if s.Lifecycle != "InService" && s.Lifecycle != "Standby" && s.Lifecycle != "EnteringStandby" {
			p.stop("Wait until it is in service.", "%s is %s, and AWS protects only what is in service or in standby.", s.ID, s.Lifecycle)
		}
	}
	if p.Want.On {
		if free := without(f.Group, p.Want.Instances); len(p.Seats) > 0 && !slices.ContainsFunc(free, func(m fleet.Member) bool { return !m.Protected }) {
			p.warn("", "No instance is left that can go: %s cannot scale in any more.", p.Want.Group)
		}
		p.warn("", "It is kept from scale in alone: whatever is ill is replaced all the same, and a rollout leaves it out unless asked.")
	}
}

func (protecting) title(p Plan) string {
	if p.Want.On {
		return fmt.Sprintf("Protect %s of %s from scale in", p.names(), p.Want.Group)
	}
	return fmt.Sprintf("Let %s of %s go when it scales in", p.names(), p.Want.Group)
}

func (protecting) impact(Plan) string       { return "nothing is touched now" }
func (protecting) blast(Plan) plan.Blast    { return plan.Blast{} }
func (protecting) facts(p Plan) []card.Fact { return seatFacts(p) }

// standing puts instances aside, where they get no traffic and are not looked after, or takes them back into service.
type standing struct{}

func (standing) aim(p *Plan, f Facts) {
	p.members(f)
	want, instead := "InService", "Standby"
	if !p.Want.On {
		want, instead = instead, want
	}
	for _, s := range p.Seats {
		switch {
		case s.Lifecycle == instead && len(p.Seats) == 1:
			p.stop("", "%s is %s already.", s.ID, instead)
		case s.Lifecycle != want:
			p.stop("Wait until it is "+want+".", "%s is %s.", s.ID, s.Lifecycle)
		}
	}
	n := len(p.Want.Instances)
	if p.Want.On && !p.Want.Refill {
		p.To.Desired = p.From.Desired - n
	}
	if !p.Want.On {
		p.To.Desired = p.From.Desired + n
	}
	p.standbyFits(n)
	p.standbyTold(f)
	if p.Refreshing != "" {
		p.stop("Wait for it, or pause it first.", "An instance refresh is under way (%s): it may wait for what is in standby.", p.Refreshing)
	}
}

// standbyTold is what goes along with it.
func (p *Plan) standbyTold(f Facts) {
	w := p.Want
	switch {
	case !w.On:
		p.untrafficked(f.Group)
		p.warn(fmt.Sprintf("If another was launched in its place, `/asg scale %s %d` takes one away again.", w.Group, p.From.Desired),
			"AWS has the group want %s more for what comes back, whether or not it wanted fewer meanwhile.", say.Plural(len(w.Instances), "instance"))
		return
	case w.Refill && slices.Contains(f.Group.Suspended, "Launch"):
		p.stop(fmt.Sprintf("`/asg resume %s Launch` lets it work again.", w.Group), "Launch is suspended on %s, so none would be launched in its place.", w.Group)
	}
	if others(f.Group, w.Instances) == 0 && p.Running > 0 {
		p.warn(fmt.Sprintf("`/asg scale %s +1` first keeps one in service.", w.Group), "Nothing else is in service: the group goes dark.")
	}
	if w.Refill {
		p.untrafficked(f.Group)
	}
}

// others counts the instances in service besides these.
func others(g fleet.Group, ids []fleet.InstanceID) int {
	g.Instances = without(g, ids)
	return serving(g)
}

func (p *Plan) standbyFits(n int) {
	switch {
	case p.To.Desired < p.From.Min:
		p.stop(fmt.Sprintf("`--refill` has another launched for it; `/asg scale %s %d --min %d` lowers the minimum.", p.Want.Group, p.From.Desired, max(p.To.Desired, 0)),
			"That would leave %d, fewer than the group's minimum of %d.", p.To.Desired, p.From.Min)
	case p.To.Desired > p.From.Max:
		p.stop(fmt.Sprintf("`/asg scale %s %d --max %d` raises it.", p.Want.Group, p.From.Desired, p.To.Desired),
			"With %s back it would want %d, more than its maximum of %d.", say.Plural(n, "instance"), p.To.Desired, p.From.Max)
	}
}

func (standing) title(p Plan) string {
	if p.Want.On {
		return fmt.Sprintf("Put %s of %s into standby", p.names(), p.Want.Group)
	}
	return fmt.Sprintf("Take %s of %s back into service", p.names(), p.Want.Group)
}

func (standing) impact(p Plan) string {
	n := len(p.Want.Instances)
	switch {
	case !p.Want.On:
		return fmt.Sprintf("%s in service again", say.Plural(n, "instance"))
	case p.Want.Refill:
		return fmt.Sprintf("%s out of service until another is launched for it", say.Plural(n, "instance"))
	}
	return fmt.Sprintf("%s out of service, still running and paid for", outOf(n, p.From.Desired))
}

func (standing) blast(p Plan) plan.Blast {
	if !p.Want.On {
		return plan.Blast{}
	}
	n := len(p.Want.Instances)
	return plan.Blast{Instances: n, Percent: share(n, p.From.Desired), CapacityDown: share(n, p.From.Desired)}
}

func (standing) facts(p Plan) []card.Fact { return append(sizeFacts(p), seatFacts(p)...) }

func sizeFacts(p Plan) []card.Fact {
	if p.From == p.To {
		return []card.Fact{{Label: "Size", Value: card.T("%s, stays so", p.From)}}
	}
	return []card.Fact{{Label: "Size now", Value: card.T("%s", p.From)}, {Label: "Then", Value: card.T("%s", p.To)}}
}

// replacing terminates an instance through its group, which launches another one.
type replacing struct{}

func (replacing) aim(p *Plan, f Facts) {
	p.members(f)
	for _, s := range p.Seats {
		if strings.HasPrefix(s.Lifecycle, "Terminat") {
			p.stop("", "%s is on its way out already (%s).", s.ID, s.Lifecycle)
		}
		if s.Protected {
			p.warn("", "%s is protected from scale in; this terminates it all the same.", s.ID)
		}
		if s.Lifecycle == "Standby" {
			p.warn("", "%s is in standby, where the group may not count it: then no other is launched for it.", s.ID)
		}
	}
	if slices.Contains(f.Group.Suspended, "Launch") || slices.Contains(f.Group.Suspended, "Terminate") {
		p.stop(fmt.Sprintf("`/asg resume %s Launch Terminate` lets them work again.", p.Want.Group), "Launch or Terminate is suspended on %s.", p.Want.Group)
	}
	if p.Refreshing != "" {
		p.stop("Wait for it: it may replace the instance anyway.", "An instance refresh is under way (%s).", p.Refreshing)
	}
	p.untrafficked(f.Group)
	if others(f.Group, p.Want.Instances) == 0 && p.Running > 0 {
		p.warn(fmt.Sprintf("`/asg scale %s +1` first keeps one in service.", p.Want.Group), "Nothing else is in service: the group goes dark until the new one is.")
	}
}

func (replacing) title(p Plan) string {
	return fmt.Sprintf("Replace %s of %s", p.names(), p.Want.Group)
}

func (replacing) impact(p Plan) string {
	n := len(p.Want.Instances)
	return fmt.Sprintf("%s terminated and launched anew, what is on its disks is lost", outOf(n, p.From.Desired))
}

func (replacing) blast(p Plan) plan.Blast {
	n := len(p.Want.Instances)
	return plan.Blast{Instances: n, Percent: share(n, p.From.Desired), CapacityDown: share(n, p.From.Desired), DataLost: true, Irreversible: true}
}

func (replacing) facts(p Plan) []card.Fact { return seatFacts(p) }
