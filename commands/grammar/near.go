package grammar

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Near returns the name that was probably meant by the word, or "" when none is close: the one that
// differs in the fewest letters, else one that the word begins, else one that begins the word.
func Near(word string, names []string) string {
	word = strings.ToLower(word)
	best, least := "", 1+max(1, (len([]rune(word))+1)/3)
	begun, begins := "", ""
	for _, name := range names {
		low := strings.ToLower(name)
		if d := levenshtein.Distance(word, low, nil); d < least {
			best, least = name, d
		}
		if begun == "" && len(word) > 1 && strings.HasPrefix(low, word) {
			begun = name
		}
		if begins == "" && len(low) > 1 && strings.HasPrefix(word, low) {
			begins = name
		}
	}
	for _, name := range []string{best, begun, begins} {
		if name != "" {
			return name
		}
	}
	return ""
}
