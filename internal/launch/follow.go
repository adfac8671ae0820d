package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// mostFailures is how many different failures are told.
const mostFailures = 5

// sight is one look at AWS.
type sight struct {
	group fleet.Group
	gone  bool     // the group is not there, or not ours
	lines []string // what is new, for the thread
	tone  card.Tone
}

func (s *sight) tell(tone card.Tone, format string, args ...any) {
	s.lines = append(s.lines, string(say.Phrase(format, args...)))
	if s.tone != card.Bad {
		s.tone = tone
	}
}

// with puts what is new before what an outcome tells.
func (s *sight) with(out engine.Outcome) engine.Outcome {
	if len(s.lines) == 0 {
		return out
	}
	if out.Line == "" {
		out.Tone = string(s.tone)
	}
	return also(say.Safe(strings.Join(s.lines, "\n")), out)
}

// follow watches the group until every instance is in service.
func (r *run) follow(ctx context.Context) (engine.Outcome, error) {
	if out, stopped := r.stopped(); stopped {
		return out, nil
	}
	s, err := r.look(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if no := r.unheard(); no != "" {
		s.tell(card.Warning, "%s", no)
	}
	return s.with(r.judge(&s)), nil
}

// judge decides how to go on after a look.
func (r *run) judge(s *sight) engine.Outcome {
	switch {
	case s.gone:
		return r.vanished()
	case r.whole():
		r.data.Looks = 0
		return engine.To(stepVerify)
	case r.now.Sub(r.data.Moved) >= r.stall():
		return r.stuck(r.stalled(s.group), stepFollow)
	}
	return engine.Outcome{In: r.Poll}
}

// whole reports whether the group has all that it wants. One that wants nothing was emptied by somebody else: that is
// not what was approved.
func (r *run) whole() bool {
	p := r.data.Progress
	return p.Size > 0 && p.Ready >= p.Size && p.Coming == 0
}

// stall is how long nothing may move before people are asked; half as long where AWS said why.
func (r *run) stall() time.Duration {
	if len(r.data.Failures) > 0 {
		return r.Stall / 2
	}
	return r.Stall
}

// stalled says that nothing moves, and why as far as that is known.
func (r *run) stalled(g fleet.Group) say.Safe {
	p := r.data.Progress
	text := say.Phrase("Nothing has moved for %s: %d of %d in service", card.Span(r.now.Sub(r.data.Moved)), p.Ready, p.Size)
	switch {
	case slices.Contains(g.Suspended, "Launch"):
		return say.Sentences(text, "Somebody suspended Launch on the group, so AWS starts nothing")
	case p.InService > p.Ready:
		return say.Sentences(text, say.Phrase("%s not healthy in the target groups", are(p.InService-p.Ready, "instance")))
	case len(r.data.Failures) > 0:
		return say.Sentences(text, say.Quote(r.data.Failures[len(r.data.Failures)-1]))
	}
	return say.Sentences(text)
}

// are is a number of things with its verb.
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return say.Plural(n, noun) + " are"
}

// vanished ends it: somebody deleted the group.
func (r *run) vanished() engine.Outcome {
	if r.data.Looks++; r.data.Looks < patience { // a group made a moment ago may not be visible everywhere
		return engine.Outcome{In: r.Poll}
	}
	r.data.Group = false
	if r.data.Untagged {
		return engine.Outcome{End: ledger.Failed, Tone: string(card.Bad), Outcome: string(say.Sentences(
			say.Phrase("The group %s does not carry this operation's tag %s any more, so it is not followed and nothing of it is touched", r.plan.Want.Group, tagOperation), r.left()))}
	}
	return engine.Outcome{End: ledger.Failed, Tone: string(card.Bad),
		Outcome: string(say.Sentences(say.Phrase("The group %s was deleted meanwhile, outside of this operation", r.plan.Want.Group), r.left()))}
}

// look reads the group, its activities, and its targets' health.
func (r *run) look(ctx context.Context) (sight, error) {
	s := sight{}
	group, err := r.fleet.Group(ctx, r.plan.Want.Group)
	if missing(err) || err == nil && !r.ours(group.Tags) {
		s.gone, r.data.Untagged = true, err == nil
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read group %s: %w", r.plan.Want.Group, err)
	}
	s.group = group
	well, err := r.well(ctx, group)
	if err != nil {
		return s, err
	}
	r.measure(&s, well)
	return s, r.failures(ctx, &s)
}

// well are the instances that every target group calls healthy; nil where there is none to ask.
func (r *run) well(ctx context.Context, g fleet.Group) (map[fleet.InstanceID]bool, error) {
	if len(g.TargetGroups) == 0 {
		return nil, nil
	}
	count := map[fleet.InstanceID]int{}
	for _, arn := range g.TargetGroups {
		list, err := r.fleet.TargetHealth(ctx, arn)
		if err != nil {
			return nil, fmt.Errorf("read target health: %w", err)
		}
		for _, t := range list {
			if t.State == "healthy" {
				count[t.Instance]++
			}
		}
	}
	well := map[fleet.InstanceID]bool{}
	for id, n := range count {
		well[id] = n >= len(g.TargetGroups)
	}
	return well, nil
}

// measure counts how far the group is.
func (r *run) measure(s *sight, well map[fleet.InstanceID]bool) {
	p := Progress{Size: s.group.Desired, Best: r.data.Progress.Best, Zones: map[string]Zone{}, At: r.now}
	for _, m := range s.group.Instances {
		z := p.Zones[m.Zone]
		switch {
		case m.Lifecycle == "InService" && m.Health == "Healthy":
			p.InService, z.InService = p.InService+1, z.InService+1
			if well == nil || well[m.ID] {
				p.Ready++
			}
		case strings.HasPrefix(m.Lifecycle, "Pending"):
			p.Coming, z.Coming = p.Coming+1, z.Coming+1
		}
		p.Zones[m.Zone] = z
	}
	if p.Ready > p.Best {
		p.Best, r.data.Moved = p.Ready, r.now
	}
	r.data.Progress, r.data.Looks = p, 0
	r.resized(s)
}

// resized tells once when somebody else changes the group's size.
func (r *run) resized(s *sight) {
	size := s.group.Desired
	if size == r.plan.Order.Desired && r.data.Resized == 0 || size == r.data.Resized {
		return
	}
	if r.data.Resized = size; size != r.plan.Order.Desired {
		s.tell(card.Warning, "Somebody changed the group's size to %d; %d were approved. It is followed to %d.", size, r.plan.Order.Desired, size)
	}
}

// failures tells AWS's own words about failed launches, each sentence once and a few at most.
func (r *run) failures(ctx context.Context, s *sight) error {
	if r.data.Progress.Ready >= r.data.Progress.Size {
		return nil
	}
	list, err := r.fleet.Activities(ctx, r.plan.Want.Group, r.data.Since)
	if err != nil {
		return fmt.Errorf("read the activities of %s: %w", r.plan.Want.Group, err)
	}
	for _, a := range slices.Backward(list) { // oldest first
		if a.Status != "Failed" || a.Message == "" || len(r.data.Failures) >= mostFailures || slices.Contains(r.data.Failures, a.Message) {
			continue
		}
		r.data.Failures = append(r.data.Failures, a.Message)
		s.tell(card.Bad, "%s", say.Sentences(say.Phrase("AWS: %s", a.Message), r.elsewhere(a)))
	}
	return nil
}

// elsewhere says what comes next: the other zones go on, where there are any; a quota does not lift by itself.
func (r *run) elsewhere(a fleet.Activity) say.Safe {
	if say.Limited(a.Message) {
		return "This is a limit of the account: ask AWS for a higher one, or take back what was made"
	}
	if a.Zone == "" || len(zones(r.plan.Subnets)) < 2 || !say.Short(a.Message) {
		return say.Remedy(a.Message)
	}
	return say.Phrase("AWS goes on in the other zones, and tries %s again later", a.Zone)
}
