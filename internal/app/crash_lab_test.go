package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

var (
	dana = ledger.Actor{User: "U0DEV", Team: "T0HARBOUR"}
	sam  = ledger.Actor{User: "U0SRE", Team: "T0HARBOUR"}
)

const labLease = 15 * time.Second

// lab is a ledger on a miniredis and a simulated cloud, both in a time that only the test moves. Workers
// live in it one after the other: each is made of the real ledger, engine, workflow and AWS SDK.
type lab struct {
	t     *testing.T
	story tale
	mini  *miniredis.Miniredis
	redis *redis.Client // the test's own: no point of any worker

	now     time.Time
	sim     *awssim.Cloud
	aws     *awssim.Fleet
	records *ledger.Ledger
	fleet   *cloud.Client
	asked   *question       // what a person wants and has no answer to yet
	pressed map[string]bool // what people have had an answer to
}

// question is a button that a person pressed.
type question struct {
	name    string
	version int64
}

// begin empties the lab and makes its world anew.
func (l *lab) begin() {
	l.t.Helper()
	l.now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	l.mini.FlushAll()
	l.mini.SetTime(l.now)
	l.asked, l.pressed = nil, map[string]bool{}
	l.sim = awssim.New(awssim.Options{Now: func() time.Time { return l.now }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	l.aws = l.sim.Region("eu-west-1")
	l.aws.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	l.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2", Spoiled: l.story.spoiled})
	l.aws.AddTemplate(awssim.Template{ID: "lt-0001", Name: "web-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
	warmup := time.Minute
	if err := l.aws.AddGroup(awssim.Group{Name: "web", Template: "web-lt", Max: 4, Desired: 2, Warmup: &warmup}); err != nil {
		l.t.Fatal(err)
	}
	l.records = ledger.New(l.redis, ledger.Options{})
	l.fleet = l.client(wire{handler: l.sim.Handler()})
}

// client is an AWS client that speaks over the wire.
func (l *lab) client(w wire) *cloud.Client {
	l.t.Helper()
	all, err := cloud.New(context.Background(), []cloud.Environment{{Name: "production", Region: "eu-west-1"}},
		cloud.Options{HTTPClient: &http.Client{Transport: w}})
	if err != nil {
		l.t.Fatal(err)
	}
	c, err := all.In("production")
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// wire carries requests to the simulated cloud, as effects of a process; of nobody when that is nil.
type wire struct {
	handler http.Handler
	process *crashtest.Process
	died    func() // so that the SDK does not try again for a dead process
}

// RoundTrip answers one request. A process that died gets no answer any more.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	serve := func() error { w.handler.ServeHTTP(rec, r); return nil }
	if w.process == nil {
		_ = serve() // it has no error
		return rec.Result(), nil
	}
	if err := w.process.Do("aws "+action(r, body), serve); err != nil {
		w.died()
		return nil, err
	}
	return rec.Result(), nil
}

// action is what a request asks of AWS.
func action(r *http.Request, body []byte) string {
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	return r.URL.Path + r.Header.Get("X-Amz-Target")
}

// worker is one life of a replica.
type worker struct {
	*lab
	process *crashtest.Process
	own     *ledger.Ledger
	engine  *engine.Engine
	cloud   *cloud.Client
}

// live lets a worker live until the operation is over, or until it dies.
func (l *lab) live(decide crashtest.Decide) (*crashtest.Process, error) {
	p := crashtest.New(decide)
	client := redis.NewClient(&redis.Options{
		Addr: l.mini.Addr(), MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer func() { _ = client.Close() }()
	client.AddHook(p.Hook())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &worker{lab: l, process: p, own: ledger.New(client, ledger.Options{}),
		cloud: l.client(wire{handler: l.sim.Handler(), process: p, died: cancel})}
	w.engine = &engine.Engine{
		Ledger: w.own, Owner: "worker", Lease: labLease, Log: slog.New(slog.DiscardHandler),
		Workflows: map[string]engine.Workflow{rollout.Kind: rollout.Workflow{
			Poll: cmp.Or(l.story.poll, 2*time.Minute), Fleet: func(string) (rollout.Fleet, error) { return w.cloud, nil },
		}},
	}
	return p, w.work(ctx)
}

// work asks for the operation, has it approved, and gives it turns until it is over.
func (w *worker) work(ctx context.Context) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	for range 500 {
		rec, err := w.records.Get(context.Background(), opID)
		if err != nil || rec.State.Final() {
			return err
		}
		if err := w.press(ctx, rec); err != nil {
			return err
		}
		ran, err := w.engine.Step(ctx)
		if w.process.Dead() {
			return crashtest.ErrDead
		}
		if err != nil {
			return err
		}
		if !ran && !w.wait() {
			return nil
		}
	}
	return fmt.Errorf("no end after 500 turns")
}

var opID = ledger.IDOf("the one")

// start does what a person's command and another's approval do; doing it again changes nothing.
func (w *worker) start(ctx context.Context) error {
	rec, err := w.own.Get(ctx, opID)
	if err != nil {
		if rec, err = w.propose(ctx); err != nil {
			return err
		}
	}
	if rec.State != ledger.Pending {
		return nil
	}
	_, err = w.own.Vote(ctx, opID, rec.Version, ledger.Vote{Actor: sam, Choice: "approve", Fills: []int{0}}, rec.Digest, ledger.VoteOptions{})
	return err
}

func (w *worker) propose(ctx context.Context) (ledger.Record, error) {
	facts, err := rollout.Gather(ctx, w.cloud, "production", "web", w.story.want)
	if err != nil {
		return ledger.Record{}, err
	}
	plan, err := rollout.New(facts, w.story.want)
	if err != nil {
		return ledger.Record{}, err
	}
	payload, err := json.Marshal(plan)
	if err != nil {
		return ledger.Record{}, err
	}
	rec, _, err := w.own.Submit(ctx, ledger.Proposal{
		ID: opID, Kind: rollout.Kind, Environment: "production", Target: "web", Resource: plan.Resource(), Title: plan.Title(),
		Requester: dana, Channel: "C0DEPLOYS", Payload: payload, Digest: plan.Digest(), Step: rollout.First,
		Rule: ledger.Rule{Needs: ledger.From(1, "sre"), ValidFor: time.Hour},
	})
	return rec, err
}

// press sends what people want. Without an answer it comes again, as an accepted envelope does.
func (w *worker) press(ctx context.Context, rec ledger.Record) error {
	if w.asked == nil && w.story.press != nil {
		var d rollout.Data
		_ = json.Unmarshal(rec.Data, &d) // nothing at first
		if name := w.story.press(rec.At, d); name != "" && !w.pressed[name] {
			w.asked = &question{name: name, version: rec.Version}
		}
	}
	if w.asked == nil {
		return nil
	}
	_, err := w.own.Signal(ctx, opID, w.asked.version, ledger.Signal{Name: w.asked.name, By: sam})
	if w.process.Dead() {
		return crashtest.ErrDead
	}
	w.pressed[w.asked.name], w.asked = true, nil
	if err != nil && !stale(err) {
		return err
	}
	return nil
}

// wait lets the time pass until something is due; false when nothing will be.
func (l *lab) wait() bool {
	next, err := l.redis.ZRangeWithScores(context.Background(), "{amiral}:due", 0, 0).Result()
	if err != nil || len(next) == 0 {
		return false
	}
	l.pass(max(time.UnixMilli(int64(next[0].Score)).Sub(l.now), time.Millisecond))
	return true
}

func (l *lab) pass(d time.Duration) {
	l.now = l.now.Add(d)
	l.mini.SetTime(l.now)
}

// run lets a worker live as decided and, if it dies, another after it. It returns the first.
func (l *lab) run(first crashtest.Decide) *crashtest.Process {
	l.begin()
	p, err := l.live(first)
	if p.Dead() {
		l.pass(labLease + time.Second)
		_, err = l.live(crashtest.Never)
	}
	if err != nil {
		l.t.Errorf("no worker came to the end: %v", err)
	}
	return p
}

// wrong is everything that is not as it must be at the end, whatever happened on the way.
func (l *lab) wrong() []string {
	ctx := context.Background()
	rec, err := l.records.Get(ctx, opID)
	if err != nil {
		return []string{err.Error()}
	}
	bad, err := ledgertest.Broken(ctx, l.redis, "amiral")
	if err != nil {
		bad = append(bad, err.Error())
	}
	differs := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			bad = append(bad, fmt.Sprintf("%s: got %v, want %v", what, got, want))
		}
	}
	differs("state", rec.State, l.story.state)
	if !strings.Contains(rec.Outcome, l.story.says) {
		differs("outcome", rec.Outcome, l.story.says)
	}
	_, held, err := l.records.Holder(ctx, rec.Resource)
	differs("the group is held", held, err != nil)
	template, err := l.fleet.Template(ctx, l.plan(rec).Ref)
	if err != nil {
		bad = append(bad, err.Error())
	}
	differs("template versions", template.Latest, 2)
	group, _ := l.aws.Group("web")
	differs("suspended", len(group.Suspended), 0)
	if l.story.runs != "" {
		differs("instances", census(group), l.story.runs)
	}
	differs("refreshes", l.statuses(), l.story.refreshes)
	differs("starts with an effect", l.starts(), len(l.story.refreshes))
	return bad
}

func (l *lab) plan(rec ledger.Record) (p rollout.Plan) {
	if err := json.Unmarshal(rec.Payload, &p); err != nil {
		l.t.Fatal(err)
	}
	return p
}

// statuses are the group's refreshes, oldest first.
func (l *lab) statuses() (all []string) {
	for _, r := range slices.Backward(l.aws.Refreshes("web")) {
		all = append(all, r.Status)
	}
	return all
}

// starts counts the calls that started a refresh.
func (l *lab) starts() (n int) {
	for _, c := range l.sim.Calls() {
		if c.Action == "StartInstanceRefresh" && c.Error == "" {
			n++
		}
	}
	return n
}

// census counts a group's instances in service by version and image.
func census(g awssim.GroupState) string {
	count := map[string]int{}
	for _, i := range g.Instances {
		if i.Lifecycle == "InService" {
			count["v"+i.Version+" "+i.Image]++
		}
	}
	return strings.TrimPrefix(fmt.Sprint(count), "map")
}
