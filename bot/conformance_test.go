package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/inbox"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// A1: each token goes where it belongs, and readiness follows Slack's hello.
func TestA01StartsWithValidTokens(t *testing.T) {
	w := workspace(t, office())
	target, _ := url.Parse(w.URL())
	var wrong, calls atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := httputil.DumpRequest(r, true)
		opening := strings.HasSuffix(r.URL.Path, "apps.connections.open")
		if strings.Contains(string(body), "xapp-") != opening || strings.Contains(string(body), "xoxb-") == opening {
			wrong.Add(1)
		}
		calls.Add(1)
		proxy.ServeHTTP(rw, r)
	}))
	defer front.Close()
	s, err := bot.New(bot.Settings{BotToken: "xoxb-local", AppToken: "xapp-local", APIURL: front.URL + "/api/"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	self, err := s.Check(context.Background())
	if err != nil || self.User != w.App().BotUserID || self.Team != w.Team().ID {
		t.Fatalf("got %+v, %v, want the bot's identity", self, err)
	}
	if _, err := bot.NewWeb(s).Post(context.Background(), "C0DEPLOYS", "", *say("hi")); err != nil {
		t.Fatal(err)
	}
	if wrong.Load() != 0 || calls.Load() < 3 {
		t.Errorf("got %d of %d calls with the wrong token", wrong.Load(), calls.Load())
	}
}

func TestA01ReadyOnlyAfterHello(t *testing.T) {
	hello := make(chan struct{})
	r := newRaw(t, func(c *websocket.Conn) {
		<-hello
		greet(c)
		serve(c, nil)
	})
	s := bot.NewSockets(r.slack(t, &clock{}), taker(nil))
	stop := runSockets(t, s)
	eventually(t, "opening", func() bool { return r.opens.Load() == 1 })
	time.Sleep(50 * time.Millisecond)
	if s.Ready() == nil {
		t.Error("got ready before hello")
	}
	close(hello)
	eventually(t, "readiness", func() bool { return s.Ready() == nil })
	stop()
}

type taker func(bot.Envelope) any

func (f taker) Take(_ context.Context, e bot.Envelope) any {
	if f == nil {
		return nil
	}
	return f(e)
}

// runSockets runs s in the background; the returned function ends it and gives its error.
func runSockets(t *testing.T, s *bot.Sockets) func() error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	var err error
	stop := func() error {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

// A2: a token that cannot work ends the bot soon, with a plain sentence and without spinning.
func TestA02InvalidTokensEndTheBot(t *testing.T) {
	for _, code := range []string{"invalid_auth", "missing_scope", "not_allowed_token_type", "token_revoked", "account_inactive", "forbidden_team", "token_expired"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := workspace(t, office())
			s, err := bot.New(bot.Settings{BotToken: "xoxb-local", AppToken: "xapp-local", APIURL: w.URL() + "/api/"})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			w.Faults().Add(slacksim.Fault{Method: "apps.connections.open", Error: code, Times: -1})
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			err = bot.NewSockets(s, taker(nil)).Run(ctx)
			f, ok := fault.As(err)
			if !ok || ctx.Err() != nil || !strings.Contains(f.Text, code) || strings.Contains(err.Error(), "xapp-local") {
				t.Errorf("got %v, want a plain fault about %s before the deadline", err, code)
			}
			if n := len(w.Calls("apps.connections.open")); n > 1 {
				t.Errorf("got %d openings, want 1", n)
			}
			if _, err := s.Check(context.Background()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("got %v from Check, want a fault", err)
			}
		})
	}
}

func TestA02TokensAreToldApart(t *testing.T) {
	for _, s := range []bot.Settings{
		{BotToken: "xapp-local", AppToken: "xoxb-local"}, {BotToken: "xoxb-local"}, {BotToken: "xoxp-local", AppToken: "xapp-local"},
		{BotToken: "xoxb-local", AppToken: "xapp-local", APIURL: "http://slack.example/api/"},
	} {
		if _, err := bot.New(s); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "local") {
			t.Errorf("got %v for %v, want a fault without tokens", err, s)
		}
	}
}

func TestA02MissingScopesAreNamed(t *testing.T) {
	o := office()
	o.App.Scopes = []string{"commands", "chat:write"}
	s, err := bot.New(bot.Settings{BotToken: "xoxb-local", AppToken: "xapp-local", APIURL: workspace(t, o).URL() + "/api"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Check(context.Background())
	if err == nil || !strings.Contains(err.Error(), "usergroups:read") || strings.Contains(err.Error(), "chat:write") {
		t.Errorf("got %v, want the missing scopes named", err)
	}
}

// A3: every envelope is acknowledged once, even while the inbox hangs.
func TestA03EverythingIsAcknowledged(t *testing.T) {
	r := startRig(t)
	hang := make(chan struct{})
	for _, hung := range []bool{false, true} {
		if hung {
			r.inbox.set(hang, nil)
		}
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if err := r.As("dev").Slash("#deploys", fmt.Sprintf("/asg list %v %d", hung, i)); err != nil {
					t.Errorf("got %v, want an acknowledgement in time (inbox hung: %v)", err, hung)
				}
			})
		}
		wg.Wait()
	}
	close(hang)
	told := 0
	for _, m := range r.As("dev").Whispers("#deploys") {
		if strings.Contains(m.Text, "nothing should happen") || strings.Contains(m.Text, "nothing was done") {
			told++
		}
	}
	if told != 200 {
		t.Errorf("got %d people told that nothing was done, want 200", told)
	}
	acksAreSound(t, r.Workspace)
}

// acksAreSound reads the journal for acknowledgements that Slack would wonder about.
func acksAreSound(t *testing.T, w *slacksim.Workspace) {
	t.Helper()
	for _, e := range w.Journal() {
		if e.Kind != "frame" || e.Dir == "out" {
			continue
		}
		if len(e.Data) > 20480 {
			t.Errorf("got a frame of %d bytes", len(e.Data))
		}
		for _, flag := range []string{"second_ack", "unknown_envelope", "no_envelope", "malformed", "late"} {
			if e.Has(flag) {
				t.Errorf("got %s for %.200s", flag, e.Data)
			}
		}
	}
}

// A3: while nothing can be written down, people who mention, press or send are told as well.
func TestA03PeopleAreToldWhenNothingCanBeWrittenDown(t *testing.T) {
	r := startRig(t)
	ctx := context.Background()
	m, err := r.web.Post(ctx, "C0DEPLOYS", "", card.Card{Title: "x", Buttons: []card.Button{{Action: "approve", ID: "op-1", Label: "Approve"}}})
	if err != nil {
		t.Fatal(err)
	}
	r.inbox.set(nil, errors.New("connection refused"))
	if _, err := r.As("dev").Say("#deploys", "@amiral asg list"); err != nil {
		t.Fatal(err)
	}
	if err := r.As("sre").Click("#deploys", m.TS, "approve"); err != nil {
		t.Errorf("got %v, want the press acknowledged", err)
	}
	for _, who := range []string{"dev", "sre"} {
		eventually(t, "word to "+who, func() bool { return lastWhisper(r, who, "#deploys", "nothing was done") })
	}
	if len(r.desk.asked())+len(r.desk.pressed()) != 0 {
		t.Error("got the desk asked, want nothing done")
	}
}

func lastWhisper(r *rig, who, channel, part string) bool {
	all := r.As(who).Whispers(channel)
	return len(all) > 0 && strings.Contains(all[len(all)-1].Text, part)
}

// A4: no frame is too long, however long the answer.
func TestA04AcknowledgementsAreShort(t *testing.T) {
	frames := make(chan string, 10)
	r := newRaw(t, func(c *websocket.Conn) {
		greet(c)
		_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"slash_commands","envelope_id":"e1","payload":{"command":"/asg"}}`))
		serve(c, frames)
	})
	s := bot.NewSockets(r.slack(t, &clock{}), taker(func(bot.Envelope) any {
		return map[string]string{"text": strings.Repeat("x", 30_000)}
	}))
	s.Count = 1
	stop := runSockets(t, s)
	if got := <-frames; got != `{"envelope_id":"e1"}` {
		t.Errorf("got %.100s, want a bare acknowledgement", got)
	}
	stop()
	if len(frames) != 0 {
		t.Errorf("got another frame %.100s", <-frames)
	}
}

// A5: the same event has its effect once, whoever takes it and however often.
func TestA05RedeliveredEventsCountOnce(t *testing.T) {
	inbox := newMemory()
	w := workspace(t, office())
	first, second := wire(t, w, inbox), wire(t, w, inbox) // the second is the bot after a restart
	event := func(kind, id string, attempt int) bot.Envelope {
		payload := fmt.Sprintf(`{"type":"event_callback","team_id":"T0LOCAL01","event_id":%q,"event":{"type":%q,"user":"U0DEV",
			"text":"<@U0BOTUSER> asg list","ts":"1.000200","channel":"C0DEPLOYS","channel_type":"im","team":"T0LOCAL01"}}`, id, kind)
		return bot.Envelope{ID: fmt.Sprint(id, attempt), Type: "events_api", Payload: []byte(payload), Attempt: attempt, Received: time.Now()}
	}
	ctx := context.Background()
	for attempt := range 4 {
		first.intake.Take(ctx, event("app_mention", "Ev1", attempt))
	}
	first.intake.Take(ctx, event("message", "Ev2", 0)) // the other half of a mention
	second.intake.Take(ctx, event("app_mention", "Ev1", 3))
	eventually(t, "request", func() bool { return len(first.desk.asked())+len(second.desk.asked()) > 0 })
	time.Sleep(50 * time.Millisecond)
	if n := len(first.desk.asked()) + len(second.desk.asked()); n != 1 {
		t.Errorf("got %d requests, want 1", n)
	}
}

// The same with the inbox that production uses, over a restart.
func TestA05TheInboxRemembersOverARestart(t *testing.T) {
	store := miniredis.RunT(t)
	w := workspace(t, office())
	heard := 0
	for range 2 {
		client := redis.NewClient(&redis.Options{Addr: store.Addr()})
		box := inbox.New(client, inbox.Options{})
		r := wire(t, w, newMemory())
		r.intake = bot.NewIntake(box, r.web, r.people, bot.Identity{Team: w.Team().ID, User: w.App().BotUserID})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() {
			ended <- box.Run(ctx, 4, func(ctx context.Context, it inbox.Item) error {
				return r.worker.Handle(ctx, bot.Item{Key: it.Key, Kind: it.Kind, Body: it.Body})
			})
		}()
		for attempt := range 4 {
			r.intake.Take(ctx, bot.Envelope{ID: fmt.Sprint(attempt), Type: "slash_commands", Attempt: attempt, Received: time.Now(),
				Payload: []byte(`{"user_id":"U0DEV","team_id":"T0LOCAL01","channel_id":"C0DEPLOYS","command":"/asg","text":"list","trigger_id":"7.7"}`)})
		}
		if heard == 0 {
			eventually(t, "request", func() bool { return len(r.desk.asked()) > 0 })
		}
		time.Sleep(50 * time.Millisecond)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		r.intake.Close()
		heard += len(r.desk.asked())
		_ = client.Close()
	}
	if heard != 1 {
		t.Errorf("got the command heard %d times, want once", heard)
	}
}

func TestA05FirstSeenAsARetryCounts(t *testing.T) {
	o := office()
	o.Timings.EventRetries = []time.Duration{400 * time.Millisecond, time.Second, time.Second}
	w := workspace(t, o)
	r := wire(t, w, newMemory())
	if _, err := w.As("dev").Say("#deploys", "@amiral status"); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	eventually(t, "request", func() bool { return len(r.desk.asked()) == 1 })
	if got := r.desk.asked()[0].Text; got != "status" {
		t.Errorf("got %q, want status", got)
	}
}

// A6: a storm of presses reaches the desk press by press, each with its own person, and each is answered.
func TestA06DoubledPresses(t *testing.T) {
	r := startRig(t)
	winner := ""
	r.desk.onPress = func(p commands.Press) commands.Result {
		if winner == "" {
			winner = p.Actor.User
			return commands.Result{Reply: say("You approved.")}
		}
		return commands.Result{Reply: say("Too late: decided by somebody.")}
	}
	m, err := r.web.Post(context.Background(), "C0DEPLOYS", "", card.Card{Title: "x", Buttons: []card.Button{{Action: "approve", ID: "op-1", Version: 7, Label: "Approve"}}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := r.As([]string{"dev", "sre"}[i%2]).Click("#deploys", m.TS, "approve"); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	answers := func() (won, lost int) {
		for _, who := range []string{"dev", "sre"} {
			for _, m := range r.As(who).Whispers("#deploys") {
				won += strings.Count(m.Text, "You approved")
				lost += strings.Count(m.Text, "Too late")
			}
		}
		return won, lost
	}
	eventually(t, "20 answers", func() bool { won, lost := answers(); return won+lost == 20 })
	if won, _ := answers(); won != 1 {
		t.Errorf("got %d winners, want 1", won)
	}
	for _, p := range r.desk.pressed() {
		if p.ID != "op-1" || p.Version != 7 || p.Action != "approve" || p.MessageTS != m.TS || p.Actor.Team != r.Team().ID {
			t.Errorf("got %+v, want what the button carries", p)
		}
	}
}

// A7: renewals while envelopes come cost none of them.
func TestA07RenewalsLoseNothing(t *testing.T) {
	o := office()
	o.Timings.Lifetime, o.Timings.Warning = 2400*time.Millisecond, 1600*time.Millisecond
	r := wire(t, workspace(t, o), newMemory())
	r.sockets.Stagger = 400 * time.Millisecond
	r.run(t)
	renewals := func() int { return r.sockets.Health().Reconnects["refresh_requested"] }
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for n := sent.Add(1); (n <= 1000 || renewals() < 4) && !t.Failed(); n = sent.Add(1) {
				if r.connected() == 0 {
					t.Error("got no connection at all for a moment")
				}
				if err := r.As("dev").Slash("#deploys", fmt.Sprintf("/asg show %d", n)); err != nil {
					t.Errorf("envelope %d: got %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	want := int(sent.Load()) - 20 // each sender took a number that it did not use
	eventually(t, "every request", func() bool { return len(r.desk.asked()) >= want })
	seen := map[string]bool{}
	for _, q := range r.desk.asked() {
		if seen[q.Key] {
			t.Errorf("got %s twice", q.Text)
		}
		seen[q.Key] = true
	}
	acksAreSound(t, r.Workspace)
}

// A8: whatever ends the connections, they are opened again at a bearable pace.
func TestA08NoReconnectStorm(t *testing.T) {
	for _, c := range []struct {
		name, alarm string
		talk        func(*websocket.Conn)
		most        int64 // openings in two seconds
	}{
		{"closed after hello", "", greet, 4},
		{"too many", "too many connections", func(c *websocket.Conn) { dismiss(c, "too_many_websockets") }, 1},
		{"switched off", "switched off", func(c *websocket.Conn) { greet(c); dismiss(c, "link_disabled") }, 2},
		{"refresh at once", "", func(c *websocket.Conn) { greet(c); dismiss(c, "refresh_requested") }, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, c.talk)
			s := bot.NewSockets(r.slack(t, &clock{}), taker(nil))
			s.Stagger = 10 * time.Millisecond
			stop := runSockets(t, s)
			time.Sleep(2 * time.Second)
			h := s.Health()
			if err := stop(); err != nil {
				t.Errorf("got %v from Run", err)
			}
			if n := r.opens.Load(); n < 1 || n > c.most {
				t.Errorf("got %d openings in 2 s, want at most %d", n, c.most)
			}
			if !strings.Contains(h.Alarm, c.alarm) || (c.alarm == "") != (h.Alarm == "") {
				t.Errorf("got the alarm %q, want %q", h.Alarm, c.alarm)
			}
		})
	}
}

// A9: a connection that is only half there is noticed; the end is orderly.
func TestA09HalfOpenIsNoticed(t *testing.T) {
	for _, how := range []slacksim.Disruption{slacksim.NoPings, slacksim.HalfOpen, slacksim.Drop} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			r := wire(t, workspace(t, office()), newMemory())
			r.sockets.Ping = 300 * time.Millisecond
			r.run(t)
			if err := r.DropSockets(how); err != nil {
				t.Fatal(err)
			}
			eventually(t, "new connections", func() bool {
				n := 0
				for _, v := range r.sockets.Health().Reconnects {
					n += v
				}
				return n >= 2 && r.connected() >= 2
			})
			if err := r.As("dev").Slash("#deploys", "/asg list"); err != nil && how != slacksim.HalfOpen {
				t.Errorf("got %v, want service again", err)
			}
		})
	}
}

func TestA09LeavesInOrder(t *testing.T) {
	frames := make(chan string, 10)
	r := newRaw(t, func(c *websocket.Conn) {
		greet(c)
		_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"slash_commands","envelope_id":"e1","payload":{"command":"/asg"}}`))
		serve(c, frames)
	})
	taken := make(chan struct{})
	s := bot.NewSockets(r.slack(t, &clock{}), taker(func(bot.Envelope) any {
		close(taken)
		time.Sleep(300 * time.Millisecond)
		return nil
	}))
	s.Count = 1
	stop := runSockets(t, s)
	<-taken
	if err := stop(); err != nil {
		t.Errorf("got %v from Run", err)
	}
	if got := <-frames; got != `{"envelope_id":"e1"}` {
		t.Errorf("got %s, want what was under way acknowledged", got)
	}
	if code := <-r.closes; code != websocket.CloseGoingAway {
		t.Errorf("got close code %d, want %d", code, websocket.CloseGoingAway)
	}
}

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
