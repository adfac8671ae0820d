package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// steps are those of the workflow that crashes are tried on: each has one effect outside.
var steps = []string{"one", "two", "three", "four"}

// chain is a workflow of steps.
type chain struct {
	process *crashtest.Process
	world   *crashtest.World
	token   func(engine.Turn) string
	watch   *watch
}

func (c *chain) Turn(_ context.Context, t engine.Turn) (engine.Outcome, error) {
	c.watch.step(t.ID)
	token := c.token(t)
	if err := c.process.Do("cloud "+t.At, func() error {
		c.world.Do(string(t.ID)+" "+t.At, token)
		return nil
	}); err != nil {
		return engine.Outcome{}, err
	}
	var done []string
	_ = json.Unmarshal(t.Data, &done) // nothing at first
	data, err := json.Marshal(append(done, t.At))
	i := slices.Index(steps, t.At)
	if i == len(steps)-1 {
		return engine.Outcome{End: ledger.Succeeded, Data: data, Line: "Did " + t.At + "."}, err
	}
	return engine.Outcome{Step: steps[i+1], Data: data, Line: "Did " + t.At + "."}, err
}

// trial is one run of a few operations by replicas that die and freeze.
type trial struct {
	t     *testing.T
	s     *ledgertest.Server
	world *crashtest.World
	ids   []ledger.ID
	// What controls change:
	token  func(engine.Turn) string
	decide func(*replica, ledger.ID) error
	hook   func(*ledgertest.Server) redis.Hook
	// watch is the guard that all replicas ask; nil: none.
	watch *watch
}

// watch is a guard that says no about an operation until it has seen it held, and yes from then on. It knows when a
// step ran before its yes.
type watch struct {
	mu    sync.Mutex
	held  map[ledger.ID]bool
	early []string
}

func (w *watch) word(rec ledger.Record) ledger.Stay {
	w.mu.Lock()
	defer w.mu.Unlock()
	if rec.State == ledger.Held {
		w.held[rec.ID] = true
	}
	if w.held[rec.ID] {
		return ledger.Stay{}
	}
	return ledger.Stay{Until: time.Now().Add(1000 * time.Hour), Why: "Frozen."}
}

func (w *watch) step(id ledger.ID) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.held[id] {
		w.early = append(w.early, fmt.Sprintf("%s ran before the guard let it go", id))
	}
}

func newTrial(t *testing.T, s *ledgertest.Server, ops int) *trial {
	tr := &trial{t: t, s: s, world: &crashtest.World{}, token: func(t engine.Turn) string { return t.Token("do") }}
	tr.decide = func(r *replica, id ledger.ID) error {
		_, err := r.ledger.Vote(context.Background(), id, -1, ledger.Vote{Actor: ledger.Actor{User: "U2"}, Choice: "approve", Fills: []int{0}}, "d-"+string(id), ledger.VoteOptions{})
		return err
	}
	for i := range ops {
		tr.ids = append(tr.ids, ledger.IDOf(fmt.Sprint("op", i)))
	}
	s.Clear(t)
	return tr
}

// replica is one life of a replica.
type replica struct {
	*trial
	process *crashtest.Process
	client  *redis.Client
	ledger  *ledger.Ledger
	engine  *engine.Engine
	done    chan error
}

func (tr *trial) start(decide crashtest.Decide) *replica {
	r := &replica{trial: tr, process: crashtest.New(decide), client: tr.s.Client(), done: make(chan error, 1)}
	if tr.hook != nil {
		r.client.AddHook(tr.hook(tr.s))
	}
	r.client.AddHook(r.process.Hook())
	r.ledger = ledger.New(r.client, ledger.Options{Prefix: tr.s.Prefix})
	r.engine = &engine.Engine{
		Ledger: r.ledger, Owner: "replica", Lease: lease, Log: slog.New(slog.DiscardHandler),
		Workflows: map[string]engine.Workflow{"chain": &chain{process: r.process, world: tr.world, token: tr.token, watch: tr.watch}},
	}
	if tr.watch != nil {
		r.engine.Guard = r.guard
	}
	go func() {
		defer r.client.Close()
		r.done <- r.live()
	}()
	return r
}

// guard asks the watch, which is outside of the process.
func (r *replica) guard(_ context.Context, rec ledger.Record) (stay ledger.Stay, err error) {
	err = r.process.Do("guard", func() error {
		stay = r.watch.word(rec)
		return nil
	})
	return stay, err
}

// live is what a replica does with the operations: people ask until they are answered, then turns and threads
// are taken until nothing is due.
func (r *replica) live() error {
	ctx := context.Background()
	for i, id := range r.ids {
		_, _, err := r.ledger.Submit(ctx, ledger.Proposal{
			ID: id, Kind: "chain", Step: steps[0], Resource: "web", Requester: ledger.Actor{User: "U0"}, Digest: "d-" + string(id),
			Title: fmt.Sprint("Operation ", i), Rule: ledger.Rule{Needs: ledger.From(2), ValidFor: 1000 * time.Hour},
		})
		if err != nil {
			return err
		}
		_, err = r.ledger.Vote(ctx, id, -1, ledger.Vote{Actor: ledger.Actor{User: "U1"}, Choice: "approve", Fills: []int{0}}, "d-"+string(id), ledger.VoteOptions{})
		if err := answered(err); err != nil {
			return err
		}
		if err := answered(r.decide(r, id)); err != nil {
			return err
		}
	}
	for {
		ran, err := r.engine.Step(ctx)
		if r.process.Dead() {
			return crashtest.ErrDead
		}
		if err != nil {
			return err
		}
		drew, err := r.draw(ctx)
		if err != nil {
			return err
		}
		if ran || drew {
			continue
		}
		if woke, err := r.wake(ctx); err != nil || !woke {
			return err
		}
	}
}

// wake ends the freeze if something is held, and reports whether it was.
func (r *replica) wake(ctx context.Context) (bool, error) {
	if r.watch == nil {
		return false, nil
	}
	open, err := r.ledger.Open(ctx)
	if err != nil || !slices.ContainsFunc(open, func(rec ledger.Record) bool { return rec.State == ledger.Held }) {
		return false, err
	}
	return true, r.ledger.Wake(ctx)
}

// answered is nil if the person knows where they stand.
func answered(err error) error {
	if _, ok := errors.AsType[*ledger.DecidedError](err); ok || errors.Is(err, ledger.ErrVoted) {
		return nil
	}
	return err
}

// draw draws one thread.
func (r *replica) draw(ctx context.Context) (bool, error) {
	d, err := r.ledger.ClaimDrawing(ctx, "replica", lease)
	if d == nil || err != nil {
		return false, err
	}
	if d.Message.TS == "" {
		if err := r.post(ctx, d); err != nil {
			return true, stale(err)
		}
	}
	for _, e := range d.Lines {
		if err := r.ledger.Said(ctx, d, e.ID); err != nil {
			return true, stale(err)
		}
	}
	return true, stale(r.ledger.Drawn(ctx, d, 0))
}

// post posts a root card, unless one may stand there already.
func (r *replica) post(ctx context.Context, d *ledger.Drawing) error {
	if !d.Posting {
		if err := r.ledger.Posting(ctx, d); err != nil {
			return err
		}
	}
	if err := r.process.Do("slack post", func() error { return nil }); err != nil {
		return err
	}
	return r.ledger.Posted(ctx, d, ledger.Message{TS: "1." + string(d.ID)})
}

// stale is nil for a drawer that was away too long: somebody else draws.
func stale(err error) error {
	if errors.Is(err, ledger.ErrFenced) {
		return nil
	}
	return err
}

const lease = 15 * time.Second

// wrong is everything that is not as it must be when all is done.
func (tr *trial) wrong() []string {
	ctx := context.Background()
	l := ledger.New(tr.s.Redis(), ledger.Options{Prefix: tr.s.Prefix})
	wrong, err := ledgertest.Broken(ctx, tr.s.Redis(), tr.s.Prefix)
	if err != nil {
		tr.t.Fatal(err)
	}
	var want []string
	for _, id := range tr.ids {
		rec, err := l.Get(ctx, id)
		if err != nil || rec.State != ledger.Succeeded {
			wrong = append(wrong, fmt.Sprintf("lost: %s is %s, %v", id, rec.State, err))
		}
		if got := string(rec.Data); got != `["one","two","three","four"]` {
			wrong = append(wrong, fmt.Sprintf("data of %s: %s", id, got))
		}
		if rec.Message.TS != "1."+string(id) {
			wrong = append(wrong, fmt.Sprintf("the card of %s stands at %q", id, rec.Message.TS))
		}
		entries, err := l.Journal(ctx, id)
		if err != nil {
			tr.t.Fatal(err)
		}
		if n := said(entries, "Frozen."); tr.watch != nil && n != 1 {
			wrong = append(wrong, fmt.Sprintf("%s says %d times that it is held", id, n))
		}
		for _, step := range steps {
			want = append(want, string(id)+" "+step)
			if n := said(entries, "Did "+step+"."); n != 1 {
				wrong = append(wrong, fmt.Sprintf("%s says %d times that it did %s", id, n, step))
			}
		}
	}
	if tr.watch != nil {
		wrong = append(wrong, tr.watch.early...)
	}
	return append(wrong, tr.world.Wrong(want)...)
}

func said(entries []ledger.Entry, line string) (n int) {
	for _, e := range entries {
		if e.Line == line {
			n++
		}
	}
	return n
}

// finish lets a replica live until it dies, and others after it until one gets to its end.
func (tr *trial) finish(first crashtest.Decide) (lives int) {
	decide := first
	for lives = 1; lives < 9; lives++ {
		err := <-tr.start(decide).done
		if err == nil {
			break
		}
		if !errors.Is(err, crashtest.ErrDead) {
			tr.t.Fatal(err)
		}
		decide = crashtest.Never
		tr.s.Pass(tr.t, lease+time.Second)
	}
	return lives
}

// TestEveryCrashPoint lets a replica die once at each point where it touches Redis or the cloud.
func TestEveryCrashPoint(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) { everyCrashPoint(t, s, 2, newTrial) })
}

// TestEveryCrashPointOfWhatIsHeld does the same where a guard holds each operation first and lets it go later.
func TestEveryCrashPointOfWhatIsHeld(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) { everyCrashPoint(t, s, 1, heldTrial) })
}

// heldTrial is a trial with a guard.
func heldTrial(t *testing.T, s *ledgertest.Server, ops int) *trial {
	tr := newTrial(t, s, ops)
	tr.watch = &watch{held: map[ledger.ID]bool{}}
	return tr
}

func everyCrashPoint(t *testing.T, s *ledgertest.Server, most int, newTrial func(*testing.T, *ledgertest.Server, int) *trial) {
	ops := 1
	if s.Real() {
		ops = most // a second one waits for the first one's resource
	}
	newTrial(t, s, ops).finish(crashtest.Never) // Redis knows the scripts from here on
	whole := newTrial(t, s, ops)
	r := whole.start(crashtest.Never)
	if err := <-r.done; err != nil {
		t.Fatal(err)
	}
	points := r.process.Points()
	if wrong := whole.wrong(); len(wrong) > 0 {
		t.Fatalf("without a crash: %v", wrong)
	}
	again := 0
	for n := 1; n <= len(points); n++ {
		tr := newTrial(t, s, ops)
		if lives := tr.finish(crashtest.DieAt(n)); lives != 2 {
			t.Errorf("death at point %d of %d (%s): %d lives", n, len(points), points[n-1], lives)
		}
		if wrong := tr.wrong(); len(wrong) > 0 {
			t.Errorf("death at point %d of %d (%s):\n%s", n, len(points), points[n-1], strings.Join(wrong, "\n"))
		}
		again += tr.world.Asked() - ops*len(steps)
	}
	if again == 0 {
		t.Error("no crash ever repeated a step: nothing was tried")
	}
	t.Logf("%d points; %d steps repeated, none with a second effect", len(points), again)
}

// chaos runs a trial in which replicas die and freeze at random. A frozen one goes on when others have
// taken its turns long ago.
func (tr *trial) chaos(seed uint64, dies, freezes float64) (crashes, zombies int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	calm := false
	decide := func(int, string) crashtest.Action {
		switch x := rng.Float64(); {
		case calm:
			return crashtest.Go
		case x < dies:
			return crashtest.Die
		case x < dies+freezes:
			return crashtest.Freeze
		}
		return crashtest.Go
	}
	var ice []*replica
	// settle waits until a replica ends or freezes, and reports whether it came to its end.
	settle := func(r *replica) bool {
		select {
		case err := <-r.done:
			if err != nil && !errors.Is(err, crashtest.ErrDead) {
				tr.t.Fatalf("seed %d: %v", seed, err)
			}
			if err != nil {
				crashes++
			}
			return err == nil
		case <-r.process.Frozen():
			zombies++
			ice = append(ice, r)
			return false
		}
	}
	thaw := func(i int) {
		r := ice[i]
		ice = slices.Delete(ice, i, i+1)
		r.process.Thaw()
		settle(r)
	}
	for life := 0; ; life++ {
		calm = life > 60
		ended := settle(tr.start(decide))
		if len(ice) > 0 && rng.Float64() < 0.5 {
			thaw(rng.IntN(len(ice)))
		}
		if ended && len(ice) == 0 {
			break
		}
		tr.s.Pass(tr.t, lease+time.Second)
		if ended || calm {
			for calm = true; len(ice) > 0; {
				thaw(0)
			}
		}
	}
	tr.s.Pass(tr.t, lease+time.Second)
	settle(tr.start(crashtest.Never))
	return crashes, zombies
}

// TestRandomCrashesAndFreezes: whatever dies or comes back late, nothing happens twice and nothing is lost.
func TestRandomCrashesAndFreezes(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) { randomCrashesAndFreezes(t, s, 300, newTrial) })
}

// TestRandomCrashesAndFreezesOfWhatIsHeld does the same where a guard holds each operation first.
func TestRandomCrashesAndFreezesOfWhatIsHeld(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) { randomCrashesAndFreezes(t, s, 60, heldTrial) })
}

func randomCrashesAndFreezes(t *testing.T, s *ledgertest.Server, most int, newTrial func(*testing.T, *ledgertest.Server, int) *trial) {
	runs := min(20, most/6)
	if s.Real() && !testing.Short() {
		runs = most
	}
	if n, err := strconv.Atoi(os.Getenv("CHAOS_RUNS")); err == nil {
		runs = n
	}
	crashes, zombies := 0, 0
	for seed := range uint64(runs) {
		tr := newTrial(t, s, 2)
		c, z := tr.chaos(seed, 0.02, 0.02)
		if wrong := tr.wrong(); len(wrong) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(wrong, "\n"))
		}
		crashes, zombies = crashes+c, zombies+z
	}
	if crashes < runs/2 || zombies < runs/2 {
		t.Errorf("only %d crashes and %d zombies in %d runs", crashes, zombies, runs)
	}
	t.Logf("%d runs: %d crashes, %d zombies, nothing doubled, nothing lost", runs, crashes, zombies)
}
