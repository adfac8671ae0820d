package notify

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is a request of two groups, changed by do.
func sample(do func(*ledger.Record)) ledger.Record {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	r := ledger.Record{Proposal: proposal(), State: ledger.Pending, Version: 3, Created: noon, Expires: noon.Add(time.Hour),
		Message: ledger.Message{Channel: "C1", TS: "1.2", Link: "https://example.slack.com/archives/C1/p12"}}
	r.Command, r.Reason, r.Impact = "/asg rollout web", "a fix for <!channel>", "12 instances (100 %), 10 % less capacity meanwhile, can be rolled back"
	r.Narrow = "the canary, 2 of 12 instances"
	r.Rule = ledger.Rule{Name: "production", Policy: "3f2c9ab1d77e", Why: "12 instances are more than 25 % of the group",
		Needs: []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Groups: []string{"owners", "leads"}, Min: 2}}}
	do(&r)
	return r
}

func yes(user string, narrow bool, fills ...int) ledger.Vote {
	return ledger.Vote{Actor: ledger.Actor{User: user, Team: "T"}, Choice: "approve", Narrow: narrow, Fills: fills}
}

// samples are records of every kind of card.
func samples() map[string]ledger.Record {
	ended := func(r *ledger.Record, s ledger.State, words string) {
		r.State, r.Outcome, r.Ended = s, words, r.Created.Add(30*time.Minute)
	}
	started := func(r *ledger.Record) {
		r.State, r.Started = ledger.Running, r.Created.Add(10*time.Minute)
		r.Votes = []ledger.Vote{yes("USAM", false, 0), yes("UOLA", true, 1), yes("ULEA", false, 1)}
	}
	broken := func(r *ledger.Record) {
		r.Skipped, r.Rule.Needs, r.BreakGlass, r.Narrow = r.Rule.Needs, nil, "the site is down", ""
		r.State, r.Started = ledger.Running, r.Created
	}
	return map[string]ledger.Record{
		"pending": sample(func(r *ledger.Record) { r.Votes, r.Extended = []ledger.Vote{yes("USAM", false, 0)}, 2 }),
		"pending_in_part": sample(func(r *ledger.Record) {
			r.Votes = []ledger.Vote{yes("ULEA", true, 0, 1), yes("UOLA", false, 1)}
		}),
		"held": sample(func(r *ledger.Record) {
			started(r)
			r.State, r.Stayed, r.Opens = ledger.Held, "production is frozen until {when:1793538000000}.", r.Created.Add(2*time.Hour)
		}),
		"narrowed": sample(func(r *ledger.Record) { started(r); r.Narrowed = true }),
		"void": sample(func(r *ledger.Record) {
			started(r)
			ended(r, ledger.Void, "The image was ami-1 when it was approved, and is ami-2 now.")
		}),
		"expired":   sample(func(r *ledger.Record) { ended(r, ledger.Expired, "It was not approved in time.") }),
		"denied":    sample(func(r *ledger.Record) { ended(r, ledger.Denied, "Denied: not today."); r.EndedBy.User = "UOLA" }),
		"succeeded": sample(func(r *ledger.Record) { started(r); ended(r, ledger.Succeeded, "All is well.") }),
		"broken":    sample(broken),
		"review": sample(func(r *ledger.Record) {
			r.Kind, r.About, r.Title, r.Narrow, r.Command, r.Impact = review, "op-9", "Review of a broken glass: Roll web", "", "", ""
			r.Rule.Needs = ledger.From(1, "security")
		}),
		"reviewed": sample(func(r *ledger.Record) {
			r.Kind, r.About, r.Title, r.Narrow, r.Rule.Needs = review, "op-9", "Review of a broken glass: Roll web", "", ledger.From(1, "security")
			r.Votes = []ledger.Vote{yes("UOLA", false, 0)}
			ended(r, ledger.Succeeded, "Closed: it was right.")
		}),
	}
}

func painter() *Notifier {
	return &Notifier{Paint: map[string]Paint{"rollout": func(r ledger.Record) card.Picture {
		p := card.Picture{Sections: []card.Section{{Facts: []card.Fact{{Label: "Now", Value: card.T("ami-1")}, {Label: "Then", Value: card.T("ami-2")}}}}}
		if r.State == ledger.Running {
			p.Buttons = []card.Button{{Action: "continue", ID: string(r.ID), Label: "Continue"}, {Action: "cancel", ID: string(r.ID), Label: "Cancel"}}
		}
		if r.State == ledger.Succeeded {
			p.Buttons = []card.Button{{Action: "rollback_new", ID: string(r.ID), Version: r.Version, Label: "Roll back…"}}
		}
		return p
	}}}
}

// TestAFreezeSaysOnceWhereItIs: its title does already.
func TestAFreezeSaysOnceWhereItIs(t *testing.T) {
	for title, target := range map[string]string{"Freeze production for 4h": "", "Freeze web in production for 4h": "web"} {
		r := ledger.Record{State: ledger.Cancelled}
		r.Kind, r.Title, r.Environment, r.Target = freeze, title, "production", target
		if c := painter().Card(r); c.Summary != "Lifted: "+title+"." || c.Title != "Lifted · "+title {
			t.Errorf("got %q and %q", c.Title, c.Summary)
		}
	}
}

func TestCards(t *testing.T) {
	n := painter()
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			got := told(n.Card(r))
			if r.State.Final() {
				got += "\n=== to the requester ===\n" + told(n.Farewell(r))
			}
			if r.BreakGlass != "" {
				got += "\n=== to the skipped ===\n" + told(passed(r))
			}
			golden(t, name, got)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("got\n%s\nwant\n%s\n(%v; run with -update when it is meant)", got, want, err)
	}
}

func TestSlackTakesEveryCard(t *testing.T) {
	n := painter()
	for name, r := range samples() {
		for _, c := range []card.Card{n.Card(r), n.Farewell(r), passed(r)} {
			raw, err := json.Marshal(blocks.Card(c).Blocks)
			var all []any
			if err != nil || json.Unmarshal(raw, &all) != nil {
				t.Fatal(err)
			}
			if wrong := blockkit.Validate(all, blockkit.Message); len(wrong) > 0 || len(all) > 14 {
				t.Errorf("%s: %d blocks, %v", name, len(all), wrong)
			}
		}
	}
}

// TestTheCardCallsNobodyWhoHasNotSpoken: approvers are called in the thread; a card that is drawn again and again
// names groups in plain words.
func TestTheCardCallsNobodyWhoHasNotSpoken(t *testing.T) {
	n := painter()
	for name, r := range samples() {
		c := n.Card(r)
		texts := slices.Clone(c.Foot)
		for _, s := range c.Sections {
			if s.Text != nil {
				texts = append(texts, *s.Text)
			}
		}
		for _, text := range texts {
			for _, p := range text {
				if p.Group != "" {
					t.Errorf("%s: the card calls %s", name, p.Group)
				}
			}
		}
	}
}

// told is a card as a person reads it.
func told(c card.Card) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s [%s]\n> %s\n", c.Title, c.Tone, c.Summary)
	for _, s := range c.Sections {
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "%s: %s\n", f.Label, words(f.Value))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "! %s %s\n", f.Text, f.Hint)
		}
		if s.Text != nil {
			fmt.Fprintf(&b, "%s\n", words(*s.Text))
		}
	}
	for _, f := range c.Foot {
		fmt.Fprintf(&b, "-- %s\n", words(f))
	}
	for _, row := range [][]card.Button{c.Buttons, c.More} {
		for _, x := range row {
			fmt.Fprintf(&b, "[%s] %s %s:%d", x.Label, x.Action, x.ID, x.Version)
			if x.Confirm != nil {
				fmt.Fprintf(&b, " asks: %s %s", x.Confirm.Title, x.Confirm.Text)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func words(t card.Text) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.User != "":
			b.WriteString("<@" + p.User + ">")
		case p.Group != "":
			b.WriteString("<!subteam^" + p.Group + ">")
		case p.Channel != "":
			b.WriteString("<#" + p.Channel + ">")
		case p.Link != nil:
			fmt.Fprintf(&b, "<%s|%s>", p.Link.URL, p.Link.Label)
		case !p.When.IsZero():
			b.WriteString(p.When.UTC().Format("<15:04>"))
		default:
			b.WriteString(p.Plain + p.Bold + p.Code)
		}
	}
	return b.String()
}

// TestEveryStateHasAFace: nothing is drawn without words.
func TestEveryStateHasAFace(t *testing.T) {
	for _, s := range []ledger.State{ledger.Pending, ledger.Held, ledger.Waiting, ledger.Running, ledger.Stuck, ledger.Denied, ledger.Expired,
		ledger.Withdrawn, ledger.Void, ledger.Succeeded, ledger.Failed, ledger.Cancelled, ledger.Undone} {
		if faces[s].words == "" {
			t.Errorf("%s has no words", s)
		}
	}
	for s := range maps.Keys(marks) {
		if !s.Final() {
			t.Errorf("%s bears a mark and is not over", s)
		}
	}
}
