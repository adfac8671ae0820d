package retire

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// snapshot is that of an image's root volume.
func (w *world) snapshot(id fleet.ImageID) string {
	w.t.Helper()
	found, err := w.fleet.Images(w.t.Context(), id)
	if err != nil || len(found) != 1 || len(found[0].Disks) == 0 {
		w.t.Fatalf("got %+v, %v", found, err)
	}
	return found[0].Disks[0].Snapshot
}

// volume is a version of a template whose data volume is made from a snapshot.
func volume(snapshot string) awssim.TemplateVersion {
	return awssim.TemplateVersion{Image: "ami-0005", Data: map[string]string{
		"BlockDeviceMapping.1.DeviceName": "/dev/sdf", "BlockDeviceMapping.1.Ebs.SnapshotId": snapshot}}
}

// somebody asks AWS for something without the bot.
func (w *world) somebody(action string, fields map[string]string) {
	w.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2016-11-15"}}
	for name, value := range fields {
		form.Set(name, value)
	}
	r := httptest.NewRequest(http.MethodPost, "http://aws.local/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20261123/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
	answer := httptest.NewRecorder()
	if w.sim.Handler().ServeHTTP(answer, r); answer.Code != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", action, answer.Code, answer.Body)
	}
}

// register makes an image of a snapshot.
func (w *world) register(name, snapshot string) fleet.ImageID {
	w.t.Helper()
	w.somebody("RegisterImage", map[string]string{"Name": name, "RootDeviceName": "/dev/xvda",
		"BlockDeviceMapping.1.DeviceName": "/dev/xvda", "BlockDeviceMapping.1.Ebs.SnapshotId": snapshot})
	i, err := w.fleet.(interface {
		ImageNamed(ctx context.Context, name string) (fleet.Image, error)
	}).ImageNamed(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return i.ID
}

// TestATemplateThatNamesASnapshotKeepsItsImage: AWS would delete the snapshot, and the template would launch nothing.
func TestATemplateThatNamesASnapshotKeepsItsImage(t *testing.T) {
	other := awssim.TemplateVersion{Image: "ami-0005"}
	for _, c := range []struct {
		name     string
		versions func(snapshot string) []awssim.TemplateVersion
		normal   int
		launch   string // by a group
		want     string
	}{
		{"the default", func(s string) []awssim.TemplateVersion { return []awssim.TemplateVersion{volume(s), other, other} }, 1, "",
			"web-1 (ami-0001) is needed: data-lt version 1, the template's default, names its snapshot SNAP. `/template default data-lt <version>`"},
		{"the latest", func(s string) []awssim.TemplateVersion { return []awssim.TemplateVersion{other, volume(s)} }, 1, "",
			"data-lt version 2, the template's latest, names its snapshot SNAP."},
		{"an old one, on another page", func(s string) []awssim.TemplateVersion {
			return append([]awssim.TemplateVersion{other, volume(s)}, slices.Repeat([]awssim.TemplateVersion{other}, 210)...)
		}, 1, "", "version 2 of data-lt names its snapshot SNAP, though no group uses it. `/template clean data-lt --keep 3`"},
		{"one that a group launches", func(s string) []awssim.TemplateVersion { return []awssim.TemplateVersion{other, volume(s), other} }, 1, "2",
			"group data launches data-lt version 2, which names its snapshot SNAP."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			snapshot := w.snapshot("ami-0001")
			w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "data-lt", Default: c.normal, Versions: c.versions(snapshot)})
			if c.launch != "" {
				if err := w.aws.AddGroup(awssim.Group{Name: "data", Template: "data-lt", Version: c.launch, Max: 2}); err != nil {
					t.Fatal(err)
				}
			}
			p, err := w.plan(one("ami-0001"))
			if want := strings.ReplaceAll(c.want, "SNAP", snapshot); err != nil || !strings.Contains(findings(p), "stop: ") || !strings.Contains(findings(p), want) {
				t.Errorf("got %s, %v, want %q", findings(p), err, want)
			}
			if p, err := w.plan(one("ami-0002")); err != nil || len(p.Findings) > 0 {
				t.Errorf("got %s, %v, want nothing in another one's way", findings(p), err)
			}
		})
	}
}

// TestATemplateThatNamesASnapshotMeanwhileKeepsItsImage: by a version that is made during the cooldown, or by a group that
// launches an old one again.
func TestATemplateThatNamesASnapshotMeanwhileKeepsItsImage(t *testing.T) {
	other := awssim.TemplateVersion{Image: "ami-0005"}
	seed := func(w *world) {
		w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "data-lt", Default: 3, Versions: []awssim.TemplateVersion{volume(w.snapshot("ami-0001")), other, other, other}})
	}
	add := func(w *world) {
		w.somebody("CreateLaunchTemplateVersion", map[string]string{"LaunchTemplateId": "lt-0002", "LaunchTemplateData.ImageId": "ami-0005",
			"LaunchTemplateData.BlockDeviceMapping.1.DeviceName": "/dev/sdf", "LaunchTemplateData.BlockDeviceMapping.1.Ebs.SnapshotId": w.snapshot("ami-0001")})
		w.somebody("CreateLaunchTemplateVersion", map[string]string{"LaunchTemplateId": "lt-0002", "LaunchTemplateData.ImageId": "ami-0005"})
	}
	for name, c := range map[string]struct {
		before, meanwhile func(*world)
		why               string
	}{
		"a version that is made": {func(w *world) {
			w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "data-lt", Versions: []awssim.TemplateVersion{other}})
		}, add, "version 2 of data-lt names its snapshot snap-"},
		"a group that launches it": {seed, func(w *world) {
			if err := w.aws.AddGroup(awssim.Group{Name: "data", Template: "data-lt", Version: "1", Max: 2}); err != nil {
				t.Fatal(err)
			}
		}, "group data launches data-lt version 1, which names its snapshot snap-"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.before(w)
			want := one("ami-0001")
			want.OldVersions = strings.HasPrefix(name, "a group")
			w.begin(want)
			w.until(stepCooldown)
			c.meanwhile(w)
			w.finish(ledger.Undone, "Nothing was deregistered. web-1 (ami-0001) stays: "+c.why)
			w.wantImages("1a 2a 3a 4a 5a")
		})
	}
}

// TestASnapshotOfTwoImagesOutlivesTheFirst, and goes with the last.
func TestASnapshotOfTwoImagesOutlivesTheFirst(t *testing.T) {
	w := newWorld(t)
	snapshot := w.snapshot("ami-0001")
	twin := w.register("by-hand", snapshot)
	p := w.begin(one("ami-0001"))
	if p.Size() != 0 || !strings.Contains(read(p.Sections()), "goes; shared snapshots stay") {
		t.Errorf("got %d GiB and %s, want the snapshot to stay", p.Size(), read(p.Sections()))
	}
	w.finish(ledger.Succeeded, "1 image is retired, and 0 GiB freed.")
	if left := w.lines[len(w.lines)-1]; !strings.Contains(left, fmt.Sprintf("Of its snapshots %s is kept (another image has it, too).", snapshot)) {
		t.Errorf("got %q, want that the snapshot is kept", w.lines)
	}
	if got, err := w.fleet.Snapshots(t.Context(), snapshot); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v, want the snapshot", got, err)
	}
	w.begin(Want{Images: []fleet.ImageID{twin}})
	w.finish(ledger.Succeeded, "1 image is retired, and 8 GiB freed.")
	if got, err := w.fleet.Snapshots(t.Context(), snapshot); len(got) != 0 || err != nil && fleet.KindOf(err) != fleet.Absent {
		t.Errorf("got %v, %v, want no snapshot", got, err)
	}
}
