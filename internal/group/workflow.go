package group

import (
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
	"github.com/amiral-ops/amiral/internal/say"
)

// First is the step at which a change begins.
const First = stepCheck

// The steps.
const (
	stepCheck  = "check"  // is everything still as it was approved?
	stepDo     = "do"     // ask AWS for it
	stepFollow = "follow" // until it is so
	stepUndo   = "undo"   // put the size back
)

// Fleet is what a change does to the cloud.
type Fleet interface {
	Reader
	Sizer
	Mover
	ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error
	Activities(ctx context.Context, group fleet.GroupName, since time.Time) ([]fleet.Activity, error)
}

// Sizer changes what a group wants.
type Sizer interface {
	UpdateGroup(ctx context.Context, c fleet.GroupChange) error
	Suspend(ctx context.Context, group fleet.GroupName, processes ...string) error
	Resume(ctx context.Context, group fleet.GroupName, processes ...string) error
}

// Mover changes how instances stand in their group.
type Mover interface {
	Protect(ctx context.Context, group fleet.GroupName, on bool, ids ...fleet.InstanceID) error
	EnterStandby(ctx context.Context, group fleet.GroupName, decrement bool, ids ...fleet.InstanceID) error
	ExitStandby(ctx context.Context, group fleet.GroupName, ids ...fleet.InstanceID) error
	Replace(ctx context.Context, id fleet.InstanceID) (activity string, err error)
}

// Workflow carries out approved plans of all kinds. Every step may be repeated: it looks before it acts.
type Workflow struct {
	Fleet func(environment string) (Fleet, error)
	Poll  time.Duration    // between two looks at AWS; 15 s if zero
	Now   func() time.Time // the turn's own time if nil
}

// Data is what a change keeps between its steps.
type Data struct {
	Since    time.Time    `json:"since,omitzero"`     // when it was found to be as approved, just before AWS was asked
	Moved    time.Time    `json:"moved,omitzero"`     // when something last changed for the better
	Serving  int          `json:"serving,omitempty"`  // instances in service at the last look
	Total    int          `json:"total,omitempty"`    // that there should be
	Present  int          `json:"present,omitempty"`  // instances that are there at all, those in standby left out
	Failures []string     `json:"failures,omitempty"` // AWS's own words about failed launches, each once
	Changes  []Change     `json:"changes,omitempty"`  // because of which the approval counts no more
	By       ledger.Actor `json:"by,omitzero"`        // who had it taken back
}

// run is one turn under way.
type run struct {
	fleet Fleet
	plan  Plan
	data  Data
	turn  engine.Turn
	now   time.Time
	poll  time.Duration
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	r := &run{turn: t, now: t.Now, poll: w.Poll}
	if w.Now != nil {
		r.now = w.Now()
	}
	if r.poll == 0 {
		r.poll = 15 * time.Second
	}
	var err error
	if r.plan, r.data, err = decode(t.Record); err != nil {
		return engine.Outcome{}, err
	}
	if r.fleet, err = w.Fleet(r.plan.Environment); err != nil {
		return engine.Outcome{}, fmt.Errorf("find the environment %s: %w", r.plan.Environment, err)
	}
	step := map[string]func(context.Context) (engine.Outcome, error){
		stepCheck: r.check, stepDo: r.do, stepFollow: r.follow, stepUndo: r.undo,
	}[t.At]
	if step == nil {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q.", card.Inert(t.At))
	}
	out, err := step(ctx)
	if f, ok := fault.As(err); ok {
		return engine.Outcome{}, say.Inert(f)
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	out.Data, err = json.Marshal(r.data)
	return out, err
}

// decode reads the plan and the state out of a record.
func decode(rec ledger.Record) (Plan, Data, error) {
	p, d, err := plan.Decode[Plan, Data](rec)
	if err == nil && deeds(p.Want.Kind) == nil {
		err = plan.Unreadable(rec)
	}
	return p, d, err
}

// check reads everything again, and voids the approval when it is not as it was approved.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if _, asked := r.turn.Signal("cancel", "rollback"); asked {
		return end(ledger.Cancelled, "Cancelled before anything was changed."), nil
	}
	if r.plan.Digest() != r.turn.Digest {
		return engine.Outcome{}, fault.New(fault.Conflict, "The plan is not the one that was approved.").WithHint("Nothing was changed.")
	}
	facts, err := Gather(ctx, r.fleet, r.plan.Environment, r.now, r.plan.Want)
	if f, ok := fault.As(err); ok {
		return r.void([]Change{{"Group", string(r.plan.Want.Group), "does not exist any more"}}, f.Text, f.Hint), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	now, err := New(facts, r.plan.Want)
	if err != nil {
		return engine.Outcome{}, err
	}
	r.data.Since = r.now
	changed := r.plan.Changed(now)
	switch {
	case r.plan.reached(facts):
		out := end(ledger.Cancelled, "%s: it is so already, nothing was changed.", r.plan.Title())
		out.Tone = string(card.Plain)
		return out, nil
	case len(changed) > 0:
		return r.differs(changed, now), nil
	}
	return engine.Outcome{Step: stepDo}, nil
}

// differs voids it. Asking for the same again helps where something is otherwise than it was, and not where something
// stands in the way now.
func (r *run) differs(changed []Change, now Plan) engine.Outcome {
	for _, f := range now.Findings {
		if f.Stop && !has(r.plan.Findings, f) {
			return r.void(changed, f.Text, f.Hint)
		}
	}
	again := ""
	if r.turn.Command != "" {
		again = fmt.Sprintf("Ask again with `%s`", r.turn.Command)
	}
	c := changed[0]
	return r.void(changed, fmt.Sprintf("%s: approved was %s, now it is %s.", c.What, c.Approved, c.Now), again)
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changed []Change, why, hint string) engine.Outcome {
	r.data.Changes = changed
	return engine.Outcome{End: ledger.Void, Tone: string(card.Warning),
		Outcome: string(say.Sentences(say.Phrase("%s", why), say.Phrase("%s", hint), "Nothing was changed"))}
}

func end(state ledger.State, format string, args ...any) engine.Outcome {
	return engine.Outcome{End: state, Outcome: string(say.Phrase(format, args...))}
}

// do asks AWS for the change.
func (r *run) do(ctx context.Context) (engine.Outcome, error) {
	group, err := r.group(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if s, asked := r.turn.Signal("cancel", "rollback"); asked {
		return r.stopped(group, s), nil
	}
	if err := r.ask(ctx, group); err != nil {
		return engine.Outcome{}, say.Refusal(err, r.plan.attempt())
	}
	r.data.Moved = r.now
	return engine.Outcome{Step: stepFollow}, nil
}

// stopped is what becomes of a change that somebody stops before it is known to be made. An attempt that died may have
// made it all the same.
func (r *run) stopped(g fleet.Group, s ledger.Signal) engine.Outcome {
	r.data.By, r.data.Moved = s.By, r.now
	switch {
	case r.plan.Want.Kind == Scale && sizeOf(g) == r.plan.To:
		return engine.Outcome{Step: stepUndo}
	case r.plan.touched(g):
		return engine.Outcome{Step: stepFollow, Line: string(say.Phrase("It is made already and is followed to its end.")), Tone: string(card.Warning)}
	}
	return end(ledger.Cancelled, "Cancelled before anything was changed%s.", say.By(s.By))
}

func (r *run) group(ctx context.Context) (fleet.Group, error) {
	g, err := r.fleet.Group(ctx, r.plan.Want.Group)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return g, fault.New(fault.NotFound, "There is no group %s any more.", r.plan.Want.Group)
	}
	if err != nil {
		return g, fmt.Errorf("read group %s: %w", r.plan.Want.Group, err)
	}
	return g, nil
}
