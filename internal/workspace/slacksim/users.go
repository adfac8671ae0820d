package slacksim

import (
	"fmt"
	"strings"
)

// account is the user object of the API.
func (w *Workspace) account(u *User) Object {
	profile := Object{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
		"display_name_normalized": u.Name, "title": u.Title, "team": u.TeamID, "avatar_hash": u.Initials,
	}
	if w.granted("users:read.email") && u.Email != "" {
		profile["email"] = u.Email
	}
	if u.ID == w.opt.App.BotUserID {
		profile["bot_id"], profile["api_app_id"] = w.opt.App.BotID, w.opt.App.ID
	}
	return Object{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "color": u.Color, "deleted": u.Deleted,
		"tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0, "profile": profile,
		"is_admin": u.IsAdmin, "is_owner": false, "is_primary_owner": false, "is_bot": u.IsBot, "is_app_user": false,
		"is_restricted": u.IsRestricted, "is_ultra_restricted": u.IsUltraRestricted, "is_stranger": u.IsStranger,
		"updated": w.now().Unix(), "has_2fa": false,
	}
}

func (w *Workspace) userInfo(c *call) (Object, error) {
	u := w.user(c.str("user"))
	if u == nil {
		return nil, fail("user_not_found")
	}
	return Object{"user": w.account(u)}, nil
}

func (w *Workspace) userByEmail(c *call) (Object, error) {
	for _, u := range w.users {
		if u.Email != "" && strings.EqualFold(u.Email, c.str("email")) && !u.Deleted {
			return Object{"user": w.account(u)}, nil
		}
	}
	return nil, fail("users_not_found")
}

func (w *Workspace) userList(c *call) (Object, error) {
	var all []any
	for _, u := range w.users {
		if !u.IsStranger {
			all = append(all, w.account(u))
		}
	}
	some, next, err := page(c, all, 1000)
	if err != nil {
		return nil, err
	}
	return Object{"members": some, "cache_ts": w.now().Unix(), "response_metadata": Object{"next_cursor": next}}, nil
}

func (w *Workspace) setDeleted(ref string, deleted bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.findUser(ref)
	if u == nil {
		return fmt.Errorf("there is no user %q", ref)
	}
	u.Deleted = deleted
	w.emit("user_change", Object{"type": "user_change", "user": w.account(u), "cache_ts": w.now().Unix(), "event_ts": w.newTS()})
	w.changed(event{Type: "reset"})
	return nil
}
