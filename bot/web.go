package bot

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Web puts cards into Slack. Its errors are *RateLimited, *Refused, *Ambiguous, or others, after which
// the call may be made again.
type Web struct {
	slack   *Slack
	answers *answers
	tables  *tables
	prompts *prompts
	unseen  sync.Once // that marks are not allowed is logged once
}

// NewWeb returns the way out to the workspace.
func NewWeb(s *Slack) *Web {
	w := &Web{slack: s, tables: &tables{never: s.settings.Tables == TablesNever, now: s.now, log: s.log}}
	w.answers, w.prompts = newAnswers(w), &prompts{web: w, slots: make(chan struct{}, prompting)}
	return w
}

// Close waits for what is still being found out for open forms.
func (w *Web) Close() { w.prompts.running.Wait() }

// marker is the type of the metadata that the bot's messages carry.
const marker = "amiral"

// Post puts a card into a channel, or into a thread of it when thread is not empty.
func (w *Web) Post(ctx context.Context, channel, thread string, c card.Card) (ledger.Message, error) {
	var more []slack.MsgOption
	if thread != "" {
		more = append(more, slack.MsgOptionTS(thread))
	}
	if c.Key != "" {
		more = append(more, slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: marker, EventPayload: map[string]any{"key": c.Key},
		}))
	}
	m, err := w.post(ctx, channel, c, more...)
	if err != nil {
		return ledger.Message{}, err
	}
	m.Link = w.link(ctx, m)
	return m, nil
}

func (w *Web) post(ctx context.Context, channel string, c card.Card, more ...slack.MsgOption) (ledger.Message, error) {
	var m ledger.Message
	err := w.tables.drawn(c, func(drawn blocks.Message) error {
		options := append(message(drawn), more...)
		return w.call(ctx, "chat.postMessage", w.slack.pace.post(channel), true, func() (err error) {
			m.Channel, m.TS, err = w.slack.api.PostMessageContext(ctx, channel, options...)
			return err
		})
	})
	return m, err
}

// link is the message's address, empty when Slack does not tell it: the message stands all the same.
func (w *Web) link(ctx context.Context, m ledger.Message) string {
	var link string
	err := w.call(ctx, "chat.getPermalink", nil, false, func() (err error) {
		link, err = w.slack.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: m.Channel, Ts: m.TS})
		return err
	})
	if err != nil {
		w.slack.log.Debug("message has no link", "err", err)
	}
	return link
}

// Update redraws a message. Doing it twice is harmless. Changes are counted against a common limit, of
// which the last part is kept for cards that are final.
func (w *Web) Update(ctx context.Context, m ledger.Message, c card.Card, final bool) error {
	return w.tables.drawn(c, func(drawn blocks.Message) error {
		return w.call(ctx, "chat.update", w.slack.pace.change(final), false, func() error {
			_, _, _, err := w.slack.api.UpdateMessageContext(ctx, m.Channel, m.TS, message(drawn)...)
			return err
		})
	})
}

// React puts an emoji under a message, by its name without colons. Doing it twice is harmless. An app that is not
// allowed to goes without: the card says it all.
func (w *Web) React(ctx context.Context, m ledger.Message, emoji string) error {
	err := w.call(ctx, "reactions.add", nil, false, func() error {
		return w.slack.api.AddReactionContext(ctx, emoji, slack.NewRefToMessage(m.Channel, m.TS))
	})
	switch code(err) {
	case "already_reacted":
		return nil
	case "missing_scope", "no_permission", "restricted_action":
		w.unseen.Do(func() { w.slack.log.Warn("cards bear no marks: the bot may not react", "err", err) })
		return nil
	}
	return err
}

// Line adds a line to a message's thread, and shows it in the channel too when broadcast is set.
func (w *Web) Line(ctx context.Context, m ledger.Message, t card.Text, tone card.Tone, broadcast bool) error {
	options := append(message(blocks.Line(t, tone)), slack.MsgOptionTS(m.TS))
	if broadcast {
		options = append(options, slack.MsgOptionBroadcast())
	}
	return w.call(ctx, "chat.postMessage", w.slack.pace.post(m.Channel), true, func() error {
		_, _, err := w.slack.api.PostMessageContext(ctx, m.Channel, options...)
		return err
	})
}

// Whisper shows a card to one person alone. It is gone when they reload, and cannot be changed.
func (w *Web) Whisper(ctx context.Context, channel, thread, user string, c card.Card) error {
	return w.tables.drawn(c, func(drawn blocks.Message) error {
		options := message(drawn)
		if thread != "" {
			options = append(options, slack.MsgOptionTS(thread))
		}
		return w.call(ctx, "chat.postEphemeral", nil, true, func() error {
			_, err := w.slack.api.PostEphemeralContext(ctx, channel, user, options...)
			return err
		})
	})
}

// DM sends a card to a person's direct messages. Nobody links to it, so Slack is not asked for its address.
func (w *Web) DM(ctx context.Context, user string, c card.Card) error {
	_, err := w.post(ctx, user, c)
	return err
}

// open shows a form. trigger is what Slack gave with the press or command, and lives three seconds.
// It returns where the form stands.
func (w *Web) open(ctx context.Context, trigger string, view slack.ModalViewRequest) (p place, err error) {
	err = w.call(ctx, "views.open", nil, false, func() error {
		answer, err := w.slack.api.OpenViewContext(ctx, trigger, view)
		if err == nil {
			p = place{ID: answer.ID, Hash: answer.Hash}
		}
		return err
	})
	return p, err
}

// redraw draws an open form anew, unless it has changed since it was seen.
func (w *Web) redraw(ctx context.Context, p place, view slack.ModalViewRequest) (now place, err error) {
	err = w.call(ctx, "views.update", nil, false, func() error {
		answer, err := w.slack.api.UpdateViewContext(ctx, view, "", p.Hash, p.ID)
		if err == nil {
			now = place{ID: answer.ID, Hash: answer.Hash}
		}
		return err
	})
	return now, err
}

// publish draws a person's Home tab.
func (w *Web) publish(ctx context.Context, user string, c card.Card) error {
	return w.call(ctx, "views.publish", nil, false, func() error {
		_, err := w.slack.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: blocks.Home(c)})
		return err
	})
}

// call keeps the pace, makes one call and sorts its error.
func (w *Web) call(ctx context.Context, method string, pace paceOf, sends bool, do func() error) error {
	return w.slack.call(ctx, method, pace, sends, do)
}

// message is what a message is made of: text for notifications, and blocks in which Slack finds no
// names or addresses by itself.
func message(m blocks.Message) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(cmp.Or(m.Text, "…"), false),
		slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
}

// call keeps the pace, makes one call and sorts its error. A call that Slack limits makes the method rest.
func (s *Slack) call(ctx context.Context, method string, pace paceOf, sends bool, do func() error) error {
	if err := s.pace.wait(ctx, method, pace); err != nil {
		return err
	}
	err := trouble(method, do(), sends)
	if limit, ok := errors.AsType[*RateLimited](err); ok {
		s.pace.rest(method, limit.After)
	}
	return err
}
