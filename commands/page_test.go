package commands

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// catalogue is a desk with a list of so many rows.
func catalogue(t *testing.T, total int) *world {
	w := newWorld(t)
	book, err := NewBook(Command{
		Path: []string{"ami", "list"}, Summary: "List.", Example: "/ami list", ReadOnly: true,
		Args:  []grammar.Arg{{Name: "family", Optional: true}},
		Flags: []grammar.Flag{{Name: "note"}, paging()},
		Run: func(_ context.Context, c *Call) (Result, error) {
			from, to, pages := pageOf(c, total)
			return reply(card.Card{Title: fmt.Sprintf("%d to %d", from, to), Sections: []card.Section{pages}}), nil
		},
	}, Command{
		Path: []string{"ami", "retire"}, Summary: "Retire.", Example: "/ami retire x", Args: []grammar.Arg{{Name: "image"}}, Flags: []grammar.Flag{paging()},
		Run: func(context.Context, *Call) (Result, error) { return reply(card.Card{Title: "retired"}), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	return w
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		total             int
		typed, title, led string
	}{
		{0, "ami list", "0 to 0", ""},
		{20, "ami list", "0 to 20", ""},
		{21, "ami list", "0 to 20", "Next ›=/ami list --page 2"},
		{21, "ami list web --page 2", "20 to 21", "‹ Back=/ami list web --page 1"},
		{57, `ami list web --note "x --page 3" --page 2`, "20 to 40", `‹ Back=/ami list web --note "x --page 3" --page 1 Next ›=/ami list web --note "x --page 3" --page 3`},
		{57, "ami list --page 99", "40 to 57", "‹ Back=/ami list --page 2"},
	} {
		got := catalogue(t, c.total).says(c.typed).Reply
		var led []string
		for _, b := range got.Sections[0].Buttons {
			led = append(led, b.Label+"="+b.ID)
		}
		if got.Title != c.title || strings.Join(led, " ") != c.led {
			t.Errorf("%s of %d: got %s and %q, want %s and %q", c.typed, c.total, got.Title, strings.Join(led, " "), c.title, c.led)
		}
	}
}

func TestACommandTooLongForAButtonSaysHowToGoOn(t *testing.T) {
	w := catalogue(t, 57)
	long := func(n int) string { return strings.Repeat("x", n) }
	c := &Call{spec: grammar.Spec{Name: "/ami list", Flags: []grammar.Flag{{Name: "note", Most: 3000}, paging()}}, Words: grammar.Values{Flags: map[string]grammar.Value{"note": {Text: long(1900)}}}}
	if _, _, s := pageOf(c, 57); len(s.Buttons) > 0 || !strings.Contains(spoken(*s.Text), "--page 2") {
		t.Errorf("got %+v, want a hint in place of buttons", s)
	}
	_ = w
}

func TestAButtonTypesItsCommand(t *testing.T) {
	w := catalogue(t, 57)
	press := func(who ledger.Actor, command string) Result {
		return w.desk.Press(t.Context(), Press{Key: "k", Actor: who, Action: card.RunAction, ID: ledger.ID(command), Channel: "C1", Thread: "1.1"})
	}
	if r := press(dev, "/ami list --page 2"); !r.Instead || r.Reply.Title != "20 to 40" {
		t.Errorf("got %+v, want the page in the place of the last", r)
	}
	if r := press(dev, "/ami list"); r.Instead || r.Reply.Title != "0 to 20" {
		t.Errorf("got %+v, want an answer of its own", r)
	}
	if r := press(dev, "/ami retire x --page 2"); r.Instead || r.Reply.Title != "retired" {
		t.Errorf("got %+v, want an answer of its own", r)
	}
	if r := press(dev, "/ami retire"); r.Modal == nil {
		t.Errorf("got %+v, want a form", r)
	}
	if r := press(guest, "/ami retire x"); text(r.Reply) != "Guests cannot use amiral.\n" {
		t.Errorf("got %+v for a guest", r)
	}
	if r := press(dev, "/nothing {user:U1}"); r.Instead || !strings.Contains(text(r.Reply), "I know no command") {
		t.Errorf("got %+v", text(r.Reply))
	}
}
