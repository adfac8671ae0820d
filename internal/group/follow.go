package group

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

// patience is how long nothing may get better until it is told that it does not.
const patience = 20 * time.Minute

// follow looks whether it is so by now.
func (r *run) follow(ctx context.Context) (engine.Outcome, error) {
	g, err := r.group(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	var line say.Safe
	if s, asked := r.turn.Signal("cancel", "rollback"); asked {
		if r.plan.Want.Kind == Scale {
			r.data.By = s.By
			return engine.Outcome{Step: stepUndo}, nil
		}
		line = "AWS was asked for it already, so it is followed to its end."
	}
	if _, asked := r.turn.Signal("pause", "resume"); asked {
		line = "It cannot be paused: AWS was asked for it already, so it is followed to its end."
	}
	r.count(g)
	if over, out := r.over(g); over {
		return out, nil
	}
	failed, err := r.failures(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if r.now.Sub(r.data.Moved) > patience {
		return r.stalled(g), nil
	}
	return engine.Outcome{In: r.poll, Line: string(say.Sentences(line, failed)), Tone: string(card.Warning)}, nil
}

// settling is how long AWS may go on showing a group as it was.
const settling = time.Minute

// over reports whether there is nothing left to wait for: it is so, or somebody else wants something else by now.
func (r *run) over(g fleet.Group) (bool, engine.Outcome) {
	if r.done(g) {
		return true, end(ledger.Succeeded, "%s", r.told(g))
	}
	size := sizeOf(g)
	stale := size == r.plan.From && r.now.Sub(r.data.Moved) < settling
	if r.plan.Want.Kind == Scale && size != r.plan.To && !stale {
		out := end(ledger.Succeeded, "%s was given the size %s; since then somebody else has given it %s, which is left so.", g.Name, r.plan.To.String(), size.String())
		out.Tone = string(card.Warning)
		return true, out
	}
	if r.plan.Want.Kind != Replace {
		for _, id := range r.plan.Want.Instances {
			if !slices.ContainsFunc(g.Instances, func(m fleet.Member) bool { return m.ID == id }) {
				return true, end(ledger.Failed, "%s has left %s meanwhile. `/asg activity %s` tells why.", id, g.Name, g.Name)
			}
		}
	}
	return false, engine.Outcome{}
}

// count notes how far it is.
func (r *run) count(g fleet.Group) {
	n := serving(g)
	if r.plan.Want.Kind == Replace {
		n = others(g, r.plan.Want.Instances)
	}
	there := present(g)
	if n != r.data.Serving || there != r.data.Present {
		r.data.Moved = r.now
	}
	r.data.Serving, r.data.Present, r.data.Total = n, there, g.Desired
}

// done reports whether the group stands as it should.
func (r *run) done(g fleet.Group) bool {
	w := r.plan.Want
	switch w.Kind {
	case Scale:
		return sizeOf(g) == r.plan.To && r.data.Serving == g.Desired && r.data.Present == g.Desired
	case Attach:
		return launches(g, r.plan.New)
	case Processes:
		return suspended(g, w.Names, w.On)
	case Protect:
		return everyMember(g, w.Instances, protectedIs(w.On))
	case Standby:
		return everyMember(g, w.Instances, lifecycleIs(standbyState(w.On))) && (!w.Refill || r.data.Serving >= g.Desired)
	}
	return len(without(g, w.Instances)) == len(g.Instances) && r.data.Serving >= g.Desired
}

// present counts the instances that are there to stay, those in standby left out.
func present(g fleet.Group) int {
	n := 0
	for _, m := range g.Instances {
		if m.Lifecycle != "Standby" && m.Lifecycle != "EnteringStandby" {
			n++
		}
	}
	return n
}

func (r *run) told(g fleet.Group) say.Safe {
	w := r.plan.Want
	switch w.Kind {
	case Scale:
		return say.Phrase("%s has %s in service, between %d and %d.", g.Name, say.Plural(r.data.Serving, "instance"), g.Min, g.Max)
	case Attach:
		return say.Phrase("%s launches from %s (%s) from now on.", g.Name, r.plan.New.String(), r.plan.New.Image)
	case Processes:
		return say.Phrase("%s %s on %s.", strings.Join(w.Names, ", "), restWords(len(w.Names), w.On), g.Name)
	case Protect:
		words := map[bool]string{true: "protected from scale in", false: "no longer protected from scale in"}[w.On]
		return say.Phrase("%s: %s.", r.plan.names(), words)
	case Standby:
		return say.Phrase("%s: %s; %s wants %s.", r.plan.names(), standbyState(w.On), g.Name, say.Plural(g.Desired, "instance"))
	}
	return say.Phrase("%s replaced; %s has %s in service.", r.plan.names(), g.Name, say.Plural(r.data.Serving, "instance"))
}

// failures tells AWS's own words about launches that failed, each once.
func (r *run) failures(ctx context.Context) (say.Safe, error) {
	activities, err := r.fleet.Activities(ctx, r.plan.Want.Group, r.data.Since)
	if err != nil {
		return "", fmt.Errorf("read the activities of %s: %w", r.plan.Want.Group, err)
	}
	var fresh []say.Safe
	for _, a := range activities {
		words := cut(a.Message, mostWords)
		if a.Status != "Failed" || words == "" || slices.Contains(r.data.Failures, words) || a.Started.Before(r.data.Since) {
			continue
		}
		if len(r.data.Failures) == mostFailures {
			break
		}
		r.data.Failures = append(r.data.Failures, words)
		fresh = append(fresh, say.Quote(words), say.Remedy(words))
	}
	return say.Sentences(fresh...), nil
}

const (
	mostFailures = 12  // different words of AWS that are kept
	mostWords    = 600 // characters of each
)

// cut shortens words to at most so many characters.
func cut(words string, most int) string {
	letters := []rune(words)
	if len(letters) <= most {
		return words
	}
	return string(letters[:most-1]) + "…"
}

// stalled ends what has not got on for long. That something is slow to leave is no failure.
func (r *run) stalled(g fleet.Group) engine.Outcome {
	if r.plan.Want.Kind == Scale && r.data.Serving >= g.Desired {
		return end(ledger.Succeeded, "%s has %s in service; %s still on the way out, perhaps held by a lifecycle hook.",
			g.Name, say.Plural(r.data.Serving, "instance"), say.Plural(r.data.Present-g.Desired, "instance"))
	}
	return end(ledger.Failed, "%s", r.stuck())
}

func (r *run) stuck() say.Safe {
	words := say.Phrase("%d of %d are in service, and nothing has changed for %s", r.data.Serving, r.data.Total, card.Span(patience))
	var last say.Safe
	if n := len(r.data.Failures); n > 0 {
		last = say.Sentences(say.Quote(r.data.Failures[n-1]), say.Remedy(r.data.Failures[n-1]))
	}
	next := say.Phrase("The group goes on trying; `/asg activity %s` shows what it does", r.plan.Want.Group)
	if r.plan.Want.Kind == Scale {
		next = say.Sentences(next, say.Phrase("`/asg scale %s %d --min %d --max %d` puts the size back", r.plan.Want.Group, r.plan.From.Desired, r.plan.From.Min, r.plan.From.Max))
	}
	return say.Sentences(words, last, next)
}

// undo puts the size back.
func (r *run) undo(ctx context.Context) (engine.Outcome, error) {
	g, err := r.group(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	if err := r.resize(ctx, g, r.plan.To, r.plan.From); err != nil {
		return engine.Outcome{}, say.Refusal(err, "put the size of "+string(g.Name)+" back")
	}
	return end(ledger.Undone, "%s wants %s again%s.", g.Name, say.Plural(r.plan.From.Desired, "instance"), say.By(r.data.By)), nil
}
