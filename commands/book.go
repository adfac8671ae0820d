package commands

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fault"
)

// home is the slash command that every other one can be reached through.
const home = "amiral"

// Book is every command there is. Its help, its completion and what Slack is told of it are made from the
// commands themselves.
type Book struct{ commands []Command }

// NewBook makes a book of the commands and adds help and the policy's explanation to it. It reports every command that cannot work.
func NewBook(commands ...Command) (*Book, error) {
	b := &Book{commands: slices.Clone(commands)}
	for i, c := range b.commands {
		if c.Proposes {
			b.commands[i].Flags = append(slices.Clone(c.Flags), glass())
		}
	}
	b.commands = append(b.commands, b.explain(), b.help())
	var errs []error
	seen := map[string]bool{}
	for _, c := range b.commands {
		errs = append(errs, c.check(seen))
		seen[c.Name()] = true
	}
	return b, errors.Join(errs...)
}

func (c Command) check(seen map[string]bool) error {
	if len(c.Path) < 2 || seen[c.Name()] || c.Run == nil || c.Summary == "" {
		return fmt.Errorf("command %s: it is there twice, or lacks a second word, a summary or its Run", c.Name())
	}
	if err := c.Spec().Check(); err != nil {
		return err
	}
	words, ok := strings.CutPrefix(c.Example, c.Name())
	if _, err := c.Spec().ParseText(words); err != nil || !ok {
		return fmt.Errorf("command %s: its example %q does not work: %w", c.Name(), c.Example, err)
	}
	return nil
}

// match is what a text turned out to be: a command with the words behind it.
type match struct {
	command Command
	words   []grammar.Word
	broken  error // why the text could not be read to its end
}

// ownGroup stands in the place of a group that was not named: that of the instances behind it.
const ownGroup = "*"

// given are the words behind a command's name. Whoever names an instance where its group should stand means that.
func (m match) given() []grammar.Word {
	args := m.command.Args
	if len(args) != 2 || args[0].Pick != grammar.Group || args[1].Pick != grammar.Member || len(m.words) == 0 || !strings.HasPrefix(m.words[0].Text, "i-") {
		return m.words
	}
	return append([]grammar.Word{{Text: ownGroup, Raw: ownGroup}}, m.words...)
}

// find looks for the command that a text means: "asg list", "amiral ops list", "ops list", "/asg list".
func (b *Book) find(text string) (match, error) {
	words, broken := grammar.Words(text)
	if len(words) > 0 && !words[0].Literal {
		words[0].Text = strings.TrimLeft(words[0].Text, "/@")
	}
	var best match
	for _, form := range forms(words) {
		for _, c := range b.commands {
			if begins(form, c.Path) && len(c.Path) > len(best.command.Path) {
				best = match{command: c, words: form[len(c.Path):], broken: broken}
			}
		}
	}
	if best.command.Run != nil {
		return best, nil
	}
	if f, ok := fault.As(broken); ok && len(words) == 0 {
		return match{}, f.WithHint("`/%s help` shows what I understand.", home)
	}
	return match{}, b.unknown(words)
}

// forms are the ways in which words may begin: as they are, with the bot's own name added, or with it
// taken away.
func forms(words []grammar.Word) [][]grammar.Word {
	all := [][]grammar.Word{words, append([]grammar.Word{{Text: home}}, words...)}
	if len(words) > 1 && is(words[0], home) {
		all = append(all, words[1:])
	}
	return all
}

func begins(words []grammar.Word, path []string) bool {
	if len(words) < len(path) {
		return false
	}
	for i, p := range path {
		if !is(words[i], p) {
			return false
		}
	}
	return true
}

func is(w grammar.Word, name string) bool { return !w.Literal && strings.EqualFold(w.Text, name) }

// unknown answers words that are no command: with help where they ask for it or are a command's
// beginning, otherwise with what was probably meant.
func (b *Book) unknown(words []grammar.Word) error {
	words = slices.DeleteFunc(slices.Clone(words), func(w grammar.Word) bool {
		return slices.ContainsFunc([]string{"help", "--help", "-h", "?"}, func(s string) bool { return is(w, s) })
	})
	for _, form := range forms(words) {
		if path := plain(form); len(b.under(path)) > 0 && (len(path) > 1 || len(words) > 0) {
			return &helpWanted{path: path}
		}
	}
	if len(words) == 0 {
		return &helpWanted{}
	}
	typed := strings.Join(plain(words[:b.known(words)]), " ")
	f := fault.New(fault.Invalid, "I know no command %q.", short(typed, 60))
	if near := b.near(words); near != "" {
		return f.WithHint("Did you mean `%s`? `/%s help` shows all commands.", near, home)
	}
	return f.WithHint("`/%s help` shows all commands.", home)
}

// known is how many of the words it takes to see that they are no command: two, and more where these begin one.
func (b *Book) known(words []grammar.Word) int {
	n := min(2, len(words))
	for n < len(words) && len(b.under(plain(words[:n]))) > 0 {
		n++
	}
	return n
}

// helpWanted is returned instead of a command when its place in the book is asked about.
type helpWanted struct{ path []string }

func (h *helpWanted) Error() string { return "help is wanted on " + strings.Join(h.path, " ") }

// under are the commands whose path begins so.
func (b *Book) under(path []string) []Command {
	var all []Command
	for _, c := range b.commands {
		if len(c.Path) > len(path) && slices.EqualFunc(c.Path[:len(path)], path, strings.EqualFold) {
			all = append(all, c)
		}
	}
	return all
}

// near is the name of the command that the words are closest to. Behind the bot's own name its own commands
// come first, whichever of their words is left out.
func (b *Book) near(words []grammar.Word) string {
	if len(words) > 1 && is(words[0], home) {
		words = words[1:]
		own := map[string]string{}
		for _, c := range b.under([]string{home}) {
			own[strings.Join(c.Path[1:], " ")] = c.Name()
			own[c.Path[len(c.Path)-1]] = c.Name()
		}
		if name := nearest(words, own); name != "" {
			return name
		}
	}
	names := map[string]string{}
	for _, c := range b.commands {
		for _, form := range [][]string{c.Path, c.Path[1:]} {
			if name := strings.Join(form, " "); names[name] == "" {
				names[name] = c.Name()
			}
		}
	}
	return nearest(words, names)
}

// nearest is the command whose typed form the first words are closest to; forms lead to commands' names.
func nearest(words []grammar.Word, forms map[string]string) string {
	typed := slices.Sorted(maps.Keys(forms))
	for n := min(3, len(words)); n > 0; n-- {
		if near := grammar.Near(strings.Join(plain(words[:n]), " "), typed); near != "" {
			return forms[near]
		}
	}
	return ""
}

func plain(words []grammar.Word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.Text
	}
	return all
}

// short cuts s to n characters.
func short(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
