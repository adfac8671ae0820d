package slacksim

import (
	"fmt"
	"net/http"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// serveState answers with everything one person's page shows.
func (w *Workspace) serveState(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	u := w.findUser(r.URL.Query().Get("as"))
	if u == nil && r.URL.Query().Get("as") == "" {
		u = w.users[0]
	}
	if u == nil {
		w.mu.Unlock()
		uiReply(rw, nil, fmt.Errorf("there is no user %q", r.URL.Query().Get("as")))
		return
	}
	out := w.snapshot(u)
	w.mu.Unlock()
	uiReply(rw, out, nil)
}

// snapshot must not hold anything that changes after the lock is gone.
func (w *Workspace) snapshot(u *User) Object {
	w.direct(u.ID, w.opt.App.BotUserID)
	channels, messages, ephemerals := []any{}, Object{}, Object{}
	for _, ch := range w.channels {
		if !ch.open() && !ch.has(u.ID) {
			continue
		}
		channels = append(channels, w.uiChannel(ch, u.ID))
		shown := []Message{}
		for _, m := range w.messages[ch.ID] {
			shown = append(shown, m.forPerson(u.ID))
		}
		messages[ch.ID], ephemerals[ch.ID] = shown, w.whispersOf(u.ID, ch)
	}
	users, groups := []any{}, []any{}
	for _, o := range w.users {
		users = append(users, *o)
	}
	for _, g := range w.groups {
		groups = append(groups, *g)
	}
	return Object{
		"team": w.opt.Team, "app": w.uiApp(), "me": u.ID, "users": users, "groups": groups, "channels": channels,
		"messages": messages, "ephemerals": ephemerals, "views": w.uiViews(u.ID), "home": w.uiView(w.homes[u.ID]),
		"sockets": w.socketList(), "link_disabled": w.linkDisabled, "outage": w.outage, "version": w.version,
	}
}

func (w *Workspace) uiApp() Object {
	a := w.opt.App
	return Object{
		"id": a.ID, "name": a.Name, "bot_user_id": a.BotUserID, "bot_id": a.BotID,
		"commands": append([]Command{}, a.Commands...), "shortcuts": append([]Shortcut{}, a.Shortcuts...),
	}
}

func (w *Workspace) uiChannel(ch *Channel, user string) Object {
	o := Object{
		"id": ch.ID, "name": ch.Name, "is_private": ch.IsPrivate, "is_im": ch.IsIM, "is_mpim": ch.IsMPIM,
		"is_archived": ch.IsArchived, "is_ext_shared": ch.IsExtShared, "is_member": ch.has(user),
		"members": append([]string{}, ch.Members...), "topic": ch.Topic,
	}
	if ch.IsIM {
		for _, m := range ch.Members {
			if m != user {
				o["user"], o["name"] = m, w.user(m).Name
			}
		}
	}
	return o
}

// uiViews is a person's stack of modals, root first.
func (w *Workspace) uiViews(user string) []any {
	all := []any{}
	for _, v := range w.stacks[user] {
		all = append(all, w.uiView(v))
	}
	return all
}

// uiView is a view with what only its person sees.
func (w *Workspace) uiView(v *View) any {
	if v == nil {
		return nil
	}
	o := w.payload(v)
	o["state"] = Object{"values": blockkit.Carry(v.State, v.Blocks)}
	delete(o, "private_metadata")
	o["errors"], o["trouble"], o["troubles"] = v.Errors, v.Trouble, append([]Trouble{}, v.troubles...)
	return o
}
