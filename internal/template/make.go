package template

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Tags on the templates that are made.
const (
	operationTag = "amiral:operation"
	requesterTag = "amiral:requester"
	sourceTag    = "amiral:source-instance"
)

// longestDescription is how many characters a version's description may have.
const longestDescription = 255

// Description marks a version as an operation's: it says which, what for, and who asked. It is the same at each
// attempt, so that a version that was made already can be found by it.
func Description(r ledger.Record, what string) string {
	text := strings.Join(strings.Fields(fmt.Sprintf("amiral %s %s by %s", r.ID, what, r.Requester.User)), " ")
	runes := []rune(text)
	return string(runes[:min(len(runes), longestDescription)])
}

func (r *run) description() string {
	w := r.plan.Want
	what := strings.Join(fieldNames(w.Spec), ", ")
	if w.Action == Adopt {
		what = "from " + string(w.From)
	}
	return Description(r.turn.Record, cmp.Or(w.Note, what))
}

// make makes the template or the version, once: what an earlier attempt made is found by its tag or its description.
func (r *run) make(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return r.cancelled(ctx, out)
	}
	if r.plan.Want.Action == Update {
		return r.makeVersion(ctx)
	}
	return r.makeTemplate(ctx)
}

// cancelled ends it unless an attempt whose end nobody knows has made something, which is taken away then.
func (r *run) cancelled(ctx context.Context, out engine.Outcome) (engine.Outcome, error) {
	made, err := r.own(ctx)
	if err != nil || !made {
		return out, err
	}
	r.data.Ending = &Ending{State: ledger.Cancelled, Text: say.Safe(out.Outcome)}
	return to(stepUndo), nil
}

// own finds what this operation made already.
func (r *run) own(ctx context.Context) (bool, error) {
	if r.plan.Want.Action == Update {
		return r.ownVersion(ctx)
	}
	return r.ownTemplate(ctx)
}

// ownTemplate finds the template that this operation made, by its tag.
func (r *run) ownTemplate(ctx context.Context) (bool, error) {
	t, err := r.fleet.Template(ctx, fleet.TemplateRef{Name: r.plan.Want.Name})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read template %s: %w", r.plan.Want.Name, err)
	}
	if t.Tags[operationTag] != string(r.turn.ID) {
		return false, nil
	}
	r.data.Template, r.data.Version, r.data.Made = t.ID, 1, true
	return true, nil
}

// ownVersion finds the version that this operation made among those that came after the check, by its description.
func (r *run) ownVersion(ctx context.Context) (bool, error) {
	later, err := r.fleet.TemplateVersionsAfter(ctx, r.data.Template, r.data.Latest)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the versions of %s after %d: %w", r.plan.Want.Name, r.data.Latest, err)
	}
	own, made := fleet.Described(later, r.description())
	if made {
		r.data.Version, r.data.Made = own.Number, true
	}
	return made, nil
}

func (r *run) makeTemplate(ctx context.Context) (engine.Outcome, error) {
	w := r.plan.Want
	if made, err := r.ownTemplate(ctx); err != nil || made {
		return r.made(), err
	}
	tags := map[string]string{operationTag: string(r.turn.ID), requesterTag: r.turn.Requester.User}
	if w.Action == Adopt {
		tags[sourceTag] = string(w.From)
	}
	t, warnings, err := r.fleet.CreateTemplate(ctx, fleet.TemplateOrder{Name: w.Name, From: w.From, Spec: w.Spec,
		Description: r.description(), Tags: tags, Token: r.turn.Token("template")})
	switch {
	case err == nil:
	case fleet.KindOf(err) == fleet.Exists:
		return r.taken(ctx)
	case fleet.KindOf(err) == fleet.Absent:
		return r.blocked("Make it from another one.", fmt.Sprintf("%s is gone.", cmp.Or(string(w.From), "What it is made from"))), nil
	default:
		return engine.Outcome{}, r.refusal(err, "make template "+w.Name)
	}
	r.data.Template, r.data.Version, r.data.Made, r.data.Warnings = t.ID, 1, true, warnings
	return r.made(), nil
}

// taken: somebody was faster, or it was this operation itself and could not see it yet.
func (r *run) taken(ctx context.Context) (engine.Outcome, error) {
	if made, err := r.ownTemplate(ctx); err != nil || made {
		return r.made(), err
	}
	name := r.plan.Want.Name
	return r.blocked(fmt.Sprintf("`/template show %s --in %s` shows it; another name is free", name, r.plan.Environment),
		fmt.Sprintf("Somebody else has made a template %s meanwhile.", name)), nil
}

func (r *run) makeVersion(ctx context.Context) (engine.Outcome, error) {
	w := r.plan.Want
	if made, err := r.ownVersion(ctx); err != nil || made {
		return r.made(), err
	}
	change := w.Spec
	change.Image = ""
	v, warnings, err := r.fleet.CreateTemplateVersion(ctx, fleet.NewVersion{Template: r.plan.Template, Source: w.Source,
		Image: w.Spec.Image, Change: change, Description: r.description(), Token: r.turn.Token("version")})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return r.blocked(fmt.Sprintf("`/template versions %s --in %s` shows those there are", w.Name, r.plan.Environment),
			fmt.Sprintf("Version %d of %s, from which it was to be made, was deleted meanwhile.", w.Source, w.Name)), nil
	}
	if err != nil {
		return engine.Outcome{}, r.refusal(err, "make a version of template "+w.Name)
	}
	r.data.Version, r.data.Made, r.data.Warnings = v.Number, true, warnings
	return r.made(), nil
}

// refusal makes a fault of what trying again would not change, with what to do about a limit.
func (r *run) refusal(err error, attempt string) error {
	refused := say.Refusal(err, attempt)
	f, ok := fault.As(refused)
	if !ok || fleet.KindOf(err) != fleet.Quota {
		return refused
	}
	if r.plan.Want.Action == Update {
		return f.WithHint("`/template clean %s --keep 100` deletes old versions: AWS allows %d.", r.plan.Want.Name, mostVersions)
	}
	return f.WithHint("AWS allows %d templates in a region; delete some that nobody uses.", mostTemplates)
}

// made goes on to the proof.
func (r *run) made() engine.Outcome {
	w := r.plan.Want
	if w.Action == Update {
		return told(stepProve, card.Plain, say.Phrase("Made version %d of %s from version %d.", r.data.Version, w.Name, w.Source))
	}
	return told(stepProve, card.Plain, say.Phrase("Made template %s.", w.Name))
}
