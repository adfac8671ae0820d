package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// shelf is a card with buttons in its sections and a menu behind them.
func shelf() card.Card {
	button := func(action, label string) card.Button {
		return card.Button{Action: action, ID: "op-1", Version: 7, Label: label}
	}
	return card.Card{Title: "Waiting for you", Sections: []card.Section{{
		Text: &card.Text{{Plain: "Roll web"}}, Buttons: []card.Button{button("approve", "Approve"), button("deny", "Deny…")},
		More: []card.Button{button("details", "Details"), button("extend", "Extend")},
	}}}
}

// guestbook is where openings of Home tabs are written.
type guestbook struct {
	mu     sync.Mutex
	opened []string
	later  []string
}

func (g *guestbook) Opened(_ context.Context, user, team string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = append(g.opened, user+" "+team)
	return nil
}

func (g *guestbook) Later(_ context.Context, user, _ string, _ time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.later = append(g.later, user)
	return nil
}

func (g *guestbook) read() (opened, later []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.opened), slices.Clone(g.later)
}

// TestPressesFromHomeAreAnsweredInDirectMessages: there is no channel to whisper in.
func TestPressesFromHomeAreAnsweredInDirectMessages(t *testing.T) {
	r := startRig(t)
	r.desk.onHome = func(ledger.Actor) card.Card { return shelf() }
	r.desk.onPress = func(p commands.Press) commands.Result {
		if p.Action == "deny" {
			return commands.Result{Modal: &card.Modal{ID: "deny", Subject: "op-1", Version: 7, Title: "Deny", Inputs: []card.Input{{ID: "reason", Label: "Why?", Min: 3}}}}
		}
		return commands.Result{Reply: say("you pressed %s", p.Action), Public: p.Action == "approve"}
	}
	dev := r.As("dev")
	if err := dev.OpenHome(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the home", func() bool { return dev.Home() != nil })
	if err := dev.PressHome("Approve"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer", func() bool { return direct(r, "dev", "you pressed approve") })
	if err := dev.Use(slacksim.Control{View: dev.Home().ID, Action: "more"}, "Extend"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer to the menu", func() bool { return direct(r, "dev", "you pressed extend") })
	for _, p := range r.desk.pressed() {
		if p.ID != "op-1" || p.Version != 7 || p.Channel != "" {
			t.Errorf("got %+v, want version 7 of op-1 and no channel", p)
		}
	}
	if err := dev.PressHome("Deny…"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return dev.View() != nil })
	if err := dev.Submit(map[string]any{"Why?": "not today"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer to the form", func() bool { return direct(r, "dev", "you sent deny") })
}

func direct(r *rig, who, part string) bool {
	return slices.ContainsFunc(r.Direct(who), func(m slacksim.Message) bool { return strings.Contains(m.Text, part) })
}

// TestMenusOfCardsArePresses: a choice in a card's menu arrives as the press of a button would.
func TestMenusOfCardsArePresses(t *testing.T) {
	r := startRig(t)
	c := shelf()
	c.Buttons, c.More, c.Sections[0].Buttons, c.Sections[0].More = c.Sections[0].Buttons, c.Sections[0].More, nil, nil
	m, err := r.web.Post(t.Context(), "C0DEPLOYS", "", c)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.As("sre").Select("#deploys", m.TS, "more", "Details"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a whisper", func() bool { return lastWhisper(r, "sre", "#deploys", "you pressed details") })
	if p := r.desk.pressed()[0]; p.ID != "op-1" || p.Version != 7 || p.MessageTS != m.TS {
		t.Errorf("got %+v, want what a button of the card says", p)
	}
}

// TestWhoOpensHomeIsRemembered: members are, once their tab may be drawn; guests are not.
func TestWhoOpensHomeIsRemembered(t *testing.T) {
	r := startRig(t)
	book := &guestbook{}
	r.worker.Homes, r.worker.People = book, r.people
	for _, who := range []string{"guest", "dev"} {
		if err := r.As(who).OpenHome(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the home of "+who, func() bool { return r.As(who).Home() != nil })
	}
	if opened, _ := book.read(); !slices.Equal(opened, []string{"U0DEV " + r.Team().ID}) {
		t.Errorf("got %q remembered, want dev alone", opened)
	}
	r.Faults().Add(slacksim.Fault{Method: "views.publish", RetryAfter: 30})
	if err := r.As("dev").OpenHome(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the tab put off", func() bool { _, later := book.read(); return slices.Equal(later, []string{"U0DEV"}) })
}

func TestAHomeThatCannotBeDrawnSaysWhenToTryAgain(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	who := ledger.Actor{User: "U0DEV", Team: r.Team().ID}
	if wait, err := r.worker.Home(t.Context(), who); err != nil || wait != 0 {
		t.Fatalf("got %s, %v, want it drawn", wait, err)
	}
	r.Faults().Add(slacksim.Fault{Method: "views.publish", Error: "not_enabled"})
	if wait, err := r.worker.Home(t.Context(), who); err != nil || wait != 0 {
		t.Errorf("got %s, %v, want what Slack never takes given up", wait, err)
	}
	r.Faults().Add(slacksim.Fault{Method: "views.publish", RetryAfter: 30})
	if wait, err := r.worker.Home(t.Context(), who); err == nil || wait != 30*time.Second {
		t.Errorf("got %s, %v, want Slack's own wait", wait, err)
	}
}

func TestMarksUnderMessages(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	m, err := r.web.Post(t.Context(), "C0DEPLOYS", "", card.Card{Title: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is harmless
		if err := r.web.React(t.Context(), m, "white_check_mark"); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Messages("#deploys")[0].Reactions; len(got) != 1 || got[0].Name != "white_check_mark" {
		t.Errorf("got %+v, want one mark", got)
	}
	r.Faults().Add(slacksim.Fault{Method: "reactions.add", Error: "missing_scope", Times: 2})
	for range 2 {
		if err := r.web.React(t.Context(), m, "x"); err != nil {
			t.Errorf("got %v without the scope, want it gone without", err)
		}
	}
	if n := strings.Count(r.logs.String(), "bear no marks"); n != 1 {
		t.Errorf("got it logged %d times, want once", n)
	}
	r.Faults().Add(slacksim.Fault{Method: "reactions.add", RetryAfter: 9})
	var limited *bot.RateLimited
	if err := r.web.React(t.Context(), m, "x"); !errors.As(err, &limited) {
		t.Errorf("got %v, want to hear of the limit", err)
	}
}

// TestATokenWithoutReactionsIsEnough: what an older installation lacks costs the marks and nothing else.
func TestATokenWithoutReactionsIsEnough(t *testing.T) {
	o := office()
	o.App.Scopes = slices.DeleteFunc(o.App.Scopes, func(s string) bool { return s == "reactions:write" })
	r := wire(t, workspace(t, o), newMemory())
	m, err := r.web.Post(t.Context(), "C0DEPLOYS", "", card.Card{Title: "x"})
	if err == nil {
		err = r.web.React(t.Context(), m, "x")
	}
	if err != nil || !strings.Contains(r.logs.String(), "reactions:write") {
		t.Errorf("got %v, want it to work and the log to name the scope", err)
	}
}
