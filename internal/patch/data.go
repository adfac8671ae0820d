package patch

import (
	"encoding/json"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// Data is what a patch keeps between its steps.
type Data struct {
	Bake    json.RawMessage `json:"bake,omitempty"`    // what the bake keeps
	BakeAt  string          `json:"bake_at,omitempty"` // the bake's step
	Ahead   ledger.ID       `json:"ahead,omitempty"`   // who bakes the same server, as long as it is waited for
	Image   fleet.Image     `json:"image,omitzero"`    // that was made
	Ill     time.Time       `json:"ill,omitzero"`      // since when it waits for instances that their groups replace by themselves
	Held    bool            `json:"held,omitempty"`    // somebody wants nothing more to be begun
	Trial   Trial           `json:"trial,omitzero"`
	Parts   []Part          `json:"parts,omitempty"`   // the groups that were begun, in order
	Stopped *ledger.Signal  `json:"stopped,omitempty"` // somebody wants it to end
	Golden  bool            `json:"golden,omitempty"`  // the image was promoted
	Changes []Change        `json:"changes,omitempty"` // because of which the approval counts no more
	Ending  *Ending         `json:"ending,omitempty"`
}

// Part is one group.
type Part struct {
	Group   fleet.GroupName `json:"group"`
	Ahead   ledger.ID       `json:"ahead,omitempty"` // who has the group, as long as it is not ours
	At      string          `json:"at,omitempty"`    // the rollout's step
	Data    json.RawMessage `json:"data,omitempty"`  // what the rollout keeps
	Began   time.Time       `json:"began,omitzero"`
	State   ledger.State    `json:"state,omitempty"`   // how the rollout ended; empty while it has not
	Outcome say.Safe        `json:"outcome,omitempty"` // the sentence that it ended with
}

// Trial is the machine on which the test is run.
type Trial struct {
	Launching bool             `json:"launching,omitempty"` // it was launched, or is about to be
	Subnet    int              `json:"subnet,omitempty"`    // of the plan's, by number
	Instance  fleet.InstanceID `json:"instance,omitempty"`
	Sending   bool             `json:"sending,omitempty"` // the test was sent, or is about to be
	Command   string           `json:"command,omitempty"`
	Since     time.Time        `json:"since,omitzero"` // when the present wait began
	Passed    bool             `json:"passed,omitempty"`
	Failure   say.Safe         `json:"failure,omitempty"` // why it did not pass
	Tail      string           `json:"tail,omitempty"`    // what the test printed last
	Gone      bool             `json:"gone,omitempty"`    // the machine is terminated, or never was
	Left      say.Safe         `json:"left,omitempty"`    // why it could not be terminated
}

// Change is one thing that is materially not as it was approved.
type Change struct {
	Group    string `json:"group,omitempty"`
	What     string `json:"what"`
	Approved string `json:"approved"`
	Now      string `json:"now"`
}

// Ending is how the operation will end once everything is in order.
type Ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// part is the group that is worked on, or was last; nil before the first.
func (d *Data) part() *Part {
	if len(d.Parts) == 0 {
		return nil
	}
	return &d.Parts[len(d.Parts)-1]
}

// done are the groups that were patched.
func (d Data) done() (names []string) {
	for _, p := range d.Parts {
		if p.State == ledger.Succeeded {
			names = append(names, string(p.Group))
		}
	}
	return names
}

// Previous is what rolls one group of an ended patch back: a roll to the version that it launched before. There is
// none for a group of which nothing was left patched.
func Previous(r ledger.Record, group fleet.GroupName) (rollout.Want, bool) {
	if r.Kind != Kind {
		return rollout.Want{}, false
	}
	p, d, err := decode(r)
	if err != nil {
		return rollout.Want{}, false
	}
	for i := range d.Parts {
		if d.Parts[i].Group != group {
			continue
		}
		inner, err := p.record(r, d, i)
		if err != nil {
			return rollout.Want{}, false
		}
		return rollout.Previous(inner)
	}
	return rollout.Want{}, false
}

// Groups are the groups that a patch is about, in order.
func Groups(r ledger.Record) []fleet.GroupName {
	p, _, err := decode(r)
	if r.Kind != Kind || err != nil {
		return nil
	}
	return p.Want.Groups
}

// record is a group's rollout as an operation of its own would have it.
func (p Plan) record(r ledger.Record, d Data, i int) (ledger.Record, error) {
	roll := p.Groups[i].With(d.Image)
	payload, err := json.Marshal(roll)
	if err != nil {
		return r, err
	}
	part := d.Parts[i]
	r.Kind, r.Target, r.Resource, r.Title = rollout.Kind, string(part.Group), roll.Resource(), roll.Title()
	r.Payload, r.Digest, r.Data, r.At, r.Started = payload, roll.Digest(), part.Data, part.At, part.Began
	if part.State != "" {
		r.State, r.Outcome = part.State, string(part.Outcome)
	}
	return r, nil
}

// bakeRecord is the bake as an operation of its own would have it.
func (p Plan) bakeRecord(r ledger.Record, d Data) (ledger.Record, error) {
	payload, err := json.Marshal(p.Bake)
	if err != nil {
		return r, err
	}
	r.Kind, r.Target, r.Resource, r.Title = bake.Kind, string(p.Bake.Instance), p.Bake.Resource(), p.Bake.Title()
	r.Payload, r.Digest, r.Data, r.At = payload, p.Bake.Digest(), d.Bake, d.BakeAt
	return r, nil
}
