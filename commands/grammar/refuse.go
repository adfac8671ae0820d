package grammar

import (
	"errors"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
)

// Help is returned when help was asked for instead of the command itself.
var Help = errors.New("help was asked for")

// Refusal is a fault with everything that helps to write the command rightly.
type Refusal struct {
	Fault   *fault.Fault // its hint is Meant, Usage and Example in one
	Meant   string       // what was probably meant: "Did you mean --image?"; may be empty
	Usage   string
	Example string
	Given   *Values // what was given, when nothing is wrong but that something is missing
	Typed   string  // that, as it can be typed again
}

// Error is the sentence with its hints.
func (r *Refusal) Error() string { return r.Fault.Error() }

// Unwrap is the fault.
func (r *Refusal) Unwrap() error { return r.Fault }

// Refuse makes a refusal of a sentence and what was probably meant.
func (s Spec) Refuse(meant, format string, args ...any) *Refusal {
	return s.refuse(fault.New(fault.Invalid, format, args...), meant)
}

func (s Spec) refuse(f *fault.Fault, meant string) *Refusal {
	r := &Refusal{Meant: meant, Usage: s.brief(), Example: s.Example}
	var lines []string
	if f.Hint != "" {
		lines = append(lines, f.Hint)
	}
	if meant != "" {
		lines = append(lines, meant)
	}
	lines = append(lines, "Usage: "+r.Usage)
	if s.Example != "" {
		lines = append(lines, "For example: "+r.Example)
	}
	r.Fault = f.WithHint("%s", strings.Join(lines, "\n"))
	return r
}

// DidYouMean is the question for a near name; "" for none.
func DidYouMean(name string) string {
	if name == "" {
		return ""
	}
	return "Did you mean " + name + "?"
}
