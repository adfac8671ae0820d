package retire

import (
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Data is what a retirement keeps between its steps.
type Data struct {
	Images  []Progress    `json:"images,omitempty"`  // one for each of the plan, in their order
	Asked   time.Time     `json:"asked,omitzero"`    // when AWS was asked how other accounts use them
	Touched bool          `json:"touched,omitempty"` // something may have been changed
	Until   time.Time     `json:"until,omitzero"`    // the cooldown's end
	Undo    ledger.Signal `json:"undo,omitzero"`     // who took it back
	Ending  *Ending       `json:"ending,omitempty"`  // how it ends once everything is in order
}

// Ending is how the operation will end.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// Stage is how far an image is.
type Stage string

// The stages.
const (
	Waiting    Stage = ""           // nothing was done to it
	Deprecated Stage = "deprecated" // hidden from others
	Disabled   Stage = "disabled"   // nothing launches from it
	Gone       Stage = "gone"       // deregistered
	Kept       Stage = "kept"       // left alone, or brought back, because something needs it
	Restored   Stage = "restored"   // brought back because somebody wanted it
)

// over reports whether nothing more will be done to it.
func (s Stage) over() bool { return s == Gone || s == Kept || s == Restored }

// Progress is one image as it was last seen.
type Progress struct {
	ID      fleet.ImageID        `json:"id"`
	Name    string               `json:"name,omitempty"`
	Stage   Stage                `json:"stage,omitempty"`
	Why     string               `json:"why,omitempty"`    // it is kept, or could not be brought back
	Was     time.Time            `json:"was,omitzero"`     // its deprecation before
	Marked  bool                 `json:"marked,omitempty"` // the deprecation is ours
	Shared  []string             `json:"shared,omitempty"` // launch permissions that disabling takes away
	Report  string               `json:"report,omitempty"` // AWS's usage report
	Told    bool                 `json:"told,omitempty"`   // AWS has told what it says, or that it does not
	Unknown string               `json:"unknown,omitempty"`
	Fates   []fleet.SnapshotFate `json:"fates,omitempty"`
	Freed   int                  `json:"freed,omitempty"` // GiB
}

// count is how many images are at a stage.
func (d Data) count(stage Stage) int {
	n := 0
	for _, i := range d.Images {
		if i.Stage == stage {
			n++
		}
	}
	return n
}

// freed is how much was given back, in GiB.
func (d Data) freed() int {
	n := 0
	for _, i := range d.Images {
		n += i.Freed
	}
	return n
}

// left are the images at which something is still to be done.
func (d Data) left() []int {
	var left []int
	for n, i := range d.Images {
		if !i.Stage.over() {
			left = append(left, n)
		}
	}
	return left
}
