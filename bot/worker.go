package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Desk decides about what people ask. *commands.Desk is one.
type Desk interface {
	Command(ctx context.Context, r commands.Request) commands.Result
	Press(ctx context.Context, p commands.Press) commands.Result
	Submit(ctx context.Context, s commands.Submission) commands.Result
	Home(ctx context.Context, who ledger.Actor) card.Card
}

// Item is something accepted and not yet handled; it has the shape of the inbox's own.
type Item struct {
	Key  string
	Kind string
	Body []byte
}

// Worker handles what the inbox holds, on whichever replica: it asks the desk and brings the answer.
type Worker struct {
	Desk    Desk
	Web     *Web
	Homes   Homes                                 // remembers who looks at their Home tab; may be nil
	People  *People                               // whose Home tabs are remembered; nil: everybody's
	Denied  func(key string) bool                 // see Intake.Denied; may be nil
	Observe func(kind string, took time.Duration) // from Slack's delivery to the answer; may be nil
	Log     *slog.Logger
}

// NewWorker returns a worker that asks desk and answers through web.
func NewWorker(desk Desk, web *Web) *Worker {
	return &Worker{Desk: desk, Web: web, Log: web.slack.log}
}

// Handle handles one item. It may come more than once after a crash: the desk tells by its key. An
// error means that it should come again.
func (w *Worker) Handle(ctx context.Context, it Item) (err error) {
	var n note
	if err := json.Unmarshal(it.Body, &n); err != nil {
		return fmt.Errorf("read an accepted %s: %w", it.Kind, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.Denied != nil && w.Denied(n.Key) {
		w.Log.Warn("item dropped: its person was told that nothing was done", "kind", n.Kind, "actor", n.Actor.User)
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			w.Log.Error("item cannot be handled", "kind", n.Kind, "actor", n.Actor.User, "panic", p, "stack", string(debug.Stack()))
			w.deliver(ctx, &n, commands.Result{Reply: apology()})
		}
	}()
	w.ask(ctx, &n)
	if w.Observe != nil {
		w.Observe(n.Kind, w.Web.slack.now().Sub(n.Received))
	}
	return nil
}

func (w *Worker) ask(ctx context.Context, n *note) {
	switch n.Kind {
	case kindSlash, kindMention, kindMessage:
		w.deliver(ctx, n, w.Desk.Command(ctx, n.request()))
	case kindPress:
		w.press(ctx, n)
	case kindSubmit:
		w.submit(ctx, n)
	case kindHome:
		w.visit(ctx, n)
	default:
		w.Log.Error("item of an unknown kind dropped", "kind", n.Kind)
	}
}

func (w *Worker) press(ctx context.Context, n *note) {
	id, version, ok := blocks.ParseValue(n.Value)
	if !ok {
		w.Log.Warn("press on something that is not a card's button", "action", n.Action, "actor", n.Actor.User)
		w.deliver(ctx, n, commands.Result{Reply: plain(card.Warning, "I do not know this button any more. Nothing was done.")})
		return
	}
	w.deliver(ctx, n, w.Desk.Press(ctx, commands.Press{
		Key: n.Key, Actor: n.Actor, Action: n.Action, ID: ledger.ID(id), Version: version,
		Channel: n.Channel, Thread: n.Thread, MessageTS: n.TS, Received: n.Received,
	}))
}

func (w *Worker) submit(ctx context.Context, n *note) {
	files, wrong := w.uploads(ctx, n.Form)
	if len(wrong) > 0 {
		w.deliver(ctx, n, commands.Result{Errors: wrong})
		return
	}
	s := n.submission()
	s.Files = files
	w.deliver(ctx, n, w.Desk.Submit(ctx, s))
}

// answerTime is kept for the answer, however long the desk took.
const answerTime = 3 * time.Second

// lasting is ctx, or when that is about to end a context with time for an answer.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if ctx.Err() == nil && (!ok || time.Until(end) > answerTime) {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), answerTime)
}

// deliver brings a result to the person, or to everybody there.
func (w *Worker) deliver(ctx context.Context, n *note, r commands.Result) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	var err error
	if r.Modal != nil {
		err = w.form(ctx, n, *r.Modal)
	}
	if err == nil && len(r.Errors) > 0 && !w.reopen(ctx, n, r.Errors) {
		err = w.Web.answers.private(ctx, n, corrections(r.Errors))
	}
	if err == nil && r.Reply != nil {
		err = w.tell(ctx, n, r)
	}
	if err != nil {
		w.Log.Error("answer cannot be delivered", "kind", n.Kind, "actor", n.Actor.User, "channel", n.Channel, "err", err)
	}
}

func (w *Worker) tell(ctx context.Context, n *note, r commands.Result) error {
	switch {
	case r.Public:
		return w.Web.answers.public(ctx, n, *r.Reply)
	case r.Instead:
		return w.Web.answers.turn(ctx, n, *r.Reply)
	}
	return w.Web.answers.private(ctx, n, *r.Reply)
}

// form opens a form. When its time has passed, or it cannot be drawn, the person gets a button that asks for it again.
func (w *Worker) form(ctx context.Context, n *note, m card.Modal) error {
	opens := m
	if m.Waits {
		opens = skeleton(m)
	}
	view, err := modal(opens, n)
	if err != nil {
		return err
	}
	said := "Slack gave me no time to open the form."
	p, err := w.Web.open(ctx, n.Trigger, view)
	switch {
	case err == nil && m.Waits:
		said = "The form could not be drawn."
		err = w.begin(ctx, n, m, p)
	case err == nil:
		w.prompt(n, m, view, p)
	}
	if err == nil {
		return nil
	}
	w.Log.Info("form cannot be opened", "form", m.ID, "actor", n.Actor.User, "err", err)
	again := *plain(card.Warning, said+" Nothing was done yet.")
	again.Buttons = []card.Button{{
		Action: first(n.Action, "open_form"), ID: m.Subject, Version: m.Version, Label: "Open form again",
	}}
	return w.Web.answers.private(ctx, n, again)
}

func modal(m card.Modal, n *note) (slack.ModalViewRequest, error) {
	view := blocks.Modal(m)
	carries, err := json.Marshal(carried(m, n))
	if err != nil {
		return view, fmt.Errorf("write what a form is about: %w", err)
	}
	view.PrivateMetadata = string(carries)
	return view, nil
}

// carried is what a form carries along.
func carried(m card.Modal, n *note) about {
	return about{Subject: m.Subject, Version: m.Version, Channel: n.Channel, Thread: n.Thread, Filled: m.Filled}
}

// corrections tells what was wrong with a form that Slack has closed already.
func corrections(wrong map[string]string) card.Card {
	c := *plain(card.Warning, "The form was not accepted. Nothing was done.")
	var findings []card.Finding
	for _, id := range slices.Sorted(maps.Keys(wrong)) {
		findings = append(findings, card.Finding{Stop: true, Text: wrong[id]})
	}
	c.Sections = append(c.Sections, card.Section{Findings: findings})
	return c
}

func apology() *card.Card {
	return plain(card.Bad, "Something went wrong on my side. Please look at the operation before you try again.")
}

func plain(tone card.Tone, text string) *card.Card {
	return &card.Card{Tone: tone, Summary: text, Sections: []card.Section{card.Para(card.T("%s", text))}}
}
