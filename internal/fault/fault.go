// Package fault holds the one error type that a person may read: a sentence and a hint that says
// what to do next. Every other error is for operators and never reaches Slack.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of trouble a fault tells about. It decides the tone and the metrics, never the text.
type Kind string

// The kinds of fault.
const (
	Invalid     Kind = "invalid"     // the input cannot be understood or is not allowed
	NotFound    Kind = "not_found"   // what was named does not exist
	Denied      Kind = "denied"      // this person may not do that
	Conflict    Kind = "conflict"    // the state of things does not allow it now
	Unavailable Kind = "unavailable" // something that must answer did not
)

// Fault is an error for a person.
type Fault struct {
	Kind Kind
	Text string // one or two sentences
	Hint string // what to do; may be empty
}

// New returns a fault with a formatted sentence.
func New(kind Kind, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// WithHint returns a copy of f that tells what to do.
func (f *Fault) WithHint(format string, args ...any) *Fault {
	c := *f
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Error is the sentence, with the hint behind it.
func (f *Fault) Error() string {
	if f.Hint == "" {
		return f.Text
	}
	return f.Text + " " + f.Hint
}

// As returns the fault inside err, if there is one.
func As(err error) (*Fault, bool) {
	f, ok := errors.AsType[*Fault](err)
	return f, ok
}

// Is reports whether err holds a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := As(err)
	return ok && f.Kind == kind
}
