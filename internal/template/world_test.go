package template

import (
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
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
	sre  = ledger.Actor{User: "USRE", Team: "T1"}
)

// wire carries requests to the simulator without a network, and lets the process die behind one of them.
type wire struct {
	handler http.Handler
	calls   int
	dieAt   int // behind which call the process dies; 0: it does not
	before  func(action string)
}

type death struct{}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.before != nil {
		w.before(action(r))
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if w.calls++; w.calls == w.dieAt {
		panic(death{})
	}
	return rec.Result(), nil
}

// action is the call that a request makes.
func action(r *http.Request) string {
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	var text strings.Builder
	buffer := make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	_, rest, _ := strings.Cut(text.String(), "Action=")
	name, _, _ := strings.Cut(rest, "&")
	return name
}

// world is a simulated account with a template web-lt of three versions, and one operation that is given turns as the
// engine gives them.
type world struct {
	t        *testing.T
	keep     Keepers
	now      time.Time
	sim      *awssim.Cloud
	aws      *awssim.Fleet
	wire     *wire
	fleet    Fleet
	rec      ledger.Record
	signal   []ledger.Signal
	lines    []string
	proposed int
	twice    bool // every turn is taken twice, as if its checkpoint had been lost
}

func newWorld(t *testing.T) *world {
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
	w.aws.AddImage(awssim.Image{ID: "ami-0arm", Name: "golden-arm", Arch: "arm64"})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Default: 2, Versions: []awssim.TemplateVersion{
		{Image: "ami-0001"}, {Image: "ami-0001", Data: map[string]string{"KeyName": "ops"}}, {Image: "ami-0001", Type: "t3.small"}}})
	w.wire = &wire{handler: w.sim.Handler()}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}}, cloud.Options{HTTPClient: &http.Client{Transport: w.wire}})
	if err != nil {
		t.Fatal(err)
	}
	if w.fleet, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) group(name, version string, size int) {
	w.t.Helper()
	if err := w.aws.AddGroup(awssim.Group{Name: name, Template: "web-lt", Version: version, Desired: size, Max: 10}); err != nil {
		w.t.Fatal(err)
	}
}

// plan plans a wish from how things are.
func (w *world) plan(want Want) (Plan, error) {
	w.t.Helper()
	facts, err := Gather(w.t.Context(), w.fleet, w.keep, "prod", w.now, want)
	if err != nil {
		return Plan{}, err
	}
	return New(facts, want)
}

// propose plans a wish and stores it as an approved operation.
func (w *world) propose(want Want) Plan {
	w.t.Helper()
	p, err := w.plan(want)
	if err != nil {
		w.t.Fatal(err)
	}
	if stops := p.Brief().Stops(); len(stops) > 0 {
		w.t.Fatalf("the plan stops: %+v", stops)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	b := p.Brief()
	w.proposed++
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: ledger.ID(fmt.Sprintf("op-test%06d", w.proposed)), Kind: Kind, Environment: "prod", Target: b.Target, Resource: b.Resource, Title: b.Title,
			Command: "/template …", Requester: dev, Payload: payload, Digest: b.Digest, Step: b.Step},
		State: ledger.Running, At: First, Started: w.now,
	}
	w.lines = nil
	return p
}

func (w *world) turn() {
	w.t.Helper()
	if w.twice {
		_, _, _ = w.attempt()
	}
	out, err, died := w.attempt()
	w.now = w.now.Add(time.Second)
	if died {
		return
	}
	if f, ok := fault.As(err); ok {
		w.rec.State, w.rec.Outcome = ledger.Failed, f.Error()
		return
	}
	if err != nil {
		if w.rec.Attempt++; w.rec.Attempt > 20 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		return
	}
	w.commit(out)
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
	wf := Workflow{Fleet: func(string) (Fleet, error) { return w.fleet, nil }, Keep: w.keep}
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
	}
}

// until gives turns until the operation stands at a step.
func (w *world) until(step string) {
	w.t.Helper()
	for range 50 {
		if w.rec.At == step {
			return
		}
		if w.rec.State.Final() {
			break
		}
		w.turn()
	}
	w.t.Fatalf("never at %s: %s %q", step, w.rec.State, w.rec.Outcome)
}

func (w *world) finish(state ledger.State, parts ...string) {
	w.t.Helper()
	for range 100 {
		if w.rec.State.Final() {
			break
		}
		w.turn()
	}
	if w.rec.State != state {
		w.t.Fatalf("got %s %q, want %s; lines %q", w.rec.State, w.rec.Outcome, state, w.lines)
	}
	for _, part := range parts {
		if !strings.Contains(w.rec.Outcome, part) {
			w.t.Errorf("got %q, want it with %q", w.rec.Outcome, part)
		}
	}
}

// listing is the templates as they stand: "web-lt 1 2* 3", the default marked.
func (w *world) listing() string {
	w.t.Helper()
	at := w.wire.dieAt
	w.wire.dieAt = 0
	defer func() { w.wire.dieAt = at }()
	all, err := w.fleet.Templates(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var words []string
	for _, t := range all {
		words = append(words, t.Name)
		versions, err := w.fleet.TemplateVersions(context.Background(), fleet.TemplateRef{ID: t.ID})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, v := range slices.Backward(versions) {
			mark := ""
			if v.Default {
				mark = "*"
			}
			words = append(words, fmt.Sprintf("%d%s", v.Number, mark))
		}
	}
	return strings.Join(words, " ")
}

func (w *world) wantListing(want string) {
	w.t.Helper()
	if got := w.listing(); got != want {
		w.t.Errorf("got %s, want %s", got, want)
	}
}

// version reads a version of web-lt.
func (w *world) version(n int64) fleet.TemplateVersion {
	w.t.Helper()
	v, err := w.fleet.TemplateVersion(w.t.Context(), ref(fleet.Template{ID: "lt-0001"}, n))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}
