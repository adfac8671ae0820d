package slacksim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// conversation is the channel object of the API.
func (w *Workspace) conversation(c *Channel, members bool) Object {
	o := Object{
		"id": c.ID, "created": c.Created, "is_archived": c.IsArchived, "is_im": c.IsIM, "is_mpim": c.IsMPIM,
		"is_channel": !c.IsIM && !c.IsMPIM && !c.IsPrivate, "is_group": c.IsPrivate && !c.IsMPIM,
		"is_private": c.IsPrivate || c.IsIM || c.IsMPIM, "is_general": c.IsGeneral,
		"is_shared": c.IsExtShared, "is_ext_shared": c.IsExtShared, "is_org_shared": false, "is_pending_ext_shared": false,
		"context_team_id": w.opt.Team.ID, "unlinked": 0,
	}
	if members {
		o["num_members"] = len(c.Members)
	}
	if c.IsIM {
		o["user"] = w.peer(c)
		o["is_user_deleted"] = w.user(w.peer(c)).Deleted
		return o
	}
	o["name"], o["name_normalized"] = c.Name, c.Name
	o["creator"] = ""
	o["is_member"] = c.has(w.opt.App.BotUserID)
	o["topic"] = Object{"value": c.Topic, "creator": "", "last_set": 0}
	o["purpose"] = Object{"value": c.Purpose, "creator": "", "last_set": 0}
	return o
}

// peer is the other person of a direct conversation with the bot.
func (w *Workspace) peer(c *Channel) string {
	for _, m := range c.Members {
		if m != w.opt.App.BotUserID {
			return m
		}
	}
	return w.opt.App.BotUserID
}

// readable finds a channel whose facts the bot may know, with the scope its
// kind asks for.
func (w *Workspace) readable(c *call, verb string) (*Channel, error) {
	ch := w.channel(c.str("channel"))
	if ch == nil || (!ch.open() && !ch.has(w.opt.App.BotUserID)) {
		return nil, fail("channel_not_found")
	}
	return ch, w.scoped(ch.family() + ":" + verb)
}

func (w *Workspace) conversationInfo(c *call) (Object, error) {
	ch, err := w.readable(c, "read")
	if err != nil {
		return nil, err
	}
	return Object{"channel": w.conversation(ch, c.truth("include_num_members"))}, nil
}

func (w *Workspace) conversationMembers(c *call) (Object, error) {
	ch, err := w.readable(c, "read")
	if err != nil {
		return nil, err
	}
	some, next, err := page(c, ch.Members, 100)
	if err != nil {
		return nil, err
	}
	return Object{"members": some, "response_metadata": Object{"next_cursor": next}}, nil
}

func (w *Workspace) conversationJoin(c *call) (Object, error) {
	ch := w.channel(c.str("channel"))
	switch {
	case ch == nil:
		return nil, fail("channel_not_found")
	case !ch.open():
		return nil, fail("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, fail("is_archived")
	}
	out := Object{"channel": w.conversation(ch, false)}
	if ch.has(w.opt.App.BotUserID) {
		out["warning"] = "already_in_channel"
		return out, nil
	}
	w.join(ch, w.opt.App.BotUserID)
	out["channel"] = w.conversation(ch, false)
	return out, nil
}

func (w *Workspace) join(ch *Channel, user string) {
	ch.Members = append(slices.Clone(ch.Members), user)
	said := "<@" + user + "> has joined the channel"
	w.add(ch, &Message{Type: "message", Subtype: "channel_join", User: user, Text: said, Team: w.opt.Team.ID})
	w.emit("member_joined_channel", Object{
		"type": "member_joined_channel", "user": user, "channel": ch.ID, "channel_type": "C",
		"team": w.opt.Team.ID, "event_ts": w.newTS(),
	})
}

func (w *Workspace) conversationList(c *call) (Object, error) {
	return w.listChannels(c, func(ch *Channel) bool { return ch.open() || ch.has(w.opt.App.BotUserID) })
}

func (w *Workspace) userConversations(c *call) (Object, error) {
	who := c.str("user")
	or(&who, w.opt.App.BotUserID)
	if w.user(who) == nil {
		return nil, fail("user_not_found")
	}
	return w.listChannels(c, func(ch *Channel) bool {
		return ch.has(who) && (ch.open() || ch.has(w.opt.App.BotUserID))
	})
}

func (w *Workspace) listChannels(c *call, shown func(*Channel) bool) (Object, error) {
	wanted := c.str("types")
	or(&wanted, "public_channel")
	families := map[string]string{"public_channel": "channels", "private_channel": "groups", "mpim": "mpim", "im": "im"}
	var kinds []string
	for _, t := range strings.Split(wanted, ",") {
		family := families[strings.TrimSpace(t)]
		if family == "" {
			return nil, fail("invalid_types")
		}
		if err := w.scoped(family + ":read"); err != nil {
			return nil, err
		}
		kinds = append(kinds, family)
	}
	var found []any
	for _, ch := range w.channels {
		if shown(ch) && slices.Contains(kinds, ch.family()) && !(c.truth("exclude_archived") && ch.IsArchived) {
			found = append(found, w.conversation(ch, true))
		}
	}
	some, next, err := page(c, found, 100)
	if err != nil {
		return nil, err
	}
	return Object{"channels": some, "response_metadata": Object{"next_cursor": next}}, nil
}

func (w *Workspace) conversationOpen(c *call) (Object, error) {
	if id := c.str("channel"); id != "" {
		ch := w.channel(id)
		if ch == nil || !ch.has(w.opt.App.BotUserID) || ch.open() {
			return nil, fail("channel_not_found")
		}
		return w.opened(c, ch, true), nil
	}
	people := []string{w.opt.App.BotUserID}
	for _, id := range strings.FieldsFunc(c.str("users"), func(r rune) bool { return r == ',' || r == ' ' }) {
		u := w.user(id)
		switch {
		case u == nil:
			return nil, fail("user_not_found")
		case u.Deleted:
			return nil, fail("user_disabled")
		case u.IsBot:
			return nil, fail("cannot_dm_bot")
		}
		people = append(people, id)
	}
	switch {
	case len(people) == 1:
		return nil, fail("users_list_not_supplied")
	case len(people) > 9:
		return nil, fail("too_many_users")
	}
	scope := "im:write"
	if len(people) > 2 {
		scope = "mpim:write"
	}
	if err := w.scoped(scope); err != nil {
		return nil, err
	}
	before := len(w.channels)
	ch := w.direct(people...)
	return w.opened(c, ch, len(w.channels) == before), nil
}

func (w *Workspace) opened(c *call, ch *Channel, already bool) Object {
	out := Object{"channel": Object{"id": ch.ID}}
	if c.truth("return_im") {
		out["channel"] = w.conversation(ch, false)
	}
	if already {
		out["no_op"], out["already_open"] = true, true
	}
	return out
}

func (w *Workspace) history(c *call) (Object, error) {
	ch, err := w.readableHistory(c)
	if err != nil {
		return nil, err
	}
	var found []Message
	for _, m := range slices.Backward(w.messages[ch.ID]) {
		if !m.inThreadOnly() && within(c, m.TS) {
			found = append(found, m.forApps(c.truth("include_all_metadata")))
		}
	}
	some, next, err := page(c, found, 100)
	if err != nil {
		return nil, err
	}
	return Object{"messages": some, "has_more": next != "", "pin_count": len(ch.pins), "response_metadata": Object{"next_cursor": next}}, nil
}

func (w *Workspace) replies(c *call) (Object, error) {
	ch, err := w.readableHistory(c)
	if err != nil {
		return nil, err
	}
	parent := w.message(ch.ID, c.str("ts"))
	if parent == nil {
		return nil, fail("thread_not_found")
	}
	var found []Message
	for _, m := range w.thread(ch.ID, parent) {
		if m == parent || within(c, m.TS) {
			found = append(found, m.forApps(c.truth("include_all_metadata")))
		}
	}
	some, next, err := page(c, found, 1000)
	if err != nil {
		return nil, err
	}
	return Object{"messages": some, "has_more": next != "", "response_metadata": Object{"next_cursor": next}}, nil
}

// thread is a message and its replies, oldest first.
func (w *Workspace) thread(channel string, parent *Message) []*Message {
	all := []*Message{parent}
	for _, m := range w.messages[channel] {
		if m.ThreadTS == parent.TS && m != parent {
			all = append(all, m)
		}
	}
	return all
}

func (w *Workspace) readableHistory(c *call) (*Channel, error) {
	ch, err := w.readable(c, "history")
	if err != nil {
		return nil, err
	}
	if !ch.has(w.opt.App.BotUserID) {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

func within(c *call, ts string) bool {
	oldest, latest := c.str("oldest"), c.str("latest")
	if c.truth("inclusive") && (ts == oldest || ts == latest) {
		return true
	}
	return (oldest == "" || number(ts) > number(oldest)) && (latest == "" || number(ts) < number(latest))
}

func number(ts string) float64 {
	f, _ := strconv.ParseFloat(ts, 64)
	return f
}

// page cuts one page out of a list by cursor and limit.
func page[T any](c *call, all []T, usual int) ([]T, string, error) {
	start, size := 0, usual
	if cur := c.str("cursor"); cur != "" {
		b, err := base64.StdEncoding.DecodeString(cur)
		at, ok := strings.CutPrefix(string(b), "next:")
		start, _ = strconv.Atoi(at)
		if err != nil || !ok || start < 0 || start > len(all) {
			return nil, "", fail("invalid_cursor")
		}
	}
	if l := c.str("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 0 || n > 1000 {
			return nil, "", fail("invalid_limit")
		}
		if n > 0 {
			size = n
		}
	}
	if all == nil {
		all = []T{}
	}
	end := min(start+size, len(all))
	next := ""
	if end < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(end)))
	}
	return all[start:end], next, nil
}
