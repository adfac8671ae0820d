package patch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// The steps. Those of a part have the part's own step behind a slash, so that what people can choose changes with it.
const (
	stepCheck   = "check"   // is everything still as it was approved?
	stepBake    = "bake"    // make the image
	stepTrial   = "trial"   // launch a machine for the test
	stepBoot    = "boot"    // wait until it runs and is well
	stepTest    = "test"    // run the test on it
	stepEnd     = "end"     // terminate it
	stepTake    = "take"    // wait for the next group, and lock it
	stepRoll    = "roll"    // roll it
	stepNext    = "next"    // give it back, and go on
	stepPromote = "promote" // make the image golden
	stepSettle  = "settle"  // tell how it ended
)

// Fleet is what a patch does to the cloud, apart from its parts.
type Fleet interface {
	rollout.Reader
	Machines
	Tester
	family.Parameters
}

// Machines launches one machine for the test and ends it.
type Machines interface {
	Image(ctx context.Context, id fleet.ImageID) (fleet.Image, error)
	Launch(ctx context.Context, o fleet.LaunchOrder) (fleet.InstanceID, error)
	Terminate(ctx context.Context, ids ...fleet.InstanceID) error
	Instance(ctx context.Context, id fleet.InstanceID) (fleet.Instance, error)
}

// Tester asks a machine.
type Tester interface {
	InstanceHealth(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]string, error)
	Nodes(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]fleet.Node, error)
	Runner
}

// Runner runs commands on machines.
type Runner interface {
	Run(ctx context.Context, s fleet.Script) (command string, err error)
	FindRun(ctx context.Context, comment string, since time.Time) (command string, found bool, err error)
	Output(ctx context.Context, command string, id fleet.InstanceID) (fleet.Output, error)
}

// Locks lets the operation have one group after another. *ledger.Ledger does.
type Locks interface {
	Take(ctx context.Context, t *ledger.Turn, resource string) (ahead ledger.ID, err error)
	Drop(ctx context.Context, t *ledger.Turn, resource string) error
}

// Pointer makes images golden. *family.Store does.
type Pointer interface {
	Families
	Point(ctx context.Context, g family.Golden, was int64) (family.Golden, error)
}

// Workflow carries out approved plans. Every step may be repeated: it looks before it acts, or its call carries a
// token of the operation.
type Workflow struct {
	Fleet    func(environment string) (Fleet, error)
	Bake     engine.Workflow // makes the image, as a part of the patch
	Roll     engine.Workflow // rolls a group, as a part of the patch
	Locks    Locks
	Families Pointer
	Poll     time.Duration // between two looks at AWS; 15 s if zero
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	r, err := w.resume(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	name, inner, _ := strings.Cut(t.At, "/")
	step, known := r.steps()[name]
	if !known {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a patch.", card.Inert(t.At))
	}
	word := r.hear(name)
	out, err := step(ctx, inner)
	if f, ok := fault.As(err); ok {
		if name == stepCheck {
			return engine.Outcome{}, say.Inert(f)
		}
		out, err = r.broken(name, say.Phrase("%s", f.Error())), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if word != "" && out.End == "" {
		out.Line, out.Tone = string(joined(word, say.Safe(out.Line))), string(card.Warning)
	}
	out.Data, err = json.Marshal(r.data)
	return out, err
}

// joined are lines, one below the other.
func joined(line, next say.Safe) say.Safe {
	if next == "" {
		return line
	}
	return line + "\n" + next
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
func decode(rec ledger.Record) (Plan, Data, error) {
	p, d, err := plan.Decode[Plan, Data](rec)
	if err == nil && (len(p.Groups) == 0 || len(d.Parts) > len(p.Groups)) {
		err = plan.Unreadable(rec)
	}
	return p, d, err
}

func (r *run) steps() map[string]func(context.Context, string) (engine.Outcome, error) {
	plain := func(step func(context.Context) (engine.Outcome, error)) func(context.Context, string) (engine.Outcome, error) {
		return func(ctx context.Context, _ string) (engine.Outcome, error) { return step(ctx) }
	}
	return map[string]func(context.Context, string) (engine.Outcome, error){
		stepCheck: plain(r.check), stepBake: r.bake,
		stepTrial: plain(r.trial), stepBoot: plain(r.boot), stepTest: plain(r.test), stepEnd: plain(r.endTrial),
		stepTake: plain(r.take), stepRoll: r.roll, stepNext: plain(r.next),
		stepPromote: plain(r.promote), stepSettle: plain(r.settle),
	}
}

// hear notes that somebody wants it to end. A part hears of that by itself; the steps between look at it when they have
// nothing under way that they could lose sight of.
func (r *run) hear(step string) (word say.Safe) {
	if s, asked := r.turn.Signal("cancel", "rollback"); asked && r.data.Stopped == nil {
		r.data.Stopped = &s
	}
	if s, asked := r.turn.Signal("cancel", "rollback", "continue"); asked && s.Name == "continue" {
		r.data.Stopped = nil // thought better of it
	}
	if s, asked := r.turn.Signal("pause", "resume"); asked && step != stepRoll {
		return r.hold(s)
	}
	return ""
}

// hold has nothing more begun after what is under way, or has it go on. A group that is rolled is paused by its rollout.
func (r *run) hold(s ledger.Signal) say.Safe {
	was := r.data.Held
	r.data.Held = s.Name == "pause"
	switch {
	case was == r.data.Held:
		return ""
	case was:
		return say.Phrase("Resumed%s.", say.By(s.By))
	}
	return say.Phrase("Paused%s: what is under way is finished, and nothing more is begun until somebody resumes.", say.By(s.By))
}

// by names whoever wants it to end.
func (r *run) by() say.Safe {
	if r.data.Stopped == nil {
		return ""
	}
	return say.By(r.data.Stopped.By)
}

// broken is where a fault of a step leads: the machine for the test is put away first.
func (r *run) broken(step string, why say.Safe) engine.Outcome {
	switch step {
	case stepTrial, stepBoot, stepTest:
		r.data.Trial.Failure = why
		return engine.To(stepEnd)
	}
	return r.end(ledger.Failed, why)
}

// again takes the step again after a while.
func (r *run) again() engine.Outcome { return engine.Outcome{In: r.Poll} }

// end goes to settle, which ends the operation that way.
func (r *run) end(state ledger.State, text say.Safe) engine.Outcome {
	r.data.Ending = &Ending{State: state, Text: text}
	return engine.To(stepSettle)
}
