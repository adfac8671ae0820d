package grammar

import (
	"strings"
	"unicode"
)

// normal makes typed text plain: every kind of space is a space, what cannot be seen is gone, and what
// is not UTF-8 is marked. Joiners stay between letters and emoji that need them.
func normal(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\n', r == ' ':
			b.WriteRune(r)
		case r == '\r':
		case unicode.IsSpace(r), r == '\u2800':
			b.WriteByte(' ')
		case unseen(r):
		default:
			b.WriteRune(r)
		}
	}
	return joined(b.String())
}

// unseen reports whether a rune takes no room: controls, marks of direction, breaks of no width.
func unseen(r rune) bool {
	switch {
	case unicode.IsControl(r):
	case r == '\u200B', r == '\u2060', r == '\uFEFF', r == '\u00AD', r == '\u180E':
	case r >= '\u2061' && r <= '\u206F', r >= '\u202A' && r <= '\u202E', r == '\u200E', r == '\u200F', r == '\u061C':
	default:
		return false
	}
	return true
}

// joined drops the joiners that join nothing.
func joined(text string) string {
	runes := []rune(text)
	kept := runes[:0:0]
	for i, r := range runes {
		if joiner(r) {
			before := len(kept) > 0 && joinable(kept[len(kept)-1])
			after := i+1 < len(runes) && joinable(runes[i+1])
			if !before || !after {
				continue
			}
		}
		kept = append(kept, r)
	}
	return string(kept)
}

func joiner(r rune) bool { return r == '\u200C' || r == '\u200D' }

func joinable(r rune) bool { return r > unicode.MaxASCII && !joiner(r) }
