package slacksim

import (
	"errors"
	"fmt"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// troubleText is what a modal shows when the app did not answer well.
const troubleText = "We had some trouble connecting. Try again?"

// ErrIncomplete means Slack's client kept a modal open because inputs need
// attention; the view's Errors say which.
var ErrIncomplete = errors.New("inputs need attention")

// top is the modal a person looks at.
func (w *Workspace) top(user string) *View {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// fill enters values into a view, by block_id and action_id.
func (w *Workspace) fill(u *User, v *View, values map[string]map[string]any) error {
	for block, actions := range values {
		for id, raw := range actions {
			p, err := source{view: v}.find(block, id)
			if err != nil {
				return err
			}
			if err := w.enter(act{user: u, source: source{view: v}, placed: p, raw: raw}); err != nil {
				return err
			}
		}
	}
	return nil
}

// submit presses a modal's submit button and ends by calling done.
func (w *Workspace) submit(u *User, v *View, done func(error)) {
	v.Errors, v.Trouble = w.complaints(v), ""
	if len(v.Errors) > 0 {
		w.viewShown(v)
		done(fmt.Errorf("%w: %v", ErrIncomplete, v.Errors))
		return
	}
	p := w.frameOf("view_submission", u)
	p["trigger_id"], p["view"], p["response_urls"] = w.newTrigger(u.ID, true), w.payload(v), w.responseURLs(u, v)
	w.post("interactive", p, Object{"accepts_response_payload": true}, func(how outcome, answer Object) {
		if how != acked {
			v.Trouble = troubleText
			w.notices[u.ID] = append(w.notices[u.ID], troubleText)
			w.viewShown(v)
			done(how.err())
			return
		}
		done(w.submitted(u, v, answer))
	})
}

func (w *Workspace) complaints(v *View) map[string]string {
	found := map[string]string{}
	for _, p := range blockkit.Elements(v.Blocks) {
		if !p.Input {
			continue
		}
		if said := blockkit.Complaint(p, v.State[p.BlockID][text(p.Element["action_id"])]); said != "" {
			found[p.BlockID] = said
		}
	}
	return found
}

// responseURLs gives an address for each select that asked for one.
func (w *Workspace) responseURLs(u *User, v *View) []any {
	urls := []any{}
	for _, p := range blockkit.Elements(v.Blocks) {
		if p.Element["response_url_enabled"] != true {
			continue
		}
		id := text(p.Element["action_id"])
		state := object(v.State[p.BlockID][id])
		ch := w.channel(text(state[blockkit.ValueKey(text(p.Element["type"]))]))
		if ch != nil {
			urls = append(urls, Object{"block_id": p.BlockID, "action_id": id, "channel_id": ch.ID, "response_url": w.newResponse(ch, u.ID, nil)})
		}
	}
	return urls
}

// submitted does what the acknowledgement of a submission says.
func (w *Workspace) submitted(u *User, v *View, answer Object) error {
	stack := w.stacks[u.ID]
	if len(stack) == 0 || w.top(u.ID) != v {
		return nil
	}
	err := w.followUp(u, v, stack, answer)
	if err != nil {
		v.Trouble = troubleText
		w.notices[u.ID] = append(w.notices[u.ID], troubleText)
		err = fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	w.viewsChanged(u.ID)
	return err
}

func (w *Workspace) followUp(u *User, v *View, stack []*View, answer Object) error {
	next := object(answer["view"])
	switch answer["response_action"] {
	case nil:
		w.stacks[u.ID] = stack[: len(stack)-1 : len(stack)-1]
		return nil
	case "clear":
		w.stacks[u.ID] = nil
		return nil
	case "errors":
		return w.showErrors(v, object(answer["errors"]))
	case "update":
		if err := w.checkView(next, v.ID); err != nil {
			return err
		}
		w.define(v, next)
		return nil
	case "push":
		if err := w.checkView(next, ""); err != nil {
			return err
		}
		_, err := w.push(u.ID, next)
		return err
	}
	return fmt.Errorf("there is no response_action %v", answer["response_action"])
}

// showErrors puts errors under inputs; other blocks cannot show any.
func (w *Workspace) showErrors(v *View, errs Object) error {
	inputs := map[string]bool{}
	for _, p := range blockkit.Elements(v.Blocks) {
		inputs[p.BlockID] = inputs[p.BlockID] || p.Input
	}
	shown := map[string]string{}
	for block, said := range errs {
		if !inputs[block] {
			return fmt.Errorf("block %q is no input", block)
		}
		shown[block] = text(said)
	}
	if len(shown) == 0 {
		return errors.New("errors are empty")
	}
	v.Errors = shown
	return nil
}

// close closes one view, or the whole stack when cleared.
func (w *Workspace) closeView(u *User, v *View, cleared bool) {
	stack := w.stacks[u.ID]
	told := v
	if cleared || v.clear {
		told, w.stacks[u.ID] = stack[0], nil
	} else {
		var kept []*View
		for _, o := range stack {
			if o != v {
				kept = append(kept, o)
			}
		}
		w.stacks[u.ID] = kept
	}
	w.viewsChanged(u.ID)
	if !told.notify {
		return
	}
	p := w.frameOf("view_closed", u)
	p["view"], p["is_cleared"] = w.payload(told), cleared
	w.post("interactive", p, nil, func(outcome, Object) {})
}

// viewShown tells the person's pages that a view looks different.
func (w *Workspace) viewShown(v *View) {
	if v.Type == "home" {
		w.changed(event{Type: "home", user: v.User, data: Object{"home": w.uiView(v)}})
		return
	}
	w.viewsChanged(v.User)
}
