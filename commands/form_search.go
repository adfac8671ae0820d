package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const (
	mostOptions = 99              // Slack takes 100, and one may be what was written
	haste       = 2 * time.Second // Slack waits three for options
)

// Search is somebody writing into an input of a form.
type Search struct {
	Actor   ledger.Actor
	Command string            // that the form fills in, as far as it was typed
	Input   string            // its id
	Text    string            // what is written so far
	Values  map[string]string // of the form's inputs
	Channel string            // where the form was opened
}

// Found is what there is to choose from.
type Found struct {
	Options []card.Option
	Note    string // what to know about it: that there are more, or why there is nothing; may be empty
}

// Query is what a search looks for.
type Query struct {
	Environment string // as it was named; empty: that of the channel
	Channel     string
	Group       string // that the same command names; may be empty
	Pick        grammar.Pick
	Text        string
	Most        int
}

// Finder looks for things that values name.
type Finder interface {
	// Find returns what has the text in it, what fits best first, and how many more there are; less than
	// none when nobody knows how many.
	Find(ctx context.Context, q Query) (options []card.Option, more int, err error)
}

// Suggest answers somebody who writes into an input of a form, in less than the three seconds that Slack waits. What
// was written can always be chosen as it is, so that nothing is out of reach when AWS is.
func (d *Desk) Suggest(ctx context.Context, s Search) Found {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Haste, haste))
	defer cancel()
	if _, err := d.People.Person(ctx, s.Actor); err != nil {
		return Found{Note: d.unfound(ctx, err)}
	}
	q, ok := d.Book.query(s)
	if !ok || d.Finder == nil {
		return Found{Note: "This form is older than I am. Close it, and type the command again."}
	}
	options, more, err := d.find(ctx, q)
	found := Found{Options: options}
	switch {
	case err != nil:
		found.Note = d.unfound(ctx, err)
	case more < 0:
		found.Note = fmt.Sprintf("The first %d: write more to see the others", len(options))
	case more > 0:
		found.Note = fmt.Sprintf("%d of %d: write more to see the others", len(options), len(options)+more)
	case len(options) == 0 && s.Text == "":
		found.Note = fmt.Sprintf("There is no %s here", q.Pick)
	}
	return asWritten(found, q)
}

// find asks the finder, and does not wait for one that does not heed its context.
func (d *Desk) find(ctx context.Context, q Query) (options []card.Option, more int, err error) {
	type answer struct {
		options []card.Option
		more    int
		err     error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panic: %v", p)
			}
			done <- a
		}()
		a.options, a.more, a.err = d.Finder.Find(ctx, q)
	}()
	select {
	case a := <-done:
		return a.options, a.more, a.err
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
}

// unfound says in a few words why nothing could be found.
func (d *Desk) unfound(ctx context.Context, err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "AWS is slow just now: write on to try again"
	}
	if f, ok := told(err); ok {
		return f.Text
	}
	if d.Log != nil {
		d.Log.ErrorContext(ctx, "search failed", "err", err)
	}
	return "That could not be looked up just now: write on to try again"
}

// asWritten adds what was written to what was found, unless it was.
func asWritten(found Found, q Query) Found {
	same := func(o card.Option) bool { return o.Value == q.Text }
	if q.Text != "" && len(q.Text) <= card.MaxOption && q.Text != noOption && !slices.ContainsFunc(found.Options, same) {
		found.Options = append(found.Options, card.Option{Value: q.Text, Label: q.Text, About: "As it is written"})
	}
	if len(found.Options) == 0 {
		found.Options = []card.Option{{Value: noOption, Label: cmp.Or(found.Note, "Nothing was found")}}
		found.Note = ""
	}
	return found
}

// query is what a search looks for; false for an input that is not searched.
func (b *Book) query(s Search) (Query, bool) {
	m, err := b.find(s.Command)
	if err != nil {
		return Query{}, false
	}
	before, err := partly(m)
	if err != nil {
		return Query{}, false
	}
	spec := m.command.Spec()
	q := Query{Channel: s.Channel, Text: card.Inert(folded(s.Text)), Most: mostOptions}
	for _, a := range spec.Args {
		if a.Name == s.Input {
			q.Pick = a.Pick
		}
		if a.Pick == grammar.Group {
			q.Group = groupNamed(a.Name, before, s)
		}
	}
	for _, f := range spec.Flags {
		input := grammar.FlagInput(f.Name)
		if input == s.Input {
			q.Pick = f.Pick
		}
		if f.Pick == grammar.Environment {
			q.Environment = before.Text(f.Name)
			if named, asked := s.Values[input]; asked {
				q.Environment = strings.TrimSpace(named)
			}
		}
	}
	return q, q.Pick != ""
}

// groupNamed is the group that stands in a form, or was typed before it was opened.
func groupNamed(input string, before grammar.Values, s Search) string {
	named := before.Arg(input)
	if chosen, asked := s.Values[input]; asked {
		named = strings.TrimSpace(chosen)
	}
	if named == ownGroup {
		return ""
	}
	return named
}
