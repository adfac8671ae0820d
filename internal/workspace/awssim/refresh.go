package awssim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The states of an instance refresh.
const (
	refreshPending    = "Pending"
	refreshRunning    = "InProgress"
	refreshBaking     = "Baking"
	refreshDone       = "Successful"
	refreshFailed     = "Failed"
	refreshCancelling = "Cancelling"
	refreshCancelled  = "Cancelled"
	refreshBack       = "RollbackInProgress"
	refreshBackDone   = "RollbackSuccessful"
	refreshBackFailed = "RollbackFailed"
)

// refresh is an instance refresh.
type refresh struct {
	group          *group
	id, status     string
	reason         string
	started, ended time.Time
	percent        int
	toUpdate       int
	inPlace        bool // replaces root volumes instead of instances
	desired        *config
	preferences
	rollback *rollback

	generation int       // seats of earlier generations are to be replaced
	surge      int       // seats above the desired capacity
	checkpoint int       // the index of the next one
	resume     time.Time // when the wait at a checkpoint ends
	bakeUntil  time.Time
	trouble    time.Time // since when new instances fail
	troubles   string
	blocked    time.Time // since when only protected or standby instances are left
	done       int
	base       int // how many a rollback has to replace
}

// patience is how long a refresh waits for what it cannot bring about itself.
const patience = time.Hour

// longest is how long a refresh may be active.
const longest = 14 * 24 * time.Hour

func refreshActions() map[string]action {
	return map[string]action{
		"StartInstanceRefresh":      startInstanceRefresh,
		"DescribeInstanceRefreshes": describeInstanceRefreshes,
		"CancelInstanceRefresh":     cancelInstanceRefresh,
		"RollbackInstanceRefresh":   rollbackInstanceRefresh,
	}
}

// active returns the refresh that is not over, if there is one.
func (g *group) active() *refresh {
	if len(g.refreshes) > 0 && g.refreshes[0].ended.IsZero() {
		return g.refreshes[0]
	}
	return nil
}

func startInstanceRefresh(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	if g.active() != nil {
		return nil, refuse("InstanceRefreshInProgress",
			"An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.")
	}
	r := &refresh{group: g, status: refreshPending, started: k.cloud.now}
	if r.preferences, err = k.preferences(g); err != nil {
		return nil, err
	}
	if err := k.strategy(r); err != nil {
		return nil, err
	}
	if r.autoRollback {
		if err := r.reversible(); err != nil {
			return nil, invalid("AutoRollback cannot be used: %s", err.message)
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	r.begin()
	return []elem{text("InstanceRefreshId", r.id)}, nil
}

// begin marks what is there as old.
func (r *refresh) begin() {
	g := r.group
	r.id = g.fleet.cloud.uuid()
	g.generation++
	r.generation = g.generation
	r.toUpdate = len(g.live())
	if r.skipMatching {
		r.skip()
	}
	g.refreshes = append([]*refresh{r}, g.refreshes...)
	g.wake(5 * time.Second)
	g.wake(longest)
}

// skip accepts the seats that are already as they should be.
func (r *refresh) skip() {
	g := r.group
	target := g.config
	if r.desired != nil {
		target = *r.desired
	}
	for _, s := range g.seats {
		if s.matches(target) {
			s.generation, s.skipped = r.generation, true
		}
	}
}

// matches tells whether the seat has what the config would launch.
func (s *seat) matches(c config) bool {
	t, v, err := s.group.fleet.version(c.template())
	if err != nil || s.template != (templateSpec{t.id, t.name, v.text()}) {
		return false
	}
	choices := c.overrides()
	if len(choices) == 0 {
		return s.instance.kind == cmp.Or(v.data.str("InstanceType"), "m1.small")
	}
	return slices.ContainsFunc(choices, func(o *params) bool {
		return cmp.Or(o.str("InstanceType"), v.data.str("InstanceType")) == s.instance.kind && o.str("ImageId") == s.override
	})
}

// strategy reads the desired configuration and how it is to be reached.
func (k *call) strategy(r *refresh) error {
	if wanted := k.p.at("DesiredConfiguration"); wanted.has("LaunchTemplate") || wanted.has("MixedInstancesPolicy") {
		desired, err := k.fleet.readConfig(wanted)
		if err != nil {
			return err
		}
		r.desired = &desired
	}
	switch k.p.str("Strategy") {
	case "", "Rolling":
		return nil
	case "ReplaceRootVolume":
		r.inPlace = true
		return r.replaceable()
	}
	return invalid("Strategy must be Rolling or ReplaceRootVolume.")
}

// replaceable checks what the replacement of root volumes asks for.
func (r *refresh) replaceable() error {
	if r.group.config.mixed == nil || r.desired == nil || r.desired.mixed == nil {
		return invalid("The ReplaceRootVolume strategy needs a MixedInstancesPolicy, in the group and in DesiredConfiguration.")
	}
	for _, o := range r.desired.overrides() {
		img := r.group.fleet.imageNamed(o.str("ImageId"))
		if img == nil {
			return invalid("The ReplaceRootVolume strategy needs an ImageId that exists in every override.")
		}
		if len(img.disks) > 1 {
			return invalid("The ReplaceRootVolume strategy needs images with one volume, and %s has %d.", img.id, len(img.disks))
		}
	}
	if len(r.desired.overrides()) == 0 {
		return invalid("The ReplaceRootVolume strategy needs an ImageId that exists in every override.")
	}
	return nil
}

func describeInstanceRefreshes(k *call) ([]elem, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	ids := k.p.strs("InstanceRefreshIds")
	all := slices.DeleteFunc(slices.Clone(g.refreshes), func(r *refresh) bool {
		return len(ids) > 0 && !slices.Contains(ids, r.id) || k.cloud.now.Sub(r.started) > history
	})
	shown, next, err := page(k, all, scalingPage, 50, 100)
	if err != nil {
		return nil, err
	}
	return []elem{members("InstanceRefreshes", shown, (*refresh).elems), text("NextToken", next)}, nil
}

func (r *refresh) elems() []elem {
	shown := r.status != refreshPending
	all := []elem{
		text("InstanceRefreshId", r.id),
		text("AutoScalingGroupName", r.group.name),
		text("Status", r.status),
		text("StatusReason", r.reason),
		when("StartTime", r.started),
		when("EndTime", r.ended),
		only(shown, num("PercentageComplete", r.percent)),
		only(shown, num("InstancesToUpdate", r.toUpdate)),
		only(shown, progressElem("ProgressDetails", r.percent, r.toUpdate)),
		el("Preferences", r.preferences.elems()...),
		text("Strategy", map[bool]string{false: "Rolling", true: "ReplaceRootVolume"}[r.inPlace]),
	}
	if r.desired != nil {
		all = append(all, el("DesiredConfiguration", r.desired.elems()...))
	}
	if r.rollback != nil {
		all = append(all, r.rollback.elem())
	}
	return all
}

func progressElem(name string, percent, toUpdate int) elem {
	return el(name, el("LivePoolProgress", num("PercentageComplete", percent), num("InstancesToUpdate", toUpdate)))
}

// activeRefresh finds the group a request names, and its refresh, which must not be over.
func (k *call) activeRefresh() (*refresh, error) {
	g, err := k.group()
	if err != nil {
		return nil, err
	}
	r := g.active()
	if r == nil || r.status == refreshCancelling {
		return nil, refuse("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto Scaling group %s", g.name)
	}
	return r, nil
}

// cancelInstanceRefresh stops replacing. What was replaced stays so. Unless told otherwise it first waits
// for the instances that are on their way.
func cancelInstanceRefresh(k *call) ([]elem, error) {
	r, err := k.activeRefresh()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	r.status, r.surge = refreshCancelling, 0
	r.reason = "Cancelled due to user request."
	if k.p.str("WaitForTransitioningInstances") == "false" {
		r.finish(refreshCancelled, "Cancelled due to user request.")
	}
	r.group.wake(2 * time.Second)
	return []elem{text("InstanceRefreshId", r.id)}, nil
}

// finish ends the refresh.
func (r *refresh) finish(status, reason string) {
	r.status, r.reason, r.ended, r.surge = status, reason, r.group.fleet.cloud.now, 0
	r.group.wake(0)
}

// succeed ends the refresh well: the group takes the desired configuration, and a policy is replaced by a
// template if that was desired.
func (r *refresh) succeed() {
	if r.desired != nil {
		r.group.config = *r.desired
	}
	r.finish(refreshDone, "")
}

// fail ends the refresh badly, or turns it around if that was asked for.
func (r *refresh) fail(reason string) {
	switch {
	case r.status == refreshBack:
		r.finish(refreshBackFailed, reason)
	case r.autoRollback && r.reversible() == nil:
		r.turnBack(reason)
	default:
		r.finish(refreshFailed, reason)
	}
}

// troubled notes that a new instance failed. An hour of that without progress is enough.
func (r *refresh) troubled(why string) {
	r.troubles = why
	if r.trouble.IsZero() {
		r.trouble = r.group.fleet.cloud.now
		r.group.wake(patience)
	}
}

// alarming tells which of the refresh's alarms ring, if any.
func (r *refresh) alarming() string {
	var ringing []string
	for _, name := range r.alarms {
		if a := r.group.fleet.alarms[name]; a != nil && a.state == "ALARM" {
			ringing = append(ringing, name)
		}
	}
	return strings.Join(ringing, ", ")
}
