package slacksim

import (
	"slices"
	"strings"
)

func (w *Workspace) user(id string) *User {
	for _, u := range w.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (w *Workspace) userNamed(name string) *User {
	for _, u := range w.users {
		if strings.EqualFold(u.Name, name) {
			return u
		}
	}
	return nil
}

// findUser takes an id, a name or an @name.
func (w *Workspace) findUser(ref string) *User {
	if u := w.user(ref); u != nil {
		return u
	}
	return w.userNamed(strings.TrimPrefix(ref, "@"))
}

func (w *Workspace) channel(id string) *Channel {
	for _, c := range w.channels {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (w *Workspace) channelNamed(name string) *Channel {
	for _, c := range w.channels {
		if c.Name == name && c.Name != "" && !c.IsIM {
			return c
		}
	}
	return nil
}

// findChannel takes an id, a name or a #name, and for a person also the @name
// of somebody to talk to directly.
func (w *Workspace) findChannel(ref, person string) *Channel {
	if c := w.channel(ref); c != nil {
		return c
	}
	if name, ok := strings.CutPrefix(ref, "@"); ok && person != "" {
		if u := w.userNamed(name); u != nil {
			return w.direct(person, u.ID)
		}
		return nil
	}
	return w.channelNamed(strings.TrimPrefix(ref, "#"))
}

// direct returns the direct conversation of the given people, opening it if needed.
func (w *Workspace) direct(people ...string) *Channel {
	slices.Sort(people)
	people = slices.Compact(people)
	for _, c := range w.channels {
		if (c.IsIM || c.IsMPIM) && slices.Equal(c.Members, people) {
			return c
		}
	}
	c := &Channel{ID: w.newID("D"), Members: people, IsIM: true, Created: w.now().Unix(), pins: map[string]bool{}}
	if len(people) > 2 {
		c.ID, c.IsIM, c.IsMPIM, c.IsPrivate = w.newID("G"), false, true, true
		c.Name = "mpdm-" + strings.ToLower(c.ID)
	}
	w.channels = append(w.channels, c)
	return c
}

func (w *Workspace) group(ref string) *Group {
	for _, g := range w.groups {
		if g.ID == ref || strings.EqualFold(g.Handle, strings.TrimPrefix(ref, "@")) {
			return g
		}
	}
	return nil
}

func (c *Channel) has(user string) bool { return slices.Contains(c.Members, user) }

// open tells whether everybody may read the channel.
func (c *Channel) open() bool { return !c.IsPrivate && !c.IsIM && !c.IsMPIM }

// kind is the channel_type of message events.
func (c *Channel) kind() string {
	switch {
	case c.IsIM:
		return "im"
	case c.IsMPIM:
		return "mpim"
	case c.IsPrivate:
		return "group"
	}
	return "channel"
}

// family is the prefix of the scopes and event subscriptions of the channel.
func (c *Channel) family() string {
	switch c.kind() {
	case "channel":
		return "channels"
	case "group":
		return "groups"
	}
	return c.kind()
}

// message finds a message of a channel.
func (w *Workspace) message(channel, ts string) *Message {
	i, ok := slices.BinarySearchFunc(w.messages[channel], ts, func(m *Message, ts string) int { return compareTS(m.TS, ts) })
	if !ok {
		return nil
	}
	return w.messages[channel][i]
}

func compareTS(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// whisper finds an ephemeral message.
func (w *Workspace) whisper(channel, ts string) *Message {
	for _, m := range w.whispers[channel] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// Deactivate makes a user deleted, and emits user_change.
func (w *Workspace) Deactivate(user string) error { return w.setDeleted(user, true) }

// Restore undoes Deactivate.
func (w *Workspace) Restore(user string) error { return w.setDeleted(user, false) }
