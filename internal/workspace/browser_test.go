package workspace

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
)

// bot is a small app as anybody could write it with a stock client.
type bot struct {
	api    *slack.Client
	socket *socketmode.Client
	deaf   chan struct{} // closed when it should acknowledge nothing more
}

func startBot(t *testing.T, info Info) *bot {
	t.Helper()
	api := slack.New(info.SlackBotToken, slack.OptionAppLevelToken(info.SlackAppToken), slack.OptionAPIURL(info.SlackAPI))
	b := &bot{api: api, socket: socketmode.New(api), deaf: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = b.socket.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case e := <-b.socket.Events:
				b.handle(e)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return b
}

func (b *bot) handle(e socketmode.Event) {
	select {
	case <-b.deaf:
		return
	default:
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		_ = b.socket.Ack(*e.Request)
		_, _, _ = b.api.PostMessage(data.ChannelID, slack.MsgOptionText("Roll web", false), slack.MsgOptionBlocks(proposal()...))
	case slack.InteractionCallback:
		b.interact(e, data)
	}
}

func (b *bot) interact(e socketmode.Event, data slack.InteractionCallback) {
	if data.Type == slack.InteractionTypeViewSubmission {
		reason := data.View.State.Values["why"]["reason"].Value
		if len(reason) < 5 {
			_ = b.socket.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"why": "Say a little more."}))
			return
		}
		_ = b.socket.Ack(*e.Request)
		_, _, _ = b.api.PostMessage(data.View.PrivateMetadata, slack.MsgOptionText("Denied: "+reason, true))
		return
	}
	_ = b.socket.Ack(*e.Request)
	if len(data.ActionCallback.BlockActions) == 0 {
		return
	}
	switch data.ActionCallback.BlockActions[0].ActionID {
	case "approve":
		text := ":white_check_mark: Approved by <@" + data.User.ID + ">"
		_, _, _, _ = b.api.UpdateMessage(data.Channel.ID, data.Message.Timestamp, slack.MsgOptionText(text, false))
		_, _, _ = b.api.PostMessage(data.Channel.ID, slack.MsgOptionText("It begins.", false), slack.MsgOptionTS(data.Message.Timestamp))
	case "deny":
		_, _ = b.api.OpenView(data.TriggerID, question(data.Channel.ID))
	}
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, false)
}

func proposal() []slack.Block {
	approve := slack.NewButtonBlockElement("approve", "1", plain("Approve")).WithStyle(slack.StylePrimary)
	approve.Confirm = slack.NewConfirmationBlockObject(plain("Approve?"), mrkdwn("It starts *at once*."), plain("Approve"), plain("Not yet"))
	deny := slack.NewButtonBlockElement("deny", "1", plain("Deny")).WithStyle(slack.StyleDanger)
	return []slack.Block{
		slack.NewHeaderBlock(plain("Roll web to ami-0b2")),
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{mrkdwn("*Group*\nweb, 12 servers"), mrkdwn("*Image*\n`ami-0b2`")}, nil),
		slack.NewActionBlock("decide", approve, deny),
	}
}

func question(channel string) slack.ModalViewRequest {
	reason := slack.NewPlainTextInputBlockElement(plain("For example: freeze"), "reason")
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Deny the rollout"), Submit: plain("Deny"), Close: plain("Cancel"), PrivateMetadata: channel,
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("why", plain("Reason"), plain("Everybody sees it."), reason)}},
	}
}

func TestAPersonWorksWithABotInTheBrowser(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	bot := startBot(t, w.Info())
	b.Shows("#link-state", "amiral is connected")

	b.Write("[data-testid=composer]", "/as")
	b.Shows(".suggestions", "Look at and change Auto Scaling groups")
	b.Do(chromedp.KeyEvent(kb.Tab))
	b.Write("[data-testid=composer]", "rollout web --image ami-0b2"+kb.Enter)
	b.Shows("[data-testid=message]", "Roll web to ami-0b2")
	b.Picture("card")

	b.Click("[data-testid=action][data-action-id=deny]")
	b.Shows("[data-testid=modal]", "Deny the rollout")
	b.Click("[data-testid=modal-submit]")
	b.Shows("[data-testid=input-error]", "required")
	b.Write("[data-testid=modal] [data-action-id=reason]", "no")
	b.Click("[data-testid=modal-submit]")
	b.Shows("[data-testid=input-error]", "Say a little more.")
	b.Picture("modal")
	b.Write("[data-testid=modal] [data-action-id=reason]", "t during the freeze")
	b.Click("[data-testid=modal-submit]")
	b.Eventually("the modal closes", "!document.querySelector('[data-testid=modal][open]')")
	b.Shows("[data-testid=message]", "Denied: not during the freeze")

	b.ActAs("U0SRE", "SO")
	b.Click("[data-testid=action][data-action-id=approve]")
	b.Shows("[data-testid=confirm]", "It starts at once.")
	b.Click("[data-testid=confirm-ok]")
	b.Shows("[data-testid=message]", "Approved by @Sam Okafor")
	b.Shows("[data-testid=open-thread]", "1 reply")
	b.Click("[data-testid=open-thread]")
	b.Shows("[data-testid=thread]", "It begins.")
	b.Picture("thread-light")
	b.Scheme("dark")
	b.Picture("thread-dark")

	close(bot.deaf)
	b.Clean()
}

// TestAPressIsNotLostWhenThePageIsDrawnAnew: messages arrive between the mouse's way down and its way up.
func TestAPressIsNotLostWhenThePageIsDrawnAnew(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	bot := startBot(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	arrives := func() {
		if _, _, err := bot.api.PostMessage("C0STAGING", slack.MsgOptionText("it is late", false)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond) // a finger lies on a button for as long
	}
	b.Hold("[data-testid=home-entry]", arrives)
	b.Shows("[data-testid=home]", "has not drawn its home yet")
	b.Hold("[data-testid=channel][data-name=staging]", arrives)
	b.Eventually("both messages", "document.querySelectorAll('[data-testid=message]').length === 2")
	b.Clean()
}

func TestAPressNobodyAcknowledgesIsMarked(t *testing.T) {
	w := running(t, func(o *Options) { o.Slack = quick })
	b := browsertest.Open(t, w.Info().Page)
	bot := startBot(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg list"+kb.Enter)
	b.Shows("[data-testid=message]", "Roll web to ami-0b2")
	close(bot.deaf)
	b.Click("[data-testid=action][data-action-id=deny]")
	b.Eventually("a warning mark", "document.querySelector('[data-testid=trouble]')")
	b.Write("[data-testid=composer]", "/asg list"+kb.Enter)
	b.Shows("[data-testid=message][data-ephemeral]", "operation_timeout")
	b.Picture("trouble")
	b.Clean()
}

func TestTheFleetIsSeenAndBrokenInTheBrowser(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	b.Eventually("158 squares", "document.querySelectorAll('[data-testid=instance]').length === 158")
	b.Eventually("the group web", "document.querySelectorAll('[data-testid=group][data-name=web] [data-testid=instance]').length === 15")
	b.Click("[data-testid=group][data-name=cache] [data-testid=instance]")
	b.Picture("server")
	b.Click("[data-testid=crash-terminated]")
	b.Eventually("the server leaves", "document.querySelector('[data-name=cache] [data-testid=instance].leaving, [data-name=cache] [data-testid=instance].coming')")
	b.Click("[data-testid='clock-+10m']")
	b.Eventually("another takes its place", "document.querySelectorAll('[data-name=cache] [data-testid=instance].serving').length === 1")
	b.Click("[data-testid=alarms]")
	b.Click("[data-testid='alarm-web-5xx']")
	b.Shows("[data-testid=alarms]", "1")
	if got := w.Clock.Now().Sub(noon); got < 10*time.Minute {
		t.Errorf("the clock went forward by %v, want ten minutes", got)
	}
	b.Clean()
}
