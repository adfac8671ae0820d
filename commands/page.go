package commands

import (
	"fmt"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

const (
	pageFlag = "page" // the flag
	pageSize = 20     // rows of a list on one page
)

// paging is the flag that says which page of a list is wanted.
func paging() grammar.Flag {
	return grammar.Flag{Name: pageFlag, Kind: grammar.Int, Min: 1, Max: 10_000, About: "which page of the list; the first when left out"}
}

// pageOf says which rows of so many stand on the page that a call wants: those from one up to, and without, the
// other. A page behind the end is the last one. The section says which rows these are and leads to the pages
// beside; it is empty when there is but one.
func pageOf(c *Call, total int) (from, to int, section card.Section) {
	last := max(1, (total+pageSize-1)/pageSize)
	page := 1
	if n := c.Words.Int(pageFlag); n != nil {
		page = min(max(*n, 1), last)
	}
	from, to = (page-1)*pageSize, min(page*pageSize, total)
	if last == 1 {
		return from, to, card.Section{}
	}
	said := card.T("%d–%d of %d", from+1, to, total)
	section = card.Section{Text: &said, Buttons: c.pages(page, last)}
	if len(section.Buttons) == 0 {
		said = card.Join(said, card.T(". "), card.Code(fmt.Sprintf("--%s %d", pageFlag, page%last+1)), card.T(" shows another page."))
	}
	return from, to, section
}

// pages are the buttons that lead to the pages beside one. A command too long for a button has none.
func (c *Call) pages(page, last int) []card.Button {
	var all []card.Button
	if page > 1 {
		all = append(all, card.Run("‹ Back", c.onPage(page-1)))
	}
	if page < last {
		all = append(all, card.Run("Next ›", c.onPage(page+1)))
	}
	if c.spec.Name == "" || utf8.RuneCountInString(c.onPage(last)) > longestSaid {
		return nil
	}
	return all
}

// onPage is the call's command for another page.
func (c *Call) onPage(n int) string {
	words := grammar.Values{Args: c.Words.Args, Flags: map[string]grammar.Value{}}
	for name, v := range c.Words.Flags {
		words.Flags[name] = v
	}
	words.Flags[pageFlag] = grammar.Value{Int: int64(n)}
	return c.spec.Print(words)
}
