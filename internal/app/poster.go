package app

import (
	"context"
	"errors"

	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/notify"
)

// poster lets notify speak through bot.Web, whose errors it puts into notify's terms.
type poster struct{ web *bot.Web }

func (p poster) Post(ctx context.Context, channel, thread string, c card.Card) (ledger.Message, error) {
	m, err := p.web.Post(ctx, channel, thread, c)
	return m, told(err)
}

func (p poster) Update(ctx context.Context, m ledger.Message, c card.Card, final bool) error {
	return told(p.web.Update(ctx, m, c, final))
}

func (p poster) Line(ctx context.Context, m ledger.Message, t card.Text, tone card.Tone, broadcast bool) error {
	return told(p.web.Line(ctx, m, t, tone, broadcast))
}

func (p poster) DM(ctx context.Context, user string, c card.Card) error {
	return told(p.web.DM(ctx, user, c))
}

func told(err error) error {
	if l, ok := errors.AsType[*bot.RateLimited](err); ok {
		return &notify.Later{After: l.After}
	}
	if r, ok := errors.AsType[*bot.Refused](err); ok {
		return &notify.Refused{Code: r.Code}
	}
	return err
}

// React marks a card with an emoji.
func (p poster) React(ctx context.Context, m ledger.Message, emoji string) error {
	return told(p.web.React(ctx, m, emoji))
}
