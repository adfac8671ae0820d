package template

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// diary is operations, by whether they are open.
type diary struct{ open, past []ledger.Record }

func (d *diary) Open(context.Context) ([]ledger.Record, error) { return d.open, nil }

func (d *diary) Recent(_ context.Context, n int) ([]ledger.Record, error) {
	return d.past[:min(n, len(d.past))], nil
}

// entry is an operation whose plan is that.
func entry(kind string, state ledger.State, ended time.Time, payload string) ledger.Record {
	return ledger.Record{
		Proposal: ledger.Proposal{ID: ledger.ID("op-" + kind), Kind: kind, Title: "Do " + kind, Payload: json.RawMessage(payload)},
		State:    state, Created: ended.Add(-time.Hour), Ended: ended,
	}
}

// TestCleanKeepsWhatOperationsNeed: what an open one names, and what a group came from as long as the way back may lead
// there.
func TestCleanKeepsWhatOperationsNeed(t *testing.T) {
	w := newWorld(t)
	w.aws.AddTemplate(awssim.Template{ID: "lt-0009", Name: "many-lt", Default: 20, Versions: slices.Repeat([]awssim.TemplateVersion{{Image: "ami-0001"}}, 20)})
	pair := `{"from":{"template":"lt-0009","version":%d},"to":{"template":"lt-0009","version":%d}}`
	d := &diary{
		open: []ledger.Record{
			entry("rollout", ledger.Held, time.Time{}, fmt.Sprintf(pair, 2, 3)),
			entry("launch", ledger.Pending, time.Time{}, `{"template":{"id":"lt-0009","source":4}}`),
			entry("rollout", ledger.Running, time.Time{}, `{"from":{"template":"lt-0008","version":5}}`),
			entry("template", ledger.Pending, time.Time{}, `{"template":"lt-0009","former":20,"want":{"action":"update","source":14}}`),
		},
		past: []ledger.Record{
			entry("patch", ledger.Succeeded, w.now.Add(-47*time.Hour), `{"groups":[`+fmt.Sprintf(pair, 6, 7)+`]}`),
			entry("rollout", ledger.Denied, w.now.Add(-time.Hour), fmt.Sprintf(pair, 8, 9)),
			entry("attach", ledger.Succeeded, w.now.Add(-46*time.Hour), `{"old":{"template":"lt-0009","number":15},"new":{"template":"lt-0008","number":1}}`),
			entry("template", ledger.Succeeded, w.now.Add(-46*time.Hour), `{"template":"lt-0009","former":16,"want":{"action":"default","version":20}}`),
			entry("template", ledger.Succeeded, w.now.Add(-46*time.Hour), `{"template":"lt-0009","former":17,"want":{"action":"update","source":18,"set_default":true}}`),
			entry("rollout", ledger.Succeeded, w.now.Add(-49*time.Hour), fmt.Sprintf(pair, 10, 11)),
		},
	}
	w.keep = Keepers{Records: d, Rollback: 48 * time.Hour}
	p := w.propose(Want{Action: Clean, Name: "many-lt", Keep: 1})
	var kept []int64
	for _, k := range p.Kept {
		kept = append(kept, k.Version)
	}
	if want := []int64{17, 16, 15, 14, 6, 4, 3, 2}; !slices.Equal(kept, want) {
		t.Fatalf("got %+v kept, want %v", p.Kept, want)
	}
	w.until(stepClean)
	d.past = append(d.past, entry("rollout", ledger.Succeeded, w.now, fmt.Sprintf(pair, 12, 13)))
	w.finish(ledger.Succeeded, `Version 12 stays: "Do rollout" (op-rollout) left it, and the way back may need it until `)
}

// TestARoleIsProvedByTheDryRun, which is said before: it cannot be looked up.
func TestARoleIsProvedByTheDryRun(t *testing.T) {
	w := newWorld(t)
	w.aws.AddProfile("web")
	p := w.propose(Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Profile: "nobody"}})
	if !slices.ContainsFunc(p.Findings, func(f card.Finding) bool {
		return strings.Contains(f.Text, "the dry run at the end tells whether nobody can be used.")
	}) {
		t.Errorf("got %+v", p.Findings)
	}
	w.finish(ledger.Failed, "would not launch")
}
