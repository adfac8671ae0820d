package launch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/retire"
	"github.com/amiral-ops/amiral/internal/say"
)

// The steps.
const (
	stepCheck    = "check"    // is everything still as it was approved?
	stepBake     = "bake"     // make the image
	stepTemplate = "template" // make the template, or its version
	stepProve    = "prove"    // would it launch?
	stepGroup    = "group"    // make the group, or find the one that was made
	stepFollow   = "follow"   // watch it until all are in service
	stepAsk      = "ask"      // people decide whether it goes on or is taken back
	stepVerify   = "verify"   // is every instance what it should be?
	stepUndo     = "undo"     // take back what was made
)

// Fleet is what a launch does to the cloud, apart from its bake.
type Fleet interface {
	Reader
	Templates
	Makers
	Watch
}

// Templates makes launch templates, and takes them back.
type Templates interface {
	CreateTemplate(ctx context.Context, order fleet.TemplateOrder) (made fleet.Template, warnings []string, err error)
	CreateTemplateVersion(ctx context.Context, v fleet.NewVersion) (made fleet.TemplateVersion, warnings []string, err error)
	DeleteTemplateVersions(ctx context.Context, id fleet.TemplateID, versions []int64) (deleted []int64, failed map[int64]string, err error)
	DeleteTemplate(ctx context.Context, id fleet.TemplateID) error
	Templates(ctx context.Context) ([]fleet.Template, error)
	CurrentVersions(ctx context.Context) ([]fleet.TemplateVersion, error)
	TemplateVersions(ctx context.Context, ref fleet.TemplateRef) ([]fleet.TemplateVersion, error)
	TemplateVersionsAfter(ctx context.Context, id fleet.TemplateID, number int64) ([]fleet.TemplateVersion, error)
	ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error
}

// Makers makes groups and takes them back, with the images of their instances.
type Makers interface {
	CreateGroup(ctx context.Context, order fleet.GroupOrder) error
	DeleteGroup(ctx context.Context, name fleet.GroupName, force bool) error
	ImageReferences(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Reference, error)
	SharedWith(ctx context.Context, id fleet.ImageID) ([]string, error)
	DeregisterImage(ctx context.Context, id fleet.ImageID, snapshots bool) ([]fleet.SnapshotFate, error)
}

// Watch is what tells how a group gets on.
type Watch interface {
	Groups(ctx context.Context) ([]fleet.Group, error)
	Activities(ctx context.Context, group fleet.GroupName, since time.Time) ([]fleet.Activity, error)
	TargetHealth(ctx context.Context, targetGroup string) ([]fleet.Target, error)
	Instances(ctx context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error)
	Running(ctx context.Context, images ...fleet.ImageID) ([]fleet.Instance, error)
}

// Locks lets the operation have the server that is baked. *ledger.Ledger does.
type Locks interface {
	Take(ctx context.Context, t *ledger.Turn, resource string) (ahead ledger.ID, err error)
	Drop(ctx context.Context, t *ledger.Turn, resource string) error
}

// Workflow carries out approved plans. Every step may be repeated: it looks before it acts, or its call carries a
// token of the operation.
type Workflow struct {
	Fleet func(environment string) (Fleet, error)
	Bake  engine.Workflow // makes the image of an instance, as a part of the launch
	Locks Locks           // keeps others from baking the same server meanwhile
	Keep  retire.Keepers  // what a baked image may be needed for by now, besides what AWS knows
	Poll  time.Duration   // between two looks at AWS; 15 s if zero
	Stall time.Duration   // how long nothing may move before people are asked; 10 min if zero
	Ask   time.Duration   // how long they have to answer; a day if zero
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	r, err := w.resume(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	step, known := r.steps()[t.At]
	if !known {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a launch.", card.Inert(t.At))
	}
	r.data.Unseen = ""
	out, err := step(ctx)
	if f, ok := fault.As(err); ok {
		if !r.data.touched() {
			return engine.Outcome{}, say.Inert(f)
		}
		out, err = r.stuck(say.Phrase("%s", f.Error()), t.At), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	out.Data, err = json.Marshal(r.data)
	return out, err
}

// run is one turn under way.
type run struct {
	Workflow
	fleet Fleet
	plan  Plan
	data  Data
	turn  engine.Turn
	now   time.Time
}

func (w Workflow) resume(t engine.Turn) (*run, error) {
	r := &run{Workflow: w, turn: t, now: t.Now}
	r.Poll = cmp.Or(w.Poll, 15*time.Second)
	r.Stall = cmp.Or(w.Stall, 10*time.Minute)
	r.Ask = cmp.Or(w.Ask, 24*time.Hour)
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
		stepCheck: r.check, stepBake: r.bake, stepTemplate: r.template, stepProve: r.prove, stepGroup: r.group,
		stepFollow: r.follow, stepAsk: r.ask, stepVerify: r.verify, stepUndo: r.undo,
	}
}

// also puts a line before what an outcome tells.
func also(line say.Safe, out engine.Outcome) engine.Outcome {
	if out.Line != "" && line != "" {
		line += "\n"
	}
	out.Line = string(line) + out.Line
	return out
}

// stopped answers what people asked for since the last step. What was made is taken back; nothing made, it just ends.
func (r *run) stopped() (engine.Outcome, bool) {
	signal, asked := r.turn.Signal("cancel", "rollback")
	switch {
	case !asked:
		return engine.Outcome{}, false
	case !r.data.touched():
		return engine.Outcome{End: ledger.Cancelled, Tone: string(card.Warning),
			Outcome: string(say.Phrase("Cancelled%s before anything was made.", say.By(signal.By)))}, true
	}
	return r.takeBack(signal), true
}

// takeBack begins to take back what was made.
func (r *run) takeBack(signal ledger.Signal) engine.Outcome {
	r.data.Undoing = &Undoing{By: signal.By, Image: signal.Name == "rollback"}
	r.data.Asking, r.data.Retry, r.data.Looks = "", "", 0
	return say.Told(stepUndo, card.Warning, "It is taken back%s.", say.By(signal.By))
}

// unheard says why nothing comes of a signal that means nothing to a launch; empty without one.
func (r *run) unheard() say.Safe {
	if s, ok := r.turn.Signal("pause", "resume"); ok {
		return say.Phrase("A launch cannot be %sd: AWS starts the instances on its own. It can be taken back.", s.Name)
	}
	return ""
}
