package blockkit

import (
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ValueKey names the property in which each kind of control keeps its value;
// controls without one have no state.
func ValueKey(kind string) string {
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
func initial(e map[string]any) map[string]any {
	kind, _ := e["type"].(string)
	key := ValueKey(kind)
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
	return map[string]any{"type": kind, key: value}
}

// Carry is the state of blocks: what was there before, else initial values.
func Carry(before map[string]map[string]any, blocks []any) map[string]map[string]any {
	state := map[string]map[string]any{}
	for _, p := range Elements(blocks) {
		id, _ := p.Element["action_id"].(string)
		value := initial(p.Element)
		if old, ok := before[p.BlockID][id].(map[string]any); ok && old["type"] == p.Element["type"] {
			value = old
		}
		if value == nil {
			continue
		}
		if state[p.BlockID] == nil {
			state[p.BlockID] = map[string]any{}
		}
		state[p.BlockID][id] = value
	}
	return state
}

// Complaint is what Slack's client says about an input before it submits,
// empty when it is content.
func Complaint(p Placed, state any) string {
	kind, _ := p.Element["type"].(string)
	entered, _ := state.(map[string]any)
	value := entered[ValueKey(kind)]
	chosen, isList := value.([]any)
	if value == nil || value == "" || (isList && len(chosen) == 0) {
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

func checkEntry(e map[string]any, s string) string {
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

func checkNumber(e map[string]any, s string) string {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || (e["is_decimal_allowed"] != true && v != float64(int64(v))) {
		return "Please enter a valid number."
	}
	if least, err := strconv.ParseFloat(fmt.Sprint(e["min_value"]), 64); err == nil && v < least {
		return fmt.Sprintf("Please enter a number of at least %v.", least)
	}
	if most, err := strconv.ParseFloat(fmt.Sprint(e["max_value"]), 64); err == nil && v > most {
		return fmt.Sprintf("Please enter a number of at most %v.", most)
	}
	return ""
}
