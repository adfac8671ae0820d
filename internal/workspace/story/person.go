package story

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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
		f := field{form: v.ID, element: el}
		f.block, _ = block["block_id"].(string)
		f.action, _ = el["action_id"].(string)
		for name, written := range given {
			if name != f.block && name != f.action && name != label(block["label"]) {
				continue
			}
			value, err := p.enter(ctx, id, f, written)
			if err != nil {
				return err
			}
			values[f.block] = map[string]any{f.action: value}
			delete(given, name)
		}
	}
	if len(given) > 0 {
		return fmt.Errorf("the form has no input for %v; it says:\n%s", given, v.words())
	}
	return p.client.post(ctx, "/ui/submit", map[string]any{"as": id, "view_id": v.ID, "values": values})
}

// field is an input of a form.
type field struct {
	form, block, action string
	element             map[string]any
}

// enter is what a person does with an input: types into it, chooses, searches (~words) or attaches a file (@name:content).
func (p *Player) enter(ctx context.Context, who string, f field, written string) (any, error) {
	kind, _ := f.element["type"].(string)
	switch {
	case kind == "external_select" || kind == "multi_external_select":
		return p.search(ctx, who, f, strings.TrimPrefix(written, "~"), strings.HasPrefix(kind, "multi"))
	case kind == "file_input":
		return []any{attached(strings.TrimPrefix(written, "@"))}, nil
	case kind == "checkboxes" || strings.HasPrefix(kind, "multi"):
		var all []any
		for _, one := range strings.Split(written, ",") {
			all = append(all, one)
		}
		return all, nil
	}
	return written, nil
}

// attached is a file by its name and content, boot.sh:'…', or by its size: boot.sh*20000.
func attached(written string) map[string]any {
	name, content, _ := strings.Cut(written, ":")
	if stem, size, ok := strings.Cut(name, "*"); ok {
		n, _ := strconv.Atoi(size)
		name, content = stem, strings.Repeat("#", n)
	}
	return map[string]any{"name": name, "content": strings.ReplaceAll(content, `\n`, "\n")}
}

// search types words into a searched menu and takes the first option that it offers, for each part between commas where
// it takes several.
func (p *Player) search(ctx context.Context, who string, f field, words string, many bool) (any, error) {
	parts := []string{words}
	if many {
		parts = strings.Split(words, ",")
	}
	var chosen []any
	for _, part := range parts {
		var offered struct {
			Options []any `json:"options"`
		}
		if err := p.client.do(ctx, http.MethodPost, "/ui/options", map[string]any{"as": who, "view_id": f.form, "block_id": f.block,
			"action_id": f.action, "value": part}, &offered); err != nil {
			return nil, err
		}
		if len(offered.Options) == 0 {
			return nil, fmt.Errorf("the search for %q offers nothing", part)
		}
		chosen = append(chosen, offered.Options[0])
	}
	if many {
		return chosen, nil
	}
	return chosen[0], nil
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
