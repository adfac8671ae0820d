package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// people do what people do whose bot is not always there: they look, and try again when Slack tells them
// that it did not work.
type people struct {
	slack *slacksim.Workspace
	tried atomic.Int64 // how often they were told that something had failed
}

const (
	patience = 90 * time.Second // until something acknowledged must be seen
	doubt    = 9 * time.Second  // until something that Slack called failed is tried again
)

// ask types a command until there is a card that holds the words.
func (p *people) ask(ctx context.Context, user, channel, line, words string) error {
	return p.insist(ctx, deed{
		user: user, channel: channel, what: "type " + line,
		do:   func() error { return p.slack.As(user).Slash(channel, line) },
		seen: func() bool { _, there := p.card(channel, words); return there },
	})
}

// press presses a button of the card that holds the words, until the card has it no more.
func (p *people) press(ctx context.Context, user, channel, words, label string) error {
	press := func() error {
		m, there := p.card(channel, words)
		if !there || !has(m, label) {
			return nil
		}
		return p.slack.As(user).Click(channel, m.TS, label)
	}
	return p.insist(ctx, deed{user: user, channel: channel, what: "press " + label + " on " + words, do: press, seen: func() bool {
		m, there := p.card(channel, words)
		return there && !has(m, label)
	}})
}

// deed is something to do until it is seen.
type deed struct {
	user, channel string
	what          string
	do            func() error
	seen          func() bool
}

// insist does something until it is seen. What was acknowledged is done once and must be seen, unless the
// person is told that it was not done.
func (p *people) insist(ctx context.Context, d deed) error {
	for end := time.Now().Add(3 * patience); time.Now().Before(end); {
		before, wait := p.refusals(d.user, d.channel), patience
		err := d.do()
		switch {
		case err == nil:
		case errors.Is(err, slacksim.ErrTimeout):
			wait = doubt
		case errors.Is(err, slacksim.ErrNobody):
			wait = 200 * time.Millisecond
		default:
			return fmt.Errorf("%s: %w", d.what, err)
		}
		told := false
		until(ctx, wait, func() bool { told = p.refusals(d.user, d.channel) > before; return told || d.seen() })
		if told {
			until(ctx, time.Second, d.seen) // they look before they try again
		}
		if d.seen() {
			return nil
		}
		if err == nil && !told {
			return fmt.Errorf("%s: acknowledged, and neither seen to have worked nor told that it has not", d.what)
		}
		p.tried.Add(1)
	}
	return fmt.Errorf("%s: never worked", d.what)
}

// refusals counts what told a person that something was not done, or may not have been.
func (p *people) refusals(user, channel string) (n int) {
	for _, m := range append(p.slack.As(user).Whispers(channel), p.slack.Direct(user)...) {
		text := strings.ToLower(m.Visible())
		if strings.Contains(text, "nothing was done") || strings.Contains(text, "nothing should happen") || strings.Contains(text, "i cannot tell whether") {
			n++
		}
	}
	return n
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
