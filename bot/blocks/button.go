package blocks

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

const (
	rowSize   = 25 // buttons in one row
	maxRows   = 2
	maxLabel  = 75
	maxAction = 200 // of an action's name; Slack takes 255, and a number may follow
	maxID     = 200
)

// rows are a card's buttons. A row's block id names the operation and the version it was drawn from, so
// that it is another one whenever the choices change. A button whose action or id is too long to be
// carried whole is left out: cut, it would mean something else.
func rows(buttons []card.Button) []slack.Block {
	var all []slack.Block
	var row []slack.BlockElement
	var id string
	flush := func() {
		if len(row) > 0 {
			all = append(all, slack.NewActionBlock(rowID(id, len(all)), row...))
		}
		row = nil
	}
	seen := map[string]int{}
	for _, b := range buttons {
		if oneLine(b.Action) == "" || width(b.Action) > maxAction || width(b.ID) > maxID {
			continue
		}
		if len(row) == 0 {
			id = fmt.Sprintf("op:%s:v%d", b.ID, b.Version)
		}
		row = append(row, button(b, seen[b.Action]))
		seen[b.Action]++
		if len(row) == rowSize {
			flush()
		}
		if len(all) == maxRows {
			return all
		}
	}
	flush()
	return all
}

func rowID(id string, n int) string {
	if n == 0 {
		return id
	}
	return fmt.Sprintf("%s:%d", id, n+1)
}

func button(b card.Button, before int) *slack.ButtonBlockElement {
	e := slack.NewButtonBlockElement(actionID(b.Action, before), Value(b.ID, b.Version),
		plainText(cut(cmp.Or(oneLine(b.Label), oneLine(b.Action), ellipsis), maxLabel)))
	switch b.Style {
	case card.Primary:
		e.Style = slack.StylePrimary
	case card.Danger:
		e.Style = slack.StyleDanger
	}
	if b.Confirm != nil {
		e.Confirm = confirm(*b.Confirm, e.Style)
	}
	return e
}

func confirm(c card.Confirm, style slack.Style) *slack.ConfirmationBlockObject {
	part := func(s, instead string, limit int) *slack.TextBlockObject {
		return plainText(cut(cmp.Or(oneLine(s), instead), limit))
	}
	return &slack.ConfirmationBlockObject{
		Title:   part(c.Title, "Are you sure?", 100),
		Text:    part(c.Text, "This cannot be taken back.", 300),
		Confirm: part(c.Yes, "Yes", 30),
		Deny:    part(c.No, "No", 30),
		Style:   style,
	}
}

// actionID is the action, with a number from its second button on, since Slack wants each to differ.
func actionID(action string, before int) string {
	if before == 0 {
		return action
	}
	return action + "#" + strconv.Itoa(before+1)
}

// Action is the action that an action id stands for.
func Action(actionID string) string {
	action, _, _ := strings.Cut(actionID, "#")
	return action
}

// Value is what a button carries: the id of the operation and the version of the record it was drawn from.
func Value(id string, version int64) string { return id + ":" + strconv.FormatInt(version, 10) }

// ParseValue is the opposite of Value; false when v was not made by it.
func ParseValue(v string) (id string, version int64, ok bool) {
	i := strings.LastIndexByte(v, ':')
	if i < 0 {
		return "", 0, false
	}
	version, err := strconv.ParseInt(v[i+1:], 10, 64)
	return v[:i], version, err == nil
}
