package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Workflow runs one kind of operation, a step of a few seconds at a time. A step may run twice (its
// checkpoint may be lost), so it must be harmless to repeat: AWS calls carry Turn.Token or look before
// they act.
//
// A fault.Fault returned by Turn ends the operation as Failed with its sentence. Any other error is retried
// with backoff, and told on the card meanwhile.
type Workflow interface {
	Turn(ctx context.Context, t Turn) (Outcome, error)
}

// Turn is one step's view of its operation.
type Turn struct {
	ledger.Turn
	part string // of a larger operation; empty: all of it
}

// Token is a client token for a call of the present step: the same for every attempt at it. 32 hex digits.
func (t Turn) Token(call string) string {
	sum := sha256.Sum256([]byte(string(t.ID) + "/" + t.part + t.At + "/" + call))
	return hex.EncodeToString(sum[:])[:32]
}

// Within is the view that another workflow has of its part in this operation: its own plan, state and step, and
// tokens that no other part has. What it decides is not written down by itself: the workflow around it keeps its
// state and step, and goes on with its own when the part comes to an end. Parts have names of their own.
func (t Turn) Within(part string, payload, data json.RawMessage, step string) Turn {
	inner := t
	inner.part = t.part + part + "/"
	inner.Payload, inner.Data, inner.At = payload, data, step
	return inner
}

// Signal returns the latest of the named signals asked since the last checkpoint.
func (t Turn) Signal(names ...string) (ledger.Signal, bool) {
	for i := len(t.Signals) - 1; i >= 0; i-- {
		for _, n := range names {
			if t.Signals[i].Name == n {
				return t.Signals[i], true
			}
		}
	}
	return ledger.Signal{}, false
}

// Outcome is what a step decided.
type Outcome struct {
	Step    string          // where to go on; empty: the same step
	Data    json.RawMessage // the workflow's state from here on; nil keeps it
	In      time.Duration   // when, counted from the end of the turn
	Until   time.Time       // when, for a deadline that stands however long the turn takes; goes before In
	Line    string          // a sentence for the thread
	Tone    string          // its card.Tone
	End     ledger.State    // set: the operation is over
	Outcome string          // with End: the sentence it ended with
}

// To goes on with another step at once.
func To(step string) Outcome { return Outcome{Step: step} }
