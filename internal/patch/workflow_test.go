package patch

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// full asks for everything there is.
func (w *world) full() Want {
	want := w.both()
	want.Test, want.Promote, want.Bake.Family, want.Parameter = "nginx -t", true, "web", "/golden/web"
	return want
}

// TestGroupsArePatchedOneAfterTheOther: one image, one test on a machine that is gone afterwards, each group rolled
// once and locked only meanwhile, and the image golden at the end.
func TestGroupsArePatchedOneAfterTheOther(t *testing.T) {
	w := newWorld(t)
	w.propose(w.full())
	w.people = func() {
		api := w.locks.held["123456789012/eu-west-1/asg/api"] != ""
		web := w.locks.held["123456789012/eu-west-1/asg/web"] != ""
		if name, _, _ := strings.Cut(w.rec.At, "/"); name == stepRoll && (len(w.data().Parts) == 1) != web || web && api {
			t.Fatalf("at %s of %d: web held %v, api held %v", w.rec.At, len(w.data().Parts), web, api)
		}
	}
	w.until("baked", func() bool { return w.rec.At == stepBake+"/follow" })
	w.wantCard("# Patch web and api from golden-builder", "[doing] Make web-2026.11.23-1200", "[todo] Roll api: 2 instances", "<Cancel")
	w.until("tested", func() bool { return w.rec.At == stepTest })
	w.wantCard("The test runs on i-", "<Cancel")
	w.until("second", w.at(2, "follow"))
	w.wantCard("[done] Roll web: 3 instances", "[doing] Roll api: 2 instances", "api, 2 of 2", "<Pause", "<Roll back")
	w.finish(ledger.Succeeded)
	made := w.made()
	if len(made) != 1 || made[0].Tags["amiral:family"] != "web" || w.golden.now.Image != made[0].ID {
		t.Fatalf("got %+v and golden %+v", made, w.golden.now)
	}
	id := string(made[0].ID)
	w.wantOutcome("web and api run "+id+".", "It is the golden image of web now, and the parameter /golden/web holds it.")
	if p, err := w.fleet.Parameter(t.Context(), "/golden/web"); err != nil || p.Value != id || p.Version != 1 {
		t.Errorf("got %+v, %v, want the parameter to follow", p, err)
	}
	w.wantRuns("web", "[v2:3]")
	w.wantRuns("api", "[v2:2]")
	w.wantRefreshes("web", "Successful")
	w.wantRefreshes("api", "Successful")
	if _, all := w.machines(); all != 1 || w.sent != 1 {
		t.Errorf("got %d machines for the test and %d tests, want one of each", all, w.sent)
	}
	w.wantLine("The test passed.")
	w.wantLine("api: Started: 2 instances to version 2")
	w.wantCard("web | ami-0001, version 1 | patched", "<Roll back web… /asg rollback web --in prod>", "<Show image /ami show "+id+" --in prod>")
	back, ok := Previous(w.rec, "web")
	if !ok || !back.Back || back.Version != 1 {
		t.Errorf("got %+v, %v", back, ok)
	}
}

func TestOneGroupReadsLikeARollout(t *testing.T) {
	w := newWorld(t)
	want := w.both()
	want.Groups = want.Groups[:1]
	want.Roll.Canary = 34
	w.propose(want)
	w.until("asked", w.at(1, "ask"))
	w.wantCard("# Patch web from golden-builder: continue?", "<Continue", "The canary is in service.")
	version := w.rec.Version
	w.ask("pause", sre)
	w.until("told", func() bool { return strings.Contains(strings.Join(w.lines, "\n"), "It waits for an answer already") })
	w.ask("continue", sre)
	w.until("going on", w.at(1, "follow"))
	if w.rec.Version <= version {
		t.Error("the buttons of before are still good")
	}
	w.ask("pause", sre)
	w.until("paused", w.at(1, "paused"))
	w.wantCard("<Resume")
	w.ask("resume", sre)
	w.finish(ledger.Succeeded)
	w.wantOutcome("web runs " + string(w.made()[0].ID) + " (version 2) on all 3 instances.")
	w.wantCard("<Roll back… op-test000001>")
	w.wantRuns("api", "[v1:2]")
}

func TestAFailingTestTouchesNoGroup(t *testing.T) {
	for name, c := range map[string]struct {
		answer awssim.Output
		want   string
	}{
		"exit code": {awssim.Output{Exit: 3, Stdout: "checking", Stderr: "nginx: no such file"}, "The test failed with exit code 3. It printed: checking nginx: no such file"},
		"too long":  {awssim.Output{Took: 30 * time.Minute}, "The test took longer than 10 min."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer = c.answer
			w.propose(w.full())
			w.finish(ledger.Failed)
			w.wantOutcome(c.want, "web and api were not touched. Once that is mended, ask again: it makes another image.", "stays: `/ami retire ami-")
			w.wantRefreshes("web")
			w.wantRefreshes("api")
			if w.golden.now.Image != "" {
				t.Error("the image was promoted")
			}
			w.wantCard("web | ami-0001, version 1 | not touched")
		})
	}
}

// TestASecondGroupThatChangedIsNotTouched, and the first stays patched.
func TestASecondGroupThatChangedIsNotTouched(t *testing.T) {
	w := newWorld(t)
	w.propose(w.both())
	w.until("first", w.at(1, "follow"))
	if err := w.client.Suspend(t.Context(), "api", "Launch"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Failed)
	image := string(w.made()[0].ID)
	w.wantOutcome("api: api changed since it was approved. A process is suspended on api: Launch.",
		"web is patched and stays so: `/asg rollback web` takes it back.", "api was not touched: `/asg rollout api --image "+image+"` goes on.")
	w.wantRuns("web", "[v2:3]")
	w.wantRuns("api", "[v1:2]")
	w.wantRefreshes("api")
	w.wantCard("web | ami-0001, version 1 | patched", "api | ami-0001, version 1 | not touched: it changed meanwhile", "<Roll api… /asg rollout api --image "+image)
	if _, ok := Previous(w.rec, "api"); ok {
		t.Error("api can be rolled back, and was not touched")
	}
}

// TestRollingBackTheSecondGroupEndsIt: that group goes back, the first stays.
func TestRollingBackTheSecondGroupEndsIt(t *testing.T) {
	w := newWorld(t)
	w.propose(w.both())
	w.until("second", w.at(2, "follow"))
	w.until("on its way", func() bool { return w.runs("api") != "[v1:2]" })
	w.ask("rollback", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome("api: Rolled back to version 1 by {user:USRE}.", "web is patched and stays so: `/asg rollback web` takes it back.")
	w.wantRuns("web", "[v2:3]")
	w.wantRuns("api", "[v1:2]")
	w.wantRefreshes("api", "RollbackSuccessful")
}

// TestCancellingLeavesNothingRunning, whenever it comes.
func TestCancellingLeavesNothingRunning(t *testing.T) {
	for _, step := range []string{stepCheck, "bake/follow", stepTrial, stepBoot, stepTest, stepEnd, stepTake, "roll/follow"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.full())
			w.until("there", func() bool { return w.rec.At == step })
			w.ask("cancel", sre)
			w.finish(ledger.Cancelled)
			w.wantOutcome("by {user:USRE}")
			if strings.HasPrefix(step, "roll") {
				w.wantOutcome("api was not touched")
				return
			}
			w.wantRuns("web", "[v1:3]")
			w.wantRefreshes("web")
		})
	}
}

// TestNoMoreThanTheFirstCanaryIsApproved: with the rest approved, the rest is everything.
func TestNoMoreThanTheFirstCanaryIsApproved(t *testing.T) {
	w := newWorld(t)
	p := w.propose(w.both())
	if p.Narrow() != "the canary, 1 of 3 instances of web" {
		t.Fatalf("got %q", p.Narrow())
	}
	w.rec.Narrow, w.rec.Narrowed = p.Narrow(), true
	w.until("asked", w.at(1, "ask"))
	w.wantRuns("api", "[v1:2]")
	w.ask("continue", sre)
	for range 5 {
		w.turn()
	}
	if !w.at(1, "ask")() {
		t.Fatalf("it went on at %s with no more than the canary approved", w.rec.At)
	}
	w.rec.Narrowed = false
	w.ask("continue", sre)
	w.finish(ledger.Succeeded)
	w.wantRuns("web", "[v2:3]")
	w.wantRuns("api", "[v2:2]")
}

func TestItWaitsForAGroupThatIsTaken(t *testing.T) {
	w := newWorld(t)
	w.propose(w.both())
	const api = "123456789012/eu-west-1/asg/api"
	w.locks.held[api] = "op-other"
	w.until("waiting", func() bool { return strings.Contains(w.card(), "waits for op-other") })
	for range 5 {
		w.turn()
	}
	w.wantCard("api waits for op-other, which is at work on it.")
	if n := strings.Count(strings.Join(w.lines, "\n"), "waits for op-other"); n != 1 {
		t.Errorf("told %d times", n)
	}
	delete(w.locks.held, api)
	w.finish(ledger.Succeeded)
	w.wantRuns("api", "[v2:2]")
}

// TestWhatChangedBeforeItBeganVoidsIt, and nothing is written.
func TestWhatChangedBeforeItBeganVoidsIt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"a group":          {func(w *world) { _ = w.client.Suspend(context.Background(), "api", "Launch") }, "api: A process is suspended on api: Launch."},
		"the server":       {func(w *world) { _ = w.client.Terminate(context.Background(), w.server) }, "terminated"},
		"the golden image": {func(w *world) { w.golden.now = family.Golden{Image: "ami-x", Revision: 7, Op: "op-x"} }, "Golden image was none and is ami-x."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.full())
			c.change(w)
			w.now = w.now.Add(3 * time.Minute)
			w.finish(ledger.Void)
			w.wantOutcome(c.want)
			if len(w.made()) > 0 {
				t.Error("an image was made")
			}
			w.wantCard("Approved → now")
		})
	}
}

func TestAMovedFamilyIsToldAtTheEnd(t *testing.T) {
	w := newWorld(t)
	w.propose(w.full())
	w.until("rolling", w.at(2, "follow"))
	w.golden.now = family.Golden{Image: "ami-x", Revision: 7, Op: "op-x"}
	w.finish(ledger.Succeeded)
	w.wantOutcome("It was not promoted: ami-x is golden by now. `/ami promote ami-", "--family web` does it.")
}

func TestPlan(t *testing.T) {
	w := newWorld(t)
	p := w.plan(w.full())
	body, err := json.Marshal(p)
	var stored Plan
	if err != nil || json.Unmarshal(body, &stored) != nil || stored.Digest() != p.Digest() {
		t.Fatal("the plan does not survive being stored")
	}
	w.now = w.now.Add(10 * time.Minute)
	if later := w.plan(w.full()); later.Digest() != p.Digest() || later.Bake.Name == p.Bake.Name {
		t.Error("the same wish some minutes later is another plan")
	}
	want := w.full()
	want.Groups = []fleet.GroupName{"api", "web"}
	if w.plan(want).Digest() == p.Digest() {
		t.Error("the order of the groups is not material")
	}
	b := p.Brief()
	if b.Target != "web,api" || b.Blast.Instances != 6 || b.Blast.Percent != 100 || b.Tags["Role"] != "web" || !strings.HasSuffix(b.Resource, "/patch/"+string(w.server)) {
		t.Errorf("got %+v", b)
	}
	got := plain(Painter{}.Paint(ledger.Record{State: ledger.Pending, Proposal: ledger.Proposal{Kind: Kind, Payload: body}}))
	for _, part := range []string{"Test: nginx -t on one throw-away machine", "web | ami-0001, version 1 of web-lt | 3 of 3", "becomes the golden image of web at the end (it has none now)", "the first that fails ends it"} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s\nwant it with %q", got, part)
		}
	}
}

// TestWhatDiffersIsTold: what comes along with the image, what does not, and what cannot be.
func TestWhatDiffersIsTold(t *testing.T) {
	w := newWorld(t)
	w.aws.AddImage(awssim.Image{ID: "ami-data", Name: "golden-data", DataSize: 20})
	id, err := w.aws.AddInstance(awssim.Instance{Name: "fat", Image: "ami-data", Type: "m5.large"})
	if err != nil {
		t.Fatal(err)
	}
	want := w.both()
	want.Bake.Instance = id
	got := plain(Painter{}.Paint(ledger.Record{State: ledger.Pending, Proposal: ledger.Proposal{Kind: Kind, Payload: payload(t, w.plan(want))}}))
	for _, part := range []string{"web: the server's other disks come along to every instance", "api: it launches ami-0001 now, and the server was made from ami-data"} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s\nwant it with %q", got, part)
		}
	}
	g, _ := w.aws.Group("web")
	want.Bake.Instance = g.Instances[0].ID
	p := w.plan(want)
	if stops := p.Brief().Stops(); len(stops) != 1 || !strings.Contains(stops[0].Hint, "Choose `--no-reboot`") {
		t.Errorf("got %+v", stops)
	}
	want.Bake.Way = bake.NoReboot
	if got := plain(Painter{}.Paint(ledger.Record{State: ledger.Pending, Proposal: ledger.Proposal{Kind: Kind, Payload: payload(t, w.plan(want))}})); !strings.Contains(got, "serves in web itself: it is replaced, too") {
		t.Errorf("got %s", got)
	}
}

func payload(t *testing.T, p Plan) json.RawMessage {
	t.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestSenselessWishesAreRefused(t *testing.T) {
	ok := Want{Groups: []fleet.GroupName{"web"}, Bake: bake.Want{Instance: "i-1"}}
	for says, change := range map[string]func(*Want){
		"No group to patch":     func(w *Want) { w.Groups = nil },
		"named twice":           func(w *Want) { w.Groups = []fleet.GroupName{"a", "a"} },
		"A twin is launched":    func(w *Want) { w.Bake.Way = bake.Twin },
		"only be promoted in a": func(w *Want) { w.Promote = true },
		"without a test":        func(w *Want) { w.Timeout = time.Minute },
		"cannot take 10 s":      func(w *Want) { w.Test, w.Timeout = "true", 10*time.Second },
		"empty command":         func(w *Want) { w.Test = "  " },
	} {
		w := ok
		change(&w)
		if err := w.validate(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// TestCommandsOfAGroupWithASpaceInItsName can be typed as they are told.
func TestCommandsOfAGroupWithASpaceInItsName(t *testing.T) {
	w := newWorld(t, func(g *awssim.Group) {
		if g.Name == "api" {
			g.Name = "api blue"
		}
	})
	w.propose(Want{Groups: []fleet.GroupName{"web", "api blue"}, Bake: bake.Want{Instance: string(w.server)}})
	w.until("first", w.at(1, "follow"))
	if err := w.client.Suspend(t.Context(), "api blue", "Launch"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Failed)
	w.wantOutcome("`/asg rollout \"api blue\" --image ami-")
	w.wantCard("/asg rollout \"api blue\" --image ami-")
}
