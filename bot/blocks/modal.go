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
	maxInputs = 60
)

// InputAction is the action id of every input; the input's own id is its block id.
const InputAction = "value"

// Modal draws a form. The caller adds what the form is about as private metadata.
func Modal(m card.Modal) slack.ModalViewRequest {
	body := still(m.Body)
	inputs := fields(m.Inputs, m.More)
	all := fit(body, sheet{blocks: maxView - maxInputs - 3, bytes: 10 * maxBytes})
	if m.Typed != "" {
		all = append(all, Typed(m.Typed))
	}
	all = append(all, inputs...)
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

// TypedBlock is the id of the block that shows the command which a form makes.
const TypedBlock = "as-a-command"

// Typed shows the command that a form makes, to be copied.
func Typed(command string) slack.Block {
	line := func(s string) slack.RichTextSectionElement { return slack.NewRichTextSectionTextElement(s, nil) }
	return slack.NewRichTextBlock(TypedBlock,
		slack.NewRichTextSection(line("As a command:")),
		&slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{line(cut(clean(command), maxCode))}})
}

// Hint is what stands below an input; nil for nothing.
func Hint(s string) *slack.TextBlockObject {
	if s = oneLine(s); s == "" {
		return nil
	}
	return plainText(cut(s, maxLabels))
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

// fields are the inputs, those under a heading of their own last.
func fields(first, more []card.Input) []slack.Block {
	seen := map[string]bool{}
	all := group(first, maxInputs, seen)
	below := group(more, maxInputs-len(all), seen)
	if len(below) > 0 && len(all) > 0 {
		all = append(all, slack.NewDividerBlock(), slack.NewContextBlock("", verbatim("*More* · all optional")))
	}
	return append(all, below...)
}

func group(inputs []card.Input, most int, seen map[string]bool) []slack.Block {
	var all []slack.Block
	for _, in := range inputs {
		id := cut(cmp.Or(oneLine(in.ID), "input-"+strconv.Itoa(len(seen)+1)), 255)
		if seen[id] || len(all) == most {
			continue
		}
		seen[id] = true
		all = append(all, field(in, id))
	}
	return all
}
