package blocks

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

const (
	maxTitle  = 24 // of a modal, and of its buttons
	maxInputs = 20
	maxInput  = 3000 // characters a person may write
	maxLabels = 2000 // of an input's label and hint
)

// InputAction is the action id of every input; the input's own id is its block id.
const InputAction = "value"

// Modal draws a form. The caller adds what the form is about as private metadata.
func Modal(m card.Modal) slack.ModalViewRequest {
	body := still(m.Body)
	inputs := fields(m.Inputs)
	all := append(fit(body, sheet{blocks: maxView - maxInputs, bytes: 10 * maxBytes}), inputs...)
	if len(all) == 0 {
		all = []slack.Block{paragraph(fallback(body))}
	}
	v := slack.ModalViewRequest{
		Type:       slack.VTModal,
		Title:      plainText(cut(cmp.Or(oneLine(m.Title), "Form"), maxTitle)),
		Close:      plainText("Cancel"),
		CallbackID: cut(m.ID, 255),
		Blocks:     slack.Blocks{BlockSet: all},
	}
	if len(inputs) > 0 || m.Submit != "" {
		v.Submit = plainText(cut(cmp.Or(oneLine(m.Submit), "Send"), maxTitle))
	}
	return v
}

// still is a form's body without its buttons: a form has one of its own.
func still(c card.Card) card.Card {
	c.Buttons, c.More = nil, nil
	c.Sections = slices.Clone(c.Sections)
	for i := range c.Sections {
		c.Sections[i].Buttons, c.Sections[i].More = nil, nil
	}
	return c
}

func fields(inputs []card.Input) []slack.Block {
	var all []slack.Block
	seen := map[string]bool{}
	for i, in := range inputs {
		id := cut(cmp.Or(oneLine(in.ID), "input-"+strconv.Itoa(i+1)), 255)
		if seen[id] || len(all) == maxInputs {
			continue
		}
		seen[id] = true
		all = append(all, field(in, id))
	}
	return all
}

func field(in card.Input, id string) *slack.InputBlock {
	limit := maxInput
	if in.Max > 0 {
		limit = min(in.Max, maxInput)
	}
	var hint *slack.TextBlockObject
	if h := oneLine(in.Hint); h != "" {
		hint = plainText(cut(h, maxLabels))
	}
	label := plainText(cut(cmp.Or(oneLine(in.Label), id), maxLabels))
	value := cut(clean(in.Value), limit)
	if !in.Multi {
		value = cut(oneLine(in.Value), limit)
	}
	block := slack.NewInputBlock(id, label, hint, &slack.PlainTextInputBlockElement{
		Type: slack.METPlainTextInput, ActionID: InputAction,
		Multiline: in.Multi, MinLength: min(max(in.Min, 0), limit), MaxLength: limit, InitialValue: value,
	})
	block.Optional = in.Optional
	return block
}
