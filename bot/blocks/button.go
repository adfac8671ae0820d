package blocks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

const (
	rowSize   = 25 // elements in one row
	maxRows   = 2
	maxLabel  = 75
	maxAction = 200 // of an action's name; Slack takes 255, and a number may follow
	maxID     = 200
	maxTyped  = 1900 // of a command that a button stands for; Slack takes 2,000
)

// rows are buttons and the menu behind them, at most so many rows. A row's block id names the operation and the
// version it was drawn from, so that it is another one whenever the choices change; ids counts those of the
// message, in which each must differ. A button whose action or id is too long to be carried whole is left out:
// cut, it would mean something else.
func rows(buttons, more []card.Button, most int, ids map[string]int) []slack.Block {
	shown, hidden := carried(buttons), menu(more)
	for _, b := range carried(more) {
		if !slices.Contains(hidden, b) {
			shown = append(shown, b)
		}
	}
	room := most * rowSize
	if len(hidden) > 0 {
		room--
	}
	shown = shown[:min(len(shown), room)]
	all := elements(shown, hidden)
	if len(all) == 0 {
		return nil
	}
	first := slices.Concat(shown, hidden)[0]
	var found []slack.Block
	for row := range slices.Chunk(all, rowSize) {
		found = append(found, slack.NewActionBlock(rowID(first, ids), row...))
	}
	return found
}

// carried are the buttons that Slack can carry.
func carried(all []card.Button) []card.Button {
	return slices.DeleteFunc(slices.Clone(all), func(b card.Button) bool {
		return oneLine(b.Action) == "" || width(b.Action) > maxAction || width(b.ID) > mostOf(b)
	})
}

// mostOf is how long a button's id may be: that of a button that stands for a command is the command.
func mostOf(b card.Button) int {
	if b.Action == card.RunAction || strings.HasPrefix(b.ID, "/") {
		return maxTyped
	}
	return maxID
}

// elements are the buttons and, last, their menu.
func elements(buttons, more []card.Button) []slack.BlockElement {
	var all []slack.BlockElement
	seen := map[string]int{}
	for _, b := range buttons {
		all = append(all, button(b, seen[b.Action]))
		seen[b.Action]++
	}
	if len(more) > 0 {
		all = append(all, overflow(more, seen[menuAction]))
	}
	return all
}

// rowID is the block id of the next row that begins with such a button.
func rowID(b card.Button, ids map[string]int) string {
	about := b.ID
	if width(about) > maxID {
		sum := sha256.Sum256([]byte(about))
		about = hex.EncodeToString(sum[:8])
	}
	id := fmt.Sprintf("op:%s:v%d", about, b.Version)
	ids[id]++
	if n := ids[id]; n > 1 {
		return fmt.Sprintf("%s:%d", id, n)
	}
	return id
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
	if err != nil || Value(v[:i], version) != v {
		return "", 0, false
	}
	return v[:i], version, true
}
