package awssim

import (
	"strconv"
	"strings"
	"time"
)

// rollback is the way back of a refresh.
type rollback struct {
	reason   string
	started  time.Time
	percent  int // how far the refresh had come
	toUpdate int
}

func (b *rollback) elem() elem {
	return el("RollbackDetails",
		text("RollbackReason", b.reason),
		when("RollbackStartTime", b.started),
		num("PercentageCompleteOnRollback", b.percent),
		num("InstancesToUpdateOnRollback", b.toUpdate),
		progressElem("ProgressDetailsOnRollback", b.percent, b.toUpdate),
	)
}

// rollbackInstanceRefresh returns to the configuration saved in the group, under the same refresh id.
func rollbackInstanceRefresh(k *call) ([]elem, error) {
	r, err := k.activeRefresh()
	if err != nil {
		return nil, err
	}
	if r.status == refreshBack {
		return nil, refuse("IrreversibleInstanceRefresh", "The instance refresh is being rolled back already.")
	}
	if failure := r.reversible(); failure != nil {
		return nil, failure
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	r.turnBack("Rollback requested by the user.")
	return []elem{text("InstanceRefreshId", r.id)}, nil
}

// reversible tells what stands against a way back: there must be something to go back from, and the saved
// configuration must mean the same later as it means now.
func (r *refresh) reversible() *apiError {
	f := r.group.fleet
	if r.desired == nil {
		return refuse("IrreversibleInstanceRefresh", "The instance refresh has no desired configuration to roll back from.")
	}
	for _, spec := range r.group.config.specs() {
		if _, err := strconv.Atoi(spec.version); err != nil {
			return refuse("IrreversibleInstanceRefresh",
				"The Auto Scaling group uses the launch template version %s, and only a numbered version can be rolled back to.", spec.version)
		}
		_, v, err := f.version(spec)
		if err != nil {
			return refuse("IrreversibleInstanceRefresh", "The launch template version of the Auto Scaling group is gone.")
		}
		if strings.HasPrefix(v.data.str("ImageId"), ssmPrefix) {
			return refuse("IrreversibleInstanceRefresh",
				"The launch template of the Auto Scaling group names an SSM parameter, and only an AMI id can be rolled back to.")
		}
	}
	return nil
}

// specs lists all templates a config may launch.
func (c config) specs() []templateSpec {
	all := []templateSpec{c.template()}
	for _, o := range c.overrides() {
		if o.has("LaunchTemplateSpecification") {
			all = append(all, readTemplateSpec(o.at("LaunchTemplateSpecification")))
		}
	}
	return all
}

// turnBack makes the instances the refresh launched the old ones. Those it had not yet touched are as
// they should be.
func (r *refresh) turnBack(reason string) {
	g := r.group
	r.rollback = &rollback{reason: reason, started: g.fleet.cloud.now, percent: r.percent, toUpdate: r.toUpdate}
	forward := r.generation
	g.generation++
	r.generation, r.base = g.generation, 0
	for _, s := range g.seats {
		if s.generation == forward && !s.skipped {
			r.base++
			continue
		}
		s.generation, s.skipped = r.generation, true
	}
	r.status, r.reason, r.surge, r.done = refreshBack, reason, 0, 0
	r.percent, r.toUpdate = 0, r.base
	r.trouble, r.blocked, r.resume, r.bakeUntil = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	g.retry, g.failures = time.Time{}, 0
	g.wake(0)
}
