package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// How often the end is looked at before it counts as wrong: the group's members and EC2 may take a while
// to agree.
const looks = 8

// verify looks at every instance itself, rather than believing AWS's word Successful.
func (r *run) verify(ctx context.Context) (engine.Outcome, error) {
	if signal, asked := r.signal("cancel", "rollback"); asked {
		return say.Told(stepVerify, card.Warning, "Too late for the %s: the refresh is over. It can be rolled back afterwards.", signal.Name), nil
	}
	group, err := r.group(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	machines, err := machines(ctx, r.fleet, members(group))
	if err != nil {
		return engine.Outcome{}, err
	}
	wrong, left := r.judge(group, machines)
	stale := group.Ref().Version != strconv.FormatInt(r.data.Version, 10)
	if len(wrong) > 0 || stale {
		if r.data.Looks++; r.data.Looks < looks {
			return engine.Outcome{In: r.poll}, nil
		}
		return r.fail(r.wrongWords(wrong, group)), nil
	}
	r.data.Fleet, r.data.Launches = r.census(group, machines), r.data.Version
	r.data.Ending = &Ending{State: ledger.Succeeded, Text: r.rightWords(group, left)}
	if r.plan.Want.SetDefault {
		return engine.To(stepDefault), nil
	}
	return engine.To(stepSettle), nil
}

func members(g fleet.Group) []fleet.InstanceID {
	ids := make([]fleet.InstanceID, 0, len(g.Instances))
	for _, m := range g.Instances {
		ids = append(ids, m.ID)
	}
	return ids
}

// judge finds the instances that do not run what they should, apart from those that were to be left.
func (r *run) judge(g fleet.Group, machines map[fleet.InstanceID]fleet.Instance) (wrong, left []fleet.InstanceID) {
	for _, m := range g.Instances {
		switch {
		case going(m) || r.right(m, machines[m.ID]):
		case leftAlone(m, r.plan.Want) != "":
			left = append(left, m.ID)
		default:
			wrong = append(wrong, m.ID)
		}
	}
	return wrong, left
}

func (r *run) right(m fleet.Member, i fleet.Instance) bool {
	image := r.plan.To.Image
	if r.plan.inPlace() {
		return i.Image == image
	}
	return launchedFrom(m, r.plan.To.Template, r.data.Version) && (image == "" || image.IsParameter() || i.Image == image)
}

func (r *run) wrongWords(wrong []fleet.InstanceID, g fleet.Group) say.Safe {
	if len(wrong) == 0 {
		return say.Phrase("AWS calls the refresh successful, but the group launches version %s, not %d.", orDefault(g.Ref().Version), r.data.Version)
	}
	return say.Phrase("AWS calls the refresh successful, but %s not on version %d with %s: %s.",
		are(len(wrong), "instance"), r.data.Version, r.plan.To.Image, say.Some(wrong, 5))
}

// are is a number of things with its verb.
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return say.Plural(n, noun) + " are"
}

func (r *run) rightWords(g fleet.Group, left []fleet.InstanceID) say.Safe {
	there := 0
	for _, m := range g.Instances {
		if !going(m) {
			there++
		}
	}
	text := say.Phrase("%s runs %s (version %d) on %s.", g.Name, r.plan.To.Image, r.data.Version, allOf(there-len(left)))
	if there == 0 {
		text = say.Phrase("%s launches %s (version %d) from now on; it has no instances.", g.Name, r.plan.To.Image, r.data.Version)
	}
	if len(left) > 0 {
		text += say.Phrase(" %s left alone, in standby or protected: %s.", was(len(left)), say.Some(left, 5))
	}
	return text
}

// allOf is every instance there is to count.
func allOf(n int) string {
	if n == 1 {
		return "its one instance"
	}
	return fmt.Sprintf("all %d instances", n)
}

func was(n int) string {
	if n == 1 {
		return "1 was"
	}
	return fmt.Sprintf("%d were", n)
}

// makeDefault makes the version the template's default, unless it is already.
func (r *run) makeDefault(ctx context.Context) (engine.Outcome, error) {
	template, err := r.fleet.Template(ctx, r.ref(r.data.Version))
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("read template %s: %w", r.plan.From.Name, err)
	}
	if template.Default == r.data.Version {
		return engine.To(stepSettle), nil
	}
	err = r.fleet.SetDefaultVersion(ctx, r.plan.From.Template, r.data.Version, r.turn.Token("default"))
	switch fleet.KindOf(err) {
	case fleet.Refused, fleet.Rejected, fleet.Quota:
		r.data.Ending.Text += say.Phrase(" It could not be made the template's default version: %s", say.AWS(err))
		return engine.To(stepSettle), nil
	}
	if err != nil {
		return engine.Outcome{}, fmt.Errorf("make version %d the default of %s: %w", r.data.Version, r.plan.From.Name, err)
	}
	return say.Told(stepSettle, card.Plain, "Version %d is the default of %s now.", r.data.Version, r.plan.From.Name), nil
}

// settle leaves nothing suspended by us, says what the fleet runs, and ends the operation.
func (r *run) settle(ctx context.Context) (engine.Outcome, error) {
	if err := r.release(ctx); err != nil {
		return engine.Outcome{}, err
	}
	text := r.data.Ending.Text
	if r.data.Ending.State != ledger.Succeeded {
		rest, err := r.aftermath(ctx)
		if err != nil {
			return engine.Outcome{}, err
		}
		text = say.Sentences(text, rest)
	}
	return engine.Outcome{End: r.data.Ending.State, Outcome: string(text), Tone: string(toneOf(r.data.Ending.State))}, nil
}

func toneOf(s ledger.State) card.Tone {
	switch s {
	case ledger.Succeeded:
		return card.Good
	case ledger.Failed:
		return card.Bad
	}
	return card.Warning
}

// aftermath tells what is left behind, and how to go on from there.
func (r *run) aftermath(ctx context.Context) (say.Safe, error) {
	if r.data.Refresh == "" && len(r.data.Past) == 0 {
		if r.data.Made {
			return say.Phrase("No instance was touched; version %d of %s stays unused", r.data.Version, r.plan.From.Name), nil
		}
		return "No instance was touched", nil
	}
	if r.data.Gone {
		return "", nil // told already
	}
	group, err := r.fleet.Group(ctx, r.plan.Group)
	if fleet.KindOf(err) == fleet.Absent && err != nil {
		r.data.Gone = true
		return say.Phrase("There is no group %s any more", r.plan.Group), nil
	}
	if err != nil {
		return "", fmt.Errorf("read group %s: %w", r.plan.Group, err)
	}
	if r.data.Launches, err = r.launches(ctx, group.Ref()); err != nil {
		return "", err
	}
	seen, err := r.seen(ctx, group)
	if err != nil {
		return "", err
	}
	r.data.Fleet = r.census(group, seen)
	words := say.Phrase("%s", inventory(r.data.Fleet))
	if slices.Contains(group.Suspended, process) {
		words += say.Phrase("; %s is still suspended by somebody else", process)
	}
	return words + r.mixedWords(), nil
}

// mixedWords tells how to go on from a fleet of more than one version.
func (r *run) mixedWords() say.Safe {
	switch {
	case len(r.data.Fleet) < 2:
		return ""
	case r.data.Ending.State == ledger.Undone && r.data.remains() > 0:
		return say.Phrase(". The fleet is still mixed: `/asg rollback %s` takes back the rest", r.plan.typed())
	}
	return say.Phrase(". The fleet is mixed: `/asg rollout %s --version %d` brings the rest, `/asg rollback %s` takes it back",
		r.plan.typed(), r.data.Version, r.plan.typed())
}

// launches is the number of the version that the group launches from; 0 when there is none.
func (r *run) launches(ctx context.Context, ref fleet.TemplateRef) (int64, error) {
	if ref.Numeric() {
		return strconv.ParseInt(ref.Version, 10, 64)
	}
	v, err := r.fleet.TemplateVersion(ctx, ref)
	if err != nil && (fleet.KindOf(err) == fleet.Absent || fleet.KindOf(err) == fleet.Rejected) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version %s of template %s: %w", orDefault(ref.Version), nameOf(ref), err)
	}
	return v.Number, nil
}

// census counts the instances by the version they run.
func (r *run) census(g fleet.Group, seen map[fleet.InstanceID]fleet.Instance) map[string]int {
	count := map[string]int{}
	for _, m := range g.Instances {
		if !going(m) {
			count[r.versionOf(m, seen)]++
		}
	}
	return count
}

func inventory(count map[string]int) string {
	var words []string
	for _, version := range slices.Sorted(maps.Keys(count)) {
		verb := "run"
		if count[version] == 1 {
			verb = "runs"
		}
		words = append(words, fmt.Sprintf("%s %s version %s", say.Plural(count[version], "instance"), verb, version))
	}
	if len(words) == 0 {
		return "The group has no instances"
	}
	return strings.Join(words, ", ")
}
