package approvals

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// settled turns what the ledger answered into what the person is told.
func (g *Gate) settled(ctx context.Context, before ledger.Record, d deed, rec ledger.Record, err error) (ledger.Record, error) {
	if errors.Is(err, ledger.ErrNotReplicated) {
		return rec, g.unconfirmed(ctx, before.ID) // it stands all the same
	}
	if why := g.why(ctx, before, err); why != nil {
		return g.refused(ctx, before, d, why)
	}
	return rec, fmt.Errorf("%s %s: %w", d.what, before.ID, err)
}

func (g *Gate) why(ctx context.Context, before ledger.Record, err error) error {
	if _, ok := errors.AsType[*ledger.DecidedError](err); ok || errors.Is(err, ledger.ErrNotRunning) {
		if rec, err := g.Ledger.Get(ctx, before.ID); err == nil {
			return late(rec)
		}
		return fault.New(fault.Conflict, "This was decided already.")
	}
	switch {
	case errors.Is(err, ledger.ErrExpired):
		return fault.New(fault.Conflict, "This request has expired.").WithHint("Ask again with the same command.")
	case errors.Is(err, ledger.ErrSelf):
		return own(before)
	case errors.Is(err, ledger.ErrVoted):
		return counted()
	case errors.Is(err, ledger.ErrStale):
		return fault.New(fault.Conflict, "This card has changed since you opened it, so nothing was done.").
			WithHint("Look at the card again and press there.")
	case errors.Is(err, ledger.ErrDigest):
		return fault.New(fault.Conflict, "The plan is not the one on your card, so nothing was done.")
	case errors.Is(err, ledger.ErrLimit):
		return fault.New(fault.Conflict, "%s was extended %d times, and that is as often as it can be.", name(before), extensions).
			WithHint("When it expires, ask again: it is planned anew then.")
	case errors.Is(err, ledger.ErrNotNarrow):
		return wide(before)
	}
	return nil
}

// late says what became of a request that can no longer be answered in that way.
func late(r ledger.Record) *fault.Fault {
	switch r.State {
	case ledger.Pending:
		return fault.New(fault.Conflict, "%s has not been approved yet.", name(r))
	case ledger.Held:
		return fault.New(fault.Conflict, "%s was approved already and is held. %s", name(r), closed(r.Stayed))
	case ledger.Waiting:
		return fault.New(fault.Conflict, "%s was approved already; it waits for %s to end.", name(r), r.Ahead)
	case ledger.Running, ledger.Stuck:
		return fault.New(fault.Conflict, "%s was approved already and is running.", name(r))
	case ledger.Denied:
		return fault.New(fault.Conflict, "%s was denied by {user:%s}.", name(r), r.EndedBy.User).WithHint("Ask again with the command if it is still needed.")
	case ledger.Expired:
		return fault.New(fault.Conflict, "%s has expired: it did not get its approvals in time.", name(r)).WithHint("Ask again with the same command.")
	case ledger.Withdrawn:
		return fault.New(fault.Conflict, "%s was withdrawn by {user:%s}.", name(r), r.EndedBy.User)
	case ledger.Void:
		return fault.New(fault.Conflict, "%s was approved, and then the approval lost its ground: %s", name(r), ended(r)).WithHint("Press Ask again on its card.")
	}
	return fault.New(fault.Conflict, "%s is over: %s", name(r), ended(r))
}

// name is what an operation is called, with nothing in it that could pass for a mention.
func name(r ledger.Record) string { return card.Inert(r.Title) }

func ended(r ledger.Record) string {
	if r.Outcome != "" {
		return r.Outcome
	}
	return string(r.State) + "."
}

// own says no to whoever would decide on what they asked for themselves.
func own(r ledger.Record) *fault.Fault {
	if r.Kind == Review {
		return fault.New(fault.Denied, "You broke this glass, so somebody else must review it.").
			WithHint("It needs %s.", needed(r.Rule.Needs))
	}
	return fault.New(fault.Denied, "You cannot approve your own request.").WithHint("It needs %s.", needed(r.Rule.Needs))
}

// unheardOf says no to a signal that there is not: it would be stored, told to everybody, and done by nobody.
func unheardOf(signal string) *fault.Fault {
	return fault.New(fault.Invalid, "No operation knows how to %q.", card.Inert(signal)).
		WithHint("It can be asked to %s.", listed(signals(), "or"))
}

func counted() *fault.Fault {
	return fault.New(fault.Conflict, "Your vote on this is counted already.")
}

// wide says that there is nothing left to approve.
func wide(r ledger.Record) *fault.Fault {
	return fault.New(fault.Conflict, "%s was approved as a whole, so there is no rest to approve.", name(r))
}

// smaller is what was approved of something: "the canary".
func smaller(r ledger.Record) string {
	if what, _, _ := strings.Cut(card.Inert(r.Narrow), ","); what != "" {
		return what
	}
	return "a part of it"
}

// lookup says that nobody's rights could be checked; nothing is allowed then.
func lookup(err error, group string) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errors.Join(err, fault.New(fault.Unavailable, "Slack did not say who is in @%s, so nothing was done.", group).
		WithHint("Try again in a minute."))
}

// unsure says that it is not known whether somebody who voted still may; nothing is counted then.
func unsure(err error, who ledger.Actor) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errors.Join(err, fault.New(fault.Unavailable, "Slack did not say whether {user:%s}, who approved this, is still a member, so nothing was done.", who.User).
		WithHint("Try again in a minute."))
}

// unreadable says that it is not known whether something is frozen; nothing starts then.
func unreadable(err error) error {
	if _, ok := fault.As(err); ok {
		return err
	}
	return errors.Join(err, fault.New(fault.Unavailable, "It cannot be read whether this is frozen, so nothing was done.").
		WithHint("Try again in a minute."))
}

// deedOf is what somebody tried, in words that follow "You cannot".
func deedOf(name string) string {
	switch name {
	case deedNarrow:
		return "approve this"
	case deedWiden:
		return "approve the rest of this"
	case "rollback":
		return "roll this back"
	case "retry":
		return "try this again"
	case "abandon":
		return "give this up"
	}
	return name + " this"
}

// needed says who must agree: "1 approval from @sre and 2 from @owners or @leads".
func needed(needs []ledger.Need) string {
	if len(needs) == 0 {
		return "no approval"
	}
	var all []string
	for i, n := range needs {
		words := fmt.Sprint(n.Min)
		if i == 0 {
			words = approvals(n.Min)
		}
		from := "other members of the workspace"
		if len(n.Groups) > 0 {
			from = handles(n.Groups, "or")
		}
		all = append(all, words+" from "+from)
	}
	return listed(all, "and")
}

func approvals(n int) string {
	if n == 1 {
		return "1 approval"
	}
	return fmt.Sprintf("%d approvals", n)
}

// handles are groups by name: "@sre, @owners or @leads".
func handles(groups []string, last string) string {
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = "@" + g
	}
	return listed(all, last)
}

// listed joins words: "a, b and c".
func listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// mentions names a few people.
func mentions(people []string) string {
	const most = 5
	var all []string
	for _, user := range people[:min(most, len(people))] {
		all = append(all, "{user:"+user+"}")
	}
	if more := len(people) - most; more > 0 {
		all = append(all, fmt.Sprintf("%d more", more))
	}
	return listed(all, "and")
}

// closed ends words with a full stop, unless they have an end already.
func closed(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if words == "" || strings.ContainsAny(words[len(words)-1:], ".!?") {
		return words
	}
	return words + "."
}
