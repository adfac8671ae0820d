package slacksim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// View is an open modal or a home tab, as its person sees it. Values handed
// out are copies; their blocks are shared and must not be changed.
type View struct {
	ID         string
	Type       string // "modal" or "home"
	CallbackID string
	ExternalID string
	Hash       string
	User       string
	Title      string
	SubmitText string
	CloseText  string
	Metadata   string // private_metadata
	Blocks     []any
	State      map[string]map[string]any // values by block_id and action_id
	Errors     map[string]string         // shown under inputs, by block_id
	Trouble    string                    // shown when the app did not answer well

	root, previous  string
	notify, clear   bool
	submit, closing Object
	title           Object
	troubles        []Trouble
}

// Buttons are the buttons of the view in reading order.
func (v View) Buttons() []Button { return buttons(v.Blocks) }

// Visible is what a person reads in the view, one line for each text.
func (v View) Visible() string {
	return (Message{Text: v.Title, Blocks: v.Blocks}).Visible()
}

const stackLimit = 3

// readView takes and validates the view argument of a call.
func (w *Workspace) readView(c *call) (Object, error) {
	v, err := c.data("view")
	o := object(v)
	if err != nil || o == nil {
		return nil, failWith("invalid_arguments", "[ERROR] missing required field: view")
	}
	return o, w.checkView(o, "")
}

// checkView says what Slack would refuse; own is the view being replaced.
func (w *Workspace) checkView(o Object, own string) error {
	if blockkit.TooLarge(o) {
		return fail("view_too_large")
	}
	if problems := blockkit.ValidateView(o); len(problems) > 0 {
		return failWith("invalid_arguments", lines(problems)...)
	}
	if ext := text(o["external_id"]); ext != "" {
		if v := w.viewWithExternal(ext); v != nil && v.ID != own {
			return fail("duplicate_external_id")
		}
	}
	return nil
}

func (w *Workspace) allViews() []*View {
	var all []*View
	for _, stack := range w.stacks {
		all = append(all, stack...)
	}
	return slices.AppendSeq(all, maps.Values(w.homes))
}

func (w *Workspace) viewByID(id string) *View {
	for _, v := range w.allViews() {
		if v.ID == id && id != "" {
			return v
		}
	}
	return nil
}

func (w *Workspace) viewWithExternal(id string) *View {
	for _, v := range w.allViews() {
		if v.ExternalID == id && id != "" {
			return v
		}
	}
	return nil
}

// newView makes a view of a definition.
func (w *Workspace) newView(user string, o Object) *View {
	v := &View{ID: w.newID("V"), User: user}
	v.root = v.ID
	w.define(v, o)
	return v
}

// define gives a view its content. What a person typed stays where block and
// control keep their ids.
func (w *Workspace) define(v *View, o Object) {
	v.Type, v.CallbackID, v.ExternalID = text(o["type"]), text(o["callback_id"]), text(o["external_id"])
	v.Metadata = text(o["private_metadata"])
	v.title, v.submit, v.closing = object(o["title"]), object(o["submit"]), object(o["close"])
	v.Title, v.SubmitText, v.CloseText = text(v.title["text"]), text(v.submit["text"]), text(v.closing["text"])
	v.notify, v.clear = o["notify_on_close"] == true, o["clear_on_close"] == true
	v.Blocks = blockkit.Complete(list(o["blocks"]), w.blockID)
	storeTexts(v.Blocks)
	v.Hash = fmt.Sprintf("%d.%s", w.now().Unix(), w.newHex(4))
	v.Errors, v.Trouble, v.troubles = nil, "", nil
	v.State = blockkit.Carry(v.State, v.Blocks)
}

// payload is the view object an app sees.
func (w *Workspace) payload(v *View) Object {
	values := Object{}
	for block, actions := range blockkit.Carry(v.State, v.Blocks) {
		values[block] = Object(actions)
	}
	o := Object{
		"id": v.ID, "team_id": w.opt.Team.ID, "type": v.Type, "blocks": v.Blocks, "private_metadata": v.Metadata,
		"callback_id": v.CallbackID, "external_id": v.ExternalID, "state": Object{"values": values}, "hash": v.Hash,
		"title": v.title, "submit": nil, "close": nil, "clear_on_close": v.clear, "notify_on_close": v.notify,
		"root_view_id": v.root, "previous_view_id": nil, "app_id": w.opt.App.ID,
		"app_installed_team_id": w.opt.Team.ID, "bot_id": w.opt.App.BotID,
	}
	if v.Type == "home" {
		o["title"] = Object{"type": "plain_text", "text": "View Title", "emoji": true}
	}
	if v.submit != nil {
		o["submit"] = v.submit
	}
	if v.closing != nil {
		o["close"] = v.closing
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

func (w *Workspace) viewOpen(c *call) (Object, error) {
	o, err := w.readView(c)
	if err != nil {
		return nil, err
	}
	if o["type"] != "modal" {
		return nil, failWith("invalid_arguments", "[ERROR] must be one of: modal [json-pointer:/view/type]")
	}
	t, err := w.pull(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	v := w.newView(t.user, o)
	w.stacks[t.user] = []*View{v}
	w.viewsChanged(t.user)
	return Object{"view": w.payload(v)}, nil
}

func (w *Workspace) viewPush(c *call) (Object, error) {
	o, err := w.readView(c)
	if err != nil {
		return nil, err
	}
	t, err := w.pull(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	if len(w.stacks[t.user]) == 0 || !t.inView {
		return nil, fail("not_found")
	}
	v, err := w.push(t.user, o)
	if err != nil {
		return nil, err
	}
	return Object{"view": w.payload(v)}, nil
}

func (w *Workspace) push(user string, o Object) (*View, error) {
	stack := w.stacks[user]
	if len(stack) >= stackLimit {
		return nil, fail("push_limit_reached")
	}
	v := w.newView(user, o)
	if len(stack) > 0 {
		v.root, v.previous = stack[0].ID, stack[len(stack)-1].ID
	}
	w.stacks[user] = append(slices.Clone(stack), v)
	w.viewsChanged(user)
	return v, nil
}

func (w *Workspace) viewUpdate(c *call) (Object, error) {
	v := w.viewByID(c.str("view_id"))
	if v == nil {
		v = w.viewWithExternal(c.str("external_id"))
	}
	raw, err := c.data("view")
	o := object(raw)
	switch {
	case err != nil || o == nil:
		return nil, failWith("invalid_arguments", "[ERROR] missing required field: view")
	case v == nil:
		return nil, fail("not_found")
	case c.str("hash") != "" && c.str("hash") != v.Hash:
		return nil, fail("hash_conflict")
	}
	if err := w.checkView(o, v.ID); err != nil {
		return nil, err
	}
	w.define(v, o)
	w.viewsChanged(v.User)
	return Object{"view": w.payload(v)}, nil
}

func (w *Workspace) viewPublish(c *call) (Object, error) {
	u := w.user(c.str("user_id"))
	raw, err := c.data("view")
	o := object(raw)
	switch {
	case err != nil || o == nil:
		return nil, failWith("invalid_arguments", "[ERROR] missing required field: view")
	case u == nil:
		return nil, failWith("invalid_arguments", "[ERROR] user not found [json-pointer:/user_id]")
	case o["type"] != "home":
		return nil, failWith("invalid_arguments", "[ERROR] must be one of: home [json-pointer:/view/type]")
	}
	v := w.homes[u.ID]
	if v != nil && c.str("hash") != "" && c.str("hash") != v.Hash {
		return nil, fail("hash_conflict")
	}
	own := ""
	if v != nil {
		own = v.ID
	}
	if err := w.checkView(o, own); err != nil {
		return nil, err
	}
	if v == nil {
		v = w.newView(u.ID, o)
		w.homes[u.ID] = v
	} else {
		w.define(v, o)
	}
	w.changed(event{Type: "home", user: u.ID, data: Object{"home": w.uiView(v)}})
	return Object{"view": w.payload(v)}, nil
}

func (w *Workspace) validateBlocks(c *call) (Object, error) {
	var problems []blockkit.Problem
	kind := ""
	for _, name := range []string{"blocks", "view", "message"} {
		if !c.has(name) {
			continue
		}
		v, err := c.data(name)
		if err != nil || kind != "" {
			return nil, fail("invalid_arguments")
		}
		kind = name
		switch name {
		case "blocks":
			problems = blockkit.Validate(list(v), blockkit.Message)
		case "view":
			problems = blockkit.ValidateView(object(v))
		case "message":
			problems = blockkit.Validate(list(object(v)["blocks"]), blockkit.Message)
		}
	}
	if kind == "" {
		return nil, fail("invalid_arguments")
	}
	if len(problems) == 0 {
		return nil, nil
	}
	var errs []any
	for _, p := range problems {
		errs = append(errs, Object{"code": "invalid", "message": p.Message, "pointer": p.Pointer})
	}
	return nil, &apiError{code: "invalid_" + kind, messages: lines(problems), extra: Object{"errors": errs}}
}

func (w *Workspace) viewsChanged(user string) {
	w.changed(event{Type: "view", user: user, data: Object{"views": w.uiViews(user)}})
}
