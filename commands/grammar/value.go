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
	parts := []string{s.Name}
	for _, a := range s.Args {
		for _, word := range v.Args[a.Name] {
			parts = append(parts, literal(word))
		}
	}
	for _, f := range s.Flags {
		if value, ok := v.Flags[f.Name]; ok {
			parts = append(parts, f.print(value))
		}
	}
	return strings.Join(parts, " ")
}

// literal is a word that is never read as a wish for help.
func literal(word string) string {
	if q := Quote(word); q != word || !asksHelp([]Word{{Text: word}}) {
		return q
	}
	return `"` + word + `"`
}

func (f Flag) print(v Value) string {
	name := "--" + f.Name
	switch f.Kind {
	case Bool:
		if !v.Bool {
			return "--no-" + f.Name
		}
		return name
	case Int, Percent:
		return fmt.Sprintf("%s %d", name, v.Int)
	case Percents:
		return name + " " + strings.Trim(strings.ReplaceAll(fmt.Sprint(v.Ints), " ", ","), "[]")
	case Duration:
		return name + " " + Span(v.Duration)
	case List:
		return name + " " + Quote(strings.Join(v.List, ","))
	}
	return name + " " + Quote(v.Text)
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
