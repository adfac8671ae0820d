package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// people do what people do whose bot is not always there: they look, and try again when Slack tells them
// that it did not work.
type people struct {
	slack *slacksim.Workspace
	tried int // what Slack told them had failed
}

const (
	patience = 40 * time.Second // until something acknowledged must be seen
	doubt    = 9 * time.Second  // until something that Slack called failed is tried again
)

// ask types a command until there is a card that holds the words.
func (p *people) ask(ctx context.Context, user, channel, line, words string) error {
	return p.insist(ctx, "type "+line,
		func() error { return p.slack.As(user).Slash(channel, line) },
		func() bool { _, there := p.card(channel, words); return there })
}

// press presses a button of the card that holds the words, until the card says otherwise or the button is gone.
func (p *people) press(ctx context.Context, user, channel, words, label string) error {
	gone := func() bool {
		m, there := p.card(channel, words)
		return there && !has(m, label)
	}
	return p.insist(ctx, "press "+label, func() error {
		m, there := p.card(channel, words)
		if !there {
			return slacksim.ErrNobody
		}
		if !has(m, label) {
			return nil
		}
		return p.slack.As(user).Click(channel, m.TS, label)
	}, gone)
}

// insist does something until it is seen. What Slack says was delivered is done once, and must be seen.
func (p *people) insist(ctx context.Context, what string, do func() error, seen func() bool) error {
	for end := time.Now().Add(2 * patience); time.Now().Before(end); {
		switch err := do(); {
		case err == nil:
			if !until(ctx, patience, seen) {
				return fmt.Errorf("%s: acknowledged, and never seen to have worked", what)
			}
			return nil
		case errors.Is(err, slacksim.ErrTimeout):
			p.tried++
			if until(ctx, doubt, seen) {
				return nil
			}
		case errors.Is(err, slacksim.ErrNobody):
			p.tried++
			if until(ctx, 200*time.Millisecond, seen) {
				return nil
			}
		default:
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return fmt.Errorf("%s: never worked", what)
}

// card is the newest card of a channel that holds the words.
func (p *people) card(channel, words string) (slacksim.Message, bool) {
	all := p.cards(channel, words)
	if len(all) == 0 {
		return slacksim.Message{}, false
	}
	return all[len(all)-1], true
}

// cards are the cards of a channel that hold the words, oldest first.
func (p *people) cards(channel, words string) (found []slacksim.Message) {
	for _, m := range p.slack.Messages(channel) {
		if len(m.Buttons()) > 0 && strings.Contains(m.Visible(), words) {
			found = append(found, m)
		}
	}
	return found
}

func has(m slacksim.Message, label string) bool {
	for _, b := range m.Buttons() {
		if b.Label == label {
			return true
		}
	}
	return false
}

// until looks again and again whether something holds.
func until(ctx context.Context, d time.Duration, holds func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); ; {
		if holds() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if time.Now().After(end) {
			return false
		}
	}
}
