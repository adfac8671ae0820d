package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// preferences say how a refresh goes about it.
type preferences struct {
	minHealthy   int
	maxHealthy   int
	maxGiven     bool // 100 said aloud is not the same as 100 left out
	warmup       time.Duration
	checkpoints  []int
	delay        time.Duration
	bake         time.Duration
	skipMatching bool
	autoRollback bool
	protected    string // Refresh, Ignore or Wait
	standby      string // Terminate, Ignore or Wait
	alarms       []string
}

// preferences reads and checks the preferences, filling in AWS's defaults.
func (k *call) preferences(g *group) (preferences, error) {
	name := "Preferences"
	at := k.p.at(name)
	p := preferences{
		minHealthy:   k.num(90, name, "MinHealthyPercentage"),
		maxHealthy:   k.num(100, name, "MaxHealthyPercentage"),
		maxGiven:     at.has("MaxHealthyPercentage"),
		warmup:       time.Duration(k.num(int(g.defaultWarmup().Seconds()), name, "InstanceWarmup")) * time.Second,
		delay:        time.Duration(k.num(3600, name, "CheckpointDelay")) * time.Second,
		bake:         time.Duration(k.num(0, name, "BakeTime")) * time.Second,
		skipMatching: at.yes("SkipMatching"),
		autoRollback: at.yes("AutoRollback"),
		protected:    cmp.Or(at.str("ScaleInProtectedInstances"), "Wait"),
		standby:      cmp.Or(at.str("StandbyInstances"), "Wait"),
		alarms:       at.strs("AlarmSpecification", "Alarms"),
	}
	g.maintained(&p, at)
	for _, number := range at.strs("CheckpointPercentages") {
		percent, err := strconv.Atoi(number)
		if err != nil {
			return p, invalid("CheckpointPercentages must be numbers.")
		}
		p.checkpoints = append(p.checkpoints, percent)
	}
	return p, p.check(at)
}

// maintained takes the healthy percentages from the group's instance maintenance policy, if there is one
// and the request gives none.
func (g *group) maintained(p *preferences, at *params) {
	if g.maintenance == nil || at.has("MinHealthyPercentage") || at.has("MaxHealthyPercentage") {
		return
	}
	least, err1 := strconv.Atoi(g.maintenance.str("MinHealthyPercentage"))
	most, err2 := strconv.Atoi(g.maintenance.str("MaxHealthyPercentage"))
	if err1 == nil && err2 == nil && least >= 0 && most >= 0 {
		p.minHealthy, p.maxHealthy, p.maxGiven = least, most, true
	}
}

// defaultWarmup is the group's own warmup, or its grace period where it has none.
func (g *group) defaultWarmup() time.Duration {
	if g.warmup >= 0 {
		return g.warmup
	}
	return g.grace
}

// check tells what AWS has against the preferences.
func (p preferences) check(at *params) error {
	const day = 48 * time.Hour
	switch {
	case p.minHealthy < 0 || p.minHealthy > 100:
		return invalid("MinHealthyPercentage must be between 0 and 100.")
	case p.maxHealthy < 100 || p.maxHealthy > 200:
		return invalid("MaxHealthyPercentage must be between 100 and 200.")
	case at.has("MaxHealthyPercentage") && !at.has("MinHealthyPercentage"):
		return invalid("MinHealthyPercentage must be specified when MaxHealthyPercentage is specified.")
	case p.maxGiven && p.maxHealthy-p.minHealthy > 100:
		return invalid("The difference between MinHealthyPercentage and MaxHealthyPercentage cannot be greater than 100.")
	case p.delay < 0 || p.delay > day:
		return invalid("CheckpointDelay must be between 0 and 172800.")
	case p.bake < 0 || p.bake > day:
		return invalid("BakeTime must be between 0 and 172800.")
	case len(p.alarms) > 10:
		return invalid("At most 10 alarms can be specified.")
	case !slices.Contains([]string{"Refresh", "Ignore", "Wait"}, p.protected):
		return invalid("ScaleInProtectedInstances must be Refresh, Ignore or Wait.")
	case !slices.Contains([]string{"Terminate", "Ignore", "Wait"}, p.standby):
		return invalid("StandbyInstances must be Terminate, Ignore or Wait.")
	}
	for n, percent := range p.checkpoints {
		if percent < 1 || percent > 100 || n > 0 && percent <= p.checkpoints[n-1] {
			return invalid("CheckpointPercentages must be unique, ascending, and between 1 and 100.")
		}
	}
	return nil
}

func (p preferences) elems() []elem {
	var checkpoints []string
	for _, percent := range p.checkpoints {
		checkpoints = append(checkpoints, strconv.Itoa(percent))
	}
	return []elem{
		num("MinHealthyPercentage", p.minHealthy),
		only(p.maxGiven, num("MaxHealthyPercentage", p.maxHealthy)),
		num("InstanceWarmup", int(p.warmup.Seconds())),
		only(len(checkpoints) > 0, texts("CheckpointPercentages", "member", checkpoints)),
		only(len(checkpoints) > 0, num("CheckpointDelay", int(p.delay.Seconds()))),
		flag("SkipMatching", p.skipMatching),
		flag("AutoRollback", p.autoRollback),
		text("ScaleInProtectedInstances", p.protected),
		text("StandbyInstances", p.standby),
		only(p.bake > 0, num("BakeTime", int(p.bake.Seconds()))),
		only(len(p.alarms) > 0, el("AlarmSpecification", texts("Alarms", "member", p.alarms))),
	}
}
