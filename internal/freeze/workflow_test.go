package freeze

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
)

var (
	dana = ledger.Actor{User: "UDANA", Team: "T1"}
	sam  = ledger.Actor{User: "USAM", Team: "T1"}
)

// site is a freeze on its way, with the ledger, the store and the engine that it needs.
type site struct {
	t      *testing.T
	redis  *miniredis.Miniredis
	client *redis.Client
	ledger *ledger.Ledger
	store  *Store
	engine *engine.Engine
	now    time.Time
}

func newSite(t *testing.T) *site {
	m, c := connect(t)
	s := &site{t: t, redis: m, client: c, ledger: ledger.New(c, ledger.Options{}), store: NewStore(c, "amiral"), now: noon}
	s.engine = s.replica(c)
	return s
}

func (s *site) replica(c *redis.Client) *engine.Engine {
	l := ledger.New(c, ledger.Options{})
	return &engine.Engine{
		Ledger: l, Owner: "replica", Log: slog.New(slog.DiscardHandler),
		Workflows: map[string]engine.Workflow{Kind: Workflow{Store: NewStore(c, "amiral"), Ledger: l}},
	}
}

func (s *site) pass(d time.Duration) { s.now = s.now.Add(d); s.redis.SetTime(s.now) }

// begin proposes a freeze that nobody has to approve.
func (s *site) begin(w Wish) ledger.ID {
	s.t.Helper()
	p, err := New(w, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := p.Payload()
	if err != nil {
		s.t.Fatal(err)
	}
	rec, _, err := s.ledger.Submit(s.t.Context(), ledger.Proposal{
		ID: ledger.IDOf(p.Digest()), Kind: Kind, Environment: p.Environment, Target: p.Target, Title: p.Title(),
		Requester: dana, Channel: "C1", Payload: body, Digest: p.Digest(), Step: First, Reason: p.Reason,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return rec.ID
}

// work runs every turn that is due.
func (s *site) work() {
	s.t.Helper()
	for {
		ran, err := s.engine.Step(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if !ran {
			return
		}
	}
}

func (s *site) get(id ledger.ID) ledger.Record {
	s.t.Helper()
	r, err := s.ledger.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *site) frozen(env, target string) bool {
	s.t.Helper()
	all, err := s.store.All(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	_, over := Over(all, env, target, s.now)
	return over
}

func (s *site) said(id ledger.ID) []string {
	s.t.Helper()
	entries, err := s.ledger.Journal(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		if e.Line != "" {
			lines = append(lines, e.Line)
		}
	}
	return lines
}

func TestAFreezeEndsByItself(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: 4 * time.Hour, Reason: "move"})
	s.work()
	if r := s.get(id); r.State != ledger.Running || !s.frozen("production", "web") || s.frozen("staging", "web") {
		t.Fatalf("got %s, frozen %v, want production frozen and nothing else", r.State, s.frozen("production", "web"))
	}
	s.pass(4*time.Hour - time.Second)
	s.work()
	if !s.frozen("production", "web") {
		t.Error("got no freeze a second before its end")
	}
	s.pass(time.Second)
	s.work()
	if r := s.get(id); r.State != ledger.Succeeded || r.Outcome != "The freeze of production is over." || s.frozen("production", "web") {
		t.Errorf("got %s (%s), want it over", r.State, r.Outcome)
	}
	lines := s.said(id)
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "production is frozen until {when:") }) {
		t.Errorf("got %q in the thread, want the freeze with its end", lines)
	}
}

func TestAFreezeIsLifted(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: 4 * time.Hour, Reason: "move"})
	s.work()
	if _, err := s.ledger.Signal(t.Context(), id, -1, ledger.Signal{Name: "cancel", By: sam, Reason: "moved already"}); err != nil {
		t.Fatal(err)
	}
	s.work()
	r := s.get(id)
	if r.State != ledger.Cancelled || r.EndedBy != sam || r.Outcome != "The freeze of production was lifted by {user:USAM}: moved already." || s.frozen("production", "web") {
		t.Errorf("got %s by %s (%s), want it lifted", r.State, r.EndedBy.User, r.Outcome)
	}
}

func TestWhatAFreezeCannotDoIsAnswered(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: 4 * time.Hour, Reason: "move"})
	s.work()
	if _, err := s.ledger.Signal(t.Context(), id, -1, ledger.Signal{Name: "pause", By: sam}); err != nil {
		t.Fatal(err)
	}
	s.work()
	if !slices.Contains(s.said(id), "A freeze only holds or is lifted, so nothing has changed.") || !s.frozen("production", "web") {
		t.Errorf("got %q, frozen %v, want an answer and the freeze to hold", s.said(id), s.frozen("production", "web"))
	}
}

func TestAFreezeLiftedBeforeItHoldsLeavesNothing(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: 4 * time.Hour, Reason: "move"})
	if _, err := s.ledger.Signal(t.Context(), id, -1, ledger.Signal{Name: "cancel", By: sam}); err != nil {
		t.Fatal(err)
	}
	s.work()
	if r := s.get(id); r.State != ledger.Cancelled || s.frozen("production", "web") {
		t.Errorf("got %s, want it lifted and nothing frozen", r.State)
	}
}

func TestAFreezeWhoseTimeIsOverBeforeItBeginsEnds(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: time.Hour, Reason: "move"})
	s.pass(2 * time.Hour)
	s.work()
	if r := s.get(id); r.State != ledger.Succeeded || s.frozen("production", "web") {
		t.Errorf("got %s, want it over", r.State)
	}
}

func TestALiftWakesWhatIsHeld(t *testing.T) {
	s := newSite(t)
	w := &waker{}
	s.engine.Workflows[Kind] = Workflow{Store: s.store, Ledger: w}
	s.begin(Wish{Environment: "production", For: time.Hour, Reason: "move"})
	s.work()
	if w.woken != 0 {
		t.Error("got a wake before the freeze is over")
	}
	s.pass(time.Hour)
	w.err = errors.New("redis: nobody answers")
	s.work()
	w.err = nil
	s.pass(time.Minute)
	s.work()
	if w.woken != 2 {
		t.Errorf("got %d wakes, want one that failed and one that did not", w.woken)
	}
}

type waker struct {
	woken int
	err   error
}

func TestTheCardOffersToLift(t *testing.T) {
	s := newSite(t)
	id := s.begin(Wish{Environment: "production", For: 4 * time.Hour, Reason: "move"})
	pending := s.get(id)
	pending.State = ledger.Pending
	if p := (Painter{}).Paint(pending); p.Headline != "Freeze production for 4h" || len(p.Buttons) != 0 || p.Sections[0].Facts[1].Value[0].Plain != "4h from its approval" {
		t.Errorf("got %+v, want the plan and no button of its own", p)
	}
	s.work()
	p := Painter{}.Paint(s.get(id))
	if p.Headline != "Frozen: production" || len(p.Buttons) != 1 || p.Buttons[0].Action != "cancel" || p.Buttons[0].Label != "Lift" || p.Buttons[0].Confirm == nil {
		t.Errorf("got %+v, want a button that lifts it", p)
	}
	if until := p.Sections[0].Facts[1].Value; !until[0].When.Equal(noon.Add(4 * time.Hour)) {
		t.Errorf("got %v, want its end", until)
	}
	if _, err := s.ledger.Signal(t.Context(), id, -1, ledger.Signal{Name: "cancel", By: sam}); err != nil {
		t.Fatal(err)
	}
	s.work()
	p = Painter{}.Paint(s.get(id))
	if len(p.Buttons) != 0 || !slices.Equal(p.Sections[0].Facts[2].Value, card.User("USAM")) {
		t.Errorf("got %+v, want who lifted it and no button", p)
	}
}

// Wake counts.
func (w *waker) Wake(context.Context) error { w.woken++; return w.err }

// TestAFreezeOutlivesItsReplicas kills the replica at every point of a freeze's life, once each; another one
// goes on. Whatever happens it holds for its time, and no longer, and says so once.
func TestAFreezeOutlivesItsReplicas(t *testing.T) {
	points := 1
	for point := 0; point <= points; point++ { // nobody dies at 0: it counts the points
		s := newSite(t)
		id := s.begin(Wish{Environment: "production", For: time.Hour, Reason: "move"})
		p := crashtest.New(crashtest.DieAt(point))
		client := redis.NewClient(s.client.Options())
		client.AddHook(p.Hook())
		doomed := s.replica(client)
		for range 10 {
			_, _ = doomed.Step(t.Context())
			if p.Dead() {
				break
			}
			s.pass(30 * time.Minute)
		}
		_ = client.Close()
		points = max(points, len(p.Points()))
		if points < 10 {
			t.Fatalf("got %d points, want the whole life of a freeze", points)
		}
		for range 10 {
			s.pass(16 * time.Second) // the lease of the dead ends
			s.work()
			if r := s.get(id); r.State == ledger.Running && r.At == stepWait && !s.frozen("production", "web") && s.now.Before(noon.Add(time.Hour)) {
				t.Errorf("killed at %d: it waits, and nothing is frozen", point)
			}
			s.pass(10 * time.Minute)
		}
		if r := s.get(id); r.State != ledger.Succeeded || s.frozen("production", "web") {
			t.Errorf("killed at %d: got %s, want it over", point, r.State)
		}
		times := 0
		for _, line := range s.said(id) {
			if strings.HasPrefix(line, "production is frozen until") {
				times++
			}
		}
		if times != 1 {
			t.Errorf("killed at %d: said %d times that it holds, want once", point, times)
		}
	}
	t.Logf("%d points", points)
}
