package bake

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestAnInstanceThatStandsAloneIsRebooted(t *testing.T) {
	w := newWorld(t)
	p := w.propose(Want{Instance: "db-1", Family: "db", Note: "before the move"})
	if p.Way != Reboot || p.Name != "db-2026.11.23-1200" {
		t.Errorf("got %s and %s, want a reboot and a name of family and time", p.Way, p.Name)
	}
	w.finish(ledger.Succeeded)
	images := w.images("eu-west-1")
	if len(images) != 1 {
		t.Fatalf("got %d images, want 1", len(images))
	}
	i := images[0]
	id, made := Made(w.rec.Data)
	if !made || id != i.ID || i.State != "available" || i.Description != "before the move" || len(i.Disks) != 2 {
		t.Errorf("got %s, %v of %+v", id, made, i)
	}
	m := w.manifest("prod", i.ID)
	for key, want := range map[string]string{"amiral:operation": "op-test000001", "amiral:requester": "UDEV", "amiral:family": "db",
		"amiral:source-instance": string(w.db), "amiral:source-image": "ami-0002", baseline.DigestTag: m.Digest()} {
		if i.Tags[key] != want {
			t.Errorf("tag %s: got %q, want %q", key, i.Tags[key], want)
		}
	}
	snaps, err := w.fleet.Snapshots(t.Context(), snapshotsOf(i)...)
	if err != nil || len(snaps) != 2 || snaps[0].Tags["amiral:operation"] != "op-test000001" || snaps[1].Tags["amiral:family"] != "db" {
		t.Errorf("got snapshots %+v, %v, want both tagged", snaps, err)
	}
	if m.Packages["nginx"] != "1.24.0" || m.Files["/etc/a.conf"].Mode != "644" || m.Services["nginx.service"].Active != "running" || len(m.Rules) == 0 {
		t.Errorf("got manifest %+v", m)
	}
	if m.Missing[baseline.Firewall] == "" || m.Instance != w.db {
		t.Errorf("got %q of the firewall, from %s", m.Missing[baseline.Firewall], m.Instance)
	}
	w.wantOrder()
	w.wantOutcome("is made from db-1", "/ami promote "+string(i.ID)+" --family db")
	w.wantLine("Baked ami-")
}

// TestWhatStandsAloneLeavesNoGroup: a way that means nothing for an instance is not told as what becomes of it.
func TestWhatStandsAloneLeavesNoGroup(t *testing.T) {
	for _, way := range []Way{Standby, Twin} {
		p, err := newWorld(t).plan(Want{Instance: "db-1", Way: way, Note: "before the move"})
		if err != nil {
			t.Fatal(err)
		}
		text := plain(card.Picture{Sections: p.Sections()})
		if !strings.Contains(text, "serves in no group, so `--"+string(way)+"` means nothing for it") || strings.Contains(text, "Desired") || strings.Contains(text, "twin is launched") {
			t.Errorf("%s: got %s", way, text)
		}
		if !strings.Contains(text, "before the move") {
			t.Errorf("%s: those who decide do not see the note: %s", way, text)
		}
	}
}

func TestWithoutARebootTheInstanceRunsOn(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: NoReboot})
	w.finish(ledger.Succeeded)
	w.wantOrder()
	if g, _ := w.aws.Group("web"); g.Instances[0].ID != string(w.member) {
		t.Errorf("the instance was replaced")
	}
}

func TestStandbyBringsTheInstanceBack(t *testing.T) {
	w := newWorld(t)
	p := w.propose(Want{Instance: string(w.member), Way: Standby, Family: "web"})
	if b := p.Brief().Blast; b.Instances != 1 || b.CapacityDown != 34 {
		t.Errorf("got blast %+v, want one of three", b)
	}
	w.until("standing by", w.at(stepImage))
	g, _ := w.aws.Group("web")
	if g.Desired != 2 || g.Instances[0].Lifecycle != "Standby" {
		t.Errorf("got desired %d and %+v, want it to stand by and nothing launched", g.Desired, g.Instances)
	}
	w.finish(ledger.Succeeded)
	w.wantOrder()
	w.wantLine("is back in the service of web")
}

func TestATwinIsThrownAway(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: string(w.member), Way: Twin})
	w.until("the image", w.at(stepFollow))
	d := w.data()
	if d.Twin == "" || len(w.machines()) != 5 {
		t.Errorf("got twin %q and %d machines", d.Twin, len(w.machines()))
	}
	w.finish(ledger.Succeeded)
	w.wantOrder()
	image := w.images("eu-west-1")[0]
	if string(image.SourceInstance) != string(d.Twin) || w.manifest("prod", image.ID).Instance != d.Twin {
		t.Errorf("got an image of %s, want one of the twin %s", image.SourceInstance, d.Twin)
	}
}

// TestAnImageThatLostItsOperationIsAdopted: it was made, and the worker died before that was written down.
func TestAnImageThatLostItsOperationIsAdopted(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: "db-1"})
	w.until("the image", w.at(stepImage))
	lost := true
	w.onTurn = func(int) bool { vanish := lost; lost = false; return vanish }
	w.finish(ledger.Succeeded)
	w.wantLine("was asked for already, and is gone on with")
	if got := w.images("eu-west-1"); len(got) != 1 || !w.data().Adopted {
		t.Errorf("got %+v, want one image, adopted", got)
	}
}

func TestCopiesAndShares(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: "db-1", CopyTo: []Place{{Environment: "prod", Region: "eu-central-1", Account: "123456789012"},
		{Environment: "other", Region: "eu-central-1", Account: accountB}}, Share: []string{"333333333333"}})
	w.until("copying", w.at(stepCopies))
	if got := w.readers(); got != accountB {
		t.Errorf("got snapshots that %q may read while they are copied, want %s", got, accountB)
	}
	w.finish(ledger.Succeeded)
	if got := w.readers(); got != "" {
		t.Errorf("got snapshots that %q may read afterwards, want none", got)
	}
	d := w.data()
	if len(d.Copies) != 2 || !d.Copies[0].Available || !d.Copies[1].Available {
		t.Fatalf("got copies %+v", d.Copies)
	}
	if got := w.images("eu-central-1"); len(got) != 1 || got[0].Tags["amiral:operation"] != "op-test000001" {
		t.Errorf("got %+v in the other region", got)
	}
	if m := w.manifest("prod", d.Copies[0].Image); m.Digest() != d.Digest {
		t.Errorf("got another manifest of the copy")
	}
	w.manifest("other", d.Copies[1].Image)
	c, _ := w.all.In("prod")
	if with, err := c.SharedWith(t.Context(), d.Image); err != nil || len(with) != 1 || with[0] != "333333333333" {
		t.Errorf("got shared with %v, %v, want what was asked for only", with, err)
	}
}

func TestCancellingRemovesWhatWasMade(t *testing.T) {
	for _, way := range []Way{Reboot, Standby, Twin} {
		t.Run(string(way), func(t *testing.T) {
			w := newWorld(t)
			want := Want{Instance: string(w.member), Way: way}
			if way == Reboot {
				want.Instance = string(w.db)
			}
			w.propose(want)
			w.until("the image", w.at(stepFollow))
			w.ask("cancel", sre)
			w.finish(ledger.Cancelled)
			if got := w.images("eu-west-1"); len(got) != 0 {
				t.Errorf("got %+v, want no image", got)
			}
			w.wantOrder()
			w.wantOutcome("Cancelled by {user:USRE}", string(w.data().Image)+" was deregistered again")
		})
	}
}

func TestTheCardShowsHowFarItIs(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Instance: "db-1"})
	if got := w.picture(); !strings.Contains(got, "(doing) Check") {
		t.Errorf("got\n%s", got)
	}
	w.until("half", func() bool { return w.data().Progress.Percent > 30 })
	got := w.picture()
	for _, want := range []string{" of 28 GiB saved", "(done) Wrote down 2 packages", "(doing) Make " + string(w.data().Image), "<cancel Cancel", "Last look at AWS"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q", got, want)
		}
	}
	w.finish(ledger.Succeeded)
	if got := w.picture(); !strings.Contains(got, "<run Show /ami show "+string(w.data().Image)+" --in prod>") || strings.Contains(got, "Cancel") {
		t.Errorf("got\n%s", got)
	}
}

// readers are the accounts that may read the image's first snapshot.
func (w *world) readers() string {
	body := w.ec2("Action=DescribeSnapshotAttribute&Attribute=createVolumePermission&SnapshotId=" + w.data().Snapshots[0])
	_, rest, _ := strings.Cut(body, "<userId>")
	account, _, _ := strings.Cut(rest, "<")
	return account
}
