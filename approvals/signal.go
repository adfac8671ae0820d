package approvals

import (
	"context"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// signals are what an operation can be asked for.
func signals() []string {
	return []string{"pause", "resume", "continue", "cancel", "rollback", "retry", "abandon"}
}

// Signal asks a running operation for something: pause, resume, continue, cancel, rollback, retry, or, of
// one that is stuck, abandon. Its requester may, whoever may approve it, and whom the rule names. A version of
// -1 means whatever it stands at. A name that is none of these is refused.
func (g *Gate) Signal(ctx context.Context, id ledger.ID, version int64, who ledger.Actor, name, reason string) (ledger.Record, error) {
	rec, err := g.find(ctx, id)
	if err != nil {
		return rec, err
	}
	d := deed{what: name, who: who, reason: reason}
	if err := g.May(ctx, rec, who, name); err != nil {
		return g.refused(ctx, rec, d, err)
	}
	if name != "continue" {
		version = -1 // it means the operation, not what its card said a moment ago; an answer means its question
	}
	asked, err := g.ask(ctx, id, version, ledger.Signal{Name: name, By: who, Reason: reason})
	if err == nil {
		return asked, nil
	}
	return g.settled(ctx, rec, d, asked, err)
}

// ask passes a signal on; giving a stuck operation up ends it where it stands, and nothing more is done at AWS.
func (g *Gate) ask(ctx context.Context, id ledger.ID, version int64, s ledger.Signal) (ledger.Record, error) {
	if s.Name == "abandon" {
		return g.Ledger.Abandon(ctx, id, s.By, s.Reason)
	}
	return g.Ledger.Signal(ctx, id, version, s)
}
