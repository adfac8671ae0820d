// Package say makes the sentences that operations store and threads tell: plain English in which nothing that people
// or AWS wrote can pass for a mention.
package say

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Safe is a sentence in which nothing that people or AWS wrote can pass for a mention.
type Safe string

// Phrase formats a stored sentence, making every string in it inert unless it is safe already.
func Phrase(format string, args ...any) Safe {
	clean := make([]any, len(args))
	for i, a := range args {
		clean[i] = a
		if _, ok := a.(Safe); !ok && reflect.ValueOf(a).Kind() == reflect.String {
			clean[i] = card.Inert(reflect.ValueOf(a).String())
		}
	}
	return Safe(fmt.Sprintf(format, clean...))
}

// By names a person in a sentence: " by …", or nothing when it was nobody.
func By(who ledger.Actor) Safe {
	if who.User == "" {
		return ""
	}
	return " by {user:" + Safe(card.Inert(who.User)) + "}"
}

// Inert is the fault with nothing in it that could pass for a mention.
func Inert(f *fault.Fault) *fault.Fault {
	return &fault.Fault{Kind: f.Kind, Text: card.Inert(f.Text), Hint: card.Inert(f.Hint)}
}

// Plural is a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Some lists a few names and tells how many more there are.
func Some[S ~string](names []S, most int) string {
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

// Closed ends words with a full stop, unless they have an end already.
func Closed(words string) string {
	words = strings.TrimSpace(words)
	if words == "" || strings.HasSuffix(words, ".") || strings.HasSuffix(words, "!") || strings.HasSuffix(words, "?") {
		return words
	}
	return words + "."
}

// Sentences joins sentences, leaving out the empty ones.
func Sentences[S ~string](parts ...S) S {
	var kept []string
	for _, p := range parts {
		if words := Closed(string(p)); words != "" {
			kept = append(kept, words)
		}
	}
	return S(strings.Join(kept, " "))
}

// Quote marks AWS's own words as such.
func Quote(words string) Safe {
	if words == "" {
		return ""
	}
	return Phrase("AWS says: %s", words)
}

// AWS is what AWS itself said.
func AWS(err error) string {
	if e, ok := errors.AsType[*fleet.Error](err); ok && e.Message != "" {
		return Closed(e.Message)
	}
	return Closed(err.Error())
}

// Refusal makes a fault of an answer that trying again would not change; other errors stay what they are. attempt
// is what was tried, as in "AWS refused to make a version".
func Refusal(err error, attempt string) error {
	switch fleet.KindOf(err) {
	case fleet.Quota:
		return fault.New(fault.Denied, "AWS refused to %s: %s", attempt, AWS(err)).WithHint("This is a limit of the account: ask AWS for a higher one, or make room.")
	case fleet.Refused, fleet.Rejected, fleet.TokenMismatch, fleet.Exists:
		return fault.New(fault.Denied, "AWS refused to %s: %s", attempt, AWS(err))
	}
	return fmt.Errorf("%s: %w", attempt, err)
}
