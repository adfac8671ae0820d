package grammar

import (
	"fmt"
	"strings"
	"time"
)

// Spec says which words a command takes. It is also what its help and its completion are made from.
type Spec struct {
	Name    string // as it is typed: "/asg rollout"
	Summary string // one sentence
	Example string // one that works
	Args    []Arg
	Flags   []Flag
	OneOf   [][]string // of each set of flags exactly one is needed
}

// Arg is a word that is known by its place.
type Arg struct {
	Name     string
	About    string
	Optional bool // only the last ones can be
	Many     bool // takes all words that are left; only the last one can
	Rest     bool // takes all that is left as it stands, flags and quotes included; only the last one can
	Max      int  // characters; 0: 255
	Pick     Pick // what its value names, where a form can look for it
}

// Kind is what sort of value a flag takes.
type Kind int

// The kinds of flags.
const (
	Text     Kind = iota // any words
	Bool                 // no value: --dry-run, --no-dry-run
	Int                  // a whole number
	Percent              // a whole number with or without a % behind it
	Percents             // several of those, with commas between
	Duration             // a number with its unit, such as 90s, 5m, 2h or 1d
	List                 // several words, with commas between
	Enum                 // one of the choices
)

// Flag is a value that is known by its name.
type Flag struct {
	Name     string // without dashes
	About    string
	Kind     Kind
	Value    string // stands for the value in help; the kind's own word when empty
	Choices  []string
	Min, Max int64  // of numbers; of a duration in nanoseconds; a Max of 0 is no bound, or 100 percent
	Most     int    // characters of a text, items of a list; 0: 255 and 20
	Prefix   string // may stand before a number: "v" for v7
	Pick     Pick   // what its value names, where a form can look for it
	File     bool   // a form takes a file for it, too; the file's content is the value, and may have several lines
	Both     bool   // of a Bool: leaving it out is neither yes nor no, so a form asks for one of three
	Unasked  bool   // no form asks for it: it is understood so that it can be refused in words of its own
}

// Pick is a kind of thing that values name, and that can be looked for while a form is filled in.
type Pick string

// The kinds of things that can be looked for.
const (
	Group         Pick = "group"
	Image         Pick = "image"
	Family        Pick = "family"
	Instance      Pick = "instance" // where the command names a group, its instances come first
	Member        Pick = "instance of the group"
	Template      Pick = "template"
	Subnet        Pick = "subnet"
	SecurityGroup Pick = "security group"
	TargetGroup   Pick = "target group"
	InstanceType  Pick = "instance type"
	Environment   Pick = "environment"
	Source        Pick = "source" // an instance, an image or a family
)

// Within are the bounds of a duration, for Flag's Min and Max.
func Within(least, most time.Duration) (low, high int64) { return int64(least), int64(most) }

// flag finds a flag by its name; no is true when the name was found behind "no-".
func (s Spec) flag(name string) (f Flag, no, ok bool) {
	for _, f := range s.Flags {
		if f.Name == name {
			return f, false, true
		}
	}
	if rest, cutOff := strings.CutPrefix(name, "no-"); cutOff {
		for _, f := range s.Flags {
			if f.Name == rest && f.Kind == Bool {
				return f, true, true
			}
		}
	}
	return Flag{}, false, false
}

func (s Spec) names() []string {
	names := []string{"help"}
	for _, f := range s.Flags {
		names = append(names, f.Name)
	}
	return names
}

// Usage is the command with everything it takes on one line.
func (s Spec) Usage() string {
	parts := []string{s.Name}
	for _, a := range s.Args {
		parts = append(parts, a.Usage())
	}
	for _, set := range s.OneOf {
		parts = append(parts, s.ways(set))
	}
	for _, f := range s.Flags {
		if !s.needed(f.Name) {
			parts = append(parts, "["+f.Usage()+"]")
		}
	}
	return strings.Join(parts, " ")
}

// ways are the flags of which one is needed.
func (s Spec) ways(set []string) string {
	var ways []string
	for _, name := range set {
		f, _, _ := s.flag(name)
		ways = append(ways, f.Usage())
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return "(" + strings.Join(ways, " | ") + ")"
}

// Short is the usage without the flags that are not needed, for where there is little room.
func (s Spec) Short() string {
	var needed []Flag
	for _, f := range s.Flags {
		if s.needed(f.Name) {
			needed = append(needed, f)
		}
	}
	s.Flags = needed
	return s.Usage()
}

// brief is the usage for a refusal: whole when it is short.
func (s Spec) brief() string {
	if whole := s.Usage(); len([]rune(whole)) <= 120 {
		return whole
	}
	return s.Short() + " […]"
}

func (s Spec) needed(name string) bool {
	for _, set := range s.OneOf {
		for _, n := range set {
			if n == name {
				return true
			}
		}
	}
	return false
}

// Usage is the argument as it stands in the usage: "<group>", "[part]".
func (a Arg) Usage() string {
	dots := ""
	if a.Many || a.Rest {
		dots = "…"
	}
	if a.Optional {
		return "[" + a.Name + dots + "]"
	}
	return "<" + a.Name + ">" + dots
}

// Usage is the flag with what stands for its value: "--image <ami>".
func (f Flag) Usage() string {
	if f.Kind == Bool {
		return "--" + f.Name
	}
	return "--" + f.Name + " " + f.value()
}

// value is the word that stands for the flag's value.
func (f Flag) value() string {
	switch {
	case f.Value != "":
		return f.Value
	case f.Kind == Enum:
		return strings.Join(f.Choices, "|")
	}
	return [...]string{"<text>", "", "<number>", "<percent>", "<percent,percent,…>", "<time>", "<name,name,…>", ""}[f.Kind]
}

// Check reports what is wrong with the spec itself; a command's author reads it.
func (s Spec) Check() error {
	for i, a := range s.Args {
		last := i == len(s.Args)-1
		if ((a.Many || a.Rest) && !last) || (!a.Optional && i > 0 && s.Args[i-1].Optional) {
			return fmt.Errorf("%s: argument %s cannot stand there", s.Name, a.Name)
		}
	}
	seen := map[string]bool{"help": true}
	for _, f := range s.Flags {
		if seen[f.Name] || f.Name != strings.ToLower(f.Name) || strings.HasPrefix(f.Name, "no-") {
			return fmt.Errorf("%s: flag %q is not a good name, or is there twice", s.Name, f.Name)
		}
		seen[f.Name] = true
	}
	for _, set := range s.OneOf {
		for _, name := range set {
			if !seen[name] {
				return fmt.Errorf("%s: one of %v needs flag %s, which is not there", s.Name, set, name)
			}
		}
	}
	return nil
}
