package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/template"
)

// groupDefaults says how the group is that a command names.
func (a *ASG) groupDefaults(say func(ctx context.Context, f Fleet, env Environment, g fleet.Group, c *Call, n Defaults) error) func(context.Context, *Call) (Defaults, error) {
	return func(ctx context.Context, c *Call) (Defaults, error) {
		env, f, err := a.within(c)
		if err != nil || c.Words.Arg("group") == "" {
			return nil, err
		}
		g, err := f.Group(ctx, fleet.GroupName(c.Words.Arg("group")))
		if err != nil {
			return nil, err
		}
		n := Defaults{}
		return n, say(ctx, f, env, g, c, n)
	}
}

// sizeDefaults says how large a group is.
func sizeDefaults(_ context.Context, _ Fleet, _ Environment, g fleet.Group, _ *Call, n Defaults) error {
	n.add("size", fmt.Sprintf("Now: %d, and %d to %d are allowed.", g.Desired, g.Min, g.Max))
	n.fill("size", strconv.Itoa(g.Desired))
	for input, is := range map[string]int{"--min": g.Min, "--max": g.Max} {
		n.now(input, strconv.Itoa(is))
		n.fill(input, strconv.Itoa(is))
	}
	return nil
}

// attachDefaults says what a group launches from.
func attachDefaults(_ context.Context, _ Fleet, _ Environment, g fleet.Group, _ *Call, n Defaults) error {
	n.now("--template", templateWords(g.Ref()))
	return nil
}

// rolloutDefaults says what a group runs, and what its family's golden image is.
func (a *ASG) rolloutDefaults(ctx context.Context, f Fleet, env Environment, g fleet.Group, _ *Call, n Defaults) error {
	n.add("group", fmt.Sprintf("%d of %d healthy.", healthy(g), g.Desired))
	ref := g.Ref()
	if ref.ID == "" && ref.Name == "" {
		return nil
	}
	n.now("--version", templateWords(ref))
	at, err := f.TemplateVersion(ctx, ref)
	if err != nil {
		return err
	}
	present, family := imageNamed(ctx, f, at.Image)
	n.now("--image", present)
	if golden := a.goldenWords(ctx, f, env, family); golden != "" {
		n.add("--family", fmt.Sprintf("The present image is of %s, whose golden one is %s.", family, golden))
	} else if family != "" {
		n.add("--family", fmt.Sprintf("The present image is of %s, which has no golden one.", family))
	}
	if g.MinHealthy != nil {
		n.fill("--min-healthy", strconv.Itoa(*g.MinHealthy))
		n.add("--min-healthy", fmt.Sprintf("The group's own policy says %d.", *g.MinHealthy))
	}
	if g.MaxHealthy != nil {
		n.fill("--max-healthy", strconv.Itoa(*g.MaxHealthy))
		n.add("--max-healthy", fmt.Sprintf("The group's own policy says %d.", *g.MaxHealthy))
	}
	return nil
}

// patchDefaults says what the bake of a patch decides by itself, and how the group is.
func (a *ASG) patchDefaults(ctx context.Context, c *Call) (Defaults, error) {
	env, f, err := a.within(c)
	if err != nil {
		return nil, err
	}
	n := Defaults{}
	if name := c.Words.Arg("group"); name != "" {
		g, err := f.Group(ctx, fleet.GroupName(name))
		if err != nil {
			return n, err
		}
		n.add("group", fmt.Sprintf("%d of %d healthy, launched from %s.", healthy(g), g.Desired, templateWords(g.Ref())))
	}
	from := c.Words.Text("from")
	if from == "" {
		return n, nil
	}
	want := bake.Want{Instance: from, Name: c.Words.Text("name"), Family: c.Words.Text("family")}
	if want.Way, err = bakeWay(c.Words); err != nil {
		return n, err
	}
	return n, n.baked(ctx, f, env, want)
}

// launchDefaults says what a launch takes from its source.
func (a *ASG) launchDefaults(ctx context.Context, c *Call) (Defaults, error) {
	env, f, err := a.within(c)
	if err != nil {
		return nil, err
	}
	n := Defaults{}
	if group := c.Words.Arg("group"); group != "" && !c.Words.Given("template") {
		n.left("--template", "one called "+launch.TemplateName(fleet.GroupName(group))+" is made")
	}
	if size := c.Words.Int("size"); size != nil {
		n.left("--min", strconv.Itoa(*size))
		n.left("--max", strconv.Itoa(2**size))
	}
	var want launch.Want
	if from := c.Words.Text("from"); from != "" {
		if err := a.from(ctx, f, env, from, &want); err != nil {
			return n, err
		}
	}
	if given := c.Words.Text("template"); given != "" {
		return n, n.ofTemplate(ctx, f, given)
	}
	if want.Image != "" {
		words, _ := imageNamed(ctx, f, want.Image)
		n.add("--from", "That is "+words+".")
	}
	if want.Instance == "" {
		return n, nil
	}
	return n, n.ofInstance(ctx, f, want.Instance)
}

// ofTemplate says what the servers get of a template.
func (n Defaults) ofTemplate(ctx context.Context, f Fleet, given string) error {
	name, version, err := templateAt(given)
	if err != nil {
		return err
	}
	ref := fleet.TemplateRef{Name: name, Version: "$Default"}
	if version > 0 {
		ref.Version = strconv.FormatInt(version, 10)
	}
	at, err := f.TemplateVersion(ctx, ref)
	if err != nil {
		return err
	}
	n.add("--template", fmt.Sprintf("That is version %d.", at.Number))
	n.shape(template.SpecOf(at), Defaults.left)
	return nil
}

// ofInstance says what the servers get of the instance that they are to be like.
func (n Defaults) ofInstance(ctx context.Context, f Fleet, id fleet.InstanceID) error {
	i, err := f.Instance(ctx, id)
	if err != nil {
		return err
	}
	n.shape(fleet.LaunchSpec{Type: i.Type, Key: i.Key, Profile: i.Profile, SecurityGroups: i.SecurityGroups}, Defaults.left)
	all, err := f.Subnets(ctx)
	if err != nil {
		return err
	}
	var zones []string
	for _, s := range all {
		if s.VPC == i.VPC && !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	if len(zones) > 0 {
		slices.Sort(zones)
		n.left("--subnets", "one in each zone of "+i.VPC+" that takes the type ("+some(zones)+")")
	}
	return nil
}

// shape fills in what machines are like; where that is not what stands there, it is told in the words of say.
func (n Defaults) shape(s fleet.LaunchSpec, say func(Defaults, string, string)) {
	for input, value := range map[string]string{"--type": s.Type, "--key": s.Key, "--role": s.Profile} {
		say(n, input, value)
		n.fill(input, value)
	}
	say(n, "--sg", some(s.SecurityGroups))
	n.fill("--sg", s.SecurityGroups...)
}
