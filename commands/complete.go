package commands

import (
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
)

// Complete says how a text can go on; it ends with a space where a new word is wanted.
func (b *Book) Complete(text string) []grammar.Suggestion {
	text = strings.TrimPrefix(text, "/")
	if m, err := b.find(text); err == nil && (len(m.words) > 0 || strings.HasSuffix(text, " ")) {
		_, rest, _ := cutWords(text, m)
		if args := m.command.Args; len(args) == 1 && args[0].Rest && rest != "" {
			return b.Complete(rest)
		}
		return m.command.Spec().Complete(rest)
	}
	words := strings.Fields(text)
	last := ""
	if !strings.HasSuffix(text, " ") && len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	var all []grammar.Suggestion
	seen := map[string]bool{}
	for _, c := range b.under(words) {
		word := c.Path[len(words)]
		if strings.HasPrefix(word, last) && !seen[word] {
			seen[word] = true
			all = append(all, grammar.Suggestion{Text: word, About: b.about(append(slices.Clone(words), word))})
		}
	}
	return all
}

func (b *Book) about(path []string) string {
	for _, c := range b.commands {
		if slices.Equal(c.Path, path) {
			return c.Summary
		}
	}
	if len(path) == 1 {
		return rootSummary(path[0])
	}
	return ""
}

// cutWords cuts the words of the command's name off a text.
func cutWords(text string, m match) (name, rest string, ok bool) {
	all, _ := grammar.Words(text)
	rest = text
	for range len(all) - len(m.words) {
		rest = strings.TrimLeft(rest, " ")
		i := strings.IndexByte(rest, ' ')
		if i < 0 {
			return text, "", false
		}
		rest = rest[i:]
	}
	return text[:len(text)-len(rest)], strings.TrimLeft(rest, " "), true
}
