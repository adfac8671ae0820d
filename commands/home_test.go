package commands

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// drawn is a card with the buttons of its state.
func drawn(r ledger.Record) card.Card {
	c := card.Card{Title: r.Title}
	if r.State == ledger.Pending {
		c.Buttons = []card.Button{{Action: "approve", ID: string(r.ID), Version: r.Version, Label: "Approve"}}
		c.More = []card.Button{{Action: "why", ID: string(r.ID), Version: r.Version, Label: "Why me?"}}
	}
	return c
}

func TestEveryRequestAtHomeHasItsButtons(t *testing.T) {
	w := newWorld(t, op("op-1", ledger.Pending), op("op-2", ledger.Succeeded))
	w.desk.Draw = drawn
	c := w.desk.Home(t.Context(), sre)
	for i, s := range c.Sections {
		if s.Text == nil || !strings.Contains(spoken(*s.Text), "op-1") {
			continue
		}
		next := c.Sections[i+1]
		if len(next.Buttons) != 1 || next.Buttons[0].ID != "op-1" || next.Buttons[0].Version != 3 || len(next.More) != 1 {
			t.Errorf("got %+v under op-1, want the buttons of its card", next)
		}
		return
	}
	t.Error("op-1 is not at home")
}

func TestNobodyIsOfferedAtHomeWhatIsForTheRequester(t *testing.T) {
	w := newWorld(t, op("op-1", ledger.Pending), op("op-2", ledger.Expired))
	w.desk.Draw = func(r ledger.Record) card.Card {
		return card.Card{Buttons: []card.Button{{Action: "again"}, {Action: "details"}}, More: []card.Button{{Action: "withdraw"}, {Action: "extend"}}}
	}
	actions := func(who ledger.Actor) string {
		var all []string
		h := w.desk.Home(t.Context(), who)
		for _, s := range h.Sections {
			for _, b := range append(s.Buttons, s.More...) {
				all = append(all, b.Action)
			}
		}
		return strings.Join(all, " ")
	}
	if got := actions(sre); got != "details extend details extend" {
		t.Errorf("got %s for an approver", got)
	}
	if got := actions(dev); got != "again details withdraw extend again details withdraw extend" {
		t.Errorf("got %s for the requester", got)
	}
}

// TestWhatWaitsApprovedCanBeStoppedAtHome: by those who could have denied it, too; the gate asks who they are.
func TestWhatWaitsApprovedCanBeStoppedAtHome(t *testing.T) {
	buttons := []card.Button{{Action: "withdraw"}, {Action: "again"}}
	for state, want := range map[ledger.State]int{ledger.Held: 1, ledger.Waiting: 1, ledger.Pending: 0, ledger.Expired: 0} {
		if got := theirs(op("op-1", state), sre, buttons); len(got) != want {
			t.Errorf("%s: got %v, want %d", state, got, want)
		}
	}
}

// TestWhoCountsNoMoreIsAskedAgain: a vote that fills nothing any more is no vote.
func TestWhoCountsNoMoreIsAskedAgain(t *testing.T) {
	r := op("op-1", ledger.Pending)
	for fills, want := range map[int]bool{0: false, 1: true} {
		r.Votes = []ledger.Vote{{Actor: sre, Choice: "approve", Fills: make([]int, fills)}}
		if got := approvedBy(r, sre); got != want {
			t.Errorf("%d places: got %v, want %v", fills, got, want)
		}
	}
}

// TestNobodyIsOfferedTheirOwnApproval: under "Yours" stands what the requester can do. What ended last stands first.
func TestNobodyIsOfferedTheirOwnApproval(t *testing.T) {
	mine, early, late := op("op-1", ledger.Pending), op("op-2", ledger.Succeeded), op("op-3", ledger.Succeeded)
	mine.Requester, mine.Kind = sre, approvals.Review
	early.Ended, late.Ended = noon.Add(time.Hour), noon.Add(2*time.Hour)
	w := newWorld(t, mine, early, late)
	w.desk.Draw = drawn
	c := w.desk.Home(t.Context(), sre)
	_, yours, _ := strings.Cut(text(&c), "Yours\n")
	for _, s := range c.Sections {
		if len(s.Buttons) > 0 || (len(s.More) > 0 && s.More[0].ID != "op-1") {
			t.Errorf("got %+v, want only what the requester can do", s)
		}
	}
	if !strings.Contains(yours, "waits for review") || strings.Index(yours, "op-3") > strings.Index(yours, "op-2") {
		t.Errorf("got %s, want a review, and what ended last first", yours)
	}
}

// TestNothingStandsAtHomeTwice: what waits for somebody, or is theirs, is not told again under what runs.
func TestNothingStandsAtHomeTwice(t *testing.T) {
	part, mine, other := op("op-part", ledger.Running), op("op-mine", ledger.Running), op("op-else", ledger.Running)
	part.Narrowed, part.Narrow, mine.Requester = true, "the canary, 1 of 4 instances", sre
	for _, c := range []struct {
		all  []ledger.Record
		want string
	}{{[]ledger.Record{part, mine, other}, "op-else"}, {[]ledger.Record{part, mine}, "Nothing else runs."}, {nil, "Nothing runs."}} {
		h := newWorld(t, c.all...).desk.Home(t.Context(), sre)
		got := text(&h)
		_, runs, _ := strings.Cut(got, "\nRunning\n")
		if !strings.Contains(runs, c.want) || strings.Count(got, "op-part") > 1 || strings.Count(got, "op-mine") > 1 {
			t.Errorf("got %s, want each once, and %s under what runs", got, c.want)
		}
		if len(c.all) > 0 && !strings.Contains(got, "approved for the canary, 1 of 4 instances only") {
			t.Errorf("got %s, want to read how much is approved", got)
		}
	}
}

func TestWhatWaitsForSomebodyIsWhatTheyMayDecide(t *testing.T) {
	review, part := op("op-rev", ledger.Pending), op("op-part", ledger.Running)
	review.Kind, part.Narrowed = approvals.Review, true
	part.Votes = []ledger.Vote{{Actor: sre, Choice: "approve", Narrow: true}}
	all := []ledger.Record{op("op-ask", ledger.Pending), review, part, op("op-run", ledger.Running)}
	waits := func(w *world) string {
		c := w.desk.Home(t.Context(), sre)
		before, _, _ := strings.Cut(text(&c), "Yours\n")
		var ids []string
		for _, id := range []string{"op-ask", "op-rev", "op-part", "op-run"} {
			if strings.Contains(before, "`"+id+"`") {
				ids = append(ids, id)
			}
		}
		return strings.Join(ids, " ")
	}
	no := fault.New(fault.Denied, "You are not in @sre.")
	for name, c := range map[string]struct {
		approve, widen error
		want           string
	}{
		"may":               {nil, nil, "op-ask op-rev op-part"},
		"may not":           {no, no, ""},
		"may widen":         {no, nil, "op-part"},
		"Slack is away":     {fault.New(fault.Unavailable, "Slack did not say."), no, "op-ask op-rev"},
		"something is away": {fmt.Errorf("dial tcp"), no, "op-ask op-rev"},
	} {
		w := newWorld(t, all...)
		w.gate.may = map[string]error{"approve": c.approve, "widen": c.widen}
		if got := waits(w); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestAFullHomeStaysWithinWhatSlackTakes(t *testing.T) {
	var all []ledger.Record
	for i := range 400 {
		r := op(ledger.ID(fmt.Sprintf("op-%03d", i)), []ledger.State{ledger.Pending, ledger.Running, ledger.Succeeded, ledger.Held}[i%4])
		if i%3 == 0 {
			r.Requester = sre
		}
		all = append(all, r)
	}
	w := newWorld(t, all...)
	w.desk.Draw = func(r ledger.Record) card.Card {
		return card.Card{Buttons: []card.Button{{Action: "details", ID: string(r.ID), Label: "Details"}}}
	}
	c := w.desk.Home(t.Context(), sre)
	if n := len(c.Sections) + len(c.Foot) + 1; n > 100 || n < 60 {
		t.Errorf("got %d blocks, want a full tab of 100 at the most", n)
	}
	if got := text(&c); !strings.Contains(got, "more operations: `/amiral ops list` shows them.") {
		t.Errorf("got %s, want how many are left out", got)
	}
}
