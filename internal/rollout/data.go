package rollout

import (
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Phase says which of an operation's refreshes is meant.
type Phase string

// The phases. Without a canary there is only Whole; Sweep takes back what a roll back by AWS left.
const (
	Whole  Phase = ""
	Canary Phase = "canary"
	Rest   Phase = "rest"
	Sweep  Phase = "sweep"
)

// Data is what a rollout keeps between its steps.
type Data struct {
	Phase     Phase             `json:"phase,omitempty"`
	Version   int64             `json:"version,omitempty"` // of the template, that is rolled out
	Made      bool              `json:"made,omitempty"`    // it was made by this operation
	Refresh   fleet.RefreshID   `json:"refresh,omitempty"` // the one under way
	Past      []fleet.RefreshID `json:"past,omitempty"`    // those that were ended to go on with another
	Before    fleet.RefreshID   `json:"before,omitempty"`  // the group's newest refresh before ours was started
	Since     time.Time         `json:"since,omitzero"`    // when the first was about to start
	Began     time.Time         `json:"began,omitzero"`    // when the present refresh was started
	Progress  Progress          `json:"progress,omitzero"`
	Reached   []int             `json:"reached,omitempty"`  // checkpoints that were told
	Failures  []string          `json:"failures,omitempty"` // AWS's own words about failed launches, each once
	Held      bool              `json:"held,omitempty"`     // paused before it started
	HeldTold  bool              `json:"held_told,omitempty"`
	Kept      []ledger.Signal   `json:"kept,omitempty"`      // asked for while a step was busy with another
	Suspended bool              `json:"suspended,omitempty"` // InstanceRefresh is suspended by us, or about to be
	Outside   bool              `json:"outside,omitempty"`   // InstanceRefresh is suspended by somebody else
	Asked     time.Time         `json:"asked,omitzero"`      // when people were asked about the canary
	Until     time.Time         `json:"until,omitzero"`      // when the question answers itself
	Stopping  string            `json:"stopping,omitempty"`  // cancel or rollback, once AWS was asked for it
	By        ledger.Actor      `json:"by,omitzero"`         // who wanted that; nobody: the time ran out
	Stubborn  string            `json:"stubborn,omitempty"`  // why AWS would not roll back, in its own words
	Cause     say.Safe          `json:"cause,omitempty"`     // what had it rolled back
	Matching  int               `json:"matching,omitempty"`  // instances that ran the version before
	Noticed   string            `json:"noticed,omitempty"`   // the refresh's status that was last told
	Change    string            `json:"change,omitempty"`    // what people asked for while the canary's refresh was ending
	Fleet     map[string]int    `json:"fleet,omitempty"`     // at the end: instances by template version
	Launches  int64             `json:"launches,omitempty"`  // at the end: the version that the group launches; 0 when it was not seen
	Gone      bool              `json:"gone,omitempty"`      // at the end: there is no such group
	Looks     int               `json:"looks,omitempty"`     // repeated looks for what AWS does not show yet
	Unseen    string            `json:"unseen,omitempty"`    // what it waits for AWS to show
	Canaries  int               `json:"canaries,omitempty"`  // how many instances the canary is
	Share     int               `json:"share,omitempty"`     // the percentage at which AWS stops for it
	Ill       time.Time         `json:"ill,omitzero"`        // before it began: since when the group is getting well
	Changes   []Change          `json:"changes,omitempty"`   // because of which the approval counts no more
	Ending    *Ending           `json:"ending,omitempty"`
}

// Progress is the latest look at AWS.
type Progress struct {
	Status   string    `json:"status,omitempty"` // of the refresh, as AWS spells it
	Reason   string    `json:"reason,omitempty"` // AWS's own words
	Percent  int       `json:"percent"`
	Replaced int       `json:"replaced"`
	Warming  int       `json:"warming"`
	Failed   int       `json:"failed"`
	Total    int       `json:"total"`
	At       time.Time `json:"at,omitzero"`
}

// Ending is how the operation will end once everything is in order.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// asking reports whether the canary waits for an answer.
func (d Data) asking() bool {
	return d.Phase == Canary && !d.Asked.IsZero() && d.Stopping == ""
}

// remains is how many instances were brought to the new version and run it at the end.
func (d Data) remains() int {
	return max(d.Fleet[strconv.FormatInt(d.Version, 10)]-d.Matching, 0)
}

// standing is the step at which the operation is watched.
func (d Data) standing() string {
	switch {
	case d.asking():
		return stepAsk
	case d.Suspended || d.Outside:
		return stepPaused
	}
	return stepFollow
}
