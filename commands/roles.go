package commands

import (
	"context"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Gate is the only way to start work and to bear on work that runs. It returns faults for everything a
// person can be told, and has audited those itself. *approvals.Gate is one.
type Gate interface {
	Propose(ctx context.Context, key string, s approvals.Spec) (ledger.Record, error)
	Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, b approvals.Ballot) (ledger.Record, error)
	Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error)
	// Extend gives a pending request its whole time again, from now.
	Extend(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error)
	// Widen approves what was left out when something was approved narrowly; at its quorum the operation goes on.
	Widen(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error)
	// Explain judges a spec and starts nothing.
	Explain(ctx context.Context, who ledger.Actor, s approvals.Spec) (policy.Verdict, error)
	// May says, with a fault that names the missing right and who has it, why somebody may not do something
	// with an operation: approve, deny, withdraw, extend, widen, or a signal's name. Nil: they may.
	May(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error
	// Signal takes version -1 for whatever the operation stands at.
	Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name, reason string) (ledger.Record, error)
}

// Rights says whether somebody may do something with an operation, as Gate.May does.
type Rights interface {
	May(ctx context.Context, r ledger.Record, who ledger.Actor, deed string) error
}

// People says who somebody is. It refuses guests, strangers, bots and people who have left with a fault,
// and everybody when it cannot find out.
type People interface {
	Person(ctx context.Context, who ledger.Actor) (Person, error)
}

// Groups says whether somebody is in a user group of the workspace.
type Groups interface {
	InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error)
}

// Records reads operations; it changes none. *ledger.Ledger is one.
type Records interface {
	Get(ctx context.Context, id ledger.ID) (ledger.Record, error)
	Find(ctx context.Context, prefix string) (ledger.Record, error)
	Open(ctx context.Context) ([]ledger.Record, error)
	Recent(ctx context.Context, n int) ([]ledger.Record, error)
	History(ctx context.Context, resource string, n int) ([]ledger.Record, error)
	Journal(ctx context.Context, id ledger.ID) ([]ledger.Entry, error)
}

// Extend extends, and remembers.
func (w *witness) Extend(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return w.after(w.Gate.Extend(ctx, id, version, who))
}

// Widen widens, and remembers.
func (w *witness) Widen(ctx context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return w.after(w.Gate.Widen(ctx, id, version, who))
}

// Kind is what the desk must know of one kind of operation.
type Kind interface {
	// Plan draws the whole plan of a record.
	Plan(r ledger.Record) ([]card.Section, error)
	// Back is the proposal that takes back what a record did, made from how things are now. Who asks and
	// where are filled in by the caller.
	Back(ctx context.Context, r ledger.Record) (approvals.Spec, error)
	// Again is the proposal that asks for the same as a record did, planned from how things are now. Who asks
	// and where are filled in by the caller.
	Again(ctx context.Context, r ledger.Record) (approvals.Spec, error)
}

// Deed is one thing that somebody tried, for the audit.
type Deed struct {
	Kind    string // command, press, submission or home
	Who     ledger.Actor
	Channel string
	What    string // the words typed, or the action with its operation
	Outcome string // "done", or why not
}

// witness is a gate that remembers whether something may have been done and whether the gate has written
// down a refusal itself.
type witness struct {
	Gate
	acted   bool // something was done, or it is not known
	refused bool
}

func (w *witness) after(rec ledger.Record, err error) (ledger.Record, error) {
	_, refused := fault.As(err)
	w.refused = refused
	w.acted = w.acted || !refused
	return rec, err
}

// Propose asks, and remembers.
func (w *witness) Propose(ctx context.Context, key string, s approvals.Spec) (ledger.Record, error) {
	return w.after(w.Gate.Propose(ctx, key, s))
}

// Vote votes, and remembers.
func (w *witness) Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, b approvals.Ballot) (ledger.Record, error) {
	return w.after(w.Gate.Vote(ctx, id, version, who, b))
}

// Withdraw withdraws, and remembers.
func (w *witness) Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error) {
	return w.after(w.Gate.Withdraw(ctx, id, who, reason))
}

// Signal signals, and remembers.
func (w *witness) Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name, reason string) (ledger.Record, error) {
	return w.after(w.Gate.Signal(ctx, id, version, who, name, reason))
}
