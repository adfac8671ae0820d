package approvals

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("rapid.nofailfile", "true") // it prints the seed
	if !testing.Short() {
		_ = flag.Set("rapid.checks", cmp.Or(os.Getenv("RAPID_CHECKS"), "200")) // it is a flag of this binary
	}
	debug.SetGCPercent(400) // a miniredis makes a Lua machine for each script
	goleak.VerifyTestMain(m)
}

var (
	olga  = ledger.Actor{User: "UOLGA", Team: "T1"}
	dana  = ledger.Actor{User: "UDANA", Team: "T1"}
	sam   = ledger.Actor{User: "USAM", Team: "T1"}
	priya = ledger.Actor{User: "UPRIYA", Team: "T1"}
	eve   = ledger.Actor{User: "UEVE", Team: "T1"}
)

// groups is a Slack whose user groups are lists, or which does not answer.
type groups struct {
	mu      sync.Mutex
	members map[string][]string
	broken  error            // for every group
	silent  map[string]error // for one
}

func (g *groups) set(handle string, members ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members[handle] = members
}

func (g *groups) Members(_ context.Context, handle string) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.members[handle], cmp.Or(g.broken, g.silent[handle])
}

func (g *groups) InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error) {
	members, err := g.Members(ctx, handle)
	return err == nil && slices.Contains(members, who.User), err
}

type world struct {
	*Gate
	redis  *miniredis.Miniredis
	groups *groups
	log    *audit.Log
	client redis.UniversalClient
	ledger *ledger.Ledger
	store  *freeze.Store
	engine *engine.Engine
	ran    []ledger.ID // what the workflow of rollouts was asked to do
	now    time.Time
	turn   func(time.Duration) // turns the clock of its Redis on
}

// monday is when the tests begin, at noon.
var monday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, quorum int) *world {
	t.Helper()
	return worldOf(t, policy.Rule{Name: "prod", Kind: "rollout", Environment: "production", Target: "web*", Approvals: &quorum, From: "sre", ValidFor: time.Hour})
}

// worldOf is a gate over a Redis, with an engine that the tests give turns.
func worldOf(t *testing.T, rules ...policy.Rule) *world {
	t.Helper()
	m := miniredis.RunT(t)
	m.SetTime(monday)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	t.Cleanup(func() { _ = c.Close() })
	w := worldAt(c, "amiral", rules...)
	w.redis, w.now = m, monday
	w.turn = func(d time.Duration) { w.now = w.now.Add(d); m.SetTime(w.now) }
	return w
}

// worldOn is a gate over a server, whose clock its world goes by.
func worldOn(t *testing.T, s *ledgertest.Server, rules ...policy.Rule) *world {
	t.Helper()
	c := s.Client()
	t.Cleanup(func() { _ = c.Close() })
	w := worldAt(c, s.Prefix, rules...)
	w.now = s.Now()
	w.turn = func(d time.Duration) { w.now = w.now.Add(d); s.Pass(t, d) }
	return w
}

func worldAt(c redis.UniversalClient, prefix string, rules ...policy.Rule) *world {
	w := &world{
		client: c, log: audit.New(c, audit.Key(prefix)), ledger: ledger.New(c, ledger.Options{Prefix: prefix, AuditKey: audit.Key(prefix)}),
		groups: &groups{members: map[string][]string{"sre": {"USAM", "UPRIYA", "UDANA"}}},
		store:  freeze.NewStore(c, prefix),
	}
	w.Gate = &Gate{
		Ledger: w.ledger, People: w.groups, Audit: w.log, Freezes: w.store, Time: w.store.Time,
		SecurityChannel: "CSECURITY", Policy: policy.Policy{Rules: rules},
	}
	w.engine = &engine.Engine{
		Ledger: w.ledger, Owner: "test", Log: slog.New(slog.DiscardHandler), Guard: w.Clear,
		Workflows: map[string]engine.Workflow{
			"rollout": w, freeze.Kind: freeze.Workflow{Store: w.store, Ledger: w.ledger}, Review: Reviews{},
		},
	}
	return w
}

// Turn is a rollout that is over at once, unless it is cancelled.
func (w *world) Turn(_ context.Context, t engine.Turn) (engine.Outcome, error) {
	if c, called := t.Signal("cancel"); called {
		return engine.Outcome{End: ledger.Cancelled, Outcome: "Cancelled by {user:" + c.By.User + "}."}, nil
	}
	w.ran = append(w.ran, t.ID)
	return engine.Outcome{End: ledger.Succeeded, Outcome: "Rolled."}, nil
}

func (w *world) pass(d time.Duration) { w.turn(d) }

// work runs every turn that is due.
func (w *world) work(t *testing.T) {
	t.Helper()
	for range 100 {
		ran, err := w.engine.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ran {
			return
		}
	}
	t.Fatal("turns without end")
}

func (w *world) get(t *testing.T, id ledger.ID) ledger.Record {
	t.Helper()
	r, err := w.ledger.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) ask(t *testing.T, key string, s Spec) ledger.Record {
	t.Helper()
	r, err := w.Propose(t.Context(), key, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) approve(t *testing.T, id ledger.ID, who ledger.Actor) ledger.Record {
	t.Helper()
	r, err := w.Vote(t.Context(), id, -1, who, Ballot{Choice: "approve"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines are what the thread of an operation says.
func (w *world) lines(t *testing.T, id ledger.ID) string {
	t.Helper()
	entries, err := w.ledger.Journal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if e.Line != "" {
			all = append(all, e.Line)
		}
	}
	return strings.Join(all, "\n")
}

// events are the audit's, of one kind.
func (w *world) events(t *testing.T, kind string) []audit.Event {
	t.Helper()
	all, err := w.log.Read(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e audit.Event) bool { return e.Kind != kind })
}

func spec() Spec {
	return Spec{Kind: "rollout", Environment: "production", Target: "web", Resource: "1/eu/asg/web", Title: "Roll web to ami-2",
		Requester: dana, Channel: "C1", Payload: json.RawMessage(`{"a":1}`), Digest: "d1", Step: "check"}
}

func (w *world) propose(t *testing.T) ledger.Record {
	t.Helper()
	r, err := w.Propose(t.Context(), "key", spec())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantFault(t *testing.T, err error, kind fault.Kind, words string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || !strings.Contains(f.Error(), words) {
		t.Errorf("got %v, want a %s fault that says %q", err, kind, words)
	}
}

func TestApprovedMeansStarted(t *testing.T) {
	w := newWorld(t, 2)
	r := w.propose(t)
	if r.State != ledger.Pending || r.Rule.Quorum() != 2 || r.Rule.Groups()[0] != "sre" {
		t.Fatalf("got %+v, want it to wait for 2 of sre", r)
	}
	first, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"})
	if err != nil || first.State != ledger.Pending || first.Approvals() != 1 {
		t.Fatalf("got %v %v, want one approval and still pending", first.State, err)
	}
	second, err := w.Vote(t.Context(), r.ID, r.Version, priya, Ballot{Choice: "approve"})
	if err != nil || second.State != ledger.Running {
		t.Fatalf("got %v %v, want it running", second.State, err)
	}
}

func TestTheRequesterNeverCounts(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	_, err := w.Vote(t.Context(), r.ID, r.Version, dana, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Denied, "You cannot approve your own request.")
	if got, _ := w.Ledger.Get(t.Context(), r.ID); got.State != ledger.Pending {
		t.Errorf("got %v, want pending", got.State)
	}
}

func TestOnlyTheGroupDecides(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	for _, choice := range []string{"approve", "deny"} {
		_, err := w.Vote(t.Context(), r.ID, r.Version, eve, Ballot{Choice: choice, Reason: "no"})
		wantFault(t, err, fault.Denied, "you are not in @sre")
	}
}

func TestAFailingLookupRefuses(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	w.groups.broken = errors.New("usergroups.users.list: internal_error")
	_, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Unavailable, "Slack did not say who is in @sre")
	_, err = w.Propose(t.Context(), "another", spec())
	wantFault(t, err, fault.Unavailable, "so nothing was done")
}

func TestNoRuleMeansNo(t *testing.T) {
	w := newWorld(t, 1)
	s := spec()
	s.Target = "api"
	_, err := w.Propose(t.Context(), "key", s)
	wantFault(t, err, fault.Denied, "No rule of the policy allows rollout on api in production")
}

func TestARequestNobodyCanApproveIsToldAtOnce(t *testing.T) {
	w := newWorld(t, 3)
	_, err := w.Propose(t.Context(), "key", spec())
	wantFault(t, err, fault.Conflict, "After leaving out you, only 2 of 3 can be met: @sre has only 2 else where 3 are needed.")
}

func TestProposingTwiceIsHarmless(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.propose(t), w.propose(t)
	if a.ID != b.ID {
		t.Errorf("got %s and %s, want one operation", a.ID, b.ID)
	}
}

func TestLateAnswersSayWhatHappened(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	if _, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "deny", Reason: "not now"}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Vote(t.Context(), r.ID, r.Version, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "was denied by {user:USAM}")
	_, err = w.Withdraw(t.Context(), r.ID, dana, "")
	wantFault(t, err, fault.Conflict, "was denied by {user:USAM}")
	_, err = w.Vote(t.Context(), "op-nothing", -1, priya, Ballot{Choice: "approve"})
	wantFault(t, err, fault.NotFound, "There is no operation op-nothing")
}

func TestAVoteAfterTheTimeIsRefused(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	w.pass(61 * time.Minute)
	_, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"})
	wantFault(t, err, fault.Conflict, "expired")
}

func TestOnlyTheRequesterWithdraws(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	_, err := w.Withdraw(t.Context(), r.ID, sam, "")
	wantFault(t, err, fault.Denied, "Only {user:UDANA}")
	gone, err := w.Withdraw(t.Context(), r.ID, dana, "mistake")
	if err != nil || gone.State != ledger.Withdrawn {
		t.Errorf("got %v %v, want withdrawn", gone.State, err)
	}
}

func TestSignalsArePermissionedToo(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	_, err := w.Signal(t.Context(), r.ID, -1, dana, "pause", "")
	wantFault(t, err, fault.Conflict, "has not been approved yet")
	if _, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Signal(t.Context(), r.ID, -1, eve, "cancel", "")
	wantFault(t, err, fault.Denied, "You cannot cancel this: you are not in @sre")
	_, err = w.Signal(t.Context(), r.ID, -1, eve, "rollback", "")
	wantFault(t, err, fault.Denied, "You cannot roll this back: you are not in @sre")
	for _, who := range []ledger.Actor{dana, priya} {
		if _, err := w.Signal(t.Context(), r.ID, -1, who, "pause", ""); err != nil {
			t.Errorf("%s: got %v, want it allowed", who.User, err)
		}
	}
	_, err = w.Signal(t.Context(), r.ID, -1, dana, "abandon", "")
	wantFault(t, err, fault.Conflict, "is not stuck")
}

// TestAnAnswerBelongsToItsQuestion: continue counts only on the card that asked; cancel always means the operation.
func TestAnAnswerBelongsToItsQuestion(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	running, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Signal(t.Context(), r.ID, running.Version-1, dana, "continue", "")
	wantFault(t, err, fault.Conflict, "This card has changed")
	if _, err := w.Signal(t.Context(), r.ID, running.Version-1, dana, "cancel", ""); err != nil {
		t.Errorf("got %v, want cancel to count whatever the card said", err)
	}
}

// TestTwoApproversAtOnceStartOneOperation presses from many sides together.
func TestTwoApproversAtOnceStartOneOperation(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 20 {
		who := []ledger.Actor{sam, priya}[i%2]
		wg.Go(func() {
			if _, err := w.Vote(t.Context(), r.ID, r.Version, who, Ballot{Choice: "approve"}); err == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("got %d presses that decided, want 1", won)
	}
	entries, err := w.Ledger.(*ledger.Ledger).Journal(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, e := range entries {
		if e.Kind == "started" {
			started++
		}
	}
	if started != 1 {
		t.Errorf("started %d times, want once", started)
	}
}

func TestADecisionThatNoReplicaConfirmsIsTold(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	alone := ledger.New(w.client, ledger.Options{Replicas: 1, ReplicaTimeout: 10 * time.Millisecond})
	w.Ledger = alone
	voted, err := w.Vote(t.Context(), r.ID, r.Version, sam, Ballot{Choice: "approve"})
	if err != nil || voted.State != ledger.Running {
		t.Fatalf("got %v %v, want it to run all the same", voted.State, err)
	}
	entries, err := alone.Journal(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if last := entries[len(entries)-1]; !strings.Contains(last.Line, "no replica of Redis has confirmed it") {
		t.Errorf("got %q last in the thread, want it to say that no replica confirmed", last.Line)
	}
}

func TestRefusalsAreInTheAudit(t *testing.T) {
	w := newWorld(t, 1)
	r := w.propose(t)
	_, _ = w.Vote(t.Context(), r.ID, r.Version, eve, Ballot{Choice: "approve"})
	events, err := w.log.Read(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Kind != "refused" || last.Who.User != "UEVE" || last.Op != string(r.ID) || !strings.Contains(last.Outcome, "not in @sre") {
		t.Errorf("got %+v, want Eve's refusal with its reason", last)
	}
}

func TestARuleWithZeroApprovalsStartsAtOnce(t *testing.T) {
	w := newWorld(t, 0)
	if r := w.propose(t); r.State != ledger.Running {
		t.Errorf("got %v, want running", r.State)
	}
}
