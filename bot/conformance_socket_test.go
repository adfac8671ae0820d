package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net"
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
	r.inbox.set(nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")})
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
	if got := next(t, frames); got != `{"envelope_id":"e1"}` {
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
	next(t, taken)
	if err := stop(); err != nil {
		t.Errorf("got %v from Run", err)
	}
	if got := next(t, frames); got != `{"envelope_id":"e1"}` {
		t.Errorf("got %s, want what was under way acknowledged", got)
	}
	if code := next(t, r.closes); code != websocket.CloseGoingAway {
		t.Errorf("got close code %d, want %d", code, websocket.CloseGoingAway)
	}
}
