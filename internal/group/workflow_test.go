package group

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// wishes are one of every kind, with what the group looks like when it is done and what is told.
func wishes(g fleet.Group) []struct {
	want       Want
	look, told string
} {
	first := g.Instances[0].ID
	return []struct {
		want       Want
		look, told string
	}{
		{Want{Kind: Scale, Desired: number(6)}, "6 (1 to 8) map[InService:6] protected 0 from 1 suspended []", "web has 6 instances in service, between 1 and 8."},
		{Want{Kind: Scale, By: number(-1), Min: number(2)}, "3 (2 to 8) map[InService:3] protected 0 from 1 suspended []", "web has 3 instances in service"},
		{Want{Kind: Scale, Desired: number(0), Min: number(0)}, "0 (0 to 8) map[] protected 0 from 1 suspended []", "web has 0 instances in service"},
		{Want{Kind: Attach, Template: "web-lt", Version: 2}, "4 (1 to 8) map[InService:4] protected 0 from 2 suspended []", "web launches from version 2 of web-lt (ami-0002) from now on."},
		{Want{Kind: Processes, On: true, Names: []string{"AZRebalance", "Launch"}}, "4 (1 to 8) map[InService:4] protected 0 from 1 suspended [AZRebalance Launch]", "AZRebalance, Launch are suspended on web."},
		{Want{Kind: Protect, On: true, Instances: []fleet.InstanceID{first}}, "4 (1 to 8) map[InService:4] protected 1 from 1 suspended []", "protected from scale in."},
		{Want{Kind: Standby, On: true, Instances: []fleet.InstanceID{first}}, "3 (1 to 8) map[InService:3 Standby:1] protected 0 from 1 suspended []", "Standby; web wants 3 instances."},
		{Want{Kind: Standby, On: true, Refill: true, Instances: []fleet.InstanceID{first}}, "4 (1 to 8) map[InService:4 Standby:1] protected 0 from 1 suspended []", "Standby; web wants 4 instances."},
		{Want{Kind: Replace, Instances: []fleet.InstanceID{first}}, "4 (1 to 8) map[InService:4] protected 0 from 1 suspended []", "replaced; web has 4 instances in service."},
	}
}

func TestEveryKindIsCarriedOut(t *testing.T) {
	for i := range wishes(newWorld(t).group()) {
		w := newWorld(t)
		c := wishes(w.group())[i]
		p := w.propose(c.want)
		w.run()
		w.wants(ledger.Succeeded, c.told)
		if got := look(w.group()); got != c.look {
			t.Errorf("%s: got %s, want %s", p.Title(), got, c.look)
		}
		if c.want.Kind == Replace && len(without(w.group(), c.want.Instances)) != 4 {
			t.Errorf("%s is still there", c.want.Instances)
		}
	}
}

// TestItMayDieAfterEveryCall: whichever answer is the last that a worker sees, another brings it to the same end.
func TestItMayDieAfterEveryCall(t *testing.T) {
	for i := range wishes(newWorld(t).group()) {
		plain := newWorld(t)
		c := wishes(plain.group())[i]
		plain.propose(c.want)
		plain.run()
		for n := 1; n <= min(plain.calls, 14); n++ {
			w := newWorld(t)
			w.propose(c.want)
			w.dieAt = n
			w.run()
			w.dieAt = 0
			if w.rec.State != ledger.Succeeded || look(w.group()) != c.look {
				t.Errorf("%s, dead after call %d: got %s: %s and %s, want %s", w.rec.Title, n, w.rec.State, w.rec.Outcome, look(w.group()), c.look)
			}
			if got, want := launched(w), launched(plain); got != want {
				t.Errorf("%s, dead after call %d: %d instances were launched or terminated, want %d", w.rec.Title, n, got, want)
			}
		}
	}
}

func TestEveryStepMayBeRepeated(t *testing.T) {
	for i := range wishes(newWorld(t).group()) {
		w := newWorld(t)
		c := wishes(w.group())[i]
		w.propose(c.want)
		w.twice = true
		w.run()
		if w.rec.State != ledger.Succeeded || look(w.group()) != c.look {
			t.Errorf("%s: got %s: %s and %s, want %s", w.rec.Title, w.rec.State, w.rec.Outcome, look(w.group()), c.look)
		}
	}
}

// launched counts what the group has launched and terminated since noon.
func launched(w *world) int {
	all, err := w.fleet.Activities(w.t.Context(), "web", noon)
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, a := range all {
		if strings.HasPrefix(a.Description, "Launching") || strings.HasPrefix(a.Description, "Terminating") {
			n++
		}
	}
	return n
}

// TestWhatWasApprovedIsWhatIsDone: a change since the approval that matters stops it before its first write.
func TestWhatWasApprovedIsWhatIsDone(t *testing.T) {
	for name, c := range map[string]struct {
		want    Want
		between func(w *world) error
		words   string
	}{
		"size": {Want{Kind: Scale, By: number(2)}, func(w *world) error {
			return w.fleet.UpdateGroup(w.t.Context(), fleet.GroupChange{Group: "web", Desired: number(5)})
		}, "Size: approved was 4 (1 to 8), now it is 5 (1 to 8)."},
		"version": {Want{Kind: Attach, Template: "web-lt", Version: 2}, func(w *world) error {
			_, _, err := w.fleet.DeleteTemplateVersions(w.t.Context(), "lt-0001", []int64{2})
			return err
		}, "There is no version 2 of template web-lt. `/template list` shows"},
		"suspended": {Want{Kind: Replace}, func(w *world) error { return w.fleet.Suspend(w.t.Context(), "web", "Launch") }, "Launch or Terminate is suspended on web. `/asg resume web Launch Terminate` lets them work again. Nothing was changed."},
		"gone":      {Want{Kind: Protect, On: true}, func(w *world) error { return w.fleet.DeleteGroup(w.t.Context(), "web", true) }, ""},
	} {
		w := newWorld(t)
		if c.want.Kind == Replace || c.want.Kind == Protect {
			c.want.Instances = ids(w.group(), "InService")[:1]
		}
		w.propose(c.want)
		if err := c.between(w); err != nil {
			t.Fatal(name, err)
		}
		w.sim.ResetCalls()
		w.rec.Command = "/asg x"
		w.run()
		w.wants(ledger.Void, c.words)
		w.wants(ledger.Void, "Nothing was changed.")
		if again := strings.Contains(w.rec.Outcome, "Ask again with `/asg x`"); again != (name == "size") || strings.Contains(w.rec.Outcome, "..") {
			t.Errorf("%s: got %q, want to be told to ask again where that helps", name, w.rec.Outcome)
		}
		for _, call := range w.sim.Calls() {
			if !strings.HasPrefix(call.Action, "Describe") {
				t.Errorf("%s: AWS was asked for %s", name, call.Action)
			}
		}
	}
}

func TestItIsSoAlready(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Kind: Scale, Desired: number(6)})
	if err := w.fleet.UpdateGroup(t.Context(), fleet.GroupChange{Group: "web", Desired: number(6)}); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.wants(ledger.Cancelled, "it is so already")
}

// TestSomebodyElsesSizeIsLeft: between the look and the write, and while it is followed.
func TestSomebodyElsesSizeIsLeft(t *testing.T) {
	for step, want := range map[string]struct {
		state ledger.State
		words string
	}{
		stepDo:     {ledger.Failed, "Somebody else gave web another size meanwhile: 7 (1 to 8)."},
		stepFollow: {ledger.Succeeded, "since then somebody else has given it 7 (1 to 8), which is left so."},
	} {
		w := newWorld(t)
		w.propose(Want{Kind: Scale, Desired: number(2)})
		w.before = func(at string) {
			if at == step {
				if err := w.fleet.UpdateGroup(t.Context(), fleet.GroupChange{Group: "web", Desired: number(7)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.run()
		w.wants(want.state, want.words)
		if g := w.group(); g.Desired != 7 {
			t.Errorf("%s: got %d wanted, want the 7 of somebody else", step, g.Desired)
		}
	}
}

func TestASizeIsPutBack(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Kind: Scale, Desired: number(8), Min: number(4)})
	w.before = func(at string) {
		if at == stepFollow {
			w.ask("rollback")
		}
	}
	w.run()
	w.wants(ledger.Undone, "web wants 4 instances again by {user:UDEV}.")
	if got := sizeOf(w.group()); got != (Size{1, 4, 8}) {
		t.Errorf("got %s, want 4 (1 to 8)", got)
	}
}

// TestCancelledBeforeItBegan: also between the look and the write, and after an attempt at it that died.
func TestCancelledBeforeItBegan(t *testing.T) {
	for _, step := range []string{stepCheck, stepDo} {
		w := newWorld(t)
		w.propose(Want{Kind: Scale, Desired: number(6)})
		w.before = func(at string) {
			if at == step {
				w.ask("cancel")
			}
		}
		w.run()
		w.wants(ledger.Cancelled, "Cancelled before anything was changed")
		if g := w.group(); g.Desired != 4 {
			t.Errorf("got %d, want it as it was", g.Desired)
		}
	}
	w := newWorld(t)
	w.propose(Want{Kind: Scale, Desired: number(6)})
	w.turn()
	w.dieAt = w.calls + 2 // the look, and the write
	w.turn()
	w.ask("cancel")
	w.run()
	w.wants(ledger.Undone, "web wants 4 instances again")
	if g := w.group(); g.Desired != 4 {
		t.Errorf("got %d, want it as it was", g.Desired)
	}
}

func TestWhatCannotBeStoppedSaysSo(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Kind: Replace, Instances: ids(w.group(), "InService")[:1]})
	asked := []string{"cancel", "pause"}
	w.before = func(at string) {
		if at == stepFollow && len(asked) > 0 {
			w.ask(asked[0])
			asked = asked[1:]
		}
	}
	w.run()
	w.wants(ledger.Succeeded, "replaced")
	if !strings.Contains(strings.Join(w.lines, "\n"), "It cannot be paused") {
		t.Errorf("got %q", w.lines)
	}
	if !strings.Contains(strings.Join(w.lines, "\n"), "AWS was asked for it already, so it is followed to its end.") {
		t.Errorf("got %q", w.lines)
	}
}

// TestAWSsWordsAreToldOnce: one zone has no machines for an hour. Its refusal is told once, and the other zone serves.
func TestAWSsWordsAreToldOnce(t *testing.T) {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1a"})
	w.propose(Want{Kind: Scale, Desired: number(8)})
	w.run()
	w.wants(ledger.Succeeded, "web has 8 instances in service")
	said := strings.Join(w.lines, "\n")
	if strings.Count(said, "AWS says:") != 1 || !strings.Contains(said, "eu-west-1a") {
		t.Errorf("got %q, want AWS's words once", said)
	}
	pic := Painter{}.Paint(w.rec)
	if text := fmt.Sprint(pic.Sections); !strings.Contains(text, "eu-west-1a") {
		t.Errorf("the card does not tell: %s", text)
	}
}

func TestNothingGetsBetter(t *testing.T) {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity})
	w.propose(Want{Kind: Scale, Desired: number(6)})
	w.run()
	w.wants(ledger.Failed, "4 of 6 are in service, and nothing has changed for 20 min")
	w.wants(ledger.Failed, "AWS says: ")
	w.wants(ledger.Failed, "`/asg scale web 4 --min 1 --max 8` puts the size back.")
	if d := w.now.Sub(noon); d < patience || d > patience+5*time.Minute {
		t.Errorf("it took %s, want about %s", d, patience)
	}
}

func TestAMemberThatLeavesIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	id := ids(w.group(), "InService")[0]
	if err := w.fleet.EnterStandby(t.Context(), "web", true, id); err != nil {
		t.Fatal(err)
	}
	w.propose(Want{Kind: Standby, Instances: []fleet.InstanceID{id}})
	w.before = func(at string) {
		if at == stepFollow {
			if err := w.fleet.Terminate(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			w.now = w.now.Add(10 * time.Minute)
		}
	}
	w.run()
	w.wants(ledger.Failed, string(id)+" has left web meanwhile. `/asg activity web` tells why.")
}

func TestAWSRefuses(t *testing.T) {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultError, Action: "UpdateAutoScalingGroup", Code: "AccessDenied", Message: "You are not authorized to perform this.", Times: 1})
	w.propose(Want{Kind: Scale, Desired: number(6)})
	w.run()
	w.wants(ledger.Failed, "AWS refused to give web another size: You are not authorized to perform this.")
}

func TestBackAndForth(t *testing.T) {
	w := newWorld(t)
	id := ids(w.group(), "InService")[0]
	if err := w.fleet.Protect(t.Context(), "web", true, id); err != nil { // so that it outlives the sizes
		t.Fatal(err)
	}
	want := look(w.group())
	for _, c := range []Want{
		{Kind: Scale, Desired: number(6), Min: number(2)}, {Kind: Attach, Template: "web-lt", Version: 2}, {Kind: Processes, On: true, Names: []string{"AZRebalance"}},
		{Kind: Protect, Instances: []fleet.InstanceID{id}}, {Kind: Standby, On: true, Instances: []fleet.InstanceID{id}},
	} {
		w.propose(c)
		w.run()
		back, ok := Back(w.rec)
		if !ok {
			t.Errorf("%s cannot be taken back", c.Kind)
			continue
		}
		w.propose(back)
		w.run()
		if got := look(w.group()); w.rec.State != ledger.Succeeded || got != want {
			t.Errorf("%s: got %s: %s and %s, want %s", c.Kind, w.rec.State, w.rec.Outcome, got, want)
		}
	}
	w.propose(Want{Kind: Replace, Instances: []fleet.InstanceID{id}})
	w.run()
	if _, ok := Back(w.rec); ok {
		t.Error("a replaced instance can be taken back")
	}
}

// TestCardsAreDrawnFromTheRecord in every state, and of what cannot be read.
func TestCardsAreDrawnFromTheRecord(t *testing.T) {
	for i := range wishes(newWorld(t).group()) {
		w := newWorld(t)
		p := w.propose(wishes(w.group())[i].want)
		for _, state := range []ledger.State{ledger.Pending, ledger.Running, ledger.Stuck, ledger.Succeeded, ledger.Failed} {
			w.rec.State = state
			pic := Painter{}.Paint(w.rec)
			if pic.Headline != p.Title() || len(pic.Sections) == 0 {
				t.Errorf("%s of %s: got %+v", state, p.Title(), pic)
			}
			var labels []string
			for _, b := range pic.Buttons {
				labels = append(labels, b.Label)
			}
			want := map[ledger.State]string{ledger.Stuck: "[Try again Give up]"}[state]
			switch {
			case state == ledger.Running && p.Want.Kind == Scale:
				want = "[Put it back]"
			case state == ledger.Succeeded && p.Want.Kind == Attach:
				want = "[Show Roll out… Take back…]"
			case state == ledger.Succeeded && p.Want.Kind == Replace:
				want = "[Show]"
			case state == ledger.Succeeded:
				want = "[Show Take back…]"
			}
			impacts, nows := 0, 0
			for _, s := range pic.Sections {
				for _, f := range s.Facts {
					impacts += strings.Count(f.Label, "Impact")
					if f.Label == "Size now" || f.Label == "Launches now" || strings.HasPrefix(f.Label, "i-") && !strings.HasSuffix(f.Label, " before") {
						nows++
					}
				}
			}
			if impacts > 0 {
				t.Errorf("%s of %s: the impact is told twice on the card", state, p.Title())
			}
			if nows > 0 && state != ledger.Pending {
				t.Errorf("%s of %s: what was there before is told as what is there now: %+v", state, p.Title(), pic.Sections)
			}
			if got := strings.TrimPrefix(fmt.Sprint(labels), "[]"); got != want {
				t.Errorf("%s of %s: got buttons %s, want %s", state, p.Title(), got, want)
			}
		}
		var again Plan
		if body, err := json.Marshal(p); err != nil || json.Unmarshal(body, &again) != nil || again.Digest() != p.Digest() {
			t.Errorf("%s does not survive being stored", p.Title())
		}
	}
	if pic := (Painter{}).Paint(ledger.Record{Proposal: ledger.Proposal{ID: "op-1", Title: "Old", Payload: []byte("{")}}); pic.Headline != "Old" || len(pic.Sections) == 0 {
		t.Errorf("got %+v", pic)
	}
}

// TestOldFailuresAreNotTold: what AWS said before it was asked is somebody else's.
func TestOldFailuresAreNotTold(t *testing.T) {
	w := newWorld(t)
	id := w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Group: "web", Code: "Old", Message: "The old trouble."})
	if err := w.fleet.UpdateGroup(t.Context(), fleet.GroupChange{Group: "web", Desired: number(5)}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.group()
	w.sim.Faults().Remove(id)
	w.now = w.now.Add(time.Hour)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Group: "web", Code: "New", Message: "The new trouble.", Times: 1})
	w.propose(Want{Kind: Scale, Desired: number(6)})
	w.run()
	w.wants(ledger.Succeeded, "6 instances")
	if said := strings.Join(w.lines, "\n"); strings.Contains(said, "old trouble") || !strings.Contains(said, "new trouble") {
		t.Errorf("got %q, want the new trouble alone", said)
	}
}
