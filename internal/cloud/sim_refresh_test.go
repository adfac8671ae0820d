package cloud

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// rollTo makes version 2 and starts a refresh to it, changed as the test wants.
func (w *world) rollTo(t *testing.T, change func(*fleet.RefreshOrder)) fleet.RefreshID {
	t.Helper()
	if _, _, err := w.CreateTemplateVersion(t.Context(), w.newVersion()); err != nil {
		t.Fatal(err)
	}
	order := w.order("2")
	if change != nil {
		change(&order)
	}
	id, err := w.StartRefresh(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newest is the group's newest refresh.
func (w *world) newest(t *testing.T) fleet.Refresh {
	t.Helper()
	refreshes, err := w.Refreshes(t.Context(), "web")
	if err != nil || len(refreshes) == 0 {
		t.Fatalf("got %v, %v, want a refresh", refreshes, err)
	}
	return refreshes[0]
}

// onImages says which images the group's instances run.
func (w *world) onImages(t *testing.T) []fleet.ImageID {
	t.Helper()
	group, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	var ids []fleet.InstanceID
	for _, m := range group.Instances {
		ids = append(ids, m.ID)
	}
	instances, err := w.Instances(t.Context(), ids...)
	if err != nil {
		t.Fatal(err)
	}
	var images []fleet.ImageID
	for _, i := range instances {
		images = append(images, i.Image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

func TestRefreshFromStartToEnd(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.rollTo(t, nil)
	if _, err := w.StartRefresh(t.Context(), w.order("2")); fleet.KindOf(err) != fleet.InProgress {
		t.Errorf("got %v, want one refresh at a time", err)
	}
	r := w.rolled(t)
	if r.ID != id || r.Status != "Successful" || r.Percent != 100 || r.ToUpdate != 0 || r.Started.IsZero() || r.Ended.IsZero() {
		t.Errorf("got %+v, want %s to have succeeded", r, id)
	}
	if r.Desired.ID != w.template || r.Desired.Version != "2" {
		t.Errorf("got desired %+v, want version 2", r.Desired)
	}
	if images := w.onImages(t); len(images) != 1 || string(images[0]) != w.golden {
		t.Errorf("got %v, want every instance on %s", images, w.golden)
	}
	if g, err := w.Group(t.Context(), "web"); err != nil || g.Template.Version != "2" {
		t.Errorf("got %+v, %v, want the group on version 2", g.Template, err)
	}
}

func TestRefreshIsPausedAndResumed(t *testing.T) {
	local(t)
	w := newWorld(t)
	w.rollTo(t, nil)
	ctx := t.Context()
	for range 2 {
		if err := w.Suspend(ctx, "web", "InstanceRefresh"); err != nil {
			t.Fatal(err)
		}
	}
	g, err := w.Group(ctx, "web")
	if err != nil || !slices.Equal(g.Suspended, []string{"InstanceRefresh"}) {
		t.Errorf("got %v, %v, want InstanceRefresh suspended", g.Suspended, err)
	}
	w.now = w.now.Add(5 * time.Hour)
	if r := w.newest(t); r.Over() {
		t.Errorf("got %+v, want it waiting", r)
	}
	for range 2 {
		if err := w.Resume(ctx, "web", "InstanceRefresh"); err != nil {
			t.Fatal(err)
		}
	}
	if r := w.rolled(t); r.Status != "Successful" {
		t.Errorf("got %+v, want it to have gone on", r)
	}
}

func TestRefreshIsRolledBack(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.rollTo(t, func(o *fleet.RefreshOrder) {
		o.Checkpoints, o.CheckpointDelay = []int{50, 100}, 48*time.Hour
	})
	w.now = w.now.Add(2 * time.Hour)
	if r := w.newest(t); r.Percent < 50 || r.Over() {
		t.Fatalf("got %+v, want it held at the checkpoint", r)
	}
	back, err := w.RollbackRefresh(t.Context(), "web")
	if err != nil || back != id {
		t.Fatalf("got %q, %v, want %q rolled back", back, err, id)
	}
	if r := w.newest(t); r.Status != "RollbackInProgress" || r.RollbackStarted.IsZero() {
		t.Errorf("got %+v, want it rolling back", r)
	}
	if r := w.rolled(t); r.Status != "RollbackSuccessful" {
		t.Errorf("got %+v, want it rolled back", r)
	}
	if images := w.onImages(t); len(images) != 1 || string(images[0]) == w.golden {
		t.Errorf("got %v, want every instance on the old image", images)
	}
}

func TestRefreshIsCancelled(t *testing.T) {
	local(t)
	w := newWorld(t)
	w.rollTo(t, func(o *fleet.RefreshOrder) { o.Checkpoints, o.CheckpointDelay = []int{50, 100}, 48*time.Hour })
	w.now = w.now.Add(2 * time.Hour)
	if err := w.CancelRefresh(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if r := w.rolled(t); r.Status != "Cancelled" {
		t.Errorf("got %+v, want it cancelled", r)
	}
	if images := w.onImages(t); len(images) != 2 {
		t.Errorf("got %v, want a mixed fleet", images)
	}
}

func TestRollbackToLatestIsIrreversible(t *testing.T) {
	local(t)
	w := newWorld(t)
	if err := w.region.AddGroup(awssim.Group{Name: "loose", Template: "web", Version: "$Latest", Desired: 2}); err != nil {
		t.Fatal(err)
	}
	order := w.order("1")
	order.Group = "loose"
	if _, err := w.StartRefresh(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	_, err := w.RollbackRefresh(t.Context(), "loose")
	wantKind(t, err, fleet.Irreversible, "autoscaling:RollbackInstanceRefresh")
}

func TestMixedGroupStaysMixed(t *testing.T) {
	local(t)
	w := newWorld(t)
	if err := w.region.AddGroup(awssim.Group{Name: "batch", Template: "web", Desired: 2, Types: []string{"m5.large", "m5a.large"}}); err != nil {
		t.Fatal(err)
	}
	before, err := w.Group(t.Context(), "batch")
	if err != nil || before.Mixed == nil {
		t.Fatalf("got %+v, %v, want a mixed group", before, err)
	}
	if _, _, err := w.CreateTemplateVersion(t.Context(), w.newVersion()); err != nil {
		t.Fatal(err)
	}
	order := w.order("2")
	order.Group = "batch"
	if _, err := w.StartRefresh(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(3 * time.Hour)
	refreshes, err := w.Refreshes(t.Context(), "batch")
	if err != nil || len(refreshes) != 1 || refreshes[0].Status != "Successful" || refreshes[0].Desired.Version != "2" {
		t.Fatalf("got %+v, %v, want it done with version 2", refreshes, err)
	}
	after, err := w.Group(t.Context(), "batch")
	if err != nil {
		t.Fatal(err)
	}
	before.Mixed.Template.Version = "2"
	if got, want := printed(t, after.Mixed), printed(t, before.Mixed); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFailedLaunchesTellWhy(t *testing.T) {
	local(t)
	w := newWorld(t)
	before := w.now
	w.now = w.now.Add(time.Minute)
	w.Faults().Add(awssim.Fault{Kind: awssim.FaultLaunch, Group: "web", Code: "InsufficientInstanceCapacity",
		Message: "We currently do not have sufficient capacity."})
	w.rollTo(t, nil)
	w.now = w.now.Add(20 * time.Minute)
	activities, err := w.Activities(context.Background(), "web", before)
	if err != nil || len(activities) == 0 {
		t.Fatalf("got %v, %v, want the failed launches", activities, err)
	}
	if a := activities[0]; a.Status != "Failed" || !strings.Contains(a.Message, "sufficient capacity") || a.Started.Before(before) {
		t.Errorf("got %+v, want AWS's own words", a)
	}
	all, err := w.Activities(t.Context(), "web", time.Time{})
	if err != nil || len(all) <= len(activities) {
		t.Errorf("got %d of all time and %d of late, %v, want the first launches among the former", len(all), len(activities), err)
	}
}

// TestRootVolumesAreReplacedInPlace: the policy goes back whole, with the image in every override, and every instance
// keeps its id.
func TestRootVolumesAreReplacedInPlace(t *testing.T) {
	local(t)
	w := newWorld(t)
	golden := fleet.ImageID(w.golden)
	if err := w.region.AddGroup(awssim.Group{Name: "mixed", Template: "web", Max: 3, Desired: 2, Types: []string{"m5.large", "m5.xlarge"}}); err != nil {
		t.Fatal(err)
	}
	before, _ := w.region.Group("mixed")
	if _, _, err := w.CreateTemplateVersion(t.Context(), w.newVersion()); err != nil {
		t.Fatal(err)
	}
	order := w.order("2")
	order.Group, order.Strategy, order.Image = "mixed", "ReplaceRootVolume", golden
	order.MinHealthy, order.MaxHealthy = 50, 100
	if _, err := w.StartRefresh(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	refreshes, err := w.Refreshes(t.Context(), "mixed")
	if err != nil || len(refreshes) != 1 || refreshes[0].Status != "Successful" || refreshes[0].Strategy != "ReplaceRootVolume" {
		t.Fatalf("got %+v, %v", refreshes, err)
	}
	after, _ := w.region.Group("mixed")
	for i := range before.Instances {
		if after.Instances[i].ID != before.Instances[i].ID || after.Instances[i].Image != w.golden {
			t.Errorf("got %+v, want %s to keep its id", after.Instances[i], before.Instances[i].ID)
		}
	}
	group, err := w.Group(t.Context(), "mixed")
	if err != nil || group.Mixed == nil || !slices.Equal(group.Mixed.Images, []fleet.ImageID{golden, golden}) || len(group.Mixed.Types) != 2 {
		t.Errorf("got %+v, %v", group.Mixed, err)
	}
}
