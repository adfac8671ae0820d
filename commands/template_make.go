package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/template"
)

const (
	userDataFlag = "user-data"
	mostGiven    = 64 << 10 // characters of user data; what is too long for EC2 is answered with its size
)

// specFlags are the fields of a template that people set.
func specFlags() []grammar.Flag {
	return []grammar.Flag{
		{Name: "image", Value: "<ami>", About: "the AMI, by id, by name, or the family whose golden image it is", Pick: grammar.Image},
		{Name: "type", Value: "<type>", About: "the instance type, such as m7i.large", Pick: grammar.InstanceType},
		{Name: "key", Value: "<key pair>", About: "the key pair for SSH"},
		{Name: "sg", Kind: grammar.List, About: "security groups, by id or name", Pick: grammar.SecurityGroup},
		{Name: "subnet", Value: "<subnet>", About: "the one subnet to launch into; groups have subnets of their own", Pick: grammar.Subnet},
		{Name: "role", Value: "<profile>", About: "the instance profile, by name or ARN"},
		script(),
		{Name: "tags", Kind: grammar.List, Value: "<key=value,…>", About: "tags of instances and volumes"},
		{Name: "note", Value: `"<words>"`, About: "for the version's description", Most: 120},
	}
}

// script is the flag for user data. It has lines, which a form and base64 keep.
func script() grammar.Flag {
	return grammar.Flag{Name: userDataFlag, Value: "<text>", About: "what runs at the first boot: a file in the form, or base64:…", Most: mostGiven, File: true}
}

// proposing is a command that asks for a change of a template.
func (t *Templates) proposing(name, summary, example string, flags []grammar.Flag, run handler) Command {
	return Command{Path: []string{"template", name}, Summary: summary, Example: example, Proposes: true, Run: t.dry(run),
		Args: []grammar.Arg{templateArg()}, Flags: append(flags, t.Settings.in(), reason(), dryRun())}
}

func (t *Templates) create() Command {
	c := t.proposing("create", "Make a launch template, and prove that it launches.",
		"/template create web-lt --image web --type m7i.large --sg web --role web", specFlags(), t.wanting(template.Create))
	c.Args[0].Pick, c.Args[0].About = "", "the new template's name"
	c.OneOf = [][]string{{"image"}, {"type"}}
	return c
}

func (t *Templates) update() Command {
	flags := append(specFlags(),
		grammar.Flag{Name: "from", Kind: grammar.Int, Value: "<version>", Min: 1, Prefix: "v", About: "the version to begin with; the latest when left out"},
		grammar.Flag{Name: "set-default", Kind: grammar.Bool, About: "make it the default one once it is proven"})
	c := t.proposing("update", "Make a new version of a launch template, and prove that it launches.",
		"/template update web-lt --image ami-0b2", flags, t.wanting(template.Update))
	c.Defaults = t.updateDefaults
	for _, f := range specFlags() {
		c.AnyOf = append(c.AnyOf, f.Name)
	}
	c.Details = "It begins with the version that is the latest now, whatever is made meanwhile. Whoever launches from a numbered version keeps that."
	return c
}

func (t *Templates) adopt() Command {
	c := t.proposing("adopt", "Make a launch template from a live server.", "/template adopt i-0abc --name web-lt",
		append([]grammar.Flag{{Name: "name", Value: "<name>", About: "the new template's name", Most: 128}}, specFlags()...), t.wanting(template.Adopt))
	c.Args = []grammar.Arg{{Name: "instance", About: "the instance's id or its Name tag", Pick: grammar.Instance}}
	c.OneOf, c.Defaults = [][]string{{"name"}}, t.adoptDefaults
	c.Details = "What only that server can have is left out: its addresses, its subnet and zone, and what was written to its disks since its image was made."
	return c
}

// wanting runs a command that makes something.
func (t *Templates) wanting(action template.Action) handler {
	return func(ctx context.Context, c *Call) (Result, error) {
		env, f, err := t.within(c)
		if err != nil {
			return Result{}, err
		}
		want := template.Want{Action: action, Name: c.Words.Arg("name"), Note: c.Words.Text("note"), SetDefault: c.Words.Bool("set-default")}
		if n := c.Words.Int("from"); n != nil {
			want.Source = int64(*n)
		}
		if action == template.Adopt {
			want.Name = c.Words.Text("name")
			if want.From, err = t.server(ctx, f, env, c.Words.Arg("instance")); err != nil {
				return Result{}, err
			}
		}
		if want.Spec, err = t.spec(ctx, f, env, c.Words); err != nil {
			return Result{}, err
		}
		return t.ask(ctx, c, env, f, want)
	}
}

// ask plans a wish and proposes it.
func (t *Templates) ask(ctx context.Context, c *Call, env Environment, f Fleet, want template.Want) (Result, error) {
	p, err := t.plan(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	return t.decide(ctx, c, env, p, "")
}

// plan makes the plan from what is there now.
func (t *Templates) plan(ctx context.Context, f Fleet, env Environment, want template.Want) (template.Plan, error) {
	facts, err := template.Gather(ctx, f, template.Keepers{Records: t.Records, Rollback: t.Rollback}, env.Name, time.Now(), want)
	if err != nil {
		return template.Plan{}, err
	}
	return template.New(facts, want)
}

// server finds the instance that was named by its id or its Name tag.
func (t *Templates) server(ctx context.Context, f Fleet, env Environment, named string) (fleet.InstanceID, error) {
	if strings.HasPrefix(named, "i-") {
		return fleet.InstanceID(named), nil
	}
	found, err := f.FindInstances(ctx, named, 50)
	if err != nil {
		return "", fmt.Errorf("look for instance %s: %w", named, err)
	}
	var names []string
	exact := slices.DeleteFunc(slices.Clone(found), func(i fleet.Instance) bool { return !strings.EqualFold(i.Name, named) })
	for _, i := range found {
		names = append(names, fmt.Sprintf("`%s` (%s)", i.ID, card.Inert(i.Name)))
	}
	none := fault.New(fault.NotFound, "There is no instance called %s in %s.", card.Inert(short(named, 80)), env.Name)
	switch {
	case len(exact) == 1:
		return exact[0].ID, nil
	case len(exact) > 1:
		return "", fault.New(fault.Invalid, "%d instances are called %s.", len(exact), card.Inert(short(named, 80))).WithHint("Name one by its id.")
	case len(found) > 0:
		return "", none.WithHint("Did you mean %s?", strings.Join(names[:min(3, len(names))], " or "))
	}
	return "", none.WithHint("Name it by its id, such as `i-0abc1234def567890`.")
}

// spec is what the words set.
func (t *Templates) spec(ctx context.Context, f Fleet, env Environment, w grammar.Values) (fleet.LaunchSpec, error) {
	s := fleet.LaunchSpec{Type: w.Text("type"), Key: w.Text("key"), SecurityGroups: w.List("sg"), Subnet: w.Text("subnet"), Profile: w.Text("role")}
	var err error
	if s.Image, err = t.imageOrGolden(ctx, f, env, w.Text("image")); err != nil {
		return s, err
	}
	if w.Given(userDataFlag) {
		text, err := template.ReadUserData(w.Text(userDataFlag))
		if err != nil {
			return s, err
		}
		s.UserData = &text
	}
	s.Tags, err = tagged(w.List("tags"))
	return s, err
}

// imageOrGolden finds an image by its id, by its name, or as the golden one of a family.
func (t *Templates) imageOrGolden(ctx context.Context, f Fleet, env Environment, named string) (fleet.ImageID, error) {
	if named != "" && !strings.HasPrefix(named, "ami-") && t.Families != nil {
		golden, err := t.golden(ctx, env, named)
		if err == nil || !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
			return golden, err
		}
	}
	return t.image(ctx, f, env, fleet.ImageID(named))
}

// tagged reads tags as people write them.
func tagged(words []string) (map[string]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	tags := map[string]string{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return nil, fault.New(fault.Invalid, "%q is not a tag.", card.Inert(short(word, 40))).WithHint("Write it like `--tags Team=web,Stage=live`.")
		}
		tags[key] = strings.TrimSpace(value)
	}
	return tags, nil
}
