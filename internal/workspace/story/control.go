package story

import (
	"strings"
)

// words is everything that can be read on a message or a view.
func words(text string, blocks []map[string]any) string {
	var b strings.Builder
	b.WriteString(text)
	for _, block := range blocks {
		read(&b, block)
	}
	return b.String()
}

func read(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			b.WriteString("\n" + s)
		}
		for k, inner := range v {
			if k != "confirm" {
				read(b, inner)
			}
		}
	case []any:
		for _, inner := range v {
			read(b, inner)
		}
	}
}

// control is something to press: a button, or one option of an overflow menu.
type control struct {
	Option   bool
	BlockID  string
	ActionID string
	Label    string
	Value    any
}

// says reports whether the control bears the label; dots behind it do not matter.
func (c control) says(label string) bool {
	return c.Label == label || strings.TrimRight(c.Label, "…. ") == label
}

// controls are what can be pressed in blocks, in reading order.
func controls(blocks []map[string]any) []control {
	var all []control
	for _, block := range blocks {
		elements, _ := block["elements"].([]any)
		if a, ok := block["accessory"]; ok {
			elements = append(elements, a)
		}
		id, _ := block["block_id"].(string)
		for _, e := range elements {
			el, _ := e.(map[string]any)
			all = append(all, offered(id, el)...)
		}
	}
	return all
}

func offered(block string, e map[string]any) []control {
	action, _ := e["action_id"].(string)
	c := control{BlockID: block, ActionID: action, Label: label(e["text"]), Value: e["value"]}
	switch e["type"] {
	case "button":
		return []control{c}
	case "overflow":
		var all []control
		options, _ := e["options"].([]any)
		for _, o := range options {
			option, _ := o.(map[string]any)
			c.Option, c.Label, c.Value = true, label(option["text"]), option["value"]
			all = append(all, c)
		}
		return all
	}
	return nil
}

func label(v any) string {
	text, _ := v.(map[string]any)
	s, _ := text["text"].(string)
	return s
}

// part is what a long page says about one thing: from the block that holds the words to where the next thing
// begins. With no words it is the whole page; nil when nothing holds them.
func part(blocks []map[string]any, holding string) []map[string]any {
	if holding == "" {
		return blocks
	}
	for i, b := range blocks {
		if !strings.Contains(words("", blocks[i:i+1]), holding) || b["type"] == "actions" {
			continue
		}
		end := i + 1
		for end < len(blocks) && !begins(blocks[end]) {
			end++
		}
		return blocks[i:end]
	}
	return nil
}

// begins reports whether a block opens something new.
func begins(b map[string]any) bool {
	switch b["type"] {
	case "section", "header", "divider":
		return true
	}
	return false
}
