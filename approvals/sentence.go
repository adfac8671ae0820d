package approvals

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// settled turns what the ledger answered into what the person is told.
func (g *Gate) settled(ctx context.Context, id ledger.ID, who ledger.Actor, deed string, rec ledger.Record, err error) (ledger.Record, error) {
	if errors.Is(err, ledger.ErrNotReplicated) {
		return rec, g.unconfirmed(ctx, id) // it stands all the same
	}
	if why := g.why(ctx, id, err); why != nil {
		return g.refused(ctx, id, who, deed, why)
	}
	return rec, fmt.Errorf("%s %s: %w", deed, id, err)
}

func (g *Gate) why(ctx context.Context, id ledger.ID, err error) error {
	if _, ok := errors.AsType[*ledger.DecidedError](err); ok || errors.Is(err, ledger.ErrNotRunning) {
		if rec, err := g.Ledger.Get(ctx, id); err == nil {
			return late(rec)
		}
		return fault.New(fault.Conflict, "This was decided already.")
	}
	switch {
	case errors.Is(err, ledger.ErrExpired):
		return fault.New(fault.Conflict, "This request has expired.").WithHint("Ask again with the same command.")
	case errors.Is(err, ledger.ErrSelf):
		return fault.New(fault.Denied, "You cannot approve your own request.")
	case errors.Is(err, ledger.ErrVoted):
		return fault.New(fault.Conflict, "Your vote on this is counted already.")
	case errors.Is(err, ledger.ErrStale):
		return fault.New(fault.Conflict, "This card has changed since you opened it, so nothing was done.").
			WithHint("Look at the card again and press there.")
	case errors.Is(err, ledger.ErrDigest):
		return fault.New(fault.Conflict, "The plan is not the one on your card, so nothing was done.")
	}
	return nil
}

// late says what became of a request that can no longer be answered in that way.
func late(r ledger.Record) *fault.Fault {
	switch r.State {
	case ledger.Pending:
		return fault.New(fault.Conflict, "%s has not been approved yet.", r.Title)
	case ledger.Waiting:
		return fault.New(fault.Conflict, "%s was approved already; it waits for %s to end.", r.Title, r.Ahead)
	case ledger.Running, ledger.Stuck:
		return fault.New(fault.Conflict, "%s was approved already and is running.", r.Title)
	case ledger.Denied:
		return fault.New(fault.Conflict, "%s was denied by {user:%s}.", r.Title, r.EndedBy.User).WithHint("Ask again with the command if it is still needed.")
	case ledger.Expired:
		return fault.New(fault.Conflict, "%s has expired: it did not get its approvals in time.", r.Title).WithHint("Ask again with the same command.")
	case ledger.Withdrawn:
		return fault.New(fault.Conflict, "%s was withdrawn by {user:%s}.", r.Title, r.EndedBy.User)
	}
	return fault.New(fault.Conflict, "%s is over: %s", r.Title, ended(r))
}

func ended(r ledger.Record) string {
	if r.Outcome != "" {
		return r.Outcome
	}
	return string(r.State) + "."
}

// lookup says that nobody's rights could be checked; nothing is allowed then.
func lookup(err error, group string) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errors.Join(err, fault.New(fault.Unavailable, "Slack did not say who is in @%s, so nothing was done.", group).
		WithHint("Try again in a minute."))
}

func approvals(n int) string {
	if n == 1 {
		return "1 approval"
	}
	return fmt.Sprintf("%d approvals", n)
}

func from(r ledger.Rule) string {
	groups := r.Groups()
	if len(groups) == 0 {
		return "other members of the workspace"
	}
	return "@" + strings.Join(groups, " and @")
}
