package bot

import (
	"context"
	"errors"
	"time"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
)

// Reader answers what needs not be written down first: commands that change nothing, while nothing can be
// written down, and forms that cannot be accepted as they are. *commands.Desk is one.
type Reader interface {
	ReadOnly(text string) bool
	Command(ctx context.Context, r commands.Request) commands.Result
	Mistakes(s commands.Submission) map[string]string
}

const (
	readers   = 16 // commands answered at the same time without having been written down
	readLimit = 20 * time.Second
)

// refuse tells the person that nothing was done; a command that only reads is answered all the same, by this
// process and without a trace. A slash command and a form are told in the acknowledgement; everything else as
// soon as possible after it.
func (in *Intake) refuse(n *note, cause error) (reply any) {
	in.deny(n.Key)
	if in.answer(n) {
		return nil
	}
	c := unwritten(cause)
	switch n.Kind {
	case kindSlash:
		m := blocks.Lines(c)
		return map[string]any{"response_type": "ephemeral", "text": m.Text, "blocks": m.Blocks}
	case kindSubmit:
		return inputErrors([]string{n.Form.first}, c.Summary)
	case kindPress, kindMention, kindMessage, kindHome:
		in.telling.Go(func() { in.tell(n, c) })
	}
	return nil
}

// mistaken is what is wrong in a form, by input, as far as that can be told before it is written down; the desk
// looks again. What it finds in inputs that the form does not have would be nothing that Slack could show.
func (in *Intake) mistaken(n *note) map[string]string {
	if n.Form == nil || in.Reader == nil {
		return nil
	}
	wrong := n.Form.tooLong()
	for id, words := range in.Reader.Mistakes(n.submission()) {
		if _, ok := n.Form.Values[id]; ok {
			wrong[id] = words
		}
	}
	return wrong
}

// unwritten says why something was not accepted.
func unwritten(cause error) card.Card {
	text := "Redis does not answer, so I could not write this down and nothing was done. Please try again in a minute."
	switch {
	case errors.Is(cause, errBusy):
		text = "Too much is asked of me at once, so I could not write this down and nothing was done. Please try again in a minute."
	case !neverSent(cause):
		text = "Redis does not answer: I could not write this down in time, so nothing should happen. Please look before you try again."
	}
	return card.Card{Title: "Nothing was done", Tone: card.Bad, Summary: text, Sections: []card.Section{card.Para(card.T("%s", text))}}
}

// answer answers a command that only reads; false: it is none, or too many are being answered.
func (in *Intake) answer(n *note) bool {
	said := n.Kind == kindSlash || n.Kind == kindMention || n.Kind == kindMessage
	if !said || in.Reader == nil || !in.Reader.ReadOnly(n.Text) {
		return false
	}
	select {
	case in.reading <- struct{}{}:
	default:
		return false
	}
	in.telling.Go(func() {
		defer func() { <-in.reading }()
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		w := &Worker{Web: in.Web, Log: in.Log}
		w.deliver(ctx, n, in.Reader.Command(ctx, n.request()))
	})
	return true
}

// tell brings the refusal to the person: into their Home tab if that is what they opened.
func (in *Intake) tell(n *note, c card.Card) {
	ctx, cancel := context.WithTimeout(context.Background(), tellLimit)
	defer cancel()
	var err error
	if n.Kind == kindHome {
		err = in.Web.publish(ctx, n.Actor.User, c)
	} else {
		err = in.Web.answers.private(ctx, n, c)
	}
	if err != nil {
		in.Log.Error("nobody could be told that nothing was done", "kind", n.Kind, "err", err)
	}
}
