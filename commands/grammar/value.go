package grammar

import (
	"fmt"
	"strings"
	"time"
)

// Value is what a flag was given; the field of its kind is set.
type Value struct {
	Text     string
	Int      int64 // of Int and Percent
	Ints     []int // of Percents
	Duration time.Duration
	List     []string
	Bool     bool
}

// Values is a command line understood.
type Values struct {
	Args  map[string][]string // by the argument's name
	Flags map[string]Value    // those that were given
}

// Arg is the word given for an argument; "" when there is none. Several are joined with spaces.
func (v Values) Arg(name string) string { return strings.Join(v.Args[name], " ") }

// Given reports whether a flag was given.
func (v Values) Given(name string) bool {
	_, ok := v.Flags[name]
	return ok
}

// Text is a text's or an enum's value; "" when it was not given.
func (v Values) Text(name string) string { return v.Flags[name].Text }

// Bool is a bool's value; false when it was not given.
func (v Values) Bool(name string) bool { return v.Flags[name].Bool }

// Int is a number's or a percentage's value; nil when it was not given.
func (v Values) Int(name string) *int {
	f, ok := v.Flags[name]
	if !ok {
		return nil
	}
	n := int(f.Int)
	return &n
}

// Ints are the values of percentages; nil when they were not given.
func (v Values) Ints(name string) []int { return v.Flags[name].Ints }

// List is a list's value; nil when it was not given.
func (v Values) List(name string) []string { return v.Flags[name].List }

// Duration is a duration's value; nil when it was not given.
func (v Values) Duration(name string) *time.Duration {
	f, ok := v.Flags[name]
	if !ok {
		return nil
	}
	return &f.Duration
}

// Print writes values as a command that parses to the very same values.
func (s Spec) Print(v Values) string {
	parts, rest := []string{s.Name}, []string(nil)
	for _, a := range s.Args {
		for _, word := range v.Args[a.Name] {
			if a.Rest {
				rest = asItStands(word)
				continue
			}
			parts = append(parts, literal(word))
		}
	}
	for _, f := range s.Flags {
		if value, ok := v.Flags[f.Name]; ok {
			parts = append(parts, f.print(value))
		}
	}
	return strings.Join(append(parts, rest...), " ")
}

// asItStands is what was typed, behind a `--` where its first word would be read as something else.
func asItStands(typed string) []string {
	words, _ := Words(typed)
	if len(words) > 0 && (words[0].flag() || asksHelp(words[:1])) {
		return []string{"--", typed}
	}
	return []string{typed}
}

// Typed is what was given, by the names of arguments and flags, each as it would be typed again.
func (s Spec) Typed(v Values) map[string]string {
	all := map[string]string{}
	for name, words := range v.Args {
		all[name] = strings.Join(words, " ")
	}
	for _, f := range s.Flags {
		if value, ok := v.Flags[f.Name]; ok {
			all[f.Name] = f.text(value)
		}
	}
	return all
}

// literal is a word that is never read as a wish for help.
func literal(word string) string {
	if q := Quote(word); q != word || !asksHelp([]Word{{Text: word}}) {
		return q
	}
	return `"` + word + `"`
}

func (f Flag) print(v Value) string {
	switch {
	case f.Kind == Bool && v.Bool:
		return "--" + f.Name
	case f.Kind == Bool:
		return "--no-" + f.Name
	case f.Kind == List, f.Kind == Text, f.Kind == Enum:
		return "--" + f.Name + " " + Quote(f.text(v))
	}
	return "--" + f.Name + " " + f.text(v)
}

// text is a value in words, without quotes: "true", "50", "20,50", "1h", "5xx,slow".
func (f Flag) text(v Value) string {
	switch f.Kind {
	case Bool:
		return fmt.Sprint(v.Bool)
	case Int, Percent:
		return fmt.Sprint(v.Int)
	case Percents:
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(v.Ints), " ", ","), "[]")
	case Duration:
		return Span(v.Duration)
	case List:
		return strings.Join(v.List, ",")
	}
	return v.Text
}

// Span writes a duration as people type it: 90s, 5m, 1d12h. What is below a second is left out.
func Span(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	if d < 2*time.Minute && d%time.Minute != 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}

var units = []struct {
	name string
	size time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
