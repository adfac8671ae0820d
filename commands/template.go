package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/template"
)

// Templates is the commands about launch templates.
type Templates struct {
	Site
	Rollback time.Duration // how long the way back of a rollout is kept; three days when zero
}

// templateArg is the template that a command is about.
func templateArg() grammar.Arg {
	return grammar.Arg{Name: "name", About: "the launch template's name", Max: 128, Pick: grammar.Template}
}

// Commands are the commands of `/template`.
func (t *Templates) Commands() []Command {
	return append(t.reads(), t.create(), t.update(), t.adopt(), t.setDefault(), t.revert(), t.clean())
}

// reads are the commands that only read.
func (t *Templates) reads() []Command {
	in := t.Settings.in()
	read := func(name, summary, example string, run handler) Command {
		return Command{Path: []string{"template", name}, Summary: summary, Example: example, ReadOnly: true, Run: t.prompt(run),
			Args: []grammar.Arg{templateArg()}, Flags: []grammar.Flag{in, paging()}}
	}
	list := read("list", "List the launch templates with their image and who launches from them.", "/template list web", t.list)
	list.Args = []grammar.Arg{{Name: "part", About: "only templates with this in their name", Optional: true}}
	show := read("show", "Show a launch template in full, secrets hidden.", "/template show web-lt 3", t.show)
	show.Args = append(show.Args, grammar.Arg{Name: "version", About: "a version's number, latest or default; the default one when left out", Optional: true, Max: 12})
	diff := read("diff", "Show in what two versions differ, user data line by line.", "/template diff web-lt 2 3", t.diff)
	diff.Args = append(diff.Args, grammar.Arg{Name: "a", About: "a version's number, latest or default", Max: 12},
		grammar.Arg{Name: "b", About: "another one", Max: 12})
	return []Command{list, show, read("versions", "List the versions of a launch template.", "/template versions web-lt", t.versions), diff}
}

// templateNamed reads a template, or says which one was probably meant.
func (t *Templates) templateNamed(ctx context.Context, f Fleet, env Environment, name string) (fleet.Template, error) {
	found, err := f.Template(ctx, fleet.TemplateRef{Name: name})
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return found, noTemplate(ctx, f, env, name)
	}
	if err != nil {
		return found, fmt.Errorf("read template %s: %w", name, err)
	}
	return found, nil
}

// noTemplate says that there is no such template, and which one was probably meant.
func noTemplate(ctx context.Context, f Fleet, env Environment, name string) error {
	none := fault.New(fault.NotFound, "There is no launch template %s in %s.", card.Inert(short(name, 80)), env.Name)
	all, err := f.Templates(ctx)
	if err != nil {
		return none.WithHint("`/template list --in %s` shows the templates there are.", env.Name)
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	if near := grammar.Near(name, names); near != "" {
		return none.WithHint("Did you mean `%s`?", card.Inert(near))
	}
	return none.WithHint("`/template list --in %s` shows the templates there are.", env.Name)
}

// version reads a version that was named by a number, as "v3" or as "latest" or "default".
func (t *Templates) version(ctx context.Context, f Fleet, of fleet.Template, named string) (fleet.TemplateVersion, error) {
	ref := fleet.TemplateRef{ID: of.ID, Name: of.Name}
	switch word := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(named, "$"), "v")); {
	case word == "" || word == "default":
		ref.Version = fmt.Sprint(of.Default)
	case word == "latest":
		ref.Version = fmt.Sprint(of.Latest)
	case strings.Trim(word, "0123456789") == "":
		ref.Version = word
	default:
		return fleet.TemplateVersion{}, fault.New(fault.Invalid, "%q is not a version.", card.Inert(short(named, 20))).
			WithHint("Give a number, `latest` or `default`.")
	}
	v, err := f.TemplateVersion(ctx, ref)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return v, fault.New(fault.NotFound, "Template %s has no version %s.", of.Name, ref.Version).
			WithHint("`/template versions %s` shows those there are.", of.Name)
	}
	if err != nil {
		return v, fmt.Errorf("read version %s of template %s: %w", ref.Version, of.Name, err)
	}
	return v, nil
}

// userData is a version's user data; AWS is asked only if it has some.
func userData(ctx context.Context, f Fleet, v fleet.TemplateVersion) (string, error) {
	if v.Fields["UserData"] == "" {
		return "", nil
	}
	text, err := f.UserData(ctx, fleet.TemplateRef{ID: v.Template, Version: fmt.Sprint(v.Number)})
	if err != nil {
		return "", fmt.Errorf("read the user data of version %d of %s: %w", v.Number, v.Name, err)
	}
	return text, nil
}

// usersOf finds the groups that use a template.
func usersOf(ctx context.Context, f Fleet, of fleet.Template) ([]template.Use, error) {
	groups, err := f.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return template.UsersOf(groups, of), nil
}

// runIn is a command that a button types, in the environment that is meant.
func runIn(env Environment, format string, args ...any) string {
	return fmt.Sprintf(format, args...) + " --in " + grammar.Quote(env.Name)
}
