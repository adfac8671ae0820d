package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// channel is a Slack channel that a test can look at, and break.
type channel struct {
	roots map[string]card.Card
	lines []string
	loud  int
	dms   []letter
	marks []string
	heard int
	calls int
	crew  map[string][]string         // members by group
	wait  func(context.Context) error // consulted before everything
	fail  func(call string) error     // consulted before the effect
	lose  func(call string) error     // consulted after it
}

func (c *channel) hook(f func(string) error, call string) error {
	if f == nil {
		return nil
	}
	return f(call)
}

func (c *channel) Post(ctx context.Context, _, _ string, m card.Card) (ledger.Message, error) {
	if c.wait != nil {
		if err := c.wait(ctx); err != nil {
			return ledger.Message{}, err
		}
	}
	if err := c.hook(c.fail, "post"); err != nil {
		return ledger.Message{}, err
	}
	c.calls++
	ts := fmt.Sprintf("%d.000100", 1000+c.calls)
	c.roots[ts] = m
	return ledger.Message{Channel: "C1", TS: ts}, c.hook(c.lose, "post")
}

func (c *channel) Update(_ context.Context, m ledger.Message, k card.Card, _ bool) error {
	if err := c.hook(c.fail, "update"); err != nil {
		return err
	}
	if _, ok := c.roots[m.TS]; !ok {
		return &Refused{Code: "message_not_found"}
	}
	c.roots[m.TS] = k
	return nil
}

func (c *channel) Line(_ context.Context, _ ledger.Message, t card.Text, _ card.Tone, loud bool) error {
	if err := c.hook(c.fail, "line"); err != nil {
		return err
	}
	if loud {
		c.loud++
	}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.Plain + p.Code + p.Bold)
		if p.User != "" {
			b.WriteString("<@" + p.User + ">")
		}
		if p.Group != "" {
			b.WriteString("<!subteam^" + p.Group + ">")
		}
	}
	c.lines = append(c.lines, b.String())
	return nil
}

// letter is a direct message.
type letter struct {
	to string
	card.Card
}

func (c *channel) DM(_ context.Context, to string, k card.Card) error {
	if err := c.hook(c.fail, "dm"); err != nil {
		return err
	}
	c.dms = append(c.dms, letter{to, k})
	return c.hook(c.lose, "dm")
}

func (c *channel) React(_ context.Context, m ledger.Message, emoji string) error {
	if err := c.hook(c.fail, "react"); err != nil {
		return err
	}
	c.marks = append(c.marks, m.TS+" "+emoji)
	return nil
}

func (c *channel) Changed(context.Context) error {
	if err := c.hook(c.fail, "homes"); err != nil {
		return err
	}
	c.heard++
	return nil
}

func (c *channel) Members(_ context.Context, handle string) ([]string, error) {
	if err := c.hook(c.fail, "members"); err != nil {
		return nil, err
	}
	return c.crew[handle], nil
}

func (c *channel) GroupID(_ context.Context, handle string) (string, error) { return "S" + handle, nil }

type world struct {
	*Notifier
	*channel
	ledger *ledger.Ledger
	redis  *miniredis.Miniredis
	now    time.Time
	op     ledger.Record
}

func newWorld(t *testing.T) *world { return worldOf(t, proposal()) }

// proposal is a request that one person of @sre must approve.
func proposal() ledger.Proposal {
	return ledger.Proposal{ID: "op-1", Kind: "rollout", Environment: "production", Target: "web", Resource: "r",
		Title: "Roll web", Requester: ledger.Actor{User: "UDANA", Team: "T"}, Channel: "C1", Payload: json.RawMessage("{}"), Digest: "d", Step: "check",
		Rule: ledger.Rule{Name: "prod", Needs: ledger.From(1, "sre"), ValidFor: time.Hour}}
}

// worldOf is a channel, a ledger and one request.
func worldOf(t *testing.T, p ledger.Proposal) *world {
	t.Helper()
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	t.Cleanup(func() { _ = c.Close() })
	w := &world{channel: &channel{roots: map[string]card.Card{}}, redis: m, now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), ledger: ledger.New(c, ledger.Options{})}
	m.SetTime(w.now)
	w.Notifier = w.restarted()
	rec, _, err := w.ledger.Submit(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	w.op = rec
	return w
}

// restarted is another replica, or this one after it came back.
func (w *world) restarted() *Notifier {
	n := &Notifier{Ledger: w.ledger, Poster: w.channel, Groups: w.channel, Marks: w.channel, Homes: w.channel, Owner: "test", Log: slog.New(slog.DiscardHandler)}
	n.defaults()
	return n
}

// settle lets time pass and draws until nothing is due.
func (w *world) settle(t *testing.T) {
	t.Helper()
	for range 30 {
		w.now = w.now.Add(40 * time.Second)
		w.redis.SetTime(w.now)
		d, err := w.ledger.ClaimDrawing(t.Context(), "test", w.Lease)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			return
		}
		w.draw(t.Context(), d)
	}
	t.Fatal("the thread is never in step")
}

func (w *world) root(t *testing.T) card.Card {
	t.Helper()
	r, err := w.ledger.Get(t.Context(), "op-1")
	if err != nil {
		t.Fatal(err)
	}
	return w.roots[r.Message.TS]
}

func (w *world) approve(t *testing.T) {
	t.Helper()
	w.vote(t, ledger.Vote{Actor: ledger.Actor{User: "USAM", Team: "T"}, Choice: "approve", Fills: []int{0}})
}

func (w *world) vote(t *testing.T, v ledger.Vote) {
	t.Helper()
	if _, err := w.ledger.Vote(t.Context(), "op-1", -1, v, "d", ledger.VoteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// labels are the buttons, and those behind the menu after a bar.
func labels(c card.Card) string {
	names := func(buttons []card.Button) string {
		var all []string
		for _, b := range buttons {
			all = append(all, b.Label)
		}
		return strings.Join(all, ",")
	}
	if len(c.More) == 0 {
		return names(c.Buttons)
	}
	return names(c.Buttons) + "|" + names(c.More)
}

func TestTheCardFollowsTheRecord(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	if c := w.root(t); c.Title != "Approval needed · Roll web" || labels(c) != "Approve,Deny…|Details,Why me?,Extend,Withdraw" {
		t.Errorf("got %q with %s, want the approval card", c.Title, labels(c))
	}
	w.approve(t)
	w.settle(t)
	if c := w.root(t); c.Title != "Running · Roll web" || strings.Contains(labels(c), "Approve") {
		t.Errorf("got %q with %s, want it running and no approve button", c.Title, labels(c))
	}
	if len(w.roots) != 1 {
		t.Errorf("got %d root cards, want 1", len(w.roots))
	}
	if all := strings.Join(w.lines, "\n"); !strings.Contains(all, "<@USAM> approved (1 of 1)") {
		t.Errorf("got lines %s, want Sam's approval", all)
	}
}

func TestLinesAreSaidOnce(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	w.approve(t)
	w.settle(t)
	before := len(w.lines)
	if err := w.ledger.Redraw(t.Context(), "op-1"); err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	if len(w.lines) != before {
		t.Errorf("got %d lines after another drawing, want %d", len(w.lines), before)
	}
}

func TestExpiryStripsTheButtons(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	w.now = w.now.Add(2 * time.Hour)
	w.redis.SetTime(w.now)
	if _, err := w.ledger.Claim(t.Context(), "test", time.Second); err != nil {
		t.Fatal(err)
	}
	w.settle(t)
	if c := w.root(t); !strings.HasPrefix(c.Title, "Expired") || labels(c) != "Ask again,Details" {
		t.Errorf("got %q with %s, want it expired, with nothing to press but to ask again", c.Title, labels(c))
	}
}

func TestRateLimitsDelayAndLoseNothing(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	limited := 5
	w.fail = func(string) error {
		if limited--; limited >= 0 {
			return &Later{After: 7 * time.Second}
		}
		return nil
	}
	w.approve(t)
	w.settle(t)
	if c := w.root(t); !strings.HasPrefix(c.Title, "Running") {
		t.Errorf("got %q, want the last state shown in the end", c.Title)
	}
}

func TestAPostWhoseAnswerIsLostIsMarked(t *testing.T) {
	w := newWorld(t)
	once := true
	w.lose = func(string) error {
		if once {
			once = false
			return errors.New("connection reset")
		}
		return nil
	}
	w.settle(t)
	foot := fmt.Sprint(w.root(t).Foot)
	if len(w.roots) != 2 || !strings.Contains(foot, "Posted again") {
		t.Errorf("got %d cards, foot %s; want the second one to say that it is one", len(w.roots), foot)
	}
}

func TestADrawingThatIsTakenAwayDoublesNothing(t *testing.T) {
	for _, at := range []string{"post", "line"} {
		w := newWorld(t)
		var heirs sync.WaitGroup
		taken := false
		w.fail = func(call string) error {
			if call != at || taken {
				return nil
			}
			taken = true
			w.now = w.now.Add(time.Minute)
			w.redis.SetTime(w.now)
			d, err := w.ledger.ClaimDrawing(t.Context(), "test", w.Lease)
			if err != nil || d == nil {
				t.Fatalf("got %v, %v, want the drawing", d, err)
			}
			heirs.Go(func() { w.draw(t.Context(), d) })
			return nil
		}
		w.settle(t)
		heirs.Wait()
		w.approve(t)
		w.settle(t)
		lines := slices.Sorted(slices.Values(w.lines))
		if again := slices.Compact(slices.Clone(lines)); len(again) != len(lines) || len(lines) < 2 || len(w.roots) != 1 {
			t.Errorf("taken at the %s: got %d cards and the lines %q, want each once", at, len(w.roots), w.lines)
		}
	}
}

func TestADeletedCardIsPostedAnew(t *testing.T) {
	w := newWorld(t)
	w.settle(t)
	clear(w.roots)
	w.approve(t)
	w.settle(t)
	if c := w.root(t); !strings.HasPrefix(c.Title, "Running") {
		t.Errorf("got %q, want the card again", c.Title)
	}
}

func TestAChannelThatDoesNotTakeTheCardIsToldToTheRequester(t *testing.T) {
	w := newWorld(t)
	refusals := 3
	w.fail = func(call string) error {
		if refusals--; call == "post" && refusals >= 0 {
			return &Refused{Code: "not_in_channel"}
		}
		return nil
	}
	w.settle(t)
	if len(w.dms) != 1 {
		t.Errorf("got %d direct messages, want 1", len(w.dms))
	}
	if c := w.root(t); !strings.HasPrefix(c.Title, "Approval needed") {
		t.Errorf("got %q, want the card once the channel takes it", c.Title)
	}
}

// TestItEndsInTimeWhateverSlackDoes: a call that hangs does not hold up the end, and its thread is due again
// at once for whoever comes next.
func TestItEndsInTimeWhateverSlackDoes(t *testing.T) {
	w := newWorld(t)
	hanging := make(chan struct{})
	var once sync.Once
	w.wait = func(ctx context.Context) error {
		once.Do(func() { close(hanging) })
		<-ctx.Done()
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	<-hanging
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it has not ended after 10s")
	}
	if d, err := w.ledger.ClaimDrawing(t.Context(), "another", time.Second); err != nil || d == nil {
		t.Errorf("got %v %v, want the thread due again", d, err)
	}
}

// TestTheThreadTellsTheTruth: whatever call fails, and however, the thread ends in step with the record.
func TestTheThreadTellsTheTruth(t *testing.T) {
	for crash := range 12 {
		t.Run(fmt.Sprint(crash), func(t *testing.T) {
			w := newWorld(t)
			calls := 0
			w.fail = func(string) error {
				if calls++; calls == crash {
					return errors.New("broken pipe")
				}
				return nil
			}
			w.settle(t)
			w.approve(t)
			w.settle(t)
			if err := w.ledger.Note(t.Context(), "op-1", "halfway", ""); err != nil {
				t.Fatal(err)
			}
			w.settle(t)
			if c := w.root(t); !strings.HasPrefix(c.Title, "Running") {
				t.Errorf("got %q, want Running", c.Title)
			}
			if n := strings.Count(strings.Join(w.lines, "\n"), "halfway"); n != 1 {
				t.Errorf("got the line %d times, want once", n)
			}
		})
	}
}
