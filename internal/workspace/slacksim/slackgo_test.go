package slacksim_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func slackGo(w *slacksim.Workspace, hc *http.Client) *slack.Client {
	return slack.New(w.App().BotToken, slack.OptionAppLevelToken(w.App().AppToken), slack.OptionAPIURL(w.URL()+"/api/"), slack.OptionHTTPClient(hc))
}

// runSlackGo runs an unmodified socketmode client until the test ends.
func runSlackGo(t *testing.T, w *slacksim.Workspace, handle func(*socketmode.Client, socketmode.Event)) *slack.Client {
	t.Helper()
	hc := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	api := slackGo(w, hc)
	client := socketmode.New(api)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	ready := make(chan struct{})
	go func() { _ = client.RunContext(ctx); done <- struct{}{} }()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case e := <-client.Events:
				if e.Type == socketmode.EventTypeHello {
					close(ready)
				}
				handle(client, e)
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
		hc.CloseIdleConnections()
	})
	select {
	case <-ready:
	case <-time.After(5 * time.Second):
		t.Fatal("slack-go saw no hello")
	}
	return api
}

func TestStockSlackGoRunsACommandAButtonAndAModal(t *testing.T) {
	w := start(t, office())
	api := (*slack.Client)(nil)
	ready := make(chan struct{})
	api = runSlackGo(t, w, func(c *socketmode.Client, e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeSlashCommand:
			cmd := e.Data.(slack.SlashCommand)
			if err := c.Ack(*e.Request, map[string]any{"text": "you said " + cmd.Text}); err != nil {
				t.Error(err)
			}
		case socketmode.EventTypeInteractive:
			cb := e.Data.(slack.InteractionCallback)
			_ = c.Ack(*e.Request)
			if cb.Type == slack.InteractionTypeBlockActions {
				<-ready
				openForm(t, api, cb)
			}
		}
	})
	close(ready)
	dev := w.As("dev")
	if err := dev.Slash("#deploys", "/ops list web"); err != nil {
		t.Fatal(err)
	}
	if got := dev.Whispers("#deploys"); len(got) != 1 || got[0].Text != "you said list web" {
		t.Errorf("got %+v, want one answer to list web", got)
	}
	_, ts, err := api.PostMessage("C0DEPLOYS", slack.MsgOptionText("press", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "press", false, false), nil, nil),
		slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "1", slack.NewTextBlockObject("plain_text", "Go", false, false))),
	))
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Click("#deploys", ts, "Go"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a modal", func() bool { return dev.View() != nil })
	if err := dev.Submit(map[string]any{"Why": "because"}); err != nil {
		t.Fatal(err)
	}
	if v := dev.View(); v != nil {
		t.Errorf("got view %+v, want none after the submission", v)
	}
}

func openForm(t *testing.T, api *slack.Client, cb slack.InteractionCallback) {
	text := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	_, err := api.OpenView(cb.TriggerID, slack.ModalViewRequest{
		Type: slack.VTModal, Title: text("Form"), Submit: text("Send"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("why", text("Why"), nil, slack.NewPlainTextInputBlockElement(nil, "w")),
		}},
	})
	if err != nil {
		t.Errorf("open the form: %v", err)
	}
}

// eventually waits up to five seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after five seconds", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
