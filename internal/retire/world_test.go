package retire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
)

// world is a simulated account with images of the family web, and one operation that is given turns.
type world struct {
	t       *testing.T
	now     time.Time
	sim     *awssim.Cloud
	aws     *awssim.Fleet
	fleet   Fleet
	golden  goldens
	records records
	rec     ledger.Record
	signals []ledger.Signal
	lines   []string
	onTurn  func()
}

// wire carries requests to the simulator without a network.
type wire struct{ handler http.Handler }

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// goldens is the families' history, newest first.
type goldens map[string][]family.Golden

func (g goldens) All(context.Context, string) ([]family.Golden, error) {
	var all []family.Golden
	for _, history := range g {
		all = append(all, history[0])
	}
	return all, nil
}

func (g goldens) History(_ context.Context, _, name string, n int) ([]family.Golden, error) {
	return g[name][:min(n, len(g[name]))], nil
}

// records are operations, newest first.
type records struct{ all []ledger.Record }

func (r *records) Open(context.Context) ([]ledger.Record, error) {
	return slices.DeleteFunc(slices.Clone(r.all), func(r ledger.Record) bool { return r.State.Final() }), nil
}

func (r *records) Recent(_ context.Context, n int) ([]ledger.Record, error) {
	return r.all[:min(n, len(r.all))], nil
}

// newWorld has web-1 (oldest) to web-5, of which the group web launches web-5, and web-4 is golden.
func newWorld(t *testing.T) *world {
	t.Helper()
	for key, value := range map[string]string{"AWS_ENDPOINT_URL": "http://aws.local", "AWS_CA_BUNDLE": "", "AWS_ACCESS_KEY_ID": "local",
		"AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(key, value)
	}
	w := &world{t: t, now: noon, golden: goldens{}}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws = w.sim.Region("eu-west-1")
	for n := range 5 {
		w.aws.AddImage(awssim.Image{ID: fmt.Sprintf("ami-000%d", n+1), Name: fmt.Sprintf("web-%d", n+1), Size: 8 + n, Created: noon.AddDate(0, 0, 10*n-60), Tags: map[string]string{family.Tag: "web", "amiral:operation": "op-bake"}})
	}
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Default: 2, Versions: []awssim.TemplateVersion{{Image: "ami-0003"}, {Image: "ami-0005"}}})
	if err := w.aws.AddGroup(awssim.Group{Name: "web", Template: "web-lt", Version: "2", Desired: 2, Max: 4}); err != nil {
		t.Fatal(err)
	}
	w.golden["web"] = []family.Golden{{Environment: "prod", Family: "web", Image: "ami-0004", At: noon.AddDate(0, 0, -10), Revision: 1}}
	all, err := cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}}, cloud.Options{HTTPClient: &http.Client{Transport: wire{w.sim.Handler()}}})
	if err != nil {
		t.Fatal(err)
	}
	if w.fleet, err = all.In("prod"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) keep() Keepers { return Keepers{Families: w.golden, Records: &w.records} }

// plan plans a wish from how things are now.
func (w *world) plan(want Want) (Plan, error) {
	w.t.Helper()
	facts, err := Gather(w.t.Context(), w.fleet, w.keep(), "prod", Query{Now: w.now}, want)
	if err != nil {
		return Plan{}, err
	}
	return New(facts, want)
}

// begin plans a wish and lets it run.
func (w *world) begin(want Want) Plan {
	w.t.Helper()
	p, err := w.plan(want)
	if err != nil {
		w.t.Fatal(err)
	}
	b := p.Brief()
	if stops := b.Stops(); len(stops) > 0 {
		w.t.Fatalf("the plan stops: %+v", stops)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: "op-retire", Kind: Kind, Environment: "prod", Target: b.Target, Title: b.Title, Requester: dev, Payload: payload, Step: b.Step},
		State:    ledger.Running, At: b.Step, Created: w.now, Started: w.now,
	}
	w.lines, w.signals = nil, nil
	return p
}

type death struct{}

// turn gives the operation one turn.
func (w *world) turn() {
	w.t.Helper()
	if w.onTurn != nil {
		w.onTurn()
	}
	out, err, died := w.attempt()
	switch f, isFault := fault.As(err); {
	case died:
		w.now = w.now.Add(15 * time.Second)
		return
	case isFault:
		w.rec.State, w.rec.Outcome = ledger.Failed, f.Error()
		return
	case err != nil:
		if w.rec.Attempt++; w.rec.Attempt > 30 {
			w.t.Fatalf("stuck at %s: %v", w.rec.At, err)
		}
		w.now = w.now.Add(2 * time.Second)
		return
	}
	w.signals, w.rec.Attempt, w.rec.Data = nil, 0, out.Data
	if out.Line != "" {
		w.lines = append(w.lines, out.Line)
	}
	if out.Step != "" {
		w.rec.At = out.Step
	}
	if out.End != "" {
		w.rec.State, w.rec.Outcome, w.rec.Ended = out.End, out.Outcome, w.now
		return
	}
	if out.Until.IsZero() {
		out.Until = w.now.Add(max(out.In, time.Second))
	}
	w.now = out.Until
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
	wf := Workflow{Fleet: func(string) (Fleet, error) { return w.fleet, nil }, Keep: w.keep()}
	out, err = wf.Turn(w.t.Context(), engine.Turn{Turn: ledger.Turn{Record: w.rec, Signals: w.signals, Now: w.now}})
	return out, err, false
}

func (w *world) until(step string) {
	w.t.Helper()
	for n := 0; w.rec.At != step; n++ {
		if w.rec.State.Final() || n > 500 {
			w.t.Fatalf("never at %s: at %s, %s %q", step, w.rec.At, w.rec.State, w.rec.Outcome)
		}
		w.turn()
	}
}

func (w *world) finish(state ledger.State, parts ...string) {
	w.t.Helper()
	for n := 0; !w.rec.State.Final(); n++ {
		if n > 500 {
			w.t.Fatalf("no end: at %s", w.rec.At)
		}
		w.turn()
	}
	if w.rec.State != state {
		w.t.Fatalf("got %s %q, want %s; lines %q", w.rec.State, w.rec.Outcome, state, w.lines)
	}
	for _, part := range parts {
		if !strings.Contains(w.rec.Outcome, part) {
			w.t.Errorf("got outcome %q, want it with %q", w.rec.Outcome, part)
		}
	}
}

func (w *world) ask(name string) {
	w.signals = append(w.signals, ledger.Signal{Name: name, By: dev})
}

// images are the states of images as AWS shows them, "d" behind those that are deprecated.
func (w *world) images() string {
	w.t.Helper()
	all, err := w.fleet.OwnImages(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var words []string
	for _, i := range slices.Backward(all) {
		if i.State == "deregistered" {
			continue
		}
		word := strings.TrimPrefix(string(i.ID), "ami-000") + i.State[:1]
		if !i.Deprecated.IsZero() {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func (w *world) wantImages(want string) {
	w.t.Helper()
	if got := w.images(); got != want {
		w.t.Errorf("got images %s, want %s", got, want)
	}
}

// brittle is a Fleet whose n-th call dies before or after its effect, or loses its answer.
type brittle struct {
	Fleet
	calls, at int
	how       string // before, after, lost
}

func (b *brittle) around(call func() error) error {
	b.calls++
	hit := b.calls == b.at
	if hit && b.how == "before" {
		panic(death{})
	}
	err := call()
	switch {
	case hit && b.how == "after":
		panic(death{})
	case hit && b.how == "lost":
		return &fleet.Error{Kind: fleet.Other, Call: "any", Err: errors.New("connection reset")}
	}
	return err
}

func (b *brittle) Images(ctx context.Context, ids ...fleet.ImageID) (v []fleet.Image, err error) {
	err = b.around(func() (e error) { v, e = b.Fleet.Images(ctx, ids...); return })
	return
}

func (b *brittle) ImageReferences(ctx context.Context, ids ...fleet.ImageID) (v []fleet.Reference, err error) {
	err = b.around(func() (e error) { v, e = b.Fleet.ImageReferences(ctx, ids...); return })
	return
}

func (b *brittle) SharedWith(ctx context.Context, id fleet.ImageID) (v []string, err error) {
	err = b.around(func() (e error) { v, e = b.Fleet.SharedWith(ctx, id); return })
	return
}

func (b *brittle) DeprecateImage(ctx context.Context, id fleet.ImageID, at time.Time) error {
	return b.around(func() error { return b.Fleet.DeprecateImage(ctx, id, at) })
}

func (b *brittle) UndeprecateImage(ctx context.Context, id fleet.ImageID) error {
	return b.around(func() error { return b.Fleet.UndeprecateImage(ctx, id) })
}

func (b *brittle) DisableImage(ctx context.Context, id fleet.ImageID) error {
	return b.around(func() error { return b.Fleet.DisableImage(ctx, id) })
}

func (b *brittle) EnableImage(ctx context.Context, id fleet.ImageID) error {
	return b.around(func() error { return b.Fleet.EnableImage(ctx, id) })
}

func (b *brittle) ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error {
	return b.around(func() error { return b.Fleet.ShareImage(ctx, id, add, remove) })
}

func (b *brittle) StartUsageReport(ctx context.Context, id fleet.ImageID, token string) (v string, err error) {
	err = b.around(func() (e error) { v, e = b.Fleet.StartUsageReport(ctx, id, token); return })
	return
}

func (b *brittle) DeregisterImage(ctx context.Context, id fleet.ImageID, snapshots bool) (v []fleet.SnapshotFate, err error) {
	err = b.around(func() (e error) { v, e = b.Fleet.DeregisterImage(ctx, id, snapshots); return })
	return
}

// findings are what stands in a plan's way.
func findings(p Plan) string {
	var b strings.Builder
	for _, f := range p.Findings {
		mark := "warn"
		if f.Stop {
			mark = "stop"
		}
		fmt.Fprintf(&b, "%s: %s %s\n", mark, f.Text, f.Hint)
	}
	return b.String()
}
