package slacksim

import (
	"errors"
	"fmt"
	"strings"
)

var errArchived = errors.New("the channel is archived")

// enterable finds a channel a person may write in.
func (w *Workspace) enterable(u *User, ref string) (*Channel, error) {
	ch := w.findChannel(ref, u.ID)
	switch {
	case ch == nil:
		return nil, fmt.Errorf("there is no channel %q", ref)
	case !ch.has(u.ID):
		return nil, fmt.Errorf("%s is not in channel %q", u.Name, ref)
	case u.Deleted:
		return nil, fmt.Errorf("%s is deactivated", u.Name)
	}
	return ch, nil
}

// say posts what a person typed.
func (w *Workspace) say(u *User, ch *Channel, thread, line string) (*Message, error) {
	if ch.IsArchived {
		return nil, errArchived
	}
	if strings.TrimSpace(line) == "" {
		return nil, errors.New("there is nothing to say")
	}
	body := w.typed(line)
	m := &Message{
		Type: "message", User: u.ID, Team: u.TeamID, ClientMsgID: w.newUUID(),
		Text: body, Blocks: w.richText(body), ThreadTS: thread,
	}
	if thread != "" {
		parent := w.message(ch.ID, thread)
		if parent == nil {
			return nil, fmt.Errorf("there is no message %s to reply to", thread)
		}
		if parent.inThreadOnly() {
			m.ThreadTS = parent.ThreadTS
		}
	}
	w.add(ch, m)
	if bot := w.opt.App.BotUserID; mentions(body, bot) && !ch.has(bot) && !ch.IsIM {
		w.notice(ch, u.ID, m.ThreadTS, "You mentioned <@"+bot+">, but they’re not in this channel. Invite them with /invite.")
	}
	return m, nil
}

// openHome opens the app's home tab, or its messages tab.
func (w *Workspace) openHome(u *User, tab string) *Channel {
	ch := w.direct(u.ID, w.opt.App.BotUserID)
	e := Object{"type": "app_home_opened", "user": u.ID, "channel": ch.ID, "event_ts": w.newTS(), "tab": tab}
	if v := w.homes[u.ID]; v != nil && tab == "home" {
		e["view"] = w.payload(v)
	}
	w.emit("app_home_opened", e)
	return ch
}
