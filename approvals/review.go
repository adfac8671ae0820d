package approvals

import (
	"context"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// stepClose is the only step of a review.
const stepClose = "close"

// Reviews is the workflow of a review: the votes are all there is to it, so that it ends when they are in.
type Reviews struct{}

// Turn ends the review with what the reviewers wrote.
func (Reviews) Turn(_ context.Context, t engine.Turn) (engine.Outcome, error) {
	var all []string
	for _, v := range t.Votes {
		if v.Choice != deedApprove {
			continue
		}
		all = append(all, sentence("Reviewed by {user:"+card.Inert(v.Actor.User)+"}", v.Reason))
	}
	return engine.Outcome{End: ledger.Succeeded, Outcome: strings.Join(all, " ")}, nil
}

// sentence is words with what somebody wrote behind them.
func sentence(words, note string) string {
	if note = closed(card.Inert(note)); note == "" {
		return words + "."
	}
	return words + ": " + note
}
