package commands

import (
	"context"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Gate is the only way to start work and to bear on work that runs. It returns faults for everything a
// person can be told, and has audited those itself. *approvals.Gate is one.
type Gate interface {
	Propose(ctx context.Context, key string, s approvals.Spec) (ledger.Record, error)
	Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, choice, reason string) (ledger.Record, error)
	Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error)
	// Signal takes version -1 for whatever the operation stands at.
	Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name string) (ledger.Record, error)
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

// Kind is what the desk must know of one kind of operation.
type Kind interface {
	// Plan draws the whole plan of a record.
	Plan(r ledger.Record) ([]card.Section, error)
	// Back is the proposal that takes back what a record did, made from how things are now. Who asks and
	// where are filled in by the caller.
	Back(ctx context.Context, r ledger.Record) (approvals.Spec, error)
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
func (w *witness) Vote(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, choice, reason string) (ledger.Record, error) {
	return w.after(w.Gate.Vote(ctx, id, version, who, choice, reason))
}

// Withdraw withdraws, and remembers.
func (w *witness) Withdraw(ctx context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error) {
	return w.after(w.Gate.Withdraw(ctx, id, who, reason))
}

// Signal signals, and remembers.
func (w *witness) Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name string) (ledger.Record, error) {
	return w.after(w.Gate.Signal(ctx, id, version, who, name))
}
