package blockkit

// block adds what every block has to the properties of one kind.
func block(f fields) rule { return object(typed(f).with(fields{"block_id": may(str(1, 255))})) }

// blocks are the kinds of block by surface.
func blocks(s Surface) map[string]rule {
	found := map[string]rule{
		"divider": block(nil),
		"header":  block(fields{"text": must(plain(150)), "level": may(number(1, 4))}),
		"section": all(atLeastOne("text", "fields"), block(fields{
			"text": may(formatted(3000)), "fields": may(array(1, 10, formatted(2000))),
			"accessory": may(kinds(merge(pickers(), map[string]rule{"image": image()}))), "expand": may(boolean),
		})),
		"context": block(fields{"elements": must(array(1, 10, kinds(map[string]rule{
			"plain_text": formatted(3000), "mrkdwn": formatted(3000), "image": image(),
		})))}),
		"actions":         block(fields{"elements": must(all(array(1, 25, kinds(pickers())), uniqueActions))}),
		"context_actions": block(fields{"elements": must(all(array(1, 5, kinds(contextActions())), uniqueActions))}),
		"image": all(exactlyOne("image_url", "slack_file"), block(fields{
			"image_url": may(link(3000)), "slack_file": may(slackFile()), "alt_text": must(str(1, 2000)), "title": may(plain(2000)),
		})),
		"input": block(fields{
			"label": must(plain(2000)), "element": must(kinds(inputs(s))), "hint": may(plain(2000)),
			"optional": may(boolean), "dispatch_action": may(boolean),
		}),
		"rich_text": block(fields{"elements": must(array(1, 1000, kinds(richText())))}),
		"video": block(fields{
			"title": must(plain(200)), "title_url": may(link(3000)), "video_url": must(link(3000)), "thumbnail_url": must(link(3000)),
			"alt_text": must(str(1, 200)), "author_name": may(str(1, 50)), "provider_name": may(str(1, 50)),
			"provider_icon_url": may(link(3000)), "description": may(plain(200)),
		}),
	}
	if s == Message {
		return merge(found, messageBlocks())
	}
	return found
}

// messageBlocks are the kinds only messages show.
func messageBlocks() map[string]rule {
	return map[string]rule{
		"file":     block(fields{"external_id": must(str(1, 255)), "source": must(oneOf("remote"))}),
		"markdown": block(fields{"text": must(str(1, 12000))}),
		"table": block(fields{
			"rows":            must(array(1, 100, array(1, 20, kinds(cells())))),
			"column_settings": may(array(0, 20, anything)),
		}),
		"data_table": all(equalRows, block(fields{
			"rows": must(array(2, 101, array(1, 20, kinds(cells())))), "caption": must(anything),
			"page_size": may(number(1, 100)), "column_settings": may(array(0, 20, anything)), "row_header_column_index": may(anything),
		})),
		"data_visualization": block(fields{"title": must(str(1, 50)), "chart": must(anything)}),
		"task_card": block(fields{
			"task_id": must(str(1, 255)), "title": must(str(1, 255)), "status": may(oneOf("pending", "in_progress", "complete", "error")),
			"details": may(anything), "output": may(anything), "sources": may(anything), "hide_title": may(boolean),
		}),
		"plan": block(fields{"title": must(anything), "tasks": may(array(0, 100, anything)), "plan_id": may(str(1, 255))}),
	}
}

func cells() map[string]rule {
	value := object(typed(fields{"text": may(str(1, 3000)), "value": may(anything)}))
	rich := object(typed(fields{"elements": must(array(1, 1000, kinds(richText()))), "block_id": may(str(1, 255))}))
	return map[string]rule{"raw_text": value, "raw_number": value, "rich_text": rich}
}

// equalRows fails when the rows of a table differ in length.
func equalRows(k *checker, v any, at string) {
	o, _ := v.(map[string]any)
	rows, _ := o["rows"].([]any)
	width := -1
	for _, r := range rows {
		cells, _ := r.([]any)
		if width >= 0 && len(cells) != width {
			k.fail(at+"/rows", "rows must have the same number of cells")
			return
		}
		width = len(cells)
	}
}

func richText() map[string]rule {
	inline := array(0, 1000, kinds(richElements()))
	section := object(typed(fields{"elements": must(inline)}))
	boxed := fields{"elements": must(inline), "border": may(number(0, 1)), "language": may(str(1, 50))}
	return map[string]rule{
		"rich_text_section":      section,
		"rich_text_quote":        object(typed(boxed)),
		"rich_text_preformatted": object(typed(boxed)),
		"rich_text_list": object(typed(fields{
			"elements": must(array(1, 1000, kinds(map[string]rule{"rich_text_section": section}))), "style": must(oneOf("bullet", "ordered")),
			"indent": may(number(0, 8)), "offset": may(number(0, 1e6)), "border": may(number(0, 1)),
		})),
	}
}

func richElements() map[string]rule {
	style := may(anything)
	shape := func(f fields) rule { return object(typed(f).with(fields{"style": style})) }
	return map[string]rule{
		"text":      shape(fields{"text": must(str(1, 40000))}),
		"link":      shape(fields{"url": must(link(3000)), "text": may(str(0, 3000)), "unsafe": may(boolean)}),
		"emoji":     shape(fields{"name": must(str(1, 255)), "unicode": may(str(1, 255)), "skin_tone": may(anything)}),
		"user":      shape(fields{"user_id": must(str(1, 255))}),
		"usergroup": shape(fields{"usergroup_id": must(str(1, 255))}),
		"channel":   shape(fields{"channel_id": must(str(1, 255))}),
		"team":      shape(fields{"team_id": must(str(1, 255))}),
		"broadcast": shape(fields{"range": must(oneOf("here", "channel", "everyone"))}),
		"color":     shape(fields{"value": must(str(1, 50))}),
		"date": shape(fields{
			"timestamp": must(number(0, 1e11)), "format": must(str(1, 255)), "url": may(link(3000)), "fallback": may(str(1, 3000)),
		}),
	}
}

func merge(a, b map[string]rule) map[string]rule {
	for k, v := range b {
		a[k] = v
	}
	return a
}
