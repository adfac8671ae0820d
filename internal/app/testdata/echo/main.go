// Command echo is the least that a bot can do: it acknowledges at once, answers once, and keeps nothing. It is what
// amiral is measured beside.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	client := socketmode.New(slack.New(os.Getenv("SLACK_BOT_TOKEN"), slack.OptionAppLevelToken(os.Getenv("SLACK_APP_TOKEN")),
		slack.OptionAPIURL(os.Getenv("SLACK_API_URL")), slack.OptionHTTPClient(web)))
	go func() {
		for e := range client.Events {
			command, ok := e.Data.(slack.SlashCommand)
			if !ok {
				continue
			}
			_ = client.Ack(*e.Request) // who measures notices
			go answer(ctx, web, command)
		}
	}()
	if err := client.RunContext(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(ctx context.Context, web *http.Client, c slack.SlashCommand) {
	m := &slack.WebhookMessage{Text: "You are <@" + c.UserID + ">."}
	_ = slack.PostWebhookCustomHTTPContext(ctx, c.ResponseURL, web, m) // who measures notices
}
