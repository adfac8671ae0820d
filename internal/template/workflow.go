package template

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// First is the step at which every change begins.
const First = stepCheck

// The steps.
const (
	stepCheck   = "check"   // that everything is as it was approved
	stepMake    = "make"    // the template, or the version
	stepProve   = "prove"   // that an instance would start from it
	stepDefault = "default" // make it the default
	stepUndo    = "undo"    // take away a version that would not launch, or that nobody wants any more
	stepClean   = "clean"   // delete versions, some at a time
	stepRemove  = "remove"  // delete the template
)

// Fleet is what the workflow does in the cloud.
type Fleet interface {
	Reader
	Maker
	Remover
}

// Maker makes templates and versions.
type Maker interface {
	CreateTemplate(ctx context.Context, order fleet.TemplateOrder) (fleet.Template, []string, error)
	CreateTemplateVersion(ctx context.Context, order fleet.NewVersion) (fleet.TemplateVersion, []string, error)
	TemplateVersionsAfter(ctx context.Context, id fleet.TemplateID, number int64) ([]fleet.TemplateVersion, error)
	ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error
	SetDefaultVersion(ctx context.Context, id fleet.TemplateID, version int64, token string) error
}

// Remover deletes them.
type Remover interface {
	DeleteTemplateVersions(ctx context.Context, id fleet.TemplateID, versions []int64) (deleted []int64, failed map[int64]string, err error)
	DeleteTemplate(ctx context.Context, id fleet.TemplateID) error
}

// Workflow carries out changes of templates. Every step may be repeated.
type Workflow struct {
	Fleet func(environment string) (Fleet, error)
	Keep  Keepers
}

// Data is what a change keeps between its steps.
type Data struct {
	Template fleet.TemplateID `json:"template,omitempty"`
	Version  int64            `json:"version,omitempty"`  // that was made, or is to be the default
	Made     bool             `json:"made,omitempty"`     // by this operation
	Latest   int64            `json:"latest,omitempty"`   // before anything was made
	Warnings []string         `json:"warnings,omitempty"` // AWS's own words
	Looks    int              `json:"looks,omitempty"`    // repeated looks for what was just made, and AWS does not show yet
	Proved   bool             `json:"proved,omitempty"`
	Moved    bool             `json:"moved,omitempty"`   // the default was moved
	Changes  []string         `json:"changes,omitempty"` // what was not as it was approved
	Done     int              `json:"done,omitempty"`    // versions of the plan's list that were dealt with
	Deleted  []int64          `json:"deleted,omitempty"`
	Kept     []Kept           `json:"kept,omitempty"`   // versions that turned out to be needed, or that AWS did not delete
	Ending   *Ending          `json:"ending,omitempty"` // how it ends once what was made is taken away
	Stays    string           `json:"stays,omitempty"`  // why what was made could not be taken away
}

// Ending is how it ends.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// run is one turn.
type run struct {
	turn  engine.Turn
	plan  Plan
	data  *Data
	fleet Fleet
	keep  Keepers
}

// Turn takes one step.
func (w Workflow) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
	p, d, err := decode(t.Record)
	if err != nil {
		return engine.Outcome{}, err
	}
	f, err := w.Fleet(p.Environment)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("reach %s: %w", p.Environment, err)
	}
	r := &run{turn: t, plan: p, data: &d, fleet: f, keep: w.Keep}
	steps := map[string]func(context.Context) (engine.Outcome, error){
		stepCheck: r.check, stepMake: r.make, stepProve: r.prove, stepDefault: r.moveDefault,
		stepUndo: r.undo, stepClean: r.clean, stepRemove: r.remove,
	}
	step, known := steps[t.At]
	if !known {
		return engine.Outcome{}, fault.New(fault.Invalid, "This version of amiral does not know the step %q of a template.", card.Inert(t.At))
	}
	out, err := step(ctx)
	if err != nil {
		return engine.Outcome{}, inert(err)
	}
	out.Data, err = json.Marshal(d)
	return out, err
}

func inert(err error) error {
	if f, ok := fault.As(err); ok {
		return say.Inert(f)
	}
	return err
}

func decode(r ledger.Record) (p Plan, d Data, err error) {
	if p, err = PlanOf(r); err != nil {
		return p, d, err
	}
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, &d); err != nil {
			return p, d, fault.New(fault.Invalid, "The state of %s cannot be read.", r.ID)
		}
	}
	return p, d, nil
}

// Made reads which version a change made or moved the default to, from what it keeps.
func Made(data json.RawMessage) (fleet.TemplateRef, bool) {
	var d Data
	if json.Unmarshal(data, &d) != nil || d.Version == 0 || d.Template == "" {
		return fleet.TemplateRef{}, false
	}
	return ref(fleet.Template{ID: d.Template}, d.Version), true
}

func to(step string) engine.Outcome { return engine.Outcome{Step: step} }

func told(step string, tone card.Tone, line say.Safe) engine.Outcome {
	return engine.Outcome{Step: step, Line: string(line), Tone: string(tone)}
}

// end ends it; AWS's own warnings are shown with a success.
func (r *run) end(state ledger.State, parts ...say.Safe) engine.Outcome {
	out := engine.Outcome{End: state}
	if len(r.data.Warnings) > 0 && state == ledger.Succeeded {
		parts = append(parts, say.Phrase("AWS warns: %s", strings.Join(r.data.Warnings, " ")))
		out.Tone = string(card.Warning)
	}
	out.Outcome = string(say.Sentences(parts...))
	return out
}

// early ends it where people ask for that before anything was written.
func (r *run) early() (engine.Outcome, bool) {
	signal, asked := r.turn.Signal("cancel", "rollback")
	if !asked {
		return engine.Outcome{}, false
	}
	return r.end(ledger.Cancelled, say.Phrase("Cancelled before anything was changed%s", say.By(signal.By))), true
}

// check reads everything again, and voids the approval when it is not as it was approved. It writes nothing.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return out, nil
	}
	if r.turn.Digest != "" && r.plan.Digest() != r.turn.Digest {
		return r.void("The plan is not the one that was approved."), nil
	}
	facts, err := Gather(ctx, r.fleet, r.keep, r.plan.Environment, r.turn.Now, r.plan.Want)
	if err != nil {
		return engine.Outcome{}, err
	}
	now, err := New(facts, r.plan.Want)
	if f, ok := fault.As(err); ok {
		return r.void(f.Text), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if facts.exists() && r.plan.Want.Action == Default && facts.Template.Default == r.plan.Want.Version {
		return r.end(ledger.Cancelled, say.Phrase("Version %d is the default of %s already; nothing was changed", r.plan.Want.Version, r.plan.Want.Name)), nil
	}
	if changed := r.plan.Changed(now); len(changed) > 0 {
		if stops := now.Brief().Stops(); len(stops) > 0 {
			return r.blocked(stops[0].Hint, changed...), nil
		}
		return r.void(changed...), nil
	}
	r.data.Template, r.data.Latest = facts.Template.ID, facts.Template.Latest
	return r.begin(now), nil
}

// begin goes on to the first step that writes.
func (r *run) begin(now Plan) engine.Outcome {
	switch r.plan.Want.Action {
	case Default:
		r.data.Version = r.plan.Want.Version
		return to(stepProve)
	case Clean:
		return to(stepClean)
	case Delete:
		return to(stepRemove)
	case Update:
		if now.Latest != r.plan.Latest {
			return told(stepMake, card.Plain, say.Phrase("Version %d was made meanwhile. The new one begins with version %d, as it was approved.",
				now.Latest, r.plan.Want.Source))
		}
	}
	return to(stepMake)
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changes ...string) engine.Outcome {
	again := ""
	if r.turn.Command != "" {
		again = fmt.Sprintf("Ask again with `%s`", r.turn.Command)
	}
	return r.blocked(again, changes...)
}

// blocked ends it before its first write where asking for the same again would only be refused: hint is what helps.
func (r *run) blocked(hint string, changes ...string) engine.Outcome {
	r.data.Changes = changes
	words := make([]say.Safe, 0, len(changes)+2)
	for _, c := range changes {
		words = append(words, say.Phrase("%s", c))
	}
	words = append(words, say.Phrase("%s", hint), "Nothing was changed")
	return engine.Outcome{End: ledger.Void, Outcome: string(say.Sentences(words...)), Tone: string(card.Warning)}
}
