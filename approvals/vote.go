package approvals

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// deed is what the ballot does, as May knows it.
func (b Ballot) deed() string {
	if b.Choice == deedApprove && b.Narrow {
		return deedNarrow
	}
	return b.Choice
}

// Vote counts one person's word for or against. Who may vote is read from Slack at that moment, for whoever
// voted before too: those who left a group since then count no more; back in it, they may approve again. When that
// cannot be read, nothing is counted.
func (g *Gate) Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, b Ballot) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	d := deed{what: b.deed(), who: who, reason: b.Reason, via: b.Via}
	v, o, err := g.ballot(ctx, rec, who, b)
	if err != nil {
		return g.refused(ctx, rec, d, err)
	}
	o.Along = disarmed(rec, d)
	voted, err := g.Ledger.Vote(ctx, id, version, v, rec.Digest, o)
	if err == nil {
		return voted, nil
	}
	return g.settled(ctx, rec, d, voted, err)
}

// ballot is a ballot as the ledger counts it.
func (g *Gate) ballot(ctx context.Context, rec ledger.Record, who ledger.Actor, b Ballot) (ledger.Vote, ledger.VoteOptions, error) {
	v := ledger.Vote{Actor: who, Choice: b.Choice, Narrow: b.Narrow, Reason: b.Reason, Via: b.Via}
	var o ledger.VoteOptions
	if err := timely(rec, b.deed()); err != nil {
		return v, o, err
	}
	switch b.Choice {
	case deedDeny:
		if err := g.mayDeny(ctx, rec, who); err != nil {
			return v, o, err
		}
		return v, o, worded(rec, b)
	case deedApprove:
		var err error
		if v.Fills, err = g.seat(ctx, rec, who, b.deed()); err != nil {
			return v, o, err
		}
		if err := worded(rec, b); err != nil {
			return v, o, err
		}
		if o.Fills, err = g.earlier(ctx, rec, who); err != nil {
			return v, o, err
		}
		if o.Stay, err = g.stay(ctx, rec.Proposal); err != nil {
			return v, o, unreadable(err)
		}
		return v, o, nil
	}
	return v, o, fmt.Errorf("a vote to %q", b.Choice)
}

// longestReason is how long the words of a ballot may be, in characters: everybody in the thread reads them.
const longestReason = 500

// worded says no to a ballot that lacks its words, or has too many: a denial is answered by its reason, a review is
// its note.
func worded(rec ledger.Record, b Ballot) error {
	words := strings.TrimSpace(b.Reason)
	switch {
	case utf8.RuneCountInString(words) > longestReason:
		return fault.New(fault.Invalid, "The reason is longer than %d characters.", longestReason).WithHint("Say it shorter.")
	case words != "":
		return nil
	case b.Choice == deedDeny:
		return fault.New(fault.Invalid, "A denial needs a reason, so that {user:%s} knows what to change.", rec.Requester.User)
	case rec.Kind == Review:
		return fault.New(fault.Invalid, "A review needs a note: what you looked at, and what you found.")
	}
	return nil
}

// Widen approves what was left out when something was approved narrowly; when enough have, it goes on.
func (g *Gate) Widen(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	d := deed{what: deedWiden, who: who}
	v, o, err := g.rest(ctx, rec, who)
	if err != nil {
		return g.refused(ctx, rec, d, err)
	}
	widened, err := g.Ledger.Widen(ctx, id, version, v, o)
	if err == nil {
		return widened, nil
	}
	return g.settled(ctx, rec, d, widened, err)
}

// rest is the vote for what was left out.
func (g *Gate) rest(ctx context.Context, rec ledger.Record, who ledger.Actor) (v ledger.Vote, o ledger.VoteOptions, err error) {
	v = ledger.Vote{Actor: who, Choice: deedApprove}
	if err = timely(rec, deedWiden); err != nil {
		return v, o, err
	}
	if v.Fills, err = g.seat(ctx, rec, who, deedWiden); err != nil {
		return v, o, err
	}
	o.Fills, err = g.earlier(ctx, rec, who)
	return v, o, err
}
