// Package notify keeps one thread per operation in step with the facts: one root card, redrawn from the
// record whenever it changes, and one line in the thread for each transition. It is level-triggered: a
// drawing that is lost or done twice changes nothing, because the card is always drawn from the record.
// Behind the thread come a mark on the card of what is over, and direct messages to those who must know; behind,
// so that they can link to it and never hold it up. It does not know Slack's client.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Ledger says which threads are out of step, and remembers what stands in them. *ledger.Ledger is one.
type Ledger interface {
	ClaimDrawing(ctx context.Context, owner string, lease time.Duration) (*ledger.Drawing, error)
	Posting(ctx context.Context, d *ledger.Drawing) error
	Posted(ctx context.Context, d *ledger.Drawing, m ledger.Message) error
	Said(ctx context.Context, d *ledger.Drawing, entryID string) error
	Told(ctx context.Context, d *ledger.Drawing, what string) error
	Drawn(ctx context.Context, d *ledger.Drawing, again time.Duration) error
	DrawLater(ctx context.Context, d *ledger.Drawing, in time.Duration) error
}

// Poster puts cards into channels. Its errors may be *Later, *Refused or neither, which means that the
// call may be tried again.
type Poster interface {
	Post(ctx context.Context, channel, thread string, c card.Card) (ledger.Message, error)
	Update(ctx context.Context, m ledger.Message, c card.Card, final bool) error
	Line(ctx context.Context, m ledger.Message, t card.Text, tone card.Tone, broadcast bool) error
	DM(ctx context.Context, user string, c card.Card) error
}

// Groups knows user groups by their handles: their ids, so that they can be mentioned, and who is in them.
type Groups interface {
	GroupID(ctx context.Context, handle string) (string, error)
	Members(ctx context.Context, handle string) ([]string, error)
}

// Marker puts an emoji, by its name, under a message. Doing it twice is harmless.
type Marker interface {
	React(ctx context.Context, m ledger.Message, emoji string) error
}

// Homes hears that something has changed which Home tabs show. Hearing of it twice is harmless. *home.Homes is one.
type Homes interface {
	Changed(ctx context.Context) error
}

// Paint draws a record of one kind. It is pure.
type Paint func(ledger.Record) card.Picture

// Later is the error of a Poster that must not be called again before After has passed.
type Later struct{ After time.Duration }

// Error tells the wait.
func (l *Later) Error() string { return "asked to wait " + l.After.String() }

// Refused is the error of a Poster whose call will not succeed as it is; Code is Slack's own.
type Refused struct{ Code string }

// Error is Slack's code.
func (r *Refused) Error() string { return "refused: " + r.Code }

// Notifier draws threads until its context ends.
type Notifier struct {
	Ledger  Ledger
	Poster  Poster
	Groups  Groups
	Marks   Marker           // nil: cards of what is over bear no mark
	Homes   Homes            // nil: nobody's Home tab is kept in step
	Paint   map[string]Paint // by kind of operation
	Owner   string           // this replica
	Lease   time.Duration    // how long one drawing may take; 30s when zero
	Gap     time.Duration    // least time between two drawings of one card; 3s when zero
	Idle    time.Duration    // between two looks when nothing is due; 200ms when zero
	Workers int              // threads drawn at the same time; 4 when zero
	Log     *slog.Logger

	told    sync.Map // operations whose requester knows that the channel cannot be written
	hands   hands
	noticed noticed
	unread  unread
}

// Run draws what is due until ctx ends, and waits for drawings under way.
func (n *Notifier) Run(ctx context.Context) {
	n.defaults()
	var wg sync.WaitGroup
	for range n.Workers {
		wg.Go(func() { n.work(ctx) })
	}
	wg.Wait()
}

func (n *Notifier) defaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&n.Lease, 30 * time.Second}, {&n.Gap, 3 * time.Second}, {&n.Idle, 200 * time.Millisecond}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if n.Workers == 0 {
		n.Workers = 4
	}
}

func (n *Notifier) work(ctx context.Context) {
	for ctx.Err() == nil {
		d, err := n.Ledger.ClaimDrawing(ctx, n.Owner, n.Lease)
		if err != nil && ctx.Err() == nil {
			n.Log.Warn("threads cannot be read", "err", err)
		}
		if d == nil {
			pause(ctx, n.Idle)
			continue
		}
		n.finish(ctx, d)
	}
}

// shutdown is how long a drawing may go on when the notifier is to end.
const shutdown = 2 * time.Second

// finish draws a thread within its lease. When ctx ends it has a little time left, so that what was posted
// is written down too.
func (n *Notifier) finish(ctx context.Context, d *ledger.Drawing) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.Lease*3/4)
	defer cancel()
	late := context.AfterFunc(ctx, func() { time.AfterFunc(shutdown, cancel) })
	defer late()
	n.draw(own, d)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// draw brings one thread in step; whatever fails is tried again later.
func (n *Notifier) draw(ctx context.Context, d *ledger.Drawing) {
	n.homes(ctx, d.Record)
	err := n.tell(ctx, d)
	if err == nil {
		err = n.Ledger.Drawn(ctx, d, n.Gap)
	}
	if err == nil {
		return
	}
	wait := 5 * time.Second
	if l, ok := errors.AsType[*Later](err); ok {
		wait = l.After
	}
	if ctx.Err() != nil {
		wait = 0 // it ran out of time, not into trouble
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.Lease/4)
	defer cancel()
	n.Log.Info("thread is drawn later", "op", d.ID, "in", wait, "err", err)
	if err := n.Ledger.DrawLater(ctx, d, wait); err != nil {
		n.Log.Warn("thread is left to its lease", "op", d.ID, "err", err)
	}
}

// tell brings the thread in step, and does what comes behind it.
func (n *Notifier) tell(ctx context.Context, d *ledger.Drawing) error {
	release, err := n.hands.take(ctx, d.ID, d.Epoch)
	if err != nil {
		return err
	}
	defer release()
	err = n.thread(ctx, d)
	if err == nil {
		return n.after(ctx, d)
	}
	if _, refused := errors.AsType[*Refused](err); refused {
		return errors.Join(err, n.farewell(ctx, d)) // there is no thread, and all the more must they hear of the end
	}
	return err
}

func (n *Notifier) thread(ctx context.Context, d *ledger.Drawing) error {
	if err := n.root(ctx, d); err != nil {
		return err
	}
	for _, e := range d.Lines {
		if err := n.line(ctx, d, e); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notifier) line(ctx context.Context, d *ledger.Drawing, e ledger.Entry) error {
	this := line{d.ID, e.ID}
	if !n.hands.stands(this) {
		text := n.mentions(ctx, card.Expand(e.Line))
		if err := n.Poster.Line(ctx, d.Message, text, card.Tone(e.Tone), loud(d, e)); err != nil {
			return err
		}
		n.hands.said(this)
	}
	if err := n.Ledger.Said(ctx, d, e.ID); err != nil {
		return err
	}
	n.hands.wrote(this)
	return nil
}

// loud says which lines are shown in the channel too: an end that somebody has to know of.
func loud(d *ledger.Drawing, e ledger.Entry) bool {
	return e.Kind == "ended" && d.State == ledger.Failed || e.Kind == "stuck"
}

func (n *Notifier) root(ctx context.Context, d *ledger.Drawing) error {
	c := n.Card(d.Record)
	if m, stands := n.hands.root(d.ID); stands {
		if err := n.wrote(ctx, d, m); err != nil {
			return err
		}
	}
	if d.Message.TS == "" {
		return n.post(ctx, d, c)
	}
	err := n.Poster.Update(ctx, d.Message, c, d.State.Final())
	if r, ok := errors.AsType[*Refused](err); ok && gone(r.Code) {
		return n.post(ctx, d, c)
	}
	return err
}

// gone says which refusals mean that the card cannot be redrawn where it stands.
func gone(code string) bool {
	return code == "message_not_found" || code == "cant_update_message" || code == "edit_window_closed"
}

func (n *Notifier) post(ctx context.Context, d *ledger.Drawing, c card.Card) error {
	if _, refused := n.told.Load(d.ID); d.Posting && !refused {
		c.Foot = append(c.Foot, card.T("Posted again after an interruption: an earlier copy above may be out of date."))
	}
	if err := n.Ledger.Posting(ctx, d); err != nil {
		return err
	}
	m, err := n.Poster.Post(ctx, d.Channel, d.Thread, c)
	if r, ok := errors.AsType[*Refused](err); ok {
		n.unwelcome(ctx, d, r)
	}
	if err != nil {
		return err
	}
	n.hands.posted(d.ID, m)
	return n.wrote(ctx, d, m)
}

// wrote writes down where the root card stands.
func (n *Notifier) wrote(ctx context.Context, d *ledger.Drawing, m ledger.Message) error {
	d.Message = m
	if err := n.Ledger.Posted(ctx, d, m); err != nil {
		return err
	}
	n.hands.wrote(line{op: d.ID})
	return nil
}

// unwelcome tells the requester, once, that the channel does not take the card; drawing is tried on.
func (n *Notifier) unwelcome(ctx context.Context, d *ledger.Drawing, r *Refused) {
	if _, told := n.told.LoadOrStore(d.ID, true); told {
		return
	}
	c := card.Card{Title: "The card of " + d.Title + " cannot be shown", Tone: card.Warning,
		Sections: []card.Section{card.Para(card.Join(card.T("Slack does not let me write in "), card.Text{{Channel: d.Channel}},
			card.T(" (%s). %s The request is recorded as ", r.Code, remedy(r.Code)), card.Code(string(d.ID)), card.T(".")))}}
	if err := n.Poster.DM(ctx, d.Requester.User, c); err != nil {
		n.told.Delete(d.ID)
		n.Log.Warn("requester cannot be told", "op", d.ID, "err", err)
	}
}

// remedy says what lets the bot write again.
func remedy(code string) string {
	switch code {
	case "not_in_channel", "channel_not_found":
		return "Invite me there with /invite, and the card appears by itself."
	case "is_archived":
		return "The channel is archived: restore it, or ask in another one."
	}
	return "Whoever keeps the channel can allow it; then the card appears by itself."
}

// mentions replaces group handles by ids; a group that cannot be looked up is shown by its handle.
func (n *Notifier) mentions(ctx context.Context, t card.Text) card.Text {
	for i, p := range t {
		if p.Group == "" {
			continue
		}
		id, err := n.Groups.GroupID(ctx, p.Group)
		if err != nil {
			t[i] = card.Part{Plain: "@" + p.Group}
			continue
		}
		t[i] = card.Part{Group: id}
	}
	return t
}
