package freeze

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// The bounds of a freeze.
const (
	Shortest = time.Minute
	Longest  = 30 * 24 * time.Hour

	longestReason = 500 // characters
	longestTarget = 255
)

// Wish is what somebody asks to be frozen: an environment, a target in every environment, or a target in one.
type Wish struct {
	Environment string
	Target      string // a name, or a pattern such as "web*"
	For         time.Duration
	Reason      string
}

// Plan is a freeze that may be asked for. It counts from when it begins, not from when it was asked for.
type Plan struct {
	Environment string        `json:"environment,omitempty"`
	Target      string        `json:"target,omitempty"`
	For         time.Duration `json:"for"`
	Reason      string        `json:"reason"`
	Asked       time.Time     `json:"asked"` // to some minutes: what is asked for later is another freeze
}

// New makes a plan of a wish, or says what is wrong with it. now is when it is asked for.
func New(w Wish, now time.Time) (Plan, error) {
	p := Plan{
		Environment: strings.TrimSpace(w.Environment), Target: strings.TrimSpace(w.Target),
		For: w.For, Reason: strings.Join(strings.Fields(w.Reason), " "), Asked: now.UTC().Truncate(5 * time.Minute),
	}
	if err := p.check(); err != nil {
		return Plan{}, err
	}
	return p, nil
}

func (p Plan) check() error {
	const example = "Write it like `/amiral freeze production --for 4h --reason \"database move\"`."
	switch {
	case p.Environment == "" && p.Target == "":
		return fault.New(fault.Invalid, "A freeze needs to know what to freeze.").WithHint(example)
	case p.Reason == "":
		return fault.New(fault.Invalid, "A freeze needs a reason: whoever is kept waiting reads it.").WithHint(example)
	case utf8.RuneCountInString(p.Reason) > longestReason:
		return fault.New(fault.Invalid, "The reason is longer than %d characters.", longestReason).WithHint("Say it shorter.")
	case p.For < Shortest || p.For > Longest:
		return fault.New(fault.Invalid, "A freeze lasts between %s and %s.", span(Shortest), span(Longest)).WithHint(example)
	case len(p.Target) > longestTarget:
		return fault.New(fault.Invalid, "No target has a name of more than %d characters.", longestTarget)
	}
	if _, err := path.Match(p.Target, ""); err != nil {
		return fault.New(fault.Invalid, "`%s` is not a pattern.", card.Inert(p.Target)).WithHint("* and ? and [a-z] are understood.")
	}
	return nil
}

// PlanOf reads the plan out of an operation.
func PlanOf(r ledger.Record) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		return p, fault.New(fault.Invalid, "The plan of %s cannot be read.", r.ID)
	}
	return p, nil
}

// Payload is the plan as an operation carries it.
func (p Plan) Payload() (json.RawMessage, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the plan of a freeze: %w", err)
	}
	return body, nil
}

// Again is the wish that the plan was made of.
func (p Plan) Again() Wish {
	return Wish{Environment: p.Environment, Target: p.Target, For: p.For, Reason: p.Reason}
}

// What names what is frozen: "production", "web* in production", "web* in every environment".
func (p Plan) What() string { return what(p.Environment, p.Target) }

// Title says it in a few words: "Freeze production for 4h".
func (p Plan) Title() string { return "Freeze " + p.What() + " for " + span(p.For) }

// Impact says what it means for everybody else.
func (p Plan) Impact() string {
	return "nothing starts in " + p.What() + " for " + span(p.For) + ", unless the glass is broken; what runs goes on"
}

// Digest is a fingerprint of what is material: the same for two people who have one thought at one time.
func (p Plan) Digest() string {
	h := sha256.New()
	for _, part := range []string{p.Environment, p.Target, p.For.String(), p.Asked.Format(time.RFC3339)} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// span is a duration as people type it: "4h", "1h30m", "2d".
func span(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := d / unit.size; n > 0 {
			_, _ = fmt.Fprintf(&b, "%d%s", n, unit.name)
			d -= n * unit.size
		}
	}
	return b.String()
}
