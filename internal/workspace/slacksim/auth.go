package slacksim

import (
	"net/http"
	"slices"
	"strings"
)

// allScopes is what an app without a list of its own is granted.
func allScopes() []string {
	return []string{
		"app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write",
		"commands", "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read",
		"im:write", "mpim:history", "mpim:read", "mpim:write", "pins:write", "reactions:read",
		"reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
	}
}

// authorize checks the kind of token, the token, and the scopes.
func (w *Workspace) authorize(c *call, e endpoint) error {
	if c.method == "api.test" || (c.method == "blocks.validate" && c.token == "") {
		return nil
	}
	if e.app && c.req.Method != http.MethodPost {
		return fail("insecure_request")
	}
	if c.token == "" || (e.app && !c.header) {
		return fail("not_authed")
	}
	wanted, other := w.opt.App.BotToken, w.opt.App.AppToken
	if e.app {
		wanted, other = other, wanted
	}
	switch {
	case c.token == other, e.app && strings.HasPrefix(c.token, "xoxb-"), !e.app && strings.HasPrefix(c.token, "xapp-"):
		return fail("not_allowed_token_type")
	case c.token != wanted:
		return fail("invalid_auth")
	case w.revoked:
		return fail("token_revoked")
	case e.app:
		return nil
	}
	if bot := w.user(w.opt.App.BotUserID); bot.Deleted {
		return fail("account_inactive")
	}
	return w.scoped(e.scopes...)
}

// scoped fails unless one of the scopes is granted.
func (w *Workspace) scoped(scopes ...string) error {
	if len(scopes) == 0 {
		return nil
	}
	for _, s := range scopes {
		if slices.Contains(w.opt.App.Scopes, s) {
			return nil
		}
	}
	return &apiError{code: "missing_scope", extra: Object{
		"needed": strings.Join(scopes, ","), "provided": strings.Join(w.opt.App.Scopes, ","),
	}}
}

func (w *Workspace) granted(scope string) bool { return slices.Contains(w.opt.App.Scopes, scope) }

// Revoke makes the app's tokens answer token_revoked, or work again.
func (w *Workspace) Revoke(revoked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked = revoked
}

func (w *Workspace) apiTest(c *call) (Object, error) {
	if e := c.str("error"); e != "" {
		return nil, &apiError{code: e, extra: Object{"args": c.args}}
	}
	return Object{"args": c.args}, nil
}

func (w *Workspace) authTest(*call) (Object, error) {
	return Object{
		"url":                   "https://" + w.opt.Team.Domain + ".slack.com/",
		"team":                  w.opt.Team.Name,
		"user":                  w.user(w.opt.App.BotUserID).Name,
		"team_id":               w.opt.Team.ID,
		"user_id":               w.opt.App.BotUserID,
		"bot_id":                w.opt.App.BotID,
		"app_id":                w.opt.App.ID,
		"is_enterprise_install": false,
	}, nil
}

func (w *Workspace) teamInfo(*call) (Object, error) {
	t := w.opt.Team
	return Object{"team": Object{
		"id": t.ID, "name": t.Name, "domain": t.Domain, "url": "https://" + t.Domain + ".slack.com/",
		"email_domain": "", "icon": Object{"image_default": true},
	}}, nil
}

func (w *Workspace) botInfo(c *call) (Object, error) {
	if id := c.str("bot"); id != w.opt.App.BotID {
		return nil, fail("bot_not_found")
	}
	return Object{"bot": Object{
		"id": w.opt.App.BotID, "app_id": w.opt.App.ID, "user_id": w.opt.App.BotUserID,
		"name": w.opt.App.Name, "deleted": false, "updated": 0, "icons": Object{},
	}}, nil
}
