package bake

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// How long is waited for what usually takes minutes.
const (
	drainFor = 75 * time.Minute // a load balancer lets go of an instance after up to an hour
	bootFor  = 20 * time.Minute // a twin boots and passes its status checks
	agentFor = 10 * time.Minute // its agent calls Systems Manager
	cureFor  = 10 * time.Minute // a rebooted instance passes its status checks again
	joinFor  = 25 * time.Minute // and is in service again
	showFor  = 2 * time.Minute  // what was just made is visible everywhere
)

// machine is what the image is made of.
func (r *run) machine() fleet.InstanceID {
	if r.plan.Way == Twin {
		return r.data.Twin
	}
	return r.plan.Instance
}

// member reads the instance as its group sees it now.
func (r *run) member(ctx context.Context) (m fleet.Member, there bool, err error) {
	g, err := r.fleet.Group(ctx, r.plan.Group)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("read group %s: %w", r.plan.Group, err)
	}
	m, there = memberOf(g, r.plan.Instance)
	return m, there, nil
}

// standby takes the instance out of its group's service. The group gives up one of its capacity, so that it launches
// nothing in its place.
func (r *run) standby(ctx context.Context) (engine.Outcome, error) {
	m, there, err := r.member(ctx)
	switch {
	case err != nil:
		return engine.Outcome{}, err
	case !there:
		return engine.Outcome{}, fault.New(fault.Conflict, "%s does not serve in %s any more.", r.plan.Instance, r.plan.Group)
	case m.Lifecycle == "Standby" || m.Lifecycle == "EnteringStandby":
		return say.Told(stepReady, card.Working, "%s leaves the service of %s.", r.plan.Instance, r.plan.Group), nil
	case r.data.Cancelled:
		return engine.To(stepUndo), nil
	case m.Lifecycle != "InService":
		return engine.Outcome{}, fault.New(fault.Conflict, "%s is %s in %s, and only what is in service can stand by.", r.plan.Instance, m.Lifecycle, r.plan.Group)
	}
	if ahead, err := r.take(ctx); err != nil || ahead != "" {
		return r.behind(ahead), err
	}
	if err := r.fleet.EnterStandby(ctx, r.plan.Group, true, r.plan.Instance); err != nil {
		return engine.Outcome{}, r.refusal(err, fmt.Sprintf("take %s out of service", r.plan.Instance))
	}
	return say.Told(stepReady, card.Working, "%s leaves the service of %s.", r.plan.Instance, r.plan.Group), nil
}

// lock is that of the instance's group.
func (r *run) lock() string {
	return fmt.Sprintf("%s/%s/asg/%s", r.plan.Account, r.plan.Region, r.plan.Group)
}

// take locks the group while one of its instances stands by: a rollout that began meanwhile would leave the instance out,
// or wait for it and fail. It returns who has the group now.
func (r *run) take(ctx context.Context) (ahead ledger.ID, err error) {
	if r.work.Locks == nil {
		return "", nil
	}
	return r.work.Locks.Take(ctx, &r.turn.Turn, r.lock())
}

// drop lets others work on the group again. Doing so twice is harmless.
func (r *run) drop(ctx context.Context) error {
	if r.work.Locks == nil || !r.data.Entering {
		return nil
	}
	return r.work.Locks.Drop(ctx, &r.turn.Turn, r.lock())
}

// behind waits for whoever works on the group, and tells so once.
func (r *run) behind(ahead ledger.ID) engine.Outcome {
	if ahead == "" || r.data.Looks > 0 {
		return r.again()
	}
	r.data.Looks++
	out := say.Told("", card.Warning, "%s works on %s: %s stays in service until that is over.", ahead, r.plan.Group, r.plan.Instance)
	out.In = r.poll
	return out
}

// twin launches the twin, or finds the one that was launched: AWS recognises the token. It does not look whether
// somebody cancelled, since an earlier attempt may have launched it: the next step does.
func (r *run) twin(ctx context.Context) (engine.Outcome, error) {
	tags := r.own()
	tags["Name"] = r.twinName()
	delete(tags, "amiral:baseline")
	id, err := r.fleet.Launch(ctx, fleet.LaunchOrder{Template: r.plan.Template, Subnet: r.plan.Subnet, Tags: tags, Token: r.turn.Token("twin")})
	if err != nil {
		r.data.Unsure = r.turn.Attempt > 0
		return engine.Outcome{}, r.refusal(err, fmt.Sprintf("launch a twin from version %s of %s", r.plan.Template.Version, r.plan.Template.Name))
	}
	r.data.Twin = id
	return say.Told(stepReady, card.Working, "The twin %s boots, from version %s of %s.", id, r.plan.Template.Version, r.plan.Template.Name), nil
}

// ready waits until the instance stands by, or the twin runs.
func (r *run) ready(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	if r.plan.Way == Twin {
		return r.booted(ctx)
	}
	m, there, err := r.member(ctx)
	switch {
	case err != nil:
		return engine.Outcome{}, err
	case there && m.Lifecycle == "Standby":
		return say.Told(stepManifest, card.Working, "%s stands by.", r.plan.Instance), nil
	case !there || strings.HasPrefix(m.Lifecycle, "Terminat"):
		return engine.Outcome{}, fault.New(fault.Conflict, "%s left %s while it was to stand by.", r.plan.Instance, r.plan.Group)
	case r.waited() > drainFor:
		return engine.Outcome{}, fault.New(fault.Conflict, "%s is still %s after %s.", r.plan.Instance, m.Lifecycle, card.Span(drainFor))
	}
	return r.again(), nil
}

// booted waits until the twin runs, is well, and Systems Manager sees it if it sees the instance.
func (r *run) booted(ctx context.Context) (engine.Outcome, error) {
	i, err := r.fleet.Instance(ctx, r.data.Twin)
	switch kind := fleet.KindOf(err); {
	case err != nil && kind == fleet.Absent && r.waited() < showFor:
		return r.again(), nil
	case err != nil && kind == fleet.Absent:
		return engine.Outcome{}, fault.New(fault.Conflict, "The twin %s is gone.", r.data.Twin)
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("read the twin %s: %w", r.data.Twin, err)
	case i.State == "terminated" || i.State == "shutting-down" || i.State == "stopped":
		return engine.Outcome{}, fault.New(fault.Conflict, "The twin %s is %s. %s", i.ID, i.State, say.Quote(i.StateReason))
	}
	well, err := r.well(ctx, i)
	if err != nil {
		return engine.Outcome{}, err
	}
	if !well && r.waited() > bootFor {
		return engine.Outcome{}, fault.New(fault.Conflict, "The twin %s is not well after %s.", i.ID, card.Span(bootFor)).
			WithHint("Look at its console: version %s of %s may not boot.", r.plan.Template.Version, r.plan.Template.Name)
	}
	if !well {
		return r.again(), nil
	}
	if online, err := r.online(ctx); err != nil || !online && r.waited() < bootFor+agentFor {
		return r.again(), err
	}
	return say.Told(stepManifest, card.Working, "The twin %s runs.", i.ID), nil
}

func (r *run) well(ctx context.Context, i fleet.Instance) (bool, error) {
	if i.State != "running" {
		return false, nil
	}
	health, err := r.fleet.InstanceHealth(ctx, i.ID)
	if err != nil {
		return false, fmt.Errorf("read the status checks of %s: %w", i.ID, err)
	}
	return health[i.ID] == "ok", nil
}

// online reports whether Systems Manager sees the machine, or is not expected to.
func (r *run) online(ctx context.Context) (bool, error) {
	if !r.plan.Managed {
		return true, nil
	}
	nodes, err := r.fleet.Nodes(ctx, r.machine())
	if err != nil && definite(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask Systems Manager for %s: %w", r.machine(), err)
	}
	return nodes[r.machine()].Ping == "Online", nil
}

// leave brings the instance back and terminates the twin as soon as the image is there: copies need neither.
func (r *run) leave(ctx context.Context) (engine.Outcome, error) {
	done, err := r.release(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if !done {
		return r.again(), nil
	}
	switch {
	case r.data.Entering && len(r.data.Notes) == 0:
		return say.Told(stepTag, card.Working, "%s is back in the service of %s.", r.plan.Instance, r.plan.Group), nil
	case r.data.Launching && len(r.data.Notes) == 0:
		return say.Told(stepTag, card.Working, "The twin %s is terminated.", r.data.Twin), nil
	}
	return engine.To(stepTag), nil
}

// release leaves no instance in standby and no twin running. It takes several looks; what AWS refuses is noted.
func (r *run) release(ctx context.Context) (done bool, err error) {
	if r.data.Entering && !r.data.Left {
		if err := r.comeBack(ctx); err != nil {
			return false, err
		}
	}
	if r.data.Launching && !r.data.Gone {
		if err := r.endTwin(ctx); err != nil {
			return false, err
		}
	}
	if r.data.Entering && !r.data.Left || r.data.Launching && !r.data.Gone {
		return false, nil
	}
	return true, r.drop(ctx)
}

// comeBack takes one look at the instance, and one step on its way back into service.
func (r *run) comeBack(ctx context.Context) error {
	m, there, err := r.member(ctx)
	if err != nil {
		return err
	}
	switch {
	case !there || strings.HasPrefix(m.Lifecycle, "Terminat") || strings.HasPrefix(m.Lifecycle, "Detach"):
		r.left("%s is not in %s any more.", r.plan.Instance, r.plan.Group)
	case m.Lifecycle == "InService":
		r.data.Left = true
	case m.Lifecycle == "Standby":
		return r.exit(ctx)
	case r.waited() > joinFor && m.Lifecycle != "EnteringStandby":
		r.left("%s is still %s in %s.", r.plan.Instance, m.Lifecycle, r.plan.Group)
	}
	return nil
}

// exit brings it back once it is well after its reboot: a group replaces what is ill in service.
func (r *run) exit(ctx context.Context) error {
	if r.data.Asking && r.waited() < cureFor {
		health, err := r.fleet.InstanceHealth(ctx, r.plan.Instance)
		if err != nil && !definite(err) {
			return fmt.Errorf("read the status checks of %s: %w", r.plan.Instance, err)
		}
		if err == nil && health[r.plan.Instance] != "ok" {
			return nil
		}
	}
	err := r.fleet.ExitStandby(ctx, r.plan.Group, r.plan.Instance)
	if err != nil && definite(err) {
		r.left("%s stays in standby in %s, because AWS refused to bring it back: %s `/asg standby exit %s` does it.",
			r.plan.Instance, r.plan.Group, say.AWS(err), r.plan.Instance)
		return nil
	}
	if err != nil {
		return fmt.Errorf("bring %s back into service: %w", r.plan.Instance, err)
	}
	return nil
}

func (r *run) left(format string, args ...any) {
	r.data.Left = true
	r.note(format, args...)
}

// endTwin takes one look at the twin, and terminates it. Just after its launch it may not be visible everywhere, so
// that it is not believed to be gone before some time.
func (r *run) endTwin(ctx context.Context) error {
	if r.data.Twin == "" {
		if err := r.findTwin(ctx); err != nil || r.data.Twin == "" {
			return err
		}
	}
	i, err := r.fleet.Instance(ctx, r.data.Twin)
	absent := err != nil && fleet.KindOf(err) == fleet.Absent
	switch {
	case err != nil && !absent:
		return fmt.Errorf("read the twin %s: %w", r.data.Twin, err)
	case absent && r.waited() > showFor, i.State == "terminated", i.State == "shutting-down":
		r.data.Gone = true
		return nil
	}
	err = r.fleet.Terminate(ctx, r.data.Twin)
	switch {
	case err != nil && definite(err):
		r.data.Gone = true
		r.note("The twin %s still runs, because AWS refused to terminate it: %s Terminate it by hand.", r.data.Twin, say.AWS(err))
	case err != nil && fleet.KindOf(err) != fleet.Absent:
		return fmt.Errorf("terminate the twin %s: %w", r.data.Twin, err)
	}
	return nil
}

// findTwin looks for a twin whose launch may have been answered by nobody: AWS may have refused an attempt after one
// that it carried out. When there is none after a while, it was never launched.
func (r *run) findTwin(ctx context.Context) error {
	if r.data.Unsure {
		found, err := r.fleet.FindInstances(ctx, r.twinName(), 2)
		if err != nil && !definite(err) {
			return fmt.Errorf("look for the twin: %w", err)
		}
		for _, i := range found {
			if i.Tags["amiral:operation"] == string(r.turn.ID) {
				r.data.Twin = i.ID
				return nil
			}
		}
	}
	r.data.Gone = !r.data.Unsure || r.waited() > showFor
	return nil
}

// twinName is the twin's Name tag.
func (r *run) twinName() string { return "amiral-twin-" + string(r.turn.ID) }

// note keeps what could not be put in order, for the end.
func (r *run) note(format string, args ...any) {
	r.data.Notes = append(r.data.Notes, say.Phrase(format, args...))
}
