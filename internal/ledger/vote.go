package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/quorum"
)

// VoteOptions are what else there is to know when somebody votes.
type VoteOptions struct {
	// Fills is what those who voted earlier may fill by now, by user; who is not named may fill what they could.
	Fills map[string][]int
	// Stay keeps the operation from starting at once should this vote reach the quorum; the zero value does not.
	Stay Stay
	// Along is written to the audit together with the decision, should this vote decide; nil: nothing is.
	Along *audit.Event
}

// Vote takes one person's word on a pending request. The version is that of the button, or -1 for any; the
// digest is that of the plan that the person was shown. One denial closes the request; the approval with which
// every place is taken makes it run, wait for its resource, or be held. Who may vote, and for which needs, was
// decided by the caller, except that the requester never may, and nobody twice, but that whoever approved may still
// deny, and approves anew when the needs that they may fill have changed. An approval that finds no free place is kept all the same: somebody else's may move.
func (l *Ledger) Vote(ctx context.Context, id ID, version int64, v Vote, digest string, o VoteOptions) (Record, error) {
	if v.Choice != "approve" && v.Choice != "deny" {
		return Record{}, fmt.Errorf("a vote to %q", v.Choice)
	}
	args := append(v.args(id, version, o), v.Choice, digest, stamp(o.Stay.Until), o.Stay.Why, along(o.Along))
	reply, err := l.run(ctx, call{script: "vote", confirm: true, args: args})
	return ballotCast(reply, err)
}

// Widen takes a person's approval of all of an operation that was approved for its narrow part only: of somebody
// new, of one who approved no more than that, or of one who may fill other needs by now. When those who approve all of it take every place, the limit is
// gone, and a running operation is told to continue. ErrNotNarrow: there is no limit.
func (l *Ledger) Widen(ctx context.Context, id ID, version int64, v Vote, o VoteOptions) (Record, error) {
	v.Choice, v.Narrow = "approve", false
	signal, err := json.Marshal(Signal{Name: "continue", By: v.Actor, Reason: v.Reason})
	if err != nil {
		return Record{}, fmt.Errorf("write signal: %w", err)
	}
	args := append(v.args(id, version, o), signal)
	reply, err := l.run(ctx, call{script: "widen", confirm: true, args: args})
	return ballotCast(reply, err)
}

// args are what the scripts that take votes have in common.
func (v Vote) args(id ID, version int64, o VoteOptions) []any {
	return []any{
		string(id), version, v.Actor.User, actorJSON(v.Actor), v.Reason, because(v.Reason), places(v.Fills),
		flag(v.Narrow), v.Via, v.about().json(), corrections(o.Fills),
	}
}

// about is what the audit is told of a vote.
func (v Vote) about() object {
	o := object{"choice": v.Choice, "reason": v.Reason, "via": v.Via, "fills": places(v.Fills)}
	if v.Narrow {
		o["narrow"] = "true"
	}
	return o
}

// places are numbers as the scripts read them: "0 2".
func places(fills []int) string {
	var all []string
	for _, n := range slices.Compact(slices.Sorted(slices.Values(fills))) {
		all = append(all, strconv.Itoa(n))
	}
	return strings.Join(all, " ")
}

// placesOf reads what places wrote.
func placesOf(text string) []int {
	var fills []int
	for _, word := range strings.Fields(text) {
		if n, err := strconv.Atoi(word); err == nil {
			fills = append(fills, n)
		}
	}
	return fills
}

// corrections are what earlier voters may fill by now.
func corrections(fills map[string][]int) string {
	if len(fills) == 0 {
		return ""
	}
	all := object{}
	for user, f := range fills {
		all[user] = places(f)
	}
	b, _ := json.Marshal(all) // strings always can be
	return string(b)
}

// along is an event as the audit's script takes it; empty for none.
func along(e *audit.Event) string {
	if e == nil {
		return ""
	}
	fields := object{}
	maps.Copy(fields, e.Fields)
	return object{
		"kind": e.Kind, "op": e.Op, "who": actorJSON(Actor(e.Who)), "channel": e.Channel, "link": e.Link, "what": e.What,
		"outcome": e.Outcome, "policy": e.Policy, "fields": fields.json(),
	}.json()
}

// ballotCast reads the reply to a vote: {1 if it decided, view}. Only a decision waits for replicas.
func ballotCast(reply any, err error) (Record, error) {
	decided, rec, err := flagged(reply, err)
	if errors.Is(err, ErrNotReplicated) && !decided {
		err = nil
	}
	return rec, err
}

// Approvers are the votes for it: those for all of it first, then those for its narrow part, each in the order
// in which they were given.
func (r Record) Approvers() []Vote {
	var all []Vote
	for _, v := range r.Votes {
		if v.Choice == "approve" {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b Vote) int { return cmp.Compare(flag(a.Narrow), flag(b.Narrow)) })
	return all
}

// Seats says which of Approvers fills which of Rule.Needs, by their numbers.
func (r Record) Seats() quorum.Seats {
	approvers := r.Approvers()
	people := make([][]int, len(approvers))
	for i, v := range approvers {
		people[i] = v.Fills
	}
	return quorum.Fill(r.Rule.Places(), people)
}

// Approvals counts the people who fill a need.
func (r Record) Approvals() int { return r.Seats().Taken() }

// Missing is what nobody fills yet: each need with as many people as it still wants.
func (r Record) Missing() []Need {
	seats := r.Seats()
	var open []Need
	for i, need := range r.Rule.Needs {
		if left := need.Min - len(seats[i]); left > 0 {
			open = append(open, Need{Groups: need.Groups, Min: left})
		}
	}
	return open
}

// Prolong gives a pending request its time again, from now on; its reminders begin anew. ErrLimit: it was done so
// often already. Asked twice within seconds, as with a doubled press, it is done once.
func (l *Ledger) Prolong(ctx context.Context, id ID, version int64, by Actor, d time.Duration, most int) (Record, error) {
	if d <= 0 {
		return Record{}, fmt.Errorf("prolong %s by %v", id, d)
	}
	reply, err := l.run(ctx, call{script: "prolong", args: []any{
		string(id), version, by.User, actorJSON(by), d.Milliseconds(), most,
	}})
	return viewed(reply, err)
}

// stamp is a time in ms as the scripts read it; 0 for none.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
