package rollout

import (
	"cmp"
	"context"
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
	dev = ledger.Actor{User: "UDEV", Team: "T1"}
	sre = ledger.Actor{User: "USRE", Team: "T1"}
)

// world is a simulated cloud with one group, and one operation on it that is given turns as the engine
// gives them. Time passes only between turns.
type world struct {
	t      *testing.T
	now    time.Time
	sim    *awssim.Cloud
	aws    *awssim.Fleet
	fleet  Fleet // what the workflow uses
	rec    ledger.Record
	signal []ledger.Signal
	lines  []string
	turns  int

	onTurn   func(n int) (vanish bool) // before each turn; vanish: its outcome is lost
	people   func()                    // what they do, asked before each turn
	poll     time.Duration
	families Families
	least    int // fewest instances in service ever seen
	most     int // while no more than the canary is approved: as many instances may be on the new version
}

// wire carries requests to the simulator without a network.
type wire struct{ handler http.Handler }

func (w wire) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, fmt.Errorf("connection closed: %v", p)
		}
	}()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// newWorld has a group "web" of n instances on version 1, with ami-0001, and ami-0002 to roll to.
func newWorld(t *testing.T, n int, edit ...func(*awssim.Group)) *world {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &world{t: t, now: noon, least: n}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws = w.sim.Region("eu-west-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2"})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
	group := awssim.Group{Name: "web", Template: "web-lt", Max: 2 * n, Desired: n, Warmup: ptr(time.Minute)}
	for _, e := range edit {
		e(&group)
	}
	if err := w.aws.AddGroup(group); err != nil {
		t.Fatal(err)
	}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}},
		cloud.Options{HTTPClient: &http.Client{Transport: wire{w.sim.Handler()}}})
	if err != nil {
		t.Fatal(err)
	}
	if w.fleet, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	return w
}

// propose plans the wish and stores the plan as an approved operation.
func (w *world) propose(want Want) Plan {
	w.t.Helper()
	facts, err := Gather(w.t.Context(), w.fleet, "prod", "web", want)
	if err != nil {
		w.t.Fatal(err)
	}
	facts.Now = w.now
	p, err := New(facts, want)
	if err != nil {
		w.t.Fatal(err)
	}
	if stops := p.Stops(); len(stops) > 0 {
		w.t.Fatalf("the plan stops: %+v", stops)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: "op-test000001", Kind: Kind, Environment: "prod", Target: "web", Resource: p.Resource(),
			Title: p.Title(), Command: "/asg rollout web --image ami-0002", Requester: dev, Payload: payload, Digest: p.Digest(), Step: First},
		State: ledger.Running, At: First, Started: w.now,
	}
	w.signal, w.lines, w.turns = nil, nil, 0
	return p
}

// ask sends a signal, as a pressed button does.
func (w *world) ask(name string, who ledger.Actor) {
	w.signal = append(w.signal, ledger.Signal{Name: name, By: who, At: w.now})
}

// turn gives the operation one turn and lets the time pass that it asked for.
func (w *world) turn() {
	w.t.Helper()
	w.turns++
	if w.people != nil {
		w.people()
	}
	wf := Workflow{Fleet: func(string) (Fleet, error) { return w.fleet, nil }, Poll: w.poll, Families: w.families}
	vanish := w.onTurn != nil && w.onTurn(w.turns)
	out, err, died := w.attempt(wf)
	switch {
	case died || vanish:
		w.pass(15 * time.Second) // the lease
		return
	case err != nil:
		if f, ok := fault.As(err); ok {
			w.rec.State, w.rec.Outcome, w.rec.Ended = ledger.Failed, f.Error(), w.now
			return
		}
		w.rec.Trouble = err.Error()
		if w.rec.Attempt++; w.rec.Attempt > 30 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		w.pass(2 * time.Second)
		return
	}
	w.commit(out)
}

// attempt runs a turn; a worker that dies in it leaves nothing behind.
func (w *world) attempt(wf Workflow) (out engine.Outcome, err error, died bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(death); !ok {
				panic(p)
			}
			died = true
		}
	}()
	out, err = wf.Turn(w.t.Context(), engine.Turn{Turn: ledger.Turn{Record: w.rec, Signals: slices.Clone(w.signal), Now: w.now}})
	return out, err, false
}

type death struct{}

func (w *world) commit(out engine.Outcome) {
	w.signal, w.rec.Attempt, w.rec.Trouble, w.rec.Checked = nil, 0, "", w.now
	if out.Data != nil {
		w.rec.Data = out.Data
	}
	if out.Line != "" {
		w.lines = append(w.lines, out.Line)
	}
	if out.Step != "" && out.Step != w.rec.At {
		w.rec.At = out.Step
		w.rec.Version++
	}
	w.rec.Seq++
	if out.End != "" {
		w.rec.State, w.rec.Outcome, w.rec.Ended = out.End, out.Outcome, w.now
		return
	}
	w.pass(max(out.In, 200*time.Millisecond))
}

// pass lets time pass in small steps, and counts at each what is in service, and what is new.
func (w *world) pass(d time.Duration) {
	const tick = 5 * time.Second
	goal := ""
	if w.rec.Narrowed {
		goal = w.goal()
	}
	for ; d > 0; d -= tick {
		w.now = w.now.Add(min(d, tick))
		g, _ := w.aws.Group("web")
		w.least = min(w.least, inService(g))
		if n := renewed(g, goal); n > w.most && goal != "" {
			w.t.Fatalf("at %s: %d instances are on the new version, and %d are approved", w.rec.At, n, w.most)
		}
	}
}

func inService(g awssim.GroupState) int {
	n := 0
	for _, i := range g.Instances {
		if i.Lifecycle == "InService" && i.Health == "Healthy" {
			n++
		}
	}
	return n
}

// narrow has no more than the canary approved.
func (w *world) narrow() {
	w.t.Helper()
	p, _, err := decode(w.rec)
	if err != nil || p.Narrow() == "" {
		w.t.Fatalf("nothing smaller can be approved: %v", err)
	}
	g, _ := w.aws.Group("web")
	w.rec.Narrow, w.rec.Narrowed, w.most = p.Narrow(), true, renewed(g, w.goal())+p.canaries()
}

// widen has the rest approved, too; the ledger does both at once.
func (w *world) widen() {
	w.rec.Narrowed = false
	w.rec.Version++
	w.ask("continue", sre)
}

// goal is the version that the rollout leads to.
func (w *world) goal() string {
	p, d, err := decode(w.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(cmp.Or(d.Version, p.To.Version))
}

// renewed counts the instances, on their way in or in service, that run the version.
func renewed(g awssim.GroupState, version string) int {
	n := 0
	for _, i := range g.Instances {
		if i.Version == version && !strings.HasPrefix(i.Lifecycle, "Terminat") {
			n++
		}
	}
	return n
}

// until gives turns until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for limit := w.now.Add(5 * 24 * time.Hour); !holds(); w.turn() {
		if w.rec.State.Final() || w.now.After(limit) {
			w.t.Fatalf("never %s: at %s, %s %q, lines:\n%s", what, w.rec.At, w.rec.State, w.rec.Outcome, strings.Join(w.lines, "\n"))
		}
	}
}

// finish gives turns until the operation is over, and checks that nothing was left suspended.
func (w *world) finish(state ledger.State) {
	w.t.Helper()
	for limit := w.now.Add(5 * 24 * time.Hour); !w.rec.State.Final(); w.turn() {
		if w.now.After(limit) {
			w.t.Fatalf("no end: at %s, lines:\n%s", w.rec.At, strings.Join(w.lines, "\n"))
		}
	}
	if w.rec.State != state {
		w.t.Fatalf("got %s %q, want %s; lines:\n%s", w.rec.State, w.rec.Outcome, state, strings.Join(w.lines, "\n"))
	}
}

func (w *world) at(step string) func() bool { return func() bool { return w.rec.At == step } }

func (w *world) data() Data {
	_, d, err := decode(w.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// replaced is the progress as last seen.
func (w *world) replaced(n int) func() bool {
	return func() bool { return w.data().Progress.Replaced >= n }
}

// runs counts the instances in service by version.
func (w *world) runs() string {
	g, _ := w.aws.Group("web")
	count := map[string]int{}
	for _, i := range g.Instances {
		if i.Lifecycle == "InService" {
			count["v"+i.Version+" "+i.Image]++
		}
	}
	return strings.TrimPrefix(fmt.Sprint(count), "map")
}

func (w *world) wantRuns(want string) {
	w.t.Helper()
	if got := w.runs(); got != want {
		w.t.Errorf("got instances %s, want %s", got, want)
	}
}

// card is what people see of the operation now.
func (w *world) card() string { return plain(Painter{}.Paint(w.rec)) }

func (w *world) wantLine(part string) {
	w.t.Helper()
	if !strings.Contains(strings.Join(w.lines, "\n"), part) {
		w.t.Errorf("got lines:\n%s\nwant one with %q", strings.Join(w.lines, "\n"), part)
	}
}

func (w *world) wantOutcome(parts ...string) {
	w.t.Helper()
	for _, part := range parts {
		if !strings.Contains(w.rec.Outcome, part) {
			w.t.Errorf("got outcome %q, want it with %q", w.rec.Outcome, part)
		}
	}
}

// wantStatuses compares the group's refreshes, oldest first.
func (w *world) wantStatuses(want ...string) {
	w.t.Helper()
	var got []string
	for _, r := range slices.Backward(w.aws.Refreshes("web")) {
		got = append(got, r.Status)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("got refreshes %q, want %q", got, want)
	}
}

func (w *world) wantSuspended(want ...string) {
	w.t.Helper()
	g, _ := w.aws.Group("web")
	if !slices.Equal(g.Suspended, want) && len(g.Suspended)+len(want) > 0 {
		w.t.Errorf("got %q suspended, want %q", g.Suspended, want)
	}
}

// wantVersions checks how many versions the template has.
func (w *world) wantVersions(n int64) {
	w.t.Helper()
	got, err := w.fleet.Template(context.Background(), fleet.TemplateRef{ID: "lt-0001"})
	if err != nil {
		w.t.Fatal(err)
	}
	if got.Latest != n {
		w.t.Errorf("got %d versions, want %d", got.Latest, n)
	}
}

// raw sends an Auto Scaling request that the bot itself never makes.
func (w *world) raw(body string) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://aws.local/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20261123/eu-west-1/autoscaling/aws4_request, SignedHeaders=host, Signature=0")
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", body, rec.Code, rec.Body)
	}
}
