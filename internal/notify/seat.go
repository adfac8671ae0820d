package notify

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// foot is the small print: how far the quorum is, which operation it is, and by which rule.
func foot(r ledger.Record) []card.Text {
	var all []card.Text
	if r.State == ledger.Pending && r.Rule.Quorum() > 0 {
		all = append(all, quorum(r))
	}
	id := card.Code(string(r.ID))
	if rule := rule(r); rule != "" {
		id = card.Join(id, card.T(" · %s", rule))
	}
	return append(all, id)
}

// quorum is each seat with who took it: "Needs 2: ✅ sre @sam · ⬜ owners". Nobody is called by it: what is free
// is named in plain words, and those who sit there have spoken already.
func quorum(r ledger.Record) card.Text {
	line := card.T("Needs %d: ", r.Rule.Quorum())
	if r.Kind == review {
		line = card.T("Needs a second look: ")
	}
	approvers, seats := r.Approvers(), r.Seats()
	first := true
	put := func(t card.Text) {
		if !first {
			line = append(line, card.Part{Plain: " · "})
		}
		line, first = card.Join(line, t), false
	}
	for i, need := range r.Rule.Needs {
		for _, p := range seats[i] {
			mark := "✅"
			if approvers[p].Narrow {
				mark = "✂️"
			}
			put(card.Join(card.T("%s %s ", mark, from(need)), card.User(approvers[p].Actor.User)))
		}
		switch free := need.Min - len(seats[i]); {
		case free == 1:
			put(card.T("⬜ %s", from(need)))
		case free > 1:
			put(card.T("⬜ %d × %s", free, from(need)))
		}
	}
	return line
}

// from are the groups of a need in a word or two.
func from(n ledger.Need) string {
	if len(n.Groups) == 0 {
		return "anyone"
	}
	return strings.Join(n.Groups, " or ")
}

// wanted is what is still needed, in words: "1 approval from @sre and 2 approvals from @owners or @leads".
func wanted(needs []ledger.Need, what string) string {
	words := make([]string, len(needs))
	for i, n := range needs {
		words[i] = count(n.Min, what)
		if len(n.Groups) > 0 {
			words[i] += " from @" + strings.Join(n.Groups, " or @")
		}
	}
	return strings.Join(words, " and ")
}

// approval is what people give by their vote.
func approval(r ledger.Record) string {
	if r.Kind == review {
		return "review"
	}
	return "approval"
}

// fingerprint is how much of the policy's hash is shown.
const fingerprint = 8

// rule is the rule that was applied, the policy it stands in, and why it and no other.
func rule(r ledger.Record) string {
	if r.Rule.Name == "" {
		return ""
	}
	s := "rule \"" + r.Rule.Name + "\""
	if r.Rule.Policy != "" {
		s += ", policy " + r.Rule.Policy[:min(len(r.Rule.Policy), fingerprint)]
	}
	if r.Rule.Why != "" {
		s += ": " + r.Rule.Why
	}
	if r.Rule.Quorum() == 0 && r.BreakGlass == "" {
		return fmt.Sprintf("no approval needed (%s)", strings.TrimSuffix(s, "."))
	}
	return s
}
