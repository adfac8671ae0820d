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

// Defaults is what holds where the inputs of a form are left empty, by input.
//
// What is filled in is what AWS has at that place: how large the group is, the fields of the version that an update
// begins with, what the server is like that others are to be like. Left as it is, it means the same as an empty input.
// Only said, and never filled in, is
//   - what follows from something else that is written into the same form (twice the size, whether an instance is
//     rebooted): it would be wrong as soon as that is changed;
//   - what nobody can leave as it is: names that hold the time, and what is to be changed itself, as a rollout's image;
//   - what must not be shown or be thought up for people: user data and the values of tags, and reasons.
type Defaults map[string]Default

// Default is what holds where one input is left empty.
type Default struct {
	Value  string // fills in the input when it is first drawn; one of several in each line; empty: nothing does
	Stands string // says what the value is, where it does not stand in the input
	Hint   string // is said in any case
}

// beside is what is said beside an input, in which the value may stand already.
func (d Default) beside(stands bool) string {
	if stands {
		return d.Hint
	}
	return strings.TrimSpace(d.Stands + " " + d.Hint)
}

// now says what is there now; nothing when it is empty.
func (n Defaults) now(input, words string) {
	if words != "" {
		n.stand(input, "Now: "+words+".")
	}
}

// left says what holds when the input is left empty; nothing when that is empty.
func (n Defaults) left(input, words string) {
	if words != "" {
		n.stand(input, "Left empty: "+words+".")
	}
}

func (n Defaults) stand(input, sentence string) {
	d := n[input]
	d.Stands = sentence
	n[input] = d
}

// fill says what the input begins with.
func (n Defaults) fill(input string, values ...string) {
	d := n[input]
	d.Value = strings.Join(values, "\n")
	n[input] = d
}

// add says something beside an input, whatever stands in it.
func (n Defaults) add(input, sentence string) {
	d := n[input]
	d.Hint = strings.TrimSpace(d.Hint + " " + sentence)
	n[input] = d
}

// fillImage fills in an image, and says its name in the words of say; one that a parameter names is only said.
func (n Defaults) fillImage(ctx context.Context, f Fleet, id fleet.ImageID, say func(Defaults, string, string)) {
	words, _ := imageNamed(ctx, f, id)
	say(n, "--image", words)
	d := n["--image"]
	if id == "" || id.IsParameter() {
		return
	}
	if d.Value = string(id); words != d.Value {
		d.Hint, d.Stands = d.Stands, ""
	}
	n["--image"] = d
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
		n.add("--reboot", fmt.Sprintf("It serves in %s, and is not rebooted there: choose No, or another way below.", p.Group))
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
		n.fill("--family", belongs)
		n.add("--family", "The image is tagged with "+belongs+".")
	}
	if wanted := cmp.Or(c.Words.Text("family"), belongs); wanted != "" {
		if g, err := a.Golden.Golden(ctx, env.Name, wanted); err == nil {
			n.add("--family", "Golden in "+wanted+" now: "+image.Words(g.Image, g.Name)+".")
		}
	}
	return n, nil
}
