package story

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// machines is what the fleet's own page shows.
type machines struct {
	Groups []struct {
		Region   string `json:"region"`
		Name     string `json:"name"`
		Desired  int    `json:"desired"`
		Template struct {
			Version any `json:"version"`
		} `json:"template"`
		Refresh *struct {
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"refresh"`
		Instances []struct {
			ID        string `json:"id"`
			Image     string `json:"image"`
			Lifecycle string `json:"lifecycle"`
			Health    string `json:"health"`
		} `json:"instances"`
	} `json:"groups"`
	Images []struct {
		Region string            `json:"region"`
		ID     string            `json:"id"`
		Name   string            `json:"name"`
		State  string            `json:"state"`
		Tags   map[string]string `json:"tags"`
	} `json:"images"`
	Templates  []template `json:"templates"`
	Parameters []struct {
		Region string `json:"region"`
		Name   string `json:"name"`
		Value  string `json:"value"`
	} `json:"parameters"`
}

type template struct {
	Region   string `json:"region"`
	Name     string `json:"name"`
	Default  int    `json:"default"`
	Latest   int    `json:"latest"`
	Versions int    `json:"versions"`
}

// fleet returns what there is, and the words without those that name a region: in eu-central-1.
func (p *Player) fleet(ctx context.Context, words []string) (machines, []string, error) {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return m, nil, err
	}
	n := len(words)
	if n < 3 || words[n-2] != "in" {
		return m, words, nil
	}
	region := words[n-1]
	m.Groups = kept(m.Groups, func(i int) bool { return m.Groups[i].Region == region })
	m.Images = kept(m.Images, func(i int) bool { return m.Images[i].Region == region })
	m.Templates = kept(m.Templates, func(i int) bool { return m.Templates[i].Region == region })
	m.Parameters = kept(m.Parameters, func(i int) bool { return m.Parameters[i].Region == region })
	return m, words[:n-2], nil
}

func kept[T any](all []T, good func(i int) bool) []T {
	var some []T
	for i, one := range all {
		if good(i) {
			some = append(some, one)
		}
	}
	return some
}

// image is an image's id by its name, or by its id.
func (m machines) image(name string) string {
	for _, i := range m.Images {
		if i.Name == name {
			return i.ID
		}
	}
	return name
}

// pairs reads words that go in twos, and refuses those whose first is not known.
func pairs(words []string, known ...string) (map[string]string, error) {
	read := map[string]string{}
	for i := 0; i < len(words); i += 2 {
		if i+1 == len(words) || !slices.Contains(known, words[i]) {
			return nil, fmt.Errorf("there can be %v here, each with what it should be, not %q", known, words[i])
		}
		read[words[i]] = words[i+1]
	}
	return read, nil
}

// group looks at a group: group web image ami-1 healthy 12 desired 12 version 8. Healthy are those in service on the
// image, or on any when none is named.
func (p *Player) group(ctx context.Context, args []string) error {
	m, words, err := p.fleet(ctx, args)
	if err != nil {
		return err
	}
	want, err := pairs(words[1:], "image", "healthy", "desired", "version")
	if err != nil {
		return err
	}
	for _, g := range m.Groups {
		if g.Name != words[0] {
			continue
		}
		healthy, image := 0, m.image(want["image"])
		for _, i := range g.Instances {
			if i.Lifecycle == "InService" && i.Health == "Healthy" && (image == "" || i.Image == image) {
				healthy++
			}
		}
		got := map[string]string{"image": want["image"], "healthy": strconv.Itoa(healthy), "desired": strconv.Itoa(g.Desired), "version": fmt.Sprint(g.Template.Version)}
		return differing("the group "+g.Name, got, want)
	}
	return fmt.Errorf("there is no group %s", words[0])
}

// differing tells the first thing that is not as it should be.
func differing(what string, got, want map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			return fmt.Errorf("%s has %s %s, want %s; it has %v", what, name, got[name], want[name], got)
		}
	}
	return nil
}

// imageIs looks at the state of an image, or whether it is gone, and at its tags: image web-next available amiral:family=web.
func (p *Player) imageIs(ctx context.Context, args []string) error {
	m, words, err := p.fleet(ctx, args)
	if err != nil {
		return err
	}
	id := m.image(words[0])
	for _, i := range m.Images {
		if i.ID != id {
			continue
		}
		if i.State != words[1] {
			return fmt.Errorf("the image %s is %s, want %s", words[0], i.State, words[1])
		}
		for _, tag := range words[2:] {
			name, value, _ := strings.Cut(tag, "=")
			if i.Tags[name] != value {
				return fmt.Errorf("the image %s has the tags %v, want %s", words[0], i.Tags, tag)
			}
		}
		return nil
	}
	if words[1] == "gone" {
		return nil
	}
	return fmt.Errorf("there is no image %s", words[0])
}

// images counts the images of a name that did not fail and were not deregistered. The name may end in a star.
func (p *Player) images(ctx context.Context, args []string) error {
	m, words, err := p.fleet(ctx, args)
	if err != nil {
		return err
	}
	n := 0
	for _, i := range m.Images {
		stem, open := strings.CutSuffix(words[0], "*")
		if i.State != "failed" && i.State != "deregistered" && (i.Name == words[0] || open && strings.HasPrefix(i.Name, stem)) {
			n++
		}
	}
	if got := strconv.Itoa(n); got != words[1] {
		return fmt.Errorf("there are %s images named %s, want %s", got, words[0], words[1])
	}
	return nil
}

// template looks at a launch template: template web-lt default 7 latest 8 versions 8.
func (p *Player) template(ctx context.Context, args []string) error {
	m, words, err := p.fleet(ctx, args)
	if err != nil {
		return err
	}
	if len(words) == 2 && words[1] == "gone" {
		if slices.ContainsFunc(m.Templates, func(t template) bool { return t.Name == words[0] }) {
			return fmt.Errorf("there is a template %s", words[0])
		}
		return nil
	}
	want, err := pairs(words[1:], "default", "latest", "versions")
	if err != nil {
		return err
	}
	for _, t := range m.Templates {
		if t.Name == words[0] {
			return differing("the template "+t.Name, map[string]string{"default": strconv.Itoa(t.Default), "latest": strconv.Itoa(t.Latest), "versions": strconv.Itoa(t.Versions)}, want)
		}
	}
	return fmt.Errorf("there is no template %s", words[0])
}

// parameter looks at the value of an SSM parameter; an image may be named by its name.
func (p *Player) parameter(ctx context.Context, args []string) error {
	m, words, err := p.fleet(ctx, args)
	if err != nil {
		return err
	}
	for _, one := range m.Parameters {
		if one.Name == words[0] {
			if want := m.image(words[1]); one.Value != want {
				return fmt.Errorf("the parameter %s is %q, want %q", words[0], one.Value, want)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no parameter %s", words[0])
}

// ssh runs a line of shell on a server, named by its id or its tag Name, and keeps what it printed for out.
func (p *Player) ssh(ctx context.Context, words []string) error {
	var printed struct {
		OK             bool
		Stdout, Stderr string
		Exit           int
	}
	err := p.client.do(ctx, http.MethodPost, "/fleet/script", map[string]any{"instance": words[0], "commands": []string{words[1]}}, &printed)
	if err != nil {
		return fmt.Errorf("no server %s runs: %w", words[0], err)
	}
	p.output = printed.Stdout + printed.Stderr
	if printed.Exit != 0 {
		return fmt.Errorf("it ended with %d: %s", printed.Exit, p.output)
	}
	return nil
}

// underWay are the states of a refresh that was started and has not come to an end. How long it stays in each is
// a matter of seconds, which a busy machine may sleep through.
var underWay = []string{"Pending", "InProgress"}

func (p *Player) refresh(ctx context.Context, args []string) error {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return err
	}
	for _, g := range m.Groups {
		if g.Name != args[0] || g.Refresh == nil {
			continue
		}
		if g.Refresh.Status != args[1] && !(args[1] == "begun" && slices.Contains(underWay, g.Refresh.Status)) {
			return fmt.Errorf("the refresh of %s is %s (%s), want %s", args[0], g.Refresh.Status, g.Refresh.Reason, args[1])
		}
		return nil
	}
	return fmt.Errorf("%s has no refresh", args[0])
}
