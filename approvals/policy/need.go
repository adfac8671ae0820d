package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Describe says needs as people do: "1 of @sre and 2 of @owners or @leads"; "nobody" for none.
func Describe(needs []ledger.Need) string {
	if len(needs) == 0 {
		return "nobody"
	}
	parts := make([]string, len(needs))
	for i, n := range needs {
		parts[i] = fmt.Sprintf("%d of %s", n.Min, whom(n))
	}
	return strings.Join(parts, " and ")
}

// whom names those who can meet a need.
func whom(n ledger.Need) string {
	if len(n.Groups) == 0 {
		return "anybody"
	}
	return either(n.Groups)
}

// sameNeeds reports whether two lists ask for the same people, in whatever order.
func sameNeeds(a, b []ledger.Need) bool {
	return slices.Equal(tally(a), tally(b))
}

// tally is one line for each person who is asked for, in order: {sre, 2} is the same as {sre, 1} twice.
func tally(needs []ledger.Need) []string {
	var all []string
	for _, n := range needs {
		for range n.Min {
			all = append(all, strings.Join(set(n.Groups), " "))
		}
	}
	slices.Sort(all)
	return all
}
