package blocks

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// validate reads blocks as Slack would get them and says everything Slack would refuse. It is written
// from Slack's limits and shares nothing with the renderer.
func validate(blocks any, most int) []string {
	raw, err := json.Marshal(blocks)
	if err != nil {
		return []string{err.Error()}
	}
	var all []map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return []string{err.Error()}
	}
	v := &validator{ids: map[string]bool{}}
	if len(all) == 0 || len(all) > most {
		v.say("%d blocks", len(all))
	}
	for i, b := range all {
		v.at = fmt.Sprintf("/blocks/%d", i)
		v.block(b)
	}
	return v.wrong
}

type validator struct {
	at    string
	ids   map[string]bool
	wrong []string

	tables, letters int // so far
}

func (v *validator) say(format string, args ...any) {
	v.wrong = append(v.wrong, v.at+": "+fmt.Sprintf(format, args...))
}

func (v *validator) block(b map[string]any) {
	if id, _ := b["block_id"].(string); id != "" {
		if v.ids[id] {
			v.say("block_id %q twice", id)
		}
		v.ids[id] = true
		v.length(id, 1, 255, "block_id")
	}
	switch b["type"] {
	case "header":
		v.text(b["text"], "plain_text", 150)
	case "section":
		v.section(b)
	case "context":
		v.each(b["elements"], 1, 10, func(e map[string]any) { v.text(e, "mrkdwn", 3000) })
	case "actions":
		v.actions(b)
	case "divider":
	case "table":
		v.table(b)
	case "rich_text":
		v.each(b["elements"], 1, 100, func(e map[string]any) {
			v.each(e["elements"], 1, 1000, func(e map[string]any) { v.length(e["text"], 1, 3000, "text") })
		})
	case "input":
		v.input(b)
	default:
		v.say("type %v", b["type"])
	}
}

func (v *validator) section(b map[string]any) {
	if b["text"] == nil && b["fields"] == nil {
		v.say("section without text")
	}
	if b["text"] != nil {
		v.text(b["text"], "mrkdwn", 3000)
	}
	if b["fields"] != nil {
		v.each(b["fields"], 1, 10, func(e map[string]any) { v.text(e, "mrkdwn", 2000) })
	}
}

// table has 100 rows of 20 cells and 10,000 characters at the most, and a message one table.
func (v *validator) table(b map[string]any) {
	if v.tables++; v.tables > 1 {
		v.say("a second table")
	}
	rows, _ := b["rows"].([]any)
	if len(rows) < 1 || len(rows) > 100 {
		v.say("%d rows", len(rows))
	}
	settings, _ := b["column_settings"].([]any)
	for _, row := range rows {
		if cells, _ := row.([]any); len(cells) != len(settings) {
			v.say("%d cells under %d headings", len(cells), len(settings))
		}
		v.each(row, 1, 20, v.cell)
	}
	if v.letters > 10_000 {
		v.say("a table of %d characters", v.letters)
	}
}

func (v *validator) cell(c map[string]any) {
	if c["type"] == "raw_text" {
		v.length(c["text"], 1, 3000, "cell")
		v.letters += utf8.RuneCountInString(c["text"].(string))
		return
	}
	v.each(c["elements"], 1, 1, func(section map[string]any) {
		v.each(section["elements"], 1, 20, func(e map[string]any) {
			for _, key := range []string{"text", "user_id", "usergroup_id", "channel_id", "fallback"} {
				if s, _ := e[key].(string); s != "" {
					v.letters += utf8.RuneCountInString(s)
				}
			}
			if e["type"] == "text" && e["text"] == "" {
				v.say("empty text in a cell")
			}
		})
	})
}

func (v *validator) actions(b map[string]any) {
	seen := map[string]bool{}
	v.each(b["elements"], 1, 25, func(e map[string]any) {
		id, _ := e["action_id"].(string)
		if seen[id] {
			v.say("action_id %q twice", id)
		}
		seen[id] = true
		v.length(id, 1, 255, "action_id")
		if e["type"] == "overflow" {
			v.each(e["options"], 1, 5, func(o map[string]any) {
				v.text(o["text"], "plain_text", 75)
				v.length(o["value"], 1, 75, "option value")
			})
			return
		}
		v.length(e["value"], 0, 2000, "value")
		v.text(e["text"], "plain_text", 75)
		if s := e["style"]; s != nil && s != "primary" && s != "danger" {
			v.say("style %v", s)
		}
		if c, ok := e["confirm"].(map[string]any); ok {
			v.text(c["title"], "plain_text", 100)
			v.text(c["text"], "plain_text", 300)
			v.text(c["confirm"], "plain_text", 30)
			v.text(c["deny"], "plain_text", 30)
		}
	})
}

func (v *validator) input(b map[string]any) {
	v.text(b["label"], "plain_text", 2000)
	if b["hint"] != nil {
		v.text(b["hint"], "plain_text", 2000)
	}
	e, _ := b["element"].(map[string]any)
	most, _ := e["max_length"].(float64)
	if most < 1 || most > 3000 {
		v.say("max_length %v", most)
	}
	if least, _ := e["min_length"].(float64); least < 0 || least > most {
		v.say("min_length %v of %v", least, most)
	}
	if e["initial_value"] != nil {
		v.length(e["initial_value"], 0, int(most), "initial_value")
	}
}

func (v *validator) each(list any, least, most int, check func(map[string]any)) {
	all, _ := list.([]any)
	if len(all) < least || len(all) > most {
		v.say("%d items", len(all))
	}
	for _, e := range all {
		m, ok := e.(map[string]any)
		if !ok {
			v.say("%T in a list", e)
			continue
		}
		check(m)
	}
}

func (v *validator) text(t any, kind string, limit int) {
	m, _ := t.(map[string]any)
	if m["type"] != kind {
		v.say("text is %v, want %s", m["type"], kind)
	}
	if kind == "mrkdwn" {
		if m["emoji"] != nil {
			v.say("mrkdwn with emoji")
		}
		if m["verbatim"] != true {
			v.say("mrkdwn without verbatim")
		}
	}
	v.length(m["text"], 1, limit, "text")
}

func (v *validator) length(s any, least, most int, what string) {
	text, _ := s.(string)
	if !utf8.ValidString(text) {
		v.say("%s is not UTF-8", what)
	}
	if n := len(utf16.Encode([]rune(text))); n < least || n > most {
		v.say("%s of %d characters", what, n)
	}
	if least > 0 && strings.TrimSpace(text) == "" {
		v.say("%s is blank", what)
	}
}
