package grammar

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
)

// maxArg bounds an argument or a text that does not say so itself.
const maxArg = 255

// ParseText understands the words behind a command's name. It returns Help when that is what they ask
// for, and otherwise only refusals.
func (s Spec) ParseText(text string) (Values, error) {
	words, err := Words(text)
	return s.Parse(words, err)
}

// Parse understands words that Words read; err is what stopped it from reading on.
func (s Spec) Parse(words []Word, err error) (Values, error) {
	if asksHelp(s.own(words)) {
		return Values{}, Help
	}
	if f, ok := fault.As(err); ok {
		return Values{}, s.refuse(f, "")
	}
	p := &parser{spec: s, words: words, values: Values{Args: map[string][]string{}, Flags: map[string]Value{}}}
	if err := p.parse(); err != nil {
		return Values{}, err
	}
	return p.values, nil
}

// own are the words that are meant for this command, and not for one that it takes as it stands.
func (s Spec) own(words []Word) []Word {
	if len(s.Args) == 0 || !s.Args[len(s.Args)-1].Rest {
		return words
	}
	placed := 0
	for i, w := range words {
		if _, value := s.wants(words[:i]); value || w.flag() {
			continue
		}
		if placed++; placed == len(s.Args) {
			return words[:i+1]
		}
	}
	return words
}

// asksHelp reports whether the words ask for help: `--help` or `-h` anywhere before `--`, `help` first.
func asksHelp(words []Word) bool {
	for i, w := range words {
		if w.Literal {
			continue
		}
		switch strings.ToLower(w.Text) {
		case "--":
			return false
		case "--help", "-h", "-help", "-?":
			return true
		case "help", "?":
			if i == 0 {
				return true
			}
		}
	}
	return false
}

// parser takes words one by one.
type parser struct {
	spec   Spec
	words  []Word
	values Values
	placed int  // arguments so far
	ended  bool // `--` was there
}

func (p *parser) parse() error {
	for len(p.words) > 0 {
		w := p.words[0]
		p.words = p.words[1:]
		var err error
		switch {
		case p.ended, !w.flag(), number.MatchString(w.Text) && p.placed < len(p.spec.Args):
			err = p.place(w)
		case w.Text == "--":
			p.ended = true
		default:
			err = p.flag(w)
		}
		if err != nil {
			return err
		}
	}
	return p.complete()
}

// place gives a word to the next argument.
func (p *parser) place(w Word) error {
	if p.placed >= len(p.spec.Args) {
		return p.tooMany(w)
	}
	arg := p.spec.Args[p.placed]
	if w.Text == "" {
		return p.spec.Refuse("", "The %s is empty.", arg.Name)
	}
	if arg.Rest {
		w.Text = raw(append([]Word{w}, p.words...))
		p.words = nil
	}
	if err := p.spec.length(arg, w.Text); err != nil {
		return err
	}
	p.values.Args[arg.Name] = append(p.values.Args[arg.Name], w.Text)
	if !arg.Many {
		p.placed++
	}
	return nil
}

// raw is what was typed, with single spaces between the words.
func raw(words []Word) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.Raw
	}
	return strings.Join(all, " ")
}

func (p *parser) tooMany(w Word) error {
	meant := ""
	if near := Near(w.Text, p.spec.names()); near != "" && !w.Literal {
		meant = DidYouMean("--" + near)
	}
	if len(p.spec.Args) == 0 {
		return p.spec.Refuse(meant, "%q is one word too many: %s takes none.", cut(w.Text, 40), p.spec.Name)
	}
	return p.spec.Refuse(meant, "%q is one word too many. Words that belong together go into quotes.", cut(w.Text, 40))
}

var number = regexp.MustCompile(`^-\d+%?$`)

// flag understands a flag and takes its value.
func (p *parser) flag(w Word) error {
	name, value, assigned := strings.Cut(w.Text, "=")
	if !strings.HasPrefix(name, "--") {
		return p.single(name)
	}
	f, no, ok := p.spec.flag(strings.ToLower(strings.TrimPrefix(name, "--")))
	if !ok {
		return p.unknown(name)
	}
	if first, twice := p.values.Flags[f.Name]; twice && f.Kind == Bool && first.Bool == no && !assigned {
		return p.spec.Refuse("", "--%s and --no-%s cannot stand together: give one of them.", f.Name, f.Name)
	} else if twice {
		return p.spec.Refuse("", "--%s is there twice.", f.Name)
	}
	if f.Kind == Bool {
		return p.boolean(f, no, value, assigned)
	}
	if !assigned {
		if value, ok = p.take(); !ok {
			return p.missing(f)
		}
	}
	if value == "" {
		return p.missing(f)
	}
	v, err := f.read(value)
	if err != nil {
		return p.spec.refuse(err.fault, err.meant)
	}
	p.values.Flags[f.Name] = v
	return nil
}

// take takes the next word as a flag's value, unless it is a flag itself.
func (p *parser) take() (string, bool) {
	if len(p.words) == 0 {
		return "", false
	}
	w := p.words[0]
	if w.flag() && !number.MatchString(w.Text) {
		return "", false
	}
	p.words = p.words[1:]
	return w.Text, true
}

func (p *parser) missing(f Flag) error {
	if len(p.words) > 0 && p.words[0].flag() {
		return p.spec.Refuse("", "--%s needs a value, and %s stands in its place.", f.Name, cut(p.words[0].Text, 40))
	}
	return p.spec.Refuse("", "--%s needs a value: --%s %s.", f.Name, f.Name, f.value())
}

func (p *parser) boolean(f Flag, no bool, value string, assigned bool) error {
	on := true
	if assigned {
		switch strings.ToLower(value) {
		case "true", "yes", "on", "1":
		case "false", "no", "off", "0":
			on = false
		default:
			return p.spec.Refuse("", "--%s is either there or not: write --%s or --no-%s.", f.Name, f.Name, f.Name)
		}
	}
	p.values.Flags[f.Name] = Value{Bool: on != no}
	return nil
}

func (p *parser) single(name string) error {
	if long := "-" + name; len(name) > 2 {
		if near := Near(strings.TrimLeft(name, "-"), p.spec.names()); near != "" {
			long = "--" + near
		}
		return p.spec.Refuse(DidYouMean(long), "%s has one dash; flags begin with two.", cut(name, 40))
	}
	return p.spec.Refuse("", "There is no %s here: flags have whole names, such as --help. A word that begins with a dash goes into quotes.", name)
}

func (p *parser) unknown(name string) error {
	meant := ""
	if near := Near(strings.TrimLeft(name, "-"), p.spec.names()); near != "" {
		meant = DidYouMean("--" + near)
	}
	return p.spec.Refuse(meant, "%s has no flag %s.", p.spec.Name, cut(name, 40))
}

// complete looks for what is not there but must be.
func (p *parser) complete() error {
	for _, a := range p.spec.Args {
		if !a.Optional && len(p.values.Args[a.Name]) == 0 {
			return p.lacking(p.spec.Refuse("", "The %s is missing.", a.Name))
		}
	}
	for _, set := range p.spec.OneOf {
		if err := p.spec.oneOf(p.values, set); err != nil {
			if len(given(p.values, set)) == 0 {
				return p.lacking(err)
			}
			return err
		}
	}
	return nil
}

// lacking is a refusal that comes with what was given: nothing is wrong with that.
func (p *parser) lacking(err error) error {
	r, ok := errors.AsType[*Refusal](err)
	if ok {
		r.Given, r.Typed = &p.values, p.spec.Print(p.values)
	}
	return err
}

func and(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:last], ", "), words[last])
}
