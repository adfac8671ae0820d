package blocks

import (
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

// Slack's limits of a table, and ours.
const (
	maxTableRows  = 100 // with the headings
	maxTableCells = 20  // in one row
	maxTableText  = 9000
	maxCell       = 300 // characters of one cell, ours
)

// nothing stands in a cell that is empty: Slack takes no text without a character.
const nothing = "–"

// table takes a table as a block of its own. False: it must be told in lines, since a message holds one table
// only, views hold none, and a table has its limits.
func (p *page) table(t card.Table, share int) bool {
	width := len(t.Columns)
	if !p.tables || p.room <= 1 || width == 0 || width > maxTableCells || len(t.Rows) == 0 || len(t.Rows) >= maxTableRows {
		return false
	}
	b := &slack.TableBlock{Type: slack.MBTTable}
	g := &grid{left: min(share-noteRoom, maxTableText)}
	var heads []slack.TableCell
	for i, column := range t.Columns {
		heads = append(heads, g.raw(cut(oneLine(column.Label), maxLabel)))
		b.ColumnSettings = append(b.ColumnSettings, setting(column, slender(t, i)))
	}
	b.Rows = append(b.Rows, heads)
	for _, row := range t.Rows {
		if len(row) > width {
			return false
		}
		var cells []slack.TableCell
		for i := range width {
			cells = append(cells, g.cell(nth(row, i), i == 0))
		}
		b.Rows = append(b.Rows, cells)
	}
	if g.left < 0 {
		return false
	}
	p.tables = false
	return p.add(b, g.used)
}

func nth(row []card.Text, i int) card.Text {
	if i < len(row) {
		return row[i]
	}
	return nil
}

// setting wraps words, so that a table needs little scrolling on a phone; never a number, and never what is short, as
// names of zones are, which would be broken at their hyphens.
func setting(c card.Column, whole bool) slack.ColumnSetting {
	if c.Right {
		return slack.ColumnSetting{Align: slack.ColumnAlignmentRight}
	}
	return slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: !whole}
}

// slender reports whether the cells of a column are so short that they stay on one line. Those that rows begin with may
// be longer than others.
func slender(t card.Table, n int) bool {
	short := 12
	if n == 0 {
		short = 24
	}
	for _, row := range t.Rows {
		words := mrkdwn(nth(row, n), maxCell)
		if width(words) > short || strings.Contains(words, "<!date") {
			return false
		}
	}
	return true
}

// grid makes cells, and counts their characters.
type grid struct{ used, left int }

func (g *grid) count(s string) string {
	g.used += width(s)
	g.left -= width(s)
	return s
}

// raw is a cell of words alone, which Slack shows as they are.
func (g *grid) raw(s string) slack.TableCell {
	if strings.TrimSpace(s) == "" {
		s = nothing
	}
	return slack.NewTableRawTextCell(g.count(s))
}

// cell is a text in a cell; the one that a row begins with is bold.
func (g *grid) cell(t card.Text, bold bool) slack.TableCell {
	if words, only := plainly(t); only && !bold {
		return g.raw(cut(words, maxCell))
	}
	var all []slack.RichTextSectionElement
	left := maxCell
	for _, p := range t {
		e, words := rich(p, bold, left)
		if e == nil {
			continue
		}
		all = append(all, e)
		left -= width(g.count(words))
		if left <= 1 {
			break
		}
	}
	if len(all) == 0 {
		return g.raw("")
	}
	return slack.NewTableRichTextCell(slack.NewRichTextSection(all...))
}

// plainly are the words of a text that is nothing but words.
func plainly(t card.Text) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.Bold+p.Code+p.User+p.Group+p.Channel != "" || p.Link != nil || !p.When.IsZero() {
			return "", false
		}
		b.WriteString(p.Plain)
	}
	return oneLine(b.String()), true
}

// rich is one part of a text in a cell, with its words as far as they take room; nil when nothing is left of it.
func rich(p card.Part, bold bool, room int) (slack.RichTextSectionElement, string) {
	var style *slack.RichTextSectionTextStyle
	if bold {
		style = &slack.RichTextSectionTextStyle{Bold: true}
	}
	switch {
	case userID.MatchString(p.User):
		return slack.NewRichTextSectionUserElement(p.User, style), p.User
	case groupID.MatchString(p.Group):
		return slack.NewRichTextSectionUserGroupElement(p.Group), p.Group
	case channelID.MatchString(p.Channel):
		return slack.NewRichTextSectionChannelElement(p.Channel, style), p.Channel
	case p.Link != nil:
		return linked(*p.Link, style, room)
	case !p.When.IsZero():
		return dated(p.When)
	case p.Code != "":
		return text(strings.TrimSpace(oneLine(p.Code)), &slack.RichTextSectionTextStyle{Bold: bold, Code: true}, room)
	case p.Bold != "":
		return text(oneLine(p.Bold), &slack.RichTextSectionTextStyle{Bold: true}, room)
	}
	return text(spaced(p.Plain+p.User+p.Group+p.Channel), style, room)
}

func text(s string, style *slack.RichTextSectionTextStyle, room int) (slack.RichTextSectionElement, string) {
	if s = cut(s, room); s == "" {
		return nil, ""
	}
	return slack.NewRichTextSectionTextElement(s, style), s
}

// spaced puts s on one line and keeps a blank at its ends, where the next part begins.
func spaced(s string) string {
	line := oneLine(s)
	switch {
	case line == "" && s != "":
		return " "
	case line == "":
		return ""
	}
	if strings.TrimLeft(s, " \n\t") != s {
		line = " " + line
	}
	if strings.TrimRight(s, " \n\t") != s {
		line += " "
	}
	return line
}

func linked(l card.Link, style *slack.RichTextSectionTextStyle, room int) (slack.RichTextSectionElement, string) {
	label := cut(oneLine(l.Label), room)
	if _, ok := webAddress(l.URL); !ok {
		return text(label, style, room)
	}
	address := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20").Replace(clean(l.URL))
	return slack.NewRichTextSectionLinkElement(address, label, style), label
}

// dated is a time that each reader sees in their own zone.
func dated(t time.Time) (slack.RichTextSectionElement, string) {
	fallback := t.UTC().Format("2006-01-02 15:04 UTC")
	return slack.NewRichTextSectionDateElement(t.Unix(), "{date_short_pretty} {time}", nil, &fallback), fallback
}
