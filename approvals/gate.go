package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Ledger keeps requests and decides votes atomically. *ledger.Ledger is one.
type Ledger interface {
	Submit(ctx context.Context, p ledger.Proposal) (rec ledger.Record, fresh bool, err error)
	Vote(ctx context.Context, id ledger.ID, version int64, v ledger.Vote, digest string, o ledger.VoteOptions) (ledger.Record, error)
	Widen(ctx context.Context, id ledger.ID, version int64, v ledger.Vote, o ledger.VoteOptions) (ledger.Record, error)
	Prolong(ctx context.Context, id ledger.ID, version int64, by ledger.Actor, span time.Duration, most int) (ledger.Record, error)
	Withdraw(ctx context.Context, id ledger.ID, by ledger.Actor, reason string) (ledger.Record, error)
	Signal(ctx context.Context, id ledger.ID, version int64, s ledger.Signal) (ledger.Record, error)
	Abandon(ctx context.Context, id ledger.ID, by ledger.Actor, reason string) (ledger.Record, error)
	Get(ctx context.Context, id ledger.ID) (ledger.Record, error)
	History(ctx context.Context, resource string, n int) ([]ledger.Record, error)
	Note(ctx context.Context, id ledger.ID, line, tone string) error
}

// People says, from Slack's live data, who is in a user group. A lookup that fails is an error, never an
// empty group.
type People interface {
	InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error)
	Members(ctx context.Context, handle string) ([]string, error)
}

// Recorder writes what was refused into the audit; what happens is written by the ledger itself.
type Recorder interface {
	Append(ctx context.Context, e audit.Event) error
}

// Freezes are those in force now. *freeze.Store is one. One that cannot be read is an error.
type Freezes interface {
	All(ctx context.Context) ([]freeze.Freeze, error)
}

// Gate takes requests and votes. It is the only caller that may make an operation runnable.
// Its methods return faults for everything a person can be told; any other error means that it is not
// known whether something was done.
type Gate struct {
	Ledger  Ledger
	Policy  policy.Policy
	People  People
	Audit   Recorder
	Freezes Freezes // nil: there are none

	// Admits says, with a Denied fault, why somebody is no full member of the workspace any more; any other error means
	// that it is not known. It is asked about those who voted where anybody may. Nil: it is not asked.
	Admits func(ctx context.Context, who ledger.Actor) error

	// SecurityChannel is the id of the channel that is told of every broken glass; empty: none is broken.
	SecurityChannel string

	Now  func() time.Time                             // time.Now if nil
	Time func(ctx context.Context) (time.Time, error) // the clock that everything is due by; Now if nil
}

// now is the time by which windows, freezes and deadlines are judged.
func (g *Gate) now(ctx context.Context) (time.Time, error) {
	switch {
	case g.Time != nil:
		return g.Time(ctx)
	case g.Now != nil:
		return g.Now(), nil
	}
	return time.Now(), nil
}

func (g *Gate) find(ctx context.Context, id ledger.ID) (ledger.Record, error) {
	rec, err := g.Ledger.Get(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return rec, fault.New(fault.NotFound, "There is no operation %s.", id).
			WithHint("`/amiral ops list --all` shows the ones there are.")
	}
	if err != nil {
		return rec, fmt.Errorf("read operation %s: %w", id, err)
	}
	return rec, nil
}

// unconfirmed tells the thread that a decision stands on one Redis only.
func (g *Gate) unconfirmed(ctx context.Context, id ledger.ID) error {
	err := g.Ledger.Note(ctx, id, "This is written down, but no replica of Redis has confirmed it: should Redis fail over right now, it may be lost and has to be asked for again.", string(card.Warning))
	if err != nil {
		return fmt.Errorf("note that %s is not replicated: %w", id, err)
	}
	return nil
}

// deed is something that somebody tried, for the audit.
type deed struct {
	what   string // approve, deny, withdraw, a signal's name, …
	who    ledger.Actor
	reason string
	via    string
	link   string // to the card that it was about
}

// refused writes a refusal about an operation down and returns it. What is no fault is no refusal: nobody
// decided anything.
func (g *Gate) refused(ctx context.Context, rec ledger.Record, d deed, why error) (ledger.Record, error) {
	d.link, rec.Facts = rec.Message.Link, nil
	return ledger.Record{}, g.turnedAway(ctx, rec.Proposal, d, why)
}

// turnedAway writes a refusal of a proposal down. The facts stand there only if it was the policy that refused:
// they are there to be judged again.
func (g *Gate) turnedAway(ctx context.Context, p ledger.Proposal, d deed, why error) error {
	f, ok := fault.As(why)
	if g.Audit == nil || !ok {
		return why
	}
	err := g.Audit.Append(ctx, audit.Event{
		Kind: "refused", Op: string(p.ID), Who: audit.Who{User: d.who.User, Team: d.who.Team}, Channel: p.Channel,
		Link: d.link, What: d.what, Outcome: f.Error(), Policy: p.Rule.Policy, Fields: about(p, d),
	})
	if err != nil {
		return fmt.Errorf("write the refusal of %s to the audit: %w", d.what, errors.Join(err, why))
	}
	return why
}

// about is what the audit is told of a proposal: enough to judge it again.
func about(p ledger.Proposal, d deed) map[string]string {
	all := map[string]string{
		"kind": p.Kind, "environment": p.Environment, "target": p.Target, "command": p.Command, "digest": p.Digest,
		"rule": p.Rule.Name, "facts": string(p.Facts), "reason": d.reason, "via": d.via,
		"title": p.Title, "break_glass": p.BreakGlass, "skipped": needsJSON(p.Skipped), "about": string(p.About),
	}
	for name, v := range all {
		if v == "" {
			delete(all, name)
		}
	}
	return all
}

func needsJSON(needs []ledger.Need) string {
	if len(needs) == 0 {
		return ""
	}
	body, _ := json.Marshal(needs) // names and numbers always can be
	return string(body)
}
