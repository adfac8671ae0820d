package group

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
)

// world is a simulated cloud with a group "web" of four instances in two zones, and one operation on it that is given
// turns as the engine gives them. Time passes only between turns.
type world struct {
	t      *testing.T
	now    time.Time
	sim    *awssim.Cloud
	aws    *awssim.Fleet
	fleet  *cloud.Client
	rec    ledger.Record
	signal []ledger.Signal
	lines  []string
	calls  int // answered so far
	dieAt  int // the worker dies when so many calls are answered, before it learns of the last
	twice  bool
	before func(step string) // each turn
}

type death struct{}

// RoundTrip carries requests to the simulator without a network.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, r)
	if w.calls++; w.calls == w.dieAt {
		panic(death{})
	}
	return rec.Result(), nil
}

func newWorld(t *testing.T, edit ...func(*awssim.Group)) *world {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &world{t: t, now: noon}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws = w.sim.Region("eu-west-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2"})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}, {Image: "ami-0002"}}})
	group := awssim.Group{Name: "web", Template: "web-lt", Min: 1, Max: 8, Desired: 4, Zones: []string{"a", "b"}}
	for _, e := range edit {
		e(&group)
	}
	if err := w.aws.AddGroup(group); err != nil {
		t.Fatal(err)
	}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}}, cloud.Options{HTTPClient: &http.Client{Transport: w}})
	if err != nil {
		t.Fatal(err)
	}
	if w.fleet, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) group() fleet.Group {
	w.t.Helper()
	g, err := w.fleet.Group(w.t.Context(), "web")
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// plan plans from how things are.
func (w *world) plan(want Want) Plan {
	w.t.Helper()
	want.Group = "web"
	facts, err := Gather(w.t.Context(), w.fleet, "prod", w.now, want)
	if err != nil {
		w.t.Fatal(err)
	}
	facts.Now = w.now
	p, err := New(facts, want)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// propose stores the plan as an approved operation.
func (w *world) propose(want Want) Plan {
	w.t.Helper()
	p := w.plan(want)
	for _, f := range p.Findings {
		if f.Stop {
			w.t.Fatalf("the plan stops: %s", f.Text)
		}
	}
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: "op-test000001", Kind: want.Kind, Environment: "prod", Target: "web", Resource: p.Resource(),
			Title: p.Title(), Command: "/asg " + want.Kind + " web", Requester: dev, Payload: payload, Digest: p.Digest(), Step: First},
		State: ledger.Running, At: First, Started: w.now,
	}
	w.calls, w.lines, w.signal = 0, nil, nil
	return p
}

// run gives turns until it is over.
func (w *world) run() {
	w.t.Helper()
	for n := 0; !w.rec.State.Final(); n++ {
		if n > 300 {
			w.t.Fatalf("not over after %d turns: at %s, %s", n, w.rec.At, w.rec.Trouble)
		}
		w.turn()
	}
}

func (w *world) turn() {
	w.t.Helper()
	if w.before != nil {
		w.before(w.rec.At)
	}
	out, err, died := w.attempt()
	if w.twice && !died && err == nil { // its outcome was lost
		out, err, died = w.attempt()
	}
	switch {
	case died:
		w.now = w.now.Add(15 * time.Second) // the lease
	case err != nil:
		if f, ok := fault.As(err); ok {
			w.rec.State, w.rec.Outcome = ledger.Failed, f.Error()
			return
		}
		if w.rec.Trouble = err.Error(); w.rec.Attempt > 20 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		w.rec.Attempt++
		w.now = w.now.Add(2 * time.Second)
	default:
		w.commit(out)
	}
}

func (w *world) attempt() (out engine.Outcome, err error, died bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(death); !ok {
				panic(p)
			}
			died = true
		}
	}()
	wf := Workflow{Fleet: func(string) (Fleet, error) { return w.fleet, nil }}
	out, err = wf.Turn(w.t.Context(), engine.Turn{Turn: ledger.Turn{Record: w.rec, Signals: slices.Clone(w.signal), Now: w.now}})
	return out, err, false
}

func (w *world) commit(out engine.Outcome) {
	w.signal, w.rec.Attempt = nil, 0
	if out.Data != nil {
		w.rec.Data = out.Data
	}
	if out.Line != "" {
		w.lines = append(w.lines, out.Line)
	}
	if out.Step != "" {
		w.rec.At = out.Step
	}
	if out.End != "" {
		w.rec.State, w.rec.Outcome = out.End, out.Outcome
		return
	}
	w.now = w.now.Add(max(out.In, time.Second))
}

// ask sends a signal, as a pressed button does.
func (w *world) ask(name string) {
	w.signal = append(w.signal, ledger.Signal{Name: name, By: dev, At: w.now})
}

// wants checks how it ended.
func (w *world) wants(state ledger.State, words string) {
	w.t.Helper()
	if w.rec.State != state || !strings.Contains(w.rec.Outcome, words) {
		w.t.Errorf("got %s: %s, want %s: %s", w.rec.State, w.rec.Outcome, state, words)
	}
}

// ids are the members in that state.
func ids(g fleet.Group, lifecycle string) []fleet.InstanceID {
	var all []fleet.InstanceID
	for _, m := range g.Instances {
		if m.Lifecycle == lifecycle {
			all = append(all, m.ID)
		}
	}
	slices.Sort(all)
	return all
}

// look is the group as a person would tell it.
func look(g fleet.Group) string {
	states := map[string]int{}
	protected := 0
	for _, m := range g.Instances {
		states[m.Lifecycle]++
		if m.Protected {
			protected++
		}
	}
	return fmt.Sprintf("%s %v protected %d from %s suspended %v", sizeOf(g), states, protected, g.Ref().Version, g.Suspended)
}

func number(n int) *int { return &n }
