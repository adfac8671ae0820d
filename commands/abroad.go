package commands

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

// mentioned is a command that an answer names, between backquotes.
var mentioned = regexp.MustCompile("`/(?:ami|asg|template) [^`]+`")

// abroad ends the commands that an answer names with the environment that was named with --in: typed where the answer
// stands they would otherwise mean another one, such as production.
func abroad(c *Call, r Result, err error) (Result, error) {
	env := c.Words.Text("in")
	if env == "" {
		return r, err
	}
	in := " --in " + grammar.Quote(env)
	if f, plain := err.(*fault.Fault); plain { //nolint:errorlint // what wraps a fault says more, and is left alone
		return r, f.WithHint("%s", placed(f.Hint, in))
	}
	if r.Reply == nil {
		return r, err
	}
	for i, s := range r.Reply.Sections {
		r.Reply.Sections[i].Findings = placedFindings(s.Findings, in)
		r.Reply.Sections[i].Facts = placedFacts(s.Facts, in)
		if s.Text != nil {
			said := placedText(*s.Text, in)
			r.Reply.Sections[i].Text = &said
		}
	}
	return r, err
}

func placedFindings(all []card.Finding, in string) []card.Finding {
	var list []card.Finding
	for _, f := range all {
		f.Text, f.Hint = placed(f.Text, in), placed(f.Hint, in)
		list = append(list, f)
	}
	return list
}

func placedFacts(all []card.Fact, in string) []card.Fact {
	var list []card.Fact
	for _, f := range all {
		f.Value = placedText(f.Value, in)
		list = append(list, f)
	}
	return list
}

func placedText(t card.Text, in string) card.Text {
	var list card.Text
	for _, p := range t {
		p.Plain = placed(p.Plain, in)
		if p.Code != "" {
			p.Code = strings.Trim(placed("`"+p.Code+"`", in), "`")
		}
		list = append(list, p)
	}
	return list
}

// placed ends the commands in a sentence, unless they name an environment themselves.
func placed(s, in string) string {
	return mentioned.ReplaceAllStringFunc(s, func(command string) string {
		if strings.Contains(command, "--in ") || strings.Contains(command, "--help") {
			return command
		}
		return strings.TrimSuffix(command, "`") + in + "`"
	})
}

// inside is a command that names its environment: copied into another channel it means the same.
func (b *Book) inside(text, env string) string {
	m, err := b.find(text)
	if err != nil || env == "" {
		return text
	}
	spec := m.command.Spec()
	words, err := spec.Parse(m.given(), m.broken)
	at := slices.IndexFunc(spec.Flags, func(f grammar.Flag) bool { return f.Pick == grammar.Environment })
	if err != nil || at < 0 || words.Given(spec.Flags[at].Name) {
		return text
	}
	words.Flags = maps.Clone(words.Flags)
	if words.Flags == nil {
		words.Flags = map[string]grammar.Value{}
	}
	words.Flags[spec.Flags[at].Name] = grammar.Value{Text: env}
	return spec.Print(words)
}
