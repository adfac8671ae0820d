package patch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
	sre  = ledger.Actor{User: "USRE", Team: "T1"}
)

func ptr[T any](v T) *T { return &v }

// parts is all that the patch and its parts do to the cloud.
type parts interface {
	bake.Fleet
	rollout.Fleet
	family.Parameters
}

// world is a simulated cloud with two groups and a server that was patched, and one operation that is given turns as the
// engine gives them. Time passes only between turns.
type world struct {
	t      *testing.T
	now    time.Time
	sim    *awssim.Cloud
	aws    *awssim.Fleet
	client *cloud.Client
	fleet  parts
	wire   *wire
	locks  *locks
	golden *golden
	server fleet.InstanceID
	rec    ledger.Record
	signal []ledger.Signal
	lines  []string
	turns  int

	onTurn func(n int) (vanish bool) // before each turn; vanish: its outcome is lost
	people func()                    // what they do, asked before each turn
	answer awssim.Output             // of the test
	seen   map[string]bool           // machines for the test, by id
	sent   int                       // how often the test was run
	poll   time.Duration
}

// wire carries requests to the simulator without a network. The worker dies at the n-th of them: before it, or after.
type wire struct {
	handler http.Handler
	calls   []string
	at      int
	before  bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.calls = append(w.calls, called(r, string(body)))
	if len(w.calls) == w.at && w.before {
		panic(death{})
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if len(w.calls) == w.at {
		panic(death{})
	}
	return rec.Result(), nil
}

// called is the name of the call that a request is.
func called(r *http.Request, body string) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	form, _ := url.ParseQuery(body)
	if form.Get("DryRun") == "true" {
		return "Describe" + form.Get("Action")
	}
	return form.Get("Action")
}

// locks are the resources that are held, by whom.
type locks struct{ held map[string]ledger.ID }

func (l *locks) Take(_ context.Context, t *ledger.Turn, resource string) (ledger.ID, error) {
	if who := l.held[resource]; who != "" && who != t.ID {
		return who, nil
	}
	l.held[resource] = t.ID
	return "", nil
}

func (l *locks) Drop(_ context.Context, t *ledger.Turn, resource string) error {
	if l.held[resource] == t.ID {
		delete(l.held, resource)
	}
	return nil
}

// golden is the golden images, in memory.
type golden struct{ now family.Golden }

func (g *golden) Golden(_ context.Context, environment, name string) (family.Golden, error) {
	if g.now.Image == "" {
		return g.now, fault.New(fault.NotFound, "The family %s has no golden image in %s.", name, environment)
	}
	return g.now, nil
}

func (g *golden) Point(_ context.Context, next family.Golden, was int64) (family.Golden, error) {
	switch {
	case g.now.Op == next.Op:
		return g.now, nil
	case g.now.Revision != was:
		return family.Golden{}, fault.New(fault.Conflict, "%s is golden by now.", g.now.Image)
	}
	next.Revision = was + 1
	g.now = next
	return next, nil
}

// drafts keeps no manifest for long.
type drafts map[string]baseline.Manifest

func (d drafts) Put(context.Context, string, baseline.Manifest) error { return nil }

func (d drafts) Keep(_ context.Context, name string, m baseline.Manifest) error {
	d[name] = m
	return nil
}

func (d drafts) Kept(_ context.Context, name string) (baseline.Manifest, error) { return d[name], nil }

func newWorld(t *testing.T, edit ...func(*awssim.Group)) *world {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &world{t: t, now: noon, locks: &locks{held: map[string]ledger.ID{}}, golden: &golden{}, seen: map[string]bool{}}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws = w.sim.Region("eu-west-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "api-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
	for _, g := range []awssim.Group{
		{Name: "web", Template: "web-lt", Max: 8, Desired: 3, Warmup: ptr(time.Minute), Tags: map[string]string{"Role": "web"}},
		{Name: "api", Template: "api-lt", Max: 8, Desired: 2, Warmup: ptr(time.Minute), Tags: map[string]string{"Role": "web"}},
	} {
		for _, e := range edit {
			e(&g)
		}
		if err := w.aws.AddGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	id, err := w.aws.AddInstance(awssim.Instance{Name: "golden-builder", Image: "ami-0001"})
	if err != nil {
		t.Fatal(err)
	}
	w.server = fleet.InstanceID(id)
	w.aws.OnScript(func(s awssim.Script) awssim.Output {
		if strings.Contains(strings.Join(s.Commands, "\n"), "amiral-baseline") {
			return awssim.Output{Exit: 127}
		}
		w.sent++
		return w.answer
	})
	w.wire = &wire{handler: w.sim.Handler()}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}},
		cloud.Options{HTTPClient: &http.Client{Transport: w.wire}})
	if err != nil {
		t.Fatal(err)
	}
	if w.client, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	w.fleet = w.client
	return w
}

// both asks for a patch of both groups.
func (w *world) both() Want {
	return Want{Groups: []fleet.GroupName{"web", "api"}, Bake: bake.Want{Instance: string(w.server)}}
}

func (w *world) plan(want Want) Plan {
	w.t.Helper()
	facts, err := Gather(w.t.Context(), w.fleet, w.golden, "prod", want)
	if err != nil {
		w.t.Fatal(err)
	}
	facts.Now, facts.Bake.Now = w.now, w.now
	for i := range facts.Groups {
		facts.Groups[i].Now = w.now
	}
	p, err := New(facts, want)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// propose plans the wish and stores the plan as an approved operation.
func (w *world) propose(want Want) Plan {
	w.t.Helper()
	p := w.plan(want)
	if stops := p.Brief().Stops(); len(stops) > 0 {
		w.t.Fatalf("the plan stops: %+v", stops)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	b := p.Brief()
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: "op-test000001", Kind: Kind, Environment: "prod", Target: b.Target, Resource: b.Resource, Title: b.Title,
			Command: "/asg patch --groups web,api --from golden-builder", Requester: dev, Payload: payload, Digest: b.Digest, Step: First},
		State: ledger.Running, At: First, Started: w.now,
	}
	w.signal, w.lines, w.turns = nil, nil, 0
	return p
}

// ask sends a signal, as a pressed button does.
func (w *world) ask(name string, who ledger.Actor) {
	w.signal = append(w.signal, ledger.Signal{Name: name, By: who, At: w.now})
}

func (w *world) workflow() Workflow {
	return Workflow{
		Fleet: func(string) (Fleet, error) { return w.fleet, nil },
		Bake: bake.Workflow{Fleet: func(string) (bake.Fleet, error) { return w.fleet, nil }, Baselines: drafts{}, Poll: w.poll,
			Regions: func(string, string) (bake.Region, error) { return w.fleet, nil }},
		Roll:  rollout.Workflow{Fleet: func(string) (rollout.Fleet, error) { return w.fleet, nil }, Poll: w.poll},
		Locks: w.locks, Families: w.golden, Poll: w.poll,
	}
}

type death struct{}

// turn gives the operation one turn and lets the time pass that it asked for.
func (w *world) turn() {
	w.t.Helper()
	w.turns++
	if w.people != nil {
		w.people()
	}
	vanish := w.onTurn != nil && w.onTurn(w.turns)
	out, err, died := w.attempt()
	w.machines()
	switch {
	case died || vanish:
		w.now = w.now.Add(15 * time.Second) // the lease
		return
	case err != nil:
		if f, ok := fault.As(err); ok {
			w.rec.State, w.rec.Outcome, w.rec.Ended = ledger.Failed, f.Error(), w.now
			return
		}
		if w.rec.Attempt++; w.rec.Attempt > 30 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		w.now = w.now.Add(2 * time.Second)
		return
	}
	w.commit(out)
}

// attempt runs a turn; a worker that dies in it leaves nothing behind.
func (w *world) attempt() (out engine.Outcome, err error, died bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(death); !ok {
				panic(p)
			}
			died = true
		}
	}()
	out, err = w.workflow().Turn(w.t.Context(), engine.Turn{Turn: ledger.Turn{Record: w.rec, Signals: slices.Clone(w.signal), Now: w.now}})
	return out, err, false
}

func (w *world) commit(out engine.Outcome) {
	w.signal, w.rec.Attempt, w.rec.Checked = nil, 0, w.now
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
	if out.End != "" {
		w.rec.State, w.rec.Outcome, w.rec.Ended = out.End, out.Outcome, w.now
		w.locks.held = map[string]ledger.ID{} // everything is dropped at the end
		return
	}
	w.now = w.now.Add(max(out.In, 200*time.Millisecond))
}

// finish gives turns until the operation is over, and checks that nothing of it is left running.
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
	w.wantNoTestMachine()
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

// at holds when the n-th group stands at a step of its rollout.
func (w *world) at(n int, step string) func() bool {
	return func() bool { return len(w.data().Parts) == n && w.rec.At == stepRoll+"/"+step }
}

func (w *world) data() Data {
	w.t.Helper()
	_, d, err := decode(w.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// machines are all instances that were ever seen to be launched for a test.
func (w *world) machines() (running, all int) {
	for _, i := range w.aws.Instances() {
		if !strings.HasPrefix(i.Tags["Name"], "amiral-test") {
			continue
		}
		w.seen[i.ID] = true
		if i.State == "running" || i.State == "pending" {
			running++
		}
	}
	return running, len(w.seen)
}

func (w *world) wantNoTestMachine() {
	w.t.Helper()
	if running, _ := w.machines(); running > 0 {
		w.t.Errorf("%d machines for the test are left", running)
	}
}

// made are the images besides the first.
func (w *world) made() []fleet.Image {
	w.t.Helper()
	own, err := w.client.OwnImages(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(own, func(i fleet.Image) bool { return i.ID == "ami-0001" })
}

// runs says what a group's instances run.
func (w *world) runs(group string) string {
	g, _ := w.aws.Group(group)
	count := map[string]int{}
	for _, i := range g.Instances {
		if i.Lifecycle == "InService" {
			count["v"+i.Version]++
		}
	}
	return strings.TrimPrefix(fmt.Sprint(count), "map")
}

func (w *world) wantRuns(group, want string) {
	w.t.Helper()
	if got := w.runs(group); got != want {
		w.t.Errorf("%s: got instances %s, want %s", group, got, want)
	}
}

// refreshes are a group's refreshes, oldest first.
func (w *world) wantRefreshes(group string, want ...string) {
	w.t.Helper()
	var got []string
	for _, r := range slices.Backward(w.aws.Refreshes(group)) {
		got = append(got, r.Status)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: got refreshes %q, want %q", group, got, want)
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

func (w *world) wantLine(part string) {
	w.t.Helper()
	if !strings.Contains(strings.Join(w.lines, "\n"), part) {
		w.t.Errorf("got lines:\n%s\nwant one with %q", strings.Join(w.lines, "\n"), part)
	}
}

// card is what people see of the operation now.
func (w *world) card() string { return plain(Painter{}.Paint(w.rec)) }

func (w *world) wantCard(parts ...string) {
	w.t.Helper()
	got := w.card()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			w.t.Errorf("got card:\n%s\nwant it with %q", got, part)
		}
	}
}

// plain is a picture as words.
func plain(p card.Picture) string {
	var b strings.Builder
	fmt.Fprintln(&b, "# "+p.Headline)
	for _, s := range p.Sections {
		if s.Text != nil {
			fmt.Fprintln(&b, text(*s.Text))
		}
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "%s: %s\n", f.Label, text(f.Value))
		}
		for _, s := range s.Steps {
			fmt.Fprintf(&b, "[%s] %s\n", s.State, text(s.Text))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "stop=%v %s (%s)\n", f.Stop, f.Text, f.Hint)
		}
		if s.Table != nil {
			for _, row := range s.Table.Rows {
				var cells []string
				for _, c := range row {
					cells = append(cells, text(c))
				}
				fmt.Fprintln(&b, strings.Join(cells, " | "))
			}
		}
		if s.Code != "" {
			fmt.Fprintln(&b, s.Code)
		}
	}
	for _, k := range p.Buttons {
		fmt.Fprintf(&b, "<%s %s>\n", k.Label, cmp.Or(k.ID, k.Action))
	}
	return b.String()
}

func text(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.Plain + p.Bold + p.Code)
	}
	return b.String()
}
