package template

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// chunk is how many versions AWS deletes in one call.
const chunk = 200

// clean deletes some of the versions, each time after looking again at who needs them.
func (r *run) clean(ctx context.Context) (engine.Outcome, error) {
	if signal, asked := r.turn.Signal("cancel", "rollback"); asked {
		return r.cleaned(ledger.Cancelled, say.Phrase("Stopped%s", say.By(signal.By))), nil
	}
	next := r.plan.Deletes[min(r.data.Done, len(r.plan.Deletes)):]
	next = next[:min(chunk, len(next))]
	if len(next) == 0 {
		return r.cleaned(ledger.Succeeded, ""), nil
	}
	free, gone, err := r.free(ctx, next)
	if err != nil {
		return engine.Outcome{}, err
	}
	if gone {
		return r.cleaned(ledger.Failed, say.Phrase("Template %s was deleted meanwhile", r.plan.Want.Name)), nil
	}
	if err := r.delete(ctx, free); err != nil {
		return engine.Outcome{}, err
	}
	r.data.Done += len(next)
	if r.data.Done >= len(r.plan.Deletes) {
		return r.cleaned(ledger.Succeeded, ""), nil
	}
	return told(stepClean, card.Working, say.Phrase("Deleted %d of %d versions of %s.", len(r.data.Deleted), len(r.plan.Deletes), r.plan.Want.Name)), nil
}

// free are those of the versions that nobody needs now; gone tells that the template itself is.
func (r *run) free(ctx context.Context, next []int64) (free []int64, gone bool, err error) {
	g := gathering{ctx: ctx, from: r.fleet, keep: r.keep, want: r.plan.Want, facts: &Facts{Environment: r.plan.Environment, Now: r.turn.Now}}
	t, err := r.fleet.Template(ctx, fleet.TemplateRef{ID: r.plan.Template})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read template %s: %w", r.plan.Want.Name, err)
	}
	g.facts.Template = t
	for _, look := range []func() error{g.users, g.coming, g.needed} {
		if err := look(); err != nil {
			return nil, false, err
		}
	}
	for _, n := range next {
		if why := reasonToKeep(*g.facts, n); why != "" {
			r.data.Kept = append(r.data.Kept, Kept{n, why})
			continue
		}
		free = append(free, n)
	}
	return free, false, nil
}

// delete deletes versions. Those that are gone already count as deleted, so doing it twice is harmless.
func (r *run) delete(ctx context.Context, versions []int64) error {
	if len(versions) == 0 {
		return nil
	}
	deleted, failed, err := r.fleet.DeleteTemplateVersions(ctx, r.plan.Template, versions)
	if err != nil {
		return say.Refusal(err, "delete versions of template "+r.plan.Want.Name)
	}
	r.data.Deleted = append(r.data.Deleted, deleted...)
	for _, n := range slices.Sorted(maps.Keys(failed)) {
		r.data.Kept = append(r.data.Kept, Kept{n, failed[n]})
	}
	return nil
}

// cleaned ends it, and tells what was deleted and what was not.
func (r *run) cleaned(state ledger.State, why say.Safe) engine.Outcome {
	parts := []say.Safe{why, say.Phrase("Deleted %s of template %s", say.Plural(len(r.data.Deleted), "version"), r.plan.Want.Name)}
	for i, k := range r.data.Kept {
		if i == 3 {
			parts = append(parts, say.Phrase("%d more stay, too", len(r.data.Kept)-i))
			break
		}
		parts = append(parts, say.Phrase("Version %d stays: %s", k.Version, k.Why))
	}
	out := r.end(state, parts...)
	if len(r.data.Kept) > 0 {
		out.Tone = string(card.Warning)
	}
	return out
}

// remove deletes the template. One that is gone already is what was wanted.
func (r *run) remove(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return out, nil
	}
	err := r.fleet.DeleteTemplate(ctx, r.plan.Template)
	if err != nil && fleet.KindOf(err) != fleet.Absent {
		return engine.Outcome{}, say.Refusal(err, "delete template "+r.plan.Want.Name)
	}
	return r.end(ledger.Succeeded, say.Phrase("Template %s is deleted", r.plan.Want.Name)), nil
}
