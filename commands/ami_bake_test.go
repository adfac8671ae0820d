package commands

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// yard is an environment with an instance that stands alone and one in a group.
type yard struct {
	Fleet
	account, region string
}

func (y yard) Identity(context.Context) (fleet.Identity, error) {
	return fleet.Identity{Account: y.account, Region: y.region}, nil
}

func (y yard) Instance(_ context.Context, id fleet.InstanceID) (fleet.Instance, error) {
	i := fleet.Instance{ID: id, State: "running", Image: "ami-0001", Root: "/dev/xvda", Tags: map[string]string{"team": "core"},
		Disks: []fleet.Disk{{Device: "/dev/xvda", Volume: "vol-1", Size: 8}, {Device: "/dev/xvdb", Volume: "vol-2", Size: 100}}}
	switch id {
	case "i-alone":
		i.Name = "db-1"
	case "i-member":
		i.Name, i.Group = "web", "web"
	default:
		return i, &fleet.Error{Kind: fleet.Absent}
	}
	return i, nil
}

func (y yard) FindInstances(_ context.Context, text string, _ int) ([]fleet.Instance, error) {
	if text == "db-1" {
		return []fleet.Instance{{ID: "i-alone", Name: "db-1"}}, nil
	}
	return nil, nil
}

func (yard) LocalDisks(context.Context, ...string) (map[string]bool, error) { return nil, nil }

func (yard) Nodes(context.Context, ...fleet.InstanceID) (map[fleet.InstanceID]fleet.Node, error) {
	return map[fleet.InstanceID]fleet.Node{"i-alone": {Instance: "i-alone", Ping: "Online"}}, nil
}

func (yard) Images(context.Context, ...fleet.ImageID) ([]fleet.Image, error) { return nil, nil }

func (yard) ImageNamed(_ context.Context, name string) (fleet.Image, error) {
	if name == "taken" {
		return fleet.Image{ID: "ami-0009", Name: name}, nil
	}
	return fleet.Image{}, &fleet.Error{Kind: fleet.Absent}
}

func (yard) SnapshotsOf(context.Context, ...string) ([]fleet.Snapshot, error) { return nil, nil }

func (yard) Group(context.Context, fleet.GroupName) (fleet.Group, error) {
	return fleet.Group{Name: "web", Min: 1, Desired: 2, Instances: []fleet.Member{{ID: "i-member", Lifecycle: "InService"}, {ID: "i-2", Lifecycle: "InService"}}}, nil
}

func (yard) Refreshes(context.Context, fleet.GroupName) ([]fleet.Refresh, error) { return nil, nil }

// newYard is a desk that bakes.
func newYard(t *testing.T) (*world, *Bakes) {
	t.Helper()
	w := newWorld(t)
	b := &Bakes{Site: w.asg.Site}
	b.Fleets = func(env string) (Fleet, error) {
		if env == "production" {
			return yard{account: "111111111111", region: "eu-west-1"}, nil
		}
		return yard{account: "222222222222", region: "eu-central-1"}, nil
	}
	book, err := NewBook(b.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book, w.desk.Kinds = book, map[string]Kind{bake.Kind: b.Kind()}
	return w, b
}

func TestABakeIsProposed(t *testing.T) {
	w, _ := newYard(t)
	w.says(`ami bake db-1 --name golden --family web --exclude-data --copy-to eu-north-1,staging --share staging,3333-3333-3333 --note "before the move" --reason why`)
	if len(w.gate.asked) != 1 {
		t.Fatalf("got %d proposals", len(w.gate.asked))
	}
	s := w.gate.spec
	var p bake.Plan
	if err := json.Unmarshal(s.Payload, &p); err != nil {
		t.Fatal(err)
	}
	if s.Kind != "bake" || s.Target != "db-1" || s.Resource != "111111111111/eu-west-1/bake/i-alone" || s.Title != "Bake golden from db-1" || s.Tags["team"] != "core" || s.Reason != "why" {
		t.Errorf("got %+v", s)
	}
	if s.Blast.Instances != 1 || s.Blast.CapacityDown != 100 || s.Blast.Irreversible || s.Impact != "db-1 is rebooted and away for some minutes" {
		t.Errorf("got %+v, %q", s.Blast, s.Impact)
	}
	want := []bake.Place{{Environment: "production", Region: "eu-north-1", Account: "111111111111"}, {Environment: "staging", Region: p.Want.CopyTo[1].Region, Account: "222222222222"}}
	if len(p.Want.CopyTo) != 2 || p.Want.CopyTo[0] != want[0] || p.Want.CopyTo[1] != want[1] || strings.Join(p.Want.Share, " ") != "222222222222 333333333333" {
		t.Errorf("got %+v and %v", p.Want.CopyTo, p.Want.Share)
	}
	if len(p.Disks) != 1 || p.Way != bake.Reboot || p.Want.Note != "before the move" {
		t.Errorf("got %+v", p)
	}
}

// TestTheWaysAreOffered: an instance of a group is not rebooted there; each way is a button.
func TestTheWaysAreOffered(t *testing.T) {
	w, _ := newYard(t)
	r := w.says("ami bake i-member --family web")
	if len(w.gate.asked) != 0 || r.Reply == nil {
		t.Fatalf("got %+v", r)
	}
	if got := text(r.Reply); !strings.Contains(got, "serves in the group web") || !strings.Contains(got, "Not possible") {
		t.Errorf("got\n%s", got)
	}
	var commands []string
	for _, b := range r.Reply.Buttons {
		commands = append(commands, b.ID)
	}
	if want := "/ami bake i-member --family web --no-reboot --in production|/ami bake i-member --family web --standby --in production|/ami bake i-member --family web --twin --in production"; strings.Join(commands, "|") != want {
		t.Errorf("got %q, want %q", commands, want)
	}
	for way, down := range map[string]int{"--no-reboot": 0, "--standby": 50} {
		w.says("ami bake i-member " + way)
		if got := w.gate.spec.Blast; got.CapacityDown != down {
			t.Errorf("%s: got %+v, want %d %% less", way, got, down)
		}
	}
}

func TestBakesThatAreRefused(t *testing.T) {
	w, _ := newYard(t)
	for typed, want := range map[string]string{
		"ami bake i-gone":                       "There is no instance i-gone in production.",
		"ami bake nobody":                       "There is no instance named nobody",
		"ami bake db-1 --reboot --twin":         "cannot be asked for together",
		"ami bake db-1 --standby":               "serves in no group",
		"ami bake db-1 --copy-to moon":          "moon is neither a region nor an environment",
		"ami bake db-1 --copy-to eu-west-1":     "made in eu-west-1 already",
		"ami bake db-1 --share nobody":          "nobody is neither an account nor an environment",
		"ami bake db-1 --share production":      "belongs to account 111111111111 itself",
		"ami bake db-1 --name taken":            "The name taken is taken by ami-0009",
		"ami bake db-1 --name a:b":              "cannot be the name of an image",
		"ami bake db-1 --name golden --dry-run": "is rebooted, as AWS does by default",
	} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant %q", typed, got, want)
		}
	}
	if len(w.gate.asked) != 0 {
		t.Errorf("got %d proposals, want none", len(w.gate.asked))
	}
}

// TestABakeIsTakenBackByRetiring: the way back is named, and nothing is proposed for it.
func TestABakeIsTakenBackByRetiring(t *testing.T) {
	w, b := newYard(t)
	w.says("ami bake db-1 --name golden")
	s := w.gate.spec
	rec := ledger.Record{Proposal: ledger.Proposal{ID: "op-1", Kind: bake.Kind, Environment: "production", Payload: s.Payload}, State: ledger.Succeeded, Data: []byte(`{"image":"ami-0007","available":true}`)}
	_, err := b.Kind().Back(t.Context(), rec)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "`/ami retire ami-0007 --in production`") {
		t.Errorf("got %v", err)
	}
	if again, err := b.Kind().Again(t.Context(), rec); err != nil || again.Digest != s.Digest {
		t.Errorf("got %+v, %v, want the same once more", again, err)
	}
	if sections, err := b.Kind().Plan(rec); err != nil || len(sections) == 0 {
		t.Errorf("got %+v, %v", sections, err)
	}
}
