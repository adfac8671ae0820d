package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// said is a stored sentence, or an error's, as a terminal shows it.
func said(sentence string) string { return words(card.Expand(sentence)) }

// words is a text as a terminal shows it: people, groups and channels by what names them, times in UTC.
func words(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.User != "":
			b.WriteString("@" + p.User)
		case p.Group != "":
			b.WriteString("@" + p.Group)
		case p.Channel != "":
			b.WriteString("#" + p.Channel)
		case p.Link != nil:
			b.WriteString(p.Link.Label + " " + p.Link.URL)
		case !p.When.IsZero():
			b.WriteString(moment(p.When))
		default:
			b.WriteString(p.Plain + p.Bold + p.Code)
		}
	}
	return harmless(b.String())
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// harmless has nothing in it that could steer a terminal: what people and clouds write is shown, not obeyed.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, s)
}

// show prints a card.
func show(out io.Writer, c card.Card) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", harmless(c.Title))
	for _, s := range c.Sections {
		section(&b, s)
	}
	for _, line := range c.Foot {
		fmt.Fprintf(&b, "\n%s\n", words(line))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func section(b *strings.Builder, s card.Section) {
	b.WriteByte('\n')
	switch {
	case s.Text != nil:
		fmt.Fprintln(b, words(*s.Text))
	case s.Code != "":
		fmt.Fprintln(b, "  "+strings.ReplaceAll(harmless(s.Code), "\n", "\n  "))
	}
	for _, f := range s.Facts {
		fmt.Fprintf(b, "  %-18s %s\n", f.Label, strings.ReplaceAll(words(f.Value), "\n", "\n"+strings.Repeat(" ", 21)))
	}
	for _, f := range s.Findings {
		mark := "warn"
		if f.Stop {
			mark = "STOP"
		}
		fmt.Fprintf(b, "  %s %s %s\n", mark, harmless(f.Text), harmless(f.Hint))
	}
	for _, step := range s.Steps {
		fmt.Fprintf(b, "  %-8s %s\n", step.State, words(step.Text))
	}
}

// seats says what a request still waits for, or how it stands.
func standing(r ledger.Record) string {
	if r.State != ledger.Pending {
		return string(r.State)
	}
	var open []string
	for _, n := range r.Missing() {
		who := "any member"
		if len(n.Groups) > 0 {
			who = "@" + strings.Join(n.Groups, " or @")
		}
		open = append(open, fmt.Sprintf("%d of %s", n.Min, who))
	}
	return "waits for " + strings.Join(open, ", ") + ", until " + moment(r.Expires)
}
