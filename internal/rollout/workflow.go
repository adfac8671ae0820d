package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// The steps. Follow, ask and paused do the same; they are three, because what people can choose differs.
const (
	stepCheck    = "check"    // is everything still as it was approved?
	stepVersion  = "version"  // make the template's version
	stepProve    = "prove"    // would it launch?
	stepStart    = "start"    // start the refresh, or find the one that was started
	stepFollow   = "follow"   // watch it
	stepAsk      = "ask"      // watch it while a person decides about the canary
	stepPaused   = "paused"   // watch it while it is paused
	stepPause    = "pause"    // suspend it
	stepResume   = "resume"   // let it go on
	stepCancel   = "cancel"   // cancel it
	stepRollback = "rollback" // have AWS take it back
	stepPromote  = "promote"  // the canary is good: end its refresh, so that the rest can begin
	stepVerify   = "verify"   // does every instance run it?
	stepDefault  = "default"  // make it the template's default version
	stepSettle   = "settle"   // leave everything in order and tell how it ended
)

// Fleet is what a rollout does to the cloud.
type Fleet interface {
	Reader
	Writer
}

// Writer is the part of the cloud that a rollout changes, and the reads that tell how it goes.
type Writer interface {
	TemplateVersionsAfter(ctx context.Context, id fleet.TemplateID, number int64) ([]fleet.TemplateVersion, error)
	CreateTemplateVersion(ctx context.Context, v fleet.NewVersion) (made fleet.TemplateVersion, warnings []string, err error)
	SetDefaultVersion(ctx context.Context, template fleet.TemplateID, version int64, token string) error
	ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error
	StartRefresh(ctx context.Context, order fleet.RefreshOrder) (fleet.RefreshID, error)
	CancelRefresh(ctx context.Context, group fleet.GroupName) error
	RollbackRefresh(ctx context.Context, group fleet.GroupName) (fleet.RefreshID, error)
	Suspend(ctx context.Context, group fleet.GroupName, processes ...string) error
	Resume(ctx context.Context, group fleet.GroupName, processes ...string) error
	Activities(ctx context.Context, group fleet.GroupName, since time.Time) ([]fleet.Activity, error)
}

// Workflow carries out approved plans. Every step may be repeated: it looks before it acts, or its call
// carries a token of the operation.
type Workflow struct {
	Fleet func(environment string) (Fleet, error)
	// Families tells when another image became golden since the rollout was asked for; nil: nothing is told.
	Families Families
	Poll     time.Duration    // between two looks at AWS; 15 s if zero
	Now      func() time.Time // the turn's own time if nil
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	r, err := w.resume(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	step, known := r.steps()[t.At]
	if !known {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a rollout.", t.At)
	}
	r.data.Unseen = ""
	out, err := step(ctx)
	if err == nil {
		r.keep(t)
	}
	if f, ok := fault.As(err); ok {
		if !r.touched() {
			return engine.Outcome{}, say.Inert(f)
		}
		out, err = r.fail(say.Sentences(r.halfway(), say.Phrase("%s", f.Error()))), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	out.Data, err = json.Marshal(r.data)
	return out, err
}

// run is one turn under way.
type run struct {
	fleet Fleet
	plan  Plan
	data  Data
	turn  engine.Turn
	now   time.Time
	poll  time.Duration

	families Families
}

func (w Workflow) resume(t engine.Turn) (*run, error) {
	r := &run{turn: t, now: t.Now, poll: w.Poll, families: w.Families}
	if w.Now != nil {
		r.now = w.Now()
	}
	if r.poll == 0 {
		r.poll = 15 * time.Second
	}
	var err error
	if r.plan, r.data, err = decode(t.Record); err != nil {
		return nil, err
	}
	if r.data.Phase == Canary && r.data.Share == 0 { // it began before this was noted
		r.data.Canaries = r.plan.canaries()
		r.data.Share = r.plan.canaryShare(r.plan, r.data.Canaries)
	}
	if r.fleet, err = w.Fleet(r.plan.Environment); err != nil {
		return nil, fmt.Errorf("find the environment %s: %w", r.plan.Environment, err)
	}
	return r, nil
}

// decode reads the plan and the state out of a record.
func decode(rec ledger.Record) (Plan, Data, error) { return plan.Decode[Plan, Data](rec) }

func (r *run) steps() map[string]func(context.Context) (engine.Outcome, error) {
	return map[string]func(context.Context) (engine.Outcome, error){
		stepCheck: r.check, stepVersion: r.version, stepProve: r.prove, stepStart: r.start,
		stepFollow: r.follow, stepAsk: r.follow, stepPaused: r.follow,
		stepPause: r.pause, stepResume: r.unpause, stepCancel: r.cancel, stepRollback: r.rollback,
		stepPromote: r.promote, stepVerify: r.verify, stepDefault: r.makeDefault, stepSettle: r.settle,
	}
}

// signal is the latest of the named signals, those included that came while a step was busy with another.
func (r *run) signal(names ...string) (ledger.Signal, bool) {
	t := r.turn
	t.Signals = slices.Concat(r.data.Kept, t.Signals)
	return t.Signal(names...)
}

// keep remembers what people asked for during a step that does not look at it.
func (r *run) keep(t engine.Turn) {
	switch t.At {
	case stepPause, stepResume, stepCancel, stepRollback:
		r.data.Kept = append(r.data.Kept, t.Signals...)
	default:
		r.data.Kept = nil
	}
}

// touched reports whether the operation may have left something in the cloud, so that it must not end
// without putting that in order and telling about it.
func (r *run) touched() bool { return r.data.Version > 0 }

// end goes to settle, which ends the operation that way.
func (r *run) end(state ledger.State, format string, args ...any) engine.Outcome {
	r.data.Ending = &Ending{State: state, Text: say.Phrase(format, args...)}
	return engine.To(stepSettle)
}

func (r *run) fail(text say.Safe) engine.Outcome {
	return r.end(ledger.Failed, "%s", text)
}
