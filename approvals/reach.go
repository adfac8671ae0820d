package approvals

import (
	"context"
	"strings"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// reachable says no to a request that can never gather its votes.
func (g *Gate) reachable(ctx context.Context, requester ledger.Actor, rule ledger.Rule) error {
	members := map[string][]string{}
	for _, group := range rule.Groups() {
		all, err := g.People.Members(ctx, group)
		if err != nil {
			return lookup(err, group)
		}
		members[group] = all
	}
	short := policy.Short(rule.Needs, members, requester.User)
	if short == "" {
		return nil
	}
	return fault.New(fault.Conflict, "This needs %s. %s", needed(rule.Needs), strings.Replace(short, "the requester", "you,", 1)).
		WithHint("Add people to %s in Slack, or change %s of the policy.", handles(rule.Groups(), "or"), rule.Name)
}
