package workspace

import (
	"context"
	"sync"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/workspace/browsertest"
)

// clerk is a small app that asks for approvals: on a card, in the Home tab, and by direct message.
type clerk struct {
	api    *slack.Client
	socket *socketmode.Client
	card   string // ts of the card
}

func startClerk(t *testing.T, info Info) *clerk {
	t.Helper()
	api := slack.New(info.SlackBotToken, slack.OptionAppLevelToken(info.SlackAppToken), slack.OptionAPIURL(info.SlackAPI))
	c := &clerk{api: api, socket: socketmode.New(api)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = c.socket.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case e := <-c.socket.Events:
				c.handle(e)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return c
}

func (c *clerk) handle(e socketmode.Event) {
	if e.Request != nil {
		_ = c.socket.Ack(*e.Request)
	}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		_, c.card, _ = c.api.PostMessage(data.ChannelID, slack.MsgOptionText("Roll web", false), slack.MsgOptionBlocks(request("Roll web to ami-0b2")...))
	case slackevents.EventsAPIEvent:
		if opened, ok := data.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); ok {
			c.publish(opened.User, desk())
		}
	case slack.InteractionCallback:
		c.act(data)
	}
}

func (c *clerk) act(data slack.InteractionCallback) {
	if len(data.ActionCallback.BlockActions) == 0 {
		return
	}
	a := data.ActionCallback.BlockActions[0]
	switch {
	case a.SelectedOption.Value == "withdraw op:1":
		_, _, _, _ = c.api.UpdateMessage("C0DEPLOYS", c.card, slack.MsgOptionText("Withdrawn", false))
		_ = c.api.AddReaction("no_entry_sign", slack.NewRefToMessage("C0DEPLOYS", c.card))
		_, _, _ = c.api.PostMessage(data.User.ID, slack.MsgOptionText("Your request was withdrawn.", false), slack.MsgOptionBlocks(letter()...))
	case a.ActionID == "approve" && data.View.ID != "":
		c.publish(data.User.ID, []slack.Block{slack.NewSectionBlock(mrkdwn("*Nothing waits for you.*"), nil, nil)})
	case a.ActionID == "again":
		_, _, _ = c.api.PostMessage(data.Channel.ID, slack.MsgOptionText("Asked again from "+data.Channel.Name, false))
	}
}

func (c *clerk) publish(user string, blocks []slack.Block) {
	_, _ = c.api.PublishViewContext(context.Background(), slack.PublishViewContextRequest{UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}})
}

func request(title string) []slack.Block {
	approve := slack.NewButtonBlockElement("approve", "op:1", plain("Approve")).WithStyle(slack.StylePrimary)
	approve.Confirm = slack.NewConfirmationBlockObject(plain("Approve?"), mrkdwn(title), plain("Approve"), plain("Not yet"))
	option := func(value, label string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(value, plain(label), nil)
	}
	more := slack.NewOverflowBlockElement("more", option("details op:1", "Details"), option("copy op:1", "Copy command"), option("why op:1", "Why me?"),
		option("extend op:1", "Extend"), option("withdraw op:1", "Withdraw"))
	return []slack.Block{
		slack.NewSectionBlock(mrkdwn(":rotating_light: *Broken glass* · "+title), nil, nil),
		slack.NewContextBlock("", mrkdwn("Needs 2: ✅ sre <@U0SRE> · ⬜ owners")),
		slack.NewActionBlock("", approve, slack.NewButtonBlockElement("deny", "op:1", plain("Deny…")).WithStyle(slack.StyleDanger), more),
	}
}

// desk is a Home tab with two requests and something that runs.
func desk() []slack.Block {
	all := []slack.Block{slack.NewHeaderBlock(plain("Waiting for you"))}
	all = append(all, request("Roll web to ami-0b2")...)
	all = append(all, request("Roll api to ami-0d4")...)
	return append(all, slack.NewDividerBlock(), slack.NewHeaderBlock(plain("Running")), slack.NewSectionBlock(mrkdwn("Nothing runs."), nil, nil))
}

func letter() []slack.Block {
	return []slack.Block{
		slack.NewSectionBlock(mrkdwn("Your request was withdrawn. <https://harbour.slack.com/archives/C0DEPLOYS/p1|The thread>"), nil, nil),
		slack.NewActionBlock("", slack.NewButtonBlockElement("again", "op:1", plain("Ask again"))),
	}
}

func TestMenusHomeAndDirectMessagesInTheBrowser(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	startClerk(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	b.Write("[data-testid=composer]", "/asg rollout web \r")
	b.Shows("[data-testid=message]", "Broken glass · Roll web to ami-0b2")
	b.Click("[data-testid=message] [data-action-id=more]")
	b.Shows(".popover", "Copy command")
	b.Picture("menu")
	b.Eventually("Withdraw can be chosen", "[...document.querySelectorAll('.popover [role=menuitem]')].find((e) => e.innerText === 'Withdraw')?.click() ?? true")
	b.Shows("[data-testid=message]", "Withdrawn")
	b.Eventually("the reaction", "document.querySelector('[data-testid=reaction][data-name=no_entry_sign]')")
	b.Click("[data-testid=reaction]")
	b.Eventually("two reacted", "document.querySelector('[data-testid=reaction].mine .count')?.innerText === '2'")
	b.Click("[data-testid=reaction]")
	b.Eventually("one reacted", "document.querySelector('[data-testid=reaction]:not(.mine) .count')?.innerText === '1'")

	b.Eventually("an unread message from the bot", "document.querySelector('[data-testid=channel][data-name=amiral] .count')?.innerText === '1'")
	b.Click("[data-testid=channel][data-name=amiral]")
	b.Shows("[data-testid=message]", "Your request was withdrawn.")
	b.Click("[data-action-id=again]")
	b.Shows("[data-testid=message]", "Asked again from directmessage")
	b.Picture("direct")

	b.Click("[data-testid=home-entry]")
	b.Shows("[data-testid=home]", "Roll api to ami-0d4")
	b.Picture("home")
	b.Scheme("dark")
	b.Picture("home-dark")
	b.Size(420, 780)
	b.Picture("home-narrow")
	b.Size(1280, 800)
	b.Click("[data-testid=home] [data-action-id=approve]")
	b.Shows("[data-testid=confirm]", "Roll web to ami-0b2")
	b.Click("[data-testid=confirm-ok]")
	b.Shows("[data-testid=home]", "Nothing waits for you.")
	b.Clean()
}

func TestSlackRedisAndGroupsAreTurnedOffAndOnInTheBrowser(t *testing.T) {
	w := running(t)
	b := browsertest.Open(t, w.Info().Page)
	startClerk(t, w.Info())
	b.Shows("#link-state", "amiral is connected")
	b.Click("[data-testid=break-slack]")
	b.Picture("slack")
	b.Click("[data-testid=slack-down]")
	b.Shows("#link-state", "Slack is down")
	b.Write("[data-testid=composer]", "anybody? \r")
	b.Shows(".toast", "slack is down")
	b.Click("[data-testid=break-slack]")
	b.Click("[data-testid=slack-up]")
	b.Shows("#link-state", "amiral is connected")

	b.Click("[data-testid=people]")
	b.Picture("people")
	b.Click("[data-testid=group-sre]")
	b.Picture("members")
	b.Click("[data-testid=member-lead]")
	b.Shows(".toast", "Lee Hansen joins @sre")
	b.Click("[data-testid=people]")
	b.Shows("[data-testid=group-sre]", "Lee Hansen")
	b.Click("[data-testid=group-sre]")
	b.Click("[data-testid=member-lead]")
	b.Shows(".toast", "Lee Hansen leaves @sre")

	b.Click("[data-testid=break-redis]")
	b.Click("[data-testid=redis-down]")
	b.Shows(".toast", "Stop Redis")
	b.Click("[data-testid=break-redis]")
	b.Click("[data-testid=redis-up]")
	b.Shows(".toast", "Start Redis again")
	b.Clean()
}
