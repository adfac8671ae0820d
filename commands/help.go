package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

// help is the command that explains the others.
func (b *Book) help() Command {
	return Command{
		Path:     []string{home, "help"},
		Summary:  "Show what can be asked, or explain one command.",
		Example:  "/amiral help asg rollout",
		Args:     []grammar.Arg{{Name: "command", About: "its words, such as asg rollout", Optional: true, Many: true}},
		ReadOnly: true,
		Run: func(_ context.Context, c *Call) (Result, error) {
			m, err := b.find(c.Words.Arg("command"))
			if wanted, ok := errors.AsType[*helpWanted](err); ok {
				return reply(b.overview(wanted.path)), nil
			}
			if err != nil {
				return Result{}, err
			}
			return reply(m.command.help()), nil
		},
	}
}

// overview is the help on everything below a path.
func (b *Book) overview(path []string) card.Card {
	c := card.Card{Title: "What you can ask", Summary: "What you can ask of amiral."}
	if len(path) == 1 && path[0] == home {
		path = nil
	}
	if len(path) > 0 {
		c.Title = "/" + strings.Join(path, " ")
	}
	if len(path) == 1 {
		c.Summary = rootSummary(path[0]) + "."
		c.Sections = append(c.Sections, card.Para(card.T("%s.", rootSummary(path[0]))))
	}
	roots := b.roots()
	if len(path) > 0 {
		roots = path[:1]
	}
	for _, root := range roots {
		var lines card.Text
		for i, command := range b.under(append([]string{root}, path[min(1, len(path)):]...)) {
			if i > 0 {
				lines = append(lines, card.Part{Plain: "\n"})
			}
			lines = append(lines, card.Part{Code: command.Spec().Short()}, card.Part{Plain: " " + command.Summary})
		}
		c.Sections = append(c.Sections, card.Para(lines))
	}
	example := "asg"
	if len(path) > 0 && path[0] != "amiral" {
		example = path[0]
	}
	c.Foot = []card.Text{
		card.Join(card.T("Any command with "), card.Code("--help"), card.T(" explains itself.")),
		card.Join(card.T("In a thread, mention me instead: "), card.Text{{Bold: "@amiral"}}, card.T(" %s list.", example)),
	}
	return c
}

// help is the help on one command.
func (c Command) help() card.Card {
	s := c.Spec()
	k := card.Card{Title: c.Name(), Summary: c.Summary}
	k.Sections = append(k.Sections, card.Para(card.T("%s", c.Summary)))
	if c.Details != "" {
		k.Sections = append(k.Sections, card.Para(card.T("%s", c.Details)))
	}
	k.Sections = append(k.Sections, card.Section{Code: strings.TrimSpace(s.Usage() + "\n\n" + words(s))})
	k.Sections = append(k.Sections, card.Para(card.Join(card.T("For example: "), card.Code(c.Example))))
	if !c.ReadOnly {
		k.Foot = []card.Text{card.T("Who may ask for this, and who must agree, is decided by the policy.")}
	}
	return k
}

// words is a table of arguments and flags.
func words(s grammar.Spec) string {
	var rows [][2]string
	for _, a := range s.Args {
		rows = append(rows, [2]string{a.Usage(), a.About})
	}
	for _, f := range s.Flags {
		rows = append(rows, [2]string{f.Usage(), f.About})
	}
	width := 0
	for _, r := range rows {
		width = max(width, len([]rune(r[0])))
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %s\n", width, r[0], r[1])
	}
	return strings.TrimRight(b.String(), "\n")
}

func reply(c card.Card) Result { return Result{Reply: &c} }
