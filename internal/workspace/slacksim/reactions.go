package slacksim

import (
	"regexp"
	"slices"
)

var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]+(::skin-tone-[2-6])?$`)

// reactable finds the message of a reactions or pins call.
func (w *Workspace) reactable(c *call) (*Message, *Channel, error) {
	ch := w.channel(c.str("channel"))
	if ch == nil || (!ch.open() && !ch.has(w.opt.App.BotUserID)) {
		return nil, nil, fail("channel_not_found")
	}
	if !ch.has(w.opt.App.BotUserID) {
		return nil, nil, fail("not_in_channel")
	}
	m := w.message(ch.ID, c.str("timestamp"))
	if m == nil {
		return nil, nil, fail("message_not_found")
	}
	return m, ch, nil
}

func (w *Workspace) reactionAdd(c *call) (Object, error) {
	m, ch, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	name := c.str("name")
	switch {
	case !emojiName.MatchString(name):
		return nil, fail("invalid_name")
	case len(m.reactionsOf(w.opt.App.BotUserID)) >= reactionLimit && !slices.Contains(m.reactionsOf(w.opt.App.BotUserID), name):
		return nil, fail("too_many_reactions")
	case !w.react(ch, m, w.opt.App.BotUserID, name):
		return nil, fail("already_reacted")
	}
	return nil, nil
}

// reactionLimit is how many emoji one may add to a message.
const reactionLimit = 23

// reactionsOf are the emoji somebody added to the message.
func (m *Message) reactionsOf(user string) []string {
	var names []string
	for _, r := range m.Reactions {
		if slices.Contains(r.Users, user) {
			names = append(names, r.Name)
		}
	}
	return names
}

// react adds a reaction; false means it was there.
func (w *Workspace) react(ch *Channel, m *Message, user, name string) bool {
	all := slices.Clone(m.Reactions)
	i := slices.IndexFunc(all, func(r Reaction) bool { return r.Name == name })
	if i < 0 {
		all = append(all, Reaction{Name: name})
		i = len(all) - 1
	}
	if slices.Contains(all[i].Users, user) {
		return false
	}
	all[i].Users = append(slices.Clone(all[i].Users), user)
	all[i].Count = len(all[i].Users)
	m.Reactions = all
	w.reacted("reaction_added", ch, m, user, name)
	return true
}

func (w *Workspace) reactionRemove(c *call) (Object, error) {
	m, ch, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	switch {
	case !emojiName.MatchString(c.str("name")):
		return nil, fail("invalid_name")
	case !w.unreact(ch, m, w.opt.App.BotUserID, c.str("name")):
		return nil, fail("no_reaction")
	}
	return nil, nil
}

// unreact takes a reaction away; false means there was none.
func (w *Workspace) unreact(ch *Channel, m *Message, user, name string) bool {
	var all []Reaction
	found := false
	for _, r := range m.Reactions {
		if r.Name == name && slices.Contains(r.Users, user) {
			found = true
			r.Users = without(r.Users, []string{user})
			r.Count = len(r.Users)
		}
		if r.Count > 0 {
			all = append(all, r)
		}
	}
	if found {
		m.Reactions = all
		w.reacted("reaction_removed", ch, m, user, name)
	}
	return found
}

func (w *Workspace) reacted(kind string, ch *Channel, m *Message, user, name string) {
	w.changed(event{Type: "message", channel: ch, data: Object{"channel": ch.ID, "message": m}})
	if !ch.has(w.opt.App.BotUserID) {
		return
	}
	w.emit(kind, Object{
		"type": kind, "user": user, "reaction": name, "item_user": m.User, "event_ts": w.newTS(),
		"item": Object{"type": "message", "channel": ch.ID, "ts": m.TS},
	})
}

func (w *Workspace) reactionList(c *call) (Object, error) {
	m, ch, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	return Object{"type": "message", "channel": ch.ID, "message": m.forApps(false)}, nil
}

func (w *Workspace) pinAdd(c *call) (Object, error) {
	m, ch, err := w.reactable(c)
	if err != nil {
		return nil, err
	}
	if ch.pins[m.TS] {
		return nil, fail("already_pinned")
	}
	if len(ch.pins) >= 100 {
		return nil, fail("too_many_pins")
	}
	ch.pins[m.TS] = true
	return nil, nil
}
