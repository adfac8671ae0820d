package commands

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// faultOnly returns the fault that err is, when there is nothing in it for operators. What wraps a fault
// says something more, so err is looked at as it is.
func faultOnly(err error) (*fault.Fault, bool) {
	switch e := err.(type) { //nolint:errorlint // see above
	case *fault.Fault:
		return e, e.Kind != fault.Unavailable
	case *grammar.Refusal:
		return e.Fault, true
	}
	return nil, false
}

// told turns an error into what a person may read of it; false when that is nothing.
func told(err error) (*fault.Fault, bool) {
	if f, ok := fault.As(err); ok {
		return f, true
	}
	e, ok := errors.AsType[*fleet.Error](err)
	late := errors.Is(err, context.DeadlineExceeded)
	switch {
	case late && ok:
		return fault.New(fault.Unavailable, "AWS did not answer %s in time, so I stopped waiting for it.", e.Call).WithHint("Try again in a minute."), true
	case late:
		return fault.New(fault.Unavailable, "The answer took too long, so I stopped waiting for it.").WithHint("Try again in a minute."), true
	case !ok:
		return nil, false
	}
	switch e.Kind {
	case fleet.Throttled:
		return fault.New(fault.Unavailable, "AWS takes no more calls from this account for the moment.").WithHint("Try again in a minute."), true
	case fleet.Refused:
		return fault.New(fault.Denied, "AWS does not allow me %s: %s", e.Call, card.Inert(e.Message)).
			WithHint("Whoever keeps my IAM policy can allow it."), true
	case fleet.Absent:
		return fault.New(fault.NotFound, "AWS does not know it: %s", card.Inert(e.Message)), true
	case fleet.Rejected, fleet.Exists, fleet.Quota, fleet.Busy, fleet.Full:
		return fault.New(fault.Conflict, "AWS refuses: %s", card.Inert(e.Message)), true
	}
	return fault.New(fault.Unavailable, "AWS did not answer %s.", e.Call).WithHint("Try again in a minute."), true
}

// refusal draws a fault. A sentence that mentions somebody is no summary, which is words alone: its section
// stands in for it.
func refusal(err error, f *fault.Fault) card.Card {
	said := marked(f.Text)
	c := card.Card{Tone: card.Warning, Summary: f.Text, Sections: []card.Section{card.Para(said)}}
	if slices.ContainsFunc(said, mentions) {
		c.Summary = ""
	}
	r, ok := errors.AsType[*grammar.Refusal](err)
	if !ok {
		if f.Hint != "" {
			c.Sections = append(c.Sections, card.Para(marked(f.Hint)))
		}
		return c
	}
	lines := card.Join(card.T("Usage: "), card.Code(r.Usage))
	if r.Meant != "" {
		lines = card.Join(card.T("%s\n", r.Meant), lines)
	}
	if r.Example != "" {
		lines = card.Join(lines, card.T("\nFor example: "), card.Code(r.Example))
	}
	c.Sections = append(c.Sections, card.Para(lines))
	if r.Given != nil {
		c.Buttons = []card.Button{{Action: "open_form", ID: r.Typed, Label: "Open form"}}
	}
	return c
}

func mentions(p card.Part) bool { return p.User+p.Group+p.Channel != "" }

// marked is a sentence in which what stands between two backquotes is code.
func marked(s string) card.Text {
	var t card.Text
	for {
		before, rest, opened := strings.Cut(s, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !opened || !closed {
			return append(t, card.Expand(s)...)
		}
		t = append(t, card.Expand(before)...)
		if code != "" {
			t = append(t, card.Part{Code: code})
		}
		s = after
	}
}

// broken draws an error that is none of the person's business.
func broken(ref string, acted bool) card.Card {
	text := "Something went wrong on my side (ref " + ref + "). Nothing was done."
	if acted {
		text = "Something went wrong on my side (ref " + ref + "), and I cannot tell whether it was done before that."
	}
	c := card.Card{Tone: card.Bad, Summary: text, Sections: []card.Section{card.Para(card.T("%s", text))}}
	if acted {
		c.Sections = append(c.Sections, card.Para(marked("`/amiral ops list` shows what stands now.")))
	}
	return c
}

// reference is a short word by which operators find an error in the logs.
func reference() string {
	var b [2]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "none"
	}
	return hex.EncodeToString(b[:])
}
