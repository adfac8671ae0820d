package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// gallery is a cloud with images to look at.
type gallery struct {
	*cloud
	region string // eu-west-1 when empty
	shared map[fleet.ImageID][]string
	refs   []fleet.Reference
	hidden error // what refers to images cannot be seen
	snaps  []fleet.Snapshot
}

func (g *gallery) Identity(context.Context) (fleet.Identity, error) {
	return fleet.Identity{Account: "123456789012", Region: otherwise(g.region, "eu-west-1")}, g.err
}

func (g *gallery) Image(ctx context.Context, id fleet.ImageID) (fleet.Image, error) {
	fleet.Called(ctx)
	for _, i := range g.images {
		if i.ID == id {
			return i, g.err
		}
	}
	return fleet.Image{}, cmpErr(g.err, absent(string(id)))
}

func (g *gallery) ImageNamed(_ context.Context, name string) (fleet.Image, error) {
	for _, i := range g.images {
		if i.Name == name {
			return i, g.err
		}
	}
	return fleet.Image{}, cmpErr(g.err, absent(name))
}

func (g *gallery) OwnImages(ctx context.Context) ([]fleet.Image, error) {
	fleet.Called(ctx)
	return g.images, g.err
}

func (g *gallery) SharedWith(_ context.Context, id fleet.ImageID) ([]string, error) {
	return g.shared[id], g.err
}

func (g *gallery) ImageReferences(_ context.Context, ids ...fleet.ImageID) ([]fleet.Reference, error) {
	if g.hidden != nil {
		return nil, g.hidden
	}
	return slices.DeleteFunc(slices.Clone(g.refs), func(r fleet.Reference) bool { return !slices.Contains(ids, r.Image) }), g.err
}

func (g *gallery) Templates(context.Context) ([]fleet.Template, error) {
	return []fleet.Template{{ID: "lt-1", Name: "web-lt", Default: 1, Latest: 2}}, g.err
}

func (g *gallery) CurrentVersions(context.Context) ([]fleet.TemplateVersion, error) {
	return g.versions, g.err
}

func (g *gallery) TemplateVersions(context.Context, fleet.TemplateRef) ([]fleet.TemplateVersion, error) {
	return g.versions, g.err
}

func (g *gallery) Parameter(_ context.Context, name string) (fleet.Parameter, error) {
	return fleet.Parameter{}, cmpErr(g.err, absent(name))
}

func (g *gallery) Snapshots(_ context.Context, ids ...string) ([]fleet.Snapshot, error) {
	return slices.DeleteFunc(slices.Clone(g.snaps), func(s fleet.Snapshot) bool { return !slices.Contains(ids, s.ID) }), g.err
}

func (g *gallery) SnapshotsOf(_ context.Context, volumes ...string) ([]fleet.Snapshot, error) {
	return slices.DeleteFunc(slices.Clone(g.snaps), func(s fleet.Snapshot) bool { return !slices.Contains(volumes, s.Volume) }), g.err
}

func (g *gallery) Instance(_ context.Context, id fleet.InstanceID) (fleet.Instance, error) {
	for _, i := range g.machines {
		if i.ID == id {
			return i, g.err
		}
	}
	return fleet.Instance{}, cmpErr(g.err, absent(string(id)))
}

func (g *gallery) FindInstances(_ context.Context, text string, _ int) ([]fleet.Instance, error) {
	return slices.DeleteFunc(slices.Clone(g.machines), func(i fleet.Instance) bool { return i.Name != text }), g.err
}

// shrine is what is and was golden, newest first.
type shrine []family.Golden

func (s shrine) Golden(_ context.Context, env, name string) (family.Golden, error) {
	for _, g := range s {
		if g.Environment == env && g.Family == name {
			return g, nil
		}
	}
	return family.Golden{}, fault.New(fault.NotFound, "The family %s has no golden image in %s.", name, env)
}

func (s shrine) All(context.Context, string) ([]family.Golden, error) { return s[:min(1, len(s))], nil }

func (s shrine) History(context.Context, string, string, int) ([]family.Golden, error) { return s, nil }

// captures are the manifests that are known.
type captures map[fleet.ImageID]baseline.Manifest

func (c captures) Get(_ context.Context, _ string, id fleet.ImageID) (baseline.Manifest, error) {
	if m, ok := c[id]; ok {
		return m, nil
	}
	return baseline.Manifest{}, fault.New(fault.NotFound, "There is no manifest of %s, because it was not baked by amiral.", id)
}

// newGallery has web-2026.10.1 golden, and web-2026.11.2 newer than that.
func newGallery(t *testing.T, all ...ledger.Record) (*world, *gallery) {
	t.Helper()
	w := newWorld(t, all...)
	g := &gallery{cloud: w.cloud, shared: map[fleet.ImageID][]string{}}
	for n := range g.images {
		i := &g.images[n]
		i.Owner, i.Root, i.Platform, i.Tags = "123456789012", "/dev/xvda", "Linux/UNIX", map[string]string{family.Tag: "web", "team": "web"}
		i.Disks = []fleet.Disk{
			{Device: "/dev/xvda", Snapshot: fmt.Sprintf("snap-%d0", n), Size: 8 + 4*n, Type: "gp3", Deleted: true, Root: true},
			{Device: "/dev/xvdb", Snapshot: fmt.Sprintf("snap-%d1", n), Size: 100, Type: "gp3"},
		}
		for k, d := range i.Disks {
			g.snaps = append(g.snaps, fleet.Snapshot{ID: d.Snapshot, Volume: fmt.Sprintf("vol-%d", k), State: "completed", Percent: 100, Size: d.Size, Started: i.Created,
				Description: "Created by CreateImage(i-web1) for " + string(i.ID)})
		}
	}
	g.images[0].SourceInstance, g.images[0].SourceImage = "i-web1", "ami-0a1"
	g.machines[0].Name, g.machines[0].Disks = "web-1", []fleet.Disk{{Device: "/dev/xvda", Volume: "vol-0", Root: true}, {Device: "/dev/xvdb", Volume: "vol-1"}}
	g.refs = []fleet.Reference{
		{Image: "ami-0a1", Type: "ec2:Instance", ARN: "arn:aws:ec2:eu-west-1:123456789012:instance/i-web1"},
		{Image: "ami-0a1", Type: "ec2:Instance", ARN: "arn:aws:ec2:eu-west-1:123456789012:instance/i-web2"},
		{Image: "ami-0a1", Type: "ec2:LaunchTemplate", ARN: "arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1"},
		{Image: "ami-0b2", Type: "ec2:LaunchTemplate", ARN: "arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1/2", Version: 2},
		{Image: "ami-0b2", Type: "ec2:LaunchTemplate", ARN: "arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-1/3", Version: 3},
	}
	golden := shrine{{Environment: "production", Family: "web", Image: "ami-0a1", Name: "web-2026.10.1", At: noon.AddDate(0, 0, -20), By: sre, Op: "op-gold", Revision: 1}}
	fleets := func(string) (Fleet, error) { return g, nil }
	a := &AMI{Site: Site{Settings: settings(), Records: w.records, Fleets: fleets}, Golden: golden, Now: func() time.Time { return noon },
		Regions:   func(string, string) (Fleet, error) { return &gallery{cloud: &cloud{}, region: "eu-central-1"}, nil },
		Manifests: captures{"ami-0a1": {Image: "ami-0a1", At: noon, Packages: map[string]string{"nginx": "1.26", "zlib": "1"}}}}
	book, err := NewBook(a.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book, w.desk.Kinds = book, a.Kinds()
	return w, g
}

// read is a card with its table and its buttons, as a person would read it aloud.
func readOut(c *card.Card) string {
	if c == nil {
		return "(nothing)"
	}
	var b strings.Builder
	row := func(cells []string) { fmt.Fprintln(&b, "| "+strings.Join(cells, " | ")+" |") }
	for _, s := range c.Sections {
		if s.Table == nil {
			continue
		}
		var heads []string
		for _, col := range s.Table.Columns {
			heads = append(heads, col.Label)
		}
		row(heads)
		for _, r := range s.Table.Rows {
			var cells []string
			for _, cell := range r {
				cells = append(cells, spoken(cell))
			}
			row(cells)
		}
	}
	for _, button := range c.Buttons {
		fmt.Fprintf(&b, "[%s] %s\n", button.Label, button.ID)
	}
	return text(c) + b.String()
}

func TestImagesGolden(t *testing.T) {
	for name, words := range map[string]string{
		"ami_list": "ami list web", "ami_show": "ami show ami-0b2", "ami_show_family": "ami show web", "ami_diff": "ami diff web ami-0b2",
		"ami_snapshots_image": "ami snapshots ami-0b2", "ami_snapshots_instance": "ami snapshots web-1",
		"ami_families": "ami families", "ami_history": "ami history web",
		"ami_promote": "ami promote ami-0b2 --family web --dry-run", "ami_retire_needed": "ami retire ami-0a1",
		"ami_prune": "ami prune web --keep 1 --dry-run",
	} {
		w, _ := newGallery(t)
		golden(t, name, readOut(w.says(words).Reply))
	}
}

func TestWhatIsAskedAboutImagesIsProposed(t *testing.T) {
	for words, want := range map[string]string{
		"ami promote ami-0b2 --family web":           "promote Make ami-0b2 the golden image of web",
		"ami promote web-2026.11.2 --family api":     "promote Make ami-0b2 the golden image of api",
		"ami copy web --to eu-central-1":             "copy Copy ami-0a1 to eu-central-1",
		"ami share ami-0b2 --with 210987654321":      "share Share ami-0b2 with 210987654321",
		"ami tag ami-0b2 stage=tested --remove team": "tag Tag ami-0b2",
		"ami retire ami-0b2 --with-old-versions":     "",
		"ami unshare ami-0b2 --with 210987654321":    "",
		"ami tag ami-0b2 amiral:family=x":            "",
		"ami copy ami-0b2 --to moon":                 "",
		"ami promote nothing-there --family web":     "",
		"ami revert web":                             "",
	} {
		w, _ := newGallery(t)
		r := w.says(words)
		got := ""
		if len(w.gate.asked) > 0 {
			got = w.gate.spec.Kind + " " + w.gate.spec.Title
		}
		if got != want {
			t.Errorf("%s: got %q, want %q: %s", words, got, want, readOut(r.Reply))
		}
	}
}

func TestWrongImagesAreGuessed(t *testing.T) {
	w, _ := newGallery(t)
	for words, want := range map[string]string{
		"ami show ami-0b3":           "Did you mean `ami-0b2`?",
		"ami show wev-2026.11.2":     "Did you mean `web-2026.11.2`?",
		"ami copy ami-0b2 --to moon": "A region looks like `eu-central-1`.",
		"ami tag ami-0b2 x":          "Write it like `team=web`",
		"ami snapshots i-gone":       "There is no instance i-gone.",
		"ami retire ami-0b2 --undo":  "is neither disabled nor deprecated",
	} {
		if got := readOut(w.says(words).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %q", words, got, want)
		}
	}
}

// TestUndoStopsARetirementThatRuns: by a signal, as its button would.
func TestUndoStopsARetirementThatRuns(t *testing.T) {
	rec := op("op-ret", ledger.Running)
	rec.Kind, rec.Title, rec.Target = "retire", "Retire ami-0b2", "ami-0b2"
	rec.Payload, rec.Data = []byte(`{"images":[{"id":"ami-0b2"}]}`), []byte(`{"images":[{"id":"ami-0b2","stage":"disabled"}]}`)
	w, _ := newGallery(t, rec)
	got := readOut(w.says("ami retire ami-0b2 --undo").Reply)
	if !slices.Equal(w.gate.asked, []string{"signal op-ret v-1 UDEV rollback"}) || !strings.Contains(got, "It is being taken back") {
		t.Errorf("got %q: %s", w.gate.asked, got)
	}
	gone := rec
	gone.State, gone.Data = ledger.Succeeded, []byte(`{"images":[{"id":"ami-0gone","name":"web-0","stage":"gone","fates":[{"snapshot":"snap-9","code":"skipped"}]}]}`)
	w, _ = newGallery(t, gone)
	got = readOut(w.says("ami retire ami-0gone --undo").Reply)
	if !strings.Contains(got, "It is too late: web-0 (ami-0gone) was deregistered by op-ret. Of its snapshots snap-9 is kept (another image has it, too).") {
		t.Errorf("got %s, want that it is too late and what is left", got)
	}
}

func TestAListOfImagesHasPages(t *testing.T) {
	w, g := newGallery(t)
	for n := range 43 {
		g.images = append(g.images, fleet.Image{ID: fleet.ImageID(fmt.Sprintf("ami-x%02d", n)), Name: fmt.Sprintf("x-%02d", n), State: "available", Created: noon})
	}
	got := w.says("ami list --page 3").Reply
	if rows := len(got.Sections[0].Table.Rows); rows != 5 {
		t.Errorf("got %d rows on the last page, want 5", rows)
	}
	if got := readOut(w.says("ami list nowhere").Reply); !strings.Contains(got, "None of the 45 images in production belongs to the family nowhere") {
		t.Errorf("got %s", got)
	}
}

// TestASnapshotWhoseImageIsGoneRestoresDataOnly: nothing starts a machine from it any more.
func TestASnapshotWhoseImageIsGoneRestoresDataOnly(t *testing.T) {
	w, g := newGallery(t)
	g.snaps = append(g.snaps, fleet.Snapshot{ID: "snap-old", Volume: "vol-0", State: "completed", Size: 8, Started: noon.AddDate(0, 0, -90), Description: "Created by CreateImage(i-web1) for ami-0gone"})
	got := readOut(w.says("ami snapshots web-1").Reply)
	if !strings.Contains(got, "the root volume's data (/dev/xvda); its image `ami-0gone` is gone") || strings.Contains(got, "[Show ami-0gone]") {
		t.Errorf("got %s, want that its image is gone", got)
	}
}

// TestAListGoesOnWithoutWhatAWSHides: what refers to images may be hidden from the bot, the images are not.
func TestAListGoesOnWithoutWhatAWSHides(t *testing.T) {
	w, g := newGallery(t)
	g.hidden = &fleet.Error{Kind: fleet.Refused, Code: "UnauthorizedOperation", Message: "no"}
	got := readOut(w.says("ami list web").Reply)
	if strings.Contains(got, "Used by") || !strings.Contains(got, "AWS does not let me see what refers to images.") || !strings.Contains(got, "web-2026.11.2") {
		t.Errorf("got %s, want the list without a column", got)
	}
}
