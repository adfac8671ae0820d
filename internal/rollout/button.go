package rollout

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// buttons are what people can do with the operation as it stands.
func (s scene) buttons() []card.Button {
	switch {
	case s.rec.State == ledger.Stuck:
		return []card.Button{s.button("retry", "Try again", card.Primary, ""), s.cancel()}
	case s.rec.State == ledger.Running:
		return s.choices()
	case s.rec.State.Final():
		if _, ok := Previous(s.rec); ok {
			return []card.Button{s.button("rollback_new", "Roll back…", card.Default, "")}
		}
	}
	return nil
}

func (s scene) choices() []card.Button {
	if s.data.Stopping == stepPromote || s.data.Stopping == "" && !s.leaving() {
		switch s.rec.At {
		case stepCheck, stepVersion, stepProve, stepStart:
			return s.early()
		case stepFollow, stepPause, stepResume:
			return append([]card.Button{s.button("pause", "Pause", card.Default, "")}, s.stops()...)
		case stepPaused:
			return append([]card.Button{s.button("resume", "Resume", card.Primary, "")}, s.stops()...)
		case stepAsk:
			return append(s.onward(), s.stops()...)
		case stepPromote:
			return s.stops()
		}
	}
	return nil
}

// onward goes on after the canary. As long as no more than the canary is approved there is no such button: whoever
// draws the card offers to approve the rest, as for every operation that is approved in part.
func (s scene) onward() []card.Button {
	if s.rec.Narrowed {
		return nil
	}
	return []card.Button{s.button("continue", "Continue", card.Primary, fmt.Sprintf("The remaining instances of %s are replaced.", s.plan.Group))}
}

// leaving reports whether AWS is cancelling or rolling back already.
func (s scene) leaving() bool {
	return s.data.Phase == Sweep || s.data.Progress.Status == "Cancelling" || strings.HasPrefix(s.data.Progress.Status, "Rollback")
}

// early are the choices before anything was replaced.
func (s scene) early() []card.Button {
	if s.data.Held {
		return []card.Button{s.button("resume", "Resume", card.Primary, ""), s.cancel()}
	}
	return []card.Button{s.button("pause", "Pause", card.Default, ""), s.cancel()}
}

// stops are the two ways of ending it early. A roll back is offered only where AWS can do it.
func (s scene) stops() []card.Button {
	if !s.plan.Reversible || s.data.Stubborn != "" {
		return []card.Button{s.cancel()}
	}
	back := s.button("rollback", "Roll back", card.Danger,
		fmt.Sprintf("Every instance of %s that was replaced goes back to version %d.", s.plan.Group, s.plan.From.Version))
	return []card.Button{s.cancel(), back}
}

func (s scene) cancel() card.Button {
	return s.button("cancel", "Cancel", card.Default,
		fmt.Sprintf("%s stops where it is: instances replaced so far stay on the new version.", s.plan.Group))
}

func (s scene) button(action, label string, style card.Style, question string) card.Button {
	b := card.Button{Action: action, ID: string(s.rec.ID), Version: s.rec.Version, Label: label, Style: style}
	if question != "" {
		b.Confirm = &card.Confirm{Title: strings.TrimSuffix(label, "…") + "?", Text: question, Yes: label, No: "No"}
	}
	return b
}
