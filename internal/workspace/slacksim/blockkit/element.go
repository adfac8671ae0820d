package blockkit

// action are the properties every interactive element has.
func action() fields {
	return fields{"type": must(anything), "action_id": may(str(1, 255))}
}

func button() rule {
	return object(action().with(fields{
		"text": must(plain(75)), "value": may(str(0, 2000)), "url": may(link(3000)),
		"style": may(oneOf("primary", "danger")), "confirm": may(confirm()),
		"accessibility_label": may(str(1, 75)), "visible_to_user_ids": may(array(1, 10, str(1, 255))),
	}))
}

// menu are the properties of every select menu.
func menu() fields {
	return action().with(fields{
		"placeholder": may(plain(150)), "confirm": may(confirm()), "focus_on_load": may(boolean),
	})
}

// choices says which list of choices a kind of select takes.
func choices() map[string]fields {
	filtered := fields{"filter": may(conversationFilter()), "default_to_current_conversation": may(boolean)}
	return map[string]fields{
		"static":        {"options": may(array(1, 100, option(plain))), "option_groups": may(array(1, 100, optionGroup()))},
		"external":      {"min_query_length": may(number(0, 3000))},
		"users":         {},
		"channels":      {},
		"conversations": filtered,
	}
}

func selects() map[string]rule {
	initial := map[string]fields{
		"static": {"initial_option": may(option(plain))}, "external": {"initial_option": may(option(plain))},
		"users": {"initial_user": may(str(1, 255))}, "channels": {"initial_channel": may(str(1, 255))},
		"conversations": {"initial_conversation": may(str(1, 255))},
	}
	several := map[string]fields{
		"static": {"initial_options": may(array(1, 100, option(plain)))}, "external": {"initial_options": may(array(1, 100, option(plain)))},
		"users": {"initial_users": may(array(1, 100, str(1, 255)))}, "channels": {"initial_channels": may(array(1, 100, str(1, 255)))},
		"conversations": {"initial_conversations": may(array(1, 100, str(1, 255)))},
	}
	url := fields{"response_url_enabled": may(boolean)}
	found := map[string]rule{}
	for kind, own := range choices() {
		one := menu().with(own).with(initial[kind])
		if kind == "channels" || kind == "conversations" {
			one = one.with(url)
		}
		many := menu().with(own).with(several[kind]).with(fields{"max_selected_items": may(number(1, 1000))})
		found[kind+"_select"], found["multi_"+kind+"_select"] = object(one), object(many)
		if kind == "static" {
			either := exactlyOne("options", "option_groups")
			found["static_select"], found["multi_static_select"] = all(either, object(one)), all(either, object(many))
		}
	}
	return found
}

func picker(initial string, r rule) rule {
	return object(menu().with(fields{initial: may(r), "timezone": may(str(1, 255))}))
}

// pickers are the elements that may stand in actions and beside a section.
func pickers() map[string]rule {
	boxes := fields{
		"options": must(array(1, 10, option(formatted))), "confirm": may(confirm()), "focus_on_load": may(boolean),
	}
	found := selects()
	found["button"] = button()
	found["checkboxes"] = object(action().with(boxes).with(fields{"initial_options": may(array(1, 10, option(formatted)))}))
	found["radio_buttons"] = object(action().with(boxes).with(fields{"initial_option": may(option(formatted))}))
	found["overflow"] = object(action().with(fields{"options": must(array(1, 5, option(plain))), "confirm": may(confirm())}))
	found["datepicker"] = picker("initial_date", str(10, 10))
	found["timepicker"] = picker("initial_time", str(5, 5))
	found["datetimepicker"] = picker("initial_date_time", number(1e9, 1e10))
	found["workflow_button"] = object(action().with(fields{
		"text": must(plain(75)), "workflow": must(anything), "style": may(oneOf("primary", "danger")), "accessibility_label": may(str(1, 75)),
	}))
	return found
}

// entry are the properties of elements people write in.
func entry() fields {
	return menu().with(fields{"dispatch_action_config": may(dispatchConfig()), "initial_value": may(str(0, 3000))})
}

// inputs are the elements an input block may hold.
func inputs(s Surface) map[string]rule {
	found := pickers()
	for _, only := range []string{"button", "overflow", "workflow_button"} {
		delete(found, only)
	}
	found["plain_text_input"] = object(entry().with(fields{
		"multiline": may(boolean), "min_length": may(number(0, 3000)), "max_length": may(number(1, 3000)),
	}))
	found["email_text_input"], found["url_text_input"] = object(entry()), object(entry())
	found["number_input"] = object(entry().with(fields{
		"is_decimal_allowed": must(boolean), "min_value": may(anything), "max_value": may(anything),
	}))
	found["rich_text_input"] = object(entry().with(fields{"initial_value": may(anything)}))
	if s == Modal {
		found["file_input"] = object(action().with(fields{"filetypes": may(array(1, 100, str(1, 20))), "max_files": may(number(1, 10))}))
	}
	return found
}

func image() rule {
	return all(exactlyOne("image_url", "slack_file"), object(typed(fields{
		"image_url": may(link(3000)), "slack_file": may(slackFile()), "alt_text": must(str(1, 2000)),
	})))
}

func contextActions() map[string]rule {
	feedback := object(fields{"text": must(plain(75)), "value": must(str(1, 2000)), "accessibility_label": may(str(1, 75))})
	return map[string]rule{
		"feedback_buttons": object(action().with(fields{"positive_button": must(feedback), "negative_button": must(feedback)})),
		"icon_button": object(action().with(fields{
			"icon": must(str(1, 75)), "text": must(plain(75)), "value": may(str(0, 2000)), "confirm": may(confirm()),
			"accessibility_label": may(str(1, 75)), "visible_to_user_ids": may(array(1, 10, str(1, 255))),
		})),
	}
}
