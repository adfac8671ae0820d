package launch

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/engine/crashtest"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// story is a launch with everything people do to it, and what must be true at its end whatever went wrong.
type story struct {
	name   string
	want   func(*world) Want
	play   func(*world)
	state  ledger.State
	stands string
}

func stories() []story {
	once := func(at, signal string) func(*world) {
		return func(w *world) {
			w.people = func() { // until it is heard
				if w.rec.At == at && len(w.signal) == 0 {
					w.ask(signal, sre)
				}
			}
		}
	}
	dry := func(then func(*world)) func(*world) {
		return func(w *world) {
			w.sim.Faults().Add(awssim.Fault{ID: "dry", Kind: awssim.FaultCapacity})
			then(w)
		}
	}
	small := func(w *world) Want { return Want{Group: "web", Instance: w.source, Size: 4} }
	return []story{
		{name: "from an instance", want: small, state: ledger.Succeeded, stands: "web 4/4 of 8 v1, web v1, shared-lt v2, 1 images"},
		{name: "from an image", want: func(*world) Want {
			return Want{Group: "web", Image: "ami-0002", Size: 2, Type: "m7i.large", TargetGroups: []string{"web"}}
		}, state: ledger.Succeeded, stands: "web 2/2 of 4 v1, web v1, shared-lt v2, 0 images"},
		{name: "with a version", want: func(*world) Want { return Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"} },
			state: ledger.Succeeded, stands: "web 2/2 of 4 v3, shared-lt v3, 0 images"},
		{name: "taken back with its image", want: small, play: once(stepFollow, "rollback"), state: ledger.Undone, stands: "shared-lt v2, 0 images"},
		{name: "taken back after a question", want: small, play: dry(once(stepAsk, "cancel")), state: ledger.Undone, stands: "shared-lt v2, 1 images"},
		{name: "a version taken back", want: func(*world) Want { return Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"} },
			play: once(stepFollow, "cancel"), state: ledger.Undone, stands: "shared-lt v2, 0 images"},
		{name: "taken back before its group", want: small, play: once(stepGroup, "cancel"), state: ledger.Undone, stands: "shared-lt v2, 1 images"},
	}
}

func (s story) begin(t *testing.T) *world {
	w := newWorld(t)
	w.propose(s.want(w))
	w.wire.asked, w.poll = nil, time.Minute
	if s.play != nil {
		s.play(w)
	}
	return w
}

// check asserts what must hold at the end.
func (s story) check(w *world) {
	w.t.Helper()
	w.finish(s.state)
	w.wire.at = 0
	w.wantStands(s.stands)
	g, err := w.client.Groups(w.t.Context())
	if err != nil || len(g) > 1 {
		w.t.Errorf("got %d groups %v, want one at the most", len(g), err)
	}
}

// TestACrashRepeatsAtMostOneStep kills the worker before and after every request to AWS, those of the bake included,
// in every story. Each effect happens once.
func TestACrashRepeatsAtMostOneStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w := s.begin(t)
			s.check(w)
			asked := w.wire.asked
			all := demises(asked)
			for _, n := range crashtest.Sample(t, len(all), 6) {
				d := all[n-1]
				t.Run(fmt.Sprintf("%d %s before %t", d.at, asked[d.at-1], d.before), func(t *testing.T) {
					w := s.begin(t)
					w.wire.at, w.wire.before = d.at, d.before
					s.check(w)
				})
			}
		})
	}
}

// demise is where a worker dies: at which request, and on which side of its effect.
type demise struct {
	at     int
	before bool
}

// demises are all that are worth dying.
func demises(asked []string) (all []demise) {
	for _, n := range interesting(asked) {
		if writes(asked[n-1]) { // dying before a read is dying after what came before it
			all = append(all, demise{n, true})
		}
		all = append(all, demise{n, false})
	}
	return all
}

// interesting are the requests to break: every write, and every read that is not the same look once more.
func interesting(asked []string) []int {
	var points []int
	seen := map[string]int{}
	last := ""
	for i, name := range asked {
		if writes(name) {
			last = name
			points = append(points, i+1)
			continue
		}
		if key := last + "/" + name; seen[key] < 2 {
			seen[key]++
			points = append(points, i+1)
		}
	}
	return points
}

func writes(action string) bool {
	return !strings.HasPrefix(action, "Describe") && !strings.HasPrefix(action, "Get") && !strings.HasPrefix(action, "List")
}

// TestALostCheckpointRepeatsTheStep loses the outcome of every single turn.
func TestALostCheckpointRepeatsTheStep(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w := s.begin(t)
			s.check(w)
			for _, n := range crashtest.Sample(t, w.turns, 4) {
				t.Run(fmt.Sprintf("turn %d", n), func(t *testing.T) {
					w := s.begin(t)
					w.lost = n
					s.check(w)
				})
			}
		})
	}
}

// TestTheLookIsWhatKeepsAGroupSingle is the control: a group that does not carry this operation's tag is not adopted,
// so a lost tag would show.
func TestTheLookIsWhatKeepsAGroupSingle(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0002", Size: 2, Type: "m7i.large"})
	w.until("about to make it", func() bool { return w.rec.At == stepGroup && w.data().Group })
	if err := w.aws.AddGroup(awssim.Group{Name: "web", Template: "web", Desired: 2, Tags: map[string]string{tagOperation: "op-other"}}); err != nil {
		t.Fatal(err)
	}
	w.until("asked", w.at(stepAsk))
	w.wantLine("made by somebody else")
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantStands("web 2/2 of 2 v1, web v1, shared-lt v2, 0 images")
	w.wantOutcome("The launch template web is kept: web uses it by now.")
}

// TestAVersionWhoseMakerDiedIsFoundBehindOthers: it was made, nobody wrote that down, and somebody has made another since.
// It is launched, or taken back; theirs stays.
func TestAVersionWhoseMakerDiedIsFoundBehindOthers(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		w := newWorld(t)
		w.propose(Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"})
		w.until("about to make it", func() bool { return w.rec.At == stepTemplate && w.data().Making == MakesVersion })
		w.lost = w.turns + 1
		w.turn()
		theirs := fleet.NewVersion{Template: "lt-0001", Source: 1, Image: "ami-0001", Token: "theirs", Description: "theirs"}
		if _, _, err := w.client.CreateTemplateVersion(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		want := "4 3 2 1"
		if !cancelled {
			w.fleet = afresh{w.client}
			w.finish(ledger.Succeeded)
			w.wantStands("web 2/2 of 4 v3, shared-lt v4, 0 images")
		} else {
			want = "4 2 1"
			w.ask("cancel", sre)
			w.finish(ledger.Undone)
			w.wantOutcome("Version 3 of shared-lt is deleted.")
		}
		var numbers []string
		left, err := w.client.TemplateVersions(t.Context(), fleet.TemplateRef{ID: "lt-0001"})
		for _, v := range left {
			numbers = append(numbers, number(v.Number))
		}
		if got := strings.Join(numbers, " "); err != nil || got != want {
			t.Errorf("cancelled %t: got versions %s %v, want %s", cancelled, got, err, want)
		}
	}
}

// afresh is AWS after it has forgotten the tokens of before.
type afresh struct{ Fleet }

func (f afresh) CreateTemplateVersion(ctx context.Context, o fleet.NewVersion) (fleet.TemplateVersion, []string, error) {
	o.Token += "-afresh"
	return f.Fleet.CreateTemplateVersion(ctx, o)
}

// TestWhatAWSDoesNotShowYetIsTakenBackToo: people change their minds when something was made a moment ago, so that AWS
// does not show it yet, and its maker may have died before he wrote it down.
func TestWhatAWSDoesNotShowYetIsTakenBackToo(t *testing.T) {
	for _, tt := range []struct {
		step string // at which something is made
		want func(*world) Want
	}{
		{stepTemplate, func(w *world) Want { return Want{Group: "web", Instance: w.source, Size: 4} }},
		{stepTemplate, func(*world) Want { return Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"} }},
		{stepGroup, func(*world) Want { return Want{Group: "web", Image: "ami-0002", Size: 2, Type: "m7i.large"} }},
	} {
		for _, dies := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s dies %t", tt.step, dies), func(t *testing.T) {
				w := newWorld(t, func(o *awssim.Options) { o.NotFoundFor = 10 * time.Second })
				w.pass(time.Hour)
				w.propose(tt.want(w))
				about := func() bool {
					return w.rec.At == tt.step && (tt.step == stepTemplate && w.data().Making != MakesNothing || tt.step == stepGroup && w.data().Group)
				}
				w.until("about to make it", about)
				if dies {
					w.lost = w.turns + 1
				}
				w.turn()
				w.ask("rollback", sre)
				w.finish(ledger.Undone)
				w.wantStands("shared-lt v2, 0 images")
			})
		}
	}
}
