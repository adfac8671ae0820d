package rollout

import (
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// What a new instance takes before its warmup begins, as far as it can be known beforehand.
const (
	bootTime     = 90 * time.Second
	registerTime = 30 * time.Second
)

// Pace is how fast instances are replaced, and what that leaves in service.
type Pace struct {
	Desired  int           `json:"desired"`
	Replaced int           `json:"replaced"`      // instances that will be
	Floor    int           `json:"floor"`         // never fewer in service than this
	Ceiling  int           `json:"ceiling"`       // never more than this
	Wave     int           `json:"wave"`          // at a time
	Waves    int           `json:"waves"`         //
	Expected time.Duration `json:"expected"`      // without the time that people take to answer
	Why      string        `json:"why,omitempty"` // why the shares are what they are, when the plan chose them
	Warmup   time.Duration `json:"warmup"`        // the one that will count
}

// shares finds the minimum and maximum healthy percentage: what was asked for, else what the group's own
// maintenance policy says, else what keeps a group of this size in service. A group never goes dark by a
// default.
func shares(g fleet.Group, w Want) (low, high int, why string) {
	if w.Strategy == InPlace {
		return sharesInPlace(g, w)
	}
	low, high, why = usualShares(g.Desired)
	switch {
	case w.MinHealthy != nil && w.MaxHealthy != nil:
		return *w.MinHealthy, *w.MaxHealthy, ""
	case w.MinHealthy != nil:
		low = *w.MinHealthy
		return low, min(high, low+100), ""
	case w.MaxHealthy != nil:
		high = *w.MaxHealthy
		return max(low, high-100), high, ""
	}
	own := g.MinHealthy != nil && g.MaxHealthy != nil && *g.MinHealthy >= 0 && *g.MaxHealthy >= 100
	if own && floor(g.Desired, *g.MinHealthy, *g.MaxHealthy) > 0 {
		return *g.MinHealthy, *g.MaxHealthy, "as the group's own maintenance policy says"
	}
	return low, high, why
}

// usualShares leaves nine tenths in service and lets the group grow by a fifth. A group too small for a
// fifth may grow by one, so that an old instance goes only when a new one is in service.
func usualShares(desired int) (low, high int, why string) {
	switch {
	case desired == 1:
		return 100, 200, "one instance: the new one comes into service before the old one goes"
	case desired > 1 && desired < 5:
		return 90, 100 + (100+desired-1)/desired, "few instances: a new one comes into service before an old one goes"
	}
	return 90, 120, "the usual shares"
}

// floor is how many instances stay in service at the least. Where the group has no room to grow by a whole
// instance, one has to go before its successor comes, whatever the minimum says.
func floor(desired, low, high int) int {
	least := (desired*low + 99) / 100
	if desired*high/100 <= desired {
		least = min(least, desired-1)
	}
	return max(least, 0)
}

// pacing works out what the order means for the group.
func pacing(g fleet.Group, o fleet.RefreshOrder, replaced int) Pace {
	p := Pace{
		Desired:  g.Desired,
		Replaced: replaced,
		Floor:    floor(g.Desired, o.MinHealthy, o.MaxHealthy),
		Ceiling:  max(g.Desired*o.MaxHealthy/100, g.Desired),
		Wave:     max(1, g.Desired*(o.MaxHealthy-o.MinHealthy)/100),
		Warmup:   warmup(g, o),
	}
	p.Wave = min(p.Wave, max(replaced, 1))
	p.Waves = (replaced + p.Wave - 1) / p.Wave
	each := bootTime + p.Warmup
	if len(g.TargetGroups) > 0 {
		each += registerTime
	}
	p.Expected = time.Duration(p.Waves)*each + o.Bake
	for _, c := range o.Checkpoints {
		if c < 100 {
			p.Expected += o.CheckpointDelay
		}
	}
	return p
}

// warmup is the one that EC2 Auto Scaling will use.
func warmup(g fleet.Group, o fleet.RefreshOrder) time.Duration {
	switch {
	case o.Warmup != nil:
		return *o.Warmup
	case g.Warmup != nil:
		return max(*g.Warmup, 0)
	}
	return g.Grace
}

// inWaves says how the instances are replaced.
func (p Pace) inWaves() string {
	if p.Replaced == 0 {
		return "no instance is replaced"
	}
	if p.Waves == 1 {
		return fmt.Sprintf("in one go, about %s", card.Span(p.Expected))
	}
	return fmt.Sprintf("%d at a time, in %s, about %s", p.Wave, say.Plural(p.Waves, "wave"), card.Span(p.Expected))
}
