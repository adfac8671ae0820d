package commands

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/patch"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/template"
)

// TestMovesAreReadFromEveryPlan: what is kept for the way back is found in the plans as their packages write them.
func TestMovesAreReadFromEveryPlan(t *testing.T) {
	roll := rollout.Plan{From: rollout.Side{Template: "lt-1", Version: 1, Image: "ami-1"}, To: rollout.Side{Template: "lt-1", Image: "ami-2"},
		Mixed: &fleet.Mixed{Images: []fleet.ImageID{"ami-3"}}}
	rolled, err := json.Marshal(rollout.Data{Version: 2})
	if err != nil {
		t.Fatal(err)
	}
	wanted := "[{{lt-1 1 [ami-1 ami-3]} {lt-1 2 [ami-2]}}]"
	for _, c := range []struct {
		kind       string
		plan, data any
		want       string
	}{
		{rollout.Kind, roll, rollout.Data{Version: 2}, wanted},
		{patch.Kind, patch.Plan{Groups: []rollout.Plan{roll}}, patch.Data{Parts: []patch.Part{{Data: rolled}}}, wanted},
		{group.Attach, group.Plan{Old: group.Version{Template: "lt-1", Number: 1, Image: "ami-1"}, New: group.Version{Template: "lt-2", Number: 3, Image: "ami-2"}}, nil,
			"[{{lt-1 1 [ami-1]} {lt-2 3 [ami-2]}}]"},
		{launch.Kind, launch.Plan{Template: launch.Mould{ID: "lt-1", Version: 0, Source: 4}}, nil, "[{{ 0 []} {lt-1 0 []}} {{ 0 []} {lt-1 4 []}}]"},
		{template.Kind, template.Plan{Template: "lt-1", Former: 1, Want: template.Want{Action: template.Default, Version: 2}}, nil, "[{{lt-1 1 []} {lt-1 2 []}}]"},
		{template.Kind, template.Plan{Template: "lt-1", Former: 1, Want: template.Want{Action: template.Update, Source: 3, SetDefault: true}}, nil, "[{{lt-1 1 []} {lt-1 3 []}}]"},
		{template.Kind, template.Plan{Template: "lt-1", Former: 1, Want: template.Want{Action: template.Update, Source: 3}}, nil, "[{{ 0 []} {lt-1 3 []}}]"},
		{template.Kind, template.Plan{Template: "lt-1", Former: 1, Want: template.Want{Action: template.Clean}}, nil, "[]"},
		{group.Scale, group.Plan{Old: group.Version{Template: "lt-1", Number: 1}}, nil, "[]"},
	} {
		payload, err := json.Marshal(c.plan)
		if err != nil {
			t.Fatal(err)
		}
		r := ledger.Record{Proposal: ledger.Proposal{Kind: c.kind, Payload: payload}}
		if r.Data, err = json.Marshal(c.data); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(plan.Moves(r)); got != c.want {
			t.Errorf("%s: got %s, want %s", payload, got, c.want)
		}
	}
}
