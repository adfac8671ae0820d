package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// A10: a method that Slack limits rests alone, and changes stay under fifty a minute.
func TestA10RateLimits(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	m, err := r.web.Post(ctx, "C0DEPLOYS", "", *say("one"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []slacksim.Fault{{RetryAfter: 7}, {Error: "ratelimited", Status: 200}} {
		f.Method = "chat.update"
		r.Faults().Add(f)
		before := len(r.Calls("chat.update"))
		for range 3 {
			limit, ok := errors.AsType[*bot.RateLimited](r.web.Update(ctx, m, *say("two"), true))
			if !ok || limit.Method != "chat.update" || limit.After < 6*time.Second {
				t.Errorf("got %v, want to be told to wait 7 s", limit)
			}
		}
		if n := len(r.Calls("chat.update")) - before; n != 1 {
			t.Errorf("got %d calls while the method rests, want 1", n)
		}
		if _, err := r.web.Post(ctx, "C0DEPLOYS", "", *say("other methods go on")); err != nil {
			t.Errorf("got %v", err)
		}
		r.clock.push(11 * time.Second)
		if err := r.web.Update(ctx, m, *say("two"), true); err != nil {
			t.Errorf("got %v after the wait", err)
		}
	}
}

func TestA10ChangesStayUnderTheLimit(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	m, err := r.web.Post(ctx, "C0DEPLOYS", "", *say("one"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range 60 {
		if r.web.Update(ctx, m, *say("progress"), false) != nil {
			refused++
		}
	}
	if err := r.web.Update(ctx, m, *say("done"), true); err != nil {
		t.Errorf("got %v for the last state, want it to pass", err)
	}
	if n := len(r.Calls("chat.update")); n > 46 || refused == 0 {
		t.Errorf("got %d calls and %d refused, want under fifty a minute", n, refused)
	}
	for range 20 {
		_ = r.web.Update(ctx, m, *say("done"), true)
	}
	if n := len(r.Calls("chat.update")); n > 50 {
		t.Errorf("got %d calls in a minute", n)
	}
	r.clock.push(time.Minute)
	if err := r.web.Update(ctx, m, *say("later"), false); err != nil {
		t.Errorf("got %v a minute later", err)
	}
}

func TestA10PostsKeepThePaceOfTheirChannel(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	limited := 0
	for range 6 {
		if _, ok := errors.AsType[*bot.RateLimited](r.web.Line(ctx, ledger.Message{Channel: "C0DEPLOYS", TS: "1.1"}, card.T("x"), card.Plain, false)); ok {
			limited++
		}
	}
	if n := len(r.Calls("chat.postMessage")); limited != 3 || n != 3 {
		t.Errorf("got %d limited and %d calls, want 3 and 3", limited, n)
	}
}

// A11: each of Slack's refusals becomes an error to decide by, and people hear something useful.
func TestA11Refusals(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	at := ledger.Message{Channel: "C0DEPLOYS", TS: "1.000100"}
	for method, codes := range map[string][]string{
		"chat.postMessage":   {"not_in_channel", "channel_not_found", "is_archived", "msg_too_long"},
		"chat.update":        {"message_not_found", "cant_update_message", "edit_window_closed", "msg_too_long"},
		"chat.postEphemeral": {"user_not_in_channel", "not_in_channel"},
	} {
		for _, code := range codes {
			r.Faults().Add(slacksim.Fault{Method: method, Error: code})
			before := len(r.Calls(method))
			var err error
			switch method {
			case "chat.postMessage":
				_, err = r.web.Post(ctx, "C0DEPLOYS", "", *say("x"))
			case "chat.update":
				err = r.web.Update(ctx, at, *say("x"), true)
			default:
				err = r.web.Whisper(ctx, "C0DEPLOYS", "", "U0DEV", *say("x"))
			}
			if refused, ok := errors.AsType[*bot.Refused](err); !ok || refused.Code != code {
				t.Errorf("%s: got %v, want it refused with %s", method, err, code)
			}
			if n := len(r.Calls(method)) - before; n != 1 {
				t.Errorf("%s: got %d calls, want no retry", method, n)
			}
			r.clock.push(time.Minute)
		}
	}
	if _, err := r.people.Members(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v for an unknown group, want a fault", err)
	}
}

func TestA11AnUnknownOutcomeIsToldApart(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	for _, f := range []slacksim.Fault{{Status: 502}, {Error: "fatal_error"}, {AfterEffect: true}} {
		f.Method = "chat.postMessage"
		r.Faults().Add(f)
		_, err := r.web.Post(ctx, "C0DEPLOYS", "", *say("x"))
		if _, ok := errors.AsType[*bot.Ambiguous](err); !ok {
			t.Errorf("got %v after %+v, want it ambiguous", err, f)
		}
		r.clock.push(time.Minute)
	}
	r.Faults().Add(slacksim.Fault{Method: "chat.update", Status: 503})
	err := r.web.Update(ctx, ledger.Message{Channel: "C0DEPLOYS", TS: "1.1"}, *say("x"), false)
	if _, ok := errors.AsType[*bot.Ambiguous](err); ok || err == nil {
		t.Errorf("got %v, want a change that may be made again", err)
	}
}

func TestA11AnswersFindAnotherWay(t *testing.T) {
	r := startRig(t)
	r.Faults().Add(slacksim.Fault{Method: "response_url", Status: 404, Times: 1})
	if err := r.As("dev").Slash("#deploys", "/asg list"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a whisper", func() bool { return lastWhisper(r, "dev", "#deploys", "asg list") })
	eventually(t, "one whisper in the journal", func() bool { return len(r.Calls("chat.postEphemeral")) == 1 })
	if err := r.As("dev").Slash("#secret", "/asg list"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer where the bot is no member", func() bool { return lastWhisper(r, "dev", "#secret", "asg list") })
	if _, err := r.As("dev").Say("@amiral", "asg status"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the direct message heard", func() bool { return len(r.desk.asked()) == 3 })
	direct := r.desk.asked()[2].Channel
	last := func(part string) func() bool {
		return func() bool {
			all := r.Messages(direct)
			return len(all) > 0 && strings.Contains(all[len(all)-1].Text, part)
		}
	}
	eventually(t, "an answer in the direct messages", last("you said asg status"))
	r.Faults().Add(slacksim.Fault{Method: "response_url", Status: 500, Times: 1})
	if err := r.As("dev").Slash("#secret", "/asg show"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer by direct message", last("asg show"))
}

func TestA11AFormThatCameTooLate(t *testing.T) {
	for _, code := range []string{"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"} {
		t.Run(code, func(t *testing.T) {
			r := startRig(t)
			r.desk.onPress = func(p commands.Press) commands.Result {
				return commands.Result{Modal: &card.Modal{ID: "deny", Subject: string(p.ID), Version: p.Version, Title: "Deny", Submit: "Deny",
					Inputs: []card.Input{{ID: "reason", Label: "Why?", Max: 500}}}}
			}
			m, err := r.web.Post(context.Background(), "C0DEPLOYS", "", card.Card{Title: "x", Buttons: []card.Button{{Action: "deny", ID: "op-1", Version: 3, Label: "Deny…"}}})
			if err != nil {
				t.Fatal(err)
			}
			r.Faults().Add(slacksim.Fault{Method: "views.open", Error: code})
			if err := r.As("dev").Click("#deploys", m.TS, "deny"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "word", func() bool { return lastWhisper(r, "dev", "#deploys", "Slack gave me no time") })
			all := r.As("dev").Whispers("#deploys")
			if err := r.As("dev").Click("#deploys", all[len(all)-1].TS, "Open form again"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the form", func() bool { return r.As("dev").View() != nil })
			if err := r.As("dev").Submit(map[string]any{"Why?": "not <now> & *never*"}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the answer", func() bool { return lastWhisper(r, "dev", "#deploys", "you sent deny") })
			got := r.desk.forms[0]
			if got.Subject != "op-1" || got.Version != 3 || got.Channel != "C0DEPLOYS" || got.Values["reason"] != "not <now> & *never*" || got.Actor.User != "U0DEV" {
				t.Errorf("got %+v, want what was sent", got)
			}
			if r.As("dev").View() != nil {
				t.Error("got the form still open")
			}
		})
	}
}

// A12: Slack takes every card.
func TestA12EveryCardIsTaken(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	var steps []card.Step
	var facts []card.Fact
	for i := range 300 {
		steps = append(steps, card.Step{State: card.Done, Text: card.T("machine %d 🚀 שלום", i)})
		facts = append(facts, card.Fact{Label: fmt.Sprint(i), Value: card.Code("x")})
	}
	for i, c := range []card.Card{
		{}, {Title: strings.Repeat("long ", 2000), Summary: strings.Repeat("s", 10_000)},
		{Title: "x", Sections: []card.Section{{Steps: steps}, {Facts: facts}, {Code: strings.Repeat("```\n", 3000)}}},
		{Title: "👩‍👩‍👧‍👦", Sections: []card.Section{card.Para(card.T("%s", strings.Repeat("👩‍👩‍👧‍👦&<>", 3000)))}},
		{Title: "مرحبا", Buttons: []card.Button{{Action: "a", ID: "1"}, {Action: "a", ID: "2"}}},
	} {
		m, err := r.web.Post(ctx, "C0DEPLOYS", "", c)
		if err != nil {
			t.Errorf("card %d: got %v", i, err)
		}
		if err := r.web.Update(ctx, m, c, true); err != nil {
			t.Errorf("card %d: got %v when redrawn", i, err)
		}
		r.clock.push(time.Minute)
	}
}

// A13: what people type arrives as they typed it, and goes out without coming alive.
func TestA13TypedWordsStayWords(t *testing.T) {
	r := startRig(t)
	for _, typed := range []string{
		"--reason '<!channel>' ; rm -rf / | tee $(x)", "a && b > c < d", "&lt;not unescaped twice&gt;", "``` @here https://evil.example/x",
		"“smart quotes” and nbsp\u00a0here", "--reason &amp;",
	} {
		before := len(r.desk.asked())
		if err := r.As("dev").Slash("#public", "/asg "+typed); err != nil {
			t.Fatal(err)
		}
		eventually(t, "request", func() bool { return len(r.desk.asked()) > before })
		got := r.desk.asked()[before].Text
		if want := "asg " + typed; got != want && !strings.Contains(typed, "<!channel>") && !strings.Contains(typed, "https") {
			t.Errorf("got %q, want %q", got, want)
		}
		eventually(t, "answer", func() bool { return len(r.As("dev").Whispers("#public")) > before })
		whispers := r.As("dev").Whispers("#public")
		blocks, _ := json.Marshal(whispers[len(whispers)-1].Blocks)
		for _, live := range []string{`\u003c!`, `\u003c@`, `\u003chttp`} {
			if strings.Contains(string(blocks), live) {
				t.Errorf("got %s live in %s", live, blocks)
			}
		}
	}
}

// A14: only living full members of this workspace are people, and doubt refuses.
func TestA14WhoMayUseTheBot(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	ctx := context.Background()
	team := r.Team().ID
	p, err := r.people.Person(ctx, ledger.Actor{User: "U0DEV", Team: team})
	if err != nil || p.ID != "U0DEV" || p.Name == "" {
		t.Errorf("got %+v, %v, want dev", p, err)
	}
	for _, who := range []ledger.Actor{
		{User: "U0NOBODY", Team: team}, {User: "dev", Team: team}, {User: "U0GUEST", Team: team}, {User: "U0ULTRA", Team: team},
		{User: "U0STRANGE", Team: team}, {User: "U0STRANGE", Team: "T0OTHER01"}, {User: "U0ROBOT", Team: team},
		{User: "U0LEFT", Team: team}, {User: "U0DEV", Team: "T0OTHER01"}, {User: "U0DEV"}, {Team: team}, {User: r.App().BotUserID, Team: team},
	} {
		if p, err := r.people.Person(ctx, who); !fault.Is(err, fault.Denied) {
			t.Errorf("%+v: got %+v, %v, want a refusal", who, p, err)
		}
	}
	r.Faults().Add(slacksim.Fault{Method: "users.info", Status: 500})
	if _, err := r.people.Person(ctx, ledger.Actor{User: "U0SRE", Team: team}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v while Slack does not answer, want a refusal", err)
	}
	if err := r.Deactivate("dev"); err != nil {
		t.Fatal(err)
	}
	r.clock.push(61 * time.Second)
	if _, err := r.people.Person(ctx, ledger.Actor{User: "U0DEV", Team: team}); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v a minute after dev was deactivated", err)
	}
}

func TestA14Groups(t *testing.T) {
	r := startRig(t)
	ctx := context.Background()
	sre := ledger.Actor{User: "U0SRE", Team: r.Team().ID}
	for _, handle := range []string{"sre", "@sre", "SRE", "S0SRE"} {
		if in, err := r.people.InGroup(ctx, sre, handle); err != nil || !in {
			t.Errorf("%s: got %v, %v, want sre in it", handle, in, err)
		}
	}
	if in, _ := r.people.InGroup(ctx, ledger.Actor{User: "U0SRE", Team: "T0OTHER01"}, "sre"); in {
		t.Error("got somebody of another workspace into the group")
	}
	if err := r.SetGroup("sre", "dev"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the change known", func() bool {
		in, err := r.people.InGroup(ctx, sre, "sre")
		return err == nil && !in
	})
	r.clock.push(6 * time.Minute)
	r.Faults().Add(slacksim.Fault{Method: "usergroups.users.list", Status: 500, Times: -1})
	if in, err := r.people.InGroup(ctx, ledger.Actor{User: "U0DEV", Team: r.Team().ID}, "sre"); in || !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, %v while groups cannot be read, want a refusal", in, err)
	}
}

func TestA14BotsAreNotHeard(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	for _, inner := range []string{
		`"bot_id":"B1","user":"U0ROBOT"`, `"subtype":"message_changed","user":"U0DEV"`, `"user":"U0BOTUSER"`, `"subtype":"bot_message"`,
	} {
		payload := fmt.Sprintf(`{"type":"event_callback","event_id":"E","event":{"type":"message","channel_type":"im","channel":"D1","ts":"1.1","text":"asg list",%s}}`, inner)
		r.intake.Take(context.Background(), bot.Envelope{ID: "e", Type: "events_api", Payload: []byte(payload)})
	}
	if n := len(r.inbox.items); n != 0 || len(r.desk.asked()) != 0 {
		t.Errorf("got %d items from bots, want none", n)
	}
}

// A15: a response address is used five times, for half an hour, and only where Slack is.
func TestA15ResponseAddresses(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory())
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("got a call to a foreign host")
	}))
	defer foreign.Close()
	own := r.URL() + "/response/T/1/2"
	handle := func(response string, age time.Duration) {
		body, _ := json.Marshal(map[string]any{"kind": "slash", "actor": ledger.Actor{User: "U0DEV", Team: r.Team().ID},
			"channel": "C0DEPLOYS", "text": "asg list", "response": response, "received": r.clock.now().Add(-age)})
		if err := r.worker.Handle(context.Background(), bot.Item{Body: body}); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name      string
		address   string
		age       time.Duration
		times     int
		responses int
	}{
		{"six answers", own, 0, 6, 5},
		{"too old", own + "3", 31 * time.Minute, 1, 0},
		{"foreign", foreign.URL + "/response/T/1/2", 0, 1, 0},
		{"looks like Slack", "https://hooks.slack.com@" + strings.TrimPrefix(foreign.URL, "http://") + "/x", 0, 1, 0},
		{"no address", "::", 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.Faults().Add(slacksim.Fault{Method: "response_url", Status: 404, Times: 20})
			defer r.Faults().Clear()
			before, whispers := responses(r), len(r.Calls("chat.postEphemeral"))
			for range c.times {
				handle(c.address, c.age)
			}
			if n := responses(r) - before; n != c.responses {
				t.Errorf("got %d uses, want %d", n, c.responses)
			}
			if n := len(r.Calls("chat.postEphemeral")) - whispers; n != c.times {
				t.Errorf("got %d whispers instead, want %d", n, c.times)
			}
		})
	}
	if strings.Contains(r.logs.String(), "/response/") {
		t.Error("got a response address in the logs")
	}
}

func responses(r *rig) int {
	n := 0
	for _, e := range r.Journal() {
		if e.Kind == "response_url" {
			n++
		}
	}
	return n
}
