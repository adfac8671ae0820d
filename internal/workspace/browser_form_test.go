package workspace

import (
	"context"
	"sync"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
)

// harbourer is a small app whose form has two searches and a note.
type harbourer struct {
	api    *slack.Client
	socket *socketmode.Client
	opened chan string // the form's id
	sent   chan slack.InteractionCallback
}

func startHarbourer(t *testing.T, info Info) *harbourer {
	t.Helper()
	api := slack.New(info.SlackBotToken, slack.OptionAppLevelToken(info.SlackAppToken), slack.OptionAPIURL(info.SlackAPI))
	a := &harbourer{api: api, socket: socketmode.New(api), opened: make(chan string, 1), sent: make(chan slack.InteractionCallback, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = a.socket.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case e := <-a.socket.Events:
				a.handle(e)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return a
}

func (a *harbourer) handle(e socketmode.Event) {
	if e.Request == nil {
		return
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		_ = a.socket.Ack(*e.Request)
		if v, err := a.api.OpenView(data.TriggerID, berths("")); err == nil {
			a.opened <- v.ID
		}
		return
	case slack.InteractionCallback:
		if data.Type == slack.InteractionTypeBlockSuggestion {
			found := slack.NewOptionBlockObject(data.Value+"-1", plain("Quay "+data.Value), nil)
			_ = a.socket.Ack(*e.Request, slack.OptionsResponse{Options: []*slack.OptionBlockObject{found}})
			return
		}
		if data.Type == slack.InteractionTypeViewSubmission {
			a.sent <- data
		}
	}
	_ = a.socket.Ack(*e.Request)
}

// berths is the form, with something said beside its first search.
func berths(hint string) slack.ModalViewRequest {
	search := func(id, label string) *slack.InputBlock {
		e := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Search"), "value")
		e.MinQueryLength = new(int)
		return slack.NewInputBlock(id, plain(label), nil, e)
	}
	quay, ship := search("quay", "Quay"), search("ship", "Ship")
	if hint != "" {
		quay.Hint = plain(hint)
	}
	return slack.ModalViewRequest{Type: slack.VTModal, CallbackID: "berth", Title: plain("A berth"), Submit: plain("Ask"), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{quay, ship}}}
}

// say has something stand beside the form's first search.
func (a *harbourer) say(t *testing.T, form, hint string) {
	t.Helper()
	if _, err := a.api.UpdateView(berths(hint), "", "", form); err != nil {
		t.Fatal(err)
	}
}

func TestAnOpenSearchStaysOpenWhenItsFormIsDrawnAnew(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	a := startHarbourer(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg berth \r")
	form := <-a.opened
	b.Click("[data-block-id=quay] .picker")
	b.Write(".picker-panel input", "north")
	b.Shows(".picker-panel .option", "Quay north")
	a.say(t, form, "Two are free.")
	a.say(t, form, "One is free.")
	b.Write(".picker-panel input", "-east")
	b.Shows(".picker-panel .option", "Quay north-east")
	b.Eventually("the search with its text", `document.activeElement.matches(".picker-panel input") && document.activeElement.value === "north-east"`)
	b.Picture("search")
	b.Click(".picker-panel .option")
	b.Shows("[data-block-id=quay]", "One is free.")
	b.Shows("[data-block-id=quay] .picker", "Quay north-east")
	b.Click("[data-block-id=ship] .picker")
	b.Write(".picker-panel input", "ada")
	b.Shows(".picker-panel .option", "Quay ada")
	a.say(t, form, "None is free.")
	b.Click(".picker-panel .option")
	b.Click("[data-testid=modal-submit]")
	got := (<-a.sent).View.State.Values
	if got["quay"]["value"].SelectedOption.Value != "north-east-1" || got["ship"]["value"].SelectedOption.Value != "ada-1" {
		t.Errorf("got %+v, want what was chosen", got)
	}
	b.Clean()
}

func TestASearchGoesWithItsForm(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	a := startHarbourer(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg berth \r")
	<-a.opened
	b.Click("[data-block-id=quay] .picker")
	b.Shows(".picker-panel .option", "Quay")
	if err := w.Slack.As("dev").CloseView(); err != nil {
		t.Fatal(err)
	}
	b.Eventually("no form and no search", `!document.querySelector(".picker-panel") && !document.querySelector("[data-testid=modal][open]")`)
	b.Clean()
}
