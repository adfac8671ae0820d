package story

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// as returns a person's id and what they see.
func (p *Player) as(ctx context.Context, name string) (string, world, error) {
	id, ok := p.people[strings.TrimPrefix(name, "@")]
	if !ok {
		return "", world{}, fmt.Errorf("there is nobody named %s", name)
	}
	w, err := p.client.see(ctx, id)
	return id, w, err
}

func (p *Player) slash(ctx context.Context, words []string) error { return p.send(ctx, words, "") }

func (p *Player) say(ctx context.Context, words []string) error { return p.send(ctx, words, "") }

func (p *Player) send(ctx context.Context, words []string, thread string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	channel, err := w.channel(words[1])
	if err != nil {
		return err
	}
	body := map[string]string{"as": id, "channel": channel, "text": words[2]}
	if thread != "" {
		body["thread_ts"] = thread
	}
	return p.client.post(ctx, "/ui/send", body)
}

func (p *Player) reply(ctx context.Context, words []string) error {
	_, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	root, err := latest(w, words[1], "")
	if err != nil {
		return err
	}
	return p.send(ctx, words, root.TS)
}

func (p *Player) submit(ctx context.Context, words []string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	if len(w.Views) == 0 {
		return errors.New("no form is open")
	}
	v := w.Views[len(w.Views)-1]
	given := map[string]string{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		given[name] = value
	}
	values := map[string]map[string]any{}
	for _, block := range v.Blocks {
		el, _ := block["element"].(map[string]any)
		blockID, _ := block["block_id"].(string)
		actionID, _ := el["action_id"].(string)
		for name, value := range given {
			if name == blockID || name == actionID {
				values[blockID] = map[string]any{actionID: value}
			}
		}
	}
	return p.client.post(ctx, "/ui/submit", map[string]any{"as": id, "view_id": v.ID, "values": values})
}

// closeForm presses Cancel of the open form.
func (p *Player) closeForm(ctx context.Context, words []string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	if len(w.Views) == 0 {
		return errors.New("no form is open")
	}
	return p.client.post(ctx, "/ui/close", map[string]any{"as": id, "view_id": w.Views[len(w.Views)-1].ID})
}
