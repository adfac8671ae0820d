package group

import (
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// scaling gives a group another size. Only absolute numbers are sent: "two more" means two more than was there when
// it was planned, and never two more than somebody else has asked for since.
type scaling struct{}

func (scaling) aim(p *Plan, f Facts) {
	w := p.Want
	if w.Min != nil {
		p.To.Min = *w.Min
	}
	if w.Max != nil {
		p.To.Max = *w.Max
	}
	switch {
	case w.Desired != nil:
		p.To.Desired = *w.Desired
	case w.By != nil:
		p.To.Desired = p.From.Desired + *w.By
	default:
		p.To.Desired = min(max(p.From.Desired, p.To.Min), p.To.Max)
	}
	p.within()
	p.candidates(f)
	p.restrained(f.Group)
	if p.To == p.From {
		p.stop("", "%s has this size already: %s.", w.Group, p.From)
	}
	if p.To.Desired > p.From.Desired {
		p.untrafficked(f.Group)
	}
	p.unsettled(f.Group)
	if p.Refreshing != "" && p.down() > 0 {
		p.warn("Wait for it, or scale afterwards.", "An instance refresh is under way (%s): the instances that go may be new ones.", p.Refreshing)
	}
}

// within: a group's wish lies between its bounds.
func (p *Plan) within() {
	switch w := p.Want; {
	case p.To.Desired < 0:
		p.stop("", "%d fewer than %d instances are less than none.", p.From.Desired-p.To.Desired, p.From.Desired)
	case p.To.Min > p.To.Max:
		p.stop("", "A minimum of %d is more than the maximum of %d.", p.To.Min, p.To.Max)
	case p.To.Desired > p.To.Max:
		p.stop(fmt.Sprintf("`/asg scale %s %d --max %d` raises it, too.", w.Group, p.To.Desired, p.To.Desired),
			"%d instances are more than the group's maximum of %d.", p.To.Desired, p.To.Max)
	case p.To.Desired < p.To.Min:
		p.stop(fmt.Sprintf("`/asg scale %s %d --min %d` lowers it, too.", w.Group, p.To.Desired, p.To.Desired),
			"%d instances are fewer than the group's minimum of %d.", p.To.Desired, p.To.Min)
	case p.To.Desired == 0 && p.From.Desired > 0:
		p.warn("Make sure that nothing needs it.", "The group will have no instance at all.")
	}
}

// down is how many instances go.
func (p Plan) down() int { return max(p.From.Desired-p.To.Desired, 0) }

func seat(m fleet.Member, f Facts) Seat {
	return Seat{ID: m.ID, Zone: m.Zone, Lifecycle: m.Lifecycle, Health: m.Health, Version: m.Template.Version, Protected: m.Protected, Launched: f.Machines[m.ID].Launched}
}

// restrained: processes that rest and are needed.
func (p *Plan) restrained(g fleet.Group) {
	needed := "Launch"
	if p.down() > 0 {
		needed = "Terminate"
	}
	if slices.Contains(g.Suspended, needed) && p.To.Desired != p.From.Desired {
		p.stop(fmt.Sprintf("`/asg resume %s %s` lets it work again.", g.Name, needed), "%s is suspended on %s, so nothing would happen.", needed, g.Name)
	}
}

// unsettled: what else gives a group its size is not read, so it is said.
func (p *Plan) unsettled(g fleet.Group) {
	if slices.Contains(g.Suspended, "AlarmNotification") && slices.Contains(g.Suspended, "ScheduledActions") {
		return
	}
	p.warn(fmt.Sprintf("`/asg suspend %s AlarmNotification ScheduledActions` keeps them from it.", g.Name),
		"Scaling policies and scheduled actions are not read here: if %s has some, they may give it another size again.", g.Name)
}

func (scaling) title(p Plan) string {
	switch {
	case p.To.Desired != p.From.Desired:
		return fmt.Sprintf("Scale %s from %d to %d", p.Want.Group, p.From.Desired, p.To.Desired)
	case p.To != p.From:
		return fmt.Sprintf("Let %s have %d to %d instances", p.Want.Group, p.To.Min, p.To.Max)
	}
	return fmt.Sprintf("Scale %s to %d", p.Want.Group, p.To.Desired)
}

func (scaling) impact(p Plan) string {
	switch n := p.To.Desired - p.From.Desired; {
	case n > 0:
		return say.Plural(n, "new instance")
	case n < 0:
		return fmt.Sprintf("%s terminated, what is on the disks is lost", outOf(-n, p.From.Desired))
	}
	return "no instance comes or goes"
}

func (scaling) blast(p Plan) plan.Blast {
	n := p.down()
	return plan.Blast{Instances: n, Percent: share(n, p.From.Desired), CapacityDown: share(n, p.From.Desired), DataLost: n > 0}
}

// share is part of whole in percent, rounded up.
// The policy judges by it, so it is rounded up.
func share(part, whole int) int {
	switch {
	case part <= 0:
		return 0
	case whole <= 0:
		return 100
	}
	return min((100*part+whole-1)/whole, 100)
}

func (scaling) facts(p Plan) []card.Fact {
	return []card.Fact{
		{Label: "From", Value: card.T("%s", p.From)}, {Label: "To", Value: card.T("%s", p.To)},
		{Label: "In service before", Value: card.T("%d", p.Running)},
	}
}

// outOf counts a part for people: "4 of 12 instances".
func outOf(part, whole int) string {
	if whole < part {
		return say.Plural(part, "instance")
	}
	return fmt.Sprintf("%d of %s", part, say.Plural(whole, "instance"))
}
