package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
	"github.com/amiral-ops/amiral/internal/template"
)

// shelved is a template as a list shows it.
type shelved struct {
	fleet.Template
	image fleet.ImageID // of its default version
}

// list lists the templates. One kind of call reads them with their default versions, another who launches from them.
func (t *Templates) list(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	current, err := f.CurrentVersions(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("list templates: %w", err)
	}
	all := shelve(current)
	total, part := len(all), strings.ToLower(c.Words.Arg("part"))
	all = slices.DeleteFunc(all, func(s shelved) bool { return !strings.Contains(strings.ToLower(s.Name), part) })
	k := card.Card{Title: "Launch templates in " + env.Name, Summary: fmt.Sprintf("%s in %s.", count(len(all), "launch template"), env.Name)}
	k.Foot = []card.Text{card.T("%s · %s", env.Name, env.Region)}
	if len(all) == 0 {
		k.Summary = noTemplates(total, part, env)
		k.Sections = []card.Section{card.Para(card.T("%s", k.Summary))}
		k.Buttons = []card.Button{card.Run("Create…", runIn(env, "/template create"))}
		return reply(k), nil
	}
	groups, err := f.Groups(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("list groups: %w", err)
	}
	from, to, pages := pageOf(c, len(all))
	names, err := imageNames(ctx, f, imagesOf(all[from:to]))
	if err != nil {
		return Result{}, err
	}
	k.Sections = []card.Section{templateTable(all[from:to], groups, names)}
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	k.Buttons = shelfButtons(env, all[from:to])
	return reply(k), nil
}

func noTemplates(total int, part string, env Environment) string {
	if total == 0 {
		return fmt.Sprintf("There is no launch template in %s.", env.Name)
	}
	return fmt.Sprintf("None of %s in %s has %q in its name.", count(total, "launch template"), env.Name, part)
}

// shelve makes templates of their latest and default versions.
func shelve(current []fleet.TemplateVersion) []shelved {
	found := map[fleet.TemplateID]*shelved{}
	var ids []fleet.TemplateID
	for _, v := range current {
		s := found[v.Template]
		if s == nil {
			s = &shelved{Template: fleet.Template{ID: v.Template, Name: v.Name}}
			found[v.Template], ids = s, append(ids, v.Template)
		}
		s.Latest = max(s.Latest, v.Number)
		if v.Default {
			s.Default, s.image = v.Number, v.Image
		}
	}
	var all []shelved
	for _, id := range ids {
		all = append(all, *found[id])
	}
	slices.SortFunc(all, func(a, b shelved) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// imagesOf are the images that AWS can be asked about, each once.
func imagesOf(all []shelved) []fleet.ImageID {
	var ids []fleet.ImageID
	for _, s := range all {
		if s.image != "" && !s.image.IsParameter() && !slices.Contains(ids, s.image) {
			ids = append(ids, s.image)
		}
	}
	slices.Sort(ids)
	return ids
}

func templateTable(all []shelved, groups []fleet.Group, names map[fleet.ImageID]string) card.Section {
	table := card.Table{Columns: []card.Column{{Label: "Template"}, {Label: "Default", Right: true}, {Label: "Latest", Right: true},
		{Label: "Image of the default"}, {Label: "Used by"}}}
	for _, s := range all {
		table.Rows = append(table.Rows, []card.Text{card.T("%s", s.Name), card.T("v%d", s.Default), card.T("v%d", s.Latest),
			imageCell(s.image, names), card.T("%s", usedBy(template.Names(template.UsersOf(groups, s.Template))))})
	}
	return card.Section{Table: &table}
}

// imageCell is an image by its name, where it is known.
func imageCell(id fleet.ImageID, names map[fleet.ImageID]string) card.Text {
	switch {
	case id == "":
		return card.T("none")
	case names[id] != "":
		return card.T("%s (%s)", names[id], id)
	}
	return card.T("%s", id)
}

func usedBy(groups []fleet.GroupName) string {
	if len(groups) == 0 {
		return "nobody"
	}
	return say.Some(groups, 3)
}

// shelfButtons lead on from a list: to its templates where they are few, and to a new one.
func shelfButtons(env Environment, all []shelved) []card.Button {
	var buttons []card.Button
	if len(all) <= 4 {
		for _, s := range all {
			buttons = append(buttons, card.Run("Show "+short(s.Name, 30), runIn(env, "/template show %s", s.Name)))
		}
	}
	return append(buttons, card.Run("Create…", runIn(env, "/template create")))
}

// versions lists a template's versions, newest first.
func (t *Templates) versions(ctx context.Context, c *Call) (Result, error) {
	env, f, err := t.within(c)
	if err != nil {
		return Result{}, err
	}
	name := c.Words.Arg("name")
	all, err := f.TemplateVersions(ctx, fleet.TemplateRef{Name: name})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return Result{}, noTemplate(ctx, f, env, name)
	}
	if err != nil {
		return Result{}, fmt.Errorf("list the versions of %s: %w", name, err)
	}
	of := templateOf(name, all)
	users, err := usersOf(ctx, f, of)
	if err != nil {
		return Result{}, err
	}
	from, to, pages := pageOf(c, len(all))
	k := card.Card{Title: "Versions of " + name, Summary: fmt.Sprintf("%s of %s in %s.", count(len(all), "version"), name, env.Name)}
	k.Sections = []card.Section{versionTable(all[from:to], of, users)}
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	k.Buttons = versionButtons(env, of, all)
	k.Foot = []card.Text{card.T("%s · %s · %s", of.ID, env.Name, env.Region)}
	return reply(k), nil
}

// templateOf is a template as its versions tell.
func templateOf(name string, all []fleet.TemplateVersion) fleet.Template {
	of := fleet.Template{Name: name}
	for _, v := range all {
		of.ID, of.Latest = v.Template, max(of.Latest, v.Number)
		if v.Default {
			of.Default = v.Number
		}
	}
	return of
}

func versionTable(all []fleet.TemplateVersion, of fleet.Template, users []template.Use) card.Section {
	table := card.Table{Columns: []card.Column{{Label: "Version"}, {Label: "Image"}, {Label: "Description"}, {Label: "Created"}, {Label: "Used by"}}}
	for _, v := range all {
		table.Rows = append(table.Rows, []card.Text{card.T("%s", versionMark(v.Number, of)), imageCell(v.Image, nil),
			card.T("%s", short(v.Description, 80)), card.When(v.Created), card.T("%s", versionUsers(v.Number, of, users))})
	}
	return card.Section{Table: &table}
}

// versionMark is a version's number, and whether it is the default or the latest.
func versionMark(n int64, of fleet.Template) string {
	words := fmt.Sprintf("v%d", n)
	if n == of.Default {
		words += ", default"
	}
	if n == of.Latest {
		words += ", latest"
	}
	return words
}

// versionUsers are the groups that launch from a version, and those that still have instances of it.
func versionUsers(n int64, of fleet.Template, users []template.Use) string {
	var launch, run []fleet.GroupName
	for _, u := range users {
		switch {
		case u.Launches(n, of):
			launch = append(launch, u.Group)
		case slices.Contains(u.Runs, n):
			run = append(run, u.Group)
		}
	}
	var parts []string
	if len(launch) > 0 {
		parts = append(parts, say.Some(launch, 3))
	}
	if len(run) > 0 {
		parts = append(parts, "instances of "+say.Some(run, 3))
	}
	return otherwise(strings.Join(parts, "; "), "nobody")
}

func versionButtons(env Environment, of fleet.Template, all []fleet.TemplateVersion) []card.Button {
	buttons := []card.Button{card.Run("Show", runIn(env, "/template show %s", of.Name))}
	if len(all) > 1 {
		buttons = append(buttons, card.Run(fmt.Sprintf("Diff v%d v%d", all[1].Number, all[0].Number), runIn(env, "/template diff %s %d %d", of.Name, all[1].Number, all[0].Number)))
		if of.Latest != of.Default {
			buttons = append(buttons, card.Run(fmt.Sprintf("Make v%d the default", of.Latest), runIn(env, "/template default %s %d", of.Name, of.Latest)))
		}
		buttons = append(buttons, card.Run("Clean…", runIn(env, "/template clean %s", of.Name)))
	}
	return buttons
}
