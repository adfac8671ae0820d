package workspace

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// browser is a headless Chromium at a window of 1280 by 800.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

func openBrowser(t *testing.T, url string) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("There is no Chromium on this machine.")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &browser{t: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
	})
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	b.listen()
	b.must(chromedp.Do(ctx, chromedp.Navigate(url)))
	return b
}

// listen remembers what the page complains about.
func (b *browser) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" {
				b.mu.Lock()
				b.faults = append(b.faults, m.Text)
				b.mu.Unlock()
			}
		}
	}()
}

func (b *browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.picture("failed")
		b.t.Fatal(err)
	}
}

// do runs steps, each of which may take ten seconds.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		err := chromedp.Do(ctx, step)
		cancel()
		b.must(err)
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// eventually waits until an expression of the page is true.
func (b *browser) eventually(what, expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
	}
	b.picture("failed")
	b.t.Fatalf("%s: not seen within ten seconds (%s)", what, expression)
}

// shows waits until the text of an element contains words.
func (b *browser) shows(selector, words string) {
	b.t.Helper()
	b.eventually(selector+" with "+words, fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))", selector, words))
}

// scheme switches between light and dark.
func (b *browser) scheme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
	b.must(err)
}

// picture saves what the page looks like into the folder named by PICTURES, if it is set.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, b.t.Name()+"-"+name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Logf("picture %s: %v", name, err)
	}
}

func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) > 0 {
		b.t.Errorf("the page complained: %s", strings.Join(b.faults, "; "))
	}
}

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
	b := openBrowser(t, w.Info().Page)
	bot := startBot(t, w.Info())
	b.shows("#link-state", "amiral is connected")

	b.write("[data-testid=composer]", "/as")
	b.shows(".suggestions", "Look at and change Auto Scaling groups")
	b.do(chromedp.KeyEvent(kb.Tab))
	b.write("[data-testid=composer]", "rollout web --image ami-0b2"+kb.Enter)
	b.shows("[data-testid=message]", "Roll web to ami-0b2")
	b.picture("card")

	b.click("[data-testid=action][data-action-id=deny]")
	b.shows("[data-testid=modal]", "Deny the rollout")
	b.click("[data-testid=modal-submit]")
	b.shows("[data-testid=input-error]", "required")
	b.write("[data-testid=modal] [data-action-id=reason]", "no")
	b.click("[data-testid=modal-submit]")
	b.shows("[data-testid=input-error]", "Say a little more.")
	b.picture("modal")
	b.write("[data-testid=modal] [data-action-id=reason]", "t during the freeze")
	b.click("[data-testid=modal-submit]")
	b.eventually("the modal closes", "!document.querySelector('[data-testid=modal][open]')")
	b.shows("[data-testid=message]", "Denied: not during the freeze")

	b.do(chromedp.SetValue(chromedp.CSS("[data-testid=act-as]"), "U0SRE"))
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('[data-testid=act-as]').dispatchEvent(new Event('change'))"))
	b.shows("#act-as .avatar", "SO")
	b.click("[data-testid=action][data-action-id=approve]")
	b.shows("[data-testid=confirm]", "It starts at once.")
	b.click("[data-testid=confirm-ok]")
	b.shows("[data-testid=message]", "Approved by @Sam Okafor")
	b.shows("[data-testid=open-thread]", "1 reply")
	b.click("[data-testid=open-thread]")
	b.shows("[data-testid=thread]", "It begins.")
	b.picture("thread-light")
	b.scheme("dark")
	b.picture("thread-dark")

	close(bot.deaf)
	b.clean()
}

func TestAPressNobodyAcknowledgesIsMarked(t *testing.T) {
	w := running(t, func(o *Options) { o.Slack = quick })
	b := openBrowser(t, w.Info().Page)
	bot := startBot(t, w.Info())
	b.shows("#link-state", "amiral is connected")
	b.write("[data-testid=composer]", "/asg list"+kb.Enter)
	b.shows("[data-testid=message]", "Roll web to ami-0b2")
	close(bot.deaf)
	b.click("[data-testid=action][data-action-id=deny]")
	b.eventually("a warning mark", "document.querySelector('[data-testid=trouble]')")
	b.write("[data-testid=composer]", "/asg list"+kb.Enter)
	b.shows("[data-testid=message][data-ephemeral]", "operation_timeout")
	b.picture("trouble")
	b.clean()
}

func TestTheFleetIsSeenAndBrokenInTheBrowser(t *testing.T) {
	w := running(t)
	b := openBrowser(t, w.Info().Page)
	b.eventually("57 squares", "document.querySelectorAll('[data-testid=instance]').length === 57")
	b.eventually("the group web", "document.querySelectorAll('[data-testid=group][data-name=web] [data-testid=instance]').length === 15")
	b.click("[data-testid=group][data-name=cache] [data-testid=instance]")
	b.picture("server")
	b.click("[data-testid=crash-terminated]")
	b.eventually("the server leaves", "document.querySelector('[data-name=cache] [data-testid=instance].leaving, [data-name=cache] [data-testid=instance].coming')")
	b.click("[data-testid='clock-+10m']")
	b.eventually("another takes its place", "document.querySelectorAll('[data-name=cache] [data-testid=instance].serving').length === 1")
	b.click("[data-testid=alarms]")
	b.click("[data-testid='alarm-web-5xx']")
	b.shows("[data-testid=alarms]", "1")
	if got := w.Clock.Now().Sub(noon); got < 10*time.Minute {
		t.Errorf("the clock went forward by %v, want ten minutes", got)
	}
	b.clean()
}
