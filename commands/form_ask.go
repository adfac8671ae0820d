package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

// form asks for what a command takes, with what was given in it. It is made of the command alone: Slack waits
// three seconds for a form, and neither AWS nor Redis is asked meanwhile.
func (d *Desk) form(c Command, given grammar.Values) *card.Modal {
	m := d.drawn(c, given, nil)
	m.Waits = c.waits(given)
	return m
}

// drawn is a form in which something is filled in where nothing was given.
func (d *Desk) drawn(c Command, given grammar.Values, filled map[string]string) *card.Modal {
	spec := c.Spec()
	m := &card.Modal{
		ID: commandForm, Subject: spec.Print(spec.Unfiled(given)), Title: c.Name(), Submit: "Run",
		Body:  card.Card{Sections: []card.Section{card.Para(card.T("%s", c.Summary))}},
		Typed: spec.Sketch(given),
	}
	if c.ReadOnly {
		m.Submit = "Show"
	}
	fields := spec.Fields(given)
	maps.Copy(fields, filled)
	for _, a := range spec.Args {
		m.Inputs = append(m.Inputs, d.argInput(a, fields[a.Name]))
	}
	for _, f := range spec.Flags {
		inputs := d.flagInputs(spec, f, fields[grammar.FlagInput(f.Name)])
		switch {
		case f.Name == glassFlag || f.Name == pageFlag || f.Unasked:
		case spec.Needed(f.Name) || f.Pick == grammar.Environment:
			m.Inputs = append(m.Inputs, inputs...)
		default:
			m.More = append(m.More, inputs...)
		}
	}
	if c.Defaults != nil {
		tell(m.Inputs)
		tell(m.More)
	}
	return m
}

// tell has the inputs for one thing each tell at once what was picked, so that the form can say what is there now.
func tell(inputs []card.Input) {
	for i, in := range inputs {
		inputs[i].Tells = in.Kind == card.Picked && !in.Multi
	}
}

// here are the words that were given, with the environment that the channel means, so that nobody has to guess it.
func (d *Desk) here(c Command, given grammar.Values, channel string) grammar.Values {
	homes, ok := d.Finder.(interface{ Home(channel string) string })
	if !ok {
		return given
	}
	spec, home := c.Spec(), homes.Home(channel)
	for _, f := range spec.Flags {
		if f.Pick != grammar.Environment || given.Given(f.Name) || home == "" {
			continue
		}
		more := grammar.Values{Args: given.Args, Flags: maps.Clone(given.Flags)}
		if more.Flags == nil {
			more.Flags = map[string]grammar.Value{}
		}
		more.Flags[f.Name] = grammar.Value{Text: home}
		if carriable(spec.Print(more)) {
			return more
		}
	}
	return given
}

func (d *Desk) argInput(a grammar.Arg, value string) card.Input {
	in := card.Input{ID: a.Name, Label: label(a.Name), Hint: sentence(a.About), Optional: a.Optional, Max: a.Max}
	if a.Max == 0 {
		in.Max = 255
	}
	if a.Many {
		in.Max = 0
	}
	if a.Rest {
		in.Multi = false
		in.Value = value
		return in
	}
	return d.searched(in, a.Pick, a.Many, value)
}

// flagInputs are the input of a flag and, where a file can stand in its place, one for that.
func (d *Desk) flagInputs(spec grammar.Spec, f grammar.Flag, value string) []card.Input {
	beside := spec.Beside(f.Name)
	in := card.Input{
		ID: grammar.FlagInput(f.Name), Label: label(f.Name), Hint: sentence(f.About),
		Optional: !spec.Needed(f.Name) || len(beside) > 0 || f.File,
	}
	if len(beside) > 0 && beside[0] == f.Name { // once, not below each of them
		in.Hint = strings.TrimSpace(in.Hint + " " + capital(or(beside)) + " is needed, one of them.")
	}
	switch f.Kind {
	case grammar.Int, grammar.Percent:
		in.Kind, in.Value = card.Number, value
		in.Low, in.High = f.Bounds()
	case grammar.Enum:
		in.Kind, in.Value = card.Choice, value
		for _, c := range f.Choices {
			in.Options = append(in.Options, card.Option{Value: c, Label: c})
		}
	case grammar.Bool:
		in = yesOrNo(in, f, value)
	case grammar.Text, grammar.List:
		in = d.searched(in, f.Pick, f.Kind == grammar.List, value)
		in.Max = mostIn(in, f)
	default:
		in.Value, in.Max = strings.ReplaceAll(value, "\n", ","), 255
		in.Hint = strings.TrimSpace(in.Hint + " " + like(f))
	}
	if !f.File {
		return []card.Input{in}
	}
	in.Multi, in.Max = true, 0
	return []card.Input{in, {ID: fileInput + in.ID, Label: in.Label + ", from a file", Kind: card.File, Optional: true}}
}

// or are the labels of inputs of which one is enough.
func or(flags []string) string {
	var labels []string
	for _, name := range flags {
		labels = append(labels, label(name))
	}
	last := len(labels) - 1
	return strings.Join(labels[:last], ", ") + " or " + labels[last]
}

// mostIn is how many characters an input takes, or how many can be picked.
func mostIn(in card.Input, f grammar.Flag) int {
	switch {
	case in.Kind == card.Picked && f.Kind == grammar.List && f.Most == 0:
		return 20
	case f.Kind == grammar.List && in.Kind != card.Picked:
		return 0
	case f.Most == 0:
		return 255
	}
	return f.Most
}

// like shows how a value is written.
func like(f grammar.Flag) string {
	if f.Kind == grammar.Duration {
		return "Such as 90s, 5m, 2h or 1d."
	}
	return "With commas between."
}

// yesOrNo is a box; or a choice, where a no says more than nothing.
func yesOrNo(in card.Input, f grammar.Flag, value string) card.Input {
	in.Optional = true
	if f.Both || value == "false" {
		in.Kind, in.Value = card.Choice, value
		in.Options = []card.Option{{Value: "true", Label: "Yes"}, {Value: "false", Label: "No"}}
		return in
	}
	in.Kind, in.Value, in.Hint = card.Switch, value, ""
	in.Options = []card.Option{{Value: "true", Label: sentence(f.About)}}
	return in
}

// searched is an input for things that can be searched for; where they cannot, one to write in.
func (d *Desk) searched(in card.Input, pick grammar.Pick, several bool, value string) card.Input {
	var chosen []card.Option
	for line := range strings.SplitSeq(value, "\n") {
		if line != "" {
			chosen = append(chosen, card.Option{Value: line, Label: line})
		}
	}
	long := slices.ContainsFunc(chosen, func(o card.Option) bool {
		return utf8.RuneCountInString(o.Value) > card.MaxOption/2 && len(o.Value) > card.MaxOption
	})
	if pick == "" || d.Finder == nil || long {
		in.Value = value
		if several {
			in.Value, in.Hint = strings.ReplaceAll(value, "\n", between(in)), strings.TrimSpace(in.Hint+" "+howSeveral(in))
		}
		return in
	}
	in.Kind, in.Multi, in.Chosen, in.Max = card.Picked, several, chosen, 0
	return in
}

// between stands between several values that are written: flags have commas, arguments are words.
func between(in card.Input) string {
	if strings.HasPrefix(in.ID, "--") {
		return ","
	}
	return " "
}

func howSeveral(in card.Input) string {
	if between(in) == "," {
		return "Several with commas between."
	}
	return "Several with spaces between."
}

// label is a name as a form shows it: "Target groups". Short names of flags are told in full.
func label(name string) string {
	switch name {
	case "in":
		return "Environment"
	case "sg":
		return "Security groups"
	}
	return capital(strings.ReplaceAll(name, "-", " "))
}

// sentence begins large and ends with a stop.
func sentence(about string) string {
	if about == "" {
		return ""
	}
	return fmt.Sprintf("%s.", strings.TrimSuffix(capital(about), "."))
}
