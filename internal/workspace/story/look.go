package story

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

func (p *Player) card(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	m, err := latest(w, args[0], args[1])
	if err != nil {
		return err
	}
	labels := map[string]bool{}
	for _, b := range buttons(m) {
		labels[strings.TrimRight(b.Label, "…. ")] = true
	}
	for i := 2; i+1 < len(args); i += 2 {
		for _, label := range strings.Split(args[i+1], ",") {
			if labels[label] != (args[i] == "buttons") {
				return fmt.Errorf("the card has the buttons %v; looked for %s %s", labels, args[i], label)
			}
		}
	}
	return nil
}

func (p *Player) line(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	id, err := w.channel(args[0])
	if err != nil {
		return err
	}
	var seen []string
	for _, m := range w.Messages[id] {
		if m.ThreadTS != "" && m.ThreadTS != m.TS {
			text := words(m.Text, m.Blocks)
			if strings.Contains(text, args[1]) {
				return nil
			}
			seen = append(seen, m.Text)
		}
	}
	return fmt.Errorf("no line in the threads of %s holds %q; they say:\n%s", args[0], args[1], strings.Join(seen, "\n"))
}

func (p *Player) whisper(ctx context.Context, args []string) error {
	_, w, err := p.as(ctx, args[0])
	if err != nil {
		return err
	}
	var seen []string
	for _, all := range w.Ephemerals {
		for _, m := range all {
			text := words(m.Text, m.Blocks)
			if strings.Contains(text, args[1]) {
				return nil
			}
			seen = append(seen, m.Text)
		}
	}
	return fmt.Errorf("nothing whispered to %s holds %q; there is:\n%s", args[0], args[1], strings.Join(seen, "\n"))
}

func (p *Player) modal(ctx context.Context, args []string) error {
	_, w, err := p.as(ctx, args[0])
	if err != nil {
		return err
	}
	for _, v := range w.Views {
		title, _ := v.Title["text"].(string)
		if strings.Contains(words(title, v.Blocks), args[1]) {
			return nil
		}
	}
	return fmt.Errorf("%s has no form open that holds %q", args[0], args[1])
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
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	got := 0
	for _, m := range all {
		if strings.Contains(words(m.Text, m.Blocks), args[1]) {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d messages hold %q, want %d", got, args[1], want)
	}
	return nil
}

// machines is what the fleet's own page shows.
type machines struct {
	Groups []struct {
		Name     string `json:"name"`
		Template struct {
			Version any `json:"version"`
		} `json:"template"`
		Refresh *struct {
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"refresh"`
		Instances []struct {
			ID        string `json:"id"`
			Image     string `json:"image"`
			Lifecycle string `json:"lifecycle"`
			Health    string `json:"health"`
		} `json:"instances"`
	} `json:"groups"`
}

// group looks whether exactly so many healthy instances in service run the image: group web image ami-1 healthy 12.
func (p *Player) group(ctx context.Context, args []string) error {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return err
	}
	image, want := "", -1
	for i := 1; i+1 < len(args); i += 2 {
		switch args[i] {
		case "image":
			image = args[i+1]
		case "healthy":
			want, _ = strconv.Atoi(args[i+1])
		default:
			return fmt.Errorf("a group has an image and a number healthy, not %q", args[i])
		}
	}
	for _, g := range m.Groups {
		if g.Name != args[0] {
			continue
		}
		got := 0
		for _, i := range g.Instances {
			if i.Lifecycle == "InService" && i.Health == "Healthy" && i.Image == image {
				got++
			}
		}
		if got != want {
			return fmt.Errorf("%d instances of %s are healthy on %s, want %d", got, args[0], image, want)
		}
		return nil
	}
	return fmt.Errorf("there is no group %s", args[0])
}

func (p *Player) refresh(ctx context.Context, args []string) error {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return err
	}
	for _, g := range m.Groups {
		if g.Name != args[0] || g.Refresh == nil {
			continue
		}
		if g.Refresh.Status != args[1] {
			return fmt.Errorf("the refresh of %s is %s (%s), want %s", args[0], g.Refresh.Status, g.Refresh.Reason, args[1])
		}
		return nil
	}
	return fmt.Errorf("%s has no refresh", args[0])
}

// online looks whether the bot holds so many connections to Slack, or more.
func (p *Player) online(ctx context.Context, args []string) error {
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if len(w.Sockets) < want {
		return fmt.Errorf("the bot holds %d connections, want %d", len(w.Sockets), want)
	}
	return nil
}
