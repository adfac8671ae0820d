package bot

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Searcher finds what an input of a form can be filled with. *commands.Desk is one.
type Searcher interface {
	Suggest(ctx context.Context, s commands.Search) commands.Found
}

// maxAnswer bounds the options of one answer, in bytes: Slack reads no frame that is longer than 20,480.
const maxAnswer = 18_000

// searching is what somebody writes into an input of a form; false when the envelope is something else.
func searching(e Envelope) (commands.Search, bool) {
	if e.Type != "interactive" {
		return commands.Search{}, false
	}
	var p struct {
		interaction
		BlockID string `json:"block_id"`
		Value   string
	}
	if json.Unmarshal(e.Payload, &p) != nil || p.Type != "block_suggestion" {
		return commands.Search{}, false
	}
	var about about
	_ = json.Unmarshal([]byte(p.View.PrivateMetadata), &about) // unreadable: nothing is found for it
	s := commands.Search{
		Actor:   ledger.Actor{User: p.User.ID, Team: first(p.User.TeamID, p.Team.ID)},
		Command: about.Subject, Channel: about.Channel, Input: p.BlockID, Text: p.Value, Values: map[string]string{},
	}
	for block, actions := range p.View.State.Values {
		s.Values[block] = actions[blocks.InputAction].words()
	}
	return s, true
}

// suggest answers with options, whatever happens: they are part of the acknowledgement, and are not written down.
func (in *Intake) suggest(ctx context.Context, s commands.Search) any {
	var found commands.Found
	if searcher, ok := in.Reader.(Searcher); ok {
		found = searcher.Suggest(ctx, s)
	}
	options := blocks.Options(found.Options)
	fit := within(options, maxAnswer)
	if len(fit) == 0 {
		return map[string]any{"options": []any{}}
	}
	note := found.Note
	if len(fit) < len(options) {
		note = cmp.Or(note, "There are more: write on to see them")
	}
	if note == "" {
		return map[string]any{"options": fit}
	}
	return map[string]any{"option_groups": []any{slack.NewOptionGroupBlockElement(blocks.Label(note), fit...)}}
}

// within are as many of the options as fit into so many bytes.
func within(options []*slack.OptionBlockObject, most int) []*slack.OptionBlockObject {
	options = options[:min(len(options), 100)]
	size := 0
	for i, o := range options {
		raw, err := json.Marshal(o)
		if size += len(raw) + 1; err != nil || size > most {
			return options[:i]
		}
	}
	return options
}
