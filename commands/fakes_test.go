package commands

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	dev   = ledger.Actor{User: "UDEV", Team: "T1"}
	sre   = ledger.Actor{User: "USRE", Team: "T1"}
	guest = ledger.Actor{User: "UGUEST", Team: "T1"}
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// people knows everybody but the guest.
type people struct{ err error }

func (p people) Person(_ context.Context, who ledger.Actor) (Person, error) {
	if who == guest {
		return Person{}, fault.New(fault.Denied, "Guests cannot use amiral.")
	}
	return Person{ID: who.User, Team: who.Team, Name: "Dana"}, p.err
}

// gate writes down what it is asked and answers with err, or with a pending record.
type gate struct {
	asked []string
	spec  approvals.Spec
	err   error
	may   map[string]error // what May says, by deed; err where nothing is said
	says  policy.Verdict   // what Explain says
	voted ledger.Record    // what stands after a vote
	state ledger.State
	same  *ledger.Record // what stands for all that ask for the same
}

func (g *gate) note(format string, args ...any) (ledger.Record, error) {
	g.asked = append(g.asked, fmt.Sprintf(format, args...))
	return ledger.Record{}, g.err
}

func (g *gate) Propose(_ context.Context, key string, s approvals.Spec) (ledger.Record, error) {
	g.spec = s
	if _, err := g.note("propose %s %s %s", key, s.Title, s.Requester.User); err != nil {
		return ledger.Record{}, err
	}
	if g.same != nil {
		return *g.same, nil
	}
	state := g.state
	if state == "" {
		state = ledger.Pending
	}
	return ledger.Record{
		Proposal: ledger.Proposal{ID: ledger.IDOf(key), Kind: s.Kind, Title: s.Title, Channel: s.Channel, Requester: s.Requester,
			Rule: ledger.Rule{Name: "production", Needs: ledger.From(1, "sre")}},
		State: state, Ahead: "op-ahead", Created: noon,
	}, nil
}

func (g *gate) Vote(_ context.Context, id ledger.ID, version int64, who ledger.Actor, b approvals.Ballot) (ledger.Record, error) {
	choice := b.Choice
	if b.Narrow {
		choice += " narrow"
	}
	_, err := g.note("vote %s v%d %s %s %s", id, version, who.User, choice, b.Reason)
	return g.voted, err
}

func (g *gate) Withdraw(_ context.Context, id ledger.ID, who ledger.Actor, reason string) (ledger.Record, error) {
	return g.note("withdraw %s %s %s", id, who.User, reason)
}

func (g *gate) Signal(_ context.Context, id ledger.ID, version int64, who ledger.Actor, name, reason string) (ledger.Record, error) {
	return g.note("%s", strings.TrimSpace(fmt.Sprintf("signal %s v%d %s %s %s", id, version, who.User, name, reason)))
}

func (g *gate) Extend(_ context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return g.note("extend %s v%d %s", id, version, who.User)
}

func (g *gate) Widen(_ context.Context, id ledger.ID, version int64, who ledger.Actor) (ledger.Record, error) {
	return g.note("widen %s v%d %s", id, version, who.User)
}

func (g *gate) Explain(_ context.Context, who ledger.Actor, s approvals.Spec) (policy.Verdict, error) {
	g.spec = s
	_, err := g.note("explain %s %s", s.Title, who.User)
	return g.says, err
}

func (g *gate) May(_ context.Context, _ ledger.Record, _ ledger.Actor, deed string) error {
	if err, said := g.may[deed]; said {
		return err
	}
	return g.err
}

// records is a ledger's reading side over a few records, newest last.
type records struct {
	all     []ledger.Record
	history []ledger.Record
	lines   []ledger.Entry
	err     error
}

func (r *records) Get(_ context.Context, id ledger.ID) (ledger.Record, error) {
	for _, rec := range r.all {
		if rec.ID == id {
			return rec, r.err
		}
	}
	return ledger.Record{}, cmpErr(r.err, ledger.ErrNotFound)
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (r *records) Find(_ context.Context, prefix string) (ledger.Record, error) {
	if r.err != nil {
		return ledger.Record{}, r.err
	}
	var found []ledger.Record
	for _, rec := range r.all {
		if strings.HasPrefix(string(rec.ID), prefix) {
			found = append(found, rec)
		}
	}
	switch len(found) {
	case 0:
		return ledger.Record{}, ledger.ErrNotFound
	case 1:
		return found[0], nil
	}
	return ledger.Record{}, ledger.ErrAmbiguous
}

func (r *records) Open(context.Context) ([]ledger.Record, error) {
	return only(r.all, func(r ledger.Record) bool { return !r.State.Final() }), r.err
}

func (r *records) Recent(_ context.Context, n int) ([]ledger.Record, error) {
	all := slices.Clone(r.all)
	slices.Reverse(all)
	return all[:min(n, len(all))], r.err
}

func (r *records) History(_ context.Context, resource string, _ int) ([]ledger.Record, error) {
	return only(r.history, func(r ledger.Record) bool { return r.Resource == resource }), r.err
}

func (r *records) Journal(context.Context, ledger.ID) ([]ledger.Entry, error) { return r.lines, r.err }

// cloud is a fleet that can be read, as far as the commands under test read it.
type cloud struct {
	Fleet
	silent     error // of Refreshes alone
	groups     []fleet.Group
	images     []fleet.Image
	machines   []fleet.Instance
	refreshes  map[fleet.GroupName][]fleet.Refresh
	versions   []fleet.TemplateVersion
	activities []fleet.Activity
	err        error
	slow       bool // Groups and Group answer nothing until nobody waits any more
}

func (c *cloud) wait(ctx context.Context) error {
	if !c.slow {
		return c.err
	}
	<-ctx.Done()
	return &fleet.Error{Kind: fleet.Throttled, Call: "describe", Err: ctx.Err()}
}

func absent(what string) error {
	return &fleet.Error{Kind: fleet.Absent, Call: "describe", Code: "NotFound", Message: what}
}

func (c *cloud) Groups(ctx context.Context) ([]fleet.Group, error) {
	return slices.Clone(c.groups), c.wait(ctx)
}

func (c *cloud) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	if c.slow {
		return fleet.Group{}, c.wait(ctx)
	}
	for _, g := range c.groups {
		if g.Name == name {
			return g, c.err
		}
	}
	return fleet.Group{}, cmpErr(c.err, absent(string(name)))
}

func (c *cloud) Template(_ context.Context, ref fleet.TemplateRef) (fleet.Template, error) {
	return fleet.Template{ID: "lt-1", Name: ref.Name, Default: 1, Latest: int64(len(c.versions))}, c.err
}

func (c *cloud) TemplateVersion(_ context.Context, ref fleet.TemplateRef) (fleet.TemplateVersion, error) {
	for _, v := range c.versions {
		if fmt.Sprint(v.Number) == ref.Version {
			return v, c.err
		}
	}
	return fleet.TemplateVersion{}, cmpErr(c.err, absent(ref.Version))
}

func (c *cloud) Images(_ context.Context, ids ...fleet.ImageID) ([]fleet.Image, error) {
	var found []fleet.Image
	for _, i := range c.images {
		if slices.Contains(ids, i.ID) {
			found = append(found, i)
		}
	}
	return found, c.err
}

func (c *cloud) OwnImages(context.Context) ([]fleet.Image, error) { return c.images, c.err }

func (c *cloud) Instances(_ context.Context, ids ...fleet.InstanceID) ([]fleet.Instance, error) {
	var found []fleet.Instance
	for _, i := range c.machines {
		if slices.Contains(ids, i.ID) {
			found = append(found, i)
		}
	}
	return found, c.err
}

func (c *cloud) Refreshes(_ context.Context, g fleet.GroupName) ([]fleet.Refresh, error) {
	return c.refreshes[g], errors.Join(c.err, c.silent)
}

func (c *cloud) TargetHealth(context.Context, string) ([]fleet.Target, error) {
	return []fleet.Target{{Instance: "i-web1", State: "healthy"}, {Instance: "i-web2", State: "unhealthy"}}, c.err
}

func (c *cloud) Alarms(_ context.Context, names ...string) ([]fleet.Alarm, error) {
	var all []fleet.Alarm
	for _, n := range names {
		all = append(all, fleet.Alarm{Name: n, State: "OK"})
	}
	return all, c.err
}

func (c *cloud) OpenAlarms(context.Context, fleet.Group) ([]fleet.Alarm, error) { return nil, c.err }

func (c *cloud) LocalDisks(context.Context, ...string) (map[string]bool, error) { return nil, c.err }

// trail is the audit of one operation.
type trail struct {
	events []audit.Event
	err    error
	asked  string
}

func (t *trail) Of(_ context.Context, op string) ([]audit.Event, error) {
	t.asked = op
	return t.events, t.err
}

// inForce is the freezes that hold.
type inForce struct {
	all []freeze.Freeze
	err error
}

func (i *inForce) All(context.Context) ([]freeze.Freeze, error) { return i.all, i.err }

// harbour is a small fleet: web with four machines, worker with two under refresh.
func harbour() *cloud {
	c := &cloud{
		images: []fleet.Image{
			{ID: "ami-0b2", Name: "web-2026.11.2", State: "available", Architecture: "x86_64", Created: noon},
			{ID: "ami-0a1", Name: "web-2026.10.1", State: "available", Architecture: "x86_64", Created: noon.AddDate(0, -1, 0)},
		},
		versions: []fleet.TemplateVersion{
			{Template: "lt-1", Name: "web-lt", Number: 1, Image: "ami-0a1", InstanceType: "m7i.large", Fields: map[string]string{"ImageId": "ami-0a1"}},
			{Template: "lt-1", Name: "web-lt", Number: 2, Image: "ami-0b2", InstanceType: "m7i.large", Fields: map[string]string{"ImageId": "ami-0b2"}},
		},
		refreshes: map[fleet.GroupName][]fleet.Refresh{"worker": {{ID: "r1", Group: "worker", Status: "InProgress", Percent: 50}}},
	}
	for _, name := range []string{"web", "worker"} {
		g := fleet.Group{
			Name: fleet.GroupName(name), ARN: "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:u:autoScalingGroupName/" + name,
			Min: 2, Max: 8, Desired: 4, Template: fleet.TemplateRef{ID: "lt-1", Name: "web-lt", Version: "1"}, HealthCheck: "ELB", Grace: 5 * time.Minute,
		}
		for i := range 4 {
			id := fleet.InstanceID(fmt.Sprintf("i-%s%d", name, i+1))
			g.Instances = append(g.Instances, fleet.Member{ID: id, Type: "m7i.large", Zone: "eu-west-1a", Lifecycle: "InService", Health: "Healthy",
				Template: fleet.TemplateRef{ID: "lt-1", Name: "web-lt", Version: "1"}})
			image := fleet.ImageID("ami-0a1")
			if name == "worker" && i == 3 {
				image = "ami-0b2"
			}
			c.machines = append(c.machines, fleet.Instance{ID: id, Image: image, Type: "m7i.large", Architecture: "x86_64", State: "running"})
		}
		c.groups = append(c.groups, g)
	}
	return c
}

func settings() Settings {
	return Settings{Environments: []Environment{
		{Name: "production", Region: "eu-west-1", Channels: []string{"CDEPLOYS"}},
		{Name: "staging", Region: "eu-west-1", Channels: []string{"CSTAGING"}},
	}}
}

// world is a desk with everything around it.
type world struct {
	t       *testing.T
	desk    *Desk
	asg     *ASG
	gate    *gate
	records *records
	cloud   *cloud
	frozen  *inForce
	trail   *trail
	deeds   []Deed
}

func newWorld(t *testing.T, all ...ledger.Record) *world {
	t.Helper()
	w := &world{t: t, gate: &gate{}, records: &records{all: all}, cloud: harbour(), frozen: &inForce{}, trail: &trail{}}
	fleets := func(env string) (Fleet, error) {
		if env != "production" && env != "staging" {
			return nil, errors.New("no such fleet")
		}
		return w.cloud, nil
	}
	asg := &ASG{Site: Site{Settings: settings(), Records: w.records, Fleets: fleets}}
	w.asg = asg
	ops := &Ops{Settings: settings(), Records: w.records, Trail: w.trail, Health: func(context.Context) []card.Fact {
		return []card.Fact{{Label: "Slack", Value: card.T("2 sockets")}}
	}}
	freezes := &Freezes{Settings: settings(), Records: w.records, Fleets: fleets, InForce: w.frozen, Now: func() time.Time { return noon }}
	book, err := NewBook(slices.Concat(asg.Commands(), ops.Commands(), freezes.Commands())...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk = &Desk{Book: book, Gate: w.gate, People: people{}, Records: w.records, Kinds: map[string]Kind{"rollout": asg.Rollouts(), "freeze": freezes.Kind()},
		Audit: func(_ context.Context, d Deed) { w.deeds = append(w.deeds, d) }}
	return w
}

func (w *world) says(text string) Result {
	return w.desk.Command(context.Background(), Request{Key: "k1", Actor: dev, Channel: "CDEPLOYS", Text: text, Received: noon})
}

// op is a rollout of web as it stands in production.
func op(id ledger.ID, state ledger.State) ledger.Record {
	return ledger.Record{
		Proposal: ledger.Proposal{
			ID: id, Kind: "rollout", Environment: "production", Target: "web", Resource: "123456789012/eu-west-1/asg/web",
			Title: "Roll web to ami-0b2", Command: "/asg rollout web --image ami-0b2", Requester: dev, Channel: "CDEPLOYS",
			Payload: []byte(`{}`), Rule: ledger.Rule{Name: "production", Needs: ledger.From(1, "sre")},
		},
		State: state, Version: 3, Created: noon, Expires: noon.Add(4 * time.Hour),
	}
}

// text is a card as a person would read it aloud.
func text(c *card.Card) string {
	if c == nil {
		return "(nothing)"
	}
	var b strings.Builder
	if c.Title != "" {
		fmt.Fprintf(&b, "# %s\n", c.Title)
	}
	for _, s := range c.Sections {
		section(&b, s)
	}
	for _, k := range c.Buttons {
		if k.Action == card.RunAction {
			fmt.Fprintf(&b, "[%s] %s\n", k.Label, k.ID)
		}
	}
	for _, f := range c.Foot {
		fmt.Fprintf(&b, "-- %s\n", spoken(f))
	}
	return b.String()
}

func section(b *strings.Builder, s card.Section) {
	defer func() {
		for _, k := range s.Buttons {
			if k.Action == card.RunAction {
				fmt.Fprintf(b, "[%s] %s\n", k.Label, k.ID)
			}
		}
	}()
	switch {
	case s.Text != nil:
		fmt.Fprintln(b, spoken(*s.Text))
	case s.Facts != nil:
		for _, f := range s.Facts {
			fmt.Fprintf(b, "%s: %s\n", f.Label, spoken(f.Value))
		}
	case s.Steps != nil:
		for _, p := range s.Steps {
			fmt.Fprintf(b, "[%s] %s\n", p.State, spoken(p.Text))
		}
	case s.Findings != nil:
		for _, f := range s.Findings {
			fmt.Fprintf(b, "! %s %s\n", f.Text, f.Hint)
		}
	case s.Bar != nil:
		fmt.Fprintf(b, "%d/%d %s\n", s.Bar.Done, s.Bar.Total, s.Bar.Text)
	case s.Table != nil:
		var labels []string
		for _, c := range s.Table.Columns {
			labels = append(labels, c.Label)
		}
		fmt.Fprintln(b, strings.Join(labels, " | "))
		for _, row := range s.Table.Rows {
			var cells []string
			for _, cell := range row {
				cells = append(cells, spoken(cell))
			}
			fmt.Fprintln(b, "| "+strings.Join(cells, " | "))
		}
	case s.Code != "":
		fmt.Fprintf(b, "```\n%s\n```\n", s.Code)
	}
}

func spoken(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.User != "":
			b.WriteString("@" + p.User)
		case p.Channel != "":
			b.WriteString("#" + p.Channel)
		case p.Code != "":
			b.WriteString("`" + p.Code + "`")
		case p.Link != nil:
			b.WriteString("<" + p.Link.URL + ">")
		case !p.When.IsZero():
			b.WriteString(p.When.Format("15:04"))
		default:
			b.WriteString(p.Plain + p.Bold)
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s(run with -update when it is meant)", name, got, want)
	}
}
