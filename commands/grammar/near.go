package grammar

import (
	"cmp"
	"strings"

	"github.com/agext/levenshtein"
)

// Near returns the name that was probably meant by the word, or "" when none is close: the one that
// differs in the fewest letters, else one that the word begins or shortens, else one that begins the word.
func Near(word string, names []string) string {
	word = strings.ToLower(word)
	best, least := "", 1+max(1, (len([]rune(word))+1)/3)
	begun, shortened, begins := "", "", ""
	for _, name := range names {
		low := strings.ToLower(name)
		if d := distance(word, low); d < least {
			best, least = name, d
		}
		switch {
		case len(word) < 2 || len(low) < 2:
		case begun == "" && strings.HasPrefix(low, word):
			begun = name
		case shortened == "" && shortens(word, low):
			shortened = name
		case begins == "" && strings.HasPrefix(word, low):
			begins = name
		}
	}
	return cmp.Or(best, begun, shortened, begins)
}

// distance counts the letters that differ; two that have changed places count as one.
func distance(a, b string) int {
	if len(a) == len(b) {
		for i := 1; i < len(a); i++ {
			if a[i-1] == b[i] && a[i] == b[i-1] && a[i] != a[i-1] && a[:i-1] == b[:i-1] && a[i+1:] == b[i+1:] {
				return 1
			}
		}
	}
	return levenshtein.Distance(a, b, nil)
}

// shortens reports whether the word is the name with letters left out, such as "img" for "image".
func shortens(word, name string) bool {
	if len(word) < 3 || word[0] != name[0] {
		return false
	}
	left := word
	for _, r := range name {
		left = strings.TrimPrefix(left, string(r))
	}
	return left == ""
}
