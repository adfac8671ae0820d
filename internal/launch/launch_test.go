package launch

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestFiftyFromOneServer is the whole story: one configured server becomes fifty, in one operation, with one picture
// of it all along.
func TestFiftyFromOneServer(t *testing.T) {
	w := newWorld(t)
	w.propose(w.fifty())
	w.until("baking", w.at(stepBake))
	w.until("progress of the bake", func() bool { return strings.Contains(w.drawn(), "of 8 GiB saved") })
	w.until("followed", w.at(stepFollow))
	w.turn()
	if got := w.drawn(); !strings.Contains(got, "[0/50] in service · 50 starting") || !strings.Contains(got, "eu-west-1a: 0 in service, 17 starting") {
		t.Errorf("got card:\n%s\nwant the instances that start, by zone", got)
	}
	w.finish(ledger.Succeeded)
	w.wantStands("web 50/50 of 100 v1, web v1, shared-lt v2, 1 images")
	w.wantLine("Baked ami-", "Made the launch template web with ami-", "Made the group web: AWS starts 50 instances in 3 zones")
	w.wantOutcome("web has 50 instances in service on ami-", "(version 1 of web) in 3 zones")
	if got := w.buttons(); got != "Show | Show image" {
		t.Errorf("got buttons %q, want the next steps", got)
	}
	w.wantIdentical()
}

// wantIdentical checks that every server is of the image, the type and the tags that they should be, in the name of
// the group.
func (w *world) wantIdentical() {
	w.t.Helper()
	g, err := w.client.Group(w.t.Context(), "web")
	if err != nil {
		w.t.Fatal(err)
	}
	machines, err := w.client.Instances(w.t.Context(), members(g)...)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range machines {
		if m.Image != w.data().Image || m.Type != "m7i.large" || m.Name != "web" || m.Tags[tagOperation] != "op-test000001" || m.Tags[tagInstance] != string(w.source) {
			w.t.Errorf("got %s of %s as %s with %v, want it like the others", m.ID, m.Image, m.Type, m.Tags)
		}
	}
	if *g.Warmup != time.Minute || g.Grace != 5*time.Minute || g.HealthCheck != "EC2" || g.Min != 50 {
		w.t.Errorf("got warmup %s, grace %s, health check %s, minimum %d", g.Warmup, g.Grace, g.HealthCheck, g.Min)
	}
}

func TestFromAnImage(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0002", Size: 3, Type: "m7i.large", Max: ptr(3), TargetGroups: []string{"web"}, Warmup: ptr(time.Duration(0))})
	w.finish(ledger.Succeeded)
	w.wantStands("web 3/3 of 3 v1, web v1, shared-lt v2, 0 images")
	w.wantOutcome("web has 3 instances in service on ami-0002")
	g, err := w.client.Group(t.Context(), "web")
	if err != nil || g.HealthCheck != "ELB" || len(g.TargetGroups) != 1 || *g.Warmup != 0 {
		t.Errorf("got %+v %v, want it behind the target group", g, err)
	}
	health, err := w.client.TargetHealth(t.Context(), w.target)
	if err != nil || len(health) != 3 || health[0].State != "healthy" {
		t.Errorf("got %+v %v, want three healthy targets", health, err)
	}
}

// TestFromAFamily: what was approved is the image, not what the family points at later.
func TestFromAFamily(t *testing.T) {
	w := newWorld(t)
	p := w.propose(Want{Group: "web", Image: "ami-0002", Family: "web", Size: 2, Type: "m7i.large"})
	if p.Title() != "Launch web: 2 instances from web" {
		t.Errorf("got title %q", p.Title())
	}
	w.finish(ledger.Succeeded)
	g, err := w.client.Group(t.Context(), "web")
	if err != nil || g.Tags[tagFamily] != "web" || g.Tags[tagImage] != "ami-0002" {
		t.Errorf("got tags %v %v, want the family's", g.Tags, err)
	}
}

// TestWithATemplate: an existing version is used as it is, or a new one is made where anything differs.
func TestWithATemplate(t *testing.T) {
	for _, c := range []struct {
		name string
		want Want
		ends string
		runs string
	}{
		{"as it is", Want{Image: "ami-0001", Template: "shared-lt"}, "web 2/2 of 4 v2, shared-lt v2, 0 images", "m7i.large"},
		{"an older version", Want{Image: "ami-0001", Template: "shared-lt", Version: 1}, "web 2/2 of 4 v1, shared-lt v2, 0 images", "m5.large"},
		{"another image", Want{Image: "ami-0002", Template: "lt-0001"}, "web 2/2 of 4 v3, shared-lt v3, 0 images", "m7i.large"},
		{"another type", Want{Image: "ami-0001", Template: "shared-lt", Type: "m6i.large"}, "web 2/2 of 4 v3, shared-lt v3, 0 images", "m6i.large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.want.Group, c.want.Size = "web", 2
			w.propose(c.want)
			w.finish(ledger.Succeeded)
			w.wantStands(c.ends)
			g, err := w.client.Group(t.Context(), "web")
			if err != nil || g.Instances[0].Type != c.runs {
				t.Errorf("got %s %v, want %s", g.Instances[0].Type, err, c.runs)
			}
		})
	}
}

// TestOneZoneHasNoCapacity: AWS goes on in the others, and that is told once in its own words.
func TestOneZoneHasNoCapacity(t *testing.T) {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1b", For: 20 * time.Minute})
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 9, Type: "m7i.large"})
	w.finish(ledger.Succeeded)
	w.wantLine("AWS: ", "sufficient m7i.large capacity", "AWS goes on in the other zones, and tries eu-west-1b again later.")
	if got := strings.Count(strings.Join(w.lines, "\n"), "AWS: "); got != 1 {
		t.Errorf("got %d lines about it, want one:\n%s", got, strings.Join(w.lines, "\n"))
	}
	w.wantOutcome("9 instances in service")
}

// stall has a launch that no zone has capacity for, and waits for the question.
func stall(t *testing.T, want func(*world) Want) *world {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{ID: "dry", Kind: awssim.FaultCapacity})
	w.propose(want(w))
	w.until("asked", w.at(stepAsk))
	w.wantLine("Nothing has moved for 5 min: 0 of 50 in service.", "Go on, or take back what was made?")
	if got := w.drawn(); !strings.Contains(got, "Go on, or take back what was made?") || !strings.Contains(got, "failed Start 50 instances") {
		t.Errorf("got card:\n%s\nwant the question", got)
	}
	return w
}

func TestNoCapacityThenContinue(t *testing.T) {
	w := stall(t, (*world).fifty)
	if got := w.buttons(); got != "Continue waiting | Take back | Take back with image" {
		t.Errorf("got buttons %q", got)
	}
	w.ask("continue", sre)
	w.until("followed again", w.at(stepFollow))
	w.wantLine("It goes on by {user:USRE}.")
	w.until("asked again", w.at(stepAsk))
	w.sim.Faults().Remove("dry")
	w.finish(ledger.Succeeded)
	w.wantLine("It gets on by itself again.")
	w.wantStands("web 50/50 of 100 v1, web v1, shared-lt v2, 1 images")
}

func TestNoCapacityThenTakeBack(t *testing.T) {
	w := stall(t, (*world).fifty)
	w.ask("cancel", sre)
	w.finish(ledger.Undone)
	w.wantLine("It is taken back by {user:USRE}.", "Deleting the group web", "The group web is deleted.", "The launch template web is deleted.")
	w.wantOutcome("Taken back by {user:USRE}.", "The group web is deleted.", "The launch template web is deleted.", "is kept: `/ami retire ami-")
	w.wantStands("shared-lt v2, 1 images")
}

func TestTakeBackWithTheImage(t *testing.T) {
	w := newWorld(t)
	w.propose(w.fifty())
	w.until("some are in service", func() bool { return w.data().Progress.InService > 0 })
	w.ask("rollback", dev)
	w.until("taking back", w.at(stepUndo))
	if got := w.buttons(); got != "" {
		t.Errorf("got buttons %q while it is taken back, want none", got)
	}
	w.finish(ledger.Undone)
	w.wantOutcome("is deregistered. Its snapshots are deleted.")
	w.wantStands("shared-lt v2, 0 images")
	if got := w.buttons(); got != "" {
		t.Errorf("got buttons %q at the end, want none", got)
	}
}

// TestAnImageThatIsUsedIsKept: taking back touches nothing that somebody else relies on.
func TestAnImageThatIsUsedIsKept(t *testing.T) {
	w := newWorld(t)
	w.propose(w.fifty())
	w.until("followed", w.at(stepFollow))
	if _, err := w.aws.AddInstance(awssim.Instance{Name: "other", Image: string(w.data().Image), Type: "m7i.large"}); err != nil {
		t.Fatal(err)
	}
	w.ask("rollback", dev)
	w.finish(ledger.Undone)
	w.wantOutcome("is kept: 1 instance runs it.")
	w.wantStands("shared-lt v2, 1 images")
}

// TestATemplateThatIsUsedIsKept: another group has begun to launch from it.
func TestATemplateThatIsUsedIsKept(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("followed", w.at(stepFollow))
	if err := w.aws.AddGroup(awssim.Group{Name: "other", Template: "web", Desired: 0, Max: 1}); err != nil {
		t.Fatal(err)
	}
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantOutcome("The launch template web is kept: other uses it by now.")
	w.wantStands("other 0/0 of 1 v1, web v1, shared-lt v2, 0 images")
}

// TestAVersionIsTakenBack: of a template that was there before, only the version that was made goes.
func TestAVersionIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0002", Size: 2, Template: "shared-lt"})
	w.until("followed", w.at(stepFollow))
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantOutcome("Version 3 of shared-lt is deleted.")
	left, err := w.client.TemplateVersions(t.Context(), fleet.TemplateRef{ID: "lt-0001"})
	if err != nil || len(left) != 2 {
		t.Errorf("got %d versions %v, want the two that were there", len(left), err)
	}
}

// TestNobodyAnswers: everything stays as it is, and the end says what there is.
func TestNobodyAnswers(t *testing.T) {
	w := stall(t, func(w *world) Want { w.ponder = time.Hour; return w.fifty() })
	w.finish(ledger.Failed)
	w.wantOutcome("Nobody answered within 1 h, so everything stays as it is.", "There is: the group web with 0 of 50 in service, the launch template web, the image ami-")
	w.wantStands("web 0/50 of 100 v1, web v1, shared-lt v2, 1 images")
}

// TestWhatIsCalledOff says what became of a signal before anything is made, and of one that means nothing here.
func TestWhatIsCalledOff(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.ask("cancel", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome("Cancelled by {user:USRE} before anything was made.")
	w.wantStands("shared-lt v2, 0 images")

	w.approve(w.plan(w.fifty()), "op-test000002")
	w.until("baking", w.at(stepBake))
	w.turn()
	w.ask("rollback", sre)
	w.finish(ledger.Cancelled)
	w.wantOutcome("No template and no group was made.")

	w.approve(w.plan(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"}), "op-test000003")
	w.until("followed", w.at(stepFollow))
	w.ask("pause", sre)
	w.finish(ledger.Succeeded)
	w.wantLine("A launch cannot be paused: AWS starts the instances on its own.")
}

// TestTwoTypeTheSame: two people with one thought, on two replicas, a minute apart, ask for one thing.
func TestTwoTypeTheSame(t *testing.T) {
	w := newWorld(t)
	first := w.plan(w.fifty())
	w.pass(time.Minute)
	second := w.plan(w.fifty())
	if first.Digest() != second.Digest() || first.Resource() != second.Resource() {
		t.Error("got two different operations, want one")
	}
	other := w.fifty()
	other.Size = 51
	if w.plan(other).Digest() == first.Digest() {
		t.Error("got one digest for two sizes")
	}
	body, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(body, &back); err != nil || back.Digest() != first.Digest() || !reflect.DeepEqual(back.Order, first.Order) {
		t.Errorf("got %+v %v, want the plan unchanged by its storage", back, err)
	}
}

// TestAgainIsRefused: after a success the same command is refused, with what the group is.
func TestAgainIsRefused(t *testing.T) {
	w := newWorld(t)
	want := Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"}
	w.propose(want)
	w.finish(ledger.Succeeded)
	stops := w.plan(want).Brief().Stops()
	if len(stops) != 2 || stops[0].Text != "There is a group web already: 2 instances in service of 2, launching version 1 of template web, made by op-test000001." ||
		!strings.Contains(stops[0].Hint, "`/asg scale web 2`") {
		t.Errorf("got %+v, want it refused with what there is", stops)
	}
}

// TestTwoOperationsOneName: whoever comes second finds the name taken, makes nothing and touches nothing.
func TestTwoOperationsOneName(t *testing.T) {
	w := newWorld(t)
	want := Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"}
	second := w.plan(want)
	w.propose(want)
	w.finish(ledger.Succeeded)
	w.approve(second, "op-test000002")
	w.finish(ledger.Void)
	w.wantOutcome("There is a group web already", "Nothing was made.")
	w.wantStands("web 2/2 of 4 v1, web v1, shared-lt v2, 0 images")
}

// TestTheNameIsTakenMeanwhile: a group of somebody else that appears half-way is left alone, and people are asked.
func TestTheNameIsTakenMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("about to make the group", w.at(stepGroup))
	if err := w.aws.AddGroup(awssim.Group{Name: "web", Template: "shared-lt", Desired: 1}); err != nil {
		t.Fatal(err)
	}
	w.until("asked", w.at(stepAsk))
	w.wantLine("There is a group web by now, made by somebody else: 1 instance in service of 1")
	if got := w.buttons(); got != "Try again | Take back" {
		t.Errorf("got buttons %q", got)
	}
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantStands("web 1/1 of 1 v1, shared-lt v2, 0 images")
}

// TestWhatChangedVoids: what was approved is what runs.
func TestWhatChangedVoids(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world)
		says   string
	}{
		{"the source is gone", func(w *world) {
			if err := w.client.Terminate(w.t.Context(), w.source); err != nil {
				w.t.Fatal(err)
			}
			w.pass(2 * time.Hour)
		}, "There is no instance"},
		{"the name is taken", func(w *world) {
			if err := w.aws.AddGroup(awssim.Group{Name: "web", Template: "shared-lt", Desired: 0, Max: 1}); err != nil {
				w.t.Fatal(err)
			}
		}, "There is a group web already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.fifty())
			c.change(w)
			w.finish(ledger.Void)
			w.wantOutcome(c.says, "Nothing was made.")
			if got := w.drawn(); !strings.Contains(got, "Approved → now") {
				t.Errorf("got card:\n%s\nwant what changed", got)
			}
		})
	}
}

// TestSomebodyDeletesTheGroup ends it with what is left.
func TestSomebodyDeletesTheGroup(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("followed", w.at(stepFollow))
	w.turn()
	if err := w.client.DeleteGroup(t.Context(), "web", true); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Failed)
	w.wantOutcome("The group web was deleted meanwhile, outside of this operation.", "There is: the launch template web.")
}

// TestTheAccountsQuotaIsReached: the words are AWS's own.
func TestTheAccountsQuotaIsReached(t *testing.T) {
	w := newWorld(t, func(o *awssim.Options) { o.GroupLimit = 1 })
	if err := w.aws.AddGroup(awssim.Group{Name: "other", Template: "shared-lt", Desired: 0, Max: 1}); err != nil {
		t.Fatal(err)
	}
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("asked", w.at(stepAsk))
	w.wantLine("AWS refused to make the group web:")
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantStands("other 0/0 of 1 v1, shared-lt v2, 0 images")
}

// TestTheInstancesQuotaIsReached: it is the same in every zone, so nobody is told that AWS goes on in the others.
func TestTheInstancesQuotaIsReached(t *testing.T) {
	w := newWorld(t)
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Code: "VcpuLimitExceeded", For: 20 * time.Minute,
		Message: "You have requested more vCPU capacity than your current vCPU limit of 32 allows."})
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 9, Type: "m7i.large"})
	w.finish(ledger.Succeeded)
	w.wantLine("AWS: ", "vCPU limit of 32", "This is a limit of the account: ask AWS for a higher one, or take back what was made.")
}

// TestSickInstancesAreNotTheEnd: instances that no target group calls healthy are not in service for anybody.
func TestSickInstancesAreNotTheEnd(t *testing.T) {
	w := newWorld(t)
	w.sim.SpoilImage("ami-0002", awssim.SpoiledUnhealthy)
	w.propose(Want{Group: "web", Image: "ami-0002", Size: 2, Type: "m7i.large", TargetGroups: []string{"web"}, Grace: ptr(time.Hour)})
	w.until("asked", w.at(stepAsk))
	w.wantLine("Nothing has moved for 10 min: 0 of 2 in service. 2 instances are not healthy in the target groups.")
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantStands("shared-lt v2, 0 images")
}

func ptr[T any](v T) *T { return &v }
