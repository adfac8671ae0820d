package blockkit

import "fmt"

// Placed is a control and where it stands.
type Placed struct {
	Block   map[string]any
	BlockID string
	Element map[string]any
	Input   bool // it stands in an input block
}

// Elements returns the controls of blocks in reading order.
func Elements(blocks []any) []Placed {
	var found []Placed
	for _, b := range blocks {
		o, ok := b.(map[string]any)
		if !ok {
			continue
		}
		id, _ := o["block_id"].(string)
		add := func(e any, input bool) {
			if el, ok := e.(map[string]any); ok && el["action_id"] != nil {
				found = append(found, Placed{Block: o, BlockID: id, Element: el, Input: input})
			}
		}
		add(o["accessory"], false)
		add(o["element"], true)
		if o["type"] == "actions" || o["type"] == "context_actions" {
			elements, _ := o["elements"].([]any)
			for _, e := range elements {
				add(e, false)
			}
		}
	}
	return found
}

// Complete returns copies of blocks in which every block has a block_id and
// every control an action_id, and texts carry their defaults, as Slack stores
// them.
func Complete(blocks []any, newID func() string) []any {
	out := make([]any, 0, len(blocks))
	for _, b := range blocks {
		o, ok := complete(b).(map[string]any)
		if !ok {
			continue
		}
		if id, _ := o["block_id"].(string); id == "" {
			o["block_id"] = newID()
		}
		for _, key := range []string{"accessory", "element"} {
			name(o[key], newID)
		}
		if o["type"] == "actions" || o["type"] == "context_actions" {
			elements, _ := o["elements"].([]any)
			for _, e := range elements {
				name(e, newID)
			}
		}
		out = append(out, o)
	}
	return out
}

// name gives a control an action_id.
func name(e any, newID func() string) {
	o, ok := e.(map[string]any)
	if !ok || o["type"] == "image" {
		return
	}
	if id, _ := o["action_id"].(string); id == "" {
		o["action_id"] = newID()
	}
}

// complete copies a value, without nulls and with the defaults of text objects.
func complete(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(map[string]any, len(v)+1)
		for k, e := range v {
			if e != nil {
				o[k] = complete(e)
			}
		}
		if _, isText := o["text"].(string); isText {
			switch {
			case o["type"] == "mrkdwn" && o["verbatim"] == nil:
				o["verbatim"] = false
			case o["type"] == "plain_text" && o["emoji"] == nil:
				o["emoji"] = true
			}
		}
		return o
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = complete(e)
		}
		return l
	}
	return v
}

// Plain returns the text of a text object, or a string as it is.
func Plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		s, _ := v["text"].(string)
		return s
	}
	return ""
}

// Texts returns what a person reads in blocks, in reading order, without the
// labels of controls.
func Texts(blocks []any) []string {
	var out []string
	put := func(s string) {
		if s != "" {
			out = append(out, s)
		}
	}
	for _, b := range blocks {
		o, ok := b.(map[string]any)
		if !ok {
			continue
		}
		switch o["type"] {
		case "rich_text":
			put(inline(o))
			continue
		case "table", "data_table":
			for _, line := range rows(o) {
				put(line)
			}
			continue
		}
		put(Plain(o["title"]))
		put(Plain(o["text"]))
		put(Plain(o["label"]))
		for _, key := range []string{"fields", "elements"} {
			items, _ := o[key].([]any)
			for _, e := range items {
				put(readable(e))
			}
		}
		put(Plain(o["hint"]))
	}
	return out
}

// readable is the text of a section's field or of a context's element.
func readable(e any) string {
	o, _ := e.(map[string]any)
	if o["type"] == "mrkdwn" || o["type"] == "plain_text" {
		return Plain(o)
	}
	return ""
}

func rows(table map[string]any) []string {
	var out []string
	all, _ := table["rows"].([]any)
	for _, r := range all {
		line := ""
		cells, _ := r.([]any)
		for i, c := range cells {
			if i > 0 {
				line += "\t"
			}
			line += inline(c)
		}
		out = append(out, line)
	}
	return out
}

// inline is the text of rich text or of a table's cell.
func inline(v any) string {
	o, _ := v.(map[string]any)
	s := Plain(o["text"])
	for key, mark := range map[string]string{"user_id": "@", "channel_id": "#", "usergroup_id": "@", "range": "@"} {
		if id, ok := o[key].(string); ok {
			s += mark + id
		}
	}
	if o["type"] == "emoji" {
		s += fmt.Sprintf(":%v:", o["name"])
	}
	if u, ok := o["url"].(string); ok && s == "" {
		s = u
	}
	if n, ok := o["value"]; ok && s == "" {
		s = fmt.Sprint(n)
	}
	elements, _ := o["elements"].([]any)
	for i, e := range elements {
		child, _ := e.(map[string]any)
		kind, _ := child["type"].(string)
		if i > 0 && len(kind) > 10 && kind[:10] == "rich_text_" {
			s += "\n"
		}
		s += inline(e)
	}
	return s
}
