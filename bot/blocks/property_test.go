package blocks

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// words of every unpleasant kind.
var anyWords = rapid.Custom(func(t *rapid.T) string {
	s := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom(corpus),
		rapid.SampledFrom([]string{"", " ", "\n", "👩‍👩‍👧‍👦", "שלום", "مرحبا", "🚀", "\xff\xfe", "é"}),
	).Draw(t, "word")
	return strings.Repeat(s, rapid.SampledFrom([]int{1, 1, 1, 3, 100, 1000}).Draw(t, "times"))
})

var anyText = rapid.Custom(func(t *rapid.T) card.Text {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) card.Part {
		s := anyWords.Draw(t, "part")
		return rapid.SampledFrom([]card.Part{
			{Plain: s}, {Bold: s}, {Code: s}, {User: s}, {User: "U0DEV"}, {Group: "S0SRE"}, {Channel: "C0OPS"},
			{Link: &card.Link{URL: "https://example.com/" + s, Label: s}}, {When: time.Unix(1, 0)},
		}).Draw(t, "kind")
	}), 0, 5).Draw(t, "parts")
})

var anySection = rapid.Custom(func(t *rapid.T) card.Section {
	text := anyText.Draw(t, "text")
	n := rapid.SampledFrom([]int{0, 1, 3, 11, 300}).Draw(t, "items")
	facts, steps, findings := make([]card.Fact, n), make([]card.Step, n), make([]card.Finding, n)
	words := anyWords.Draw(t, "words")
	table := card.Table{Columns: make([]card.Column, rapid.IntRange(0, 22).Draw(t, "columns"))}
	for i := range table.Columns {
		table.Columns[i] = card.Column{Label: words, Right: i > 0}
	}
	row := make([]card.Text, rapid.SampledFrom([]int{len(table.Columns), len(table.Columns), len(table.Columns), 1}).Draw(t, "cells"))
	for i := range row {
		row[i] = text
	}
	for range rapid.SampledFrom([]int{n, 20, 99, 100}).Draw(t, "rows") {
		table.Rows = append(table.Rows, row)
	}
	for i := range n {
		facts[i] = card.Fact{Label: words, Value: text}
		steps[i] = card.Step{State: card.Doing, Text: text}
		findings[i] = card.Finding{Text: words, Hint: words}
	}
	s := rapid.SampledFrom([]card.Section{
		{Text: &text}, {Facts: facts}, {Steps: steps}, {Findings: findings}, {Code: words}, {Divider: true}, {}, {Table: &table}, {Table: &table},
		{Bar: &card.Bar{Done: n, Total: len(words) - 1, Text: words}},
	}).Draw(t, "section")
	s.Buttons = rapid.SliceOfN(anyButton, 0, rapid.SampledFrom([]int{0, 0, 3, 40}).Draw(t, "buttons")).Draw(t, "own buttons")
	s.More = rapid.SliceOfN(anyButton, 0, rapid.SampledFrom([]int{0, 0, 3, 40}).Draw(t, "more")).Draw(t, "own more")
	return s
})

var anyButton = rapid.Custom(func(t *rapid.T) card.Button {
	s := anyWords.Draw(t, "words")
	b := card.Button{Action: rapid.SampledFrom([]string{"approve", "deny", menuAction, card.RunAction, "a b", s}).Draw(t, "action"),
		ID: rapid.SampledFrom([]string{"op-1", s}).Draw(t, "id"), Version: rapid.Int64().Draw(t, "version"), Label: s}
	if rapid.Bool().Draw(t, "confirm") {
		b.Confirm = &card.Confirm{Title: s, Text: s, Yes: s, No: s}
	}
	return b
})

var anyCard = rapid.Custom(func(t *rapid.T) card.Card {
	return card.Card{
		Title: anyWords.Draw(t, "title"), Summary: anyWords.Draw(t, "summary"),
		Tone:     rapid.SampledFrom([]card.Tone{card.Plain, card.Asking, card.Bad, "odd"}).Draw(t, "tone"),
		Sections: rapid.SliceOfN(anySection, 0, rapid.SampledFrom([]int{1, 5, 70}).Draw(t, "sections")).Draw(t, "sections"),
		Buttons:  rapid.SliceOfN(anyButton, 0, 60).Draw(t, "buttons"),
		More:     rapid.SliceOfN(anyButton, 0, rapid.SampledFrom([]int{0, 4, 60}).Draw(t, "more")).Draw(t, "more"),
		Foot:     rapid.SliceOfN(anyText, 0, 12).Draw(t, "foot"),
	}
})

func TestNoCardIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Card(anyCard.Draw(t, "card"))
		if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
			t.Fatalf("Slack would refuse: %s", strings.Join(wrong, "; "))
		}
		if wrong := blockkit.Validate(list(t, m.Blocks), blockkit.Message); len(wrong) > 0 {
			t.Fatalf("the simulator would refuse: %v", wrong)
		}
		if n := width(m.Text); n == 0 || n > 3000 {
			t.Fatalf("got a text of %d characters", n)
		}
		if raw, _ := json.Marshal(m.Blocks); len(raw) > 24_000 {
			t.Fatalf("got %d bytes of blocks", len(raw))
		}
	})
}

func TestNoHomeIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Home(anyCard.Draw(t, "card"))
		if wrong := validate(v.Blocks.BlockSet, 100); len(wrong) > 0 {
			t.Fatalf("Slack would refuse: %s", strings.Join(wrong, "; "))
		}
		var view map[string]any
		raw, err := json.Marshal(v)
		if err != nil || json.Unmarshal(raw, &view) != nil {
			t.Fatal(err)
		}
		if wrong := blockkit.ValidateView(view); len(wrong) > 0 {
			t.Fatalf("the simulator would refuse: %v", wrong)
		}
		if len(raw) > 200_000 {
			t.Fatalf("got a view of %d bytes", len(raw))
		}
	})
}

func TestNoFormIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyWords.Draw(t, "words")
		inputs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) card.Input {
			return card.Input{ID: anyWords.Draw(t, "id"), Label: s, Hint: s, Value: s, Multi: rapid.Bool().Draw(t, "multi"), Min: rapid.IntRange(-1, 5000).Draw(t, "min"), Max: rapid.IntRange(-1, 5000).Draw(t, "max")}
		}), 0, 30).Draw(t, "inputs")
		v := Modal(card.Modal{ID: s, Title: s, Submit: s, Body: anyCard.Draw(t, "body"), Inputs: inputs})
		wrong := validate(v.Blocks.BlockSet, 100)
		if len(wrong) > 0 || width(v.Title.Text) > 24 || v.Title.Text == "" || width(v.CallbackID) > 255 {
			t.Fatalf("Slack would refuse: %s", strings.Join(wrong, "; "))
		}
		var view map[string]any
		if raw, err := json.Marshal(v); err != nil || json.Unmarshal(raw, &view) != nil {
			t.Fatal(err)
		}
		if wrong := blockkit.ValidateView(view); len(wrong) > 0 {
			t.Fatalf("the simulator would refuse: %v", wrong)
		}
		if v.Submit == nil && len(inputs) > 0 {
			t.Fatal("got inputs without a submit button")
		}
	})
}

func list(t *rapid.T, v any) (all []any) {
	if raw, err := json.Marshal(v); err != nil || json.Unmarshal(raw, &all) != nil {
		t.Fatal(err)
	}
	return all
}

func FuzzCard(f *testing.F) {
	for _, s := range corpus {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if wrong := validate(Card(everywhere(s)).Blocks, 50); len(wrong) > 0 {
			t.Errorf("Slack would refuse: %s", strings.Join(wrong, "; "))
		}
	})
}
