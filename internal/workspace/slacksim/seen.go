package slacksim

import (
	"slices"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// Whispers are the ephemeral messages the person sees in a channel, in order.
func (p *Person) Whispers(channel string) []Message {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.self()
	if err != nil {
		return nil
	}
	return p.w.whispersOf(u.ID, p.w.findChannel(channel, u.ID))
}

func (w *Workspace) whispersOf(user string, ch *Channel) []Message {
	found := []Message{}
	if ch == nil {
		return found
	}
	for _, m := range w.whispers[ch.ID] {
		if m.seenBy == user {
			found = append(found, m.forPerson(user))
		}
	}
	return found
}

// View is the modal the person looks at, nil when there is none.
func (p *Person) View() *View {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.self()
	if err != nil {
		return nil
	}
	return p.w.top(u.ID).copied()
}

// Home is the person's home tab, nil when the app has published none.
func (p *Person) Home() *View {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.self()
	if err != nil {
		return nil
	}
	return p.w.homes[u.ID].copied()
}

func (v *View) copied() *View {
	if v == nil {
		return nil
	}
	c := *v
	c.State = blockkit.Carry(v.State, v.Blocks)
	return &c
}

// Sees are the messages of a channel as the person sees them, warning marks
// included.
func (p *Person) Sees(channel string) []Message {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.self()
	if err != nil {
		return nil
	}
	var found []Message
	if ch := p.w.findChannel(channel, u.ID); ch != nil {
		for _, m := range p.w.messages[ch.ID] {
			found = append(found, m.forPerson(u.ID))
		}
	}
	return found
}

// Troubles are what Slack told the person about failures, oldest first.
func (p *Person) Troubles() []string {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u := p.w.findUser(p.ref)
	if u == nil {
		return nil
	}
	return slices.Clone(p.w.notices[u.ID])
}

// Messages are the messages of a channel that do not stand in a thread only,
// oldest first.
func (w *Workspace) Messages(channel string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := []Message{}
	if ch := w.findChannel(channel, ""); ch != nil {
		for _, m := range w.messages[ch.ID] {
			if !m.inThreadOnly() {
				found = append(found, *m)
			}
		}
	}
	return found
}

// Thread is a message and its replies, oldest first.
func (w *Workspace) Thread(channel, ts string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := []Message{}
	ch := w.findChannel(channel, "")
	if ch == nil {
		return found
	}
	parent := w.message(ch.ID, ts)
	if parent == nil {
		return found
	}
	for _, m := range w.thread(ch.ID, parent) {
		found = append(found, *m)
	}
	return found
}

// Direct are the messages between the app's bot and a user.
func (w *Workspace) Direct(user string) []Message {
	w.mu.Lock()
	u := w.findUser(user)
	var id string
	if u != nil {
		id = w.direct(u.ID, w.opt.App.BotUserID).ID
	}
	w.mu.Unlock()
	return w.Messages(id)
}
