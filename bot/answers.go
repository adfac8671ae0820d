package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/card"
)

// Slack's limits for one response address.
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

const (
	sweepEvery = time.Minute // looking at every address for each answer would cost more than the answer
	mostUsed   = 10_000      // addresses counted at the same time; Slack counts as well, and refuses
)

// answers brings a card to the person who said or pressed something, by the first way that works.
type answers struct {
	web *Web

	mu    sync.Mutex
	used  map[string]use // by response address
	swept time.Time
}

type use struct {
	n     int
	since time.Time
}

func newAnswers(w *Web) *answers { return &answers{web: w, used: map[string]use{}} }

// private answers the person alone: beside what they did, or in their direct messages when the bot
// cannot write there.
func (a *answers) private(ctx context.Context, n *note, c card.Card) error {
	var tried []error
	try := func(err error) bool {
		if err != nil {
			tried = append(tried, err)
		}
		return err == nil || errors.Is(ctx.Err(), context.Canceled)
	}
	if n.Kind == kindMessage {
		_, err := a.web.Post(ctx, n.Channel, n.Thread, c)
		return err
	}
	inThread := n.Thread != "" && n.Channel != ""
	if inThread && try(a.web.Whisper(ctx, n.Channel, n.Thread, n.Actor.User, c)) {
		return ctx.Err()
	}
	if n.Response != "" && try(a.respond(ctx, n, c, beside)) {
		return ctx.Err()
	}
	if !inThread && n.Channel != "" && try(a.web.Whisper(ctx, n.Channel, "", n.Actor.User, c)) {
		return ctx.Err()
	}
	if try(a.web.DM(ctx, n.Actor.User, c)) {
		return ctx.Err()
	}
	return errors.Join(tried...)
}

// public answers for everybody: a mention in its thread, a command in its channel.
func (a *answers) public(ctx context.Context, n *note, c card.Card) error {
	thread := n.Thread
	if thread == "" && (n.Kind == kindMention || n.Kind == kindPress) {
		thread = n.TS
	}
	if n.Kind == kindMessage {
		thread = n.Thread
	}
	err := errNoChannel
	if n.Channel != "" {
		if _, err = a.web.Post(ctx, n.Channel, thread, c); err == nil {
			return nil
		}
		if _, sent := errors.AsType[*Ambiguous](err); sent {
			return err
		}
	}
	if n.Kind == kindSlash && a.respond(ctx, n, c, forAll) == nil {
		return nil
	}
	if told := a.private(ctx, n, c); told != nil {
		return errors.Join(err, told)
	}
	return nil
}

var errNoChannel = errors.New("no channel to answer in")

// turn puts a card in the place of the message whose button was pressed, where nobody else sees that message:
// the next page of a list stands where the last one stood.
func (a *answers) turn(ctx context.Context, n *note, c card.Card) error {
	if n.Response != "" && (n.Alone || strings.HasPrefix(n.Channel, "D")) {
		if err := a.respond(ctx, n, c, instead); err == nil || errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
	}
	return a.private(ctx, n, c)
}

// manner is how a response stands: beside what was done for the person alone, for everybody, or in the place of
// the message that was acted on.
type manner int

const (
	beside manner = iota
	forAll
	instead
)

// respond uses the address that came with a command or a press, while Slack allows it. The address is a
// key of its own, so it is called only where Slack can be, and is never logged.
func (a *answers) respond(ctx context.Context, n *note, c card.Card, how manner) error {
	return a.web.tables.drawn(c, func(m blocks.Message) error {
		if err := a.may(n); err != nil {
			return err
		}
		return a.send(ctx, n.Response, m, how)
	})
}

func (a *answers) send(ctx context.Context, address string, m blocks.Message, how manner) error {
	kind := "ephemeral"
	if how == forAll {
		kind = "in_channel"
	}
	body, err := json.Marshal(map[string]any{
		"text": m.Text, "blocks": m.Blocks, "response_type": kind, "replace_original": how == instead, "unfurl_links": false,
	})
	if err != nil {
		return fmt.Errorf("write a response: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("response: the address cannot be read")
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := a.web.slack.http.Do(r)
	if err != nil {
		return fmt.Errorf("response: %w", bare(err))
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if bytes.Contains(text, []byte("invalid_blocks")) {
		return &Refused{Method: "response", Code: "invalid_blocks"}
	}
	if answer.StatusCode != http.StatusOK || refusedBody(text) {
		return &Refused{Method: "response", Code: fmt.Sprintf("status_%d", answer.StatusCode)}
	}
	return nil
}

// refusedBody reports whether Slack said no with status 200.
func refusedBody(text []byte) bool {
	var b struct {
		OK *bool `json:"ok"`
	}
	return json.Unmarshal(text, &b) == nil && b.OK != nil && !*b.OK
}

// may counts a use of the note's response address, or tells why it must not be used.
func (a *answers) may(n *note) error {
	if !a.web.slack.own(n.Response) {
		return &Refused{Method: "response", Code: "foreign_host"}
	}
	now := a.web.slack.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	u, known := a.used[n.Response]
	if !known {
		u.since = now
	}
	if now.Sub(n.Received) >= responseLife || u.n >= responseUses {
		return &Refused{Method: "response", Code: "used_up"}
	}
	u.n++
	a.used[n.Response] = u
	return nil
}

// sweep forgets, now and then, the addresses that Slack does not know any more; all of them when there are too many.
func (a *answers) sweep(now time.Time) {
	if len(a.used) >= mostUsed {
		clear(a.used)
	}
	if now.Sub(a.swept) < sweepEvery {
		return
	}
	a.swept = now
	for k, u := range a.used {
		if now.Sub(u.since) > responseLife {
			delete(a.used, k)
		}
	}
}

// own reports whether an address is Slack's: hooks.slack.com, or the host of the configured API.
func (s *Slack) own(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == s.base.Scheme && strings.EqualFold(u.Host, s.base.Host) {
		return true
	}
	return u.Scheme == "https" && (u.Host == "hooks.slack.com" || u.Host == "hooks.slack-gov.com")
}
