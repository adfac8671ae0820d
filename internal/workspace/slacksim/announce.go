package slacksim

import "strings"

// announce tells the app of a new message: a message event where it
// subscribed, and app_mention where it is a member and was named. In a direct
// conversation only the message event exists.
func (w *Workspace) announce(ch *Channel, m *Message) {
	if !ch.has(w.opt.App.BotUserID) {
		return
	}
	w.emit("message."+ch.family(), w.messageEvent(ch, m))
	if ch.IsIM || m.User == w.opt.App.BotUserID || !mentions(m.Text, w.opt.App.BotUserID) {
		return
	}
	e := w.messageEvent(ch, m)
	e["type"] = "app_mention"
	delete(e, "channel_type")
	delete(e, "subtype")
	w.emit("app_mention", e)
}

func mentions(text, user string) bool {
	return strings.Contains(text, "<@"+user+">") || strings.Contains(text, "<@"+user+"|")
}

func (w *Workspace) messageEvent(ch *Channel, m *Message) Object {
	e := Object{
		"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": m.Team,
		"channel": ch.ID, "event_ts": m.TS, "channel_type": ch.kind(),
	}
	optional := map[string]string{
		"subtype": m.Subtype, "client_msg_id": m.ClientMsgID, "bot_id": m.BotID,
		"app_id": m.AppID, "thread_ts": m.ThreadTS, "parent_user_id": m.ParentUserID,
	}
	for k, v := range optional {
		if v != "" {
			e[k] = v
		}
	}
	if len(m.Blocks) > 0 {
		e["blocks"] = m.Blocks
	}
	if len(m.Files) > 0 {
		e["files"] = m.Files
	}
	if m.BotProfile != nil {
		e["bot_profile"] = m.BotProfile
	}
	if u := w.user(m.User); u != nil && (u.TeamID != w.opt.Team.ID || ch.IsExtShared) {
		e["user_team"], e["source_team"] = u.TeamID, u.TeamID
	}
	return e
}

func (w *Workspace) announceChange(ch *Channel, before Message, m *Message) {
	if !ch.has(w.opt.App.BotUserID) {
		return
	}
	w.emit("message."+ch.family(), Object{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(),
		"ts": w.newTS(), "event_ts": w.newTS(), "message": m.forApps(false), "previous_message": before,
	})
}

func (w *Workspace) announceDeletion(ch *Channel, before Message) {
	if !ch.has(w.opt.App.BotUserID) {
		return
	}
	w.emit("message."+ch.family(), Object{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(),
		"ts": w.newTS(), "event_ts": w.newTS(), "deleted_ts": before.TS, "previous_message": before,
	})
}
