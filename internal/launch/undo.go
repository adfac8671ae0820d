package launch

import (
	"context"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/retire"
	"github.com/amiral-ops/amiral/internal/say"
)

// How far taking back one thing is.
const (
	undoAsked = "asked" // AWS deletes it
	undoGone  = "gone"
	undoLeft  = "left" // it was never made, or it is not ours to delete
)

// undo takes back what was made, the last first, one thing a turn. Nothing is touched that does not carry this
// operation's mark.
func (r *run) undo(ctx context.Context) (engine.Outcome, error) {
	if s, again := r.turn.Signal("rollback"); again && !r.data.Undoing.Image {
		r.data.Undoing.Image, r.data.Undoing.By = true, s.By
	}
	switch u := r.data.Undoing; {
	case u.Group == "" || u.Group == undoAsked:
		return r.undoGroup(ctx)
	case u.Mould == "":
		return r.undoTemplate(ctx)
	}
	line, err := r.undoImage(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	lines := append(slices.Clone(r.data.Undoing.Lines), line)
	if r.data.Undoing.Strange {
		text := say.Sentences(append([]say.Safe{"Not everything could be taken back" + say.By(r.data.Undoing.By)}, lines...)...)
		return engine.Outcome{End: ledger.Failed, Outcome: string(text), Tone: string(card.Bad)}, nil
	}
	text := say.Sentences(append([]say.Safe{"Taken back" + say.By(r.data.Undoing.By)}, lines...)...)
	return engine.Outcome{End: ledger.Undone, Outcome: string(text), Tone: string(card.Warning)}, nil
}

// strangers are the instances of the group that it did not start itself: somebody attached them, and they would be
// terminated with it.
func (r *run) strangers(g fleet.Group) []fleet.InstanceID {
	own := fleet.Template{ID: r.data.Template.ID, Name: r.data.Template.Name}
	var ids []fleet.InstanceID
	for _, m := range g.Instances {
		if !names(m.Template, own) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func strange(ids []fleet.InstanceID) string {
	if len(ids) == 1 {
		return fmt.Sprintf("instance %s was attached to it, and would be terminated with it", ids[0])
	}
	return fmt.Sprintf("%d instances were attached to it, and would be terminated with it: %s", len(ids), say.Some(ids, 5))
}

// undone notes what became of a thing, and goes on with the next.
func (r *run) undone(format string, args ...any) engine.Outcome {
	line := say.Phrase(format, args...)
	r.data.Undoing.Lines = append(r.data.Undoing.Lines, line)
	return say.Told(stepUndo, card.Warning, "%s", line)
}

// hidden reports whether something that is not to be seen may be there all the same: AWS may show what was made a
// moment ago only after a while, so that it is looked for several times before it is believed to be gone.
func (r *run) hidden() bool {
	r.data.Looks++
	if r.data.Looks < patience {
		return true
	}
	r.data.Looks = 0
	return false
}

func (r *run) undoGroup(ctx context.Context) (engine.Outcome, error) {
	u, name := r.data.Undoing, r.plan.Want.Group
	if !r.data.Group {
		u.Group = undoLeft
		return engine.To(stepUndo), nil
	}
	group, err := r.fleet.Group(ctx, name)
	switch {
	case missing(err) && u.Group == "" && r.hidden():
		return engine.Outcome{In: r.Poll}, nil
	case missing(err) && !r.data.Made && u.Group == "":
		u.Group = undoLeft
		return engine.To(stepUndo), nil
	case missing(err):
		u.Group = undoGone
		return r.undone("The group %s is deleted.", name), nil
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("read group %s: %w", name, err)
	case !r.ours(group.Tags):
		u.Group = undoLeft
		return r.undone("The group %s is not the one that was made here, so it is left alone.", name), nil
	case u.Group == "" && len(r.strangers(group)) > 0:
		u.Group, u.Strange = undoLeft, true
		return r.undone("The group %s is left as it is: %s. Detach what should live, then delete it by hand.", name, strange(r.strangers(group))), nil
	case u.Group == undoAsked:
		r.data.Progress.InService, r.data.Progress.Coming = inService(group), 0
		r.data.Progress.At = r.now
		return engine.Outcome{In: r.Poll}, nil
	}
	switch err := r.fleet.DeleteGroup(ctx, name, true); {
	case missing(err) && r.hidden(): // shown, and not yet to be deleted
		return engine.Outcome{In: r.Poll}, nil
	case err == nil, missing(err), fleet.KindOf(err) == fleet.Busy: // busy: it is being deleted already
	default:
		return engine.Outcome{}, say.Refusal(err, "delete the group "+string(name))
	}
	u.Group = undoAsked
	out := say.Told(stepUndo, card.Warning, "Deleting the group %s with its %s.", name, say.Plural(len(group.Instances), "instance"))
	out.In = r.Poll
	return out, nil
}

func (r *run) undoTemplate(ctx context.Context) (engine.Outcome, error) {
	if r.data.Making == MakesNothing {
		r.data.Undoing.Mould = undoLeft
		return engine.To(stepUndo), nil
	}
	ref := fleet.TemplateRef{ID: r.plan.Template.ID, Name: r.plan.Template.Name}
	template, err := r.fleet.Template(ctx, ref)
	switch {
	case missing(err) && r.hidden():
		return engine.Outcome{In: r.Poll}, nil
	case missing(err):
		return r.noTemplate(), nil
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("read template %s: %w", ref.Name, err)
	}
	users, err := r.users(ctx, template)
	if err != nil {
		return engine.Outcome{}, err
	}
	if r.data.Making == MakesVersion {
		return r.undoVersion(ctx, template, users)
	}
	r.data.Undoing.Mould = undoLeft
	switch {
	case !r.ours(template.Tags):
		return r.undone("The launch template %s is not the one that was made here, so it is left alone.", template.Name), nil
	case len(users) > 0:
		return r.undone("The launch template %s is kept: %s it by now.", template.Name, use(users)), nil
	case template.Latest > 1:
		return r.undone("The launch template %s is kept: somebody has made other versions of it by now.", template.Name), nil
	}
	err = r.fleet.DeleteTemplate(ctx, template.ID)
	if missing(err) && r.hidden() { // shown, and not yet to be deleted
		r.data.Undoing.Mould = ""
		return engine.Outcome{In: r.Poll}, nil
	}
	if err != nil && !missing(err) {
		r.data.Undoing.Mould = ""
		return engine.Outcome{}, say.Refusal(err, "delete the launch template "+template.Name)
	}
	r.data.Undoing.Mould = undoGone
	return r.undone("The launch template %s is deleted.", template.Name), nil
}

// noTemplate goes on where there is no template to delete.
func (r *run) noTemplate() engine.Outcome {
	r.data.Undoing.Mould = undoGone
	if r.data.Template.Version == "" {
		return engine.To(stepUndo) // it never was
	}
	return r.undone("The launch template %s is deleted.", r.plan.Template.Name)
}

func use(groups []fleet.Group) string {
	var names []fleet.GroupName
	for _, g := range groups {
		names = append(names, g.Name)
	}
	if len(names) == 1 {
		return string(names[0]) + " uses"
	}
	return say.Some(names, 3) + " use"
}

// users are the other groups that launch from a template.
func (r *run) users(ctx context.Context, t fleet.Template) ([]fleet.Group, error) {
	groups, err := r.fleet.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which groups use template %s: %w", t.Name, err)
	}
	return slices.DeleteFunc(groups, func(g fleet.Group) bool { return !refers(g, t) || r.ours(g.Tags) && !r.data.Undoing.Strange }), nil
}

// refers reports whether a group launches from the template.
func refers(g fleet.Group, t fleet.Template) bool {
	return slices.ContainsFunc(refsOf(g), func(ref fleet.TemplateRef) bool { return names(ref, t) })
}

// names reports whether a reference is to the template.
func names(ref fleet.TemplateRef, t fleet.Template) bool {
	return ref.ID != "" && ref.ID == t.ID || ref.ID == "" && ref.Name != "" && ref.Name == t.Name
}

// refsOf are all references of a group.
func refsOf(g fleet.Group) []fleet.TemplateRef {
	refs := []fleet.TemplateRef{g.Ref()}
	if g.Mixed != nil {
		refs = append(refs, g.Mixed.Templates...)
	}
	return refs
}

// undoVersion deletes the version that was made of an existing template. It is found by its description: whoever made it
// may have died before its number was written down, and others may have made more since.
func (r *run) undoVersion(ctx context.Context, t fleet.Template, users []fleet.Group) (engine.Outcome, error) {
	v, there, err := r.ownVersion(ctx)
	if err != nil && !missing(err) {
		return engine.Outcome{}, err
	}
	if !there && r.hidden() {
		return engine.Outcome{In: r.Poll}, nil
	}
	r.data.Undoing.Mould = undoLeft
	switch {
	case !there:
		r.data.Undoing.Mould = undoGone
		return engine.To(stepUndo), nil
	case v.Default:
		return r.undone("Version %d of %s is kept: it is the template's default by now.", v.Number, t.Name), nil
	case slices.ContainsFunc(users, func(g fleet.Group) bool { return mayLaunch(g, t, v.Number) }):
		return r.undone("Version %d of %s is kept: %s the template and may launch from it.", v.Number, t.Name, use(users)), nil
	}
	deleted, failed, err := r.fleet.DeleteTemplateVersions(ctx, t.ID, []int64{v.Number})
	switch {
	case err != nil:
		r.data.Undoing.Mould = ""
		return engine.Outcome{}, say.Refusal(err, fmt.Sprintf("delete version %d of %s", v.Number, t.Name))
	case len(deleted) == 0:
		return r.undone("Version %d of %s is kept. %s", v.Number, t.Name, say.Quote(failed[v.Number])), nil
	}
	r.data.Undoing.Mould = undoGone
	return r.undone("Version %d of %s is deleted.", v.Number, t.Name), nil
}

// mayLaunch reports whether a group launches from that version of the template.
func mayLaunch(g fleet.Group, t fleet.Template, version int64) bool {
	return slices.ContainsFunc(refsOf(g), func(ref fleet.TemplateRef) bool {
		return names(ref, t) && (ref.Version == number(version) || ref.Version == "$Latest" && version >= t.Latest)
	})
}

// undoImage says what becomes of the image that was baked. It is deleted only when that was asked for, and nothing
// refers to it.
func (r *run) undoImage(ctx context.Context) (say.Safe, error) {
	id := r.data.Image
	if !r.data.Baked {
		return "", nil
	}
	if !r.data.Undoing.Image {
		return say.Phrase("The image %s is kept: `/ami retire %s` removes it.", id, id), nil
	}
	images, err := r.fleet.Images(ctx, id)
	if err != nil {
		return "", fmt.Errorf("read image %s: %w", id, err)
	}
	if len(images) == 0 || images[0].State == "deregistered" {
		return say.Phrase("The image %s is gone.", id), nil
	}
	if !r.ours(images[0].Tags) {
		return say.Phrase("The image %s does not carry this operation's tag, so it is left alone.", id), nil
	}
	why, err := r.referred(ctx, images[0])
	if err != nil || why != "" {
		return say.Phrase("The image %s is kept: %s.", id, why), err
	}
	fates, err := r.fleet.DeregisterImage(ctx, id, true)
	if err != nil && !missing(err) {
		if f, no := fault.As(say.Refusal(err, "deregister the image "+string(id))); no {
			return say.Phrase("The image %s is kept. %s", id, f.Text), nil
		}
		return "", fmt.Errorf("deregister image %s: %w", id, err)
	}
	return say.Sentences(say.Phrase("The image %s is deregistered", id), ashes(fates)), nil
}

// ashes tells which snapshots are left.
func ashes(fates []fleet.SnapshotFate) say.Safe {
	var left []string
	for _, f := range fates {
		if f.Code != "success" {
			left = append(left, fmt.Sprintf("%s (%s)", f.Snapshot, f.Code))
		}
	}
	if len(left) == 0 {
		return "Its snapshots are deleted"
	}
	return say.Phrase("Snapshots are left: %s", say.Some(left, 5))
}

// referred says who refers to the image; empty when nobody does.
func (r *run) referred(ctx context.Context, i fleet.Image) (string, error) {
	id := i.ID
	running, err := r.fleet.Running(ctx, id)
	if err != nil {
		return "", fmt.Errorf("read the instances of image %s: %w", id, err)
	}
	if len(running) > 0 {
		return runs(len(running)), nil
	}
	accounts, err := r.fleet.SharedWith(ctx, id)
	switch {
	case err != nil:
		return "", fmt.Errorf("read with whom image %s is shared: %w", id, err)
	case len(accounts) > 0:
		return "it is shared with " + say.Some(accounts, 3), nil
	}
	ask := retire.Query{Now: r.now, Own: r.turn.ID, Looked: r.turn.Started} // no version is older that names a snapshot of it
	uses, _, err := retire.Find(ctx, r.fleet, r.Keep, ask, retire.Of(i))
	if f, ok := fault.As(err); ok {
		return f.Text, nil
	}
	if err != nil {
		return "", fmt.Errorf("read what needs image %s: %w", id, err)
	}
	var words []string
	for _, u := range uses[id] {
		if u.Rank != retire.Running { // those were counted
			words = append(words, u.Text)
		}
	}
	return say.Some(words, 3), nil
}

// runs says how many instances run an image.
func runs(n int) string {
	if n == 1 {
		return "1 instance runs it"
	}
	return say.Plural(n, "instance") + " run it"
}
