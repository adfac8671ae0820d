package slacksim

import (
	"fmt"
	"strconv"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// entered is the state of a control after a person gave it a value: text, the
// value or label of an option, the name of a user or channel, or a list of them.
func (w *Workspace) entered(e Object, raw any) (Object, error) {
	kind := text(e["type"])
	key := blockkit.ValueKey(kind)
	if key == "" {
		return nil, fmt.Errorf("a %s takes no value", kind)
	}
	if o, ok := raw.(Object); ok && o["type"] == kind {
		return o, nil
	}
	value, err := w.value(e, key, raw)
	if err != nil {
		return nil, err
	}
	return Object{"type": kind, key: value}, nil
}

func (w *Workspace) value(e Object, key string, raw any) (any, error) {
	switch key {
	case "selected_option":
		return w.choose(e, raw)
	case "selected_options":
		chosen := []any{}
		for _, one := range many(raw) {
			o, err := w.choose(e, one)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, o)
		}
		return chosen, nil
	case "selected_users", "selected_channels", "selected_conversations":
		ids := []any{}
		for _, one := range many(raw) {
			ids = append(ids, w.reference(fmt.Sprint(one)))
		}
		return ids, nil
	case "selected_user", "selected_channel", "selected_conversation":
		return w.reference(fmt.Sprint(raw)), nil
	case "selected_date_time":
		n, err := strconv.ParseInt(written(raw), 10, 64)
		return n, err
	case "rich_text_value":
		if s, ok := raw.(string); ok {
			return Object{"type": "rich_text", "elements": []any{Object{"type": "rich_text_section", "elements": []any{Object{"type": "text", "text": s}}}}}, nil
		}
		return raw, nil
	case "files":
		return many(raw), nil
	}
	if s := written(raw); s != "" {
		return s, nil
	}
	return nil, nil
}

// written is a raw value as text; JSON numbers are written without exponent.
func written(raw any) string {
	switch v := raw.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(raw)
}

func many(raw any) []any {
	switch v := raw.(type) {
	case nil:
		return []any{}
	case []any:
		return v
	case []string:
		out := []any{}
		for _, s := range v {
			out = append(out, s)
		}
		return out
	}
	return []any{raw}
}

// reference turns the name of a person or channel into its id.
func (w *Workspace) reference(ref string) string {
	if u := w.findUser(ref); u != nil {
		return u.ID
	}
	if c := w.findChannel(ref, ""); c != nil {
		return c.ID
	}
	return ref
}

// choose finds an option by its value or label. Options of external selects
// are known to the app only, so any option object is taken.
func (w *Workspace) choose(e Object, raw any) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if o, ok := raw.(Object); ok {
		if e["options"] == nil && e["option_groups"] == nil {
			return o, nil
		}
		raw = o["value"]
	}
	for _, o := range options(e) {
		if o["value"] == raw || blockkit.Plain(o["text"]) == raw {
			return o, nil
		}
	}
	return nil, fmt.Errorf("there is no option %q", raw)
}

func options(e Object) []Object {
	var all []Object
	for _, o := range list(e["options"]) {
		all = append(all, object(o))
	}
	for _, g := range list(e["option_groups"]) {
		for _, o := range list(object(g)["options"]) {
			all = append(all, object(o))
		}
	}
	return all
}
