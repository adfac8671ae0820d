package approvals

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// The deeds that are not signals.
const (
	deedApprove = "approve"
	deedNarrow  = "approve_narrow"
	deedDeny    = "deny"
	deedWiden   = "widen"
	deedExtend  = "extend"
	deedTake    = "withdraw"
)

// May says, with a fault that names the missing right and who has it, why somebody may not do something with
// an operation as it stands: approve, approve_narrow, deny, withdraw, extend, widen, or a signal's name. It
// changes nothing. Nil: they may.
func (g *Gate) May(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error {
	if err := timely(r, deed); err != nil {
		return err
	}
	if deed == deedApprove || deed == deedNarrow {
		return g.mayApprove(ctx, r, who, deed)
	}
	return g.right(ctx, r, who, deed)
}

// mayApprove: once, and again when the needs that somebody may fill have changed since.
func (g *Gate) mayApprove(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error {
	fills, err := g.seat(ctx, r, who, deed)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Votes, func(v ledger.Vote) bool { return v.Actor.User == who.User })
	if i >= 0 && slices.Equal(r.Votes[i].Fills, fills) {
		return counted()
	}
	return nil
}

// timely says why an operation cannot take a deed as it stands, whoever does it.
func timely(r ledger.Record, deed string) error {
	switch deed {
	case deedApprove, deedNarrow, deedDeny, deedExtend:
		if r.State != ledger.Pending {
			return late(r)
		}
	case deedTake:
		if r.State != ledger.Pending && r.State != ledger.Waiting && r.State != ledger.Held {
			return late(r)
		}
	case deedWiden:
		if r.State == ledger.Pending || r.State.Final() {
			return late(r)
		}
		if !r.Narrowed {
			return wide(r)
		}
	default:
		return answers(r, deed)
	}
	return nil
}

// answers says why an operation does not answer to a signal as it stands.
func answers(r ledger.Record, signal string) error {
	switch {
	case !slices.Contains(signals(), signal):
		return unheardOf(signal)
	case r.State != ledger.Running && r.State != ledger.Stuck:
		return late(r)
	case signal == "abandon" && r.State != ledger.Stuck:
		return fault.New(fault.Conflict, "%s is not stuck.", name(r)).
			WithHint("Cancel it instead: then what runs at AWS is stopped too.")
	case signal == "continue" && r.Narrowed:
		return fault.New(fault.Conflict, "Only %s was approved.", smaller(r)).WithHint("Approve the rest first.")
	}
	return nil
}

// right says why somebody may not do that, whenever it is.
func (g *Gate) right(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error {
	switch deed {
	case deedApprove, deedNarrow, deedWiden:
		_, err := g.seat(ctx, r, who, deed)
		return err
	case deedDeny:
		return g.mayDeny(ctx, r, who)
	case deedTake:
		return g.mayWithdraw(ctx, r, who)
	case deedExtend:
		return g.mayExtend(ctx, r, who)
	}
	return g.maySignal(ctx, r, who, deed)
}

// seat is which needs somebody may fill, or why they may fill none.
func (g *Gate) seat(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) ([]int, error) {
	if deed == deedNarrow && r.Narrow == "" {
		return nil, fault.New(fault.Invalid, "There is no smaller part of %s that could be approved by itself.", name(r)).
			WithHint("Approve it as a whole, or deny it.")
	}
	if who.User == r.Requester.User {
		return nil, own(r)
	}
	fills, err := g.fills(ctx, who, r.Rule.Needs)
	if err != nil {
		return nil, err
	}
	if len(fills) == 0 {
		return nil, g.missing(ctx, r, deed, r.Rule.Groups())
	}
	return fills, nil
}

func (g *Gate) mayDeny(ctx context.Context, r ledger.Record, who ledger.Actor) error {
	if who.User == r.Requester.User {
		if r.Kind == Review {
			return own(r)
		}
		return fault.New(fault.Denied, "This is your own request.").WithHint("To take it back, press Withdraw.")
	}
	return g.among(ctx, r, who, deedDeny, r.Rule.Needs, r.Rule.Deny)
}

// mayWithdraw: its requester may at any time. Once it is approved and has not started, it can be denied no more, so
// that whoever might stop it when it runs may withdraw it.
func (g *Gate) mayWithdraw(ctx context.Context, r ledger.Record, who ledger.Actor) error {
	if r.Kind == Review {
		return fault.New(fault.Denied, "A review cannot be withdrawn.").WithHint("Somebody else has to look at what was done, and to close it.")
	}
	if who == r.Requester {
		return nil
	}
	if r.State != ledger.Pending {
		return g.maySignal(ctx, r, who, deedTake)
	}
	return fault.New(fault.Denied, "Only {user:%s}, who asked for it, can withdraw this.", r.Requester.User).
		WithHint("Those who may approve it can deny it.")
}

func (g *Gate) mayExtend(ctx context.Context, r ledger.Record, who ledger.Actor) error {
	if r.Kind == Review {
		return fault.New(fault.Denied, "A review has all the time it needs.").WithHint("Close it when you have looked at what was done.")
	}
	if who == r.Requester {
		return nil
	}
	in, err := g.inAny(ctx, who, r.Rule.Extend)
	if err != nil || in {
		return err
	}
	if len(r.Rule.Extend) > 0 {
		return fault.New(fault.Denied, "Only {user:%s}, who asked for it, and members of %s can extend this.", r.Requester.User, handles(r.Rule.Extend, "or")).
			WithHint("%s", g.can(ctx, r, r.Rule.Extend))
	}
	return fault.New(fault.Denied, "Only {user:%s}, who asked for it, can extend this.", r.Requester.User)
}

// maySignal: its requester may bear on what runs, and whoever may approve it or may cancel by the rule. Of what
// ran without approvals, those who were skipped may.
func (g *Gate) maySignal(ctx context.Context, r ledger.Record, who ledger.Actor, name string) error {
	if who == r.Requester {
		return nil
	}
	needs := slices.Concat(r.Rule.Needs, r.Skipped)
	if len(needs) == 0 && len(r.Rule.Cancel) == 0 {
		return nil // whoever may start it may stop it
	}
	return g.among(ctx, r, who, name, needs, r.Rule.Cancel)
}

// among says no to whoever can fill none of the needs and is in none of the other groups.
func (g *Gate) among(ctx context.Context, r ledger.Record, who ledger.Actor, deed string, needs []ledger.Need, others []string) error {
	fills, err := g.fills(ctx, who, needs)
	if err != nil || len(fills) > 0 {
		return err
	}
	in, err := g.inAny(ctx, who, others)
	if err != nil || in {
		return err
	}
	groups := ledger.Rule{Needs: needs}.Groups()
	for _, group := range others {
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return g.missing(ctx, r, deed, groups)
}

// fills are the needs that somebody may fill, by number, as Slack knows the groups now.
func (g *Gate) fills(ctx context.Context, who ledger.Actor, needs []ledger.Need) ([]int, error) {
	var all []int
	for i, n := range needs {
		in, err := g.inAny(ctx, who, n.Groups)
		if err != nil {
			return nil, err
		}
		if in || len(n.Groups) == 0 {
			all = append(all, i)
		}
	}
	return all, nil
}

func (g *Gate) inAny(ctx context.Context, who ledger.Actor, groups []string) (bool, error) {
	for _, group := range groups {
		in, err := g.People.InGroup(ctx, who, group)
		if err != nil {
			return false, lookup(err, group)
		}
		if in {
			return true, nil
		}
	}
	return false, nil
}

// missing names the right that somebody lacks, and who has it.
func (g *Gate) missing(ctx context.Context, r ledger.Record, deed string, groups []string) error {
	if len(groups) == 1 {
		return fault.New(fault.Denied, "You cannot %s: you are not in @%s.", deedOf(deed), groups[0]).WithHint("%s", g.can(ctx, r, groups))
	}
	return fault.New(fault.Denied, "You cannot %s: you are in none of %s.", deedOf(deed), handles(groups, "and")).WithHint("%s", g.can(ctx, r, groups))
}

// can names those who have a right, a few of them. A group that cannot be read now is named all the same.
func (g *Gate) can(ctx context.Context, r ledger.Record, groups []string) string {
	var people []string
	for _, group := range groups {
		members, err := g.People.Members(ctx, group)
		if err != nil {
			continue
		}
		for _, m := range members {
			if m != r.Requester.User && !slices.Contains(people, m) {
				people = append(people, m)
			}
		}
	}
	if len(people) == 0 {
		return "The members of " + handles(groups, "or") + " can."
	}
	return "The members of " + handles(groups, "or") + " can: " + mentions(people) + "."
}
