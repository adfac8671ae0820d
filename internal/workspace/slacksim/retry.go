package slacksim

import "slices"

// emit sends an event to the app if it subscribed to it under the given name,
// and again until it is acknowledged or the retries are used up. It reports
// whether the app subscribed.
func (w *Workspace) emit(subscription string, inner Object) bool {
	if !slices.Contains(w.opt.App.Events, subscription) {
		return false
	}
	kind := text(inner["type"])
	where := text(inner["channel"])
	payload := Object{
		"token":                 "local-verification",
		"team_id":               w.opt.Team.ID,
		"api_app_id":            w.opt.App.ID,
		"type":                  "event_callback",
		"event_id":              w.newID("Ev"),
		"event_time":            w.now().Unix(),
		"is_ext_shared_channel": w.isShared(where),
		"event_context":         "1-" + kind + "-" + w.opt.Team.ID + "-" + where,
		"event":                 inner,
		"authorizations": []any{Object{
			"enterprise_id": nil, "team_id": w.opt.Team.ID, "user_id": w.opt.App.BotUserID,
			"is_bot": true, "is_enterprise_install": false,
		}},
	}
	w.attempt(payload, 0)
	return true
}

// attempt delivers an event for the n-th time, n from 0.
func (w *Workspace) attempt(payload Object, n int) {
	reason := ""
	if n > 0 {
		reason = "timeout"
	}
	w.post("events_api", payload, Object{"retry_attempt": n, "retry_reason": reason}, func(how outcome, _ Object) {
		if how == acked || how == lost || n >= len(w.opt.Timings.EventRetries) {
			return
		}
		w.after(w.opt.After, w.opt.Timings.EventRetries[n], func() { w.attempt(payload, n+1) })
	})
}

func (w *Workspace) isShared(channel string) bool {
	c := w.channel(channel)
	return c != nil && c.IsExtShared
}
