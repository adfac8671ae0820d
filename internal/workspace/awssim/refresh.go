package awssim

import (
	"cmp"
	"slices"
	"strconv"
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
		img := r.group.fleet.images[o.str("ImageId")]
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
