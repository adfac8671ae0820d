package commands

import (
	"slices"
	"strings"
)

// SlashCommand is one entry of Slack's manifest.
type SlashCommand struct {
	Command     string // with its slash
	Description string
	UsageHint   string
}

// Slash are the slash commands that the book needs in Slack.
func (b *Book) Slash() []SlashCommand {
	var all []SlashCommand
	for _, name := range b.roots() {
		all = append(all, SlashCommand{Command: "/" + name, Description: rootSummary(name), UsageHint: b.hint(name)})
	}
	return all
}

// rootSummary says what a slash command is about.
func rootSummary(name string) string {
	switch name {
	case home:
		return "Ask amiral what goes on, and for help"
	case "template":
		return "Look at launch templates, make versions, move the default"
	case "ami":
		return "Bake golden images, look at them, promote, share and retire them"
	case "asg":
		return "Look at Auto Scaling groups, launch, roll, patch and scale them"
	}
	return "Commands of " + name
}

// roots are the first words of all commands, the bot's own last.
func (b *Book) roots() []string {
	var all []string
	for _, c := range b.commands {
		if !slices.Contains(all, c.Path[0]) && c.Path[0] != home {
			all = append(all, c.Path[0])
		}
	}
	return append(all, home)
}

// mostHint is how many characters of a hint Slack shows.
const mostHint = 100

// hint names the commands under a root, as many as there is room for.
func (b *Book) hint(root string) string {
	var words []string
	for _, c := range b.under([]string{root}) {
		if word := c.Path[1]; !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	const between, more = " | ", " | …"
	hint := strings.Join(words, between)
	if len(hint) <= mostHint {
		return hint
	}
	cut := strings.LastIndex(hint[:mostHint-len(between)], between)
	return hint[:cut] + more
}
