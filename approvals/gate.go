package approvals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Ledger keeps requests and decides votes atomically. *ledger.Ledger is one.
type Ledger interface {
	Submit(ctx context.Context, p ledger.Proposal) (rec ledger.Record, fresh bool, err error)
	Vote(ctx context.Context, id ledger.ID, version int64, v ledger.Vote, digest string) (ledger.Record, error)
	Withdraw(ctx context.Context, id ledger.ID, by ledger.Actor, reason string) (ledger.Record, error)
	Signal(ctx context.Context, id ledger.ID, version int64, s ledger.Signal) (ledger.Record, error)
	Abandon(ctx context.Context, id ledger.ID, by ledger.Actor, reason string) (ledger.Record, error)
	Get(ctx context.Context, id ledger.ID) (ledger.Record, error)
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

// Gate takes requests and votes. It is the only caller that may make an operation runnable.
// Its methods return faults for everything a person can be told; any other error means that it is not
// known whether something was done.
type Gate struct {
	Ledger Ledger
	Policy policy.Policy
	People People
	Audit  Recorder
	Now    func() time.Time
}

// Propose finds the rule for the spec and records the request. The key is the same for every delivery
// of the same asking, so that proposing twice is harmless.
func (g *Gate) Propose(ctx context.Context, key string, s Spec) (ledger.Record, error) {
	id := ledger.IDOf(key)
	if rec, err := g.Ledger.Get(ctx, id); err == nil {
		return rec, nil
	}
	verdict := g.Policy.Judge(s.Facts())
	if verdict.Refused != "" {
		return g.refused(ctx, id, s.Requester, "propose", fault.New(fault.Denied, "%s", verdict.Refused).WithHint("%s", verdict.Hint))
	}
	rule := verdict.Rule
	if err := g.reachable(ctx, s.Requester, rule); err != nil {
		return g.refused(ctx, id, s.Requester, "propose", err)
	}
	rec, _, err := g.Ledger.Submit(ctx, proposal(id, s, rule))
	if errors.Is(err, ledger.ErrNotReplicated) {
		return rec, g.unconfirmed(ctx, id)
	}
	if err != nil {
		return rec, fmt.Errorf("propose %s on %s: %w", s.Kind, s.Target, err)
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

func proposal(id ledger.ID, s Spec, rule ledger.Rule) ledger.Proposal {
	return ledger.Proposal{
		ID: id, Kind: s.Kind, Environment: s.Environment, Target: s.Target, Resource: s.Resource,
		Title: s.Title, Command: s.Command, Reason: s.Reason, Requester: s.Requester,
		Channel: s.Channel, Thread: s.Thread, Payload: s.Payload, Digest: s.Digest, Step: s.Step, Rule: rule,
	}
}

// reachable says no to a request that can never gather its votes.
func (g *Gate) reachable(ctx context.Context, requester ledger.Actor, rule ledger.Rule) error {
	if len(rule.Groups()) == 0 {
		return nil
	}
	members, err := g.People.Members(ctx, rule.Groups()[0])
	if err != nil {
		return lookup(err, rule.Groups()[0])
	}
	others := 0
	for _, m := range members {
		if m != requester.User {
			others++
		}
	}
	if others < rule.Quorum() {
		return fault.New(fault.Conflict, "This needs %s from @%s, and besides you only %d can give it.",
			approvals(rule.Quorum()), rule.Groups()[0], others).
			WithHint("Add people to @%s in Slack, or change %s of the policy.", rule.Groups()[0], rule.Name)
	}
	return nil
}

// Vote counts one person's word for or against. A denial carries its reason.
func (g *Gate) Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, b Ballot) (ledger.Record, error) {
	choice, reason := b.Choice, b.Reason
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	if rec.State != ledger.Pending {
		return g.refused(ctx, id, who, choice, late(rec))
	}
	if err := g.mayVote(ctx, rec, who, choice); err != nil {
		return g.refused(ctx, id, who, choice, err)
	}
	voted, err := g.Ledger.Vote(ctx, id, version, ledger.Vote{Actor: who, Choice: choice, Reason: reason}, rec.Digest)
	if err == nil {
		return voted, nil
	}
	return g.settled(ctx, id, who, choice, voted, err)
}

func (g *Gate) mayVote(ctx context.Context, rec ledger.Record, who ledger.Actor, choice string) error {
	if who == rec.Requester {
		if choice == "approve" {
			return fault.New(fault.Denied, "You cannot approve your own request.").
				WithHint("It needs %s from %s.", approvals(rec.Rule.Quorum()), from(rec.Rule))
		}
		return fault.New(fault.Denied, "This is your own request.").WithHint("To take it back, press Withdraw.")
	}
	return g.inGroup(ctx, rec, who, "decide on this")
}

// deedOf is what a signal does, in words that follow "You cannot".
func deedOf(signal string) string {
	switch signal {
	case "rollback":
		return "roll this back"
	case "retry":
		return "try this again"
	}
	return signal + " this"
}

func (g *Gate) inGroup(ctx context.Context, rec ledger.Record, who ledger.Actor, deed string) error {
	if len(rec.Rule.Groups()) == 0 {
		return nil
	}
	ok, err := g.People.InGroup(ctx, who, rec.Rule.Groups()[0])
	if err != nil {
		return lookup(err, rec.Rule.Groups()[0])
	}
	if !ok {
		return fault.New(fault.Denied, "You cannot %s: you are not in @%s.", deed, rec.Rule.Groups()[0]).
			WithHint("The members of @%s can.", rec.Rule.Groups()[0])
	}
	return nil
}

// Withdraw takes a request back before it runs: its requester may, while it waits for votes or for its turn.
func (g *Gate) Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	if rec.State != ledger.Pending && rec.State != ledger.Waiting {
		return g.refused(ctx, id, who, "withdraw", late(rec))
	}
	if who != rec.Requester {
		return g.refused(ctx, id, who, "withdraw", fault.New(fault.Denied,
			"Only {user:%s}, who asked for it, can withdraw this.", rec.Requester.User).
			WithHint("Those who may approve it can deny it."))
	}
	gone, err := g.Ledger.Withdraw(ctx, id, who, reason)
	if err == nil {
		return gone, nil
	}
	return g.settled(ctx, id, who, "withdraw", gone, err)
}

// Signal asks a running operation for something: pause, resume, continue, cancel, rollback, retry, or, of
// one that is stuck, abandon. Its requester may, and whoever may approve it. A version of -1 means
// whatever it stands at.
func (g *Gate) Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name, reason string) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	if rec.State.Final() || rec.State == ledger.Pending || rec.State == ledger.Waiting {
		return g.refused(ctx, id, who, name, late(rec))
	}
	if who != rec.Requester {
		if err := g.inGroup(ctx, rec, who, deedOf(name)); err != nil {
			return g.refused(ctx, id, who, name, err)
		}
	}
	if name == "abandon" {
		return g.abandon(ctx, rec, who, reason)
	}
	if name != "continue" {
		version = -1 // it means the operation, not what its card said a moment ago; an answer means its question
	}
	asked, err := g.Ledger.Signal(ctx, id, version, ledger.Signal{Name: name, By: who, Reason: reason})
	if err == nil {
		return asked, nil
	}
	return g.settled(ctx, id, who, name, asked, err)
}

// abandon ends a stuck operation where it stands; nothing more is done at AWS.
func (g *Gate) abandon(ctx context.Context, rec ledger.Record, who ledger.Actor, reason string) (ledger.Record, error) {
	if rec.State != ledger.Stuck {
		return g.refused(ctx, rec.ID, who, "abandon", fault.New(fault.Conflict, "%s is not stuck.", rec.Title).
			WithHint("Cancel it instead: then what runs at AWS is stopped too."))
	}
	given, err := g.Ledger.Abandon(ctx, rec.ID, who, reason)
	if err == nil {
		return given, nil
	}
	return g.settled(ctx, rec.ID, who, "abandon", given, err)
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

// refused writes the refusal down and returns it.
func (g *Gate) refused(ctx context.Context, id ledger.ID, who ledger.Actor, deed string, why error) (ledger.Record, error) {
	if g.Audit == nil {
		return ledger.Record{}, why
	}
	err := g.Audit.Append(ctx, audit.Event{Kind: "refused", Op: string(id), Who: audit.Who{User: who.User, Team: who.Team}, What: deed, Outcome: why.Error()})
	if err != nil {
		return ledger.Record{}, fmt.Errorf("write the refusal of %s to the audit: %w", deed, errors.Join(err, why))
	}
	return ledger.Record{}, why
}
