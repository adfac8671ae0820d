package retire

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// restore brings back every image that is not gone, and ends the operation.
func (r *run) restore(ctx context.Context) (engine.Outcome, error) {
	var trouble []string
	for _, n := range r.data.left() {
		i := &r.data.Images[n]
		words, err := r.revive(ctx, i)
		if err != nil {
			return engine.Outcome{}, err
		}
		if i.Stage == Gone {
			continue
		}
		i.Stage, i.Why = Restored, words
		if words != "" {
			trouble = append(trouble, called(i.ID, i.Name)+": "+words)
		}
	}
	return r.close(trouble), nil
}

// close ends the operation as was decided before. Where images are gone already, that is said first: no undo brings
// those back.
func (r *run) close(trouble []string) engine.Outcome {
	end := Ending{State: ledger.Undone, Text: "It was taken back."}
	if r.data.Ending != nil {
		end = *r.data.Ending
	}
	text := end.Text
	if gone := r.data.count(Gone); gone > 0 {
		text = say.Sentences(text, say.Phrase("It was too late for %s.", say.Some(r.named(Gone), 5)))
		if end.State == ledger.Undone {
			end.State = ledger.Cancelled
		}
	}
	back := slices.DeleteFunc(r.named(Restored), func(name string) bool {
		return slices.ContainsFunc(r.plan.Images, func(d Doomed) bool { return d.words() == name && r.disabledBefore(d.ID) })
	})
	if len(back) > 0 {
		text = say.Sentences(text, say.Phrase("%s can be launched again.", say.Some(back, 5)))
	}
	out := engine.Outcome{End: end.State, Outcome: string(text)}
	if len(trouble) > 0 {
		out.Outcome = string(say.Sentences(text, say.Phrase("%s", say.Sentences(trouble...))))
		out.Tone = string(card.Warning)
	}
	return out
}

func (r *run) named(stage Stage) []string {
	var names []string
	for _, i := range r.data.Images {
		if i.Stage == stage {
			names = append(names, called(i.ID, i.Name))
		}
	}
	return names
}

// revive brings one image back to what it was: enabled, not deprecated, shared as before. Doing it twice is harmless.
// What AWS refuses is told, and keeps nothing else from being done.
func (r *run) revive(ctx context.Context, i *Progress) (trouble string, err error) {
	found, err := r.fleet.Images(ctx, i.ID)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", i.ID, err)
	}
	if len(found) == 0 || found[0].State == "deregistered" {
		i.Stage, i.Why = Gone, "it was deregistered"
		return "", nil
	}
	var told []string
	for _, part := range []func() (string, error){
		func() (string, error) { return r.enable(ctx, i, found[0]) },
		func() (string, error) { return r.undeprecate(ctx, i, found[0]) },
		func() (string, error) { return r.reopen(ctx, i) },
	} {
		words, err := part()
		if err != nil {
			return "", err
		}
		if words != "" {
			told = append(told, words)
		}
	}
	return strings.Join(told, " "), nil
}

// tried turns a refusal into words; other errors stay what they are.
func tried(err error, what string) (string, error) {
	if err == nil {
		return "", nil
	}
	if f, ok := fault.As(say.Refusal(err, what)); ok {
		return f.Text, nil
	}
	return "", fmt.Errorf("%s: %w", what, err)
}

func (r *run) enable(ctx context.Context, i *Progress, now fleet.Image) (string, error) {
	if now.State != "disabled" || r.disabledBefore(i.ID) {
		return "", nil
	}
	return tried(r.fleet.EnableImage(ctx, i.ID), "enable "+string(i.ID))
}

// disabledBefore reports whether the image was disabled when its retirement was planned: that is how it was.
func (r *run) disabledBefore(id fleet.ImageID) bool {
	if r.plan.Want.Restore {
		return false
	}
	n := slices.IndexFunc(r.plan.Images, func(d Doomed) bool { return d.ID == id })
	return n >= 0 && r.plan.Images[n].State == "disabled"
}

func (r *run) undeprecate(ctx context.Context, i *Progress, now fleet.Image) (string, error) {
	switch {
	case now.Deprecated.IsZero() || !i.Marked:
		return "", nil
	case i.Was.After(r.turn.Now):
		return tried(r.fleet.DeprecateImage(ctx, i.ID, i.Was), "put the deprecation of "+string(i.ID)+" back")
	}
	return tried(r.fleet.UndeprecateImage(ctx, i.ID), "end the deprecation of "+string(i.ID))
}

// reopen shares the image again with those it was shared with. It is never made public.
func (r *run) reopen(ctx context.Context, i *Progress) (string, error) {
	with := slices.DeleteFunc(slices.Clone(i.Shared), func(who string) bool { return who == everybody })
	trouble := ""
	if len(with) < len(i.Shared) {
		trouble = "It was public, and is no more: I make nothing public."
	}
	if len(with) == 0 {
		return trouble, nil
	}
	words, err := tried(r.fleet.ShareImage(ctx, i.ID, with, nil), "share "+string(i.ID)+" again")
	return strings.TrimSpace(trouble + " " + words), err
}

// back brings images back that an operation before, or somebody else, has disabled or deprecated.
func (r *run) back(ctx context.Context) (engine.Outcome, error) {
	now, err := r.again(ctx)
	if f, ok := fault.As(err); ok {
		return void(f.Text), nil
	}
	if err != nil {
		return engine.Outcome{}, err
	}
	for _, f := range now.Findings {
		if f.Stop && !r.data.Touched {
			return void(f.Text), nil
		}
	}
	r.data.Touched = true
	r.data.Images = make([]Progress, len(r.plan.Images))
	for i, d := range r.plan.Images {
		r.data.Images[i] = Progress{ID: d.ID, Name: d.Name, Stage: Disabled, Marked: true, Shared: d.Shared}
	}
	r.data.Ending = &Ending{State: ledger.Succeeded}
	return engine.Outcome{Step: stepRestore}, nil
}
