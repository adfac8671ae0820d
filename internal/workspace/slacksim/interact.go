package slacksim

import (
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// source is where a control stands: in a message or in a view.
type source struct {
	channel *Channel
	message *Message
	view    *View
}

func (s source) blocks() []any {
	if s.view != nil {
		return s.view.Blocks
	}
	return s.message.Blocks
}

// marks are the warning marks beside the source's controls.
func (s source) marks() *[]Trouble {
	if s.view != nil {
		return &s.view.troubles
	}
	return &s.message.Troubles
}

// stateKey is where the state of a message's controls is kept for a person.
func (s source) stateKey(user string) string { return user + " " + s.channel.ID + " " + s.message.TS }

// find looks a control up by block and action, or by action or label alone.
func (s source) find(block, action string) (blockkit.Placed, error) {
	all := blockkit.Elements(s.blocks())
	for _, p := range all {
		if p.Element["action_id"] == action && (block == "" || p.BlockID == block) {
			return p, nil
		}
	}
	for _, p := range all {
		if blockkit.Plain(p.Element["text"]) == action || blockkit.Plain(p.Block["label"]) == action || p.BlockID == action {
			return p, nil
		}
	}
	return blockkit.Placed{}, fmt.Errorf("there is no control %q", action)
}

// act is one use of a control: what was used, and what it says.
type act struct {
	user *User
	source
	placed blockkit.Placed
	raw    any
}

// use operates a control as a person would and ends by calling done. Controls
// in input blocks only speak up when they dispatch actions.
func (w *Workspace) use(a act, done func(error)) {
	if blockkit.ValueKey(text(a.placed.Element["type"])) != "" {
		if err := w.enter(a); err != nil {
			done(err)
			return
		}
		if a.placed.Input && a.placed.Block["dispatch_action"] != true {
			done(nil)
			return
		}
	}
	action, err := w.action(a)
	if err != nil {
		done(err)
		return
	}
	w.clearTrouble(a)
	w.post("interactive", w.blockActions(a, action), Object{"accepts_response_payload": w.opt.ActionsAcceptPayload}, func(how outcome, _ Object) {
		if how == late || how == nobody {
			w.trouble(a, "This app did not respond. Please try again.")
		}
		done(how.err())
	})
}

// enter keeps the value a person gave to a control.
func (w *Workspace) enter(a act) error {
	value, err := w.entered(a.placed.Element, a.raw)
	if err == nil && a.placed.Element["type"] == "file_input" {
		value["files"], err = w.givenFiles(a.user, value["files"])
	}
	if err != nil {
		return err
	}
	id := text(a.placed.Element["action_id"])
	if a.view != nil {
		if a.view.State[a.placed.BlockID] == nil {
			a.view.State[a.placed.BlockID] = map[string]any{}
		}
		a.view.State[a.placed.BlockID][id] = value
		return nil
	}
	values := w.messageState(a)
	if values[a.placed.BlockID] == nil {
		values[a.placed.BlockID] = Object{}
	}
	object(values[a.placed.BlockID])[id] = value
	w.chosen[a.stateKey(a.user.ID)] = values
	return nil
}

// messageState is the state of a message's controls for a person.
func (w *Workspace) messageState(a act) Object {
	before := map[string]map[string]any{}
	for block, actions := range w.chosen[a.stateKey(a.user.ID)] {
		before[block] = object(actions)
	}
	values := Object{}
	for block, actions := range blockkit.Carry(before, a.message.Blocks) {
		values[block] = Object(actions)
	}
	return values
}

// action is the entry of a payload's actions.
func (w *Workspace) action(a act) (Object, error) {
	e := a.placed.Element
	o := Object{"type": e["type"], "action_id": e["action_id"], "block_id": a.placed.BlockID, "action_ts": w.newTS()}
	for _, key := range []string{"text", "value", "style", "url", "placeholder"} {
		if e[key] != nil {
			o[key] = e[key]
		}
	}
	kind := text(e["type"])
	if kind == "overflow" {
		chosen, err := w.choose(e, a.raw)
		o["selected_option"] = chosen
		return o, err
	}
	key := blockkit.ValueKey(kind)
	if key == "" {
		return o, nil
	}
	state := w.stateOf(a)
	for k, v := range state {
		o[k] = v
	}
	return o, nil
}

func (w *Workspace) stateOf(a act) Object {
	id := text(a.placed.Element["action_id"])
	if a.view != nil {
		return object(a.view.State[a.placed.BlockID][id])
	}
	return object(object(w.messageState(a)[a.placed.BlockID])[id])
}

// person is the user of interactive payloads.
func (w *Workspace) person(u *User) Object {
	return Object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID}
}

// frameOf is what all interactive payloads have.
func (w *Workspace) frameOf(kind string, u *User) Object {
	return Object{
		"type": kind, "token": "local-verification", "api_app_id": w.opt.App.ID, "user": w.person(u),
		"team":       Object{"id": w.opt.Team.ID, "domain": w.opt.Team.Domain},
		"enterprise": nil, "is_enterprise_install": false,
	}
}

func channelRef(ch *Channel) Object {
	name := ch.Name
	switch {
	case ch.IsIM:
		name = "directmessage"
	case ch.IsPrivate:
		name = "privategroup"
	}
	return Object{"id": ch.ID, "name": name}
}

func (w *Workspace) blockActions(a act, action Object) Object {
	p := w.frameOf("block_actions", a.user)
	p["actions"] = []any{action}
	p["trigger_id"] = w.newTrigger(a.user.ID, a.view != nil && a.view.Type == "modal")
	if a.view != nil {
		p["container"] = Object{"type": "view", "view_id": a.view.ID}
		p["view"] = w.payload(a.view)
		return p
	}
	p["container"] = container(a.channel, a.message)
	p["channel"] = channelRef(a.channel)
	p["state"] = Object{"values": w.messageState(a)}
	p["response_url"] = w.newResponse(a.channel, a.user.ID, a.message)
	if !a.message.Ephemeral {
		p["message"] = a.message.forApps(true)
	}
	return p
}

func container(ch *Channel, m *Message) Object {
	c := Object{"type": "message", "message_ts": m.TS, "channel_id": ch.ID, "is_ephemeral": m.Ephemeral}
	if m.ThreadTS != "" {
		c["thread_ts"] = m.ThreadTS
	}
	return c
}

// trouble puts a warning mark beside a control.
func (w *Workspace) trouble(a act, said string) {
	t := Trouble{BlockID: a.placed.BlockID, ActionID: text(a.placed.Element["action_id"]), Text: said, user: a.user.ID}
	w.notices[a.user.ID] = append(w.notices[a.user.ID], said)
	if a.view != nil {
		a.view.troubles = append(a.view.troubles, t)
		w.viewShown(a.view)
		return
	}
	a.message.Troubles = append(a.message.Troubles[:len(a.message.Troubles):len(a.message.Troubles)], t)
	w.changed(event{Type: "trouble", user: a.user.ID, data: Object{
		"channel": a.channel.ID, "ts": a.message.TS, "block_id": t.BlockID, "action_id": t.ActionID, "text": said,
	}})
}

// clearTrouble takes the mark away when a control is used again.
func (w *Workspace) clearTrouble(a act) {
	id := text(a.placed.Element["action_id"])
	old := func(t Trouble) bool {
		return t.user == a.user.ID && t.ActionID == id && t.BlockID == a.placed.BlockID
	}
	marks := a.marks()
	if !slices.ContainsFunc(*marks, old) {
		return
	}
	*marks = slices.DeleteFunc(slices.Clone(*marks), old)
	switch {
	case a.view != nil:
		w.viewShown(a.view)
	case a.message.Ephemeral:
		w.changed(event{Type: "ephemeral", user: a.user.ID, data: Object{"channel": a.channel.ID, "message": a.message}})
	default:
		w.changed(event{Type: "message", user: a.user.ID, data: Object{"channel": a.channel.ID, "message": a.message}})
	}
}

// shortcut runs a message shortcut, or a global one when there is no message.
func (w *Workspace) shortcut(u *User, callback string, ch *Channel, m *Message, done func(error)) {
	p := w.frameOf("shortcut", u)
	p["callback_id"], p["action_ts"], p["trigger_id"] = callback, w.newTS(), w.newTrigger(u.ID, false)
	if m != nil {
		p["type"] = "message_action"
		p["channel"], p["message"], p["message_ts"] = channelRef(ch), m.forApps(true), m.TS
		p["response_url"] = w.newResponse(ch, u.ID, nil)
	}
	w.post("interactive", p, nil, func(how outcome, _ Object) {
		if err := how.err(); err != nil && how != lost && ch != nil {
			w.notice(ch, u.ID, "", fmt.Sprintf("The shortcut failed with the error \"%s\"", err))
		}
		done(how.err())
	})
}

// suggest asks the app for the options of an external select.
// It ends with them in groups: those without a heading are one group.
func (w *Workspace) suggest(a act, typed string, done func([]any, error)) {
	p := w.frameOf("block_suggestion", a.user)
	p["action_id"], p["block_id"], p["value"] = a.placed.Element["action_id"], a.placed.BlockID, typed
	if a.view != nil {
		p["container"], p["view"] = Object{"type": "view", "view_id": a.view.ID}, w.payload(a.view)
	} else {
		p["container"], p["channel"] = container(a.channel, a.message), channelRef(a.channel)
		p["message"] = a.message.forApps(true)
	}
	w.post("interactive", p, Object{"accepts_response_payload": true}, func(how outcome, answer Object) {
		groups := list(answer["option_groups"])
		if all := list(answer["options"]); len(all) > 0 {
			groups = append(groups, Object{"options": all})
		}
		if how == acked && len(flatten(groups)) > 100 {
			done(nil, fmt.Errorf("%w: more than 100 options", ErrBadAnswer))
			return
		}
		done(groups, how.err())
	})
}

func flatten(groups []any) []any {
	var all []any
	for _, g := range groups {
		all = append(all, list(object(g)["options"])...)
	}
	return all
}
