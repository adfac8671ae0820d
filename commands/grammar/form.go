package grammar

import (
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
)

// Filled is what a form was filled with, by the names of arguments, and of flags behind two dashes. An argument
// that takes several words, and a list, hold one in each line.
type Filled map[string]string

// FlagInput is the name of a flag's input.
func FlagInput(name string) string { return "--" + name }

// fromFile begins a value that stands for a file.
const fromFile = "@"

// Files reports whether a value can be given as a file.
func (s Spec) Files() bool { return slices.ContainsFunc(s.Flags, func(f Flag) bool { return f.File }) }

// Unfiled are the values with the names of files in the place of what they hold, as they may be kept and shown.
func (s Spec) Unfiled(v Values) Values {
	kept := Values{Args: v.Args, Flags: maps.Clone(v.Flags)}
	for _, f := range s.Flags {
		if text := v.Text(f.Name); f.File && text != "" && !strings.HasPrefix(text, fromFile) {
			kept.Flags[f.Name] = Value{Text: FileValue("typed")}
		}
	}
	return kept
}

// FileValue is what stands in a command for the file that was given for a flag.
func FileValue(name string) string { return fromFile + name }

// Fill understands what a form was filled with, on top of what was given before and has no input there. It says
// of each input what is wrong with it, in the words in which the same would be refused when typed.
func (s Spec) Fill(before Values, form Filled) (Values, map[string]error) {
	v := Values{Args: maps.Clone(before.Args), Flags: maps.Clone(before.Flags)}
	if v.Args == nil {
		v.Args = map[string][]string{}
	}
	if v.Flags == nil {
		v.Flags = map[string]Value{}
	}
	wrong := map[string]error{}
	for _, a := range s.Args {
		if text, asked := form[a.Name]; asked {
			s.fillArg(v, a, text, wrong)
		}
	}
	for _, f := range s.Flags {
		if text, asked := form[FlagInput(f.Name)]; asked {
			s.fillFlag(v, f, text, wrong)
		}
	}
	if len(wrong) == 0 {
		s.lacking(v, wrong)
	}
	return v, wrong
}

func (s Spec) fillArg(v Values, a Arg, text string, wrong map[string]error) {
	delete(v.Args, a.Name)
	words := []string{strings.TrimSpace(text)}
	if a.Many {
		words = strings.Fields(text)
	}
	for _, word := range words {
		if word == "" {
			continue
		}
		if err := s.length(a, word); err != nil {
			wrong[a.Name] = err
			return
		}
		v.Args[a.Name] = append(v.Args[a.Name], word)
	}
}

func (s Spec) fillFlag(v Values, f Flag, text string, wrong map[string]error) {
	delete(v.Flags, f.Name)
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return
	case f.Kind == Bool:
		v.Flags[f.Name] = Value{Bool: text == "true"}
		return
	case f.Kind == List:
		text = strings.ReplaceAll(text, "\n", ",")
	}
	value, err := f.read(text)
	if err != nil {
		wrong[FlagInput(f.Name)] = s.refuse(err.fault, err.meant)
		return
	}
	v.Flags[f.Name] = value
}

// lacking looks for what is not there but must be, and for what cannot stand together.
func (s Spec) lacking(v Values, wrong map[string]error) {
	for i, a := range s.Args {
		if len(v.Args[a.Name]) > 0 {
			continue
		}
		behind := i+1 < len(s.Args) && len(v.Args[s.Args[i+1].Name]) > 0
		if !a.Optional || behind {
			wrong[a.Name] = s.Refuse("", "The %s is missing.", a.Name)
		}
	}
	for _, set := range s.OneOf {
		if err := s.oneOf(v, set); err != nil {
			for _, name := range set {
				if v.Given(name) || (len(given(v, set)) == 0 && name == set[0]) {
					wrong[FlagInput(name)] = err
				}
			}
		}
	}
}

// length refuses an argument that is too long.
func (s Spec) length(a Arg, word string) error {
	most := a.Max
	if most == 0 {
		most = maxArg
	}
	if len([]rune(word)) > most {
		return s.Refuse("", "The %s is longer than %d characters.", a.Name, most)
	}
	return nil
}

func given(v Values, set []string) []string {
	var all []string
	for _, name := range set {
		if v.Given(name) {
			all = append(all, FlagInput(name))
		}
	}
	return all
}

// oneOf refuses a set of flags of which not exactly one is given.
func (s Spec) oneOf(v Values, set []string) error {
	all := given(v, set)
	switch {
	case len(all) == 0 && len(set) == 1:
		return s.Refuse("", "--%s is needed.", set[0])
	case len(all) == 0:
		return s.Refuse("", "One of --%s is needed.", strings.Join(set, ", --"))
	case len(all) > 1:
		return s.Refuse("", "%s cannot stand together: give one of them.", and(all))
	}
	return nil
}

// Fields are what a form starts with: values as Fill would read them.
func (s Spec) Fields(v Values) Filled {
	form := Filled{}
	for _, a := range s.Args {
		if words := v.Args[a.Name]; len(words) > 0 {
			form[a.Name] = strings.Join(words, "\n")
		}
	}
	for _, f := range s.Flags {
		value, ok := v.Flags[f.Name]
		switch {
		case !ok:
		case f.Kind == List:
			form[FlagInput(f.Name)] = strings.Join(value.List, "\n")
		default:
			form[FlagInput(f.Name)] = f.text(value)
		}
	}
	return form
}

// Sketch is a command as far as it is known, with what is still missing as it stands in the usage.
func (s Spec) Sketch(v Values) string {
	parts := []string{s.Name}
	for _, a := range s.Args {
		switch words := v.Args[a.Name]; {
		case len(words) > 0:
			one := Spec{Args: []Arg{a}}.Print(Values{Args: map[string][]string{a.Name: words}})
			parts = append(parts, strings.TrimSpace(one))
		case !a.Optional:
			parts = append(parts, a.Usage())
		}
	}
	for _, set := range s.OneOf {
		if len(given(v, set)) == 0 {
			parts = append(parts, s.ways(set))
		}
	}
	rest := Spec{Flags: s.Flags}.Print(Values{Flags: s.Unfiled(v).Flags})
	return strings.TrimSpace(strings.Join(parts, " ") + rest)
}

// Needed reports whether a flag, alone or with others of which one is enough, must be given.
func (s Spec) Needed(flag string) bool { return s.needed(flag) }

// Beside are the flags of which exactly one is needed, when the flag is one of several.
func (s Spec) Beside(flag string) []string {
	for _, set := range s.OneOf {
		for _, name := range set {
			if name == flag && len(set) > 1 {
				return set
			}
		}
	}
	return nil
}

// Fileless refuses typed values that stand for files: nobody sees which files those were.
func (s Spec) Fileless(v Values) error {
	for _, f := range s.Flags {
		if f.File && strings.HasPrefix(v.Text(f.Name), fromFile) {
			return fault.New(fault.Invalid, "--%s names a file, and a typed command has none.", f.Name).
				WithHint("Type the command without what it needs, such as `%s`, and add the file in the form that opens.", s.Name)
		}
	}
	return nil
}

// Filed is the flag of the values for which the content of a file is given; empty without one.
func (s Spec) Filed(v Values) string {
	for _, f := range s.Flags {
		if text := v.Text(f.Name); f.File && text != "" && !strings.HasPrefix(text, fromFile) {
			return f.Name
		}
	}
	return ""
}

// Bounds are the least and the most that a number may be.
func (f Flag) Bounds() (low, high int64) { return f.bounds() }

// Several reports whether an input holds one thing in each line.
func (s Spec) Several(input string) bool {
	for _, a := range s.Args {
		if a.Name == input {
			return a.Many
		}
	}
	f, _, ok := s.flag(strings.TrimPrefix(input, "--"))
	return ok && f.Kind == List
}

// Plain is text in the way in which typed words are read: every kind of space is one, and what cannot be seen is gone.
func Plain(text string) string { return normal(text) }
