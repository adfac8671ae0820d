package policy

import (
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Past is a request as it was judged in its day.
type Past struct {
	ID      string
	At      time.Time
	What    string      // in a few words, for people
	Facts   Facts       // what it was judged by
	Rule    ledger.Rule // the rule of its day; of a broken glass with the needs that were skipped
	Refused string      // why the policy refused it; empty: it did not
}

// Difference is a request that would be judged otherwise now.
type Difference struct {
	Past     Past
	Was, Now string // "needs 1 of @sre (rule \"a\")"
	Why      string // the reasons of now
}

// Replay judges past requests again and returns those of which something else would become: another outcome, or
// other people who must agree. That another rule says the same is no difference.
func Replay(past []Past, p Policy) []Difference {
	var all []Difference
	for _, old := range past {
		v := p.Judge(old.Facts)
		was := Verdict{Rule: old.Rule, Refused: old.Refused}
		if was.outcome() == v.outcome() && (v.Refused != "" || sameNeeds(old.Rule.Needs, v.Rule.Needs) || undone(old, v.Rule)) {
			continue
		}
		all = append(all, Difference{Past: old, Was: was.sentence(), Now: v.sentence(), Why: v.Rule.Why})
	}
	return all
}

// undone reports whether the needs of then are those of the rule of now for one who takes something back: one of
// whoever it names.
func undone(old Past, now ledger.Rule) bool {
	return old.Facts.Undo && sameNeeds(old.Rule.Needs, []ledger.Need{{Groups: now.Groups(), Min: 1}})
}

// sentence is the verdict in a few words.
func (v Verdict) sentence() string {
	rule := ""
	if v.Rule.Name != "" {
		rule = fmt.Sprintf(" (rule %q)", v.Rule.Name)
	}
	switch v.outcome() {
	case "refused":
		return "refused: " + v.Refused + rule
	case "starts":
		return "starts at once" + rule
	}
	return "needs " + Describe(v.Rule.Needs) + rule
}
