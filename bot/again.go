package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/card"
)

// shown is what a form looked like when it was sent, as Slack tells it.
type shown struct {
	Title  json.RawMessage  `json:"title,omitempty"`
	Submit json.RawMessage  `json:"submit,omitempty"`
	Close  json.RawMessage  `json:"close,omitempty"`
	Blocks []map[string]any `json:"blocks,omitempty"`
	State  struct {
		Values map[string]map[string]state `json:"values,omitempty"`
	} `json:"state"`
}

// state is what was in an input, as Slack tells it.
type state map[string]any

// begin makes an element begin with what was in it. A file must be added anew.
func (s state) begin(e map[string]any) {
	for held, initial := range map[string]string{
		"value": "initial_value", "selected_option": "initial_option", "selected_options": "initial_options",
	} {
		value, there := s[held]
		if !there {
			continue
		}
		delete(e, initial)
		if several, ok := value.([]any); value != nil && value != "" && (!ok || len(several) > 0) {
			e[initial] = value
		}
	}
}

// look reads what a form looked like; nil if it cannot be read.
func look(raw []byte) *shown {
	var p struct{ View shown }
	if json.Unmarshal(raw, &p) != nil || len(p.View.Title) == 0 {
		return nil
	}
	return &p.View
}

// complaint begins the block ids of what is said above a form that was not accepted.
const complaint = "complaint"

// reopen shows a form once more, with what was wrong above it and what was written still in it. Slack had closed it
// when it was accepted. False: it is too late for that.
func (w *Worker) reopen(ctx context.Context, n *note, wrong map[string]string) bool {
	if n.Form == nil || n.Form.Shown == nil {
		return false
	}
	view, err := n.Form.again(wrong)
	if err == nil {
		_, err = w.Web.open(ctx, n.Trigger, view)
	}
	if err != nil {
		w.Log.Info("form cannot be shown again", "form", n.Form.ID, "actor", n.Actor.User, "err", err)
	}
	return err == nil
}

// again is the form with what was wrong above it. What was filled in and is wrong now counts as written when it is sent
// once more: its person has read what is said of it.
func (f *filled) again(wrong map[string]string) (v slack.ModalViewRequest, err error) {
	all, err := complaints(wrong)
	if err != nil {
		return v, err
	}
	for _, b := range f.Shown.Blocks {
		id, _ := b["block_id"].(string)
		if strings.HasPrefix(id, complaint+":") {
			continue
		}
		if e, ok := b["element"].(map[string]any); ok && b["type"] == "input" {
			f.Shown.State.Values[id][blocks.InputAction].begin(e)
		}
		all = append(all, b)
	}
	carries := f.About
	carries.Filled = maps.Clone(carries.Filled)
	for id := range wrong {
		delete(carries.Filled, id)
	}
	return f.Shown.with(f.ID, carries, all)
}

// with is the form with other blocks.
func (s *shown) with(id string, carries about, all []map[string]any) (v slack.ModalViewRequest, err error) {
	carried, err := json.Marshal(carries)
	if err != nil {
		return v, fmt.Errorf("write what a form is about: %w", err)
	}
	raw, err := json.Marshal(map[string]any{
		"type": "modal", "callback_id": id, "private_metadata": string(carried), "blocks": all,
		"title": s.Title, "submit": s.Submit, "close": s.Close,
	})
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		return v, fmt.Errorf("draw a form again: %w", err)
	}
	return v, nil
}

// complaints are blocks that say what was wrong.
func complaints(wrong map[string]string) ([]map[string]any, error) {
	var findings []card.Finding
	for _, id := range slices.Sorted(maps.Keys(wrong)) {
		findings = append(findings, card.Finding{Stop: true, Text: wrong[id]})
	}
	raw, err := json.Marshal(blocks.Card(card.Card{Sections: []card.Section{{Findings: findings}}}).Blocks)
	var all []map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("draw what was wrong: %w", err)
	}
	for i := range all {
		all[i]["block_id"] = fmt.Sprintf("%s:%d", complaint, i)
	}
	return all, nil
}
