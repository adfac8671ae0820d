package bake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
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

// world is a simulated cloud with an instance that stands alone and a group, and one bake that is given turns as the
// engine gives them. Time passes only between turns.
type world struct {
	t       *testing.T
	now     time.Time
	sim     *awssim.Cloud
	aws     *awssim.Fleet
	away    *awssim.Fleet // another region of the account
	all     *cloud.Cloud
	fleet   Fleet // what the workflow uses
	regions func(environment, region string) (Region, error)
	kept    *shelf
	locks   locks
	db      fleet.InstanceID // stands alone
	member  fleet.InstanceID // of the group web
	rec     ledger.Record
	signal  []ledger.Signal
	lines   []string
	turns   int
	files   []string

	onTurn func(n int) (vanish bool) // before each turn; vanish: its outcome is lost
	people func()                    // what they do, asked before each turn
	poll   time.Duration
}

// locks are the resources that are held, by whom.
type locks map[string]ledger.ID

func (l *locks) Take(_ context.Context, t *ledger.Turn, resource string) (ledger.ID, error) {
	if *l == nil {
		*l = locks{}
	}
	if who := (*l)[resource]; who != "" && who != t.ID {
		return who, nil
	}
	(*l)[resource] = t.ID
	return "", nil
}

func (l *locks) Drop(_ context.Context, t *ledger.Turn, resource string) error {
	if (*l)[resource] == t.ID {
		delete(*l, resource)
	}
	return nil
}

// shelf keeps manifests in memory, as they are stored.
type shelf struct{ all map[string][]byte }

func (s *shelf) Put(_ context.Context, environment string, m baseline.Manifest) error {
	return s.write(environment+"/"+string(m.Image), m)
}

func (s *shelf) Keep(_ context.Context, name string, m baseline.Manifest) error {
	return s.write("draft/"+name, m)
}

func (s *shelf) Kept(_ context.Context, name string) (m baseline.Manifest, err error) {
	if body, there := s.all["draft/"+name]; there {
		err = json.Unmarshal(body, &m)
	}
	return m, err
}

func (s *shelf) write(key string, m baseline.Manifest) error {
	body, err := json.Marshal(m)
	s.all[key] = body
	return err
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

const accountB = "222222222222"

// newWorld has an instance db-1 with a root and a data volume, and a group web of three on version 1 of its template.
func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	w := &world{t: t, now: noon, kept: &shelf{all: map[string][]byte{}}, files: []string{"/etc/*.conf"}}
	w.sim = awssim.New(awssim.Options{Now: func() time.Time { return w.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = w.sim.Close() })
	w.aws, w.away = w.sim.Region("eu-west-1"), w.sim.Region("eu-central-1")
	w.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1", Tags: map[string]string{"amiral:family": "web"}})
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "data-1", DataSize: 20})
	w.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
	if err := w.aws.AddGroup(awssim.Group{Name: "web", Template: "web-lt", Min: 1, Max: 6, Desired: 3}); err != nil {
		t.Fatal(err)
	}
	id, err := w.aws.AddInstance(awssim.Instance{Name: "db-1", Image: "ami-0002"})
	if err != nil {
		t.Fatal(err)
	}
	w.db = fleet.InstanceID(id)
	g, _ := w.aws.Group("web")
	w.member = fleet.InstanceID(g.Instances[0].ID)
	w.aws.OnScript(answers)
	w.all, err = cloud.New(t.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"},
		{Name: "other", Region: "eu-central-1", Role: "arn:aws:iam::" + accountB + ":role/amiral"}},
		cloud.Options{HTTPClient: &http.Client{Transport: wire{w.sim.Handler()}}})
	if err != nil {
		t.Fatal(err)
	}
	if w.fleet, err = w.all.In("prod"); err != nil {
		t.Fatal(err)
	}
	w.regions = func(environment, region string) (Region, error) { return w.all.At(environment, region) }
	return w
}

// answers is a machine that answers the scripts for a manifest.
func answers(s awssim.Script) awssim.Output {
	text := strings.Join(s.Commands, "\n")
	for part, lines := range map[baseline.Part][]string{
		baseline.Packages: {"kernel\t6.1.0", "arch\tx86_64", "os\t\"Debian 12\"", "dpkg", "ii \tnginx\t1.24.0\tamd64", "ii \topenssl\t3.0.1\tamd64"},
		baseline.Files:    {"file\t/etc/a.conf\tabc\t10\t644\troot:root"},
		baseline.Services: {"systemd", "unit nginx.service enabled enabled", "active nginx.service loaded active running nginx"},
	} {
		if strings.Contains(text, "amiral-baseline 1 "+string(part)) {
			return awssim.Output{Stdout: packed(part, lines...)}
		}
	}
	return awssim.Output{Exit: 127}
}

// packed is what a script prints that found those lines.
func packed(part baseline.Part, lines ...string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(strings.Join(lines, "\n") + "\n"))
	_ = z.Close()
	out := base64.StdEncoding.EncodeToString(b.Bytes())
	return fmt.Sprintf("amiral-baseline 1 %s %d\n%s\nend\n", part, len(out), out)
}

// plan makes the plan of a wish.
func (w *world) plan(want Want) (Plan, error) {
	w.t.Helper()
	facts, err := Gather(w.t.Context(), w.fleet, "prod", want)
	if err != nil {
		return Plan{}, err
	}
	facts.Now = w.now
	return New(facts, want)
}

// propose plans the wish and stores the plan as an approved operation.
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
	w.rec = ledger.Record{
		Proposal: ledger.Proposal{ID: "op-test000001", Kind: Kind, Environment: "prod", Target: b.Target, Resource: b.Resource,
			Title: b.Title, Command: "/ami bake " + want.Instance, Requester: dev, Payload: payload, Digest: b.Digest, Step: First},
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
	wf := Workflow{Fleet: func(string) (Fleet, error) { return w.fleet, nil }, Regions: w.regions, Baselines: w.kept, Files: w.files, Poll: w.poll, Locks: &w.locks}
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

// pass lets time pass in small steps, as the simulated cloud does its own.
func (w *world) pass(d time.Duration) {
	const tick = 10 * time.Second
	for ; d > 0; d -= tick {
		w.now = w.now.Add(min(d, tick))
		_, _ = w.aws.Group("web")
	}
}

// until gives turns until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for limit := w.now.Add(3 * 24 * time.Hour); !holds(); w.turn() {
		if w.rec.State.Final() || w.now.After(limit) {
			w.t.Fatalf("never %s: at %s, %s %q, lines:\n%s", what, w.rec.At, w.rec.State, w.rec.Outcome, strings.Join(w.lines, "\n"))
		}
	}
}

func (w *world) at(step string) func() bool { return func() bool { return w.rec.At == step } }

// finish gives turns until the operation is over.
func (w *world) finish(state ledger.State) {
	defer func() {
		if w.locks[w.group()] == w.rec.ID {
			w.t.Errorf("got %s still locked", w.group())
		}
	}()
	w.t.Helper()
	for limit := w.now.Add(3 * 24 * time.Hour); !w.rec.State.Final(); w.turn() {
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

// manifest is what is kept of an image.
func (w *world) manifest(environment string, image fleet.ImageID) baseline.Manifest {
	w.t.Helper()
	body, there := w.kept.all[environment+"/"+string(image)]
	if !there {
		w.t.Fatalf("no manifest of %s in %s; there are %v", image, environment, slices.Sorted(maps.Keys(w.kept.all)))
	}
	var m baseline.Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// group is the lock of the group web.
func (w *world) group() string { return "123456789012/eu-west-1/asg/web" }

// images are the account's images that were not seeded, those that failed or were deregistered left out.
func (w *world) images(region string) []fleet.Image {
	w.t.Helper()
	c, err := w.all.At("prod", region)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := c.OwnImages(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(i fleet.Image) bool {
		return i.ID == "ami-0001" || i.ID == "ami-0002" || i.State == "failed" || i.State == "deregistered"
	})
}

// machines are the ids of instances that are neither ended nor ending.
func (w *world) machines() []string {
	var all []string
	for _, i := range w.aws.Instances() {
		if i.State != "terminated" && i.State != "shutting-down" {
			all = append(all, i.ID)
		}
	}
	return all
}

// wantOrder checks that no twin runs and that every instance of the group is in service, as at the beginning.
func (w *world) wantOrder() {
	w.t.Helper()
	if n := len(w.machines()); n != 4 {
		w.t.Errorf("got %d machines, want 4", n)
	}
	g, _ := w.aws.Group("web")
	for _, i := range g.Instances {
		if i.Lifecycle != "InService" {
			w.t.Errorf("%s is %s, want it in service", i.ID, i.Lifecycle)
		}
	}
	if g.Desired != 3 || len(g.Instances) != 3 {
		w.t.Errorf("got %d desired and %d instances, want 3 and 3", g.Desired, len(g.Instances))
	}
}

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

// ec2 sends an EC2 request that the bot itself never makes.
func (w *world) ec2(body string) string {
	w.t.Helper()
	return w.send("ec2", body+"&Version=2016-11-15")
}

// scaling sends an Auto Scaling request that the bot itself never makes.
func (w *world) scaling(body string) { w.t.Helper(); w.send("autoscaling", body+"&Version=2011-01-01") }

func (w *world) send(service, body string) string {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://aws.local/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20261123/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", body, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// picture is what people see of the operation now.
func (w *world) picture() string { return plain(Painter{}.Paint(w.rec)) }

// plain is a picture as a person would read it aloud.
func plain(p card.Picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", p.Headline)
	for _, s := range p.Sections {
		switch {
		case s.Text != nil:
			fmt.Fprintf(&b, "%s\n", words(*s.Text))
		case s.Bar != nil:
			fmt.Fprintf(&b, "[%d/%d] %s\n", s.Bar.Done, s.Bar.Total, s.Bar.Text)
		}
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "%s: %s\n", f.Label, words(f.Value))
		}
		for _, f := range s.Steps {
			fmt.Fprintf(&b, "(%s) %s\n", f.State, words(f.Text))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "%s: %s / %s\n", map[bool]string{true: "STOP", false: "warn"}[f.Stop], f.Text, f.Hint)
		}
	}
	for _, button := range p.Buttons {
		fmt.Fprintf(&b, "<%s %s %s>\n", button.Action, button.Label, button.ID)
	}
	for _, f := range p.Foot {
		fmt.Fprintf(&b, "_%s_\n", words(f))
	}
	return b.String()
}

func words(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.Code != "":
			b.WriteString("`" + p.Code + "`")
		case p.User != "":
			b.WriteString("@" + p.User)
		case !p.When.IsZero():
			b.WriteString(p.When.UTC().Format("15:04:05"))
		default:
			b.WriteString(p.Bold + p.Plain)
		}
	}
	return b.String()
}
