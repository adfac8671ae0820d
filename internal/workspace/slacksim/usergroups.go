package slacksim

import (
	"fmt"
	"slices"
)

// subteam is the user group object of the API.
func (w *Workspace) subteam(g *Group, users bool) Object {
	deleted := int64(0)
	if g.Disabled {
		deleted = w.now().Unix()
	}
	o := Object{
		"id": g.ID, "team_id": w.opt.Team.ID, "is_usergroup": true, "is_subteam": true, "is_external": false, "name": g.Name,
		"handle": g.Handle, "description": "", "date_create": 0, "date_update": 0, "date_delete": deleted,
		"auto_provision": false, "enterprise_subteam_id": "", "user_count": len(g.Users),
		"prefs": Object{"channels": []any{}, "groups": []any{}},
	}
	if users {
		o["users"] = append([]string{}, g.Users...)
	}
	return o
}

func (w *Workspace) groupList(c *call) (Object, error) {
	all := []any{}
	for _, g := range w.groups {
		if !g.Disabled || c.truth("include_disabled") {
			all = append(all, w.subteam(g, c.truth("include_users")))
		}
	}
	return Object{"usergroups": all}, nil
}

func (w *Workspace) groupUsers(c *call) (Object, error) {
	for _, g := range w.groups {
		if g.ID == c.str("usergroup") && (!g.Disabled || c.truth("include_disabled")) {
			return Object{"users": append([]string{}, g.Users...)}, nil
		}
	}
	return nil, fail("no_such_subteam")
}

// SetGroup makes the given people the members of a group, and emits the
// events an administrator's change would.
func (w *Workspace) SetGroup(handle string, users ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.group(handle)
	if g == nil {
		return fmt.Errorf("there is no group %q", handle)
	}
	ids, err := w.userIDs(users)
	if err != nil {
		return err
	}
	added, removed := without(ids, g.Users), without(g.Users, ids)
	g.Users = ids
	at := w.now().Unix()
	w.emit("subteam_members_changed", Object{
		"type": "subteam_members_changed", "subteam_id": g.ID, "team_id": w.opt.Team.ID,
		"date_previous_update": 0, "date_update": at, "event_ts": w.newTS(),
		"added_users": added, "added_users_count": len(added), "removed_users": removed, "removed_users_count": len(removed),
	})
	w.emit("subteam_updated", Object{"type": "subteam_updated", "subteam": w.subteam(g, true), "event_ts": w.newTS()})
	w.changed(event{Type: "reset"})
	return nil
}

// without is the first list less the second.
func without(list, less []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(less, s) {
			out = append(out, s)
		}
	}
	return out
}
