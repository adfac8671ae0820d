package commands

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
)

// now says what is there now; nothing when it is empty.
func (n Defaults) now(input, value string) {
	if value != "" {
		n.add(input, "Now: "+value+".")
	}
}

// left says what holds when the input is left empty; nothing when that is empty.
func (n Defaults) left(input, value string) {
	if value != "" {
		n.add(input, "Left empty: "+value+".")
	}
}

func (n Defaults) add(input, sentence string) {
	n[input] = strings.TrimSpace(n[input] + " " + sentence)
}

// familyTag is the tag that says to which family an image or an instance belongs.
const familyTag = "amiral:family"

// some are the first few of many words.
func some(all []string) string {
	const most = 4
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

// imageNamed is an image as a sentence names it; its id alone where it cannot be read.
func imageNamed(ctx context.Context, f Fleet, id fleet.ImageID) (words, family string) {
	if id == "" || id.IsParameter() {
		return string(id), ""
	}
	found, err := f.Images(ctx, id)
	if err != nil || len(found) == 0 {
		return string(id), ""
	}
	return image.Words(id, found[0].Name), found[0].Tags[familyTag]
}

// golden says which image is the golden one of a family.
func (s *Site) goldenWords(ctx context.Context, f Fleet, env Environment, family string) string {
	if family == "" {
		return ""
	}
	id, err := s.golden(ctx, env, family)
	if err != nil {
		return ""
	}
	words, _ := imageNamed(ctx, f, id)
	return words
}

// baked says what a bake of an instance decides by itself.
func (n Defaults) baked(ctx context.Context, f Fleet, env Environment, want bake.Want) error {
	facts, err := bake.Gather(ctx, f, env.Name, want)
	if err != nil {
		return err
	}
	p, err := bake.New(facts, want)
	if err != nil {
		return err
	}
	if want.Name == "" {
		n.left("--name", p.Name)
	}
	belongs := facts.Instance.Tags[familyTag]
	if facts.Source != nil {
		belongs = cmp.Or(facts.Source.Tags[familyTag], belongs)
	}
	if belongs != "" {
		n.add("--family", "What the instance runs belongs to "+belongs+".")
	}
	switch {
	case p.State == "stopped":
		n.add("--reboot", "The instance is stopped, so nothing is rebooted.")
	case p.Chooses():
		n.add("--reboot", fmt.Sprintf("It serves in %s, and is not rebooted there: choose No, or one of the ways below.", p.Group))
	case p.Way == bake.Reboot:
		n.left("--reboot", "it is rebooted, which is the safer image")
	}
	return nil
}

// defaults says what a bake decides where nothing is written.
func (b *Bakes) defaults(ctx context.Context, c *Call) (Defaults, error) {
	env, f, err := b.within(c)
	if err != nil || c.Words.Arg("instance") == "" {
		return nil, err
	}
	want := bake.Want{Instance: c.Words.Arg("instance"), Name: strings.TrimSpace(c.Words.Text("name")), Family: strings.TrimSpace(c.Words.Text("family"))}
	if want.Way, err = bakeWay(c.Words); err != nil {
		return nil, err
	}
	n := Defaults{}
	return n, n.baked(ctx, f, env, want)
}

// promotionDefaults says to which family an image belongs, and what is golden there.
func (a *AMI) promotionDefaults(ctx context.Context, c *Call) (Defaults, error) {
	env, f, err := a.within(c)
	if err != nil || c.Words.Arg("image") == "" {
		return nil, err
	}
	i, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return nil, err
	}
	n := Defaults{}
	n.add("image", image.Words(i.ID, i.Name)+".")
	belongs := i.Tags[familyTag]
	if belongs == "" {
		n.add("--family", "The image is tagged with no family.")
	} else {
		n.add("--family", "The image is tagged with "+belongs+".")
	}
	if wanted := cmp.Or(c.Words.Text("family"), belongs); wanted != "" {
		if g, err := a.Golden.Golden(ctx, env.Name, wanted); err == nil {
			n.add("--family", "Golden in "+wanted+" now: "+image.Words(g.Image, g.Name)+".")
		}
	}
	return n, nil
}
