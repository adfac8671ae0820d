package template

import (
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// patience is how many looks an answer gets that may only mean that something just made is not yet to be seen, and soon
// how long one waits for the next.
const (
	patience = 6
	soon     = 2 * time.Second
)

// prove asks EC2 whether an instance would start from the version, without starting one.
func (r *run) prove(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	err := r.fleet.ProveLaunch(ctx, r.ref(), r.plan.Room)
	switch kind := fleet.KindOf(err); {
	case err == nil:
		return r.proved(), nil
	case kind == fleet.Refused, kind == fleet.Rejected, kind == fleet.Quota, kind == fleet.Busy, kind == fleet.Absent && r.data.Looks >= patience:
		return r.unfit(err), nil
	case kind == fleet.Absent:
		r.data.Looks++
		return engine.Outcome{In: soon}, nil
	}
	return engine.Outcome{}, fmt.Errorf("prove that version %d of %s launches: %w", r.data.Version, r.plan.Want.Name, err)
}

// ref names the version that it is about.
func (r *run) ref() fleet.TemplateRef {
	return ref(fleet.Template{ID: r.data.Template, Name: r.plan.Want.Name}, r.data.Version)
}

// stopped takes back what was made where people ask for that.
func (r *run) stopped() (engine.Outcome, bool) {
	signal, asked := r.turn.Signal("cancel", "rollback")
	if !asked {
		return engine.Outcome{}, false
	}
	if !r.data.Made {
		return r.early()
	}
	r.data.Ending = &Ending{State: ledger.Cancelled, Text: say.Phrase("Cancelled%s", say.By(signal.By))}
	return to(stepUndo), true
}

// proved goes on: to the default, where it is to be moved.
func (r *run) proved() engine.Outcome {
	r.data.Proved = true
	if r.plan.Want.Action == Default || r.plan.Want.SetDefault {
		return told(stepDefault, card.Plain, say.Phrase("EC2 would launch version %d.", r.data.Version))
	}
	return r.succeeded()
}

func (r *run) succeeded() engine.Outcome {
	w, n := r.plan.Want, r.data.Version
	switch w.Action {
	case Update:
		said := say.Phrase("Version %d of %s is there, made from version %d, and EC2 would launch it", n, w.Name, w.Source)
		if w.SetDefault {
			return r.end(ledger.Succeeded, said, say.Phrase("It is the default; it was version %d before", r.plan.Former))
		}
		return r.end(ledger.Succeeded, said, say.Phrase("The default is still version %d", r.plan.Former))
	case Default:
		return r.end(ledger.Succeeded, say.Phrase("Version %d is the default of %s; it was version %d before", n, w.Name, r.plan.Former))
	case Adopt:
		return r.end(ledger.Succeeded, say.Phrase("Template %s is there, made from %s, and EC2 would launch it", w.Name, string(w.From)))
	}
	return r.end(ledger.Succeeded, say.Phrase("Template %s is there, and EC2 would launch it", w.Name))
}

// unfit: it would not launch, so nobody is offered it.
func (r *run) unfit(err error) engine.Outcome {
	why := say.Phrase("Version %d of %s would not launch: %s", r.data.Version, r.plan.Want.Name, say.AWS(err))
	if !r.data.Made {
		return r.end(ledger.Failed, why, say.Phrase("The default is still version %d", r.plan.Former))
	}
	r.data.Ending = &Ending{State: ledger.Failed, Text: why}
	return told(stepUndo, card.Bad, why)
}

// undo takes away the version that was made, unless it is the only one or somebody uses it already.
func (r *run) undo(ctx context.Context) (engine.Outcome, error) {
	w := r.plan.Want
	if w.Action != Update {
		return r.ended(say.Phrase("Template %s stays, and nobody uses it. `/template update %s` makes a version that launches", w.Name, w.Name)), nil
	}
	why, err := r.wanted(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if why == "" {
		why, err = r.unmake(ctx)
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	if r.data.Stays = why; why != "" {
		return r.ended(say.Phrase("Version %d stays: %s", r.data.Version, why)), nil
	}
	return r.ended(say.Phrase("It was deleted again; the default is still version %d", r.plan.Former)), nil
}

func (r *run) ended(what say.Safe) engine.Outcome {
	e := r.data.Ending
	if e == nil {
		e = &Ending{State: ledger.Failed, Text: "It could not be finished"}
	}
	return r.end(e.State, e.Text, what)
}

// wanted says why the version must stay, if it must.
func (r *run) wanted(ctx context.Context) (string, error) {
	t, err := r.fleet.Template(ctx, fleet.TemplateRef{ID: r.data.Template})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read template %s: %w", r.plan.Want.Name, err)
	}
	if t.Default == r.data.Version {
		return "somebody has made it the default", nil
	}
	groups, err := r.fleet.Groups(ctx)
	if err != nil {
		return "", fmt.Errorf("list groups: %w", err)
	}
	named := fleet.Template{ID: t.ID, Name: t.Name} // $Latest goes back to the one before by itself
	for _, u := range UsersOf(groups, t) {
		if u.needs(r.data.Version, named) {
			return "group " + string(u.Group) + " uses it already", nil
		}
	}
	return "", nil
}

// unmake deletes the version, and says why it is still there if it is.
func (r *run) unmake(ctx context.Context) (string, error) {
	_, failed, err := r.fleet.DeleteTemplateVersions(ctx, r.data.Template, []int64{r.data.Version})
	switch {
	case err != nil && fleet.KindOf(err) == fleet.Absent && r.turn.Attempt >= patience:
		return "", nil
	case err != nil && fleet.KindOf(err) == fleet.Absent: // what was made a moment ago may not be seen yet
		return "", fmt.Errorf("delete version %d of %s: %w", r.data.Version, r.plan.Want.Name, err)
	case err != nil:
		refused := say.Refusal(err, fmt.Sprintf("delete version %d of %s", r.data.Version, r.plan.Want.Name))
		if f, ok := fault.As(refused); ok {
			return f.Text, nil
		}
		return "", refused
	}
	return failed[r.data.Version], nil
}

// moveDefault makes the version the template's default. A default that somebody else has moved meanwhile is left.
func (r *run) moveDefault(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	w := r.plan.Want
	t, err := r.fleet.Template(ctx, fleet.TemplateRef{ID: r.data.Template})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return engine.Outcome{}, fault.New(fault.NotFound, "Template %s was deleted meanwhile.", w.Name)
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read template %s: %w", w.Name, err)
	}
	if t.Default != r.data.Version && t.Default != r.plan.Former {
		return r.end(ledger.Failed, say.Phrase("Somebody else made version %d the default of %s meanwhile, so it was left so", t.Default, w.Name), r.leftover()), nil
	}
	err = r.fleet.SetDefaultVersion(ctx, r.data.Template, r.data.Version, r.turn.Token("default"))
	switch kind := fleet.KindOf(err); {
	case err == nil:
	case kind == fleet.Absent && r.turn.Attempt >= patience:
		return engine.Outcome{}, fault.New(fault.Conflict, "Version %d of %s was deleted meanwhile, so the default is still version %d.", r.data.Version, w.Name, r.plan.Former)
	default:
		return engine.Outcome{}, say.Refusal(err, fmt.Sprintf("make version %d the default of %s", r.data.Version, w.Name))
	}
	r.data.Moved = true
	return r.succeeded(), nil
}

// leftover tells of a version that was made and is not what it was made for.
func (r *run) leftover() say.Safe {
	if !r.data.Made {
		return ""
	}
	return say.Phrase("Version %d was made and is not the default", r.data.Version)
}
