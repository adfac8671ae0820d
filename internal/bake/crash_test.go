package bake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// brittle is a Fleet whose n-th call goes wrong: the worker dies before or after its effect, or its reply is lost.
// Other regions share its count.
type brittle struct {
	Fleet
	calls  int
	names  []string
	at     int
	before func() error
	after  func() error
}

func (b *brittle) around(name string, call func() error) error {
	b.calls++
	b.names = append(b.names, name)
	hit := b.calls == b.at
	if hit && b.before != nil {
		if err := b.before(); err != nil {
			return err
		}
	}
	err := call()
	if hit && b.after != nil {
		return b.after()
	}
	return err
}

func die() error { panic(death{}) }

var errLost = &fleet.Error{Kind: fleet.Other, Call: "any", Err: errors.New("connection reset")}

func lose() error { return errLost }

func (b *brittle) Instance(ctx context.Context, id fleet.InstanceID) (v fleet.Instance, err error) {
	err = b.around("Instance", func() (e error) { v, e = b.Fleet.Instance(ctx, id); return })
	return
}

func (b *brittle) Group(ctx context.Context, n fleet.GroupName) (v fleet.Group, err error) {
	err = b.around("Group", func() (e error) { v, e = b.Fleet.Group(ctx, n); return })
	return
}

func (b *brittle) ImageNamed(ctx context.Context, n string) (v fleet.Image, err error) {
	err = b.around("ImageNamed", func() (e error) { v, e = b.Fleet.ImageNamed(ctx, n); return })
	return
}

func (b *brittle) Image(ctx context.Context, id fleet.ImageID) (v fleet.Image, err error) {
	err = b.around("Image", func() (e error) { v, e = b.Fleet.Image(ctx, id); return })
	return
}

func (b *brittle) FindRun(ctx context.Context, c string, since time.Time) (v string, found bool, err error) {
	err = b.around("FindRun", func() (e error) { v, found, e = b.Fleet.FindRun(ctx, c, since); return })
	return
}

func (b *brittle) Output(ctx context.Context, c string, id fleet.InstanceID) (v fleet.Output, err error) {
	err = b.around("Output", func() (e error) { v, e = b.Fleet.Output(ctx, c, id); return })
	return
}

func (b *brittle) Run(ctx context.Context, s fleet.Script) (v string, err error) {
	err = b.around("write Run", func() (e error) { v, e = b.Fleet.Run(ctx, s); return })
	return
}

func (b *brittle) CreateImage(ctx context.Context, o fleet.ImageOrder) (v fleet.ImageID, err error) {
	err = b.around("write CreateImage", func() (e error) { v, e = b.Fleet.CreateImage(ctx, o); return })
	return
}

func (b *brittle) Tag(ctx context.Context, tags map[string]string, ids ...string) error {
	return b.around("write Tag", func() error { return b.Fleet.Tag(ctx, tags, ids...) })
}

func (b *brittle) ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error {
	return b.around("write ShareImage", func() error { return b.Fleet.ShareImage(ctx, id, add, remove) })
}

func (b *brittle) DeregisterImage(ctx context.Context, id fleet.ImageID, snaps bool) (v []fleet.SnapshotFate, err error) {
	err = b.around("write DeregisterImage", func() (e error) { v, e = b.Fleet.DeregisterImage(ctx, id, snaps); return })
	return
}

func (b *brittle) EnterStandby(ctx context.Context, g fleet.GroupName, less bool, ids ...fleet.InstanceID) error {
	return b.around("write EnterStandby", func() error { return b.Fleet.EnterStandby(ctx, g, less, ids...) })
}

func (b *brittle) ExitStandby(ctx context.Context, g fleet.GroupName, ids ...fleet.InstanceID) error {
	return b.around("write ExitStandby", func() error { return b.Fleet.ExitStandby(ctx, g, ids...) })
}

func (b *brittle) Launch(ctx context.Context, o fleet.LaunchOrder) (v fleet.InstanceID, err error) {
	err = b.around("write Launch", func() (e error) { v, e = b.Fleet.Launch(ctx, o); return })
	return
}

func (b *brittle) Terminate(ctx context.Context, ids ...fleet.InstanceID) error {
	return b.around("write Terminate", func() error { return b.Fleet.Terminate(ctx, ids...) })
}

// brittleRegion is another region whose calls count with the fleet's.
type brittleRegion struct {
	Region
	b *brittle
}

func (r brittleRegion) CopyImage(ctx context.Context, c fleet.ImageCopy) (v fleet.ImageID, err error) {
	err = r.b.around("write CopyImage", func() (e error) { v, e = r.Region.CopyImage(ctx, c); return })
	return
}

func (r brittleRegion) Tag(ctx context.Context, tags map[string]string, ids ...string) error {
	return r.b.around("write Tag there", func() error { return r.Region.Tag(ctx, tags, ids...) })
}

func (r brittleRegion) DeregisterImage(ctx context.Context, id fleet.ImageID, snaps bool) (v []fleet.SnapshotFate, err error) {
	err = r.b.around("write DeregisterImage there", func() (e error) { v, e = r.Region.DeregisterImage(ctx, id, snaps); return })
	return
}

// story is a bake with everything people do to it, and how many images there must be at its end, whatever went wrong.
type story struct {
	name          string
	way           Way
	alone         bool
	copies        bool
	cancel        string // the step at which somebody cancels
	failing       bool   // AWS cannot make the image
	state         ledger.State
	images, there int
}

func stories() []story {
	return []story{
		{name: "rebooted, copied and shared", alone: true, copies: true, state: ledger.Succeeded, images: 1, there: 1},
		{name: "standby", way: Standby, state: ledger.Succeeded, images: 1},
		{name: "twin", way: Twin, state: ledger.Succeeded, images: 1},
		{name: "standby, failed", way: Standby, failing: true, state: ledger.Failed},
		{name: "twin, failed", way: Twin, failing: true, state: ledger.Failed},
		{name: "standby, cancelled", way: Standby, cancel: stepStandby, state: ledger.Cancelled},
		{name: "standby, cancelled while it leaves", way: Standby, cancel: stepReady, state: ledger.Cancelled},
		{name: "twin, cancelled as it is launched", way: Twin, cancel: stepTwin, state: ledger.Cancelled},
		{name: "twin, cancelled", way: Twin, cancel: stepFollow, state: ledger.Cancelled},
		{name: "cancelled as it is asked for", alone: true, cancel: stepImage, state: ledger.Cancelled},
		{name: "cancelled as it is copied", alone: true, copies: true, cancel: stepCopy, state: ledger.Cancelled},
		{name: "cancelled while it is copied", alone: true, copies: true, cancel: stepCopies, state: ledger.Cancelled},
	}
}

// begin makes the story's world, its fleet breaking at the n-th call.
func (s story) begin(t *testing.T, b brittle) (*world, *brittle) {
	w := newWorld(t)
	want := Want{Instance: string(w.member), Way: s.way}
	if s.alone {
		want.Instance = string(w.db)
	}
	if s.copies {
		want.CopyTo = []Place{{Environment: "prod", Region: "eu-central-1", Account: "123456789012"}}
		want.Share = []string{"333333333333"}
	}
	w.propose(want)
	w.poll = time.Minute
	if s.failing {
		w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultImageFailed, Code: "Client.InvalidKmsKey", Message: "The key is not there."})
	}
	asked := false
	w.people = func() {
		if s.cancel == w.rec.At && s.cancel != "" && !asked {
			w.ask("cancel", sre)
			asked = true
		}
	}
	b.Fleet = w.fleet
	w.fleet = &b
	plain := w.regions
	w.regions = func(environment, region string) (Region, error) {
		there, err := plain(environment, region)
		return brittleRegion{there, &b}, err
	}
	return w, &b
}

// check asserts what must hold at the end: never two images, no twin, no instance in standby.
func (s story) check(w *world) {
	w.t.Helper()
	w.finish(s.state)
	if got := w.images("eu-west-1"); len(got) != s.images {
		w.t.Errorf("got %d images, want %d: %+v", len(got), s.images, got)
	}
	if got := w.images("eu-central-1"); len(got) != s.there {
		w.t.Errorf("got %d copies, want %d", len(got), s.there)
	}
	w.wantOrder()
	commands := map[string]int{}
	for _, c := range w.aws.Calls() {
		if strings.HasSuffix(c.Action, "SendCommand") {
			commands[c.Action]++
		}
	}
	for _, n := range commands {
		if n > len(baseline.Scripts()) {
			w.t.Errorf("got %d scripts sent, want %d at the most", n, len(baseline.Scripts()))
		}
	}
}

// TestACrashRepeatsAtMostOneStep kills the worker after every call, and before every write, and loses the reply of
// every single write, in every story. Each effect happens once.
func TestACrashRepeatsAtMostOneStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w, b := s.begin(t, brittle{})
			s.check(w)
			all := mishaps(b.names)
			for _, n := range crashtest.Sample(t, len(all), 6) {
				m := all[n-1]
				t.Run(fmt.Sprintf("%s call %d %s", m.how, m.at, b.names[m.at-1]), func(t *testing.T) {
					w, _ := s.begin(t, m.brittle)
					s.check(w)
				})
			}
		})
	}
}

// mishap is one thing that can go wrong with one call.
type mishap struct {
	how string
	brittle
}

// mishaps are all that are worth trying, in the order of the calls.
func mishaps(names []string) (all []mishap) {
	for i, name := range names {
		write := strings.HasPrefix(name, "write ")
		if write || i == 0 || names[i-1] != name {
			all = append(all, mishap{"dies after", brittle{at: i + 1, after: die}})
		}
		if write { // a read has no effect that could be doubled or lost
			all = append(all, mishap{"dies before", brittle{at: i + 1, before: die}}, mishap{"loses the reply of", brittle{at: i + 1, after: lose}})
		}
	}
	return all
}

// TestALostCheckpointRepeatsTheStep loses the outcome of every single turn.
func TestALostCheckpointRepeatsTheStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w, _ := s.begin(t, brittle{})
			s.check(w)
			for _, n := range crashtest.Sample(t, w.turns, 4) {
				t.Run(fmt.Sprintf("turn %d", n), func(t *testing.T) {
					w, _ := s.begin(t, brittle{})
					w.onTurn = func(turn int) bool { return turn == n }
					s.check(w)
				})
			}
		})
	}
}

// TestThrottlingIsWaitedOut: something is throttled in most turns.
func TestThrottlingIsWaitedOut(t *testing.T) {
	for _, s := range stories()[:3] {
		t.Run(s.name, func(t *testing.T) {
			w, b := s.begin(t, brittle{before: func() error {
				return &fleet.Error{Kind: fleet.Throttled, Call: "any", Code: "Throttling", Message: "Rate exceeded"}
			}})
			w.onTurn = func(int) bool { b.at = b.calls + 1 + w.turns%4; return false }
			s.check(w)
		})
	}
}

// TestWithoutLookingFirstImagesDouble is the control: where the name is different at each attempt and nobody looks, the
// same crash makes a second image, and the check sees it.
func TestWithoutLookingFirstImagesDouble(t *testing.T) {
	s := stories()[1]
	w, b := s.begin(t, brittle{after: die})
	f := &forgetful{Fleet: b.Fleet}
	b.Fleet = f
	w.until("asked for", w.at(stepImage))
	b.at = b.calls + 2 // the look, then the write
	w.until("followed", w.at(stepFollow))
	if got := w.images("eu-west-1"); len(got) != 2 {
		t.Errorf("got %d images, want the control to make 2", len(got))
	}
}

// forgetful finds no image by its name, and gives another name each time.
type forgetful struct {
	Fleet
	n int
}

func (f *forgetful) ImageNamed(context.Context, string) (fleet.Image, error) {
	return fleet.Image{}, &fleet.Error{Kind: fleet.Absent}
}

func (f *forgetful) CreateImage(ctx context.Context, o fleet.ImageOrder) (fleet.ImageID, error) {
	f.n++
	o.Name += fmt.Sprint(f.n)
	return f.Fleet.CreateImage(ctx, o)
}

// TestWhatWasLostIsRemovedToo: the worker dies as the copy is made, and before that is written down somebody cancels.
func TestWhatWasLostIsRemovedToo(t *testing.T) {
	for _, call := range []string{"write CreateImage", "write CopyImage"} {
		t.Run(call, func(t *testing.T) {
			s := stories()[0]
			w, b := s.begin(t, brittle{})
			s.check(w)
			for n, name := range b.names {
				if name == call {
					w, _ = s.begin(t, brittle{at: n + 1, after: func() error { w.ask("cancel", sre); panic(death{}) }})
				}
			}
			s.state, s.images, s.there = ledger.Cancelled, 0, 0
			s.check(w)
		})
	}
}
