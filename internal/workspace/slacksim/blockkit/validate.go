package blockkit

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Surface is where blocks are shown.
type Surface int

// The surfaces.
const (
	Message Surface = iota
	Modal
	Home
)

// ViewLimit is the most bytes of JSON a view may have.
const ViewLimit = 250 * 1024

// Validate returns what Slack would refuse in the blocks of a message, a modal
// or a home tab.
func Validate(list []any, s Surface) []Problem {
	k := &checker{surface: s}
	k.blocks(list, "/blocks")
	return k.problems
}

// ValidateView returns what Slack would refuse in a modal or home view.
func ValidateView(view map[string]any) []Problem {
	k := &checker{surface: Modal}
	if view["type"] == "home" {
		k.surface = Home
	}
	shape := viewShape(k.surface)
	kinds(map[string]rule{"modal": shape, "home": shape})(k, view, "/view")
	list, ok := view["blocks"].([]any)
	if !ok {
		return k.problems
	}
	k.blocks(list, "/view/blocks")
	if k.surface == Modal && hasInput(list) && view["submit"] == nil {
		k.fail("/view", "missing required field: submit")
	}
	return k.problems
}

func viewShape(s Surface) rule {
	f := typed(fields{
		"blocks": must(array(0, 1e6, anything)), "private_metadata": may(str(0, 3000)),
		"callback_id": may(str(0, 255)), "external_id": may(str(0, 255)),
	})
	if s == Modal {
		f = f.with(fields{
			"title": must(plain(24)), "submit": may(plain(24)), "close": may(plain(24)), "clear_on_close": may(boolean),
			"notify_on_close": may(boolean), "submit_disabled": may(boolean),
		})
	}
	return object(f)
}

func hasInput(list []any) bool {
	for _, b := range list {
		if o, ok := b.(map[string]any); ok && o["type"] == "input" {
			return true
		}
	}
	return false
}

func (k *checker) blocks(list []any, at string) {
	most := 50
	if k.surface != Message {
		most = 100
	}
	array(0, most, kinds(blocks(k.surface)))(k, list, at)
	k.uniqueBlocks(list, at)
	k.cumulative(list, at)
}

func (k *checker) uniqueBlocks(list []any, at string) {
	seen := map[string]bool{}
	for i, b := range list {
		o, _ := b.(map[string]any)
		id, _ := o["block_id"].(string)
		if id != "" && seen[id] {
			k.fail(fmt.Sprintf("%s/%d/block_id", at, i), "`block_id` %q already exists for another block", id)
		}
		seen[id] = true
	}
}

// uniqueActions fails when two elements of one block share an action_id.
func uniqueActions(k *checker, v any, at string) {
	list, _ := v.([]any)
	seen := map[string]bool{}
	for i, e := range list {
		o, _ := e.(map[string]any)
		id, _ := o["action_id"].(string)
		if id != "" && seen[id] {
			k.fail(fmt.Sprintf("%s/%d/action_id", at, i), "`action_id` %q already exists for another element", id)
		}
		seen[id] = true
	}
}

// cumulative checks the limits that count over all blocks of a payload.
func (k *checker) cumulative(list []any, at string) {
	markdown, tables, cellText := 0, 0, 0
	for _, b := range list {
		o, _ := b.(map[string]any)
		switch o["type"] {
		case "markdown":
			s, _ := o["text"].(string)
			markdown += utf8.RuneCountInString(s)
		case "table", "data_table":
			tables++
			for _, t := range Texts([]any{o}) {
				cellText += utf8.RuneCountInString(t)
			}
		}
	}
	if markdown > 12000 {
		k.fail(at, "markdown text must be less than 12001 characters in all")
	}
	if tables > 1 {
		k.fail(at, "only one table allowed")
	}
	if cellText > 10000 {
		k.fail(at, "table text must be less than 10001 characters in all")
	}
}

// TooLarge tells whether a view has more JSON than Slack takes.
func TooLarge(view map[string]any) bool {
	b, err := json.Marshal(view)
	return err != nil || len(b) > ViewLimit
}
