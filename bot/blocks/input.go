package blocks

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

const (
	maxInput   = 3000 // characters a person may write
	maxLabels  = 2000 // of an input's label and hint
	maxOptions = 100
	maxPicked  = 100
)

// On is the value of a switch that is on.
const On = "true"

// field is one input. What cannot be drawn as it is meant is asked for in words.
func field(in card.Input, id string) *slack.InputBlock {
	label := plainText(cut(cmp.Or(oneLine(in.Label), id), maxLabels))
	block := slack.NewInputBlock(id, label, Hint(in.Hint), element(in))
	block.Optional, block.DispatchAction = in.Optional, in.Tells
	return block
}

func element(in card.Input) slack.BlockElement {
	switch in.Kind {
	case card.Number:
		return numbered(in)
	case card.Choice:
		if options := Options(in.Options); len(options) > 0 {
			return chosenFrom(in, options)
		}
	case card.Switch:
		return switched(in)
	case card.Picked:
		if in.Multi {
			return severalPicked(in)
		}
		return picked(in)
	case card.File:
		return &slack.FileInputBlockElement{Type: slack.METFileInput, ActionID: InputAction, MaxFiles: 1}
	}
	return written(in)
}

func written(in card.Input) slack.BlockElement {
	limit := maxInput
	if in.Max > 0 {
		limit = min(in.Max, maxInput)
	}
	value := cut(clean(in.Value), limit)
	if !in.Multi {
		value = cut(oneLine(in.Value), limit)
	}
	return &slack.PlainTextInputBlockElement{
		Type: slack.METPlainTextInput, ActionID: InputAction,
		Multiline: in.Multi, MinLength: min(max(in.Min, 0), limit), MaxLength: limit, InitialValue: value,
	}
}

func numbered(in card.Input) slack.BlockElement {
	e := &slack.NumberInputBlockElement{Type: slack.METNumber, ActionID: InputAction}
	if _, err := strconv.ParseInt(in.Value, 10, 64); err == nil {
		e.InitialValue = in.Value
	}
	if in.High > in.Low {
		e.MinValue, e.MaxValue = strconv.FormatInt(in.Low, 10), strconv.FormatInt(in.High, 10)
	}
	return e
}

func chosenFrom(in card.Input, options []*slack.OptionBlockObject) slack.BlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, InputAction, options[:min(len(options), maxOptions)]...)
	for _, o := range e.Options {
		if o.Value == in.Value {
			e.InitialOption = o
		}
	}
	return e
}

func switched(in card.Input) slack.BlockElement {
	label := card.Option{Value: On, Label: cmp.Or(oneLine(in.Label), "Yes")}
	if len(in.Options) > 0 {
		label.Label, label.About = in.Options[0].Label, in.Options[0].About
	}
	options := Options([]card.Option{label})
	if len(options) == 0 {
		options = Options([]card.Option{{Value: On, Label: "Yes"}})
	}
	e := slack.NewCheckboxGroupsBlockElement(InputAction, options...)
	if in.Value == On {
		e.InitialOptions = options
	}
	return e
}

func picked(in card.Input) slack.BlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plainText("Search"), InputAction)
	e.MinQueryLength = new(int)
	if chosen := Options(in.Chosen); len(chosen) > 0 {
		e.InitialOption = chosen[0]
	}
	return e
}

func severalPicked(in card.Input) slack.BlockElement {
	e := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plainText("Search"), InputAction)
	e.MinQueryLength = new(int)
	most := maxPicked
	if in.Max > 0 {
		most = min(in.Max, maxPicked)
	}
	e.MaxSelectedItems = &most
	if chosen := Options(in.Chosen); len(chosen) > 0 {
		e.InitialOptions = chosen[:min(len(chosen), most)]
	}
	return e
}

// Label is the heading of a group of options.
func Label(s string) *slack.TextBlockObject {
	return plainText(cut(cmp.Or(oneLine(s), ellipsis), maxLabel))
}

// Options are options as Slack takes them; those that it cannot carry whole are left out, and none is there twice.
func Options(all []card.Option) []*slack.OptionBlockObject {
	var found []*slack.OptionBlockObject
	seen := map[string]bool{}
	for _, o := range all {
		if strings.TrimSpace(o.Value) == "" || clean(o.Value) != o.Value || width(o.Value) > card.MaxOption || seen[o.Value] {
			continue
		}
		seen[o.Value] = true
		var about *slack.TextBlockObject
		if a := cut(oneLine(o.About), maxLabel); a != "" {
			about = plainText(a)
		}
		found = append(found, slack.NewOptionBlockObject(o.Value, plainText(cut(cmp.Or(oneLine(o.Label), oneLine(o.Value)), maxLabel)), about))
	}
	return found
}
