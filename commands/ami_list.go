package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// looking are the commands that only read.
func (a *AMI) looking() []Command {
	in := a.Settings.in()
	optional := familyArg()
	optional.Optional = true
	return []Command{
		{Path: []string{"ami", "list"}, Summary: "List the images there are, or those of a family, newest first.", Example: "/ami list web", ReadOnly: true,
			Args: []grammar.Arg{optional}, Flags: []grammar.Flag{in, paging()}, Run: a.prompt(a.list)},
		{Path: []string{"ami", "show"}, Summary: "Show an image: what it is, where it comes from, what refers to it, what it can restore.", Example: "/ami show ami-0b2", ReadOnly: true,
			Args: []grammar.Arg{imageArg("image")}, Flags: []grammar.Flag{in}, Run: a.prompt(a.show)},
		{Path: []string{"ami", "diff"}, Summary: "Compare two images: facts, disks, and what is on them as far as that was captured.", Example: "/ami diff ami-0a1 ami-0b2", ReadOnly: true,
			Args: []grammar.Arg{imageArg("image"), imageArg("other")}, Flags: []grammar.Flag{in}, Run: a.prompt(a.diff)},
		{Path: []string{"ami", "snapshots"}, Summary: "Show the snapshots of an image or an instance, and what each can restore.", Example: "/ami snapshots ami-0b2", ReadOnly: true,
			Details: "An image restores a whole machine. A snapshot restores the data of one volume.",
			Args:    []grammar.Arg{{Name: "image", About: "an image (by id, name or family) or an instance (by id or its Name tag)", Pick: grammar.Source}},
			Flags:   []grammar.Flag{in, paging()}, Run: a.prompt(a.snapshots)},
		{Path: []string{"ami", "families"}, Summary: "List the families with their golden images.", Example: "/ami families", ReadOnly: true,
			Flags: []grammar.Flag{in, paging()}, Run: a.families},
		{Path: []string{"ami", "history"}, Summary: "Show which images of a family were golden, and who made them so.", Example: "/ami history web", ReadOnly: true,
			Args: []grammar.Arg{familyArg()}, Flags: []grammar.Flag{in, paging()}, Run: a.history},
	}
}

func (a *AMI) list(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	name := c.Words.Arg("family")
	images, err := f.OwnImages(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("list images: %w", err)
	}
	total := len(images)
	images = slices.DeleteFunc(slices.Clone(images), func(i fleet.Image) bool {
		return i.State == "deregistered" || name != "" && i.Tags[family.Tag] != name
	})
	stars, err := a.stars(ctx, env)
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: "Images in " + env.Name, Summary: fmt.Sprintf("%s in %s", count(len(images), "image"), env.Name)}
	if name != "" {
		k.Title = "Images of " + name + " in " + env.Name
	}
	if len(images) == 0 {
		k.Sections = []card.Section{card.Para(card.T("%s", noImagesText(name, total, env)))}
		return reply(k), nil
	}
	from, to, pages := pageOf(c, len(images))
	used, err := imagesUsed(ctx, f, images[from:to])
	if err != nil {
		return Result{}, err
	}
	k.Sections = append(k.Sections, card.Section{Table: a.table(images[from:to], stars, name == "", used)})
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	for _, i := range images[from:min(to, from+3)] {
		k.Buttons = append(k.Buttons, card.Run("Show "+short(otherwise(i.Name, string(i.ID)), 30), insideOf("/ami show "+string(i.ID), env)))
	}
	if slices.ContainsFunc(images[from:to], func(i fleet.Image) bool { return len(stars[i.ID]) > 0 }) {
		k.Foot = []card.Text{card.T("★ is the golden image of its family.")}
	}
	said := card.T("Used by: what AWS says refers to it, old versions of templates included.")
	if used == nil {
		said = card.T("AWS does not let me see what refers to images.")
	}
	k.Foot = append(k.Foot, said)
	return reply(k), nil
}

// imagesUsed are what refers to each of the images, in words; nil when AWS does not tell.
func imagesUsed(ctx context.Context, f Fleet, images []fleet.Image) (map[fleet.ImageID]string, error) {
	ids := make([]fleet.ImageID, len(images))
	for n, i := range images {
		ids[n] = i.ID
	}
	refs, err := f.ImageReferences(ctx, ids...)
	if err != nil && unreadable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find what refers to images: %w", err)
	}
	used := map[fleet.ImageID]string{}
	for _, id := range ids {
		own := slices.DeleteFunc(slices.Clone(refs), func(r fleet.Reference) bool { return r.Image != id })
		used[id] = imageReferrers(own, "nothing")
	}
	return used, nil
}

// noImages says why a list is empty.
func noImagesText(name string, total int, env Environment) string {
	switch {
	case name == "":
		return fmt.Sprintf("There is no image in %s.", env.Name)
	case total == 0:
		return fmt.Sprintf("There is no image in %s, of %s or any other family.", env.Name, name)
	}
	return fmt.Sprintf("None of the %s in %s belongs to the family %s: images belong to the one that their tag %s names.", count(total, "image"), env.Name, name, family.Tag)
}

// stars are the families of which each image is the golden one.
func (a *AMI) stars(ctx context.Context, env Environment) (map[fleet.ImageID][]string, error) {
	all, err := a.Golden.All(ctx, env.Name)
	if err != nil {
		return nil, err
	}
	stars := map[fleet.ImageID][]string{}
	for _, g := range all {
		stars[g.Image] = append(stars[g.Image], g.Family)
	}
	return stars, nil
}

// table lists images, with their families where they are of several.
func (a *AMI) table(images []fleet.Image, stars map[fleet.ImageID][]string, families bool, used map[fleet.ImageID]string) *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Name"}, {Label: "Image"}, {Label: "Age"}, {Label: "State"}, {Label: "Family"}, {Label: "GiB", Right: true}}}
	if !families {
		t.Columns[4].Label = "Golden"
	}
	if used != nil {
		t.Columns = append(t.Columns, card.Column{Label: "Used by"})
	}
	for _, i := range images {
		belongs := i.Tags[family.Tag]
		if golden := stars[i.ID]; len(golden) > 0 {
			belongs = "★ " + strings.Join(golden, ", ")
		} else if !families {
			belongs = ""
		}
		row := []card.Text{
			card.T("%s", i.Name), card.Code(string(i.ID)), card.T("%s", card.Span(a.now().Sub(i.Created))), card.T("%s", imageState(i, a.now())), card.T("%s", belongs), card.T("%d", imageSize(i)),
		}
		if used != nil {
			row = append(row, card.T("%s", used[i.ID]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (a *AMI) families(ctx context.Context, c *Call) (Result, error) {
	env, err := a.Settings.environment(c.Words.Text("in"), c.Channel)
	if err != nil {
		return Result{}, err
	}
	all, err := a.Golden.All(ctx, env.Name)
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: "Families in " + env.Name, Summary: fmt.Sprintf("Families with a golden image in %s: %d", env.Name, len(all))}
	if len(all) == 0 {
		k.Sections = []card.Section{card.Para(marked(fmt.Sprintf("No family has a golden image in %s. `/ami promote <image> --family <name>` makes one golden.", env.Name)))}
		return reply(k), nil
	}
	from, to, pages := pageOf(c, len(all))
	t := &card.Table{Columns: []card.Column{{Label: "Family"}, {Label: "Golden image"}, {Label: "Name"}, {Label: "Since"}, {Label: "By"}}}
	for _, g := range all[from:to] {
		t.Rows = append(t.Rows, []card.Text{card.T("%s", g.Family), card.Code(string(g.Image)), card.T("%s", g.Name), card.When(g.At), card.User(g.By.User)})
	}
	k.Sections = append(k.Sections, card.Section{Table: t})
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	for _, g := range all[from:min(to, from+3)] {
		k.Buttons = append(k.Buttons, card.Run("Images of "+short(g.Family, 30), insideOf("/ami list "+g.Family, env)))
	}
	return reply(k), nil
}

func (a *AMI) history(ctx context.Context, c *Call) (Result, error) {
	env, err := a.Settings.environment(c.Words.Text("in"), c.Channel)
	if err != nil {
		return Result{}, err
	}
	name := c.Words.Arg("family")
	all, err := a.Golden.History(ctx, env.Name, name, 200)
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: "Golden images of " + name + " in " + env.Name, Summary: fmt.Sprintf("%s of %s in %s so far", count(len(all), "promotion"), name, env.Name)}
	if len(all) == 0 {
		k.Sections = []card.Section{card.Para(marked(fmt.Sprintf("The family %s never had a golden image in %s. `/ami promote <image> --family %s` makes one golden.", name, env.Name, name)))}
		return reply(k), nil
	}
	from, to, pages := pageOf(c, len(all))
	t := &card.Table{Columns: []card.Column{{Label: "#", Right: true}, {Label: "Image"}, {Label: "Name"}, {Label: "Since"}, {Label: "By"}, {Label: "Operation"}}}
	for n, g := range all[from:to] {
		name := g.Name
		if g.Restores > 0 {
			name += fmt.Sprintf(" (back to #%d)", g.Restores)
		}
		if from+n == 0 {
			name = "★ " + name
		}
		t.Rows = append(t.Rows, []card.Text{card.T("%d", g.Revision), card.Code(string(g.Image)), card.T("%s", name), card.When(g.At), card.User(g.By.User), card.Code(string(g.Op))})
	}
	k.Sections = append(k.Sections, card.Section{Table: t})
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	k.Buttons = []card.Button{card.Run("Show", insideOf("/ami show "+string(all[0].Image), env))}
	if before, ok := family.Previous(all); ok {
		k.Buttons = append(k.Buttons,
			card.Run("Diff with the one before", insideOf("/ami diff "+string(before.Image)+" "+string(all[0].Image), env)),
			card.Run("Revert…", insideOf("/ami revert "+name, env)))
	}
	return reply(k), nil
}
