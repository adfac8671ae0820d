package slacksim

import (
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// valueKey names the property in which each kind of control keeps its value;
// controls without one have no state.
func valueKey(kind string) string {
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return "value"
	case "static_select", "external_select", "radio_buttons":
		return "selected_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options"
	case "users_select":
		return "selected_user"
	case "multi_users_select":
		return "selected_users"
	case "channels_select":
		return "selected_channel"
	case "multi_channels_select":
		return "selected_channels"
	case "conversations_select":
		return "selected_conversation"
	case "multi_conversations_select":
		return "selected_conversations"
	case "datepicker":
		return "selected_date"
	case "timepicker":
		return "selected_time"
	case "datetimepicker":
		return "selected_date_time"
	case "rich_text_input":
		return "rich_text_value"
	case "file_input":
		return "files"
	}
	return ""
}

// initial is the state of a control nobody has touched, nil if it has none.
func initial(e Object) Object {
	kind := text(e["type"])
	key := valueKey(kind)
	if key == "" {
		return nil
	}
	name := "initial_" + strings.TrimPrefix(key, "selected_")
	if key == "rich_text_value" {
		name = "initial_value"
	}
	value := e[name]
	if value == nil && strings.HasSuffix(key, "s") {
		value = []any{}
	}
	return Object{"type": kind, key: value}
}

// entered is the state of a control after a person gave it a value: text, the
// value or label of an option, the name of a user or channel, or a list of them.
func (w *Workspace) entered(e Object, raw any) (Object, error) {
	kind := text(e["type"])
	key := valueKey(kind)
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

// complaint is what Slack's client says about an input before it submits,
// empty when it is content.
func complaint(p blockkit.Placed, state any) string {
	value := object(state)[valueKey(text(p.Element["type"]))]
	empty := value == nil || value == "" || (list(value) != nil && len(list(value)) == 0)
	if empty {
		if p.Block["optional"] == true {
			return ""
		}
		return "Please complete this required field."
	}
	s, isText := value.(string)
	if !isText {
		return ""
	}
	return checkEntry(p.Element, s)
}

func checkEntry(e Object, s string) string {
	n := float64(utf8.RuneCountInString(s))
	switch e["type"] {
	case "plain_text_input":
		if least, ok := e["min_length"].(float64); ok && n < least {
			return fmt.Sprintf("Please enter at least %v characters.", least)
		}
		most, ok := e["max_length"].(float64)
		if !ok {
			most = 3000
		}
		if n > most {
			return fmt.Sprintf("Please enter at most %v characters.", most)
		}
	case "number_input":
		return checkNumber(e, s)
	case "email_text_input":
		if _, err := mail.ParseAddress(s); err != nil {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if !strings.Contains(s, "://") {
			return "Please enter a valid URL."
		}
	}
	return ""
}

func checkNumber(e Object, s string) string {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || (e["is_decimal_allowed"] != true && v != float64(int64(v))) {
		return "Please enter a valid number."
	}
	if least, err := strconv.ParseFloat(written(e["min_value"]), 64); err == nil && v < least {
		return fmt.Sprintf("Please enter a number of at least %v.", least)
	}
	if most, err := strconv.ParseFloat(written(e["max_value"]), 64); err == nil && v > most {
		return fmt.Sprintf("Please enter a number of at most %v.", most)
	}
	return ""
}
