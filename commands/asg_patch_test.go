package commands

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/patch"
)

// workshop is the harbour with a server that was patched.
type workshop struct {
	*cloud
	yard yard
}

func (s workshop) Identity(ctx context.Context) (fleet.Identity, error) { return s.yard.Identity(ctx) }

func (s workshop) Instance(ctx context.Context, id fleet.InstanceID) (fleet.Instance, error) {
	return s.yard.Instance(ctx, id)
}

func (s workshop) FindInstances(ctx context.Context, text string, most int) ([]fleet.Instance, error) {
	return s.yard.FindInstances(ctx, text, most)
}

func (s workshop) Nodes(ctx context.Context, ids ...fleet.InstanceID) (map[fleet.InstanceID]fleet.Node, error) {
	return s.yard.Nodes(ctx, ids...)
}

func (s workshop) ImageNamed(ctx context.Context, name string) (fleet.Image, error) {
	return s.yard.ImageNamed(ctx, name)
}

func (s workshop) SnapshotsOf(context.Context, ...string) ([]fleet.Snapshot, error) { return nil, nil }

func newWorkshop(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.asg.Fleets = func(string) (Fleet, error) {
		return workshop{cloud: w.cloud, yard: yard{account: "123456789012", region: "eu-west-1"}}, nil
	}
	return w
}

func TestAPatchIsProposed(t *testing.T) {
	w := newWorkshop(t)
	w.cloud.groups[0].Tags = map[string]string{"Role": "shop"}
	w.cloud.groups[0].Subnets = []string{"subnet-a"}
	got := text(w.says(`asg patch --tag Role=shop --from db-1 --name golden-2 --no-reboot --test "nginx -t" --canary 25 --set-default --reason CVE`).Reply)
	if len(w.gate.asked) != 1 {
		t.Fatalf("got %v asked and %s", w.gate.asked, got)
	}
	s := w.gate.spec
	var p patch.Plan
	if err := json.Unmarshal(s.Payload, &p); err != nil {
		t.Fatal(err)
	}
	if s.Kind != "patch" || s.Target != "web" || s.Title != "Patch web from db-1" || s.Resource != "123456789012/eu-west-1/patch/i-alone" || s.Reason != "CVE" {
		t.Errorf("got %+v", s)
	}
	if p.Bake.Way != bake.NoReboot || p.Bake.Name != "golden-2" || p.Want.Test != "nginx -t" || p.Want.Roll.Canary != 25 || !p.Want.Roll.SetDefault || s.Narrow == "" {
		t.Errorf("got %+v", p.Want)
	}
}

func TestPatchesThatMakeNoSense(t *testing.T) {
	for typed, says := range map[string]string{
		"asg patch --from db-1":                           "Which group is to be patched?",
		"asg patch web --groups web,api --from db-1":      "Which group is to be patched?",
		"asg patch wev --from db-1":                       "Did you mean `web`?",
		"asg patch --tag Role --from db-1":                "`Role` is no tag.",
		"asg patch --tag Role=none --from db-1":           "has the tag Role=none",
		"asg patch web --from db-1 --twin":                "would not have what was patched",
		"asg patch web --from i-gone":                     "There is no instance",
		"asg patch web --from db-1 --standby --no-reboot": "cannot be asked for together",
	} {
		w := newWorkshop(t)
		if got := text(w.says(typed).Reply); !strings.Contains(got, says) || len(w.gate.asked) > 0 {
			t.Errorf("%s: got %s, want %s", typed, got, says)
		}
	}
}
