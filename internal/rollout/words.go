package rollout

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// safe is a sentence in which nothing that people or AWS wrote can pass for a mention.
type safe string

// phrase formats a stored sentence, making every string in it inert unless it is safe already.
func phrase(format string, args ...any) safe {
	clean := make([]any, len(args))
	for i, a := range args {
		clean[i] = a
		if _, ok := a.(safe); !ok && reflect.ValueOf(a).Kind() == reflect.String {
			clean[i] = card.Inert(reflect.ValueOf(a).String())
		}
	}
	return safe(fmt.Sprintf(format, clean...))
}

// by names a person in a sentence.
func by(who ledger.Actor) safe {
	if who.User == "" {
		return ""
	}
	return " by {user:" + safe(card.Inert(who.User)) + "}"
}

// inert is the fault with nothing in it that could pass for a mention.
func inert(f *fault.Fault) *fault.Fault {
	return &fault.Fault{Kind: f.Kind, Text: card.Inert(f.Text), Hint: card.Inert(f.Hint)}
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some lists a few names and tells how many more there are.
func some[S ~string](names []S, most int) string {
	words := make([]string, 0, len(names))
	for _, n := range names[:min(most, len(names))] {
		words = append(words, string(n))
	}
	list := strings.Join(words, ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// closed ends words with a full stop, unless they have an end already.
func closed(words string) string {
	words = strings.TrimSpace(words)
	if words == "" || strings.HasSuffix(words, ".") || strings.HasSuffix(words, "!") || strings.HasSuffix(words, "?") {
		return words
	}
	return words + "."
}

// sentences joins sentences, leaving out the empty ones.
func sentences[S ~string](parts ...S) S {
	var kept []string
	for _, p := range parts {
		if words := closed(string(p)); words != "" {
			kept = append(kept, words)
		}
	}
	return S(strings.Join(kept, " "))
}

// quote marks AWS's own words as such.
func quote(words string) safe {
	if words == "" {
		return ""
	}
	return phrase("AWS says: %s", words)
}
