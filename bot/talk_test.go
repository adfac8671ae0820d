package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
)

func TestMentionsAreAnsweredWhereTheyStand(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(q commands.Request) commands.Result {
		return commands.Result{Reply: say("you said %s", q.Text), Public: strings.HasPrefix(q.Text, "public")}
	}
	root, err := r.As("sre").Say("#deploys", "what about web?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.As("dev").Reply("#deploys", root, "@amiral asg show web"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a whisper in the thread", func() bool {
		all := r.As("dev").Whispers("#deploys")
		return len(all) == 1 && all[0].ThreadTS == root && strings.Contains(all[0].Text, "asg show web")
	})
	if got := r.desk.asked()[0]; got.Thread != root || got.Actor.User != "U0DEV" {
		t.Errorf("got %+v, want the thread", got)
	}
	top, err := r.As("dev").Say("#deploys", "@amiral public list")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a public answer in its thread", func() bool {
		all := r.Thread("#deploys", top)
		return len(all) == 2 && strings.Contains(all[1].Text, "public list")
	})
	if _, err := r.As("dev").Say("#deploys", "@amiral status"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a whisper in the channel", func() bool {
		all := r.As("dev").Whispers("#deploys")
		return len(all) == 2 && all[1].ThreadTS == "" && strings.Contains(all[1].Text, "status")
	})
	if n := len(r.As("sre").Whispers("#deploys")); n != 0 {
		t.Errorf("got %d whispers to somebody else", n)
	}
}

func TestHomeIsDrawn(t *testing.T) {
	r := startRig(t)
	if err := r.As("dev").OpenHome(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the home drawn", func() bool { return len(r.Calls("views.publish")) == 1 })
	if e := r.Calls("views.publish")[0]; e.Error != "" || !strings.Contains(e.Data, "Home of U0DEV") {
		t.Errorf("got %+v, want dev's home", e)
	}
}

func TestAPublicAnswerToACommand(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Reply: say("for everybody"), Public: true}
	}
	for _, channel := range []string{"#deploys", "#public"} { // where the bot is a member, and where not
		if err := r.As("dev").Slash(channel, "/asg list"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer in "+channel, func() bool {
			all := r.Messages(channel)
			return len(all) > 0 && strings.Contains(all[len(all)-1].Text, "for everybody")
		})
	}
}

func TestARequiredInputIsAskedForAtOnce(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Modal: &card.Modal{ID: "ask", Title: "Ask", Inputs: []card.Input{{ID: "reason", Label: "Why?"}}}}
	}
	if err := r.As("dev").Slash("#deploys", "/asg rollout"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return r.As("dev").View() != nil })
	if err := r.As("dev").Submit(map[string]any{"Why?": "   "}); err != nil {
		t.Logf("the form says: %v", err)
	}
	if r.As("dev").View() == nil || len(r.desk.forms) != 0 {
		t.Error("got the form accepted, want it open")
	}
	r.inbox.set(nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")})
	if err := r.As("dev").Submit(map[string]any{"Why?": "because"}); err != nil {
		t.Logf("the form says: %v", err)
	}
	if r.As("dev").View() == nil {
		t.Error("got the form closed while nothing could be written down")
	}
	r.inbox.set(nil, nil)
	if err := r.As("dev").Submit(map[string]any{"Why?": "because"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form sent", func() bool { return len(r.desk.pressedForms()) == 1 })
}

func (d *desk) pressedForms() []commands.Submission {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]commands.Submission(nil), d.forms...)
}

func TestWrongAnswersAreTold(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Errors: map[string]string{"reason": "The reason is too short."}}
	}
	if err := r.As("dev").Slash("#deploys", "/asg x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "word", func() bool { return lastWhisper(r, "dev", "#deploys", "not accepted") })
}

// TestAFormThatIsNotAcceptedIsShownAgain: with what was wrong and what was written, as often as it takes.
func TestAFormThatIsNotAcceptedIsShownAgain(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Modal: &card.Modal{ID: "glass", Subject: "op-1", Version: 3, Title: "Break the glass", Submit: "Go",
			Body: *say("Type web to confirm."), Inputs: []card.Input{{ID: "target", Label: "Target"}}}}
	}
	r.desk.onForm = func(s commands.Submission) commands.Result {
		if typed := s.Values["target"]; typed != "web" {
			return commands.Result{Errors: map[string]string{"target": "This is not web: " + typed}}
		}
		return commands.Result{Reply: say("done")}
	}
	dev := r.As("dev")
	if err := dev.Slash("#deploys", "/asg rollout"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return dev.View() != nil })
	shows := func(part string) func() bool {
		return func() bool {
			v := dev.View()
			if v == nil {
				return false
			}
			raw, err := json.Marshal(v.Blocks)
			return err == nil && strings.Contains(string(raw), part)
		}
	}
	for _, typed := range []string{"wbe", "ewb"} {
		if err := dev.Submit(map[string]any{"Target": typed}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the complaint", shows("This is not web: "+typed))
		if !shows(`"initial_value":"`+typed+`"`)() || strings.Count(fmt.Sprint(dev.View().Blocks), "This is not web") != 1 {
			t.Errorf("got %v, want what was typed and one complaint", dev.View().Blocks)
		}
	}
	if err := dev.Submit(map[string]any{"Target": "web"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { return lastWhisper(r, "dev", "#deploys", "done") })
	last := r.desk.pressedForms()[2]
	if last.Modal != "glass" || last.Subject != "op-1" || last.Version != 3 || last.Channel != "C0DEPLOYS" {
		t.Errorf("got %+v, want the form still to be about the same", last)
	}
	if n := len(dev.Whispers("#deploys")); n != 1 {
		t.Errorf("got %d whispers, want the end alone", n)
	}
}

// TestAMistakeInAFormIsToldInTheAcknowledgement: the form stays as it is and complains, and nothing is written down;
// a complaint about an input that it does not have stops nothing.
func TestAMistakeInAFormIsToldInTheAcknowledgement(t *testing.T) {
	r := startRig(t)
	r.intake.Reader = r.desk
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Modal: &card.Modal{ID: "glass", Subject: "op-1", Version: 3, Title: "Break the glass", Submit: "Go",
			Body: *say("Type web to confirm."), Inputs: []card.Input{{ID: "target", Label: "Target"}}}}
	}
	r.desk.onLook = func(s commands.Submission) map[string]string {
		wrong := map[string]string{"elsewhere": "Nobody sees this."}
		if s.Modal == "glass" && s.Subject == "op-1" && s.Version == 3 && s.Values["target"] != "web" {
			wrong["target"] = "This is not web."
		}
		return wrong
	}
	dev := r.As("dev")
	if err := dev.Slash("#deploys", "/asg rollout"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return dev.View() != nil })
	err := dev.Submit(map[string]any{"Target": "wbe"})
	if v := dev.View(); err != nil || v == nil || v.Errors["target"] != "This is not web." || len(v.Errors) != 1 {
		t.Fatalf("got %v and %+v, want the same form with one complaint, at once", err, dev.View())
	}
	if got := r.desk.pressedForms(); len(got) != 0 {
		t.Errorf("got %+v at the desk, want nothing written down", got)
	}
	if err := dev.Submit(map[string]any{"Target": "web"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form at the desk", func() bool { return len(r.desk.pressedForms()) == 1 })
}

func TestAPanickingDeskApologises(t *testing.T) {
	r := startRig(t)
	r.desk.onCommand = func(commands.Request) commands.Result { panic("boom") }
	if err := r.As("dev").Slash("#deploys", "/asg x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an apology", func() bool { return lastWhisper(r, "dev", "#deploys", "Something went wrong") })
	if !strings.Contains(r.logs.String(), "boom") {
		t.Error("got nothing logged")
	}
}

func TestRootMessagesCarryTheirKey(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	m, err := r.web.Post(ctx, "C0DEPLOYS", "", card.Card{Title: "x", Key: "op-1"})
	if err != nil || m.Link == "" {
		t.Fatalf("got %+v, %v, want a message with its address", m, err)
	}
	if got := r.Messages("#deploys")[0].Metadata; fmt.Sprintf("%v %v", got["event_type"], got["event_payload"]) != "amiral map[key:op-1]" {
		t.Errorf("got %v, want the key", got)
	}
	if err := r.web.Line(ctx, m, card.Join(card.User("U0DEV"), card.T(" approved <!channel>")), card.Good, true); err != nil {
		t.Fatal(err)
	}
	line := r.Thread("#deploys", m.TS)[1]
	if !strings.Contains(line.Text, "<@U0DEV> approved &lt;!channel&gt;") || line.Subtype != "thread_broadcast" {
		t.Errorf("got %+v, want the line shown in the channel too", line)
	}
	if err := r.web.DM(ctx, "U0DEV", *say("psst")); err != nil {
		t.Error(err)
	}
	id, err := r.people.ChannelID(ctx, "#deploys")
	if err != nil || id != "C0DEPLOYS" {
		t.Errorf("got %q, %v, want the channel's id", id, err)
	}
	if _, err := r.people.ChannelID(ctx, "#nowhere"); err == nil {
		t.Error("got a channel that is not there")
	}
}

// What slack-go cannot read is acknowledged all the same, so that Slack does not send it three times more.
func TestUnknownEventsAreAcknowledged(t *testing.T) {
	frames := make(chan string, 10)
	r := newRaw(t, func(c *websocket.Conn) {
		greet(c)
		for i, f := range []string{
			`{"type":"events_api","envelope_id":"e0","payload":{"type":"event_callback","event":{"type":"never_heard_of"}}}`,
			`{"type":"events_api","envelope_id":"e1","payload":{"type":"event_callback","event":{"type":"message","user":{"odd":1}}}}`,
			`{"type":"brand_new","envelope_id":"e2","payload":{}}`,
			`not json at all`,
			`{"type":"interactive","envelope_id":"e3","payload":{"type":"block_actions","actions":[{"type":"odd"}]}}`,
		} {
			if err := c.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
				t.Errorf("frame %d: %v", i, err)
			}
		}
		serve(c, frames)
	})
	s := bot.NewSockets(r.slack(t, &clock{}), taker(nil))
	s.Count = 1
	runSockets(t, s)
	got := map[string]bool{}
	for range 4 {
		got[next(t, frames)] = true
	}
	for i := range 4 {
		if want := fmt.Sprintf(`{"envelope_id":"e%d"}`, i); !got[want] {
			t.Errorf("got %v, want %s acknowledged", got, want)
		}
	}
}

func TestDeniedItemsAreDropped(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	r.worker.Denied = func(key string) bool { return key == "slash:1" }
	body := []byte(`{"kind":"slash","key":"slash:1","actor":{"user":"U0DEV","team":"T0LOCAL01"},"text":"asg list"}`)
	if err := r.worker.Handle(context.Background(), bot.Item{Key: "slash:1", Body: body}); err != nil {
		t.Fatal(err)
	}
	if n := len(r.desk.asked()); n != 0 {
		t.Errorf("got %d requests, want what was denied dropped", n)
	}
}

func TestLostAccessEndsTheBot(t *testing.T) {
	r := newRaw(t, func(c *websocket.Conn) { greet(c); serve(c, nil) })
	s := bot.NewSockets(r.slack(t, &clock{}), taker(nil))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	eventually(t, "readiness", func() bool { return s.Ready() == nil })
	s.Lost("app_uninstalled")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "uninstalled") {
		t.Errorf("got %v, want to hear that the app was uninstalled", err)
	}
}

// TestAnItemReadBeforeItsWriterKnowsIsNotDone: what reached the inbox without the writer hearing of it is
// not done, since its person is about to be told that nothing was.
func TestAnItemReadBeforeItsWriterKnowsIsNotDone(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	added := make(chan string, 1)
	r.intake.Inbox = adder(func(ctx context.Context, key string) error {
		added <- key // it is in there, and the answer is lost
		<-ctx.Done()
		return ctx.Err()
	})
	var told any
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		told = r.intake.Take(context.Background(), bot.Envelope{ID: "e", Type: "slash_commands", Received: time.Now(),
			Payload: []byte(`{"command":"/asg","text":"list","user_id":"U0DEV","team_id":"T0LOCAL01","channel_id":"C0DEPLOYS","trigger_id":"t1"}`)})
	}()
	key := <-added
	if !r.intake.Denied(key) {
		t.Error("the item is handled though its person is told that nothing was done")
	}
	<-taken
	if told == nil {
		t.Error("nobody was told")
	}
}

type adder func(ctx context.Context, key string) error

func (f adder) Add(ctx context.Context, key, _ string, _ []byte) (bool, error) {
	return false, f(ctx, key)
}
