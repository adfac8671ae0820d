package blocks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/card"
)

func tableOf(columns, rows int, cell string) card.Section {
	t := &card.Table{}
	for i := range columns {
		t.Columns = append(t.Columns, card.Column{Label: fmt.Sprintf("c%d", i)})
	}
	for range rows {
		var row []card.Text
		for range columns {
			row = append(row, card.T("%s", cell))
		}
		t.Rows = append(t.Rows, row)
	}
	return card.Section{Table: t}
}

func hasTable(all []slack.Block) bool {
	for _, b := range all {
		if b.BlockType() == slack.MBTTable {
			return true
		}
	}
	return false
}

func TestATableThatDoesNotFitIsToldInLines(t *testing.T) {
	tests := map[string]struct {
		section card.Section
		table   bool
	}{
		"a page of a list":  {tableOf(5, 20, "some words"), true},
		"99 rows":           {tableOf(1, 99, "w"), true},
		"100 rows":          {tableOf(1, 100, "w"), false},
		"20 columns":        {tableOf(20, 2, "w"), true},
		"21 columns":        {tableOf(21, 2, "w"), false},
		"no rows":           {tableOf(3, 0, ""), false},
		"no columns":        {tableOf(0, 3, ""), false},
		"too many letters":  {tableOf(2, 90, strings.Repeat("w", 60)), false},
		"too many as JSON":  {tableOf(20, 99, "w"), false},
		"one row too broad": {card.Section{Table: &card.Table{Columns: []card.Column{{Label: "a"}}, Rows: [][]card.Text{{card.T("b"), card.T("c")}}}}, false},
	}
	for name, tt := range tests {
		m := Card(card.Card{Title: "List", Sections: []card.Section{tt.section}})
		if m.Table != tt.table || hasTable(m.Blocks) != tt.table {
			t.Errorf("%s: got a table %t, want %t", name, m.Table, tt.table)
		}
		if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
			t.Errorf("%s: %s", name, strings.Join(wrong, "; "))
		}
	}
}

func TestAMessageHoldsOneTableAndViewsHoldNone(t *testing.T) {
	c := card.Card{Title: "Lists", Sections: []card.Section{tableOf(2, 2, "first"), tableOf(2, 2, "second")}}
	raw, _ := json.Marshal(Card(c).Blocks)
	if n := strings.Count(string(raw), `"type":"table"`); n != 1 || !strings.Contains(string(raw), "second · second") {
		t.Errorf("got %d tables in %s, want 1 and the second in lines", n, raw)
	}
	if hasTable(Home(c).Blocks.BlockSet) || hasTable(Modal(card.Modal{Title: "x", Body: c}).Blocks.BlockSet) {
		t.Error("got a table in a view, want lines")
	}
	if m := Lines(c); m.Table || hasTable(m.Blocks) {
		t.Error("got a table, want lines")
	}
}

func TestAButtonCarriesALongCommandOrIsLeftOut(t *testing.T) {
	for n, want := range map[int]bool{1899: true, 1900: true, 1901: false} {
		m := Card(card.Card{Title: "x", Buttons: []card.Button{card.Run("Next", strings.Repeat("c", n))}})
		raw, _ := json.Marshal(m.Blocks)
		if got := strings.Contains(string(raw), strings.Repeat("c", n)); got != want {
			t.Errorf("a command of %d characters: got %t, want %t", n, got, want)
		}
		if wrong := validate(m.Blocks, 50); len(wrong) > 0 {
			t.Errorf("%d: %s", n, strings.Join(wrong, "; "))
		}
	}
}

func TestWhatIsShortStaysOnOneLine(t *testing.T) {
	cells := []string{"i-0d5c2f60aeb85685f", "eu-west-1a", "stays: group fleet launches it, with fleet-lt version 2"}
	table := &card.Table{Rows: [][]card.Text{{}}}
	for _, cell := range cells {
		table.Columns = append(table.Columns, card.Column{Label: "c"})
		table.Rows[0] = append(table.Rows[0], card.T("%s", cell))
	}
	for _, b := range Card(card.Card{Title: "t", Sections: []card.Section{{Table: table}}}).Blocks {
		if b, ok := b.(*slack.TableBlock); ok {
			if s := b.ColumnSettings; s[0].IsWrapped || s[1].IsWrapped || !s[2].IsWrapped {
				t.Errorf("got %+v, want the sentence wrapped and nothing else", s)
			}
			return
		}
	}
	t.Error("there is no table")
}

func TestProgressAndParts(t *testing.T) {
	if got, want := bar(card.Bar{Done: 50, Total: 100, Percent: true, Text: "of 8 GiB saved"}), "▓▓▓▓▓░░░░░ 50 % of 8 GiB saved"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := steps([]card.Step{{State: card.Doing, Text: card.T("Roll web")}, {State: card.Done, Text: card.T("Prove"), Part: true}})
	if got[0] != "⏳ Roll web" || got[1] != indent+"✅ Prove" {
		t.Errorf("got %q", got)
	}
}
