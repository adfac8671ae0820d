package commands

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

// TestWhatIsNamedIsInTheSameEnvironment: who asks about staging is not told a command that would mean production.
func TestWhatIsNamedIsInTheSameEnvironment(t *testing.T) {
	for typed, want := range map[string]string{
		"asg protect i-nosuch --in staging":                "`/asg show <group> --in staging`",
		"asg scale web 90 --in staging --dry-run":          "--in staging`",
		"asg scale web 90 --dry-run":                       "`/asg scale web 90 --max 90`",
		"asg attach web --template web-lt@99 --in staging": "`/template versions --in staging`",
		"asg show nosuch --in staging":                     "`/asg list --in staging`",
	} {
		got := text(newWorld(t).says(typed).Reply)
		if !strings.Contains(got, want) || strings.Contains(got, "--in staging --in") {
			t.Errorf("%s: got %s, want %s in it", typed, got, want)
		}
	}
}

// TestEveryPartOfAnAnswerIsPlaced: paragraphs, facts and findings.
func TestEveryPartOfAnAnswerIsPlaced(t *testing.T) {
	c := &Call{Words: grammar.Values{Flags: map[string]grammar.Value{"in": {Text: "staging"}}}}
	r, _ := abroad(c, reply(card.Card{Sections: []card.Section{
		card.Para(marked("There is none. `/ami promote <image>` makes one; `/ami list --in production` shows others.")),
		{Facts: []card.Fact{{Label: "Way back", Value: card.T("`/ami revert web`")}}},
	}}), nil)
	if got := text(r.Reply); !strings.Contains(got, "/ami promote <image> --in staging") || !strings.Contains(got, "/ami revert web --in staging") || strings.Contains(got, "production --in") {
		t.Errorf("got %s", got)
	}
}

func TestACopiedCommandNamesItsEnvironment(t *testing.T) {
	b := newWorld(t).desk.Book
	for command, want := range map[string]string{
		`/asg scale web "-1"`:                            `/asg scale web "-1" --in production`,
		"/asg scale web 3 --in staging":                  "/asg scale web 3 --in staging",
		"/asg no such thing":                             "/asg no such thing",
		"/asg replace web i-web1 --reason 'it is stuck'": `/asg replace web i-web1 --in production --reason "it is stuck"`,
	} {
		if got := b.inside(command, "production"); got != want {
			t.Errorf("%s: got %s, want %s", command, got, want)
		}
	}
}
