package slacksim

import (
	"regexp"
	"strings"
)

var (
	handle  = regexp.MustCompile(`(^|[\s(,;:])@([A-Za-z0-9][A-Za-z0-9._-]*)`)
	hashtag = regexp.MustCompile(`(^|[\s(,;:])#([a-z0-9][a-z0-9_-]*)`)
	webLink = regexp.MustCompile(`(^|[^<|"\w])(https?://[^\s<>|]+)`)
	escaped = regexp.MustCompile(`<(?:[@#!][^<>\s][^<>]*|(?:https?://|mailto:|tel:|slack:)[^<>]*)>`)
	entity  = regexp.MustCompile(`&(?:amp|lt|gt);|[&<>]`)
)

// entities escapes the three characters Slack escapes.
func entities(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// typed turns what a person typed into message text: entities, mentions of
// people, groups, channels and everybody, and links.
func (w *Workspace) typed(s string) string { return w.link(entities(s), w.bareMention, "") }

// commandText is what an app receives after the command's name.
func (w *Workspace) commandText(s string, escape bool) string {
	if !escape {
		return entities(s)
	}
	mention := w.bareMention
	if w.opt.NamesInMentions {
		mention = func(u *User) string { return "<@" + u.ID + "|" + u.Name + ">" }
	}
	return w.link(entities(s), mention, "|")
}

func (w *Workspace) bareMention(u *User) string { return "<@" + u.ID + ">" }

// link replaces names in already escaped text. With a separator, groups and
// channels carry their names too. What people paste as an id in brackets has
// been escaped before, and stays text.
func (w *Workspace) link(s string, mention func(*User) string, sep string) string {
	s = handle.ReplaceAllStringFunc(s, func(m string) string {
		p := handle.FindStringSubmatch(m)
		name := strings.TrimRight(p[2], "._-")
		rest := p[2][len(name):]
		switch g := w.group(name); {
		case name == "here" || name == "channel" || name == "everyone":
			return p[1] + "<!" + name + ">" + rest
		case w.userNamed(name) != nil:
			return p[1] + mention(w.userNamed(name)) + rest
		case g != nil && sep != "":
			return p[1] + "<!subteam^" + g.ID + "|@" + g.Handle + ">" + rest
		case g != nil:
			return p[1] + "<!subteam^" + g.ID + ">" + rest
		}
		return m
	})
	s = hashtag.ReplaceAllStringFunc(s, func(m string) string {
		p := hashtag.FindStringSubmatch(m)
		c := w.channelNamed(p[2])
		switch {
		case c == nil:
			return m
		case c.IsPrivate:
			return p[1] + "<#" + c.ID + "|>"
		}
		return p[1] + "<#" + c.ID + "|" + c.Name + ">"
	})
	return linkURLs(s)
}

// linkURLs writes bare addresses as <address>, leaving what is in brackets.
func linkURLs(s string) string {
	var out strings.Builder
	for _, part := range splitEscaped(s) {
		if strings.HasPrefix(part, "<") && strings.HasSuffix(part, ">") {
			out.WriteString(part)
			continue
		}
		out.WriteString(webLink.ReplaceAllStringFunc(part, func(m string) string {
			p := webLink.FindStringSubmatch(m)
			address := strings.TrimRight(p[2], ".,;:!?)")
			return p[1] + "<" + address + ">" + p[2][len(address):]
		}))
	}
	return out.String()
}

// splitEscaped cuts text into pieces in angle brackets and pieces between.
func splitEscaped(s string) []string {
	var parts []string
	last := 0
	for _, at := range escaped.FindAllStringIndex(s, -1) {
		if at[0] > last {
			parts = append(parts, s[last:at[0]])
		}
		parts = append(parts, s[at[0]:at[1]])
		last = at[1]
	}
	if last < len(s) {
		parts = append(parts, s[last:])
	}
	return parts
}

// sanitize is what Slack makes of the text of a call.
func (w *Workspace) sanitize(s string, c *call) string {
	if c.truth("link_names") || c.str("parse") == "full" {
		s = w.link(s, w.bareMention, "")
	}
	return stored(s)
}

// stored is text as Slack keeps it: bare addresses in brackets, and the three
// characters escaped wherever they are no markup.
func stored(s string) string { return linkURLs(escapeStray(s)) }

// escapeStray escapes what is neither an entity nor in brackets.
func escapeStray(s string) string {
	var out strings.Builder
	for _, part := range splitEscaped(s) {
		if escaped.MatchString(part) {
			out.WriteString(part)
			continue
		}
		out.WriteString(entity.ReplaceAllStringFunc(part, func(m string) string {
			if len(m) > 1 {
				return m
			}
			return entities(m)
		}))
	}
	return out.String()
}

// storeTexts does to the mrkdwn texts of blocks, which it changes, what
// stored does to text; verbatim texts get no links.
func storeTexts(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			storeTexts(e)
		}
	case Object:
		s, isText := v["text"].(string)
		if v["type"] == "mrkdwn" && isText {
			v["text"] = escapeStray(s)
			if v["verbatim"] != true {
				v["text"] = stored(s)
			}
			return
		}
		for _, e := range v {
			storeTexts(e)
		}
	}
}

// richText is the block Slack makes of what a person typed.
func (w *Workspace) richText(s string) []any {
	var elements []any
	for _, part := range splitEscaped(s) {
		elements = append(elements, richElement(part))
	}
	return []any{Object{"type": "rich_text", "block_id": w.blockID(), "elements": []any{
		Object{"type": "rich_text_section", "elements": elements},
	}}}
}

func richElement(part string) Object {
	inner := strings.TrimSuffix(strings.TrimPrefix(part, "<"), ">")
	id, _, _ := strings.Cut(inner, "|")
	switch {
	case inner == part:
		return Object{"type": "text", "text": unescape(part)}
	case strings.HasPrefix(id, "@"):
		return Object{"type": "user", "user_id": id[1:]}
	case strings.HasPrefix(id, "#"):
		return Object{"type": "channel", "channel_id": id[1:]}
	case strings.HasPrefix(id, "!subteam^"):
		return Object{"type": "usergroup", "usergroup_id": strings.TrimPrefix(id, "!subteam^")}
	case strings.HasPrefix(id, "!"):
		return Object{"type": "broadcast", "range": id[1:]}
	}
	return Object{"type": "link", "url": id}
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
