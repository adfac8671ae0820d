package blocks

import (
	"cmp"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

const (
	menuAction = "more" // the action id of every menu: what was chosen stands in the option
	maxMenu    = 5      // options of a menu
	maxOption  = 75     // of an option's value
)

// menu are the buttons that stand behind a row's menu: as many as it holds, and none that an option cannot
// carry whole. The others become buttons of the row.
func menu(more []card.Button) []card.Button {
	var all []card.Button
	for _, b := range carried(more) {
		if v, ok := choice(b); ok && width(v) <= maxOption && len(all) < maxMenu {
			all = append(all, b)
		}
	}
	return all
}

// overflow is the menu itself. Slack asks one question for a whole menu or none, so nothing in it is asked.
func overflow(more []card.Button, before int) *slack.OverflowBlockElement {
	var options []*slack.OptionBlockObject
	for _, b := range more {
		v, _ := choice(b)
		label := plainText(cut(cmp.Or(oneLine(b.Label), oneLine(b.Action), ellipsis), maxLabel))
		options = append(options, slack.NewOptionBlockObject(v, label, nil))
	}
	return slack.NewOverflowBlockElement(actionID(menuAction, before), options...)
}

// choice is what an option carries: the action before what a button of its own would carry. An action that
// could be read in two ways has none.
func choice(b card.Button) (string, bool) {
	v := Choice(b.Action, b.ID, b.Version)
	action, _, _, ok := ParseChoice(v)
	return v, ok && action == b.Action
}

// Choice is what an option of a menu carries.
func Choice(action, id string, version int64) string { return action + " " + Value(id, version) }

// ParseChoice is the opposite of Choice; false when v was not made by it.
func ParseChoice(v string) (action, id string, version int64, ok bool) {
	action, rest, found := strings.Cut(v, " ")
	if !found || action == "" {
		return "", "", 0, false
	}
	id, version, ok = ParseValue(rest)
	if !ok {
		return "", "", 0, false
	}
	return action, id, version, true
}
