package slacksim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// office is a small workspace with everything the tests need.
func office() slacksim.Options {
	return slacksim.Options{
		Seed: 1,
		App: slacksim.App{
			Name: "Bot",
			Commands: []slacksim.Command{
				{Command: "/ops", Description: "Run an operation", UsageHint: "list", ShouldEscape: true},
				{Command: "/raw", Description: "Take it as typed"},
			},
			Shortcuts: []slacksim.Shortcut{{Name: "Run on this", Type: "message", CallbackID: "on_message"}},
			Events: []string{"app_mention", "message.channels", "message.groups", "message.im", "app_home_opened",
				"subteam_members_changed", "subteam_updated", "user_change"},
		},
		Users: []slacksim.User{{ID: "U0DEV", Name: "dev"}, {ID: "U0SRE", Name: "sre"}},
		Channels: []slacksim.Channel{
			{ID: "C0GENERAL", Name: "general", Members: []string{"dev", "sre", "bot"}},
			{ID: "C0DEPLOYS", Name: "deploys", Members: []string{"dev", "sre", "bot"}},
			{ID: "C0PUBLIC", Name: "public", Members: []string{"dev"}},
			{ID: "C0SECRET", Name: "secret", IsPrivate: true, Members: []string{"dev"}},
			{ID: "C0OLD", Name: "old", IsArchived: true, Members: []string{"dev", "bot"}},
			{ID: "C0VAULT", Name: "vault", IsPrivate: true, Members: []string{"dev", "bot"}},
		},
		Groups: []slacksim.Group{{ID: "S0LEADS", Handle: "leads", Users: []string{"sre"}}},
	}
}

func start(t *testing.T, opt slacksim.Options) *slacksim.Workspace {
	t.Helper()
	w, err := slacksim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return w
}

type object = map[string]any

// answer is a reply of the Web API.
type answer struct {
	status int
	header http.Header
	body   object
}

func (a answer) code() string { s, _ := a.body["error"].(string); return s }

func (a answer) str(path ...string) string {
	s, _ := dig(a.body, path...).(string)
	return s
}

func dig(v any, path ...string) any {
	for _, p := range path {
		o, _ := v.(object)
		v = o[p]
	}
	return v
}

// call posts a form with the token in the header.
func call(t *testing.T, w *slacksim.Workspace, method string, args ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	token := w.App().BotToken
	if method == "apps.connections.open" {
		token = w.App().AppToken
	}
	return request(t, w, method, token, "application/x-www-form-urlencoded", form.Encode())
}

func request(t *testing.T, w *slacksim.Workspace, method, token, kind, body string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.URL()+"/api/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, r)
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.NewDecoder(resp.Body).Decode(&a.body); err != nil {
		t.Fatalf("%s: the reply is no JSON: %v", r.URL.Path, err)
	}
	return a
}

func mustCall(t *testing.T, w *slacksim.Workspace, method string, args ...string) answer {
	t.Helper()
	a := call(t, w, method, args...)
	if a.body["ok"] != true {
		t.Fatalf("%s: got %v, want ok", method, a.body)
	}
	return a
}

func wantError(t *testing.T, a answer, code string) {
	t.Helper()
	if a.code() != code {
		t.Errorf("got %v, want the error %s", a.body, code)
	}
}

// raw is a bare Socket Mode client: it keeps what it gets and acknowledges
// through answer.
type raw struct {
	conn   *websocket.Conn
	mu     sync.Mutex
	got    []object
	closed error
	news   chan struct{}
	end    chan struct{}
	answer func(envelope object) any // nil: do not acknowledge; otherwise the frame to send
}

// ack is the frame of an empty acknowledgement.
func ack(e object) any { return object{"envelope_id": e["envelope_id"]} }

// with is an acknowledgement with a payload.
func with(payload any) func(object) any {
	return func(e object) any { return object{"envelope_id": e["envelope_id"], "payload": payload} }
}

func ticketURL(t *testing.T, w *slacksim.Workspace) string {
	t.Helper()
	return mustCall(t, w, "apps.connections.open").str("url")
}

func connect(t *testing.T, w *slacksim.Workspace, answer func(object) any) *raw {
	t.Helper()
	return dial(t, ticketURL(t, w), answer)
}

// dial opens a connection and waits for its first frame.
func dial(t *testing.T, address string, answer func(object) any) *raw {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &raw{conn: conn, answer: answer, news: make(chan struct{}, 1), end: make(chan struct{})}
	go c.read()
	t.Cleanup(c.close)
	c.wait(t, "anything", func(object) bool { return true })
	return c
}

func (c *raw) read() {
	defer close(c.end)
	for {
		_, data, err := c.conn.ReadMessage()
		c.mu.Lock()
		if err != nil {
			c.closed = err
			c.mu.Unlock()
			c.tell()
			return
		}
		var o object
		_ = json.Unmarshal(data, &o)
		c.got = append(c.got, o)
		answer := c.answer
		c.mu.Unlock()
		if answer != nil && o["envelope_id"] != nil {
			if f := answer(o); f != nil {
				c.send(f)
			}
		}
		c.tell()
	}
}

func (c *raw) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *raw) send(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.WriteJSON(v)
}

func (c *raw) close() {
	_ = c.conn.Close()
	<-c.end
}

func (c *raw) all() []object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]object(nil), c.got...)
}

// every returns the frames that fit.
func (c *raw) every(fits func(object) bool) []object {
	var found []object
	for _, o := range c.all() {
		if fits(o) {
			found = append(found, o)
		}
	}
	return found
}

// wait returns the first frame that fits, or fails after five seconds.
func (c *raw) wait(t *testing.T, what string, fits func(object) bool) object {
	t.Helper()
	limit := time.After(5 * time.Second)
	for {
		for _, o := range c.all() {
			if fits(o) {
				return o
			}
		}
		select {
		case <-c.news:
		case <-limit:
			t.Fatalf("no frame with %s; got %v", what, c.all())
		}
	}
}

// ended returns how the connection was closed.
func (c *raw) ended(t *testing.T) error {
	t.Helper()
	select {
	case <-c.end:
	case <-time.After(5 * time.Second):
		t.Fatal("the connection is still open")
	}
	return c.closed
}

func kind(k string) func(object) bool {
	return func(o object) bool { return o["type"] == k }
}

func inner(k string) func(object) bool {
	return func(o object) bool { return dig(o, "payload", "event", "type") == k }
}

func payloadKind(k string) func(object) bool {
	return func(o object) bool { return dig(o, "payload", "type") == k }
}
