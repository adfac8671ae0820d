package app

import (
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/group"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/notify"
	"github.com/amiral-ops/amiral/internal/patch"
	"github.com/amiral-ops/amiral/internal/retire"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/template"
)

// works is what workflows work with.
type works struct {
	aws       *cloud.Cloud
	poll      time.Duration
	records   *ledger.Ledger
	freezes   *freeze.Store
	families  *family.Store
	baselines *baseline.Store
	images    config.Images
}

// workflows run each kind of operation.
func workflows(w works) map[string]engine.Workflow {
	baking, rolling := w.baking(), w.rolling()
	all := map[string]engine.Workflow{
		rollout.Kind:     rolling,
		bake.Kind:        baking,
		launch.Kind:      launch.Workflow{Poll: w.poll, Bake: baking, Locks: w.records, Keep: w.keepers(), Fleet: func(env string) (launch.Fleet, error) { return w.aws.In(env) }},
		template.Kind:    template.Workflow{Keep: w.versions(), Fleet: func(env string) (template.Fleet, error) { return w.aws.In(env) }},
		patch.Kind:       w.patching(baking, rolling),
		retire.Kind:      w.retiring(),
		freeze.Kind:      freeze.Workflow{Store: w.freezes, Ledger: w.records},
		approvals.Review: approvals.Reviews{},
	}
	for _, kind := range []string{image.KindPromote, image.KindCopy, image.KindShare, image.KindTag} {
		all[kind] = w.caring()
	}
	for _, kind := range group.Kinds() {
		all[kind] = group.Workflow{Poll: w.poll, Fleet: func(env string) (group.Fleet, error) { return w.aws.In(env) }}
	}
	return all
}

func (w works) rolling() rollout.Workflow {
	return rollout.Workflow{Poll: w.poll, Families: w.families, Fleet: func(env string) (rollout.Fleet, error) { return w.aws.In(env) }}
}

func (w works) baking() bake.Workflow {
	return bake.Workflow{
		Poll: w.poll, Baselines: w.baselines, Files: w.images.Files, Locks: w.records,
		Fleet:   func(env string) (bake.Fleet, error) { return w.aws.In(env) },
		Regions: func(env, region string) (bake.Region, error) { return w.aws.At(env, region) },
	}
}

func (w works) patching(baking, rolling engine.Workflow) patch.Workflow {
	return patch.Workflow{
		Poll: w.poll, Bake: baking, Roll: rolling, Locks: w.records, Families: w.families,
		Fleet: func(env string) (patch.Fleet, error) { return w.aws.In(env) },
	}
}

func (w works) caring() image.Workflow {
	return image.Workflow{
		Poll: w.poll, Families: w.families, Baselines: w.baselines,
		Fleet:   func(env string) (image.Fleet, error) { return w.aws.In(env) },
		Regions: func(env, region string) (image.Fleet, error) { return w.aws.At(env, region) },
	}
}

func (w works) retiring() retire.Workflow {
	return retire.Workflow{
		Poll: w.poll, Keep: w.keepers(),
		Fleet: func(env string) (retire.Fleet, error) { return w.aws.In(env) },
	}
}

// keepers know what images are needed for besides what AWS knows.
func (w works) keepers() retire.Keepers {
	return retire.Keepers{Families: w.families, Records: w.records, Rollback: w.images.Rollback}
}

// versions know what versions of templates are needed for besides what AWS knows.
func (w works) versions() template.Keepers {
	return template.Keepers{Records: w.records, Rollback: w.images.Rollback}
}

// painters draw what is particular to each kind of operation.
func painters() map[string]notify.Paint {
	all := map[string]notify.Paint{
		rollout.Kind:  rollout.Painter{}.Paint,
		bake.Kind:     bake.Painter{}.Paint,
		patch.Kind:    patch.Painter{}.Paint,
		launch.Kind:   launch.Painter{}.Paint,
		template.Kind: template.Painter{}.Paint,
		retire.Kind:   retire.Painter{}.Paint,
		freeze.Kind:   freeze.Painter{}.Paint,
	}
	for _, kind := range []string{image.KindPromote, image.KindCopy, image.KindShare, image.KindTag} {
		all[kind] = image.Painter{}.Paint
	}
	for _, kind := range group.Kinds() {
		all[kind] = group.Painter{}.Paint
	}
	return all
}
