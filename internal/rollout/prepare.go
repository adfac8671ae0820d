package rollout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// patience is how many looks a refusal gets that may only mean that something just made is not yet visible
// everywhere.
const patience = 6

// unseen waits until AWS shows something; that is no attempt at anything that went wrong. Each wait is longer.
func (r *run) unseen(what string) engine.Outcome {
	r.data.Looks++
	r.data.Unseen = what
	return engine.Outcome{In: time.Duration(r.data.Looks) * 2 * time.Second}
}

// made names the version that was made.
func (r *run) made() string { return fmt.Sprintf("version %d of %s", r.data.Version, r.plan.From.Name) }

// early answers what people asked for before anything was started: a stop ends the operation, a pause holds it.
func (r *run) early() (out engine.Outcome, stopped bool) {
	signal, _ := r.signal("pause", "resume", "cancel", "rollback")
	switch signal.Name {
	case "pause":
		r.data.Held = true
	case "resume":
		r.data.Held, r.data.HeldTold = false, false
	case "cancel", "rollback":
		r.data.By = signal.By
		return r.end(ledger.Cancelled, "Cancelled before any instance was replaced%s.", say.By(signal.By)), true
	}
	return engine.Outcome{}, false
}

// check reads everything again, and voids the approval when it is not as it was approved. It writes nothing,
// and says so.
func (r *run) check(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return out, nil
	}
	if r.plan.Digest() != r.turn.Digest {
		return engine.Outcome{}, r.unchanged(fault.New(fault.Conflict, "The plan is not the one that was approved."))
	}
	facts, err := Gather(ctx, r.fleet, r.plan.Environment, r.plan.Group, r.plan.Want)
	if err != nil {
		return r.vanished("Group", string(r.plan.Group), err)
	}
	facts.Now = r.now
	now, err := New(facts, r.plan.again())
	if err != nil {
		return r.vanished("Leads to", r.plan.To.words(), err)
	}
	changed := r.plan.Changed(now)
	switch {
	case len(changed) > 0 && r.plan.reached(facts):
		return r.needless(facts.From), nil
	case Mending(facts, now, changed) && (r.data.Ill.IsZero() || r.now.Before(r.data.Ill.Add(Recovery))):
		return r.wait(now), nil
	case len(changed) > 0:
		return r.void(changed, fault.New(fault.Conflict, "%s changed since it was approved. %s", r.plan.Group, sentencesOf(changed))), nil
	}
	r.begin(now)
	return r.golden(ctx), nil
}

// begin notes what the rollout starts from.
func (r *run) begin(now Plan) {
	r.data.Progress.Total = now.Pace.Replaced
	r.data.Matching = now.Matching
	r.data.Ill = time.Time{}
	if r.plan.Want.Canary > 0 || r.turn.Narrowed {
		r.data.Phase, r.data.Canaries = Canary, min(r.plan.canaries(), max(now.Pace.Replaced, 1))
		r.data.Share = r.plan.canaryShare(now, r.data.Canaries)
	}
}

// void ends it before its first write: what people agreed to is not what would be done.
func (r *run) void(changed []Change, why *fault.Fault) engine.Outcome {
	r.data.Changes = changed
	why = r.addressed(why)
	return engine.Outcome{End: ledger.Void, Outcome: card.Inert(why.Error()), Tone: string(card.Warning)}
}

// vanished voids it because what it is about is not there any more. Any other error is kept.
func (r *run) vanished(what, approved string, err error) (engine.Outcome, error) {
	f, ok := fault.As(err)
	if !ok {
		return engine.Outcome{}, err
	}
	return r.void([]Change{{What: what, Approved: approved, Now: "does not exist any more"}}, f), nil
}

// Recovery is how long a group may take to replace what its health check found ill before that voids an approval.
const Recovery = 15 * time.Minute

// Mending reports whether nothing is in the way but instances that the group itself is about to replace.
func Mending(f Facts, now Plan, changed []Change) bool {
	ill := health(f, now)
	return len(changed) == 1 && len(ill) == 1 && ill[0].Stop && changed[0].Now == ill[0].Text
}

// wait lets the group get well, and tells so once.
func (r *run) wait(now Plan) engine.Outcome {
	out := engine.Outcome{In: r.poll}
	if r.data.Ill.IsZero() {
		r.data.Ill = r.now
		out = say.Told("", card.Warning, "%s It waits up to %s for the group to replace what is ill.", now.Stops()[0].Text, card.Span(Recovery))
		out.In = r.poll
	}
	return out
}

// sentencesOf tells the changes one after another.
func sentencesOf(changed []Change) string {
	words := make([]string, len(changed))
	for i, c := range changed {
		words[i] = c.text
	}
	return strings.Join(words, " ")
}

// unchanged has a fault end with the words that matter most to whoever reads it.
func (r *run) unchanged(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	return r.addressed(f)
}

// addressed adds to a fault how to go on, and that nothing was changed.
func (r *run) addressed(f *fault.Fault) *fault.Fault {
	hint := f.Hint
	if hint == "" && r.turn.Command != "" {
		hint = fmt.Sprintf("Ask again with `%s`.", r.turn.Command)
	}
	return f.WithHint("%s", say.Sentences(hint, "Nothing was changed"))
}

// needless ends it where somebody else has reached the goal. That is Cancelled: Succeeded would claim what
// this operation did not do, and Failed would alarm people where nothing is wrong.
func (r *run) needless(from fleet.TemplateVersion) engine.Outcome {
	what := fmt.Sprintf("version %d", from.Number)
	if r.plan.Want.Image != "" {
		what = string(r.plan.Want.Image)
	}
	return engine.Outcome{End: ledger.Cancelled, Tone: string(card.Plain),
		Outcome: string(say.Phrase("%s runs %s already; nothing was changed.", r.plan.Group, what))}
}

// version makes the template's new version, once: an earlier attempt's is found by its description, and
// AWS itself recognises the token.
func (r *run) version(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return r.leaving(ctx, out)
	}
	if !r.plan.Makes() {
		r.data.Version = r.plan.To.Version
		return engine.To(stepProve), nil
	}
	made, warnings, err := r.makeVersion(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if made.Image != r.plan.To.Image {
		return engine.Outcome{}, fault.New(fault.Conflict, "The new version %d of %s names %s, not %s.",
			made.Number, r.plan.From.Name, made.Image, r.plan.To.Image).WithHint("No instance was touched.")
	}
	r.data.Version, r.data.Made = made.Number, true
	line := fmt.Sprintf("Made version %d of %s with %s.", made.Number, r.plan.From.Name, made.Image)
	if len(warnings) > 0 {
		return say.Told(stepProve, card.Warning, "%s AWS warns: %s", line, strings.Join(warnings, " ")), nil
	}
	return say.Told(stepProve, card.Plain, "%s", line), nil
}

// leaving ends it, and notes the version of an attempt whose end nobody knows, so that it is named.
func (r *run) leaving(ctx context.Context, out engine.Outcome) (engine.Outcome, error) {
	if !r.plan.Makes() {
		return out, nil
	}
	own, made, err := r.ownVersion(ctx)
	if made {
		r.data.Version, r.data.Made = own.Number, true
	}
	return out, err
}

// ownVersion finds the version that this operation made, by its description. Others may have made more since.
func (r *run) ownVersion(ctx context.Context) (fleet.TemplateVersion, bool, error) {
	later, err := r.fleet.TemplateVersionsAfter(ctx, r.plan.From.Template, r.plan.From.Version)
	if err != nil {
		return fleet.TemplateVersion{}, false, fmt.Errorf("read the versions of %s after %d: %w", r.plan.From.Template, r.plan.From.Version, err)
	}
	own, made := fleet.Described(later, r.description())
	return own, made, nil
}

func (r *run) makeVersion(ctx context.Context) (fleet.TemplateVersion, []string, error) {
	if own, there, err := r.ownVersion(ctx); err != nil || there {
		return own, nil, err
	}
	made, warnings, err := r.fleet.CreateTemplateVersion(ctx, fleet.NewVersion{
		Template:    r.plan.From.Template,
		Source:      r.plan.From.Version,
		Image:       r.plan.To.Image,
		Description: r.description(),
		Token:       r.turn.Token("version"),
	})
	if err != nil {
		return made, nil, say.Refusal(err, "make a version of template "+r.plan.From.Name)
	}
	return made, warnings, nil
}

// description marks the version as this operation's, and of what it was made: an operation on several groups that share
// a template and a version makes one for all of them. It must be the same at each attempt.
func (r *run) description() string {
	text := []rune(fmt.Sprintf("amiral %s %s from %d by %s", r.turn.ID, r.plan.To.Image, r.plan.From.Version, r.turn.Requester.User))
	return string(text[:min(len(text), 255)])
}

// refusal makes a fault of an answer that trying again would not change; other errors stay what they are.
func refusal(err error, attempt string) error {
	switch fleet.KindOf(err) {
	case fleet.Refused, fleet.Rejected, fleet.TokenMismatch, fleet.Quota:
		return fault.New(fault.Denied, "AWS refused to %s: %s", attempt, say.AWS(err))
	}
	return fmt.Errorf("%s: %w", attempt, err)
}

// awsWords is what AWS itself said.
func awsWords(err error) string {
	if e, ok := errors.AsType[*fleet.Error](err); ok && e.Message != "" {
		return say.Closed(e.Message)
	}
	return say.Closed(err.Error())
}

// prove asks EC2 whether the version would launch, where it is known into which subnet, and notes the
// group's newest refresh, so that ours can be told from it.
func (r *run) prove(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.early(); stopped {
		return out, nil
	}
	group, err := r.group(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if len(group.Subnets) > 0 {
		err := r.fleet.ProveLaunch(ctx, r.ref(r.data.Version), group.Subnets[0])
		if err != nil && fleet.KindOf(err) == fleet.Absent && r.data.Looks < patience {
			return r.unseen(r.made()), nil
		}
		if err := r.proved(err); err != nil {
			return engine.Outcome{}, err
		}
	}
	refreshes, err := r.refreshes(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if len(refreshes) > 0 {
		r.data.Before = refreshes[0].ID
	}
	r.data.Since, r.data.Looks = r.now, 0
	return engine.To(stepStart), nil
}

// proved judges the answer of a dry run.
func (r *run) proved(err error) error {
	switch kind := fleet.KindOf(err); {
	case err == nil:
		return nil
	case kind == fleet.Refused, kind == fleet.Rejected, kind == fleet.Quota, kind == fleet.Absent:
		return fault.New(fault.Denied, "Version %d of %s would not launch: %s", r.data.Version, r.plan.From.Name, say.AWS(err)).
			WithHint("No instance was touched.")
	}
	return fmt.Errorf("prove that version %d launches: %w", r.data.Version, err)
}

// ref names a version of the group's template.
func (r *run) ref(version int64) fleet.TemplateRef {
	return fleet.TemplateRef{ID: r.plan.To.Template, Name: r.plan.To.Name, Version: strconv.FormatInt(version, 10)}
}
