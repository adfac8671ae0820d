package story

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

func (p *Player) card(ctx context.Context, args []string) error {
	if err := expectations(args[2:]); err != nil {
		return err
	}
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	m, err := latest(w, args[0], args[1])
	if err != nil {
		return err
	}
	return offers(controls(m.Blocks), args[2:])
}

// said are the lines in the threads of a channel.
func (p *Player) said(ctx context.Context, channel string) ([]message, error) {
	w, err := p.onlooker(ctx)
	if err != nil {
		return nil, err
	}
	id, err := w.channel(channel)
	var all []message
	for _, m := range w.Messages[id] {
		if !m.root() {
			all = append(all, m)
		}
	}
	return all, err
}

func (p *Player) line(ctx context.Context, args []string) error {
	all, err := p.said(ctx, args[0])
	if err != nil {
		return err
	}
	_, err = holding(all, args[1])
	return err
}

// lines counts the lines that hold the words.
func (p *Player) lines(ctx context.Context, args []string) error {
	all, err := p.said(ctx, args[0])
	if err != nil {
		return err
	}
	return exactly(all, args[1], args[2])
}

func (p *Player) whisper(ctx context.Context, args []string) error {
	_, w, err := p.as(ctx, args[0])
	if err != nil {
		return err
	}
	var all []message
	for _, box := range w.Ephemerals {
		all = append(all, box...)
	}
	_, err = holding(all, args[1])
	return err
}

// letters are what the bot wrote to somebody directly.
func (p *Player) letters(ctx context.Context, name string) ([]message, error) {
	_, w, err := p.as(ctx, name)
	if err != nil {
		return nil, err
	}
	id, err := w.direct()
	var all []message
	for _, m := range w.Messages[id] {
		if m.User == w.App.BotUserID {
			all = append(all, m)
		}
	}
	return all, err
}

func (p *Player) dm(ctx context.Context, args []string) error {
	if err := expectations(args[2:]); err != nil {
		return err
	}
	all, err := p.letters(ctx, args[0])
	if err != nil {
		return err
	}
	m, err := holding(all, args[1])
	if err != nil {
		return err
	}
	return offers(controls(m.Blocks), args[2:])
}

func (p *Player) dms(ctx context.Context, args []string) error {
	all, err := p.letters(ctx, args[0])
	if err != nil {
		return err
	}
	return exactly(all, args[1], args[2])
}

var errNoHome = errors.New("the bot has drawn no Home tab for this person")

// openHome opens a person's Home tab, if it is not open already: they leave it open.
func (p *Player) openHome(ctx context.Context, args []string) error {
	id, _, err := p.as(ctx, args[0])
	if err != nil || p.homes[id] {
		return err
	}
	p.homes[id] = true
	return p.client.post(ctx, "/ui/home", map[string]string{"as": id})
}

func (p *Player) home(ctx context.Context, args []string) error {
	if err := expectations(args[2:]); err != nil {
		return err
	}
	_, w, err := p.as(ctx, args[0])
	if err != nil {
		return err
	}
	if w.Home == nil {
		return errNoHome
	}
	if !strings.Contains(w.Home.words(), args[1]) {
		return fmt.Errorf("the Home tab does not hold %q; it says:\n%s", args[1], w.Home.words())
	}
	return offers(controls(part(w.Home.Blocks, args[1])), args[2:])
}

func (p *Player) modal(ctx context.Context, args []string) error {
	_, w, err := p.as(ctx, args[0])
	if err != nil {
		return err
	}
	var seen []string
	for _, v := range w.Views {
		if strings.Contains(v.words(), args[1]) {
			return nil
		}
		seen = append(seen, v.words())
	}
	return fmt.Errorf("%s has no form open that holds %q; open is %q", args[0], args[1], seen)
}

func (p *Player) noModal(ctx context.Context, args []string) error {
	_, w, err := p.as(ctx, args[0])
	if err == nil && len(w.Views) > 0 {
		err = fmt.Errorf("%s still has a form open:\n%s", args[0], w.Views[len(w.Views)-1].words())
	}
	return err
}

// reaction looks for an emoji on the latest card, or on the latest that holds the words: reaction #deploys x on 'words'.
func (p *Player) reaction(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	on := ""
	if len(args) == 4 && args[2] == "on" {
		on = args[3]
	}
	m, err := latest(w, args[0], on)
	if err != nil {
		return err
	}
	for _, r := range m.Reactions {
		if r.Name == strings.Trim(args[1], ":") {
			return nil
		}
	}
	return fmt.Errorf("the card does not bear :%s:; it bears %v", args[1], m.Reactions)
}

func (p *Player) count(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	all, err := roots(w, args[0])
	if err != nil {
		return err
	}
	return exactly(all, args[1], args[2])
}

// out looks at what the last command printed.
func (p *Player) out(_ context.Context, args []string) error {
	if !strings.Contains(p.output, args[0]) {
		return fmt.Errorf("the last command did not say %q; it said:\n%s", args[0], p.output)
	}
	return nil
}

// online looks whether the bot holds so many connections to Slack, or more; with 0 that it holds none.
func (p *Player) online(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if len(w.Sockets) < want || want == 0 && len(w.Sockets) > 0 {
		return fmt.Errorf("the bot holds %d connections, want %d", len(w.Sockets), want)
	}
	return nil
}
