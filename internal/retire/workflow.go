package retire

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// The steps that an operation begins with.
const (
	First     = stepCheck // to retire
	FirstBack = stepBack  // to bring back
)

// The steps.
const (
	stepCheck     = "check"     // that what was approved still holds
	stepUsage     = "usage"     // ask how other accounts use what is shared
	stepDeprecate = "deprecate" // hide them from others
	stepDisable   = "disable"   // nothing launches from them
	stepCooldown  = "cooldown"  // wait whether somebody misses them
	stepDelete    = "delete"    // look once more, and deregister them one by one
	stepRestore   = "restore"   // bring back what can be
	stepBack      = "back"      // bring back what another operation, or somebody else, disabled
)

// Fleet is the part of the cloud that the workflow uses.
type Fleet interface {
	Reader
	Lifecycle
	Usages
	Snapshots(ctx context.Context, ids ...string) ([]fleet.Snapshot, error)
	ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error
}

// Lifecycle is how images end. All but the last can be taken back.
type Lifecycle interface {
	DeprecateImage(ctx context.Context, id fleet.ImageID, at time.Time) error
	UndeprecateImage(ctx context.Context, id fleet.ImageID) error
	DisableImage(ctx context.Context, id fleet.ImageID) error
	EnableImage(ctx context.Context, id fleet.ImageID) error
	DeregisterImage(ctx context.Context, id fleet.ImageID, snapshots bool) ([]fleet.SnapshotFate, error)
}

// Usages tells how other accounts use an image.
type Usages interface {
	StartUsageReport(ctx context.Context, id fleet.ImageID, token string) (string, error)
	UsageReport(ctx context.Context, report string) (string, []fleet.Usage, error)
}

// Workflow carries out retirements. Every step may be repeated.
type Workflow struct {
	Fleet func(environment string) (Fleet, error)
	Keep  Keepers
	Poll  time.Duration // how often AWS is asked whether its report is there; 15 s when zero
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	p, d, err := decode(t.Record)
	if err != nil {
		return engine.Outcome{}, err
	}
	f, err := w.Fleet(p.Environment)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("find the environment %s: %w", p.Environment, err)
	}
	r := &run{Workflow: w, fleet: f, plan: p, data: d, turn: t}
	step, ok := map[string]func(context.Context) (engine.Outcome, error){
		stepCheck: r.check, stepUsage: r.usage, stepDeprecate: r.deprecate, stepDisable: r.disable,
		stepCooldown: r.cooldown, stepDelete: r.delete, stepRestore: r.restore, stepBack: r.back,
	}[t.At]
	if !ok {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a retirement.", card.Inert(t.At))
	}
	out, err := r.stopped(ctx, step)
	if f, ok := fault.As(err); ok {
		if !r.data.Touched || t.At == stepRestore {
			return engine.Outcome{}, say.Inert(f)
		}
		out, err = r.undo(ledger.Failed, say.Phrase("%s", f.Error())), nil
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
}

// decode reads the plan and the state out of a record.
func decode(r ledger.Record) (Plan, Data, error) { return plan.Decode[Plan, Data](r) }

// stopped takes the step, unless somebody wants all of it taken back.
func (r *run) stopped(ctx context.Context, step func(context.Context) (engine.Outcome, error)) (engine.Outcome, error) {
	s, ok := r.turn.Signal("cancel", "rollback")
	if !ok || r.turn.At == stepRestore || r.turn.At == stepBack {
		return step(ctx)
	}
	r.data.Undo = s
	if !r.data.Touched && r.turn.At != stepDeprecate {
		return engine.Outcome{End: ledger.Cancelled, Outcome: string(say.Phrase("It was stopped%s before anything was changed.", say.By(s.By)))}, nil
	}
	return r.undo(ledger.Undone, say.Phrase("It was taken back%s.", say.By(s.By))), nil
}

// undo goes to bring back what can be, and ends it that way.
func (r *run) undo(state ledger.State, text say.Safe) engine.Outcome {
	r.data.Ending = &Ending{State: state, Text: text}
	return engine.Outcome{Step: stepRestore}
}

// void ends it before anything was changed.
func void(text string) engine.Outcome {
	return engine.Outcome{End: ledger.Void, Tone: string(card.Warning), Outcome: string(say.Phrase("%s Nothing was changed.", say.Closed(text)))}
}

// check plans it once more. Whatever was approved and must stay by now is left alone; when nothing remains, nothing is
// done. What could go by now and was not approved is not touched.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	now, err := r.again(ctx)
	if f, ok := fault.As(err); ok {
		return void(f.Text), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	r.data.Images = make([]Progress, len(r.plan.Images))
	for i, d := range r.plan.Images {
		r.data.Images[i] = Progress{ID: d.ID, Name: d.Name, Was: d.Deprecated, Marked: d.Deprecated.IsZero() || d.Deprecated.After(r.turn.Now)}
		if why := now.against(d); why != "" {
			r.data.Images[i].Stage, r.data.Images[i].Why = Kept, why
			continue
		}
		r.data.Images[i].Shared = now.shared(d.ID)
	}
	if why, ok := r.hopeless(); ok {
		return void(why), nil
	}
	return r.told(stepUsage, card.Warning), nil
}

// again makes the plan from how things are now.
func (r *run) again(ctx context.Context) (Plan, error) {
	facts, err := Gather(ctx, r.fleet, r.Keep, r.plan.Environment, r.query(), r.plan.Want)
	if err != nil {
		return Plan{}, err
	}
	return New(facts, r.plan.Want)
}

// query asks once more what was asked when it was planned.
func (r *run) query() Query { return Query{Now: r.turn.Now, Own: r.turn.ID, Looked: r.plan.At} }

// against is why an image that was approved must stay by a plan that was made anew; empty when it may go.
func (p Plan) against(d Doomed) string {
	i := slices.IndexFunc(p.Images, func(n Doomed) bool { return n.ID == d.ID })
	if i < 0 {
		if k := slices.IndexFunc(p.Kept, func(k Staying) bool { return k.ID == d.ID }); k >= 0 {
			return p.Kept[k].Why
		}
		return "it is not there any more"
	}
	same := slices.EqualFunc(p.Images[i].Disks, d.Disks, func(a, b Disk) bool { return a.Snapshot == b.Snapshot })
	switch {
	case p.Want.prune():
	case !same:
		return "its snapshots are not those that were approved"
	default:
		for _, f := range p.Findings {
			if f.Stop {
				return f.Text
			}
		}
	}
	return ""
}

// shared are the launch permissions of an image by this plan.
func (p Plan) shared(id fleet.ImageID) []string {
	i := slices.IndexFunc(p.Images, func(d Doomed) bool { return d.ID == id })
	if i < 0 {
		return nil
	}
	return p.Images[i].Shared
}

// hopeless reports whether every image stays, and why.
func (r *run) hopeless() (string, bool) {
	if r.data.count(Kept)+r.data.count(Gone) < len(r.data.Images) {
		return "", false
	}
	var why []string
	for _, i := range r.data.Images {
		why = append(why, sentence(i))
	}
	return string(say.Sentences(why[:min(len(why), 5)]...)), true
}

// sentence says why an image stays, or that it is gone without us.
func sentence(i Progress) string {
	if i.Stage == Gone {
		return fmt.Sprintf("%s is gone: %s", called(i.ID, i.Name), cmp.Or(i.Why, "it was deregistered"))
	}
	return fmt.Sprintf("%s stays: %s", called(i.ID, i.Name), cmp.Or(i.Why, "something needs it"))
}

// told goes on, and tells which images stay that did not before.
func (r *run) told(step string, tone card.Tone) engine.Outcome {
	var lines []string
	for n, i := range r.data.Images {
		if i.Stage == Kept && !r.known(n) {
			lines = append(lines, sentence(i))
		}
	}
	if len(lines) == 0 {
		return engine.Outcome{Step: step}
	}
	return engine.Outcome{Step: step, Tone: string(tone), Line: string(say.Phrase("%s", say.Sentences(lines...)))}
}

// known reports whether the n-th image stayed already when this turn began.
func (r *run) known(n int) bool {
	_, before, err := decode(r.turn.Record)
	return err == nil && n < len(before.Images) && before.Images[n].Stage == Kept
}
