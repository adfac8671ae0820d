package retire

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// seen are the images that are left, as AWS shows them; those that are gone are noted as that.
func (r *run) seen(ctx context.Context) (map[int]fleet.Image, error) {
	left := r.data.left()
	ids := make([]fleet.ImageID, len(left))
	for i, n := range left {
		ids[i] = r.data.Images[n].ID
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.fleet.Images(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", say.Some(ids, 3), err)
	}
	shown := map[int]fleet.Image{}
	for _, n := range left {
		i := slices.IndexFunc(found, func(i fleet.Image) bool { return i.ID == r.data.Images[n].ID && i.State != "deregistered" })
		if i < 0 {
			r.data.Images[n].Stage, r.data.Images[n].Why = Gone, "somebody deregistered it"
			continue
		}
		shown[n] = found[i]
	}
	return shown, nil
}

// deprecate hides the images from others. What disabling will take away is written down now, before it is gone.
func (r *run) deprecate(ctx context.Context) (engine.Outcome, error) {
	shown, err := r.seen(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	r.data.Touched = true
	at := r.turn.Now.Add(2 * time.Minute).Truncate(time.Minute) // AWS takes a time to come, and rounds it to the minute
	for _, n := range slices.Sorted(keys(shown)) {
		i, now := &r.data.Images[n], shown[n]
		if i.Shared, err = r.fleet.SharedWith(ctx, i.ID); err != nil {
			return engine.Outcome{}, fmt.Errorf("read whom %s is shared with: %w", i.ID, err)
		}
		if i.Marked && (now.Deprecated.IsZero() || now.Deprecated.After(at)) {
			if err := r.fleet.DeprecateImage(ctx, i.ID, at); err != nil {
				return engine.Outcome{}, say.Refusal(err, "deprecate "+string(i.ID))
			}
		}
		i.Stage = Deprecated
	}
	return engine.Outcome{Step: stepDisable}, nil
}

func keys[V any](m map[int]V) func(func(int) bool) {
	return func(yield func(int) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// disable makes sure that nothing launches from the images any more. To ask AWS how others use them may have taken an
// hour, so what needs them is looked for once more before.
func (r *run) disable(ctx context.Context) (engine.Outcome, error) {
	if err := r.spareNeeded(ctx); err != nil {
		return engine.Outcome{}, err
	}
	shown, err := r.seen(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if len(shown) == 0 {
		return r.finish(), nil
	}
	for _, n := range slices.Sorted(keys(shown)) {
		i := &r.data.Images[n]
		if shown[n].State == "available" {
			if err := r.fleet.DisableImage(ctx, i.ID); err != nil && fleet.KindOf(err) != fleet.Absent {
				return engine.Outcome{}, say.Refusal(err, "disable "+string(i.ID))
			}
		}
		i.Stage = Disabled
	}
	r.data.Until = r.turn.Now.Add(r.plan.Want.Cooldown)
	out := engine.Outcome{Step: stepCooldown, Tone: string(card.Warning), Line: string(say.Phrase(
		"%s deprecated and disabled: nothing launches from %s. Until %s it can be undone, and then %s deregistered with %s snapshots.",
		were(r.data.count(Disabled)), them(r.data.count(Disabled)), at(r.data.Until), they(r.data.count(Disabled)), its(r.data.count(Disabled))))}
	out.Line = string(say.Sentences(say.Safe(r.told("", card.Warning).Line), say.Safe(out.Line)))
	return out, nil
}

// spareNeeded brings those back that something needs by now.
func (r *run) spareNeeded(ctx context.Context) error {
	var left []Doomed
	for _, n := range r.data.left() {
		left = append(left, r.plan.Images[n])
	}
	uses, _, err := Find(ctx, r.fleet, r.Keep, r.query(), left...)
	if err != nil {
		return err
	}
	for _, n := range r.data.left() {
		i := &r.data.Images[n]
		all := counting(uses[i.ID], r.plan.Want)
		if len(all) == 0 {
			continue
		}
		trouble, err := r.revive(ctx, i)
		if err != nil {
			return err
		}
		if i.Stage != Gone {
			i.Stage, i.Why = Kept, string(say.Sentences(words(all, 3), trouble))
		}
	}
	return nil
}

// at is a time in a stored sentence.
func at(t time.Time) say.Safe { return say.Safe(fmt.Sprintf("{when:%d}", t.UnixMilli())) }

func were(n int) string { return plural(n, "image is", "images are") }
func them(n int) string { return noun(n, "it", "them") }
func they(n int) string { return noun(n, "it is", "they are") }
func its(n int) string  { return noun(n, "its", "their") }

// settling is how long after an image was disabled what became of it in the same moment may stay unseen.
const settling = time.Minute

// cooldown waits whether somebody misses them. It holds no worker meanwhile. What made use of an image in the moment in
// which it was disabled, such as a promotion, could not know of that: so it is looked for at once, and once more a little
// later, and the image is enabled again.
func (r *run) cooldown(ctx context.Context) (engine.Outcome, error) {
	if !r.data.Until.After(r.turn.Now) {
		return engine.Outcome{Step: stepDelete}, nil
	}
	if err := r.spareNeeded(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if len(r.data.left()) == 0 {
		return r.finish(), nil
	}
	out := r.told("", card.Warning)
	out.Until = r.data.Until
	if settled := r.data.Until.Add(settling - r.plan.Want.Cooldown); r.turn.Now.Before(settled) && settled.Before(out.Until) {
		out.Until = settled
	}
	if _, ok := r.turn.Signal("pause", "resume", "continue"); ok {
		out.Tone, out.Line = string(card.Warning), string(say.Sentences(say.Safe(out.Line), "It waits by itself, and can be undone meanwhile: nothing has changed."))
	}
	return out, nil
}

// delete looks once more at one image and what needs it, and deregisters it. Each turn does one.
func (r *run) delete(ctx context.Context) (engine.Outcome, error) {
	left := r.data.left()
	if len(left) == 0 {
		return r.finish(), nil
	}
	n := left[0]
	i := &r.data.Images[n]
	found, err := r.fleet.Images(ctx, i.ID)
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read %s: %w", i.ID, err)
	}
	if len(found) == 0 || found[0].State == "deregistered" { // by us, when the answer was lost, or by somebody else
		return r.lost(ctx, n)
	}
	why, err := r.needed(ctx, found[0], r.plan.Images[n])
	if err != nil {
		return engine.Outcome{}, err
	}
	if why != "" {
		return r.spare(ctx, i, why)
	}
	fates, err := r.fleet.DeregisterImage(ctx, i.ID, true)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return r.lost(ctx, n)
	}
	if _, refused := fault.As(say.Refusal(err, "")); err != nil && refused {
		return r.spare(ctx, i, "AWS refuses to deregister it: "+say.AWS(err))
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("deregister %s: %w", i.ID, err)
	}
	return r.deregistered(n, fates), nil
}

// needed says why an image must stay after all; empty when it may go.
func (r *run) needed(ctx context.Context, i fleet.Image, d Doomed) (string, error) {
	if i.State == "available" {
		return "somebody enabled it meanwhile", nil
	}
	uses, _, err := Find(ctx, r.fleet, r.Keep, r.query(), d)
	if err != nil {
		return "", err
	}
	if all := counting(uses[i.ID], r.plan.Want); len(all) > 0 {
		return words(all, 3), nil
	}
	why, _ := untouchable(Facts{Account: r.plan.Account}, i)
	return why, nil
}

// spare brings one image back that must stay, and goes on with the others.
func (r *run) spare(ctx context.Context, i *Progress, why string) (engine.Outcome, error) {
	trouble, err := r.revive(ctx, i)
	if err != nil {
		return engine.Outcome{}, err
	}
	i.Stage, i.Why = Kept, string(say.Sentences(why, trouble))
	return engine.Outcome{Step: stepDelete, Tone: string(card.Warning), Line: string(say.Phrase("%s", say.Closed(sentence(*i))))}, nil
}

// deregistered notes what became of an image's snapshots.
func (r *run) deregistered(n int, fates []fleet.SnapshotFate) engine.Outcome {
	i, d := &r.data.Images[n], r.plan.Images[n]
	i.Stage, i.Fates, i.Freed = Gone, fates, 0
	for _, f := range fates {
		k := slices.IndexFunc(d.Disks, func(disk Disk) bool { return disk.Snapshot == f.Snapshot })
		if k >= 0 && f.Code == "success" {
			i.Freed += d.Disks[k].Size
		}
	}
	line := say.Phrase("%s is deregistered: %d GiB freed.", called(i.ID, i.Name), i.Freed)
	if rest := remains(fates); rest != "" {
		line = say.Sentences(line, say.Phrase("%s", rest))
	}
	return engine.Outcome{Step: stepDelete, Line: string(line), Tone: string(card.Good)}
}

// remains says which snapshots are still there, and why.
func remains(fates []fleet.SnapshotFate) string {
	var kept []string
	for _, f := range fates {
		if f.Code != "success" {
			kept = append(kept, fmt.Sprintf("%s is kept (%s)", f.Snapshot, fate(f.Code)))
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "Of its snapshots " + say.Some(kept, 4) + "."
}

// fate is AWS's code in words.
func fate(code string) string {
	switch code {
	case "success":
		return "deleted"
	case "skipped":
		return "another image has it, too"
	case "missing-permissions":
		return "I may not delete it"
	case "internal-error":
		return "an error at AWS; it is to be deleted by hand"
	case "client-error":
		return "AWS would not delete it"
	}
	return code
}

// lost notes an image that is gone already, with its snapshots as they are found.
func (r *run) lost(ctx context.Context, n int) (engine.Outcome, error) {
	disks := r.plan.Images[n].Disks
	ids := make([]string, len(disks))
	for i, d := range disks {
		ids[i] = d.Snapshot
	}
	var there []fleet.Snapshot
	if len(ids) > 0 {
		var err error
		if there, err = r.fleet.Snapshots(ctx, ids...); err != nil && fleet.KindOf(err) != fleet.Absent {
			return engine.Outcome{}, fmt.Errorf("read the snapshots of %s: %w", r.data.Images[n].ID, err)
		}
	}
	fates := make([]fleet.SnapshotFate, len(disks))
	for i, d := range disks {
		fates[i] = fleet.SnapshotFate{Snapshot: d.Snapshot, Code: "success"}
		if slices.ContainsFunc(there, func(s fleet.Snapshot) bool { return s.ID == d.Snapshot }) {
			fates[i].Code = "still there"
			if d.Shared {
				fates[i].Code = "skipped"
			}
		}
	}
	return r.deregistered(n, fates), nil
}

// finish ends it: with what was freed, or with why everything stays.
func (r *run) finish() engine.Outcome {
	kept, gone := r.data.count(Kept), 0
	for _, i := range r.data.Images {
		if i.Stage == Gone && i.Why == "" {
			gone++
		}
	}
	if gone == 0 {
		why, _ := r.hopeless()
		return engine.Outcome{End: ledger.Undone, Outcome: string(say.Phrase("Nothing was deregistered. %s", why))}
	}
	text := say.Phrase("%s retired, and %d GiB freed.", were(gone), r.data.freed())
	for _, i := range r.data.Images {
		if i.Stage == Kept && kept <= 3 || i.Stage == Gone && i.Why != "" {
			text = say.Sentences(text, say.Phrase("%s", say.Closed(sentence(i))))
		}
	}
	if kept > 3 {
		text = say.Sentences(text, say.Phrase("%d images stay after all.", kept))
	}
	out := engine.Outcome{End: ledger.Succeeded, Outcome: string(text)}
	if rest := r.leftovers(); rest > 0 {
		out.Outcome += string(say.Phrase(" %s there; the card says why.", plural(rest, "snapshot is still", "snapshots are still")))
		out.Tone = string(card.Warning)
	}
	return out
}

// leftovers is how many snapshots were to go and are still there.
func (r *run) leftovers() int {
	n := 0
	for _, i := range r.data.Images {
		for _, f := range i.Fates {
			if f.Code != "success" && f.Code != "skipped" {
				n++
			}
		}
	}
	return n
}
