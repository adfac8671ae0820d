package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// estate is a simulated region with so many groups of a hundred instances each, and the commands that look at it.
type estate struct {
	groups int
	book   map[string]commands.Command
}

// wired carries requests to a handler without a network.
type wired struct{ handler http.Handler }

func (w wired) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// idle is a ledger in which nothing is open; nothing else is asked of it.
type idle struct{ commands.Records }

func (idle) Open(context.Context) ([]ledger.Record, error) { return nil, nil }

// ungilded knows no golden image; nothing else is asked of it.
type ungilded struct{ commands.GoldenImages }

func (ungilded) All(context.Context, string) ([]family.Golden, error) { return nil, nil }

func newEstate(tb testing.TB, groups int) *estate {
	tb.Helper()
	began := time.Now()
	sim := awssim.New(awssim.Options{Now: func() time.Time { return began }, Seed: 1, NoThrottle: true, Latency: -1, InstanceLimit: 100 * groups})
	tb.Cleanup(func() { _ = sim.Close() })
	aws := sim.Region("eu-west-1")
	for i := range 3 * groups {
		aws.AddImage(awssim.Image{ID: fmt.Sprintf("ami-%06d", i), Name: fmt.Sprintf("golden-%06d", i)})
	}
	tg := aws.AddTargetGroup("web-tg")
	for i := range groups {
		aws.AddTemplate(awssim.Template{Name: fmt.Sprintf("web-%03d", i), Versions: []awssim.TemplateVersion{{Image: fmt.Sprintf("ami-%06d", i)}}})
		group := awssim.Group{Name: fmt.Sprintf("web-%03d", i), Template: fmt.Sprintf("web-%03d", i), Max: 100, Desired: 100}
		if i == 0 {
			group.TargetGroups = []string{tg}
		}
		if err := aws.AddGroup(group); err != nil {
			tb.Fatal(err)
		}
	}
	all, err := cloud.New(tb.Context(), []cloud.Environment{{Name: "prod", Region: "eu-west-1"}}, cloud.Options{HTTPClient: &http.Client{Transport: wired{sim.Handler()}}})
	if err != nil {
		tb.Fatal(err)
	}
	site := commands.Site{
		Settings: commands.Settings{Environments: []commands.Environment{{Name: "prod", Region: "eu-west-1", Default: true}}},
		Fleets:   func(string) (commands.Fleet, error) { return all.In("prod") },
		Records:  idle{}, Patience: time.Minute,
	}
	e := &estate{groups: groups, book: map[string]commands.Command{}}
	for _, c := range slices.Concat((&commands.ASG{Site: site}).Commands(), (&commands.AMI{Site: site, Golden: ungilded{}}).Commands()) {
		e.book[c.Name()] = c
	}
	return e
}

// calls answers a command and counts the calls to AWS that it took.
func (e *estate) calls(tb testing.TB, name, words string) int {
	tb.Helper()
	c := e.book[name]
	v, err := c.Spec().ParseText(words)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, n := fleet.Counting(tb.Context())
	r, err := c.Run(ctx, &commands.Call{Words: v})
	if err != nil || r.Reply == nil {
		tb.Fatalf("%s: got %+v, %v", name, r, err)
	}
	return n.Count()
}

// look is a command with what it takes.
type look struct {
	name, words string
	least       func(groups int) int
}

// looks are the commands that are measured, with the fewest calls that AWS's paging allows. A page of a list has 20
// groups, and so 2,000 instances: a call for each hundred groups and for each thousand instances, and one for the
// images' names. What refers to images is asked for ten of them at a time. One group takes a call each for itself, its instances, its refreshes, their images and its targets.
func looks() []look {
	return []look{
		{"/asg list", "", func(groups int) int { return up(groups, 100) + up(100*min(groups, 20), 1000) + 1 }},
		{"/asg show", "web-000", func(int) int { return 5 }},
		{"/asg activity", "web-000", func(int) int { return 1 }},
		{"/ami list", "", func(groups int) int { return up(3*groups, 1000) + references(groups) + references(groups-10) }},
	}
}

// references is what it takes to ask what refers to ten images, of which as many are launched as there are groups: each
// by a template and a hundred instances, a thousand to a page.
func references(groups int) int { return max(1, up(101*max(0, min(groups, 10)), 1000)) }

func up(n, page int) int { return (n + page - 1) / page }

// TestListsTakeTheFewestCalls that paging allows, for 10 groups and 1,000 instances as for 100 and 10,000.
func TestListsTakeTheFewestCalls(t *testing.T) {
	t.Parallel()
	for _, groups := range []int{10, 100} {
		e := newEstate(t, groups)
		for _, l := range looks() {
			if got, want := e.calls(t, l.name, l.words), l.least(groups); got != want {
				t.Errorf("%s of %d groups: %d calls, want %d", l.name, groups, got, want)
			}
		}
	}
}

// BenchmarkList measures what it takes to look at 100 groups of 10,000 instances, beside 10 of 1,000 in the same run.
func BenchmarkList(b *testing.B) {
	few, many := newEstate(b, 10), newEstate(b, 100)
	for _, l := range looks() {
		b.Run(l.name[1:4]+"-"+l.name[5:], func(b *testing.B) {
			var took [2][]time.Duration
			var calls [2]int
			for b.Loop() {
				took = [2][]time.Duration{}
				for range rounds + 1 {
					for i, e := range []*estate{few, many} {
						began := time.Now()
						calls[i] = e.calls(b, l.name, l.words)
						took[i] = append(took[i], time.Since(began))
					}
				}
			}
			small, large := quantile(took[0][1:], .5), quantile(took[1][1:], .5)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(calls[1]), "calls")
			b.ReportMetric(float64(calls[1])/float64(calls[0]), "calls-ratio")
			b.ReportMetric(large, "ms")
			b.ReportMetric(large/small, "ms-ratio")
		})
	}
}
