package awssim

import (
	"time"
)

// step is one look of the refresh at its group. Whatever may change the picture wakes the group, so that
// the refresh looks exactly when there is something to see.
func (r *refresh) step() {
	g, now := r.group, r.group.fleet.cloud.now
	if g.off("InstanceRefresh") && r.status != refreshCancelling {
		return // paused, not cancelled
	}
	if now.Sub(r.started) >= longest {
		r.fail("The instance refresh was active for 14 days.")
		return
	}
	switch r.status {
	case refreshPending:
		if now.Sub(r.started) < 5*time.Second {
			return
		}
		r.status = refreshRunning
		r.advance()
	case refreshRunning, refreshBack:
		r.advance()
	case refreshBaking:
		r.baking()
	case refreshCancelling:
		if v := r.look(); len(v.starting)+v.ending == 0 {
			r.finish(refreshCancelled, "Cancelled due to user request.")
		}
	}
}

// advance is one look while instances are being replaced.
func (r *refresh) advance() {
	if ringing := r.alarming(); ringing != "" && r.status == refreshRunning {
		r.fail("The CloudWatch alarm " + ringing + " went into the ALARM state.")
		return
	}
	v := r.look()
	total := r.measure(v)
	if r.hopeless(v) {
		return
	}
	if r.group.fleet.cloud.now.Before(r.resume) {
		return
	}
	goal := r.goal(total)
	if r.reached(v, goal, total) {
		return
	}
	r.replace(v, r.limit(v, goal))
	r.explain(r.look())
}

// measure updates percentage and count, and returns how many seats there are to update in all.
func (r *refresh) measure(v view) int {
	total := max(r.group.desired-v.ignored, 0)
	done := min(len(v.warm), total)
	if r.status == refreshBack {
		total = r.base
		done = max(total-len(v.old)-len(v.held)-len(v.starting), 0)
	}
	if done > r.done {
		r.trouble, r.troubles = time.Time{}, ""
	}
	r.done = done
	r.percent, r.toUpdate = 100, total-done
	if total > 0 {
		r.percent = 100 * done / total
	}
	return total
}

// hopeless ends a refresh that has been stuck for an hour.
func (r *refresh) hopeless(v view) bool {
	now := r.group.fleet.cloud.now
	if !r.trouble.IsZero() && now.Sub(r.trouble) >= patience {
		r.fail("New instances did not become healthy for one hour. " + r.troubles)
		return true
	}
	if len(v.held) == 0 || len(v.old)+len(v.starting) > 0 {
		r.blocked = time.Time{}
		return false
	}
	if r.blocked.IsZero() {
		r.blocked = now
		r.group.wake(patience)
	}
	if now.Sub(r.blocked) < patience {
		return false
	}
	r.fail("The instance refresh waited one hour for instances that are in Standby or protected from scale in. " +
		"For example: " + v.held[0].instance.id + ".")
	return true
}

// goal is how many seats are to be done before the next stop.
func (r *refresh) goal(total int) int {
	if r.status == refreshBack || r.checkpoint >= len(r.checkpoints) {
		return total
	}
	return (total*r.checkpoints[r.checkpoint] + 99) / 100
}

// limit is how many more replacements may begin before the goal.
func (r *refresh) limit(v view, goal int) int {
	if r.status == refreshBack {
		return len(v.old)
	}
	return max(goal-len(v.warm)-len(v.starting), 0)
}

// reached deals with a goal that is reached: the wait at a checkpoint, the bake, the end.
func (r *refresh) reached(v view, goal, total int) bool {
	over := len(v.old)+len(v.held)+len(v.starting)+v.ending == 0 && v.live == r.group.desired
	if !over && (r.done < goal || len(v.starting) > 0 || goal == total) {
		return false
	}
	if !over && r.checkpoint < len(r.checkpoints)-1 {
		r.pause()
		return true
	}
	switch {
	case v.live != r.group.desired:
		r.surge = 0 // what was launched ahead and is not needed goes first
		return false
	case r.status == refreshBack:
		r.finish(refreshBackDone, r.rollback.reason)
	case r.bake > 0:
		r.status, r.surge = refreshBaking, 0
		r.bakeUntil = r.group.fleet.cloud.now.Add(r.bake)
		r.reason = "Waiting for the bake time to end."
		r.group.wake(r.bake)
	default:
		r.succeed()
	}
	return true
}

// pause waits at a checkpoint, if there is a wait.
func (r *refresh) pause() {
	g := r.group
	r.checkpoint++
	r.surge = 0
	r.resume = g.fleet.cloud.now.Add(r.delay)
	r.reason = "Reached a checkpoint. The instance refresh continues at " + r.resume.UTC().Format(time.RFC3339) + "."
	g.wake(r.delay)
}

// baking waits, with an eye on the alarms.
func (r *refresh) baking() {
	if ringing := r.alarming(); ringing != "" {
		r.fail("The CloudWatch alarm " + ringing + " went into the ALARM state.")
		return
	}
	if !r.group.fleet.cloud.now.Before(r.bakeUntil) {
		r.succeed()
	}
}

// replace begins as many replacements as minimum and maximum allow. The group launches what is missing
// right after, so that ending and launching go together.
func (r *refresh) replace(v view, limit int) {
	g := r.group
	if g.off("Launch") || g.off("Terminate") {
		r.troubled("The process Launch or Terminate is suspended.")
		return
	}
	floor := (g.desired*r.minHealthy + 99) / 100
	spare := v.healthy - floor
	old := v.old
	for len(old) > 0 {
		s := old[0]
		counted := s.lifecycle == seatInService && s.healthy
		ahead := r.surge > 0 && s.live() && v.live > g.desired
		if counted && spare <= 0 || s.live() && !ahead && limit <= 0 {
			break
		}
		switch {
		case ahead:
			r.surge--
			v.live--
		case s.live():
			limit--
		}
		if counted {
			spare--
		}
		old = old[1:]
		r.retire(s)
	}
	r.launchAhead(v, old, limit, floor)
}

// launchAhead asks for seats above the desired capacity, as far as the maximum allows. Where neither end
// of the range leaves room, one instance goes at a time: ahead if a maximum was given, else terminated
// and launched together.
func (r *refresh) launchAhead(v view, old []*seat, limit, floor int) {
	g := r.group
	ceiling := max(g.desired*r.maxHealthy/100, g.desired)
	if r.inPlace {
		ceiling = g.desired
	}
	room := ceiling - (g.desired + r.surge)
	asked := max(r.surge-max(v.live-g.desired, 0), 0) // and not launched yet
	need := min(len(old)-r.surge, limit-asked)
	if room > 0 && need > 0 {
		r.surge += min(room, need)
		g.owe(min(room, need))
		return
	}
	stuck := need > 0 && r.surge == 0 && ceiling == g.desired && g.desired-floor < 1 &&
		len(v.starting) == 0 && v.live >= g.desired && len(old) == len(v.old)
	switch {
	case !stuck:
	case r.maxGiven && !r.inPlace:
		r.surge = 1
		g.owe(1)
	default:
		r.retire(old[0])
	}
}

// owe writes the cause of launches that follow.
func (g *group) owe(n int) {
	for range n {
		g.owed = append(g.owed, g.fleet.cloud.clockPhrase()+" an instance was launched in response to an instance refresh.")
	}
}

// retire takes an old seat out, or replaces its root volume where that was asked for.
func (r *refresh) retire(s *seat) {
	if r.inPlace && s.lifecycle == seatInService {
		r.reroot(s)
		return
	}
	if s.live() {
		r.group.owe(1)
	}
	s.leave(r.group.fleet.cloud.clockPhrase() + " an instance was taken out of service in response to an instance refresh.")
}

// explain says what the refresh waits for, in the words of AWS.
func (r *refresh) explain(v view) {
	r.reason = ""
	if r.status == refreshBack {
		r.reason = r.rollback.reason
	}
	for _, s := range v.starting {
		if s.lifecycle == seatInService && s.healthy && !s.warmedUp(r) {
			r.reason = "Waiting for instances to warm up before continuing. For example: " + s.instance.id + " is warming up."
			return
		}
	}
	switch {
	case len(v.starting) > 0:
		r.reason = "Waiting for remaining instances to be available. For example: " + v.starting[0].instance.id +
			" has insufficient data to evaluate its health with Amazon EC2."
	case !r.trouble.IsZero():
		r.reason = r.troubles
	case v.ending > 0 && len(v.old)+len(v.held) == 0:
		r.reason = "Waiting for replaced instances to terminate."
	case len(v.held) > 0:
		r.reason = "Waiting for instances that are in Standby or protected from scale in. For example: " + v.held[0].instance.id + "."
	}
}
