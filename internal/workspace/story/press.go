package story

import (
	"context"
	"fmt"
	"strings"
)

// aim says what to press: what is written on it, on what, and where.
type aim struct{ label, on, in string }

// aimed reads Approve [on 'words'] [in #channel|dm|home].
func aimed(words []string) (aim, error) {
	a := aim{label: words[0]}
	for i := 1; i < len(words); i += 2 {
		if i+1 == len(words) {
			return a, fmt.Errorf("nothing stands behind %q", words[i])
		}
		switch words[i] {
		case "on":
			a.on = words[i+1]
		case "in":
			a.in = words[i+1]
		default:
			return a, fmt.Errorf("it is pressed on 'words' or in a place, not %q", words[i])
		}
	}
	return a, nil
}

func (p *Player) click(ctx context.Context, words []string) error { return p.press(ctx, words, false) }

func (p *Player) choose(ctx context.Context, words []string) error { return p.press(ctx, words, true) }

func (p *Player) press(ctx context.Context, words []string, option bool) error {
	a, err := aimed(words[1:])
	if err != nil {
		return err
	}
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	if a.in == "home" {
		return p.pressHome(ctx, id, w, a, option)
	}
	m, c, err := newest(w, a, option)
	if err != nil {
		return err
	}
	return p.client.post(ctx, "/ui/click", map[string]any{"as": id, "channel": m.channel, "ts": m.TS,
		"block_id": c.BlockID, "action_id": c.ActionID, "value": c.Value})
}

func (p *Player) pressHome(ctx context.Context, id string, w world, a aim, option bool) error {
	if w.Home == nil {
		return errNoHome
	}
	for _, c := range controls(part(w.Home.Blocks, a.on)) {
		if c.Option == option && c.says(a.label) {
			return p.client.post(ctx, "/ui/click", map[string]any{"as": id, "view_id": w.Home.ID,
				"block_id": c.BlockID, "action_id": c.ActionID, "value": c.Value})
		}
	}
	return fmt.Errorf("there is no %q to press in the Home tab; it says:\n%s", a.label, w.Home.words())
}

// newest is the control so labelled on the newest message that this person sees and that holds the words.
func newest(w world, a aim, option bool) (message, control, error) {
	in, err := place(w, a.in)
	if err != nil {
		return message{}, control{}, err
	}
	var best message
	var found control
	for _, box := range []map[string][]message{w.Messages, w.Ephemerals} {
		for channel, all := range box {
			if in != "" && channel != in {
				continue
			}
			for _, m := range all {
				if c, ok := bears(m, a, option); ok && m.TS > best.TS {
					best, found = m, c
				}
			}
		}
	}
	if best.TS == "" {
		return best, found, fmt.Errorf("there is no %q to press", a.label)
	}
	return best, found, nil
}

// place is the id of a conversation by its name; dm is the one with the bot, and no name means any.
func place(w world, name string) (string, error) {
	switch name {
	case "":
		return "", nil
	case "dm":
		return w.direct()
	}
	return w.channel(name)
}

func bears(m message, a aim, option bool) (control, bool) {
	if !strings.Contains(m.words(), a.on) {
		return control{}, false
	}
	for _, c := range controls(m.Blocks) {
		if c.Option == option && c.says(a.label) {
			return c, true
		}
	}
	return control{}, false
}
