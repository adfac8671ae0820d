package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Prompter knows what an open form can say besides what it was opened with. *commands.Desk is one.
type Prompter interface {
	Prompts(ctx context.Context, f commands.Filling) (commands.Prompts, bool)
}

const (
	prompting   = 32               // forms for which something is being found out at the same time
	promptLimit = 10 * time.Second // to find it out and bring it
)

// place is an open form: where it is, and which of its states was seen.
type place struct{ ID, Hash string }

// opened is a form that somebody has open.
type opened struct {
	place
	form   string // its id, as of card.Modal
	about  about
	shown  *shown
	actor  ledger.Actor
	values map[string]string // nil: as it was opened
}

// prompts brings what AWS knows to forms that are open already. An input's element is sent back as it was, so what
// somebody has written into it by then stays; a form that has changed meanwhile is left as it is.
type prompts struct {
	web     *Web
	running sync.WaitGroup
	slots   chan struct{}
}

// begin finds something out for a form, beside everything else. With too many at once, a form goes without.
func (p *prompts) begin(who Prompter, o opened) {
	select {
	case p.slots <- struct{}{}:
	default:
		return
	}
	p.running.Go(func() {
		defer func() { <-p.slots }()
		ctx, cancel := context.WithTimeout(context.Background(), promptLimit)
		defer cancel()
		if err := p.bring(ctx, who, o); err != nil {
			p.web.slack.log.Info("form stays as it is", "form", o.form, "actor", o.actor.User, "err", err)
		}
	})
}

func (p *prompts) bring(ctx context.Context, who Prompter, o opened) error {
	found, ok := who.Prompts(ctx, commands.Filling{
		Actor: o.actor, Command: o.about.Subject, Values: o.values, Filled: o.about.Filled, Channel: o.about.Channel, Thread: o.about.Thread,
	})
	if !ok {
		return nil
	}
	all, err := prompted(o.shown.Blocks, found)
	if err != nil {
		return err
	}
	view, err := o.shown.with(o.form, o.about, all)
	if err != nil {
		return err
	}
	_, err = p.web.redraw(ctx, o.place, view)
	return err
}

// prompted are the blocks of a form with other words beside its inputs.
func prompted(shown []map[string]any, found commands.Prompts) ([]map[string]any, error) {
	all := make([]map[string]any, 0, len(shown))
	for _, b := range shown {
		id, _ := b["block_id"].(string)
		hint, known := found.Hints[id]
		switch {
		case b["type"] == "input" && known:
			delete(b, "hint")
			if h := blocks.Hint(hint); h != nil {
				b["hint"] = h
			}
		case id == blocks.TypedBlock && found.Typed != "":
			var err error
			if b, err = plainly(blocks.Typed(found.Typed)); err != nil {
				return nil, err
			}
		}
		all = append(all, b)
	}
	return all, nil
}

// plainly is a block as it goes to Slack.
func plainly(b slack.Block) (drawn map[string]any, err error) {
	raw, err := json.Marshal(b)
	if err == nil {
		err = json.Unmarshal(raw, &drawn)
	}
	if err != nil {
		return nil, fmt.Errorf("draw a block: %w", err)
	}
	return drawn, nil
}

// Beginner knows what the inputs of an open form begin with. *commands.Desk is one.
type Beginner interface {
	Begin(ctx context.Context, f commands.Filling) (card.Modal, bool)
}

// skeleton is a form as it is opened while it is found out what its inputs begin with. Slack gives three seconds to open it,
// and nobody to draw the rest.
func skeleton(m card.Modal) card.Modal {
	m.Inputs, m.More, m.Submit = nil, nil, ""
	m.Body.Sections = append(slices.Clone(m.Body.Sections), card.Para(card.T("Looking up what is there now …")))
	return m
}

// begin draws the inputs of a form that was opened without them: filled in, or as they are when nothing can be found out
// so soon. In that case what is known later stands beside them.
func (w *Worker) begin(ctx context.Context, n *note, m card.Modal, p place) error {
	found, known := m, false
	if who, ok := w.Desk.(Beginner); ok {
		if begun, ok := who.Begin(ctx, commands.Filling{Actor: n.Actor, Command: m.Subject, Channel: n.Channel, Thread: n.Thread}); ok {
			found, known = begun, true
		}
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	view, err := modal(found, n)
	if err != nil {
		return err
	}
	drawn, err := w.Web.redraw(ctx, p, view)
	if r, ok := errors.AsType[*Refused](err); ok && r.Code == "not_found" {
		return nil // closed by then
	}
	if err == nil && !known {
		w.prompt(n, m, view, drawn)
	}
	return err
}

// prompt finds out what a form that was just opened can say.
func (w *Worker) prompt(n *note, m card.Modal, view slack.ModalViewRequest, p place) {
	who, ok := w.Desk.(Prompter)
	raw, err := json.Marshal(map[string]any{"view": view})
	if !ok || err != nil || m.Typed == "" || p.ID == "" {
		return
	}
	o := opened{place: p, form: m.ID, shown: look(raw), actor: n.Actor,
		about: carried(m, n)}
	if o.shown != nil {
		w.Web.prompts.begin(who, o)
	}
}

// prompt finds out what a form can say in which somebody has picked something.
func (in *Intake) prompt(o opened) {
	if who, ok := in.Reader.(Prompter); ok {
		in.Web.prompts.begin(who, o)
	}
}

// picking is a form in which somebody has picked something; false when the envelope is something else.
func picking(e Envelope) (opened, bool) {
	if e.Type != "interactive" {
		return opened{}, false
	}
	var p interaction
	if json.Unmarshal(e.Payload, &p) != nil || p.Type != "block_actions" || len(p.Actions) == 0 || p.Actions[0].ActionID != blocks.InputAction {
		return opened{}, false
	}
	n := p.submit(ledger.Actor{User: p.User.ID, Team: first(p.User.TeamID, p.Team.ID)})
	o := opened{
		place: place{ID: p.View.ID, Hash: p.View.Hash}, form: p.View.CallbackID, about: n.Form.About, shown: look(e.Payload),
		actor: n.Actor, values: n.Form.Values,
	}
	return o, o.shown != nil
}
