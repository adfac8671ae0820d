package commands

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
)

// imageSnapshot is a snapshot with what it is known by.
type imageSnapshot struct {
	fleet.Snapshot
	device string
	root   bool
	image  fleet.ImageID // that it was made for; empty: for none that is known
	gone   bool          // that image is deregistered
}

func (a *AMI) snapshots(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	word := c.Words.Arg("image")
	i, err := a.machine(ctx, f, word)
	if err != nil {
		return Result{}, err
	}
	if i != nil {
		return a.ofInstance(ctx, c, env, f, *i)
	}
	img, err := a.named(ctx, f, env, word)
	if err != nil {
		return Result{}, err
	}
	return a.ofImage(ctx, c, env, f, img)
}

// mostNamed is how many instances are looked through for a name: a page of AWS's.
const mostNamed = 1000

// machine finds the instance that is meant, by its id or its name; nil when it is none, and may be an image.
func (a *AMI) machine(ctx context.Context, f Fleet, word string) (*fleet.Instance, error) {
	if strings.HasPrefix(word, "ami-") {
		return nil, nil
	}
	if strings.HasPrefix(word, "i-") {
		i, err := f.Instance(ctx, fleet.InstanceID(word))
		if err != nil && (fleet.KindOf(err) == fleet.Absent || fleet.KindOf(err) == fleet.Rejected) {
			return nil, fault.New(fault.NotFound, "There is no instance %s.", card.Inert(short(word, 80))).
				WithHint("Its images may still be there: `/ami list` shows them.")
		}
		if err != nil {
			return nil, fmt.Errorf("read instance %s: %w", word, err)
		}
		return &i, nil
	}
	some, err := f.FindInstances(ctx, word, mostNamed)
	if err != nil {
		return nil, fmt.Errorf("find an instance %s: %w", word, err)
	}
	some = slices.DeleteFunc(some, func(i fleet.Instance) bool { return i.Name != word })
	switch len(some) {
	case 0:
		return nil, nil
	case 1:
		return &some[0], nil
	}
	return nil, fault.New(fault.Invalid, "%d instances are named %s.", len(some), card.Inert(word)).WithHint("Name one by its id, such as `%s`.", some[0].ID)
}

func (a *AMI) ofImage(ctx context.Context, c *Call, env Environment, f Fleet, i foundImage) (Result, error) {
	var ids []string
	for _, d := range i.Disks {
		if d.Snapshot != "" {
			ids = append(ids, d.Snapshot)
		}
	}
	var all []fleet.Snapshot
	if len(ids) > 0 {
		var err error
		if all, err = f.Snapshots(ctx, ids...); err != nil {
			return Result{}, fmt.Errorf("read the snapshots of %s: %w", i.ID, err)
		}
	}
	var rows []imageSnapshot
	for _, d := range i.Disks {
		n := slices.IndexFunc(all, func(s fleet.Snapshot) bool { return s.ID == d.Snapshot })
		s := imageSnapshot{Snapshot: fleet.Snapshot{ID: d.Snapshot, Size: d.Size, State: "not to be seen"}, device: d.Device, root: d.Root || d.Device == i.Root, image: i.ID}
		if n >= 0 {
			s.Snapshot = all[n]
		}
		rows = append(rows, s)
	}
	k := card.Card{Title: "Snapshots of " + image.Words(i.ID, i.Name), Summary: fmt.Sprintf("%s of %s", count(len(rows), "snapshot"), i.ID), Foot: i.taken()}
	k.Sections = append(a.shelf(c, rows), card.Para(imageRestores(i.Image)))
	k.Buttons = []card.Button{card.Run("Show the image", insideOf("/ami show "+string(i.ID), env))}
	return reply(k), nil
}

// madeFor is how AWS describes the snapshots of an image: "Created by CreateImage(i-0abc) for ami-0def".
var madeFor = regexp.MustCompile(`\bfor (?:DestinationAmi )?(ami-[0-9a-z]+)`)

func (a *AMI) ofInstance(ctx context.Context, c *Call, env Environment, f Fleet, i fleet.Instance) (Result, error) {
	name := otherwise(i.Name, string(i.ID))
	devices, roots := map[string]string{}, map[string]bool{}
	var volumes []string
	for _, d := range i.Disks {
		if d.Volume != "" {
			volumes = append(volumes, d.Volume)
			devices[d.Volume], roots[d.Volume] = d.Device, d.Root || d.Device == i.Root
		}
	}
	var all []fleet.Snapshot
	if len(volumes) > 0 {
		var err error
		if all, err = f.SnapshotsOf(ctx, volumes...); err != nil {
			return Result{}, fmt.Errorf("read the snapshots of %s: %w", i.ID, err)
		}
	}
	k := card.Card{Title: "Snapshots of " + name, Summary: fmt.Sprintf("%s of the volumes of %s", count(len(all), "snapshot"), name)}
	k.Foot = []card.Text{card.T("%s has %s attached.", i.ID, count(len(volumes), "volume"))}
	if len(all) == 0 {
		k.Sections = []card.Section{card.Para(card.T("This account has no snapshot of the volumes of %s, so their data cannot be restored.", name))}
		k.Buttons = []card.Button{card.Run("Bake an image…", insideOf("/ami bake "+string(i.ID), env))}
		return reply(k), nil
	}
	rows := make([]imageSnapshot, len(all))
	for n, s := range all {
		rows[n] = imageSnapshot{Snapshot: s, device: devices[s.Volume], root: roots[s.Volume]}
		if m := madeFor.FindStringSubmatch(s.Description); m != nil {
			rows[n].image = fleet.ImageID(m[1])
		}
	}
	from, to, _ := pageOf(c, len(rows))
	images, err := standingImages(ctx, f, rows[from:to])
	if err != nil {
		return Result{}, err
	}
	k.Sections = append(a.shelf(c, rows), card.Para(card.Join(card.Text{{Bold: "What they restore"}}, card.T(
		"\nA snapshot restores the data of one volume, as it was at its moment: a new volume is made of it and attached to a machine that runs. "+
			"It starts no machine. The whole machine comes back from an image, which names the snapshots of all its volumes and how to start from them."))))
	for _, id := range images[:min(len(images), 3)] {
		k.Buttons = append(k.Buttons, card.Run("Show "+string(id), insideOf("/ami show "+string(id), env)))
	}
	k.Buttons = append(k.Buttons, card.Run("Bake an image…", insideOf("/ami bake "+string(i.ID), env)))
	return reply(k), nil
}

// standingImages looks which of the images that snapshots were made for are still there, and returns those: with the others,
// only the data can be restored.
func standingImages(ctx context.Context, f Fleet, rows []imageSnapshot) ([]fleet.ImageID, error) {
	var named, there []fleet.ImageID
	for _, r := range rows {
		if r.image != "" && !slices.Contains(named, r.image) {
			named = append(named, r.image)
		}
	}
	if len(named) == 0 {
		return nil, nil
	}
	found, err := f.Images(ctx, named...)
	if err != nil {
		return nil, fmt.Errorf("read the images of snapshots: %w", err)
	}
	for _, id := range named {
		if slices.ContainsFunc(found, func(i fleet.Image) bool { return i.ID == id && i.State != "deregistered" }) {
			there = append(there, id)
		}
	}
	for n := range rows {
		rows[n].gone = rows[n].image != "" && !slices.Contains(there, rows[n].image)
	}
	return there, nil
}

// shelf is a table of snapshots, with the way to its other pages.
func (a *AMI) shelf(c *Call, rows []imageSnapshot) []card.Section {
	from, to, pages := pageOf(c, len(rows))
	t := &card.Table{Columns: []card.Column{{Label: "Snapshot"}, {Label: "Age"}, {Label: "GiB", Right: true}, {Label: "State"}, {Label: "Restores"}}}
	for _, s := range rows[from:to] {
		aged := ""
		if !s.Started.IsZero() {
			aged = card.Span(a.now().Sub(s.Started))
		}
		t.Rows = append(t.Rows, []card.Text{card.Code(s.ID), card.T("%s", aged), card.T("%d", s.Size), card.T("%s", s.standing()), s.worth()})
	}
	sections := []card.Section{{Table: t}}
	if pages.Text != nil {
		sections = append(sections, pages)
	}
	return sections
}

// standing is a snapshot's state as people should read it.
func (s imageSnapshot) standing() string {
	switch {
	case s.State == "pending":
		return fmt.Sprintf("%d %%", s.Percent)
	case s.Message != "":
		return s.State + ": " + s.Message
	case s.Tier == "archive":
		return s.State + ", archived: it takes days to come back"
	}
	return s.State
}

// worth says what a snapshot can restore.
func (s imageSnapshot) worth() card.Text {
	what := "data"
	if s.root {
		what = "the root volume's data"
	}
	t := card.T("%s of %s", what, otherwise(s.device, "a volume"))
	if s.root {
		t = card.T("%s (%s)", what, s.device)
	}
	switch {
	case s.gone:
		t = card.Join(t, card.T("; its image "), card.Code(string(s.image)), card.T(" is gone"))
	case s.image != "":
		t = card.Join(t, card.T("; the machine with "), card.Code(string(s.image)))
	}
	return t
}
