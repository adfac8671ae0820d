package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/template"
)

// updateDefaults says what stands in the version that an update begins with.
func (t *Templates) updateDefaults(ctx context.Context, c *Call) (Defaults, error) {
	_, f, err := t.within(c)
	if err != nil || c.Words.Arg("name") == "" {
		return nil, err
	}
	ref := fleet.TemplateRef{Name: c.Words.Arg("name"), Version: "$Latest"}
	if from := c.Words.Int("from"); from != nil {
		ref.Version = strconv.Itoa(*from)
	}
	at, err := f.TemplateVersion(ctx, ref)
	if err != nil {
		return nil, err
	}
	n := Defaults{}
	if c.Words.Given("from") {
		n.add("--from", "The other fields show what stands in it.")
	} else {
		n.left("--from", "v"+strconv.FormatInt(at.Number, 10))
		n.fill("--from", strconv.FormatInt(at.Number, 10))
	}
	n.fillImage(ctx, f, at.Image, Defaults.now)
	spec := template.SpecOf(at)
	n.shape(spec, Defaults.now)
	n.now("--subnet", spec.Subnet)
	n.fill("--subnet", spec.Subnet)
	n.now("--tags", some(tagsIn(at.Fields)))
	if at.Fields["UserData"] != "" {
		n.add("--user-data", "There is some; it stays unless something is given.")
	}
	return n, nil
}

// tagsIn are the names of the tags that instances of a version get. What they hold is shown by the command for that,
// which knows what looks like a secret.
func tagsIn(fields map[string]string) []string {
	var all []string
	for field := range fields {
		if key, ok := strings.CutPrefix(field, "TagSpecifications.instance.Tags."); ok {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// adoptDefaults says what the live server is like that a template is made from.
func (t *Templates) adoptDefaults(ctx context.Context, c *Call) (Defaults, error) {
	env, f, err := t.within(c)
	if err != nil || c.Words.Arg("instance") == "" {
		return nil, err
	}
	id, err := t.server(ctx, f, env, c.Words.Arg("instance"))
	if err != nil {
		return nil, err
	}
	i, err := f.Instance(ctx, id)
	if err != nil {
		return nil, err
	}
	n := Defaults{}
	n.fillImage(ctx, f, i.Image, Defaults.left)
	n.shape(fleet.LaunchSpec{Type: i.Type, Key: i.Key, Profile: i.Profile, SecurityGroups: i.SecurityGroups}, Defaults.left)
	n.add("instance", fmt.Sprintf("%s, %s in %s.", i.ID, i.State, i.Zone))
	return n, nil
}
