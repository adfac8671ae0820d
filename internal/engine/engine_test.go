package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// turnFunc is a workflow that is one function.
type turnFunc func(context.Context, engine.Turn) (engine.Outcome, error)

func (f turnFunc) Turn(ctx context.Context, t engine.Turn) (engine.Outcome, error) { return f(ctx, t) }

// bench is an engine over a ledger with one operation of the kind "test".
type bench struct {
	*engine.Engine
	t      *testing.T
	s      *ledgertest.Server
	seen   chan engine.Observation
	logged *logged
}

// logged is what the engine logs, as text.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBench(t *testing.T, turn turnFunc) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, s: ledgertest.Mini(t), seen: make(chan engine.Observation, 100), logged: &logged{}}
	b.Engine = &engine.Engine{
		Ledger:    ledger.New(b.s.Redis(), ledger.Options{Prefix: b.s.Prefix}),
		Workflows: map[string]engine.Workflow{"test": turn}, Owner: "me", Idle: time.Millisecond,
		Observe: func(o engine.Observation) { b.seen <- o },
		Log:     slog.New(slog.NewTextHandler(b.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	b.submit("op-1", "test")
	t.Cleanup(func() {
		if !t.Failed() {
			ledgertest.Check(t, b.s.Redis(), b.s.Prefix)
		}
	})
	return b
}

func (b *bench) submit(id ledger.ID, kind string) {
	b.t.Helper()
	_, _, err := b.Ledger.Submit(b.t.Context(), ledger.Proposal{ID: id, Kind: kind, Step: "first", Resource: string(id)})
	if err != nil {
		b.t.Fatal(err)
	}
}

// step runs one turn, and returns what was seen of it.
func (b *bench) step() engine.Observation {
	b.t.Helper()
	ran, err := b.Step(context.Background())
	if err != nil || !ran {
		b.t.Fatalf("got %t, %v: nothing ran", ran, err)
	}
	return <-b.seen
}

func (b *bench) get(id ledger.ID) ledger.Record {
	b.t.Helper()
	rec, err := b.Ledger.Get(context.Background(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return rec
}

func (b *bench) want(what string, got, want any) {
	b.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestStepsLeadToAnEnd(t *testing.T) {
	b := newBench(t, func(_ context.Context, turn engine.Turn) (engine.Outcome, error) {
		if turn.At == "first" {
			return engine.Outcome{Step: "second", Data: []byte(`{"n":1}`), Line: "Half."}, nil
		}
		return engine.Outcome{End: ledger.Succeeded, Outcome: "Done with " + string(turn.Data)}, nil
	})
	b.want("first", b.step().Result, engine.Checkpointed)
	b.want("second", b.step().Result, engine.Finished)
	rec := b.get("op-1")
	b.want("record", fmt.Sprint(rec.State, rec.Outcome), `succeededDone with {"n":1}`)
	if ran, err := b.Step(t.Context()); ran || err != nil {
		t.Errorf("after the end: got %t, %v", ran, err)
	}
}

func TestAFaultEndsIt(t *testing.T) {
	b := newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) {
		return engine.Outcome{}, fmt.Errorf("check: %w", fault.New(fault.Conflict, "The group changed.").WithHint("Ask again."))
	})
	o := b.step()
	b.want("turn", fmt.Sprint(o.Result, o.End), fmt.Sprint(engine.Finished, ledger.Failed))
	b.want("outcome", b.get("op-1").Outcome, "The group changed. Ask again.")
}

// TestAnUnknownKindWaitsForAReplicaThatKnowsIt: while replicas are updated, an old one may get the turn.
func TestAnUnknownKindWaitsForAReplicaThatKnowsIt(t *testing.T) {
	b := newBench(t, nil)
	b.Workflows = nil
	b.want("turn", b.step().Result, engine.Retried)
	if rec := b.get("op-1"); rec.State != ledger.Running || !strings.Contains(rec.Trouble, "does not know how to run a test") {
		t.Errorf("got %s: %s", rec.State, rec.Trouble)
	}
}

func TestErrorsAreRetriedThenStuckAndTellNoSecret(t *testing.T) {
	secret := errors.New("dial https://user:hunter2@internal: refused")
	b := newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) { return engine.Outcome{}, secret })
	b.Limit = 2
	b.want("first", b.step().Result, engine.Retried)
	b.want("trouble", b.get("op-1").Trouble, "Something went wrong on my side; the log says what.")
	if ran, _ := b.Step(t.Context()); ran {
		t.Error("no pause before the second attempt")
	}
	b.s.Pass(t, 3*time.Second)
	b.want("second", b.step().Result, engine.Stuck)
	b.want("state", b.get("op-1").State, ledger.Stuck)
	if !strings.Contains(b.logged.String(), "hunter2") || strings.Count(b.logged.String(), "operation stuck") != 1 {
		t.Errorf("the log does not tell the operator: %s", b.logged)
	}
	entries, err := b.Ledger.Journal(t.Context(), "op-1")
	if err != nil || strings.Contains(fmt.Sprint(entries), "hunter2") {
		t.Errorf("the journal tells too much: %v, %v", entries, err)
	}
}

func TestTellVouchesForAnErrorsText(t *testing.T) {
	b := newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) {
		return engine.Outcome{}, errors.New("x")
	})
	b.Tell = func(error) string { return "AWS: Rate\n exceeded" + strings.Repeat("é", 400) }
	b.step()
	trouble := b.get("op-1").Trouble
	if !strings.HasPrefix(trouble, "AWS: Rate exceededé") || len([]rune(trouble)) != 300 {
		t.Errorf("got %q", trouble)
	}
}

func TestAPanicIsAFailedAttempt(t *testing.T) {
	b := newBench(t, func(context.Context, engine.Turn) (engine.Outcome, error) { panic("oh no") })
	b.Tell = func(err error) string { return err.Error() }
	b.want("turn", b.step().Result, engine.Retried)
	b.want("trouble", b.get("op-1").Trouble, "Something went wrong on my side; the log says what.")
	if !strings.Contains(b.logged.String(), "oh no") || !strings.Contains(b.logged.String(), "engine_test.go") {
		t.Errorf("the log does not say where: %s", b.logged)
	}
}

func TestAStaleWorkersCheckpointIsDropped(t *testing.T) {
	var b *bench
	entered := 0
	b = newBench(t, func(_ context.Context, turn engine.Turn) (engine.Outcome, error) {
		if entered++; entered == 1 { // somebody else takes the turn meanwhile, and goes on
			b.s.Pass(b.t, 16*time.Second)
			if ran, err := b.Step(context.Background()); !ran || err != nil {
				b.t.Errorf("got %t, %v", ran, err)
			}
			return engine.Outcome{Step: "stale"}, nil
		}
		return engine.Outcome{Step: "second"}, nil
	})
	b.want("the second worker", b.step().Result, engine.Checkpointed)
	b.want("the stale one", (<-b.seen).Result, engine.Lost)
	b.want("step", b.get("op-1").At, "second")
	if !strings.Contains(b.logged.String(), "turn dropped") {
		t.Errorf("got log %s", b.logged)
	}
}

func TestATurnHasThreeQuartersOfItsLease(t *testing.T) {
	b := newBench(t, func(ctx context.Context, _ engine.Turn) (engine.Outcome, error) {
		<-ctx.Done()
		return engine.Outcome{}, fmt.Errorf("call: %w", ctx.Err())
	})
	b.Lease = 200 * time.Millisecond
	o := b.step()
	b.want("turn", o.Result, engine.Retried)
	b.want("trouble", b.get("op-1").Trouble, "What I asked did not answer in time.")
	if o.Took < 150*time.Millisecond {
		t.Errorf("it had %v", o.Took)
	}
}

func TestRunWorksOnSeveralAtOnceAndDrains(t *testing.T) {
	inside, leave := make(chan ledger.ID, 10), make(chan struct{})
	b := newBench(t, func(_ context.Context, turn engine.Turn) (engine.Outcome, error) {
		inside <- turn.ID
		<-leave
		return engine.Outcome{End: ledger.Succeeded}, nil
	})
	b.Workers = 2
	b.submit("op-2", "test")
	b.submit("op-3", "test")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	first, second := <-inside, <-inside
	if first == second {
		t.Errorf("%s ran twice at once", first)
	}
	select {
	case third := <-inside:
		t.Errorf("%s ran although two are the limit", third)
	case <-time.After(20 * time.Millisecond):
	}
	stop()
	select {
	case <-done:
		t.Error("Run did not wait for its turns")
	case <-time.After(20 * time.Millisecond):
	}
	close(leave)
	<-done
	open, err := b.Ledger.Open(t.Context())
	if err != nil || len(open) != 1 {
		t.Errorf("got %d open, %v: want the one that was not begun", len(open), err)
	}
}

func TestShutdownReleasesWhatDoesNotEnd(t *testing.T) {
	inside := make(chan struct{})
	b := newBench(t, func(ctx context.Context, _ engine.Turn) (engine.Outcome, error) {
		close(inside)
		<-ctx.Done()
		return engine.Outcome{}, ctx.Err()
	})
	b.Grace = 10 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	<-inside
	stop()
	<-done
	b.want("turn", (<-b.seen).Result, engine.Released)
	rec := b.get("op-1")
	b.want("record", fmt.Sprint(rec.State, rec.Attempt, rec.Trouble), "running0")
	turn, err := b.Ledger.Claim(t.Context(), "heir", time.Second)
	if err != nil || turn == nil {
		t.Errorf("it is not due at once: %v, %v", turn, err)
	}
}

func TestTokensAreTheSameForEveryAttempt(t *testing.T) {
	turn := func(id ledger.ID, at string, attempt int) engine.Turn {
		return engine.Turn{Turn: ledger.Turn{Record: ledger.Record{Proposal: ledger.Proposal{ID: id}, At: at, Attempt: attempt}}}
	}
	a := turn("op-1", "start", 0).Token("run")
	if a != turn("op-1", "start", 3).Token("run") || len(a) != 32 {
		t.Errorf("got %s", a)
	}
	for _, other := range []string{
		turn("op-2", "start", 0).Token("run"), turn("op-1", "next", 0).Token("run"), turn("op-1", "start", 0).Token("tag"),
	} {
		if other == a {
			t.Errorf("two calls share the token %s", a)
		}
	}
}

func TestSignalIsTheLatestOfThoseAskedFor(t *testing.T) {
	turn := engine.Turn{Turn: ledger.Turn{Signals: []ledger.Signal{{Name: "pause"}, {Name: "cancel"}, {Name: "resume"}}}}
	if s, ok := turn.Signal("pause", "cancel"); !ok || s.Name != "cancel" {
		t.Errorf("got %v, %t", s, ok)
	}
	if _, ok := turn.Signal("rollback"); ok {
		t.Error("got a signal that nobody asked for")
	}
}

// TestPartsOfAnOperationHaveTokensOfTheirOwn: two parts that make the same call at the same step are two calls to AWS,
// and each is the same call when it is repeated.
func TestPartsOfAnOperationHaveTokensOfTheirOwn(t *testing.T) {
	whole := engine.Turn{Turn: ledger.Turn{Record: ledger.Record{Proposal: ledger.Proposal{ID: "op-1"}, At: "version"}}}
	a, b := whole.Within("web", nil, nil, "version"), whole.Within("api", nil, nil, "version")
	deep := a.Within("api", nil, nil, "version")
	seen := map[string]bool{whole.Token("make"): true, a.Token("make"): true, b.Token("make"): true, deep.Token("make"): true}
	if len(seen) != 4 {
		t.Errorf("got %d different tokens, want 4", len(seen))
	}
	if again := whole.Within("web", nil, nil, "version"); again.Token("make") != a.Token("make") {
		t.Error("a repeated step of a part makes another call")
	}
}
