package cloud

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// member is an instance of web.
func (w *world) member(t *testing.T) fleet.InstanceID {
	t.Helper()
	group, err := w.Group(t.Context(), "web")
	if err != nil || len(group.Instances) == 0 {
		t.Fatal(group, err)
	}
	return group.Instances[0].ID
}

// baked is an image of an instance of web, available.
func (w *world) baked(t *testing.T, name string) fleet.ImageID {
	t.Helper()
	id, err := w.CreateImage(t.Context(), fleet.ImageOrder{Instance: w.member(t), Name: name, NoReboot: true,
		Tags: map[string]string{"amiral:family": "web", "amiral:operation": "op-1"}})
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	return id
}

func TestImageIsMadeOnceUnderItsName(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	id := w.baked(t, "web-3")
	sent := w.wire.of("CreateImage")[0].Form
	if sent.Get("NoReboot") != "true" || sent.Get("TagSpecification.2.ResourceType") != "snapshot" {
		t.Errorf("got %v, want no reboot said and the snapshots tagged", sent)
	}
	_, err := w.CreateImage(ctx, fleet.ImageOrder{Instance: w.member(t), Name: "web-3"})
	wantKind(t, err, fleet.Exists, "ec2:CreateImage")
	image, err := w.ImageNamed(ctx, "web-3")
	if err != nil || image.ID != id || image.State != "available" || image.Tags["amiral:operation"] != "op-1" {
		t.Fatalf("got %+v, %v, want the image with its tags", image, err)
	}
	if len(image.Disks) == 0 || !image.Disks[0].Root || image.Disks[0].Snapshot == "" || image.SourceInstance == "" {
		t.Errorf("got %+v, want its root's snapshot and where it is from", image)
	}
	snapshots, err := w.Snapshots(ctx, image.Disks[0].Snapshot, "snap-0123456789abcdef0")
	if err != nil || len(snapshots) != 1 || snapshots[0].Percent != 100 || snapshots[0].Tags["amiral:family"] != "web" {
		t.Fatalf("got %+v, %v, want the one that exists, complete and tagged", snapshots, err)
	}
	of, err := w.SnapshotsOf(ctx, snapshots[0].Volume)
	if err != nil || len(of) != 1 || of[0].ID != snapshots[0].ID {
		t.Errorf("got %+v, %v, want the volume's one snapshot", of, err)
	}
	_, err = w.ImageNamed(ctx, "web-*")
	wantKind(t, err, fleet.Absent, "ec2:DescribeImages")
}

func TestDevicesAreLeftOutOfAnImage(t *testing.T) {
	c, w := client(t, script{"CreateImage": always(`<CreateImageResponse><imageId>ami-1</imageId></CreateImageResponse>`)})
	_, err := c.CreateImage(t.Context(), fleet.ImageOrder{Instance: "i-1", Name: "web", Exclude: []string{"/dev/sdf"}})
	if err != nil {
		t.Fatal(err)
	}
	form := w.of("CreateImage")[0].Form
	if !form.Has("BlockDeviceMapping.1.NoDevice") || form.Get("BlockDeviceMapping.1.DeviceName") != "/dev/sdf" ||
		form.Get("NoReboot") != "false" || form.Has("ClientToken") || form.Has("TagSpecification.1.ResourceType") {
		t.Errorf("got %v, want the device left out, the reboot said, no token and no empty tags", form)
	}
}

func TestFamilyImages(t *testing.T) {
	local(t)
	w := newWorld(t)
	first := w.baked(t, "web-3")
	second := w.baked(t, "web-4")
	for family, want := range map[string][]fleet.ImageID{"web": {second, first}, "": {second, first}, "db": nil} {
		images, err := w.FamilyImages(t.Context(), family)
		var got []fleet.ImageID
		for _, i := range images {
			got = append(got, i.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v, want %v", family, got, err, want)
		}
	}
}

func TestImageIsSharedTaggedAndRetired(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	id := w.baked(t, "web-3")
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(w.ShareImage(ctx, id, []string{"210987654321"}, nil))
	if with, err := w.SharedWith(ctx, id); err != nil || !slices.Equal(with, []string{"210987654321"}) {
		t.Errorf("got %v, %v, want the one account", with, err)
	}
	ok(w.ShareImage(ctx, id, nil, []string{"210987654321"}))
	if with, err := w.SharedWith(ctx, id); err != nil || len(with) != 0 {
		t.Errorf("got %v, %v, want nobody", with, err)
	}
	ok(w.Tag(ctx, map[string]string{"note": "good"}, string(id)))
	if image, err := w.Image(ctx, id); err != nil || image.Tags["note"] != "good" || image.Tags["amiral:family"] != "web" {
		t.Errorf("got %+v, %v, want one tag more", image.Tags, err)
	}
	ok(w.Untag(ctx, []string{"note"}, string(id)))
	ok(w.DeprecateImage(ctx, id, w.now.Add(time.Hour)))
	if image, err := w.Image(ctx, id); err != nil || image.Deprecated.IsZero() || image.Tags["note"] != "" {
		t.Errorf("got %+v, %v, want it deprecated and its tag gone", image, err)
	}
	ok(w.UndeprecateImage(ctx, id))
	ok(w.DisableImage(ctx, id))
	if image, err := w.Image(ctx, id); err != nil || image.State != "disabled" || !image.Deprecated.IsZero() {
		t.Errorf("got %+v, %v, want it disabled and not deprecated", image, err)
	}
	ok(w.EnableImage(ctx, id))
	image, err := w.Image(ctx, id)
	ok(err)
	fates, err := w.DeregisterImage(ctx, id, true)
	if err != nil || len(fates) != len(image.Disks) || fates[0] != (fleet.SnapshotFate{Snapshot: image.Disks[0].Snapshot, Code: "success"}) {
		t.Errorf("got %+v, %v, want its snapshots deleted", fates, err)
	}
	_, err = w.ImageNamed(ctx, "web-3")
	wantKind(t, err, fleet.Absent, "ec2:DescribeImages")
}

func TestUntagNeverTakesAllTags(t *testing.T) {
	c, w := client(t, script{})
	if err := c.Untag(t.Context(), nil, "ami-1"); err != nil || len(w.sent) != 0 {
		t.Errorf("got %v and %v, want nothing sent", w.sent, err)
	}
}

func TestReferencesSeeOldVersions(t *testing.T) {
	local(t)
	w := newWorld(t)
	group, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	version, err := w.TemplateVersion(t.Context(), group.Ref())
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(12) {
		order := fleet.NewVersion{Template: w.template, Source: n + 1, Image: fleet.ImageID(w.golden), Token: "amiral-" + strings.Repeat("x", int(n+1))}
		if _, _, err := w.CreateTemplateVersion(t.Context(), order); err != nil {
			t.Fatal(err)
		}
	}
	references, err := w.ImageReferences(t.Context(), version.Image, fleet.ImageID(w.golden))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, r := range references {
		if r.Image == version.Image {
			kinds[r.Type]++
		}
	}
	if kinds["ec2:Instance"] != 4 || kinds["ec2:LaunchTemplate"] != 1 {
		t.Errorf("got %v, want four instances and the template, whose version is twelve back", kinds)
	}
}

func TestReferenceTellsTheVersionWhereTheNameHasOne(t *testing.T) {
	for arn, want := range map[string]int64{
		"arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1":    0,
		"arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1:7":  7,
		"arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1/12": 12,
		"": 0,
	} {
		if got := versionIn(arn); got != want {
			t.Errorf("%s: got %d, want %d", arn, got, want)
		}
	}
}

func TestUsageReportIsMadeOnce(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.baked(t, "web-3")
	first, err := w.StartUsageReport(t.Context(), id, "amiral-op-1-usage")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.StartUsageReport(t.Context(), id, "amiral-op-1-usage")
	if err != nil || again != first {
		t.Errorf("got %s, %v, want %s again", again, err, first)
	}
	w.now = w.now.Add(time.Hour)
	state, _, err := w.UsageReport(t.Context(), first)
	if err != nil || state != "available" {
		t.Errorf("got %s, %v, want it available", state, err)
	}
	_, err = w.StartUsageReport(t.Context(), id, "")
	wantKind(t, err, fleet.Rejected, "ec2:CreateImageUsageReport")
}

func TestImageIsCopiedToAnotherRegionOnce(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.baked(t, "web-3")
	cloud, err := New(t.Context(), []Environment{{Name: "dev", Region: "eu-west-1"}}, Options{HTTPClient: httpTo(w.wire)})
	if err != nil {
		t.Fatal(err)
	}
	there, err := cloud.At("dev", "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	order := fleet.ImageCopy{Image: id, Region: "eu-west-1", Name: "web-3", Token: "amiral-op-1-copy"}
	first, err := there.CopyImage(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	again, err := there.CopyImage(t.Context(), order)
	if err != nil || again != first || first == id {
		t.Errorf("got %s, %v, want %s again", again, err, first)
	}
	if here, err := cloud.At("dev", "eu-west-1"); err != nil || here.region != "eu-west-1" {
		t.Errorf("got %v, %v, want the environment's own client", here, err)
	}
	if _, err := cloud.At("dev", "aws.invalid/"); err == nil {
		t.Error("got a client of what is no region")
	}
}
