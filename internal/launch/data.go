package launch

import (
	"encoding/json"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Data is what a launch keeps between its steps.
type Data struct {
	Bake  json.RawMessage `json:"bake,omitempty"`  // what the bake keeps
	Stage string          `json:"stage,omitempty"` // the bake's step
	Ahead ledger.ID       `json:"ahead,omitempty"` // who bakes the same server, as long as it is waited for
	Image fleet.ImageID   `json:"image,omitempty"` // that is launched
	Baked bool            `json:"baked,omitempty"` // it was made by this operation

	Template fleet.TemplateRef `json:"template,omitzero"` // that is launched, numeric
	Making   Making            `json:"making,omitempty"`  // what of it this operation made, or is about to
	Group    bool              `json:"group,omitempty"`   // this operation made the group, or is about to
	Made     bool              `json:"made,omitempty"`    // the group was seen, with this operation's tag

	Untagged bool `json:"untagged,omitempty"` // the group is there, without this operation's tag

	Since    time.Time `json:"since,omitzero"` // when the group was about to be made
	Progress Progress  `json:"progress,omitzero"`
	Moved    time.Time `json:"moved,omitzero"`     // when it last got on
	Resized  int       `json:"resized,omitempty"`  // what somebody else made the group's size, once told
	Failures []string  `json:"failures,omitempty"` // AWS's own words, each once
	Looks    int       `json:"looks,omitempty"`    // repeated looks for what AWS does not show yet
	Unseen   string    `json:"unseen,omitempty"`   // what that is, while it is waited for

	Asking  say.Safe  `json:"asking,omitempty"`  // why people are asked what to do; empty while they are not
	Retry   string    `json:"retry,omitempty"`   // the step to go on with
	Until   time.Time `json:"until,omitzero"`    // when the question answers itself
	Undoing *Undoing  `json:"undoing,omitempty"` // it is taken back
	Changes []Change  `json:"changes,omitempty"` // because of which the approval counts no more
	Ending  *Ending   `json:"ending,omitempty"`  // how it ends
}

// Making is what of a template is made.
type Making string

// What is made of a template.
const (
	MakesNothing  Making = ""
	MakesTemplate Making = "template"
	MakesVersion  Making = "version"
)

// Progress is the latest look at the group.
type Progress struct {
	InService int             `json:"in_service"`
	Ready     int             `json:"ready"` // in service, and healthy in every target group
	Coming    int             `json:"coming"`
	Size      int             `json:"size"`
	Best      int             `json:"best"` // most that were ever ready
	Zones     map[string]Zone `json:"zones,omitempty"`
	At        time.Time       `json:"at,omitzero"`
}

// Zone is how far one zone is.
type Zone struct {
	InService int `json:"in_service"`
	Coming    int `json:"coming,omitempty"`
}

// Undoing is a launch being taken back.
type Undoing struct {
	By    ledger.Actor `json:"by,omitzero"`
	Image bool         `json:"image,omitempty"` // the baked image, too
	Lines []say.Safe   `json:"lines,omitempty"` // what became of each thing, in order
	Group string       `json:"group,omitempty"` // "", asked, gone or left
	// Strange: the group is left, because of instances in it that it did not start itself.
	Strange bool   `json:"strange,omitempty"`
	Mould   string `json:"mould,omitempty"` // of the template: "", gone or left
}

// Ending is how the operation ends.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// touched reports whether the operation may have made something, so that it must not end without a word about it.
func (d Data) touched() bool { return d.Baked || d.Making != MakesNothing || d.Group }
