package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

const (
	commandForm = "command"  // the id of every form that fills in a command
	fileInput   = "@"        // before the id of the input that takes a flag's value from a file
	formFile    = "the-form" // stands for several lines that were written into a form
	maxFile     = 64 << 10   // bytes of a file, unless its flag takes less
	noOption    = "?"        // the value of an option that only tells something
)

// Upload is a file that came with a form.
type Upload struct{ Name, Content string }

// lacking is what is answered to a command of which something is missing: a form that asks for it, where one can
// be opened at once.
func (d *Desk) lacking(c *Call, command Command, r *grammar.Refusal) (Result, error) {
	if !c.Forms || !carriable(r.Typed) {
		return Result{}, r
	}
	return Result{Modal: d.form(command, d.here(command, *r.Given, c.Channel))}, nil
}

// reopened is the form that a button stands for: the one for a command's missing words, or the one before the
// glass is broken.
func (d *Desk) reopened(text, channel string) (Result, error) {
	m, err := d.Book.find(text)
	if err != nil {
		return Result{}, stale(text)
	}
	words, err := partly(m)
	if err == nil && !carriable(m.command.Spec().Print(words)) {
		err = fault.New(fault.Invalid, "This command is too long for a form.").WithHint("Type the whole of it.")
	}
	if err != nil {
		return Result{}, err
	}
	_, whole := m.command.Spec().Parse(m.given(), m.broken)
	if whole == nil && words.Given(glassFlag) {
		return d.Book.glassForm(text)
	}
	return Result{Modal: d.form(m.command, d.here(m.command, words, channel))}, nil
}

// submitted are the words of a form for a command, with what is wrong by input.
func (b *Book) submitted(s Submission) (Command, grammar.Values, map[string]string, error) {
	m, err := b.find(string(s.Subject))
	if err != nil {
		return Command{}, grammar.Values{}, nil, stale(string(s.Subject))
	}
	before, err := partly(m)
	if err != nil {
		return Command{}, grammar.Values{}, nil, err
	}
	spec := m.command.Spec()
	filled, wrong := answers(spec, s)
	unknown(spec, s, wrong)
	words, errs := spec.Fill(before, filled)
	for input, err := range errs {
		if f, ok := fault.As(err); ok {
			wrong[input] = cmp.Or(wrong[input], f.Text)
		}
	}
	if typed := spec.Print(words); len(wrong) == 0 {
		wrong = unsaid(m.command, typed, s)
	}
	return m.command, words, wrong, nil
}

// unknown finds what was filled in that the command does not take any more: a form may be older than the bot. To leave
// it out would be to run something else than what was filled in.
func unknown(spec grammar.Spec, s Submission, wrong map[string]string) {
	known := map[string]bool{}
	for _, a := range spec.Args {
		known[a.Name] = true
	}
	for _, f := range spec.Flags {
		known[grammar.FlagInput(f.Name)] = true
		known[fileInput+grammar.FlagInput(f.Name)] = f.File
	}
	for input, value := range s.Values {
		if !known[input] && strings.TrimSpace(value) != "" {
			wrong[input] = "This form is older than I am, and I do not take this any more. Close it, and type the command again."
		}
	}
}

// unsaid looks whether the words of a form can be read again as the command that they make.
func unsaid(c Command, typed string, s Submission) map[string]string {
	_, err := c.Spec().ParseText(strings.TrimPrefix(typed, c.Name()))
	f, wrong := fault.As(err)
	if !wrong {
		return nil
	}
	longest := ""
	for input, value := range s.Values {
		if longest == "" || len(value) > len(s.Values[longest]) || (len(value) == len(s.Values[longest]) && input < longest) {
			longest = input
		}
	}
	return map[string]string{longest: f.Text}
}

// partly are the words that a form began with.
func partly(m match) (grammar.Values, error) {
	words, err := m.command.Spec().Parse(m.given(), m.broken)
	if r, ok := errors.AsType[*grammar.Refusal](err); ok && r.Given != nil {
		return *r.Given, nil
	}
	return words, err
}

// answers are what a form was filled with: on one line each but for what may have several, and a file in the place
// of what could have been written.
func answers(spec grammar.Spec, s Submission) (grammar.Filled, map[string]string) {
	filled, wrong := grammar.Filled{}, map[string]string{}
	for input, value := range s.Values {
		if value == noOption {
			wrong[input] = "This was no choice. Write something into the search."
			continue
		}
		if filled[input] = listed(value); !spec.Several(input) {
			filled[input] = strings.ReplaceAll(filled[input], "\n", " ")
		}
	}
	for _, f := range spec.Flags {
		input := grammar.FlagInput(f.Name)
		if !f.File {
			continue
		}
		file := strings.TrimSpace(s.Values[fileInput+input])
		written := strings.TrimSpace(s.Values[input])
		switch {
		case file != "" && written != "":
			wrong[fileInput+input] = "Write it, or give a file, not both."
		case file != "":
			filled[input] = grammar.FileValue(fileName(file))
		case written != "": // it may have several lines and hold what is nobody's business, so it stays out of the command
			filled[input] = grammar.FileValue(formFile)
			wrongFile(f, input, written, wrong)
		}
		if up, ok := s.Files[fileInput+input]; ok {
			wrongFile(f, fileInput+input, up.Content, wrong)
		}
	}
	return filled, wrong
}

// wrongFile looks at what a file holds.
func wrongFile(f grammar.Flag, input, content string, wrong map[string]string) {
	most := maxFile
	if f.Most > 0 {
		most = f.Most
	}
	switch {
	case !utf8.ValidString(content) || strings.ContainsRune(content, 0):
		wrong[input] = "This file holds no text."
	case strings.TrimSpace(content) == "":
		wrong[input] = "This file is empty."
	case utf8.RuneCountInString(content) > most:
		wrong[input] = fmt.Sprintf("This is longer than %d characters.", most)
	}
}

// fileName is the name of a file as it stands in a command.
func fileName(name string) string {
	return short(strings.ReplaceAll(card.Inert(folded(name)), "@", ""), 80)
}

// listed is a value with single spaces, on as many lines as it has.
func listed(value string) string {
	var lines []string
	for line := range strings.SplitSeq(grammar.Plain(value), "\n") {
		if line = card.Inert(folded(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// misfilled says what is wrong in a form for a command, by input.
func (b *Book) misfilled(s Submission) map[string]string {
	_, _, wrong, err := b.submitted(s)
	if err != nil {
		return nil // it is answered with why
	}
	return wrong
}

// fill runs the command that a form was filled in for, as if whoever sent it had typed it.
func (d *Desk) fill(ctx context.Context, a *attempt, s Submission, who Person) (Result, error) {
	command, words, _, err := d.Book.submitted(s)
	if err != nil {
		return Result{}, err
	}
	words, wrong := d.settled(ctx, command, words, s)
	if len(wrong) > 0 {
		return Result{Errors: wrong}, nil
	}
	typed := command.Spec().Print(words)
	a.deed.What = short(typed, 500)
	contents(command.Spec(), words, s)
	c := &Call{
		Request: Request{Key: s.Key, Actor: s.Actor, Channel: s.Channel, Thread: s.Thread, Text: typed, Received: s.Received, Forms: true},
		Person:  who, Gate: a.gate, Words: words, Typed: typed,
	}
	result, err := d.perform(ctx, a, c, command)
	if err == nil && result.Reply != nil {
		copied := *result.Reply
		result.Reply = copyable(copied, typed)
	}
	return result, err
}

// contents puts what files hold in the place of their names.
func contents(spec grammar.Spec, words grammar.Values, s Submission) {
	for _, f := range spec.Flags {
		if !f.File {
			continue
		}
		input := grammar.FlagInput(f.Name)
		if up, ok := s.Files[fileInput+input]; ok {
			words.Flags[f.Name] = grammar.Value{Text: up.Content}
		} else if words.Text(f.Name) == grammar.FileValue(formFile) {
			words.Flags[f.Name] = grammar.Value{Text: strings.TrimSpace(s.Values[input])}
		}
	}
}

// copyable adds the command that a form made to its answer.
func copyable(c card.Card, typed string) *card.Card {
	c.Sections = append(c.Sections[:len(c.Sections):len(c.Sections)],
		card.Para(card.T("As a command:")), card.Section{Code: typed})
	return &c
}
