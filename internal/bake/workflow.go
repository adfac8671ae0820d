package bake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// The steps.
const (
	stepCheck    = "check"    // is everything still as it was approved?
	stepStandby  = "standby"  // take it out of service
	stepTwin     = "twin"     // launch the twin
	stepReady    = "ready"    // wait until the instance stands by, or the twin runs
	stepManifest = "manifest" // write down what is on the machine
	stepImage    = "image"    // ask for the image, or find the one that was made
	stepFollow   = "follow"   // watch it
	stepLeave    = "leave"    // bring the instance back, terminate the twin
	stepTag      = "tag"      // mark the image and its snapshots, keep the manifest
	stepCopy     = "copy"     // ask for the copies
	stepCopies   = "copies"   // watch them
	stepShare    = "share"    // share the image
	stepUndo     = "undo"     // remove what was made
	stepSettle   = "settle"   // leave everything in order and tell how it ended
)

// Fleet is what a bake does to the cloud.
type Fleet interface {
	Reader
	Imager
	Keeper
	Prober
}

// Region is where images are made and copied to.
type Region interface {
	Image(ctx context.Context, id fleet.ImageID) (fleet.Image, error)
	ImageNamed(ctx context.Context, name string) (fleet.Image, error)
	Snapshots(ctx context.Context, ids ...string) ([]fleet.Snapshot, error)
	CopyImage(ctx context.Context, c fleet.ImageCopy) (fleet.ImageID, error)
	Tag(ctx context.Context, tags map[string]string, resources ...string) error
	DeregisterImage(ctx context.Context, id fleet.ImageID, snapshots bool) ([]fleet.SnapshotFate, error)
}

// Imager makes images.
type Imager interface {
	Region
	CreateImage(ctx context.Context, o fleet.ImageOrder) (fleet.ImageID, error)
	ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error
	ShareSnapshots(ctx context.Context, add, remove []string, ids ...string) error
}

// Keeper takes instances out of service and brings them back, launches twins and ends them.
type Keeper interface {
	EnterStandby(ctx context.Context, group fleet.GroupName, decrement bool, ids ...fleet.InstanceID) error
	ExitStandby(ctx context.Context, group fleet.GroupName, ids ...fleet.InstanceID) error
	Launch(ctx context.Context, o fleet.LaunchOrder) (fleet.InstanceID, error)
	Terminate(ctx context.Context, ids ...fleet.InstanceID) error
	InstanceHealth(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]string, error)
}

// Prober asks machines, and the security groups around them.
type Prober interface {
	Run(ctx context.Context, s fleet.Script) (command string, err error)
	FindRun(ctx context.Context, comment string, since time.Time) (command string, found bool, err error)
	Output(ctx context.Context, command string, id fleet.InstanceID) (fleet.Output, error)
	Rules(ctx context.Context, groups ...string) ([]fleet.Rule, error)
}

// Baselines keeps manifests. *baseline.Store is one.
type Baselines interface {
	Put(ctx context.Context, environment string, m baseline.Manifest) error
	Keep(ctx context.Context, name string, m baseline.Manifest) error
	Kept(ctx context.Context, name string) (baseline.Manifest, error)
}

// Locks lets the operation have a group while one of its instances stands by. *ledger.Ledger does.
type Locks interface {
	Take(ctx context.Context, t *ledger.Turn, resource string) (ahead ledger.ID, err error)
	Drop(ctx context.Context, t *ledger.Turn, resource string) error
}

// Workflow carries out approved plans. Every step may be repeated: it looks before it acts, or its call carries a
// token of the operation.
type Workflow struct {
	Fleet     func(environment string) (Fleet, error)
	Regions   func(environment, region string) (Region, error) // the environment's account and role in another region
	Baselines Baselines
	Locks     Locks            // nil: groups are not locked
	Files     []string         // patterns of the files that a manifest holds
	Poll      time.Duration    // between two looks at AWS; 15 s if zero
	Now       func() time.Time // the turn's own time if nil
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	r, err := w.resume(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	step, known := r.steps()[t.At]
	if !known {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a bake.", card.Inert(t.At))
	}
	r.hear()
	out, err := step(ctx)
	if f, ok := fault.As(err); ok {
		if !r.touched() {
			return engine.Outcome{}, say.Inert(f)
		}
		out, err = r.fail(say.Phrase("%s", f.Error())), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if out.Step != "" && out.Step != t.At {
		r.data.Since, r.data.Looks = time.Time{}, 0
	}
	out.Data, err = json.Marshal(r.data)
	return out, err
}

// run is one turn under way.
type run struct {
	work  Workflow
	fleet Fleet
	plan  Plan
	data  Data
	turn  engine.Turn
	now   time.Time
	poll  time.Duration
}

func (w Workflow) resume(t engine.Turn) (*run, error) {
	r := &run{work: w, turn: t, now: t.Now, poll: w.Poll}
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
	if r.fleet, err = w.Fleet(r.plan.Environment); err != nil {
		return nil, fmt.Errorf("find the environment %s: %w", r.plan.Environment, err)
	}
	return r, nil
}

// decode reads the plan and the state out of a record.
func decode(rec ledger.Record) (Plan, Data, error) { return plan.Decode[Plan, Data](rec) }

func (r *run) steps() map[string]func(context.Context) (engine.Outcome, error) {
	return map[string]func(context.Context) (engine.Outcome, error){
		stepCheck: r.check, stepStandby: r.standby, stepTwin: r.twin, stepReady: r.ready, stepManifest: r.manifest,
		stepImage: r.image, stepFollow: r.follow, stepLeave: r.leave, stepTag: r.tag, stepCopy: r.copy, stepCopies: r.copies,
		stepShare: r.share, stepUndo: r.undo, stepSettle: r.settle,
	}
}

// hear notes that somebody wants it stopped. Steps look at that when they have nothing under way that they could
// lose sight of.
func (r *run) hear() {
	if s, asked := r.turn.Signal("cancel", "rollback"); asked && !r.data.Cancelled {
		r.data.Cancelled, r.data.By = true, s.By
	}
}

// touched reports whether the operation may have left something in the cloud, so that it must not end without putting
// that in order and telling about it.
func (r *run) touched() bool { return r.data.Entering || r.data.Launching || r.data.Asking }

// own are the tags by which everything is known that this operation makes.
func (r *run) own() map[string]string {
	tags := map[string]string{
		"amiral:operation": string(r.turn.ID), "amiral:requester": r.turn.Requester.User, "amiral:source-instance": string(r.plan.Instance),
	}
	for key, value := range map[string]string{
		"amiral:family": r.plan.Family, "amiral:source-image": string(r.plan.Source), baseline.DigestTag: r.data.Digest,
	} {
		if value != "" {
			tags[key] = value
		}
	}
	return tags
}

// ours reports whether an image was made by this operation under that name.
func (r *run) ours(i fleet.Image) bool {
	return i.Name == r.plan.Name && i.Tags["amiral:operation"] == string(r.turn.ID)
}

// waited is how long the present step has been waiting.
func (r *run) waited() time.Duration {
	if r.data.Since.IsZero() {
		r.data.Since = r.now
	}
	return r.now.Sub(r.data.Since)
}

// again takes the step again after a while.
func (r *run) again() engine.Outcome { return engine.Outcome{In: r.poll} }

// end goes to settle, which ends the operation that way.
func (r *run) end(state ledger.State, text say.Safe) engine.Outcome {
	r.data.Ending = &Ending{State: state, Text: text}
	return engine.To(stepSettle)
}

func (r *run) fail(text say.Safe) engine.Outcome { return r.end(ledger.Failed, text) }
