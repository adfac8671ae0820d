package grammar

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/fault"
)

// maxText and maxWords bound what is read at all.
const (
	maxText  = 4000
	maxWords = 200
)

// Word is one word as it was meant. A literal word was quoted or began with a backslash: it is never a
// flag, whatever it looks like.
type Word struct {
	Text    string
	Literal bool
	Raw     string // as it was typed, quotes and backslashes included
}

// flag reports whether the word has the look of a flag.
func (w Word) flag() bool { return !w.Literal && len(w.Text) > 1 && w.Text[0] == '-' }

// Words cuts text into words. Quotes hold a word together where it or a flag's value begins; a backslash
// takes the meaning from a space, a quote, a dash, a bracket or another backslash. The long dashes of
// phones are two dashes at a word's beginning, and Slack's mentions and links become what people see.
//
// When the text cannot be read to its end, the words up to there come with a fault.
func Words(text string) ([]Word, error) {
	if utf8.RuneCountInString(text) > maxText {
		return nil, fault.New(fault.Invalid, "This is longer than %d characters, so I did not read it.", maxText)
	}
	s := &scanner{rest: normal(text)}
	var words []Word
	for s.skip(); s.rest != ""; s.skip() {
		if len(words) == maxWords {
			return words, fault.New(fault.Invalid, "This has more than %d words, so I did not read it.", maxWords)
		}
		before := s.rest
		w, err := s.word()
		if err != nil {
			return words, err
		}
		w.Text, w.Raw = joined(w.Text), before[:len(before)-len(s.rest)]
		words = append(words, w)
	}
	return words, nil
}

// scanner reads words off the front of normal text.
type scanner struct{ rest string }

func (s *scanner) skip() { s.rest = strings.TrimLeft(s.rest, " \n") }

func (s *scanner) next() rune {
	r, n := utf8.DecodeRuneInString(s.rest)
	s.rest = s.rest[n:]
	return r
}

// word reads one word; there is at least one character that is no space.
func (s *scanner) word() (Word, error) {
	if closers := quote(s.rest); closers != "" {
		text, err := s.quoted(closers)
		return Word{Text: text, Literal: true}, err
	}
	var w Word
	w.Literal = s.rest[0] == '\\' || markup.MatchString(s.rest)
	var b strings.Builder
	if !w.Literal {
		b.WriteString(s.dashes())
	}
	assigned := false
	for s.rest != "" && s.rest[0] != ' ' && s.rest[0] != '\n' {
		piece := s.piece()
		b.WriteString(piece)
		if piece != "=" || assigned || w.Literal || !strings.HasPrefix(b.String(), "--") {
			continue
		}
		assigned = true
		if closers := quote(s.rest); closers != "" {
			value, err := s.quoted(closers)
			w.Text = b.String() + value
			return w, err
		}
	}
	w.Text = b.String()
	return w, nil
}

// dashes reads the dashes at a word's beginning. A long one anywhere among them means two.
func (s *scanner) dashes() string {
	trimmed := strings.TrimLeft(s.rest, "-—–―‒‐‑−")
	run := s.rest[:len(s.rest)-len(trimmed)]
	s.rest = trimmed
	if strings.ContainsAny(run, "—–―‒−") {
		return "--"
	}
	return strings.NewReplacer("‐", "-", "‑", "-").Replace(run)
}

// piece reads one character, one escaped character, or one mention.
func (s *scanner) piece() string {
	if m := markup.FindString(s.rest); m != "" {
		s.rest = s.rest[len(m):]
		return seen(m)
	}
	r := s.next()
	if r == '\\' && s.rest != "" && strings.ContainsRune(escapable, firstRune(s.rest)) {
		r = s.next()
	}
	return string(r)
}

// quoted reads a value in quotes. A closing quote counts when a space or the end follows, so that
// apostrophes and inches inside do no harm.
func (s *scanner) quoted(closers string) (string, error) {
	whole := s.rest
	s.next()
	var b strings.Builder
	for s.rest != "" {
		r, n := utf8.DecodeRuneInString(s.rest)
		if after := s.rest[n:]; strings.ContainsRune(closers, r) && (after == "" || after[0] == ' ' || after[0] == '\n') {
			s.rest = after
			return b.String(), nil
		}
		b.WriteString(s.piece())
	}
	return "", fault.New(fault.Invalid, "The quote that begins with %s has no end.", cut(whole, 24))
}

const escapable = " \\\"'“”„‟‘’‚‛«»-—–―‒‐‑−<"

// quote returns what may close the quote that s begins with; empty when it begins with none.
func quote(s string) string {
	switch firstRune(s) {
	case '"':
		return `"`
	case '\'':
		return "'"
	case '“', '”', '„', '‟':
		return "”“‟\""
	case '‘', '’', '‚', '‛':
		return "’‘‛'"
	case '«':
		return "»"
	case '»':
		return "«"
	}
	return ""
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// markup is what Slack puts in the place of mentions and links.
var markup = regexp.MustCompile(`^<(?:[@#]|!|(?:https?|mailto|tel):)[^<>\n]{1,600}>`)

// seen is what a person sees of a mention or link: "@dana", "#deploys", "web.example.com".
func seen(m string) string {
	target, label, labelled := strings.Cut(m[1:len(m)-1], "|")
	sigil := target[:1]
	if !strings.Contains("@#!", sigil) {
		if labelled && label != "" {
			return label
		}
		return strings.TrimPrefix(target, "mailto:")
	}
	name := target[1:]
	if sigil == "!" {
		sigil, name = "@", strings.TrimPrefix(name, "subteam^")
	}
	if labelled && label != "" {
		name = strings.TrimPrefix(label, sigil)
	}
	return sigil + name
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
