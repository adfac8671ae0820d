package blocks

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

// Slack's limits, and ours where Slack's are only known from refusals.
const (
	maxText    = 3000 // of any text object
	maxHeader  = 150
	maxField   = 2000
	maxFields  = 10 // in one section
	maxMessage = 50 // blocks
	maxView    = 100
	maxLine    = 700    // of one line of a list, ours
	maxCode    = 2500   // of one block of code, ours
	maxWords   = 10_000 // of all words of a card, ours
	maxBytes   = 13_000 // of all blocks as JSON; Slack refuses messages a little larger
	maxChoices = 6_000  // of these, for the buttons inside of sections of a message
	maxButtons = 7_000  // and for the card's own
)

// Message is what Slack is sent: the blocks, and the text for where no blocks are drawn.
type Message struct {
	Text   string
	Blocks []slack.Block
	Table  bool // one of the blocks is a table
}

// Card draws a card as a message. It always gives at least one block and a text.
func Card(c card.Card) Message { return drawn(c, true) }

// Lines draws a card as a message in which a table is told in lines, for where Slack takes none.
func Lines(c card.Card) Message { return drawn(c, false) }

func drawn(c card.Card, tables bool) Message {
	m := Message{Text: fallback(c)}
	m.Blocks = fit(c, sheet{blocks: maxMessage, bytes: maxBytes, tables: tables})
	m.Table = slices.ContainsFunc(m.Blocks, func(b slack.Block) bool { return b.BlockType() == slack.MBTTable })
	if len(m.Blocks) == 0 {
		m.Blocks = []slack.Block{paragraph(m.Text)}
	}
	return m
}

// Line draws one line for a thread.
func Line(t card.Text, tone card.Tone) Message {
	s := strings.TrimSpace(mark(tone) + cmp.Or(mrkdwn(t, maxText-10), ellipsis))
	return Message{Text: s, Blocks: []slack.Block{paragraph(s)}}
}

// Home draws a card as a person's Home tab.
func Home(c card.Card) slack.HomeTabViewRequest {
	all := fit(c, view)
	if len(all) == 0 {
		all = []slack.Block{paragraph(fallback(c))}
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: all}}
}

// sheet is what there is room for.
type sheet struct {
	blocks, bytes int
	tables        bool
}

// view is a Home tab or a form, which may hold far more than a message.
var view = sheet{blocks: maxView, bytes: 10 * maxBytes}

// fit draws c with less and less room for words until Slack takes it. A table that makes it too large is told
// in lines.
func fit(c card.Card, s sheet) []slack.Block {
	for words := maxWords; ; {
		all := draw(c, s, words)
		raw, err := json.Marshal(all)
		switch {
		case (err == nil && len(raw) <= s.bytes) || words < 500:
			return all
		case s.tables:
			s.tables = false
		default:
			words = words * 3 / 4
		}
	}
}

// draw puts the parts of a card in order: headline, sections, small print, buttons.
func draw(c card.Card, s sheet, words int) []slack.Block {
	ids := map[string]int{}
	buttons := affordable(rows(c.Buttons, c.More, maxRows, ids), maxButtons*s.blocks/maxMessage)
	foot := footer(c.Foot)
	p := &page{room: s.blocks - len(buttons) - len(foot), words: words, bytes: maxChoices * s.blocks / maxMessage, ids: ids, tables: s.tables}
	if title := cut(mark(c.Tone)+oneLine(c.Title), maxHeader); oneLine(c.Title) != "" {
		p.add(slack.NewHeaderBlock(plainText(title)), width(title))
	}
	for i, s := range c.Sections {
		p.section(s, len(c.Sections)-i)
	}
	p.note()
	return append(append(p.all, foot...), buttons...)
}

// affordable are the rows of buttons for which there is room. Only those that type long commands take much of it.
func affordable(rows []slack.Block, bytes int) []slack.Block {
	for i, row := range rows {
		raw, err := json.Marshal(row)
		if bytes -= len(raw); err != nil || bytes < 0 {
			return rows[:i]
		}
	}
	return rows
}

// footer is the small print, one line each.
func footer(lines []card.Text) []slack.Block {
	var all []string
	for _, l := range lines {
		if s := mrkdwn(l, 400); s != "" {
			all = append(all, strings.ReplaceAll(s, "\n", " "))
		}
	}
	if len(all) == 0 {
		return nil
	}
	const most = 5
	if hidden := len(all) - most; hidden > 0 {
		all = append(all[:most], more(hidden))
	}
	return []slack.Block{slack.NewContextBlock("", verbatim(strings.Join(all, "\n")))}
}

// fallback is the text for notifications and for where no blocks are drawn; never empty.
func fallback(c card.Card) string {
	words := card.Text{{Plain: cmp.Or(strings.TrimSpace(clean(c.Summary)), oneLine(c.Title))}}
	for _, section := range c.Sections {
		if words[0].Plain == "" && section.Text != nil {
			words = *section.Text
			break
		}
	}
	return mark(c.Tone) + cmp.Or(mrkdwn(words, maxText-10), ellipsis)
}

func mark(t card.Tone) string {
	switch t {
	case card.Asking:
		return "⏳ "
	case card.Working:
		return "🔄 "
	case card.Good:
		return "✅ "
	case card.Warning:
		return "⚠️ "
	case card.Bad:
		return "❌ "
	case card.Ended:
		return "⏹️ "
	}
	return ""
}

// plainText is text without markup; s must not be empty.
func plainText(s string) *slack.TextBlockObject {
	no := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: s, Emoji: &no}
}

// verbatim is markup in which Slack looks for nothing by itself: no addresses, no names.
func verbatim(s string) *slack.TextBlockObject {
	return &slack.TextBlockObject{Type: slack.MarkdownType, Text: s, Verbatim: true}
}

func paragraph(s string) *slack.SectionBlock {
	return slack.NewSectionBlock(verbatim(s), nil, nil)
}
