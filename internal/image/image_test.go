package image

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

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dev  = ledger.Actor{User: "UDEV", Team: "T1"}
)

const other = "210987654321"

// world is two simulated accounts, and one operation that is given turns.
type world struct {
	t       *testing.T
	now     time.Time
	sim     *awssim.Cloud
	aws     *awssim.Fleet
	clouds  *cloud.Cloud
	wrap    func(Fleet) Fleet
	golden  *family.Store
	bases   *baseline.Store
	rec     ledger.Record
	signals []ledger.Signal
	lines   []string
}

// wire carries requests to the simulator without a network.
type wire struct{ handler http.Handler }

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	for key, value := range map[string]string{"AWS_ENDPOINT_URL": "http://aws.local", "AWS_CA_BUNDLE": "", "AWS_ACCESS_KEY_ID": "local",
		"AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(key, value)
	}
	server := ledgertest.Mini(t)
	w := &world{t: t, now: noon, golden: family.NewStore(server.Redis(), "test"), bases: baseline.NewStore(server.Redis(), "test"), wrap: func(f Fleet) Fleet { return f }}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws = w.sim.Region("eu-west-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "web-1", Tags: map[string]string{family.Tag: "web"}})
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "web-2", Tags: map[string]string{"team": "web"}})
	w.aws.AddImage(awssim.Image{ID: "ami-0arm", Name: "web-arm", Arch: "arm64"})
	w.sim.Account(other).Region("eu-west-1")
	var err error
	w.clouds, err = cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}, {Name: "stage", Region: "eu-west-1", Role: "arn:aws:iam::" + other + ":role/amiral"}},
		cloud.Options{HTTPClient: &http.Client{Transport: wire{w.sim.Handler()}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) in(env string) (Fleet, error) {
	c, err := w.clouds.In(env)
	if err != nil {
		return nil, err
	}
	return w.wrap(c), nil
}

func (w *world) at(env, region string) (Fleet, error) {
	c, err := w.clouds.At(env, region)
	if err != nil {
		return nil, err
	}
	return w.wrap(c), nil
}

func (w *world) fleet() Fleet {
	f, err := w.in("prod")
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) promotion(want PromoteWant) (Promotion, error) {
	facts, err := GatherPromotion(w.t.Context(), w.fleet(), w.golden, "prod", "/golden/{family}", want)
	if err != nil {
		return Promotion{}, err
	}
	facts.Now = w.now
	return NewPromotion(facts, want)
}

func (w *world) copying(want CopyWant) (Copying, error) {
	at := func(d Destination) (Reader, error) {
		if d.Region == "" {
			return w.in(d.Environment)
		}
		return w.at(d.Environment, d.Region)
	}
	facts, err := GatherCopy(w.t.Context(), w.fleet(), at, "prod", want)
	if err != nil {
		return Copying{}, err
	}
	return NewCopy(facts, want)
}

func (w *world) share(want ShareWant) (Share, error) {
	facts, err := GatherShare(w.t.Context(), w.fleet(), "prod", want)
	if err != nil {
		return Share{}, err
	}
	return NewShare(facts, want)
}

func (w *world) tags(want TagWant) (Tags, error) {
	facts, err := GatherTags(w.t.Context(), w.fleet(), "prod", want)
	if err != nil {
		return Tags{}, err
	}
	return NewTags(facts, want)
}

// begin lets a plan run.
func (w *world) begin(p planned, err error) {
	w.t.Helper()
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
		Proposal: ledger.Proposal{ID: ledger.ID("op-" + b.Digest[:8]), Kind: b.Kind, Environment: "prod", Target: b.Target, Title: b.Title, Requester: dev, Payload: payload, Step: b.Step},
		State:    ledger.Running, At: b.Step, Started: w.now,
	}
	w.signals, w.lines = nil, nil
}

type death struct{}

func (w *world) turn() {
	w.t.Helper()
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
		w.rec.State, w.rec.Outcome = out.End, out.Outcome
		return
	}
	w.now = w.now.Add(max(out.In, time.Second))
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
	wf := Workflow{Fleet: w.in, Regions: w.at, Families: w.golden, Baselines: w.bases}
	out, err = wf.Turn(w.t.Context(), engine.Turn{Turn: ledger.Turn{Record: w.rec, Signals: w.signals, Now: w.now}})
	return out, err, false
}

func (w *world) finish(state ledger.State, parts ...string) {
	w.t.Helper()
	for n := 0; !w.rec.State.Final(); n++ {
		if n > 1000 {
			w.t.Fatalf("no end: at %s", w.rec.At)
		}
		w.turn()
	}
	if w.rec.State != state {
		w.t.Fatalf("got %s %q, want %s", w.rec.State, w.rec.Outcome, state)
	}
	for _, part := range parts {
		if !strings.Contains(w.rec.Outcome, part) {
			w.t.Errorf("got outcome %q, want it with %q", w.rec.Outcome, part)
		}
	}
}

// findings are what stands out in a plan.
func findings(p planned) string {
	var b strings.Builder
	for _, f := range p.Brief().Findings {
		fmt.Fprintf(&b, "%v %s %s\n", f.Stop, f.Text, f.Hint)
	}
	return b.String()
}

func TestAPromotionPointsTagsAndPublishes(t *testing.T) {
	w := newWorld(t)
	w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}))
	w.finish(ledger.Succeeded, "web-1 (ami-0001) is the golden image of web, and the parameter /golden/web holds it.")
	w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0002"}))
	w.finish(ledger.Succeeded, "web-2 (ami-0002) is the golden image of web", "Before it was web-1 (ami-0001).")
	g, err := w.golden.Golden(t.Context(), "prod", "web")
	if err != nil || g.Image != "ami-0002" || g.Revision != 2 || g.By != dev || g.Op != w.rec.ID {
		t.Errorf("got %+v, %v", g, err)
	}
	p, err := w.fleet().Parameter(t.Context(), "/golden/web")
	if err != nil || p.Value != "ami-0002" || p.Version != 2 {
		t.Errorf("got %+v, %v, want the parameter to follow", p, err)
	}
	if i, _ := w.fleet().Image(t.Context(), "ami-0002"); i.Tags[family.Tag] != "web" {
		t.Errorf("got tags %v, want the family", i.Tags)
	}
	pic := Painter{}.Paint(w.rec)
	if len(pic.Buttons) != 2 || pic.Buttons[0].Action != "rollback_new" {
		t.Errorf("got %+v, want a way back", pic.Buttons)
	}
	want, made, ok := Revert(w.rec)
	if !ok || !want.Back || made.Image != "ami-0002" {
		t.Errorf("got %+v, %v", want, ok)
	}
	w.begin(w.promotion(want))
	w.finish(ledger.Succeeded, "web-1 (ami-0001) is the golden image of web")
	if _, err := w.promotion(want); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want that there is none before", err)
	}
}

func TestWhatCannotBeGolden(t *testing.T) {
	w := newWorld(t)
	w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}))
	w.finish(ledger.Succeeded)
	for state, want := range map[string]string{"pending": "is still being made", "failed": "is failed", "disabled": "is disabled"} {
		id := w.aws.AddImage(awssim.Image{Name: "bad-" + state, State: state})
		p, err := w.promotion(PromoteWant{Family: "web", Image: fleet.ImageID(id)})
		if err != nil || len(p.Brief().Stops()) != 1 || !strings.Contains(findings(p), want) {
			t.Errorf("%s: got %s, %v, want %q", state, findings(p), err, want)
		}
	}
	p, err := w.promotion(PromoteWant{Family: "web", Image: "ami-0arm"})
	if err != nil || !strings.Contains(findings(p), "web-arm (ami-0arm) is for arm64, and the golden image of web is for x86_64. Add `--new-architecture`") {
		t.Errorf("got %s, %v, want the architecture in the way", findings(p), err)
	}
	p, _ = w.promotion(PromoteWant{Family: "web", Image: "ami-0arm", Architecture: true})
	if len(p.Brief().Stops()) > 0 {
		t.Errorf("got %s, want it to be possible when it is said", findings(p))
	}
	if p, _ = w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}); !strings.Contains(findings(p), "is the golden image of web already") {
		t.Errorf("got %s", findings(p))
	}
	for want, kind := range map[PromoteWant]fault.Kind{{Family: "web", Image: "ami-0fff"}: fault.NotFound, {Family: "a/b", Image: "ami-0001"}: fault.Invalid, {Family: "api", Back: true}: fault.Conflict} {
		if _, err := w.promotion(want); !fault.Is(err, kind) {
			t.Errorf("%+v: got %v, want %s", want, err, kind)
		}
	}
}

// TestAPromotionIsVoidWhenSomebodyElsePromoted: what was approved was seen beside another golden image.
func TestAPromotionIsVoidWhenSomebodyElsePromoted(t *testing.T) {
	w := newWorld(t)
	w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}))
	if _, err := w.golden.Point(t.Context(), family.Golden{Environment: "prod", Family: "web", Image: "ami-0002", Name: "web-2", At: w.now, Op: "op-other"}, 0); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Void, "Meanwhile web-2 (ami-0002) became the golden image of web.", "Nothing was changed.")
	if _, err := w.fleet().Parameter(t.Context(), "/golden/web"); fleet.KindOf(err) != fleet.Absent {
		t.Errorf("got %v, want no parameter", err)
	}
}

func TestACopyGoesToARegionAndToAnotherAccount(t *testing.T) {
	w := newWorld(t)
	if err := w.bases.Put(t.Context(), "prod", baseline.Manifest{Image: "ami-0001", Packages: map[string]string{"nginx": "1.26"}}); err != nil {
		t.Fatal(err)
	}
	want := CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}, {Environment: "stage"}}}
	p, err := w.copying(want)
	if err != nil || !slices.Equal(p.Share, []string{other}) {
		t.Fatalf("got %+v, %v, want it shared with the other account meanwhile", p.Share, err)
	}
	w.begin(p, nil)
	w.finish(ledger.Succeeded, "web-1 (ami-0001) is copied", "in eu-central-1", "in stage")
	for _, d := range want.To {
		f, _ := w.in(d.Environment)
		if d.Region != "" {
			f, _ = w.at(d.Environment, d.Region)
		}
		i, err := f.ImageNamed(t.Context(), "web-1")
		if err != nil || i.State != "available" || i.SourceImage != "ami-0001" || i.Tags[family.Tag] != "web" || i.Tags["amiral:operation"] != string(w.rec.ID) {
			t.Errorf("%s: got %+v, %v", d.words(), i, err)
		}
		if m, err := w.bases.Get(t.Context(), d.Environment, i.ID); err != nil || m.Packages["nginx"] != "1.26" || m.Image != i.ID {
			t.Errorf("%s: got manifest %+v, %v, want that of its source", d.words(), m, err)
		}
	}
	if got := w.readers("ami-0001"); got != "[] []" {
		t.Errorf("got it open to %s, want to nobody afterwards", got)
	}
	p, err = w.copying(want)
	if err != nil || !strings.Contains(findings(p), "It is there already, wherever you want it.") {
		t.Errorf("got %s, %v, want that it is there", findings(p), err)
	}
	if p, _ = w.copying(CopyWant{Image: "ami-0002", To: want.To[:1], Name: "web-1"}); !strings.Contains(findings(p), "eu-central-1 has another image that is named web-1") {
		t.Errorf("got %s, want the name to be taken", findings(p))
	}
	if p, _ = w.copying(CopyWant{Image: "ami-0002", To: []Destination{{Environment: "prod"}}}); !strings.Contains(findings(p), "is in prod already") {
		t.Errorf("got %s, want that it is there", findings(p))
	}
}

func TestAShareIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.begin(w.share(ShareWant{Image: "ami-0001", With: []Party{{Account: other, Environment: "stage"}}}))
	w.finish(ledger.Succeeded, "web-1 (ami-0001) is shared with stage (210987654321).")
	if p, _ := w.share(ShareWant{Image: "ami-0001", With: []Party{{Account: other}}}); !strings.Contains(findings(p), "is shared with all of them already") {
		t.Errorf("got %s", findings(p))
	}
	back, ok := Unshare(w.rec)
	if !ok {
		t.Fatal("got no way back")
	}
	w.begin(w.share(back))
	w.finish(ledger.Succeeded, "is shared with stage (210987654321) no more.")
	if got, err := w.fleet().SharedWith(t.Context(), "ami-0001"); err != nil || len(got) > 0 {
		t.Errorf("got %v, %v, want nobody", got, err)
	}
	if _, err := w.share(ShareWant{Image: "ami-0001", With: []Party{{Account: "12"}}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want that it is no account", err)
	}
}

func TestTagsAreSetRemovedAndTakenBack(t *testing.T) {
	w := newWorld(t)
	w.begin(w.tags(TagWant{Image: "ami-0002", Set: map[string]string{"team": "api", "stage": "tested"}}))
	w.finish(ledger.Succeeded, "2 tags of web-2 (ami-0002) changed.")
	back, ok := Retag(w.rec)
	if !ok {
		t.Fatal("got no way back")
	}
	w.begin(w.tags(back))
	w.finish(ledger.Succeeded)
	if i, _ := w.fleet().Image(t.Context(), "ami-0002"); fmt.Sprint(i.Tags) != "map[team:web]" {
		t.Errorf("got %v, want them as before", i.Tags)
	}
	for _, want := range []TagWant{
		{}, {Set: map[string]string{"aws:x": "1"}}, {Set: map[string]string{"AMIRAL:family": "x"}}, {Remove: []string{"amiral:family"}},
		{Set: map[string]string{"a": strings.Repeat("x", 257)}}, {Set: map[string]string{"": "x"}}, {Set: map[string]string{"a": "1"}, Remove: []string{"a"}},
	} {
		want.Image = "ami-0002"
		if _, err := w.tags(want); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: got %v, want that it is refused", want, err)
		}
	}
}

// brittle is a Fleet whose n-th writing call dies before or after its effect, or loses its answer.
type brittle struct {
	Fleet
	plan *failing
}

type failing struct {
	calls, at int
	how       string
}

func (f *failing) around(call func() error) error {
	f.calls++
	hit := f.calls == f.at
	if hit && f.how == "before" {
		panic(death{})
	}
	err := call()
	switch {
	case hit && f.how == "after":
		panic(death{})
	case hit:
		return &fleet.Error{Kind: fleet.Other, Call: "any", Err: errors.New("connection reset")}
	}
	return err
}

func (b brittle) CopyImage(ctx context.Context, o fleet.ImageCopy) (v fleet.ImageID, err error) {
	err = b.plan.around(func() (e error) { v, e = b.Fleet.CopyImage(ctx, o); return })
	return
}

func (b brittle) ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error {
	return b.plan.around(func() error { return b.Fleet.ShareImage(ctx, id, add, remove) })
}

func (b brittle) ShareSnapshots(ctx context.Context, add, remove []string, ids ...string) error {
	return b.plan.around(func() error { return b.Fleet.ShareSnapshots(ctx, add, remove, ids...) })
}

func (b brittle) Tag(ctx context.Context, tags map[string]string, resources ...string) error {
	return b.plan.around(func() error { return b.Fleet.Tag(ctx, tags, resources...) })
}

func (b brittle) PutParameter(ctx context.Context, name, value string) (v int64, err error) {
	err = b.plan.around(func() (e error) { v, e = b.Fleet.PutParameter(ctx, name, value); return })
	return
}

// TestNothingIsDoneTwice dies before and after every writing call, and loses every answer, once each.
func TestNothingIsDoneTwice(t *testing.T) {
	for _, how := range []string{"before", "after", "lost"} {
		for point := 1; point <= 6; point++ {
			w := newWorld(t)
			f := &failing{at: point, how: how}
			w.wrap = func(under Fleet) Fleet { return brittle{under, f} }
			w.begin(w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}, {Environment: "stage"}}}))
			w.finish(ledger.Succeeded)
			central, _ := w.clouds.At("prod", "eu-central-1")
			stage, _ := w.clouds.In("stage")
			for _, c := range []*cloud.Client{central, stage} {
				if all, err := c.OwnImages(t.Context()); err != nil || len(all) != 1 {
					t.Errorf("%s %d: got %d copies, %v, want one", how, point, len(all), err)
				}
			}
			if f.calls < 6 {
				t.Errorf("got %d calls, want six", f.calls)
			}
			if got := w.readers("ami-0001"); got != "[] []" {
				t.Errorf("%s %d: got it left open to %s", how, point, got)
			}
		}
		for point := 1; point <= 2; point++ {
			w := newWorld(t)
			f := &failing{at: point, how: how}
			w.wrap = func(under Fleet) Fleet { return brittle{under, f} }
			w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0002"}))
			w.finish(ledger.Succeeded)
			if p, err := w.fleet().Parameter(t.Context(), "/golden/web"); err != nil || p.Version != 1 {
				t.Errorf("%s %d: got version %d, %v, want one", how, point, p.Version, err)
			}
			if past, _ := w.golden.History(t.Context(), "prod", "web", 9); len(past) != 1 {
				t.Errorf("%s %d: got %d in the history, want one", how, point, len(past))
			}
		}
	}
}

// TestAnImageThatIsDisabledMeanwhileIsNotMadeGolden: by a retirement, say, between the look and the pointer.
func TestAnImageThatIsDisabledMeanwhileIsNotMadeGolden(t *testing.T) {
	w := newWorld(t)
	w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}))
	w.turn()
	if w.rec.At != stepPoint {
		t.Fatalf("got at %s", w.rec.At)
	}
	c, _ := w.clouds.In("prod")
	if err := c.DisableImage(t.Context(), "ami-0001"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Void, "web-1 (ami-0001) is disabled, so nothing launches from it. The golden image of web was not changed.")
	if past, _ := w.golden.History(t.Context(), "prod", "web", 9); len(past) != 0 {
		t.Errorf("got %+v golden", past)
	}
}

// TestAnImageThatIsDisabledAsItBecomesGolden: nothing is published before it can be launched, and whoever asked is told when
// nobody enables it again. An attempt that died after it made the image golden does not deny that.
func TestAnImageThatIsDisabledAsItBecomesGolden(t *testing.T) {
	for _, died := range []bool{false, true} {
		for _, revived := range []bool{false, true} {
			t.Run(fmt.Sprintf("died %t, revived %t", died, revived), func(t *testing.T) {
				w := newWorld(t)
				w.begin(w.promotion(PromoteWant{Family: "web", Image: "ami-0001"}))
				w.turn()
				before := w.rec
				w.turn()
				c, _ := w.clouds.In("prod")
				if err := c.DisableImage(t.Context(), "ami-0001"); err != nil {
					t.Fatal(err)
				}
				if died {
					w.rec = before
				}
				for range 3 {
					w.turn()
				}
				if _, err := w.fleet().Parameter(t.Context(), "/golden/web"); fleet.KindOf(err) != fleet.Absent || w.rec.State.Final() {
					t.Fatalf("got %v, %s, want it to wait, with no parameter", err, w.rec.State)
				}
				if !revived {
					w.finish(ledger.Failed, "web-1 (ami-0001) is the golden image of web. web-1 (ami-0001) is disabled, so nothing launches from it. The parameter /golden/web was not changed.",
						"`/ami retire ami-0001 --undo` brings it back", "`/ami revert web`")
					return
				}
				if err := c.EnableImage(t.Context(), "ami-0001"); err != nil {
					t.Fatal(err)
				}
				w.finish(ledger.Succeeded, "web-1 (ami-0001) is the golden image of web, and the parameter /golden/web holds it.")
			})
		}
	}
}

// TestAParameterIsNotRepeated: what somebody keeps under that name may be a secret.
func TestAParameterIsNotRepeated(t *testing.T) {
	w := newWorld(t)
	if _, err := w.fleet().PutParameter(t.Context(), "/golden/web", "hunter2"); err != nil {
		t.Fatal(err)
	}
	p, err := w.promotion(PromoteWant{Family: "web", Image: "ami-0001"})
	body, _ := json.Marshal(p)
	if err != nil || !strings.Contains(findings(p), "The parameter /golden/web holds something that is not the id of an image. It is overwritten.") || strings.Contains(string(body), "hunter2") {
		t.Errorf("got %s, %v, stored as %s", findings(p), err, body)
	}
}

// TestAnImageWithAllTheTagsThereCanBe is promoted without another one, and copied with fewer.
func TestAnImageWithAllTheTagsThereCanBe(t *testing.T) {
	w := newWorld(t)
	tags := map[string]string{"aws:cloudformation:stack-name": "x"}
	for n := range 50 {
		tags[fmt.Sprintf("k%02d", n)] = "v"
	}
	w.aws.AddImage(awssim.Image{ID: "ami-0full", Name: "full", Tags: tags})
	w.begin(w.promotion(PromoteWant{Family: "api", Image: "ami-0full"}))
	w.finish(ledger.Succeeded)
	if p, err := w.tags(TagWant{Image: "ami-0full", Set: map[string]string{"k00": "w"}}); err != nil || len(p.Brief().Stops()) > 0 {
		t.Errorf("got %s, %v, want a value to change", findings(p), err)
	}
	if p, err := w.tags(TagWant{Image: "ami-0full", Set: map[string]string{"k99": "w"}}); err != nil || !strings.Contains(findings(p), "It would have 51 tags; AWS takes 50.") {
		t.Errorf("got %s, %v, want too many", findings(p), err)
	}
	p, err := w.copying(CopyWant{Image: "ami-0full", To: []Destination{{Environment: "prod", Region: "eu-central-1"}}})
	if err != nil || !strings.Contains(findings(p), "3 of its tags are left out of the copies") {
		t.Errorf("got %s, %v, want what is left out", findings(p), err)
	}
	w.begin(p, err)
	w.finish(ledger.Succeeded)
	there, _ := w.at("prod", "eu-central-1")
	if i, err := there.ImageNamed(t.Context(), "full"); err != nil || len(i.Tags) != 50 || i.Tags["amiral:operation"] == "" || i.Tags["k46"] != "v" || i.Tags["k47"] != "" {
		t.Errorf("got %d tags %v, %v", len(i.Tags), i.Tags, err)
	}
}

// readers are who else may launch an image and who may read its first snapshot.
func (w *world) readers(id fleet.ImageID) string {
	w.t.Helper()
	c, err := w.clouds.In("prod")
	if err != nil {
		w.t.Fatal(err)
	}
	i, err := c.Image(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	with, err := c.SharedWith(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	readers, err := c.SnapshotReaders(w.t.Context(), i.Disks[0].Snapshot)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(with, readers)
}

// stern is a Fleet to which AWS refuses something.
type stern struct {
	Fleet
	snapshots, copies error
}

func (s stern) ShareSnapshots(ctx context.Context, add, remove []string, ids ...string) error {
	if s.snapshots != nil && len(add) > 0 {
		return s.snapshots
	}
	return s.Fleet.ShareSnapshots(ctx, add, remove, ids...)
}

func (s stern) CopyImage(ctx context.Context, o fleet.ImageCopy) (fleet.ImageID, error) {
	if s.copies != nil {
		return "", s.copies
	}
	return s.Fleet.CopyImage(ctx, o)
}

// TestNoMoreIsTakenBackThanWasGiven: an account that could read the image before still can.
func TestNoMoreIsTakenBackThanWasGiven(t *testing.T) {
	w := newWorld(t)
	c, _ := w.clouds.In("prod")
	i, _ := c.Image(t.Context(), "ami-0001")
	if err := c.ShareImage(t.Context(), i.ID, []string{other}, nil); err != nil {
		t.Fatal(err)
	}
	w.begin(w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "stage"}}}))
	w.finish(ledger.Succeeded)
	if got := w.readers("ami-0001"); got != "["+other+"] []" {
		t.Errorf("got it open to %s, want it to be launched as before, and its snapshots to be read no more", got)
	}
	if err := c.ShareSnapshots(t.Context(), []string{other}, nil, i.Disks[0].Snapshot); err != nil {
		t.Fatal(err)
	}
	w.begin(w.copying(CopyWant{Image: "ami-0001", Name: "web-1-again", To: []Destination{{Environment: "stage"}}}))
	w.finish(ledger.Succeeded)
	if got := w.readers("ami-0001"); got != "["+other+"] ["+other+"]" {
		t.Errorf("got it open to %s, want both as before", got)
	}
}

// TestNothingStaysOpen: neither when AWS refuses a part of what a copy needs, nor when somebody stops what is stuck.
func TestNothingStaysOpen(t *testing.T) {
	want := CopyWant{Image: "ami-0001", To: []Destination{{Environment: "stage"}}}
	w := newWorld(t)
	w.wrap = func(under Fleet) Fleet {
		return stern{Fleet: under, snapshots: &fleet.Error{Kind: fleet.Refused, Code: "UnauthorizedOperation", Message: "You may not"}}
	}
	w.begin(w.copying(want))
	w.finish(ledger.Failed, "Nothing was copied. AWS refused to let "+other+" read ami-0001 meanwhile: You may not.")
	if got := w.readers("ami-0001"); got != "[] []" {
		t.Errorf("got it open to %s, want nobody", got)
	}
	w = newWorld(t)
	w.wrap = func(under Fleet) Fleet {
		return stern{Fleet: under, copies: &fleet.Error{Kind: fleet.Throttled, Code: "RequestLimitExceeded", Message: "Slow down"}}
	}
	w.begin(w.copying(want))
	for w.rec.At != stepCopy || w.rec.Attempt < 3 {
		w.turn()
	}
	w.signals = []ledger.Signal{{Name: "cancel", By: dev}}
	w.finish(ledger.Cancelled, "It was stopped by {user:UDEV}. AWS may have begun copies already: look for web-1 in stage.")
	if got := w.readers("ami-0001"); got != "[] []" {
		t.Errorf("got it open to %s, want nobody", got)
	}
}

// TestWhatBecameOfACopyIsSaid: in whole sentences, and with what is left of it.
func TestWhatBecameOfACopyIsSaid(t *testing.T) {
	for want, c := range map[string]Copy{
		"In eu-central-1 there is no copy: AWS refused.":                                                                       {Why: "AWS refused", State: "failed"},
		"In eu-central-1 the copy ami-1 is failed: No key. It launches nothing, and can be deregistered there.":                {Image: "ami-1", Why: "No key.", State: "failed"},
		"In eu-central-1 the copy ami-1 is invalid: AWS does not say why. It launches nothing, and can be deregistered there.": {Image: "ami-1", State: "invalid"},
	} {
		if got := c.missing("eu-central-1"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
