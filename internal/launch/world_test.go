package launch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/retire"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
	sre  = ledger.Actor{User: "USRE", Team: "T1"}
)

// world is a simulated cloud with one configured server, and one operation that is given turns as the engine gives
// them. Time passes only between turns.
type world struct {
	t      *testing.T
	now    time.Time
	sim    *awssim.Cloud
	aws    *awssim.Fleet
	source fleet.InstanceID
	target string // the ARN of the target group "web"
	client *cloud.Client
	wire   *wire
	fleet  Fleet // what the workflow uses
	bakery bake.Fleet
	kept   shelf
	locks  locks
	keep   retire.Keepers
	rec    ledger.Record
	signal []ledger.Signal
	lines  []string
	turns  int
	lost   int           // the turn whose outcome is lost
	people func()        // what they do, asked before each turn
	poll   time.Duration // between two looks at AWS; the usual if zero
	ponder time.Duration // how long people may take to answer
}

// wire carries requests to the simulator without a network, and may break at one of them.
type wire struct {
	handler http.Handler
	asked   []string // the actions of all requests
	at      int      // the request at which the worker dies; 0: none
	before  bool     // it dies before the request has an effect
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, action(r))
	hit := len(w.asked) == w.at
	if hit && w.before {
		panic(death{})
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if hit {
		panic(death{})
	}
	return rec.Result(), nil
}

// action is what a request asks for.
func action(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return err.Error()
	}
	return form.Get("Action")
}

// shelf keeps manifests in memory.
type shelf map[string]baseline.Manifest

func (s shelf) Put(_ context.Context, environment string, m baseline.Manifest) error {
	s[environment+"/"+string(m.Image)] = m
	return nil
}

func (s shelf) Keep(_ context.Context, name string, m baseline.Manifest) error {
	s["kept/"+name] = m
	return nil
}

func (s shelf) Kept(_ context.Context, name string) (baseline.Manifest, error) {
	return s["kept/"+name], nil
}

// locks are the resources that are held, by whom.
type locks map[string]ledger.ID

func (l locks) Take(_ context.Context, t *ledger.Turn, resource string) (ledger.ID, error) {
	if who := l[resource]; who != "" && who != t.ID {
		return who, nil
	}
	l[resource] = t.ID
	return "", nil
}

func (l locks) Drop(_ context.Context, t *ledger.Turn, resource string) error {
	if l[resource] == t.ID {
		delete(l, resource)
	}
	return nil
}

func newWorld(t *testing.T, options ...func(*awssim.Options)) *world {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &world{t: t, now: noon, kept: shelf{}, locks: locks{}}
	o := awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1}
	for _, change := range options {
		change(&o)
	}
	w.sim = awssim.New(o)
	t.Cleanup(func() { _ = w.sim.Close() })
	w.seed()
	w.wire = &wire{handler: w.sim.Handler()}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}},
		cloud.Options{HTTPClient: &http.Client{Transport: w.wire}})
	if err != nil {
		t.Fatal(err)
	}
	if w.client, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	w.fleet, w.bakery = w.client, w.client
	return w
}

// seed has the server web-1, which was configured by hand, an image, and a template with two versions.
func (w *world) seed() {
	w.aws = w.sim.Region("eu-west-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2"})
	w.aws.AddImage(awssim.Image{ID: "ami-0a64", Name: "golden-arm", Arch: "arm64"})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "shared-lt", Default: 2, Versions: []awssim.TemplateVersion{
		{Image: "ami-0001", Type: "m5.large"}, {Image: "ami-0001", Type: "m7i.large"}}})
	w.target = w.aws.AddTargetGroup("web")
	id, err := w.aws.AddInstance(awssim.Instance{Name: "web-1", Image: "ami-0001", Type: "m7i.large", Tags: map[string]string{"Team": "web"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.source = fleet.InstanceID(id)
}

// fifty is the wish of the story: fifty servers like the configured one.
func (w *world) fifty() Want { return Want{Group: "web", Instance: w.source, Size: 50} }

// plan plans a wish.
func (w *world) plan(want Want) Plan {
	w.t.Helper()
	p, err := w.tryPlan(want)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) tryPlan(want Want) (Plan, error) {
	facts, err := Gather(w.t.Context(), w.client, "prod", want)
	if err != nil {
		return Plan{}, err
	}
	facts.Now, facts.Bake.Now = w.now, w.now
	return New(facts, want)
}

// propose plans a wish and stores the plan as an approved operation.
func (w *world) propose(want Want) Plan {
	w.t.Helper()
	p := w.plan(want)
	if stops := p.Brief().Stops(); len(stops) > 0 {
		w.t.Fatalf("the plan stops: %+v", stops)
	}
	w.approve(p, "op-test000001")
	return p
}

func (w *world) approve(p Plan, id ledger.ID) {
	w.t.Helper()
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	b := p.Brief()
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: id, Kind: Kind, Environment: "prod", Target: b.Target, Resource: b.Resource, Title: b.Title,
			Command: "/asg launch web", Requester: dev, Payload: payload, Digest: b.Digest, Step: First},
		State: ledger.Running, At: First, Started: w.now,
	}
	w.signal, w.lines, w.turns = nil, nil, 0
}

// ask sends a signal, as a pressed button does.
func (w *world) ask(name string, who ledger.Actor) {
	w.signal = append(w.signal, ledger.Signal{Name: name, By: who, At: w.now})
}

func (w *world) workflow() Workflow {
	return Workflow{
		Fleet: func(string) (Fleet, error) { return w.fleet, nil },
		Ask:   w.ponder,
		Poll:  w.poll,
		Locks: w.locks,
		Keep:  w.keep,
		Bake: bake.Workflow{
			Fleet:     func(string) (bake.Fleet, error) { return w.bakery, nil },
			Regions:   func(string, string) (bake.Region, error) { return nil, errors.New("no other region here") },
			Baselines: w.kept,
			Poll:      w.poll,
		},
	}
}

// turn gives the operation one turn and lets the time pass that it asked for.
func (w *world) turn() {
	w.t.Helper()
	w.turns++
	if w.people != nil {
		w.people()
	}
	out, err, died := w.attempt()
	switch {
	case died || w.turns == w.lost:
		w.pass(15 * time.Second) // the lease
	case err == nil:
		w.commit(out)
	default:
		if f, ok := fault.As(err); ok {
			w.rec.State, w.rec.Outcome, w.rec.Ended = ledger.Failed, f.Error(), w.now
			return
		}
		w.rec.Trouble = err.Error()
		if w.rec.Attempt++; w.rec.Attempt > 30 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		w.pass(2 * time.Second)
	}
}

type death struct{}

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

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// until gives turns until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for limit := w.now.Add(48 * time.Hour); !holds(); w.turn() {
		if w.rec.State.Final() || w.now.After(limit) {
			w.t.Fatalf("never %s: at %s, %s %q, trouble %q, lines:\n%s", what, w.rec.At, w.rec.State, w.rec.Outcome, w.rec.Trouble, strings.Join(w.lines, "\n"))
		}
	}
}

func (w *world) at(step string) func() bool { return func() bool { return w.rec.At == step } }

// finish gives turns until the operation is over.
func (w *world) finish(state ledger.State) {
	w.t.Helper()
	for limit := w.now.Add(72 * time.Hour); !w.rec.State.Final(); w.turn() {
		if w.now.After(limit) {
			w.t.Fatalf("no end: at %s, lines:\n%s", w.rec.At, strings.Join(w.lines, "\n"))
		}
	}
	if w.rec.State != state {
		w.t.Fatalf("got %s %q, want %s; lines:\n%s", w.rec.State, w.rec.Outcome, state, strings.Join(w.lines, "\n"))
	}
}

func (w *world) data() Data {
	_, d, err := decode(w.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// stands says what there is: the group's instances in service, own images, templates besides the seeded one.
func (w *world) stands() string {
	w.t.Helper()
	var words []string
	groups, err := w.client.Groups(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, g := range groups {
		words = append(words, fmt.Sprintf("%s %d/%d of %d v%s", g.Name, inService(g), g.Desired, g.Max, g.Ref().Version))
	}
	for _, name := range []string{"web", "shared-lt"} {
		if t, err := w.client.Template(w.t.Context(), fleet.TemplateRef{Name: name}); err == nil {
			words = append(words, fmt.Sprintf("%s v%d", name, t.Latest))
		}
	}
	images, err := w.client.OwnImages(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	images = slices.DeleteFunc(images, func(i fleet.Image) bool { return i.State != "available" })
	return fmt.Sprintf("%s, %d images", strings.Join(words, ", "), len(images)-3)
}

func (w *world) wantStands(want string) {
	w.t.Helper()
	if got := w.stands(); got != want {
		w.t.Errorf("there is %s, want %s", got, want)
	}
}

func (w *world) wantLine(parts ...string) {
	w.t.Helper()
	all := strings.Join(w.lines, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			w.t.Errorf("got lines:\n%s\nwant one with %q", all, part)
		}
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

// buttons are the labels that people see.
func (w *world) buttons() string {
	var labels []string
	for _, b := range (Painter{}).Paint(w.rec).Buttons {
		labels = append(labels, b.Label)
	}
	return strings.Join(labels, " | ")
}

// words draws text as people read it.
func words(t card.Text) string {
	var b strings.Builder
	for _, part := range t {
		b.WriteString(part.Plain + part.Bold + part.Code + part.User)
		if !part.When.IsZero() {
			b.WriteString(part.When.UTC().Format("15:04"))
		}
	}
	return b.String()
}

// drawn is what people see of the operation now.
func (w *world) drawn() string { return shown(Painter{}.Paint(w.rec)) }

func shown(p card.Picture) string {
	lines := []string{"# " + p.Headline}
	for _, s := range p.Sections {
		switch {
		case s.Text != nil:
			lines = append(lines, words(*s.Text))
		case s.Bar != nil:
			lines = append(lines, fmt.Sprintf("[%d/%d] %s", s.Bar.Done, s.Bar.Total, s.Bar.Text))
		}
		for _, f := range s.Facts {
			lines = append(lines, f.Label+": "+words(f.Value))
		}
		for _, st := range s.Steps {
			lines = append(lines, string(st.State)+" "+words(st.Text))
		}
		for _, f := range s.Findings {
			lines = append(lines, fmt.Sprintf("%t %s %s", f.Stop, f.Text, f.Hint))
		}
	}
	for _, f := range p.Foot {
		lines = append(lines, words(f))
	}
	return strings.Join(lines, "\n")
}
