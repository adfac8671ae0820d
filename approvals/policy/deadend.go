package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/quorum"
)

// DeadEnd is something that a rule asks for and that its groups cannot give.
type DeadEnd struct {
	Index      int      // of the rule
	Rule       string   // its name
	Always     bool     // whoever asks; otherwise only when one of Requesters does
	Requesters []string // user ids
	Why        string   // a sentence
}

// Possible counts the people who can be found for the needs, nobody for two, leaving out one: the requester.
// Members are user ids by the handle of their group. A need for anybody is met by somebody from outside.
func Possible(needs []ledger.Need, members map[string][]string, except string) int {
	_, possible := seat(needs, members, except)
	return possible
}

// Short says why the needs cannot all be met when one is left out, or nothing when they can:
// "After leaving out the requester only 1 of 2 can be met: @owners has nobody else."
func Short(needs []ledger.Need, members map[string][]string, except string) string {
	seats, possible := seat(needs, members, except)
	wanted := ledger.Rule{Needs: needs}.Quorum()
	if possible >= wanted {
		return ""
	}
	var lacking []string
	for i, n := range needs {
		if len(n.Groups) > 0 && len(seats[i]) < n.Min {
			lacking = append(lacking, lack(n, candidates(n, members, except), except != ""))
		}
	}
	begin := "Only"
	if except != "" {
		begin = "After leaving out the requester only"
	}
	return fmt.Sprintf("%s %d of %d can be met: %s.", begin, possible, wanted, strings.Join(lacking, "; "))
}

// lack says what a need lacks.
func lack(n ledger.Need, there int, others bool) string {
	besides := ""
	switch {
	case there == 0 && others:
		return whom(n) + " has nobody else"
	case there == 0:
		return whom(n) + " has nobody"
	case others:
		besides = " else"
	}
	if there < n.Min {
		return fmt.Sprintf("%s has only %d%s where %d are needed", whom(n), there, besides, n.Min)
	}
	return fmt.Sprintf("those of %s are needed for another group too", whom(n))
}

// seat fills the needs as well as they can be filled.
func seat(needs []ledger.Need, members map[string][]string, except string) (quorum.Seats, int) {
	people := map[string][]int{}
	var order []string
	outside := 0
	for i, n := range needs {
		if len(n.Groups) == 0 {
			outside += n.Min
		}
		for _, g := range n.Groups {
			for _, user := range members[g] {
				if user == except || slices.Contains(people[user], i) {
					continue
				}
				if people[user] == nil {
					order = append(order, user)
				}
				people[user] = append(people[user], i)
			}
		}
	}
	may := make([][]int, len(order))
	for i, user := range order {
		may[i] = people[user]
	}
	seats := quorum.Fill(ledger.Rule{Needs: needs}.Places(), may)
	return seats, outside + seats.Taken()
}

// candidates counts who may meet a need.
func candidates(n ledger.Need, members map[string][]string, except string) int {
	return len(slices.DeleteFunc(everybody(n.Groups, members), func(user string) bool { return user == except }))
}

// everybody is the members of groups, each once.
func everybody(groups []string, members map[string][]string) []string {
	var all []string
	for _, g := range groups {
		all = append(all, members[g]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// DeadEnds finds what the rules ask for and can never get, and what they cannot get when one of their own members
// asks. Members are user ids by the handle of their group; a group that is not there has none.
func (p Policy) DeadEnds(members map[string][]string) []DeadEnd {
	var all []DeadEnd
	for i, r := range p.Rules {
		for _, end := range r.deadEnds(members) {
			end.Index, end.Rule = i, r.title(i)
			all = append(all, end)
		}
	}
	return all
}

func (r Rule) deadEnds(members map[string][]string) []DeadEnd {
	var all []DeadEnd
	for _, may := range []struct {
		what   string
		groups []string
	}{{"Nobody can ask for what this rule is about", r.WhoMayRequest}, {"Nobody can ask for what this rule is about", r.By}} {
		if len(may.groups) > 0 && len(everybody(may.groups, members)) == 0 {
			all = append(all, DeadEnd{Always: true, Why: fmt.Sprintf("%s: %s has nobody.", may.what, either(may.groups))})
		}
	}
	all = append(all, deadEndsOf(r.needs(), members, r.askers(members))...)
	if g := r.glass(); g != nil {
		for _, end := range deadEndsOf(g.Review, members, everybody(g.From, members)) {
			end.Why = "The review of a broken glass can never be closed. " + end.Why
			all = append(all, end)
		}
	}
	return all
}

// askers are those of whom it matters whether they ask: whoever may agree, and may ask.
func (r Rule) askers(members map[string][]string) []string {
	return slices.DeleteFunc(everybody(fromGroups(r.needs()), members), func(user string) bool {
		for _, only := range [][]string{r.WhoMayRequest, r.By} {
			if len(only) > 0 && !slices.Contains(everybody(only, members), user) {
				return true
			}
		}
		return false
	})
}

// deadEndsOf are the dead ends of some needs, when one of the askers asks.
func deadEndsOf(needs []ledger.Need, members map[string][]string, askers []string) []DeadEnd {
	if why := Short(needs, members, ""); why != "" {
		return []DeadEnd{{Always: true, Why: why}}
	}
	var all []DeadEnd
	for _, user := range askers {
		why := Short(needs, members, user)
		if why == "" {
			continue
		}
		same := slices.IndexFunc(all, func(d DeadEnd) bool { return d.Why == why })
		if same < 0 {
			all = append(all, DeadEnd{Why: why})
			same = len(all) - 1
		}
		all[same].Requesters = append(all[same].Requesters, user)
	}
	return all
}
