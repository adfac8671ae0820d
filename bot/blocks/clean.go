package blocks

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ellipsis stands where text was cut.
const ellipsis = "…"

// width is how long Slack counts s: in UTF-16 units, the larger of the two ways to count characters.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// clean takes out what can hide or reorder text: control characters except newline and tab, direction
// marks and overrides, byte order marks, invalid UTF-8.
func clean(s string) string {
	if !strings.ContainsFunc(s, unwanted) && utf8.ValidString(s) {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, s)
}

func unwanted(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r):
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // direction overrides and isolates
		return true
	case r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF, r == 0x2028, r == 0x2029:
		return true
	case r >= 0xE0000 && r <= 0xE007F: // invisible tags
		return true
	}
	return false
}

// oneLine puts s on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cut shortens s to at most limit, never inside a character, and shows that it did.
func cut(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > limit-1 {
			return tidyEnd(s[:i]) + ellipsis
		}
	}
	return s
}

// tidyEnd drops what cannot stand at the end of a cut text: half of a joined emoji, blanks.
func tidyEnd(s string) string {
	return strings.TrimRightFunc(s, func(r rune) bool {
		return r == 0x200D || r == 0xFE0F || unicode.IsSpace(r)
	})
}

// escape makes s harmless in mrkdwn: the three characters Slack gives a meaning, and the backticks that
// would open a block of code.
func escape(s string) string {
	s = strings.ReplaceAll(s, "```", "ˋˋˋ")
	return escaper.Replace(s)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
