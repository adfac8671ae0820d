package freeze

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Kind is the kind of operation that a freeze is.
const Kind = "freeze"

// Freeze is one that is in force.
type Freeze struct {
	ID          ledger.ID    `json:"id"`
	Environment string       `json:"environment,omitempty"` // empty: every one
	Target      string       `json:"target,omitempty"`      // a name or a pattern such as "web*"; empty: everything
	Until       time.Time    `json:"until"`
	By          ledger.Actor `json:"by"`
	Reason      string       `json:"reason"`
}

// Covers reports whether it keeps that target from being worked on at that time.
func (f Freeze) Covers(environment, target string, now time.Time) bool {
	return now.Before(f.Until) && (f.Environment == "" || f.Environment == environment) && f.aims(target)
}

// aims reports whether the target is meant. A pattern that cannot be read means everything: what should be
// frozen must not start because of a slip. Names are no paths: * and ? match slashes like any other rune, so
// path.Match is shown one instead that no name holds. Of an operation on several targets, named with commas between
// them, every one is looked at.
func (f Freeze) aims(target string) bool {
	if f.Target == "" || f.Target == target {
		return true
	}
	if strings.Contains(target, ",") && slices.ContainsFunc(strings.Split(target, ","), f.aims) {
		return true
	}
	const slash = "\x00"
	hit, err := path.Match(strings.ReplaceAll(f.Target, "/", slash), strings.ReplaceAll(target, "/", slash))
	return hit || err != nil
}

// What names what is frozen: "production", "web* in production", "web* in every environment".
func (f Freeze) What() string { return what(f.Environment, f.Target) }

// Why is the sentence for whatever it keeps waiting, to be drawn by card.Expand.
func (f Freeze) Why() string {
	return fmt.Sprintf("%s is frozen until %s by %s: %s", card.Inert(f.What()), when(f.Until), by(f.By), closed(card.Inert(f.Reason)))
}

// Over finds the freeze that keeps a target from being worked on: of several, the one that ends last.
func Over(all []Freeze, environment, target string, now time.Time) (Freeze, bool) {
	var last Freeze
	for _, f := range all {
		if f.Covers(environment, target, now) && (f.Until.After(last.Until) || f.Until.Equal(last.Until) && f.ID > last.ID) {
			last = f
		}
	}
	return last, !last.Until.IsZero()
}

func what(environment, target string) string {
	switch {
	case environment == "" && target == "":
		return "everything"
	case environment == "":
		return target + " in every environment"
	case target == "":
		return environment
	}
	return target + " in " + environment
}

// when is a time in a stored sentence.
func when(t time.Time) string { return fmt.Sprintf("{when:%d}", t.UnixMilli()) }

// by names a person in a stored sentence.
func by(who ledger.Actor) string {
	if who.User == "" {
		return "somebody"
	}
	return "{user:" + card.Inert(who.User) + "}"
}

// closed ends words with a full stop, unless they have an end already.
func closed(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if words == "" || strings.ContainsAny(words[len(words)-1:], ".!?") {
		return words
	}
	return words + "."
}
