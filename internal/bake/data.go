package bake

import (
	"encoding/json"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Data is what a bake keeps between its steps.
type Data struct {
	Entering  bool             `json:"entering,omitempty"`  // standby was asked for, or is about to be
	Left      bool             `json:"left,omitempty"`      // the instance is back in service, or cannot be brought back
	Launching bool             `json:"launching,omitempty"` // a twin was asked for, or is about to be
	Twin      fleet.InstanceID `json:"twin,omitempty"`
	Unsure    bool             `json:"unsure,omitempty"` // AWS refused to launch it after attempts that nobody answered
	Gone      bool             `json:"gone,omitempty"`   // the twin is terminated, or cannot be

	Draft  string                   `json:"draft,omitempty"` // where the manifest is kept until there is an image
	Probes map[baseline.Part]Probe  `json:"probes,omitempty"`
	Digest string                   `json:"digest,omitempty"` // of the manifest
	Found  string                   `json:"found,omitempty"`  // what the manifest holds, in words
	Lacks  map[baseline.Part]string `json:"lacks,omitempty"`  // what it does not, and why

	Asking    bool          `json:"asking,omitempty"` // the image was asked for, or is about to be
	Image     fleet.ImageID `json:"image,omitempty"`
	Adopted   bool          `json:"adopted,omitempty"`   // it was there already when it was about to be asked for
	Available bool          `json:"available,omitempty"` // it can be launched
	Failed    bool          `json:"failed,omitempty"`
	Removed   bool          `json:"removed,omitempty"`   // it was deregistered again
	Snapshots []string      `json:"snapshots,omitempty"` // that exist
	Slow      bool          `json:"slow,omitempty"`      // it was told that it takes long
	Progress  Progress      `json:"progress,omitzero"`
	Copies    []Copy        `json:"copies,omitempty"`
	Shared    []string      `json:"shared,omitempty"`   // accounts
	Unshared  bool          `json:"unshared,omitempty"` // AWS refused to share it

	Since     time.Time    `json:"since,omitzero"` // when the present wait began
	Began     time.Time    `json:"began,omitzero"` // when the image was asked for
	Looks     int          `json:"looks,omitempty"`
	Cancelled bool         `json:"cancelled,omitempty"`
	By        ledger.Actor `json:"by,omitzero"` // who wanted that
	Changes   []Change     `json:"changes,omitempty"`
	Notes     []say.Safe   `json:"notes,omitempty"` // what could not be put in order
	Ending    *Ending      `json:"ending,omitempty"`
}

// Probe is a script that was sent for a part of the manifest.
type Probe struct {
	Command string `json:"command,omitempty"`
	Done    bool   `json:"done,omitempty"`
}

// Progress is the latest look at the image.
type Progress struct {
	State   string    `json:"state,omitempty"`
	Percent int       `json:"percent"`
	GiB     int       `json:"gib,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// Copy is a copy of the image.
type Copy struct {
	Place     Place         `json:"place"`
	Image     fleet.ImageID `json:"image,omitempty"`
	Available bool          `json:"available,omitempty"`
	Removed   bool          `json:"removed,omitempty"`
	Why       string        `json:"why,omitempty"` // it was not made
	Percent   int           `json:"percent,omitempty"`
}

// over reports whether nothing more happens to the copy.
func (c Copy) over() bool { return c.Available || c.Why != "" }

// Ending is how the operation will end once everything is in order.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// Made is the image that a bake made and that can be launched, out of what its workflow keeps.
func Made(data json.RawMessage) (fleet.ImageID, bool) {
	var d Data
	if len(data) == 0 || json.Unmarshal(data, &d) != nil {
		return "", false
	}
	return d.Image, d.Available && !d.Removed && d.Image != ""
}
