package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Engine gives the operations of a ledger their turns. Any number of engines on any number of machines may
// share a ledger. Only Ledger, Workflows and Owner must be set; zero means the default for everything else.
type Engine struct {
	Ledger    *ledger.Ledger
	Workflows map[string]Workflow // by ledger.Proposal.Kind
	Owner     string              // who claims, for the record: the replica's name

	Lease   time.Duration // how long a turn is held; 15 s
	Workers int           // turns at the same time; 4
	Idle    time.Duration // how often to look when nothing is due; 250 ms
	Limit   int           // failed attempts at one step before it is stuck; 30
	Soonest time.Duration // the pause after a first failed attempt, doubled each time; 2 s
	Latest  time.Duration // … up to this; 60 s
	Grace   time.Duration // how long running turns may go on when Run is to end; 10 s

	// Guard says, before the first step of an operation and whenever one that is held is looked at again,
	// whether it may start. A fault ends the operation as void before it touched anything; any other error is tried
	// again. One that breaks the glass is not held, whatever the guard says. Nil: everything may start.
	Guard func(ctx context.Context, r ledger.Record) (ledger.Stay, error)

	Log     *slog.Logger
	Observe func(Observation)  // told of every turn, for metrics; may be nil
	Tell    func(error) string // what people may read of an error that is no fault; empty: a general sentence
}

// Observation is one turn, as metrics see it.
type Observation struct {
	Op     ledger.ID
	Kind   string
	Step   string
	Result Result
	End    ledger.State // with Finished
	Took   time.Duration
	Since  time.Duration // with Finished: since the operation started
}

// Result is what became of a turn.
type Result string

// The results.
const (
	Checkpointed Result = "checkpointed"
	Finished     Result = "finished"
	Retried      Result = "retried"
	Stuck        Result = "stuck"
	Released     Result = "released"
	Held         Result = "held"     // the guard keeps it from starting
	Admitted     Result = "admitted" // it was held, and takes its resource now
	Lost         Result = "lost"     // somebody else holds the turn by now, or Redis did not answer
)

var errShutdown = errors.New("the engine stops")

// Run gives turns until the context ends. Then it claims no more, lets running turns go on for the grace,
// cancels what is left, and returns when no turn runs any more.
func (e *Engine) Run(ctx context.Context) error {
	turns, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var running sync.WaitGroup
	slots := make(chan struct{}, cmp.Or(e.Workers, 4))
	pause := e.idle()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case slots <- struct{}{}:
		}
		t, err := e.claim(ctx)
		if t == nil {
			<-slots
			pause = e.nap(ctx, pause, err)
			continue
		}
		pause = e.idle()
		running.Go(func() {
			defer func() { <-slots }()
			e.run(turns, t)
		})
	}
	e.drain(&running, stop)
	return nil
}

// claim does not end halfway when the engine stops: a turn whose claim went unread would wait for its lease.
func (e *Engine) claim(ctx context.Context) (*ledger.Turn, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.lease()/2)
	defer cancel()
	return e.Ledger.Claim(ctx, e.Owner, e.lease())
}

// nap waits until it is worth looking for a turn again, and returns how long to wait after that if the
// ledger does not answer: a while longer each time.
func (e *Engine) nap(ctx context.Context, pause time.Duration, err error) time.Duration {
	next := e.idle()
	if err != nil && ctx.Err() == nil {
		e.log().Error("turn not claimed", "err", err)
		next = min(2*pause, 5*time.Second)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return next
}

// drain waits for running turns, and cancels them when the grace is over.
func (e *Engine) drain(running *sync.WaitGroup, stop context.CancelCauseFunc) {
	late := time.AfterFunc(cmp.Or(e.Grace, 10*time.Second), func() { stop(errShutdown) })
	defer late.Stop()
	running.Wait()
}

// Step runs one turn that is due, here and now, and reports whether there was one.
func (e *Engine) Step(ctx context.Context) (bool, error) {
	t, err := e.Ledger.Claim(ctx, e.Owner, e.lease())
	if t == nil {
		return false, err
	}
	e.run(ctx, t)
	return true, nil
}

// backoff is the pause after so many failed attempts, spread a little so that operations do not fall into step.
func (e *Engine) backoff(attempts int) time.Duration {
	soonest, latest := cmp.Or(e.Soonest, 2*time.Second), cmp.Or(e.Latest, time.Minute)
	d := min(soonest<<min(attempts, 16), latest)
	return d - time.Duration(rand.Int64N(int64(d)/5+1))
}

func (e *Engine) lease() time.Duration { return cmp.Or(e.Lease, 15*time.Second) }
func (e *Engine) idle() time.Duration  { return cmp.Or(e.Idle, 250*time.Millisecond) }
func (e *Engine) limit() int           { return cmp.Or(e.Limit, 30) }

func (e *Engine) log() *slog.Logger { return cmp.Or(e.Log, slog.Default()) }
