package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Unknown stands among the open alarms when AWS does not let us see them: a rule that asks for more when an
// alarm is open asks for more then, too.
const Unknown = "unknown"

// narrowShare is the canary, in percent, of a rollout that asked for none and is approved for its canary only.
const narrowShare = 10

// Risk is what is known of the group's alarms and disks when the plan is made.
type Risk struct {
	Alarms  []string `json:"alarms,omitempty"`  // in ALARM for the group
	Volumes int      `json:"volumes,omitempty"` // instances to replace whose volumes besides the root are deleted with them
	Stores  int      `json:"stores,omitempty"`  // instances to replace with instance store
	// What AWS does not let us see; each is the call that it refused.
	NoAlarms string `json:"no_alarms,omitempty"`
	NoStores string `json:"no_stores,omitempty"`
}

// risk weighs the facts that a policy judges by.
func risk(f Facts, p Plan) Risk {
	r := Risk{}
	for _, a := range f.Open {
		r.Alarms = append(r.Alarms, a.Name)
	}
	slices.Sort(r.Alarms)
	for _, m := range f.Group.Instances {
		if p.inPlace() || going(m) || p.runs(m, f.Instances[m.ID]) || leftAlone(m, p.Want) != "" {
			continue
		}
		if len(f.Instances[m.ID].Volumes) > 0 {
			r.Volumes++
		}
		if f.Stores[m.Type] {
			r.Stores++
		}
	}
	for call := range f.Unseen {
		switch {
		case !strings.HasSuffix(call, ":DescribeInstanceTypes"):
			r.NoAlarms = call
		case !p.inPlace():
			r.NoStores = call
		}
	}
	return r
}

// dataLost reports whether more than the root volumes is lost with the instances. Root volumes are lost in
// every rollout: that is what it is for. What cannot be told counts as lost.
func (p Plan) dataLost() bool {
	return p.Pace.Replaced > 0 && (p.Risk.Volumes > 0 || p.Risk.Stores > 0 || p.Risk.NoStores != "")
}

// Blast is how much the rollout touches and risks.
func (p Plan) Blast() plan.Blast {
	b := plan.Blast{
		Instances:    p.Pace.Replaced,
		Percent:      min(share(p.Pace.Replaced, p.Pace.Desired), 100),
		CapacityDown: share(min(p.Pace.Desired-p.Pace.Floor, p.Pace.Replaced), p.Pace.Desired),
		DataLost:     p.dataLost(),
		Irreversible: !p.Reversible,
		Alarms:       slices.Clone(p.Risk.Alarms),
	}
	if p.Risk.NoAlarms != "" {
		b.Alarms = append(b.Alarms, Unknown)
	}
	return b
}

// Brief is the plan in short.
func (p Plan) Brief() plan.Brief {
	return plan.Brief{
		Kind: Kind, Environment: p.Environment, Target: string(p.Group), Resource: p.Resource(), Title: p.Title(), Digest: p.Digest(),
		Step: First, Tags: p.Tags, Blast: p.Blast(), Impact: p.Impact(), Narrow: p.Narrow(), Findings: p.Findings,
	}
}

// share is part of whole in percent, rounded up: what is touched is never said to be less than it is.
func share(part, whole int) int {
	switch {
	case part <= 0:
		return 0
	case whole <= 0:
		return 100
	}
	return (100*part + whole - 1) / whole
}

// Impact is the blast radius in a few words for people.
func (p Plan) Impact() string {
	b := p.Blast()
	words := []string{"no instance is replaced"}
	if b.Instances > 0 {
		words = []string{fmt.Sprintf("%s (%d %%)", say.Plural(b.Instances, "instance"), b.Percent), "full capacity meanwhile"}
	}
	if b.CapacityDown > 0 {
		words[1] = fmt.Sprintf("%d %% less capacity meanwhile", b.CapacityDown)
	}
	if b.DataLost {
		words = append(words, "data on their other disks is lost")
	}
	if b.Irreversible {
		words = append(words, "cannot be rolled back while it runs")
	} else {
		words = append(words, "can be rolled back")
	}
	return strings.Join(append(words, p.alarmCount()...), ", ")
}

// alarmCount says how many alarms are open, if any, or that it is not known.
func (p Plan) alarmCount() []string {
	switch {
	case p.Risk.NoAlarms != "":
		return []string{"open alarms unknown"}
	case len(p.Risk.Alarms) > 0:
		return []string{say.Plural(len(p.Risk.Alarms), "alarm") + " open"}
	}
	return nil
}

// Narrow names the smaller thing that may be approved instead, "the canary, 2 of 12 instances". It is empty
// when there is none: the rollout stops elsewhere, or its canary is all there is.
func (p Plan) Narrow() string {
	if len(p.Want.Checkpoints) > 0 || p.canaries() >= p.Pace.Replaced {
		return ""
	}
	return fmt.Sprintf("the canary, %d of %s", p.canaries(), say.Plural(p.Pace.Replaced, "instance"))
}

// openAlarms: what rings for the group already, and what may not be seen of it.
func openAlarms(_ Facts, p Plan) (found []card.Finding) {
	if n := len(p.Risk.Alarms); n > 0 {
		found = append(found, plan.Warn("Make sure that the rollout does not make it worse.", "%s of the group %s open now: %s.",
			say.Plural(n, "alarm"), map[bool]string{true: "is", false: "are"}[n == 1], say.Some(p.Risk.Alarms, 5)))
	}
	if p.Risk.NoAlarms != "" {
		found = append(found, plan.Warn("Allow "+p.Risk.NoAlarms+", so that alarms can be seen.",
			"It is not known whether an alarm is open: AWS refused %s. It counts as if one were.", p.Risk.NoAlarms))
	}
	return found
}

// disks: what is lost with the instances besides their root volumes.
func disks(f Facts, p Plan) (found []card.Finding) {
	if p.Pace.Replaced == 0 {
		return nil
	}
	const hint = "Make sure that nothing is needed of it."
	if p.Risk.Volumes > 0 {
		found = append(found, plan.Warn(hint, "%s volumes besides the root that are deleted with %s: %s.",
			have(p.Risk.Volumes), map[bool]string{true: "it", false: "them"}[p.Risk.Volumes == 1], say.Some(devices(f), 5)))
	}
	if p.Risk.Stores > 0 {
		found = append(found, plan.Warn(hint, "%s instance store, which is lost with the instance.", have(p.Risk.Stores)))
	}
	if p.Risk.NoStores != "" {
		found = append(found, plan.Warn("Allow "+p.Risk.NoStores+", so that this can be told.",
			"It is not known whether the instances have instance store: AWS refused %s. It counts as if they had.", p.Risk.NoStores))
	}
	return found
}

// have is a number of instances with its verb.
func have(n int) string {
	if n == 1 {
		return "1 instance has"
	}
	return say.Plural(n, "instance") + " have"
}

// devices are the names of all volumes that are deleted with their instances, each once.
func devices(f Facts) []string {
	var all []string
	for _, i := range f.Instances {
		all = append(all, i.Volumes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
