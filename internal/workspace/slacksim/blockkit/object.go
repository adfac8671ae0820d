package blockkit

// plain is a plain_text object of limited length.
func plain(most int) rule {
	shape := object(typed(fields{"text": must(str(1, most)), "emoji": may(boolean)}))
	return kinds(map[string]rule{"plain_text": shape})
}

// formatted is a text object of either type.
func formatted(most int) rule {
	return kinds(map[string]rule{
		"plain_text": object(typed(fields{"text": must(str(1, most)), "emoji": may(boolean), "verbatim": may(boolean)})),
		"mrkdwn":     object(typed(fields{"text": must(str(1, most)), "verbatim": may(boolean)})),
	})
}

func confirm() rule {
	return object(fields{
		"title": must(plain(100)), "text": must(formatted(300)), "confirm": must(plain(30)),
		"deny": must(plain(30)), "style": may(oneOf("primary", "danger")),
	})
}

// option is a choice; in overflow menus it may carry a url.
func option(label func(int) rule) rule {
	return object(fields{
		"text": must(label(75)), "value": must(str(1, 150)), "description": may(label(75)), "url": may(link(3000)),
	})
}

func optionGroup() rule {
	return object(fields{"label": must(plain(75)), "options": must(array(1, 100, option(plain)))})
}

func dispatchConfig() rule {
	return object(fields{"trigger_actions_on": must(array(1, 2, oneOf("on_enter_pressed", "on_character_entered")))})
}

func conversationFilter() rule {
	return all(atLeastOne("include", "exclude_external_shared_channels", "exclude_bot_users"), object(fields{
		"include":                          may(array(1, 4, oneOf("im", "mpim", "private", "public"))),
		"exclude_external_shared_channels": may(boolean), "exclude_bot_users": may(boolean),
	}))
}

func slackFile() rule {
	return all(exactlyOne("id", "url"), object(fields{"id": may(str(1, 255)), "url": may(link(3000))}))
}
