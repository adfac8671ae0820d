package app

import (
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
)

// Manifest is the Slack app's description, with the slash commands of the book.
func Manifest() ([]byte, error) {
	slash, err := Slash()
	if err != nil {
		return nil, err
	}
	var all []bot.SlashCommand
	for _, c := range slash {
		all = append(all, bot.SlashCommand{Command: c.Command, Description: c.Description, UsageHint: c.UsageHint})
	}
	return bot.Manifest(all)
}

// Slash are the slash commands of the book.
func Slash() ([]commands.SlashCommand, error) {
	book, err := newShelf(materials{}).book()
	if err != nil {
		return nil, err
	}
	return book.Slash(), nil
}
