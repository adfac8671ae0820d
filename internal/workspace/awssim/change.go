package awssim

import "strings"

// ChangeKind is a way in which what is on machines' disks comes to be somewhere else, or is lost.
type ChangeKind string

const (
	// Imaged machines were made into an image: Instance, Image, and Whole when the machine stood still for it.
	Imaged ChangeKind = "imaged"
	// Copied images have the content of another: Image, Source.
	Copied ChangeKind = "copied"
	// Restarted machines begin anew with the disk that they have.
	Restarted ChangeKind = "restarted"
	// Rerooted machines begin anew with a root disk from an image: Instance, Image, which is Source, too.
	Rerooted ChangeKind = "rerooted"
	// Ended machines are gone.
	Ended ChangeKind = "ended"
)

// Change is something that happened to what is on disks.
type Change struct {
	Kind            ChangeKind
	Instance, Image string
	// Source is the image that was there before: the machine's, or the one that was copied.
	Source ImageState
	Whole  bool
}

// OnChange lets a function hear of what happens to disks. It is called while the cloud is held, so it must not call
// the cloud.
func (c *Cloud) OnChange(tell func(Change)) {
	defer c.lock()()
	c.changed = tell
}

// OnScript lets a function answer the scripts of every fleet that has no function of its own.
func (c *Cloud) OnScript(answer func(Script) Output) {
	defer c.lock()()
	c.script = answer
}

// origin is an image by its id, as far as the fleet knows it.
func (f *Fleet) origin(id string) ImageState {
	if img := f.imageNamed(id); img != nil {
		return img.view()
	}
	return ImageState{ID: id}
}

func (c *Cloud) tell(change Change) {
	if c.changed != nil {
		c.changed(change)
	}
}

// play runs a script on a machine.
func (i *instance) play(commands []string) Output {
	f, s := i.fleet, Script{Instance: i.id, Tags: cloneTags(i.tags), Image: i.image, Host: i.name(), Commands: commands, Now: i.fleet.cloud.now}
	s.From = f.origin(i.image)
	switch {
	case f.script != nil:
		return f.script(s)
	case f.cloud.script != nil:
		return f.cloud.script(s)
	}
	return s.plain()
}

// scriptOrder asks for a script to be run on a machine, named by its id or by its tag Name.
type scriptOrder struct {
	Instance string   `json:"instance"`
	Commands []string `json:"commands"`
}

// Play runs a script on a machine, named by its id or by its tag Name, as somebody would who is logged in. It reports
// whether there is such a machine, and whether it runs.
func (c *Cloud) Play(machine string, commands ...string) (Output, bool) {
	defer c.lock()()
	for _, f := range c.fleets() {
		for _, i := range f.sorted() {
			if (i.id == machine || strings.EqualFold(i.tags["Name"], machine)) && i.state == Running {
				return i.play(commands), true
			}
		}
	}
	return Output{}, false
}
