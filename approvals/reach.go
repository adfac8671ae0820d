package approvals

import (
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/quorum"
)

// reachable says no to a request that can never gather its votes. Needs that any member of the workspace may
// meet are left out: nobody can count those.
func (g *Gate) reachable(ctx context.Context, requester ledger.Actor, rule ledger.Rule) error {
	named := grouped(rule.Needs)
	members := map[string][]string{}
	for _, group := range (ledger.Rule{Needs: named}).Groups() {
		all, err := g.People.Members(ctx, group)
		if err != nil {
			return lookup(err, group)
		}
		members[group] = all
	}
	seats := seated(named, members, requester.User)
	total := ledger.Rule{Needs: named}.Quorum()
	if seats.Taken() == total {
		return nil
	}
	return fault.New(fault.Conflict, "This needs %s. After leaving out you, only %d of %d can be met: %s.",
		needed(rule.Needs), seats.Taken(), total, short(named, seats)).
		WithHint("Add people to %s in Slack, or change %s of the policy.", handles(ledger.Rule{Needs: named}.Groups(), "or"), rule.Name)
}

// grouped are the needs that name groups.
func grouped(needs []ledger.Need) []ledger.Need {
	var named []ledger.Need
	for _, n := range needs {
		if len(n.Groups) > 0 {
			named = append(named, n)
		}
	}
	return named
}

// seated seats as many members as can be, without one of them.
func seated(needs []ledger.Need, members map[string][]string, except string) quorum.Seats {
	may := map[string][]int{}
	var order []string
	for i, n := range needs {
		for _, group := range n.Groups {
			for _, m := range members[group] {
				if m == except {
					continue
				}
				if may[m] == nil {
					order = append(order, m)
				}
				may[m] = append(may[m], i)
			}
		}
	}
	people := make([][]int, len(order))
	for i, m := range order {
		people[i] = may[m]
	}
	return quorum.Fill(ledger.Rule{Needs: needs}.Places(), people)
}

// short says what stays open: "nobody is left for @owners", "1 of 2 is left for @sre".
func short(needs []ledger.Need, seats quorum.Seats) string {
	var all []string
	for i, n := range needs {
		switch taken := len(seats[i]); {
		case taken == n.Min:
		case taken == 0:
			all = append(all, "nobody is left for "+handles(n.Groups, "or"))
		default:
			all = append(all, fmt.Sprintf("%d of %d is left for %s", taken, n.Min, handles(n.Groups, "or")))
		}
	}
	return strings.Join(all, ", ")
}
