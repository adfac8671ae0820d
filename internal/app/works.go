package app

import (
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
)

// works is what workflows work with.
type works struct {
	aws      *cloud.Cloud
	poll     time.Duration
	records  *ledger.Ledger
	freezes  *freeze.Store
	families *family.Store
}

// workflows run each kind of operation.
func workflows(w works) map[string]engine.Workflow {
	all := map[string]engine.Workflow{
		rollout.Kind:     rollout.Workflow{Poll: w.poll, Fleet: rolling(w.aws), Families: w.families},
		freeze.Kind:      freeze.Workflow{Store: w.freezes, Ledger: w.records},
		approvals.Review: approvals.Reviews{},
	}
	for _, kind := range group.Kinds() {
		all[kind] = group.Workflow{Poll: w.poll, Fleet: func(env string) (group.Fleet, error) { return w.aws.In(env) }}
	}
	return all
}
