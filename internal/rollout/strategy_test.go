package rollout

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// policy gives the group a mixed instances policy.
func policy(g *awssim.Group) { g.Types = []string{"t3.micro", "t3.small"} }

func ids(g awssim.GroupState) string {
	var all []string
	for _, i := range g.Instances {
		all = append(all, i.ID)
	}
	return strings.Join(all, " ")
}

// TestRootVolumesAreReplacedAndTakenBack: the same instances run the new image, judged by what EC2 shows; the next roll
// can be rolled back by AWS, since every instance type names its image by now; and so can a plain one follow.
func TestRootVolumesAreReplacedAndTakenBack(t *testing.T) {
	w := newWorld(t, 4, policy)
	before, _ := w.aws.Group("web")
	p := w.propose(Want{Image: "ami-0002", Strategy: InPlace})
	if p.Reversible || !strings.Contains(inFull(p), "instances keep their ids, addresses and data volumes") || !strings.Contains(inFull(p), "not certain that AWS could replace root volumes back") {
		t.Errorf("got %v %s", p.Reversible, inFull(p))
	}
	w.finish(ledger.Succeeded)
	after, _ := w.aws.Group("web")
	if ids(before) != ids(after) {
		t.Errorf("got instances %s, want %s", ids(after), ids(before))
	}
	w.wantRuns("[v2 ami-0002:4]")
	w.wantOutcome("web runs ami-0002 (version 2) on all 4 instances.")

	back, ok := Previous(w.rec)
	if !ok || back.Strategy != InPlace || back.Version != 1 {
		t.Fatalf("got %+v, %v", back, ok)
	}
	if p = w.propose(back); !p.Reversible || p.Order.Image != "ami-0001" {
		t.Errorf("got %+v", p.Order)
	}
	w.finish(ledger.Succeeded)
	after, _ = w.aws.Group("web")
	if ids(before) != ids(after) {
		t.Errorf("got instances %s, want %s", ids(after), ids(before))
	}

	if p = w.propose(Want{Image: "ami-0002"}); p.Order.Image != "ami-0002" || p.Order.Strategy != "" {
		t.Errorf("got %+v", p.Order)
	}
	w.finish(ledger.Succeeded)
	after, _ = w.aws.Group("web")
	if ids(before) == ids(after) {
		t.Error("no instance was replaced by a plain rollout")
	}
}

// TestStaleVersionsOfReplacedRootVolumesAreSeenThrough: AWS may go on showing the version that an instance was launched
// from; what EC2 shows is what counts.
func TestStaleVersionsOfReplacedRootVolumesAreSeenThrough(t *testing.T) {
	w := newWorld(t, 4, policy)
	w.fleet = unmoved{w.fleet}
	w.propose(Want{Image: "ami-0002", Strategy: InPlace, Canary: 25})
	w.until("asked", w.at(stepAsk))
	if d := w.data(); d.Progress.Replaced != 1 {
		t.Errorf("got %+v, want one replaced", d.Progress)
	}
	w.ask("continue", dev)
	w.finish(ledger.Succeeded)
	if d := w.data(); d.Fleet["2"] != 4 {
		t.Errorf("got %v, want 4 on version 2", d.Fleet)
	}
}

// unmoved shows members with the version that they were launched from.
type unmoved struct{ Fleet }

func (s unmoved) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := s.Fleet.Group(ctx, name)
	for i := range g.Instances {
		g.Instances[i].Template.Version = "1"
	}
	return g, err
}

func TestPreconditionsOfReplacingRootVolumes(t *testing.T) {
	ready := func(f *Facts) {
		f.Group.Mixed = &fleet.Mixed{Template: f.Group.Template, Types: []string{"m6i.large"}, Images: []fleet.ImageID{"ami-old"}}
		f.Group.Template = fleet.TemplateRef{}
		for _, id := range []fleet.ImageID{"ami-old", "ami-new"} {
			setImage(f, id, func(i *fleet.Image) {
				i.Root, i.Disks = "/dev/xvda", []fleet.Disk{{Device: "/dev/xvda", Size: 8, Root: true}}
			})
		}
	}
	for name, c := range map[string]struct {
		edit func(*Facts)
		stop string
	}{
		"all is well":     {func(*Facts) {}, ""},
		"no policy":       {func(f *Facts) { f.Group.Template, f.Group.Mixed = f.Group.Mixed.Template, nil }, "only in groups with a mixed instances policy"},
		"no types":        {func(f *Facts) { f.Group.Mixed.Types = nil }, "only in groups with a mixed instances policy"},
		"two volumes":     {func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Volumes = 2 }) }, "it has 2 volumes"},
		"two volumes now": {func(f *Facts) { setImage(f, "ami-old", func(i *fleet.Image) { i.Volumes = 2 }) }, "the present image has 2 volumes"},
		"a smaller root":  {func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Disks[0].Size = 4 }) }, "its root volume has 4 GiB, the instances' have 8"},
		"a larger template": {func(f *Facts) {
			f.From.Fields["BlockDeviceMappings.0.DeviceName"], f.From.Fields["BlockDeviceMappings.0.Ebs.VolumeSize"] = "/dev/xvda", "30"
		}, "the instances' have 30"},
		"another boot mode": {func(f *Facts) {
			setImage(f, "ami-new", func(i *fleet.Image) { i.BootMode = "uefi" })
			setImage(f, "ami-old", func(i *fleet.Image) { i.BootMode = "legacy-bios" })
		}, "it boots by uefi"},
		"another platform": {func(f *Facts) {
			setImage(f, "ami-new", func(i *fleet.Image) { i.Platform = "Windows" })
			setImage(f, "ami-old", func(i *fleet.Image) { i.Platform = "Linux/UNIX" })
		}, "it is billed as Windows"},
		"a product code":       {func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Products = []string{"abc"} }) }, "product codes"},
		"a stranger":           {func(f *Facts) { f.Instances["i-03"] = fleet.Instance{ID: "i-03", Image: "ami-else"} }, "1 instance runs another image than the group launches"},
		"another architecture": {func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Architecture = "arm64" }) }, "is for arm64"},
	} {
		f := sane(12)
		ready(&f)
		c.edit(&f)
		p, err := New(f, Want{Image: "ami-new", Strategy: InPlace})
		if err != nil {
			t.Fatal(err)
		}
		stops := p.Stops()
		if c.stop == "" && len(stops) > 0 || c.stop != "" && (len(stops) == 0 || !strings.Contains(stops[0].Text, c.stop)) {
			t.Errorf("%s: got %+v, want %q", name, stops, c.stop)
		}
	}
	if _, err := New(sane(12), Want{Image: "ami-new", Strategy: InPlace, MaxHealthy: ptr(120)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want --max-healthy refused", err)
	}
	f := sane(12)
	ready(&f)
	f.Stores, f.Group.Instances[0].Type = map[string]bool{"i3.large": true}, "i3.large"
	if p, err := New(f, Want{Image: "ami-new", Strategy: InPlace}); err != nil || p.Blast().DataLost || p.Pace.Ceiling != 12 || p.Pace.Floor != 11 {
		t.Errorf("got %+v, %v", p.Pace, err)
	}
}

// TestAnImageThatIsStillToBeMade: the plan can be read and approved before there is the image, and once there is, what
// was approved is compared with how things are in everything else.
func TestAnImageThatIsStillToBeMade(t *testing.T) {
	f := sane(12)
	f.Coming = fleet.Image{Name: "golden-2026-12", State: "available", Architecture: "x86_64", Volumes: 1}
	p, err := New(f, Want{Coming: "golden-2026-12", Canary: 10})
	if err != nil || len(p.Findings) > 0 || p.Title() != "Roll web to golden-2026-12" || !p.Makes() {
		t.Fatalf("got %s %+v, %v", p.Title(), p.Findings, err)
	}
	body, _ := json.Marshal(p)
	var stored Plan
	if err := json.Unmarshal(body, &stored); err != nil || stored.Digest() != p.Digest() {
		t.Fatalf("got %v", err)
	}
	image := fleet.Image{ID: "ami-12", Name: "golden-2026-12", State: "available", Architecture: "x86_64", Volumes: 1}
	there := stored.With(image)
	f.Images[image.ID] = image
	now, err := there.Again(f)
	if err != nil || len(there.Changed(now)) > 0 {
		t.Fatalf("got %+v, %v, want nothing changed", there.Changed(now), err)
	}
	f.From.Number, f.Group.Template.Version = 4, "4"
	if now, err = there.Again(f); err != nil || len(there.Changed(now)) == 0 {
		t.Errorf("got nothing changed, %v", err)
	}
	f = sane(12)
	f.Coming = fleet.Image{Name: "golden-arm", Architecture: "arm64"}
	if p, _ = New(f, Want{Coming: "golden-arm"}); len(p.Stops()) != 1 || !strings.Contains(p.Stops()[0].Text, "Image golden-arm is for arm64") {
		t.Errorf("got %+v", p.Findings)
	}
}

type pointed map[string]fleet.ImageID

func (g pointed) Golden(_ context.Context, _, name string) (family.Golden, error) {
	if g[name] == "" {
		return family.Golden{}, fault.New(fault.NotFound, "none")
	}
	return family.Golden{Image: g[name]}, nil
}

// TestAFamilyThatMovedOnIsTold, and what was approved is what is rolled out.
func TestAFamilyThatMovedOnIsTold(t *testing.T) {
	for line, families := range map[string]pointed{
		"The golden image of web is ami-0003 by now; ami-0002, which was approved, is rolled out.":  {"web": "ami-0003"},
		"The family web has no golden image any more; ami-0002, which was approved, is rolled out.": {},
		"": {"web": "ami-0002"},
	} {
		w := newWorld(t, 2)
		w.families = families
		p := w.propose(Want{Image: "ami-0002", Family: "web"})
		if !strings.Contains(inFull(p), "the golden image of web") {
			t.Errorf("got %s", inFull(p))
		}
		w.finish(ledger.Succeeded)
		if line == "" && strings.Contains(strings.Join(w.lines, "\n"), "golden") {
			t.Errorf("got %q", w.lines)
		}
		w.wantLine(line)
		w.wantRuns("[v2 ami-0002:2]")
	}
}

// inFull is the whole plan as words.
func inFull(p Plan) string { return plain(card.Picture{Sections: p.Sections()}) }
