package blocks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

// noteRoom is kept free for the words that tell how much is missing.
const noteRoom = 40

// page takes blocks while there is room for them, and counts what it could not take.
type page struct {
	all    []slack.Block
	room   int // blocks left; the last one is kept for the note
	words  int // characters left
	bytes  int // left for buttons inside of sections, as JSON
	hidden int
	ids    map[string]int // block ids of rows of buttons, and how often each was given
	tables bool           // a table may stand there as one
}

// add takes a block of so many characters.
func (p *page) add(b slack.Block, words int) bool {
	if p.room <= 1 {
		p.hidden++
		return false
	}
	p.all = append(p.all, b)
	p.room--
	p.words -= words
	return true
}

// note tells what is missing.
func (p *page) note() {
	if p.hidden == 0 {
		return
	}
	p.all = append(p.all, paragraph(more(p.hidden)))
	p.room--
}

func more(n int) string { return fmt.Sprintf("… and %d more", n) }

// share is how many characters the next of so many sections may use: what is left for the last one, and
// half of it for the others, so that a long list does not push out what follows.
func (p *page) share(sections int) int {
	if sections <= 1 {
		return p.words
	}
	return p.words / 2
}

func (p *page) section(s card.Section, left int) {
	share := p.share(left)
	if s.Text != nil {
		p.para(*s.Text, share)
	}
	if len(s.Facts) > 0 {
		p.facts(s.Facts, share)
	}
	if len(s.Steps) > 0 {
		p.list(steps(s.Steps), share)
	}
	if len(s.Findings) > 0 {
		p.list(findings(s.Findings), share)
	}
	if s.Table != nil && !p.table(*s.Table, share) {
		p.list(lines(*s.Table), share)
	}
	if s.Code != "" {
		p.code(s.Code, share)
	}
	if s.Bar != nil {
		line := bar(*s.Bar)
		p.add(paragraph(line), width(line))
	}
	if s.Divider {
		p.add(slack.NewDividerBlock(), 0)
	}
	p.buttons(s)
}

// buttons are a section's own row.
func (p *page) buttons(s card.Section) {
	for _, row := range rows(s.Buttons, s.More, 1, p.ids) {
		raw, err := json.Marshal(row)
		if err != nil || len(raw) > p.bytes {
			p.hidden++
			continue
		}
		if p.add(row, 0) {
			p.bytes -= len(raw)
		}
	}
}

func (p *page) para(t card.Text, share int) {
	if len(t) == 0 {
		return
	}
	if share < noteRoom {
		p.hidden++
		return
	}
	if s := mrkdwn(t, min(maxText, share)); s != "" {
		p.add(paragraph(s), width(s))
	}
}

// facts stand in two columns, ten to a section.
func (p *page) facts(all []card.Fact, share int) {
	var fields []*slack.TextBlockObject
	used := 0
	flush := func() {
		if len(fields) > 0 && !p.add(slack.NewSectionBlock(nil, fields, nil), used) {
			p.hidden += len(fields) - 1
		}
		fields, used = nil, 0
	}
	for i, f := range all {
		s := fact(f)
		if share -= width(s); share < 0 {
			p.hidden += len(all) - i
			break
		}
		if len(fields) == maxFields {
			flush()
		}
		fields = append(fields, verbatim(s))
		used += width(s)
	}
	flush()
}

func fact(f card.Fact) string {
	label := words(cut(oneLine(f.Label), 100), "*")
	value := cmp.Or(mrkdwn(f.Value, min(maxField-400, maxLine)), "–")
	if label == "" {
		return value
	}
	return "*" + escape(label) + "*\n" + value
}

// list packs lines into as few sections as they need.
func (p *page) list(lines []string, share int) {
	var b strings.Builder
	used := 0
	flush := func() {
		if s := strings.TrimRight(b.String(), "\n"); s != "" {
			p.add(paragraph(s), width(s))
		}
		b.Reset()
		used = 0
	}
	for i, line := range lines {
		w := width(line) + 1
		if share < w+noteRoom || p.room <= 2 {
			b.WriteString(more(len(lines) - i))
			break
		}
		if used+w > maxText-noteRoom {
			flush()
			if p.room <= 2 {
				b.WriteString(more(len(lines) - i))
				break
			}
		}
		b.WriteString(line + "\n")
		used += w
		share -= w
	}
	flush()
}

func steps(all []card.Step) []string {
	marks := map[card.StepState]string{
		card.Todo: "▫️", card.Doing: "⏳", card.Done: "✅", card.Failed: "❌", card.Skipped: "⏭️",
	}
	lines := make([]string, len(all))
	for i, s := range all {
		text := strings.ReplaceAll(mrkdwn(s.Text, maxLine), "\n", " ")
		lines[i] = cmp.Or(marks[s.State], "▫️") + " " + cmp.Or(text, "–")
		if s.Part {
			lines[i] = indent + lines[i]
		}
	}
	return lines
}

// lines are the rows of a table, one below the other, as they read where there is little room.
func lines(t card.Table) []string {
	all := make([]string, 0, len(t.Rows))
	for _, row := range t.Rows {
		var line card.Text
		for i, cell := range row {
			if i > 0 && len(cell) > 0 {
				line = append(line, card.Part{Plain: " · "})
			}
			line = append(line, cell...)
		}
		all = append(all, strings.ReplaceAll(mrkdwn(line, maxLine), "\n", " "))
	}
	return all
}

func findings(all []card.Finding) []string {
	lines := make([]string, len(all))
	for i, f := range all {
		m := "⚠️"
		if f.Stop {
			m = "⛔"
		}
		t := card.Text{{Plain: cmp.Or(oneLine(f.Text), "–")}}
		if hint := oneLine(f.Hint); hint != "" {
			t = append(t, card.Part{Plain: " " + hint})
		}
		lines[i] = m + " " + mrkdwn(t, maxLine)
	}
	return lines
}

// code is shown as it is, in a block that no backtick can end.
func (p *page) code(s string, share int) {
	s = strings.Trim(clean(s), "\n")
	if strings.TrimSpace(s) == "" {
		return
	}
	if share < noteRoom {
		p.hidden++
		return
	}
	s = cut(s, min(maxCode, share))
	text := slack.NewRichTextSectionTextElement(s, nil)
	p.add(slack.NewRichTextBlock("", &slack.RichTextPreformatted{
		Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{text},
	}), width(s))
}

// indent stands before a step that is a part of another: wide spaces, which no reader of Slack takes away.
const indent = "\u2003\u2003"

// bar draws progress as ten squares.
func bar(b card.Bar) string {
	const squares = 10
	total := max(b.Total, 0)
	done := min(max(b.Done, 0), total)
	filled := 0
	if total > 0 {
		filled = int(int64(done) * squares / int64(total))
	}
	share := fmt.Sprintf("%d/%d", done, total)
	if b.Percent {
		share = fmt.Sprintf("%d %%", int64(done)*100/int64(max(total, 1)))
	}
	line := strings.Repeat("▓", filled) + strings.Repeat("░", squares-filled) + " " + share
	if text := mrkdwn(card.Text{{Plain: oneLine(b.Text)}}, maxLine); text != "" {
		line += " " + text
	}
	return line
}
